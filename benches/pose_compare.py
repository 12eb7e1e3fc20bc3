#!/usr/bin/env python3
"""Camera paths side by side: roomwright and pycolmap on the same frames, two threads each.

    python benches/pose_compare.py --binary target/release/roomwright ../shared/data/redkitchen ...

Every folder holds `video.mp4` and, where truth exists, `groundtruth.tum` (or `groundtruth_scene.tum`)
and `transforms.json` with the intrinsics. Prints, per clip and with known and unknown intrinsics:
registered share, split maps, ATE (RMSE after Umeyama; Sim3 and SE3 with the scale) checked by evo,
rotation error, focal length, reprojection error, wall time, processor time (user + system: what
counts on a busy machine) and peak memory. Both programs get every frame of the clip, unless
`--every N` thins out pycolmap's. Its features are extracted once per clip and counted in full in
each of its rows. Needs pycolmap, numpy, evo, opencv-python-headless.
"""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

import numpy as np

TIME_TOLERANCE_S = 0.01  # the association of spec/metrics.md
THREADS = 2
HEAD = (
    f"{'clip':16} {'program':10} {'intrinsics':22} {'placed':>6} {'maps':>4} {'Sim3cm':>7} {'evo cm':>7} {'scale':>6}"
    f" {'rotdeg':>6} {'focal':>6} {'given':>6} {'reproj':>6} {'wall s':>7} {'cpu s':>7} {'MiB':>6}"
)


def read_tum(path):
    """Time stamps, positions and quaternions (x y z w) of a trajectory file."""
    rows = np.loadtxt(path, comments="#", ndmin=2)
    return rows[:, 0], rows[:, 1:4], rows[:, 4:8]


def rotations(quaternions):
    """Matrices of quaternions x y z w."""
    x, y, z, w = (quaternions / np.linalg.norm(quaternions, axis=1, keepdims=True)).T
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    return np.array(rows).transpose(2, 0, 1)


def nearest_rotation(matrix):
    """The rotation closest to a 3x3 matrix."""
    u, _, vt = np.linalg.svd(matrix)
    return u @ np.diag([1.0, 1.0, np.sign(np.linalg.det(u @ vt))]) @ vt


def umeyama(source, target):
    """Similarity that takes `source` to `target` (Umeyama 1991)."""
    mean_s, mean_t = source.mean(0), target.mean(0)
    cov = (target - mean_t).T @ (source - mean_s) / len(source)
    rotation = nearest_rotation(cov)
    scale = np.trace(rotation.T @ cov) / ((source - mean_s) ** 2).sum() * len(source)
    return scale, rotation, mean_t - scale * rotation @ mean_s


def compare(truth_path, times, positions, quaternions):
    """Sim3 ATE in metres by us and by evo, the scale, and the rotation error in degrees.

    The rotation error is what remains after the best constant turns on both sides (world and camera),
    so it does not blame a truth that was recorded by a second camera of the same rig."""
    truth_t, truth_p, truth_q = read_tum(truth_path)
    nearest = np.abs(truth_t[None, :] - times[:, None]).argmin(1)
    close = np.abs(truth_t[nearest] - times) <= TIME_TOLERANCE_S
    nearest = nearest[close]
    source, target = positions[close], truth_p[nearest]
    if len(source) < 3:
        return (float("nan"),) * 4
    scale, rotation, shift = umeyama(source, target)
    own = np.sqrt((np.linalg.norm(target - (scale * source @ rotation.T + shift), axis=1) ** 2).mean())
    estimate, truth = rotations(quaternions[close]), rotations(truth_q[nearest])
    world, camera = nearest_rotation((truth @ np.swapaxes(estimate, 1, 2)).sum(0)), np.eye(3)
    for _ in range(200):
        camera = nearest_rotation((np.swapaxes(world @ estimate, 1, 2) @ truth).sum(0))
        world = nearest_rotation((truth @ np.swapaxes(estimate @ camera, 1, 2)).sum(0))
    rest = np.swapaxes(world @ estimate @ camera, 1, 2) @ truth
    angles = np.degrees(np.arccos(np.clip((np.trace(rest, axis1=1, axis2=2) - 1) / 2, -1, 1)))
    return own, evo_ate_m(truth_t[nearest], source, target), scale, np.sqrt((angles**2).mean())


