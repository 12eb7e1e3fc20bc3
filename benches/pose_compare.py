#!/usr/bin/env python3
"""Camera paths side by side: roomwright and pycolmap on the same frames, two threads each.

    python benches/pose_compare.py --binary target/release/roomwright ../shared/data/redkitchen ...

Every folder holds `video.mp4` and, where truth exists, `groundtruth.tum` (or `groundtruth_scene.tum`)
and `transforms.json` with the intrinsics. Prints, per clip and with known and unknown intrinsics:
registered share, Sim3 ATE (RMSE after Umeyama) checked by evo, focal error and wall time.
Needs pycolmap, numpy, evo, and the ffmpeg program.
"""

import argparse
import json
import pathlib
import subprocess
import tempfile
import time

import numpy as np

TIME_TOLERANCE_S = 0.011  # half a frame at 45 frames/s, the association of spec/metrics.md


def read_tum(path):
    """Time stamps and positions of a trajectory file."""
    rows = np.loadtxt(path, comments="#", ndmin=2)
    return rows[:, 0], rows[:, 1:4]


def umeyama(source, target):
    """Similarity that takes `source` to `target` (Umeyama 1991)."""
    mean_s, mean_t = source.mean(0), target.mean(0)
    cov = (target - mean_t).T @ (source - mean_s) / len(source)
    u, d, vt = np.linalg.svd(cov)
    sign = np.eye(3)
    if np.linalg.det(u @ vt) < 0:
        sign[2, 2] = -1
    rotation = u @ sign @ vt
    scale = (d * np.diag(sign)).sum() / ((source - mean_s) ** 2).sum() * len(source)
    return scale, rotation, mean_t - scale * rotation @ mean_s


def ate_m(truth_path, times, positions):
    """RMSE of positions after the best similarity, metres; and the same from evo."""
    truth_t, truth_p = read_tum(truth_path)
    nearest = np.abs(truth_t[None, :] - times[:, None]).argmin(1)
    close = np.abs(truth_t[nearest] - times) <= TIME_TOLERANCE_S
    source, target = positions[close], truth_p[nearest[close]]
    if len(source) < 3:
        return float("nan"), float("nan")
    scale, rotation, shift = umeyama(source, target)
    own = np.sqrt((np.linalg.norm(target - (scale * source @ rotation.T + shift), axis=1) ** 2).mean())
    return own, evo_ate_m(truth_t[nearest[close]], source, target)


def evo_ate_m(stamps, source, target):
    """The same figure by evo."""
    from evo.core import metrics
    from evo.core.trajectory import PoseTrajectory3D

    unit = np.tile([1.0, 0.0, 0.0, 0.0], (len(stamps), 1))
    estimate = PoseTrajectory3D(source, unit, stamps)
    reference = PoseTrajectory3D(target, unit, stamps)
    estimate.align(reference, correct_scale=True)
    ape = metrics.APE(metrics.PoseRelation.translation_part)
    ape.process_data((reference, estimate))
    return ape.get_statistic(metrics.StatisticsType.rmse)


def run_roomwright(binary, video, focal_px, work):
    """Times, positions, focal length and wall time of roomwright."""
    command = [binary, "run", str(video), "-o", str(work), "--until", "pose", "--keep", "all"]
    command += ["--set", "pose.estimator=features"]
    if focal_px:
        command += ["--set", f"pose.focal_px={focal_px}"]
    start = time.time()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    seconds = time.time() - start
    times, positions = read_tum(next(work.rglob("trajectory.tum")))
    camera = next(work.rglob("cameras.txt")).read_text().splitlines()
    fields = next(line for line in camera if line and not line.startswith("#")).split()
    return times, positions, float(fields[4]), seconds


def run_pycolmap(video, intrinsics, frame_times, work):
    """The same for pycolmap with sequential matching; the largest model counts."""
    import pycolmap

    images = work / "images"
    images.mkdir()
    subprocess.run(["ffmpeg", "-v", "error", "-i", str(video), "-vsync", "0", str(images / "%05d.png")], check=True)
    start = time.time()
    reader = pycolmap.ImageReaderOptions()
    if intrinsics:
        reader.camera_model = "PINHOLE"
        reader.camera_params = ",".join(str(v) for v in intrinsics)
    else:
        reader.camera_model = "SIMPLE_RADIAL"
    extraction = pycolmap.FeatureExtractionOptions()
    extraction.num_threads, extraction.use_gpu = 2, False
    matching = pycolmap.FeatureMatchingOptions()
    matching.num_threads, matching.use_gpu = 2, False
    mapping = pycolmap.IncrementalPipelineOptions()
    mapping.num_threads = 2
    if intrinsics:
        mapping.ba_refine_focal_length = mapping.ba_refine_extra_params = False
    database = work / "database.db"
    pycolmap.extract_features(
        database, images, camera_mode=pycolmap.CameraMode.SINGLE, reader_options=reader, extraction_options=extraction
    )
    pycolmap.match_sequential(database, matching_options=matching)
    models = pycolmap.incremental_mapping(database, images, work, mapping)
    seconds = time.time() - start
    if not models:
        return np.zeros(0), np.zeros((0, 3)), float("nan"), seconds
    model = max(models.values(), key=lambda m: m.num_reg_images())
    placed = sorted(model.images.values(), key=lambda image: image.name)
    times = np.array([frame_times[int(image.name[:5]) - 1] for image in placed])
    positions = np.array([image.projection_center() for image in placed])
    return times, positions, next(iter(model.cameras.values())).params[0], seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=pathlib.Path)
    parser.add_argument("--binary", default="target/release/roomwright")
    parser.add_argument("--only-own", action="store_true", help="leave pycolmap out")
    arguments = parser.parse_args()
    print(f"{'clip':18} {'program':11} {'intrinsics':10} {'placed':>7} {'ATE cm':>7} {'evo cm':>7} {'focal':>7} {'true':>7} {'wall s':>7}")
    for folder in arguments.folders:
        truth = next((p for p in (folder / "groundtruth.tum", folder / "groundtruth_scene.tum") if p.exists()), None)
        if truth is None:
            print(f"{folder.name:18} skipped: no groundtruth.tum")
            continue
        meta = json.loads((folder / "transforms.json").read_text())
        known = (meta["fl_x"], meta["fl_y"], meta["cx"], meta["cy"])
        frame_times, _ = read_tum(truth)
        for intrinsics in (known, None):
            runs = [("roomwright", lambda w: run_roomwright(arguments.binary, folder / "video.mp4", intrinsics and intrinsics[0], w))]
            if not arguments.only_own:
                runs.append(("pycolmap", lambda w: run_pycolmap(folder / "video.mp4", intrinsics, frame_times, w)))
            for name, run in runs:
                with tempfile.TemporaryDirectory() as work:
                    times, positions, focal, seconds = run(pathlib.Path(work))
                own, evo = ate_m(truth, times, positions) if len(times) else (float("nan"),) * 2
                print(
                    f"{folder.name:18} {name:11} {'known' if intrinsics else 'unknown':10} "
                    f"{len(times) / len(frame_times):7.3f} {100 * own:7.2f} {100 * evo:7.2f} {focal:7.1f} {known[0]:7.1f} {seconds:7.1f}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
