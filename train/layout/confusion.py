"""What a segmentation network takes each class for, counted on rendered walks with truth.

    python confusion.py SCANS MODEL.onnx [--views 16]

SCANS are folders as `reconstructions.py` makes them. The pictures of their depth maps are segmented; a pixel belongs to
the true box (or the opening) that its depth lies in. Printed are the shares of the groups by class: what
`src/synth/segmentation.rs` draws from.
"""

import argparse
import collections
import json
import re
import tomllib
from pathlib import Path

import cv2
import numpy as np
import onnxruntime

MANIFEST = Path(__file__).resolve().parents[2] / "models" / "manifest.toml"
# A pixel belongs to a box or an opening that it lies in with this margin, metres.
MARGIN_M = 0.03
# Classes with fewer pixels are not printed.
FEWEST = 400


def groups_of(model):
    entry = next(e for e in tomllib.loads(MANIFEST.read_text())["model"] if e["file"] == model.name)
    return entry["semantic_scores"]


def boxes(path):
    """(class, centre, yaw, sizes) of every box and opening of a layout text."""
    found, walls = [], {}
    for line in path.read_text().splitlines():
        name, kind, values = re.match(r"(\w+)=(\w+)\((.*)\)", line).groups()
        values = [v.strip() for v in values.split(",")]
        if kind == "Wall":
            walls[name] = [float(v) for v in values]
        elif kind == "Bbox":
            numbers = [float(v) for v in values[1:]]
            found.append((values[0], np.array(numbers[:3]), numbers[3], np.array(numbers[4:])))
        else:
            wall, numbers = walls.get(values[0]), [float(v) for v in values[1:]]
            if wall:
                yaw = np.arctan2(wall[4] - wall[1], wall[3] - wall[0])
                found.append((kind.lower(), np.array(numbers[:3]), yaw, np.array([numbers[3], 0.3, numbers[4]])))
    return sorted(found, key=lambda box: box[3].prod())


def owner(points, things):
    """The smallest thing that each point lies in, or -1."""
    of = np.full(len(points), -1)
    for index, (_, centre, yaw, size) in enumerate(things):
        d = points - centre
        local = np.stack([np.cos(yaw) * d[:, 0] + np.sin(yaw) * d[:, 1], np.cos(yaw) * d[:, 1] - np.sin(yaw) * d[:, 0],
                          d[:, 2]], 1)
        of[(of < 0) & (np.abs(local) < size / 2 + MARGIN_M).all(1)] = index
    return of


def rotation(quaternion):
    """Matrix of a unit quaternion i, j, k, w."""
    x, y, z, w = quaternion
    return np.array([[1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
                     [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
                     [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)]])


def views(folder, count):
    """Pictures with the places of their pixels that have a depth."""
    index = json.loads((folder / "maps.json").read_text())
    for view in index["maps"][::max(len(index["maps"]) // count, 1)]:
        read = lambda kind: cv2.imread(str(folder / f"{view['frame_idx']:05}.{kind}.png"), cv2.IMREAD_UNCHANGED)
        depth, camera, pose = read("depth") * index["depth_unit"], view["camera"], view["world_from_camera"]
        v, u = np.mgrid[0:depth.shape[0]:4, 0:depth.shape[1]:4].reshape(2, -1)
        keep = (depth[v, u] > 0) & (read("confidence")[v, u] > 76)
        u, v, z = u[keep], v[keep], depth[v, u][keep]
        local = np.stack([(u - camera["cx"]) / camera["fx"] * z, (v - camera["cy"]) / camera["fy"] * z, z], 1)
        yield read("color"), u, v, local @ rotation(pose["rotation"]).T + np.array(pose["translation"])


def main():
    parser = argparse.ArgumentParser(description="What a segmentation network takes each class for")
    parser.add_argument("scans", type=Path)
    parser.add_argument("model", type=Path)
    parser.add_argument("--views", type=int, default=12)
    args = parser.parse_args()
    spec = groups_of(args.model)
    session = onnxruntime.InferenceSession(str(args.model), providers=["CPUExecutionProvider"])
    counts = collections.defaultdict(collections.Counter)
    for scan in sorted(args.scans.iterdir()):
        if not (scan / "30-depth").is_dir():
            continue
        things = boxes(scan / "layout.txt")
        for color, u, v, points in views(scan / "30-depth", args.views):
            picture = cv2.resize(color, (spec["size"],) * 2, interpolation=cv2.INTER_AREA)[None, :, :, ::-1]
            logits = session.run([spec["logits"]], {spec["image"]: np.ascontiguousarray(picture)})[0][0]
            taken = cv2.resize(logits.argmax(0).astype(np.uint8), color.shape[1::-1], interpolation=cv2.INTER_NEAREST)
            for thing, label in zip(owner(points, things), taken[v, u]):
                counts["nothing" if thing < 0 else things[thing][0]][spec["groups"][label] or "-"] += 1
    for name, row in sorted(counts.items()):
        total = sum(row.values())
        if total >= FEWEST:
            print(f"{name:20} {total:7}", ", ".join(f"{g} {n / total:.2f}" for g, n in row.most_common(6)))


if __name__ == "__main__":
    main()