def evo_ate_m(stamps, source, target):
    """The same ATE by evo."""
    from evo.core import metrics
    from evo.core.trajectory import PoseTrajectory3D

    unit = np.tile([1.0, 0.0, 0.0, 0.0], (len(stamps), 1))
    estimate = PoseTrajectory3D(source, unit, stamps)
    reference = PoseTrajectory3D(target, unit, stamps)
    estimate.align(reference, correct_scale=True)
    ape = metrics.APE(metrics.PoseRelation.translation_part)
    ape.process_data((reference, estimate))
    return ape.get_statistic(metrics.StatisticsType.rmse)


def measured(command, log):
    """Runs a command; wall seconds, processor seconds (user + system) and peak MiB."""
    environment = dict(os.environ, RAYON_NUM_THREADS=str(THREADS), OMP_NUM_THREADS=str(THREADS))
    start = time.time()
    with open(log, "w") as sink:
        child = subprocess.Popen([str(c) for c in command], stdout=sink, stderr=sink, env=environment)
        _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        print(f"  failed ({child.returncode}), see {log}: {command}", flush=True)
    return np.array([time.time() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024])


def run_roomwright(binary, video, known, work, extra):
    """Trajectory, maps, focal length, reprojection error and cost of roomwright."""
    shutil.rmtree(work, ignore_errors=True)
    command = [binary, "run", video, "-o", work, "--until", "pose", "--keep", "all", "--set", "pose.estimator=features"]
    if known:
        command += ["--set", f"pose.focal_px={known[0]}"]
    for option in extra:
        command += ["--set", option]
    cost = measured(command, work.with_suffix(".log"))
    times, positions, quaternions = read_tum(next(work.rglob("trajectory.tum")))
    camera = next(work.rglob("cameras.txt")).read_text().splitlines()
    fields = next(line for line in camera if line and not line.startswith("#")).split()
    points = [line.split() for line in next(work.rglob("points3D.txt")).read_text().splitlines() if line[:1].isdigit()]
    errors = np.array([float(p[7]) for p in points])
    lengths = np.array([(len(p) - 8) // 2 for p in points])
    mean = (errors * lengths).sum() / max(lengths.sum(), 1)
    return (times, positions, quaternions), 1, float(fields[4]), mean, cost


def extract(images, database):
    """Worker: SIFT features of the images."""
    import pycolmap

    extraction = pycolmap.FeatureExtractionOptions()
    extraction.num_threads, extraction.use_gpu = THREADS, False
    mode = pycolmap.CameraMode.SINGLE
    pycolmap.extract_features(database, images, camera_mode=mode, extraction_options=extraction)


def reconstruct(database, images, work, model, known):
    """Worker: sequential matching and mapping; writes the largest model's trajectory with image names."""
    import pycolmap

    store = pycolmap.Database.open(database)
    camera = store.read_all_cameras()[0]
    width, height = camera.width, camera.height
    new = pycolmap.Camera.create_from_model_name(camera.camera_id, model, 1.2 * max(width, height), width, height)
    if known:
        fx, fy, cx, cy = known
        new.params = [fx, fy, cx + 0.5, cy + 0.5]  # COLMAP's pixel centres lie at 0.5
        new.has_prior_focal_length = True
    store.update_camera(new)
    store.close()
    matching = pycolmap.FeatureMatchingOptions()
    matching.num_threads, matching.use_gpu = THREADS, False
    pycolmap.match_sequential(database, matching_options=matching)
    mapping = pycolmap.IncrementalPipelineOptions()
    mapping.num_threads = THREADS
    if known:
        mapping.ba_refine_focal_length = mapping.ba_refine_extra_params = False
    models = pycolmap.incremental_mapping(database, images, work, mapping)
    best = max(models.values(), key=lambda m: m.num_reg_images())
    placed = []
    for image in best.images.values():
        pose = image.cam_from_world().inverse()
        placed.append([int(image.name[:5]), *pose.translation.tolist(), *pose.rotation.quat.tolist()])
    result = {
        "sizes": sorted((m.num_reg_images() for m in models.values()), reverse=True),
        "params": next(iter(best.cameras.values())).params.tolist(),
        "reprojection": best.compute_mean_reprojection_error(),
        "poses": sorted(placed),
    }
    pathlib.Path(work, "result.json").write_text(json.dumps(result))


def worker(name, *arguments):
    """Command line of a worker, so that its cost can be measured on its own."""
    return [sys.executable, __file__, "--worker", json.dumps([name, *arguments], default=str)]


def frames_of(video, every, images):
    """Writes every n-th frame as PNG, numbered by frame."""
    import cv2

    images.mkdir(parents=True)
    clip, index = cv2.VideoCapture(str(video)), 0
    while clip.grab():
        if index % every == 0:
            cv2.imwrite(str(images / f"{index:05d}.png"), clip.retrieve()[1])
        index += 1


def run_pycolmap(folder, every, known, model, work, frame_times):
    """The same for pycolmap with sequential matching; the largest model counts."""
    images, features, cost_file = work / "images", work / "features.db", work / "features_cost.json"
    if not cost_file.exists():
        shutil.rmtree(images, ignore_errors=True)
        features.unlink(missing_ok=True)
        frames_of(folder / "video.mp4", every, images)
        cost = measured(worker("extract", images, features), work / "extract.log")
        cost_file.write_text(json.dumps(cost.tolist()))
    extraction = np.array(json.loads(cost_file.read_text()))
    target = work / f"{model.lower()}_{known[0] if known else 'unknown'}"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    shutil.copy(features, target / "database.db")
    mapping = measured(worker("reconstruct", target / "database.db", images, target, model, known), target / "log.txt")
    result = json.loads((target / "result.json").read_text())
    poses = np.array(result["poses"])
    trajectory = (frame_times[poses[:, 0].astype(int)], poses[:, 1:4], poses[:, 4:8])
    np.savetxt(target / "trajectory.tum", np.column_stack([trajectory[0], poses[:, 1:]]), fmt="%.9f")
    cost = np.array([*(extraction + mapping)[:2], max(extraction[2], mapping[2])])
    return trajectory, len(result["sizes"]), result["params"][0], result["reprojection"], cost


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=pathlib.Path)
    parser.add_argument("--binary", default="target/release/roomwright")
    parser.add_argument("--only", choices=["roomwright", "pycolmap"], help="leave the other one out")
    parser.add_argument("--intrinsics", default="known,unknown", help="known, unknown or a focal length, by commas")
    parser.add_argument("--model", default="SIMPLE_RADIAL", help="pycolmap's camera where intrinsics are unknown")
    parser.add_argument("--every", type=int, default=1, help="pycolmap gets every n-th frame")
    parser.add_argument("--set", action="append", default=[], help="option handed on to roomwright")
    parser.add_argument("--work", type=pathlib.Path, help="keep everything in this folder")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        name, *rest = json.loads(arguments.worker)
        return {"extract": extract, "reconstruct": reconstruct}[name](*rest)
    print(HEAD, flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        for folder in arguments.folders:
            compare_clip(folder, arguments, (arguments.work or pathlib.Path(scratch)) / folder.name)


def compare_clip(folder, arguments, work):
    """All rows of one clip."""
    truth = next((p for p in (folder / "groundtruth.tum", folder / "groundtruth_scene.tum") if p.exists()), None)
    if truth is None:
        return print(f"{folder.name:16} skipped: no groundtruth.tum")
    work.mkdir(parents=True, exist_ok=True)
    meta = json.loads((folder / "transforms.json").read_text())
    given = [meta["fl_x"], meta["fl_y"], meta["cx"], meta["cy"]]
    frame_times = read_tum(truth)[0]
    for intrinsics in arguments.intrinsics.split(","):
        known = None if intrinsics == "unknown" else given if intrinsics == "known" else [float(intrinsics)] * 2 + given[2:]
        for name in ("roomwright", "pycolmap"):
            if arguments.only not in (None, name):
                continue
            if name == "roomwright":
                label, frames = intrinsics, len(frame_times)
                found = run_roomwright(arguments.binary, folder / "video.mp4", known, work / f"own_{intrinsics}", arguments.set)
            else:
                model = "PINHOLE" if known else arguments.model
                label, frames = f"{intrinsics} {model}", len(frame_times[:: arguments.every])
                pycolmap_work = work / f"pycolmap_{arguments.every}"
                pycolmap_work.mkdir(exist_ok=True)
                found = run_pycolmap(folder, arguments.every, known, model, pycolmap_work, frame_times)
            trajectory, maps, focal, reprojection, cost = found
            own, evo, scale, turn = compare(truth, *trajectory)
            print(
                f"{folder.name:16} {name:10} {label:22} {len(trajectory[0]) / frames:6.3f} {maps:4} {100 * own:7.2f} {100 * evo:7.2f}"
                f" {scale:6.3f} {turn:6.2f} {focal:6.1f} {given[0]:6.1f} {reprojection:6.2f} {cost[0]:7.1f} {cost[1]:7.1f} {cost[2]:6.0f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
