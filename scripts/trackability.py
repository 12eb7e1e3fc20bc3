"""Can a rendered clip be tracked? Share of frames that pycolmap registers, and their error.

What: every n-th frame of `video.mp4`, known K, SIFT with sequential matching, incremental mapping; the
share of frames in the largest model, its Sim3 ATE by `evo`, and the frames with the fewest keypoints.
Why: a synthetic walk is only of use when its pictures hold enough texture and parallax to be tracked;
the target is 95 %.
In: CLIP with video.mp4, K.txt, groundtruth_scene.tum (of `roomwright synth video`); WORK, an empty or
absent folder for images and models. Out: one line of JSON on standard output.
Needs: numpy, opencv-python-headless, pycolmap, evo.

usage: trackability.py CLIP WORK [--step 3] [--threads 2]
"""
import argparse
import json
import pathlib
import sqlite3

import cv2
import numpy as np
import pycolmap
from evo.core import metrics, trajectory
from evo.tools import file_interface

OVERLAP = 10
MAX_FEATURES = 4096
# pycolmap needs 30 inliers for a pose; frames below this many keypoints seldom have them.
POOR_KEYPOINTS = 150


def extract_frames(video, folder, step):
    capture, names, index = cv2.VideoCapture(str(video)), [], 0
    while True:
        good, image = capture.read()
        if not good:
            return names, index
        if index % step == 0:
            names.append(f"{index:05d}.png")
            cv2.imwrite(str(folder / names[-1]), image)
        index += 1


def features(database, images, k, threads):
    reader = pycolmap.ImageReaderOptions()
    reader.camera_model = "PINHOLE"
    reader.camera_params = f"{k[0, 0]},{k[1, 1]},{k[0, 2]},{k[1, 2]}"
    extraction = pycolmap.FeatureExtractionOptions()
    extraction.num_threads, extraction.use_gpu = threads, False
    extraction.sift.max_num_features = MAX_FEATURES
    pycolmap.extract_features(database, images, camera_mode=pycolmap.CameraMode.SINGLE, reader_options=reader,
                              extraction_options=extraction, device=pycolmap.Device.cpu)
    matching = pycolmap.FeatureMatchingOptions()
    matching.num_threads, matching.use_gpu = threads, False
    pairing = pycolmap.SequentialPairingOptions()
    pairing.overlap, pairing.quadratic_overlap, pairing.loop_detection = OVERLAP, True, False
    pycolmap.match_sequential(database, matching_options=matching, pairing_options=pairing,
                              device=pycolmap.Device.cpu)


def reconstruct(database, images, output, threads):
    options = pycolmap.IncrementalPipelineOptions()
    options.num_threads = threads
    options.ba_refine_focal_length = options.ba_refine_principal_point = options.ba_refine_extra_params = False
    return list(pycolmap.incremental_mapping(database, images, output, options=options).values())


def ate_sim3(centres, truth_file):
    """RMSE of the camera centres {frame: centre} after a Sim3 alignment, metres."""
    order = sorted(centres)
    truth = file_interface.read_tum_trajectory_file(str(truth_file)).positions_xyz[order]
    upright = np.tile([1.0, 0, 0, 0], (len(order), 1))
    pair = [trajectory.PoseTrajectory3D(points, upright, np.array(order, float))
            for points in (truth, np.array([centres[frame] for frame in order]))]
    pair[1].align(pair[0], correct_scale=True)
    metric = metrics.APE(metrics.PoseRelation.translation_part)
    metric.process_data(tuple(pair))
    return metric.get_statistic(metrics.StatisticsType.rmse)


def keypoint_counts(database):
    with sqlite3.connect(database) as connection:
        rows = connection.execute("select name, rows from images join keypoints using (image_id)")
        return {name: count for name, count in rows}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clip", type=pathlib.Path)
    parser.add_argument("work", type=pathlib.Path)
    parser.add_argument("--step", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    images, database = options.work / "images", options.work / "database.db"
    images.mkdir(parents=True)
    names, frames = extract_frames(options.clip / "video.mp4", images, options.step)
    features(database, images, np.loadtxt(options.clip / "K.txt"), options.threads)
    models = reconstruct(database, images, options.work / "sparse", options.threads)
    result = {"clip": options.clip.name, "frames": frames, "used": len(names), "share": 0.0}
    counts = keypoint_counts(database)
    result["keypoints_median"] = float(np.median(list(counts.values())))
    result["poor_frames"] = sorted(name for name, count in counts.items() if count < POOR_KEYPOINTS)
    if models:
        best = max(models, key=lambda model: model.num_reg_images())
        centres = {int(image.name[:-4]): image.projection_center()
                   for image in best.images.values() if image.has_pose}
        result["share"] = round(len(centres) / len(names), 4)
        result["models"] = sorted((model.num_reg_images() for model in models), reverse=True)
        result["ate_sim3_m"] = round(ate_sim3(centres, options.clip / "groundtruth_scene.tum"), 4)
        result["unregistered"] = [name for name in names if int(name[:-4]) not in centres]
    print(json.dumps(result, sort_keys=True))


if __name__ == "__main__":
    main()
