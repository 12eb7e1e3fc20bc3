"""Cloud and depth errors computed independently with scipy and numpy.

usage: dense_reference.py CASE.json

CASE.json holds "prediction" and "truth" points (metres) and, as "depth", lists of image pairs
{"prediction": [...], "truth": [...]} of equal size. Prints the figures as JSON.
"""
import json
import sys

import numpy as np
from scipy.spatial import cKDTree


def thin(points, voxel=0.02):
    keys = np.floor(points / voxel).astype(np.int64)
    _, group = np.unique(keys, axis=0, return_inverse=True)
    group = group.ravel()
    count = np.bincount(group)
    return np.stack([np.bincount(group, points[:, k]) / count for k in range(3)], 1)


def cloud(prediction, truth):
    p, t = thin(np.asarray(prediction)), thin(np.asarray(truth))
    forward, back = cKDTree(t).query(p)[0], cKDTree(p).query(t)[0]
    precision, recall = np.mean(forward < 0.05), np.mean(back < 0.05)
    return {
        "accuracy_m": forward.mean(),
        "completeness_m": back.mean(),
        "chamfer_m": (forward.mean() + back.mean()) / 2,
        "precision": precision,
        "recall": recall,
        "f_score": 2 * precision * recall / (precision + recall),
    }


def errors(d, g):
    ratio = np.maximum(d / g, g / d)
    return [
        np.mean(np.abs(d - g) / g),
        np.sqrt(np.mean((d - g) ** 2)),
        np.mean((d > 0) & (ratio < 1.25)),
    ]


def depth(images):
    per_image, coverage = [], []
    for image in images:
        d, g = np.asarray(image["prediction"], float), np.asarray(image["truth"], float)
        asked = (g > 0) & (g < 10)
        both = asked & (d > 0)
        coverage.append(both.sum() / asked.sum())
        per_image.append((d[both], g[both]))
    clip = np.median([np.median(g / d) for d, g in per_image])
    result = {"coverage": np.mean(coverage), "clip_scale": clip}
    result["none"] = np.mean([errors(d, g) for d, g in per_image], 0).tolist()
    result["clip_median"] = np.mean([errors(clip * d, g) for d, g in per_image], 0).tolist()
    result["image_median"] = np.mean([errors(np.median(g / d) * d, g) for d, g in per_image], 0).tolist()
    fits = [(np.polyfit(d, g, 1), d, g) for d, g in per_image]
    result["image_scale_shift"] = np.mean([errors(np.polyval(fit, d), g) for fit, d, g in fits], 0).tolist()
    return result


def main(path):
    with open(path, encoding="utf-8") as file:
        case = json.load(file)
    json.dump({"cloud": cloud(case["prediction"], case["truth"]), "depth": depth(case["depth"])}, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
