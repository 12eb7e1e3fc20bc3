"""Floor-plan metrics computed independently: shapely for the metric reading, OpenCV for the raster.

usage: plan_reference.py CASES.json

CASES.json is a list of {"predicted": [polygon...], "truth": [polygon...]}, corners only, metres.
Prints a list of true-positive counts per case. Written from the definitions (and, for the raster, from
the published evaluator's description), not from the Rust code.
"""
import json
import math
import sys

import cv2
import numpy as np
from shapely.geometry import Polygon

SIDE = 256


def interior_angles(polygon):
    p = np.asarray(polygon, float)
    x, y = p[:, 0], p[:, 1]
    orientation = np.sign(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1)))
    before, after = p - np.roll(p, 1, 0), np.roll(p, -1, 0) - p
    cross = before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]
    return 180 - orientation * np.degrees(np.arctan2(cross, (before * after).sum(1)))


def assign(overlap, order, count, blocked):
    """{prediction: truth}: truths choose in `order`, the first to choose keeps."""
    chosen = {}
    for t in order:
        best = max(range(count), key=lambda p: overlap(p, t), default=None)
        if best is not None and overlap(best, t) > 0.5:
            chosen.setdefault(best, t)
    return {p: t for p, t in chosen.items() if not blocked(p)}


def corners(pairs, predicted, truth, distance):
    corner_count = angle_count = 0
    for p, t in pairs.items():
        pred, true = np.asarray(predicted[p], float), np.asarray(truth[t], float)
        pred_angles, true_angles = interior_angles(pred), interior_angles(true)
        corner_hit, angle_hit = set(), set()
        for i, corner in enumerate(true):
            d = np.linalg.norm(pred - corner, axis=1)
            nearest = int(d.argmin())
            if d[nearest] <= distance:
                corner_hit.add(nearest)
                if abs(pred_angles[nearest] - true_angles[i]) <= 5:
                    angle_hit.add(nearest)
        corner_count += len(corner_hit)
        angle_count += len(angle_hit)
    return [corner_count, angle_count]


def metric(predicted, truth):
    p, t = [Polygon(x) for x in predicted], [Polygon(x) for x in truth]
    order = sorted(range(len(t)), key=lambda i: -t[i].area)
    iou = lambda i, j: p[i].intersection(t[j]).area / p[i].union(t[j]).area
    blocked = lambda i: any(
        j != i and p[i].intersection(p[j]).area > 0.04 * min(p[i].area, p[j].area) for j in range(len(p))
    )
    pairs = assign(iou, order, len(p), blocked)
    return {"rooms": len(pairs), "corners": [corners(pairs, predicted, truth, d) for d in (0.1, 0.2)]}


def raster(predicted, truth):
    everything = np.concatenate([np.asarray(x, float) for x in truth])
    low, high = everything.min(0), everything.max(0)
    low, high = low - 0.1 * (high - low), high + 0.1 * (high - low)
    half_up = lambda v: np.floor(v + 0.5)
    pixels = lambda polygons: [
        np.clip(half_up((np.asarray(x, float) - low) / (high - low) * SIDE), 0, SIDE - 1).astype(np.int32)
        for x in polygons
    ]

    def draw(polygon):
        mask = np.zeros((SIDE, SIDE), np.uint8)
        cv2.fillPoly(mask, [polygon], 1)
        return mask

    predicted, truth = pixels(predicted), pixels(truth)
    p, t = [draw(x) for x in predicted], [draw(x) for x in truth]
    order = sorted(range(len(t)), key=lambda i: -int(t[i].sum()))
    iou = lambda i, j: np.sum((p[i] + t[j]) == 2) / (np.sum((p[i] + t[j]) >= 1) + 1)
    eroded = [cv2.erode(x, np.ones((5, 5), np.uint8)) for x in p]
    blocked = lambda i: any(j != i and ((eroded[i] + eroded[j]) == 2).any() for j in range(len(p)))
    pairs = assign(iou, order, len(p), blocked)
    return {"rooms": len(pairs), "corners": [corners(pairs, predicted, truth, 10)]}


def main(path):
    with open(path, encoding="utf-8") as file:
        cases = json.load(file)
    json.dump([{"metric": metric(**case), "raster": raster(**case)} for case in cases], sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
