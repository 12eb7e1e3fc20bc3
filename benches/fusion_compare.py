"""Fusion of posed depth images: this project beside Open3D's ScalableTSDFVolume, in one run.

What: all depth images of a nerfstudio folder at their own size, voxels of 2 cm, truncation of four voxels,
two threads each; the fastest of five runs. Ours includes outliers and normals, Open3D's the read-out of
points. Reading files counts on neither side.
In: FOLDER with transforms.json, depth and colour images. Out: one line of JSON.
Needs: open3d 0.18 with numpy 1 (0.20 was seen to read out no points at all), opencv-python-headless.

usage: fusion_compare.py FOLDER
"""
import argparse
import json
import os
import pathlib
import subprocess
import time

THREADS = "2"
os.environ["OMP_NUM_THREADS"] = THREADS

import cv2  # noqa: E402
import numpy as np  # noqa: E402
import open3d as o3d  # noqa: E402

RUNS = 5
VOXEL_M, TRUNCATION_M, FAR_M = 0.02, 0.08, 10.0
# nerfstudio's cameras look along -z with y up, Open3D's along z with y down.
OPENCV_FROM_OPENGL = np.diag([1.0, -1.0, -1.0, 1.0])


def views(folder):
    """RGB-D image, intrinsics and camera_from_world of every frame with depth."""
    told = json.loads((folder / "transforms.json").read_text())
    unit = told.get("depth_unit_scale_factor", 0.001)
    for frame in told["frames"]:
        if not frame.get("depth_file_path"):
            continue
        depth = cv2.imread(str(folder / frame["depth_file_path"]), cv2.IMREAD_UNCHANGED)
        height, width = depth.shape
        colour = cv2.resize(cv2.imread(str(folder / frame["file_path"]))[:, :, ::-1], (width, height))
        rgbd = o3d.geometry.RGBDImage.create_from_color_and_depth(
            o3d.geometry.Image(np.ascontiguousarray(colour)), o3d.geometry.Image(depth), 1.0 / unit, FAR_M, False)
        across, down = width / told["w"], height / told["h"]
        intrinsics = o3d.camera.PinholeCameraIntrinsic(
            width, height, told["fl_x"] * across, told["fl_y"] * down, told["cx"] * across, told["cy"] * down)
        yield rgbd, intrinsics, np.linalg.inv(np.array(frame["transform_matrix"]) @ OPENCV_FROM_OPENGL)


def fused(images):
    colour = o3d.pipelines.integration.TSDFVolumeColorType.RGB8
    volume = o3d.pipelines.integration.ScalableTSDFVolume(VOXEL_M, TRUNCATION_M, colour)
    for rgbd, intrinsics, pose in images:
        volume.integrate(rgbd, intrinsics, pose)
    return len(volume.extract_point_cloud().points)


def theirs(folder):
    images = list(views(folder))
    seconds, points = [], 0
    for _ in range(RUNS):
        begun = time.perf_counter()
        points = fused(images)
        seconds.append(time.perf_counter() - begun)
    if points == 0:
        raise SystemExit(f"Open3D {o3d.__version__} read out no points; install 0.18")
    return {"version": o3d.__version__, "maps": len(images), "seconds": min(seconds), "points": points}


def ours(folder):
    command = ["cargo", "bench", "--bench", "stages", "--", str(folder.resolve())]
    environment = os.environ | {"RAYON_NUM_THREADS": THREADS}
    told = subprocess.run(command, check=True, capture_output=True, text=True, env=environment,
                          cwd=pathlib.Path(__file__).parents[1])
    return json.loads(told.stdout.splitlines()[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    folder = parser.parse_args().folder
    result = {"roomwright": ours(folder), "open3d": theirs(folder)}
    result["times_as_fast"] = round(result["open3d"]["seconds"] / result["roomwright"]["seconds"], 2)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
