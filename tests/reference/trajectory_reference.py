"""Trajectory errors by `evo` (PyPI): ATE under SE3 and Sim3, RPE per frame and per metre, scale.

usage: trajectory_reference.py FOLDER

FOLDER holds one folder per case with pred.tum and truth.tum. Prints JSON by case.
"""
import copy
import json
import pathlib
import sys

from evo.core import metrics, sync
from evo.core.units import Unit
from evo.tools import file_interface


def rpe(pair, unit, relation):
    metric = metrics.RPE(relation, delta=1.0, delta_unit=unit, all_pairs=False, pairs_from_reference=True)
    metric.process_data(pair)
    return metric.get_statistic(metrics.StatisticsType.rmse)


def ape(pair, relation):
    metric = metrics.APE(relation)
    metric.process_data(pair)
    return metric.get_statistic(metrics.StatisticsType.rmse)


def errors(truth, estimate, correct_scale):
    estimate = copy.deepcopy(estimate)
    _, _, scale = estimate.align(truth, correct_scale=correct_scale)
    pair = (truth, estimate)
    translation, angle = metrics.PoseRelation.translation_part, metrics.PoseRelation.rotation_angle_deg
    return scale, {
        "ate_m": ape(pair, translation),
        "ate_rotation_deg": ape(pair, angle),
        "rpe_per_frame_m": rpe(pair, Unit.frames, translation),
        "rpe_per_frame_deg": rpe(pair, Unit.frames, angle),
        "rpe_per_metre_m": rpe(pair, Unit.meters, translation),
        "rpe_per_metre_deg": rpe(pair, Unit.meters, angle),
    }


def main(folder):
    result = {}
    for case in sorted(pathlib.Path(folder).iterdir()):
        truth = file_interface.read_tum_trajectory_file(str(case / "truth.tum"))
        estimate = file_interface.read_tum_trajectory_file(str(case / "pred.tum"))
        truth, estimate = sync.associate_trajectories(truth, estimate, max_diff=0.01)
        _, se3 = errors(truth, estimate, correct_scale=False)
        scale, sim3 = errors(truth, estimate, correct_scale=True)
        result[case.name] = {"se3": se3, "sim3": sim3, "scale": scale, "associated": int(truth.num_poses)}
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
