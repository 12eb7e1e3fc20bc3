"""Labelled scans as the program itself makes them from pictures: their errors are the ones it will meet.

    python reconstructions.py OUT --binary target/release/roomwright --seed 6000000 --count 160

For every seed a walk through a drawn house is rendered at a few pictures a second; its poses drift as those of a
camera tracker do; depth network and fusion of the program make the cloud. OUT/SEED/cloud.ply, layout.txt and 30-depth (for free space) are what
`roomwright synth dataset --scans OUT` cuts into tiles. The walk's true depth is not used. A seed whose walk cannot
be rendered or fused is named and left out; what is there already is not made again.
"""

import argparse
import json
import random
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np

# Drift of position (metres) and direction (degrees) from picture to picture: 2-4 cm after a walk, as measured.
STEP_M, STEP_DEG = 0.004, 0.06
# Pictures a second: about what keyframes keep of a walk.
RATE = 2
# Rooms of a walk, seconds in each, height of the camera (metres), its pitch down (degrees).
ROOMS, SECONDS, HEIGHT_M, PITCH_DEG = (1, 3), (7, 11), (0.9, 1.75), (0.0, 22.0)
# Share of the houses that are furnished with meshes of the package sweethome3d-furniture, when it is installed.
MESHES = 0.7


def turn(axis_angle):
    """Rotation matrix of an axis times an angle (Rodrigues)."""
    angle = float(np.linalg.norm(axis_angle))
    if angle == 0.0:
        return np.eye(3)
    x, y, z = axis_angle / angle
    k = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * k + (1 - np.cos(angle)) * k @ k


def drift(path, seed):
    """Lets the poses of a `transforms.json` walk away slowly, and forgets its depth."""
    rng = np.random.default_rng(seed)
    walk = json.loads(path.read_text())
    shift, rotation = np.zeros(3), np.eye(3)
    for frame in walk["frames"]:
        pose = np.array(frame["transform_matrix"])
        pose[:3, :3] = rotation @ pose[:3, :3]
        pose[:3, 3] += shift
        frame["transform_matrix"] = pose.tolist()
        frame.pop("depth_file_path", None)
        shift += rng.normal(0, STEP_M, 3)
        rotation = turn(rng.normal(0, np.radians(STEP_DEG), 3)) @ rotation
    path.write_text(json.dumps(walk))


def make(binary, seed, folder):
    """One scan; what went wrong, or nothing."""
    rng = random.Random(seed)
    rooms, work = rng.randint(*ROOMS), folder.with_suffix(".work")
    shutil.rmtree(work, ignore_errors=True)
    seconds = rng.randint(*SECONDS) * rooms
    path = {"path.height_m": rng.uniform(*HEIGHT_M), "path.pitch_deg": rng.uniform(*PITCH_DEG), "width": 480, "height": 360}
    options = [word for key, value in path.items() for word in ("--set", f"{key}={value}")]
    meshes = ["--mesh-split", "training"] if rng.random() < MESHES else []
    steps = [[binary, "synth", "video", "-o", work / "walk", "--seed", seed, *meshes, "--rooms", rooms, "--seconds", seconds,
              "--fps", RATE, "--images-every", 1, *options],
             [binary, "run", work / "walk" / "transforms.json", "-o", work / "run", "--until", "cloud", "--keep", "all",
              "--set", "depth.method=network"]]
    for number, step in enumerate(steps):
        done = subprocess.run(list(map(str, step)), capture_output=True, text=True)
        if done.returncode != 0:
            shutil.rmtree(work)
            return done.stderr.strip().splitlines()[-1]
        if number == 0:
            drift(work / "walk" / "transforms.json", seed)
    for kept in ("walk/layout.txt", "walk/layout_unseen.txt", "run/40-cloud/cloud.ply", "run/30-depth"):
        shutil.move(work / kept, work / Path(kept).name)
    for part in ("walk", "run"):
        shutil.rmtree(work / part)
    work.rename(folder)
    return None


def main():
    parser = argparse.ArgumentParser(description="Labelled scans by the program's own depth and fusion")
    parser.add_argument("out", type=Path)
    parser.add_argument("--binary", default="target/release/roomwright")
    parser.add_argument("--seed", type=int, default=6_000_000)
    parser.add_argument("--count", type=int, default=160)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    for seed in range(args.seed, args.seed + args.count):
        if not (args.out / str(seed)).exists():
            wrong = make(args.binary, seed, args.out / str(seed))
            print(f"{seed}: {wrong or 'done'}", file=sys.stderr if wrong else sys.stdout, flush=True)


if __name__ == "__main__":
    main()
