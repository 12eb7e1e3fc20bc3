"""Other programs' opinion of exported scenes: MuJoCo, trimesh, usd-core, pybullet, glTF validator, jsonschema.

Usage: scene_judges.py FOLDER...   each with scene.xml, scene.glb, scene.usda, scene.json, habitat/
Prints one JSON object: figures by judge. Judges that are not installed are left out and named.
Packages (PyPI): mujoco trimesh usd-core pybullet jsonschema numpy; (npm): gltf-validator
"""
import json
import math
import pathlib
import subprocess
import sys

SECONDS = 5.0
MOVED_M = 0.01
TURNED_RAD = 0.1
CONTACT_M = 0.001
SCHEMA = pathlib.Path(__file__).parents[2] / "schema" / "scene.schema.json"


def judge_mujoco(folders):
    import mujoco

    free = still = deep = 0
    deepest = farthest = 0.0
    moved = []
    for folder in folders:
        model = mujoco.MjModel.from_xml_path(str(folder / "scene.xml"))
        data = mujoco.MjData(model)
        mujoco.mj_forward(model, data)
        for contact in data.contact:
            deepest = max(deepest, -contact.dist)
            deep += contact.dist < -CONTACT_M
        start = data.xpos.copy(), data.xquat.copy()
        for _ in range(int(SECONDS / model.opt.timestep)):
            mujoco.mj_step(model, data)
        for body in range(1, model.nbody):
            shift = math.dist(start[0][body], data.xpos[body])
            dot = min(1.0, abs(float(start[1][body] @ data.xquat[body])))
            free += 1
            ok = shift <= MOVED_M and 2 * math.acos(dot) <= TURNED_RAD
            still += ok
            farthest = max(farthest, shift)
            if not ok:
                moved.append([folder.name, model.body(body).name, round(shift, 4)])
    return {"free": free, "still": still, "contacts_deeper_than_1mm": deep, "deepest_m": deepest, "farthest_m": farthest, "moved": moved[:20]}


def judge_trimesh(folders):
    import trimesh

    meshes, bad = 0, []
    for folder in folders:
        scene = trimesh.load(folder / "scene.glb")
        for name, mesh in scene.geometry.items():
            if name.endswith(("_floor", "_ceiling")):
                continue
            meshes += 1
            if not (mesh.is_watertight and mesh.is_winding_consistent and mesh.volume > 0):
                bad.append([folder.name, name])
    return {"closed_meshes_expected": meshes, "not_closed": bad}


def judge_usd(folders):
    from pxr import Usd, UsdGeom, UsdPhysics

    opened, problems, bodies = 0, [], 0
    for folder in folders:
        stage = Usd.Stage.Open(str(folder / "scene.usda"))
        opened += 1
        scene = json.loads((folder / "scene.json").read_text())
        if UsdGeom.GetStageUpAxis(stage) != "Z" or UsdGeom.GetStageMetersPerUnit(stage) != 1 or not stage.GetDefaultPrim():
            problems.append([folder.name, "stage metadata"])
        ids = {prim.GetAttribute("roomwright:id").Get() for prim in stage.Traverse() if prim.HasAttribute("roomwright:id")}
        expected = {e["id"] for kind in ("rooms", "walls", "openings", "objects") for e in scene[kind]}
        if ids != expected:
            problems.append([folder.name, "ids", sorted(ids ^ expected)[:5]])
        cache = UsdGeom.XformCache()
        for element in scene["objects"]:
            prim = stage.GetPrimAtPath("/scene/" + element["id"])
            at = cache.GetLocalToWorldTransform(prim).ExtractTranslation()
            if math.dist(at, element["center"]) > 1e-6:
                problems.append([folder.name, element["id"], list(at)])
            bodies += prim.HasAPI(UsdPhysics.RigidBodyAPI)
    return {"opened": opened, "rigid_bodies": bodies, "problems": problems[:10]}


def judge_pybullet(folders):
    """Loads the boxes of the GLB's colliders, as a Bullet-based trainer would, and looks for overlap."""
    import pybullet
    import trimesh

    pairs = 0
    loaded = 0
    deepest = 0.0
    client = pybullet.connect(pybullet.DIRECT)
    for folder in folders:
        pybullet.resetSimulation(client)
        scene = trimesh.load(folder / "scene.glb")
        bodies = {}
        for node in scene.graph.nodes_geometry:
            transform, name = scene.graph[node]
            if name.endswith(("_floor", "_ceiling")) or name.startswith(("wall_", "door_", "window_")):
                continue
            mesh = scene.geometry[name].copy()
            half = [float(x) / 2 for x in mesh.extents]
            shape = pybullet.createCollisionShape(pybullet.GEOM_BOX, halfExtents=half)
            quaternion = trimesh.transformations.quaternion_from_matrix(transform)
            bodies[node] = pybullet.createMultiBody(1.0, shape, -1, transform[:3, 3].tolist(), [*quaternion[1:], quaternion[0]])
            loaded += 1
        names = [name for name in bodies if not name.startswith(("carpet", "rug"))]
        for i, first in enumerate(names):
            for second in names[i + 1 :]:
                for point in pybullet.getClosestPoints(bodies[first], bodies[second], 0.0):
                    if point[8] < -CONTACT_M:
                        pairs += 1
                    deepest = max(deepest, -point[8])
    pybullet.disconnect(client)
    return {"loaded": loaded, "points_deeper_than_1mm": pairs, "deepest_m": deepest}


VALIDATE = """
const fs = require("fs"), validator = require("gltf-validator");
(async () => {
  const bad = [], total = {files: 0, errors: 0, warnings: 0};
  for (const file of process.argv.slice(1)) {
    const {issues} = await validator.validateBytes(new Uint8Array(fs.readFileSync(file)));
    total.files += 1; total.errors += issues.numErrors; total.warnings += issues.numWarnings;
    if (issues.numErrors + issues.numWarnings) bad.push([file, issues.messages.slice(0, 3)]);
  }
  console.log(JSON.stringify({...total, problems: bad.slice(0, 10)}));
})();
"""


def judge_gltf(folders):
    """Khronos' validator (npm package gltf-validator, found by Node through NODE_PATH)."""
    try:
        found = subprocess.run(["node", "-e", 'require("gltf-validator")'], capture_output=True, text=True)
    except FileNotFoundError as missing:
        raise ImportError(f"node: {missing}") from missing
    if found.returncode:
        raise ImportError("Node does not find gltf-validator (set NODE_PATH)")
    files = [str(folder / "scene.glb") for folder in folders]
    told = subprocess.run(["node", "-e", VALIDATE, *files], capture_output=True, text=True, check=True)
    return json.loads(told.stdout)


def judge_schema(folders):
    import jsonschema

    validator = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text()))
    problems = []
    for folder in folders:
        for error in validator.iter_errors(json.loads((folder / "scene.json").read_text())):
            problems.append([folder.name, error.json_path, error.message[:120]])
    return {"problems": problems[:10]}


def judge_habitat(folders):
    """No Habitat-Sim on PyPI: the references between the files, and the placement against scene.json."""
    problems = []
    for folder in folders:
        root = folder / "habitat"
        scene = json.loads((folder / "scene.json").read_text())
        instance = json.loads((root / "scenes" / "scene.scene_instance.json").read_text())
        json.loads((root / "scene.scene_dataset_config.json").read_text())
        stage = json.loads((root / (instance["stage_instance"]["template_name"] + ".stage_config.json")).read_text())
        if not (root / "stages" / stage["render_asset"]).exists() or ("up" in stage) != ("front" in stage):
            problems.append([folder.name, "stage"])
        for placed, element in zip(instance["object_instances"], scene["objects"], strict=True):
            config = root / (placed["template_name"] + ".object_config.json")
            asset = root / "objects" / json.loads(config.read_text())["render_asset"]
            x, y, z = element["center"]
            w = placed["rotation"][0]
            if not asset.exists() or math.dist(placed["translation"], [x, z, -y]) > 1e-5 or abs(w - math.cos(element["yaw"] / 2)) > 1e-5:
                problems.append([folder.name, element["id"]])
    return {"problems": problems[:10]}


def main():
    folders = [pathlib.Path(argument) for argument in sys.argv[1:]]
    judges = {
        "mujoco": judge_mujoco,
        "trimesh": judge_trimesh,
        "usd": judge_usd,
        "pybullet": judge_pybullet,
        "gltf": judge_gltf,
        "schema": judge_schema,
        "habitat": judge_habitat,
    }
    report = {"scenes": len(folders)}
    for name, judge in judges.items():
        try:
            report[name] = judge(folders)
        except ImportError as missing:
            report[name] = {"skipped": str(missing)}
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
