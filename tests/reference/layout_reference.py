"""Layout F1 computed independently of the Rust evaluator, with shapely and scipy.

usage: layout_reference.py FOLDER CLASS_MAP.csv

FOLDER holds one folder per scene with pred.txt, truth.txt and ignore.txt. Prints JSON: for every
scene the overlaps and counts by mode, threshold and class; then the means and pooled rates.
Written from the definition of the metric, not from the Rust code.
"""
import csv
import json
import math
import pathlib
import re
import sys

import numpy as np
from scipy.optimize import linear_sum_assignment
from shapely.geometry import Polygon

THRESHOLDS = (0.25, 0.5)
MODES = ("strict", "compat")
LINE = re.compile(r"(wall|door|window|bbox)_(\d+)=\w+\((.*)\)\s*$")


def read_classes(path):
    with open(path, encoding="utf-8") as file:
        rows = list(csv.DictReader(line for line in file if line.strip() and not line.startswith("#")))
    clean = lambda name: name.strip().lower().replace("_", " ")
    mapping = {clean(row["class"]): clean(row["benchmark"]) for row in rows}
    for target in {target for target in mapping.values() if target}:
        mapping.setdefault(target, target)
    return lambda name: mapping.get(clean(name), "")


def read_layout(path, scored_as):
    """{class: [(kind, geometry)]} with degenerate elements left out; "(any object)" holds all boxes."""
    walls, found = {}, {}
    for line in path.read_text().splitlines():
        match = LINE.match(line)
        if not match:
            continue
        kind, number, inside = match.group(1), int(match.group(2)), match.group(3).split(",")
        if kind == "wall":
            v = [float(x) for x in inside]
            a, b, height = np.array(v[0:3]), np.array(v[3:6]), v[6]
            walls[number] = (a, b)
            if np.linalg.norm((b - a)[:2]) > 1e-6 and height > 1e-6:
                up = np.array([0, 0, height])
                found.setdefault("wall", []).append(("panel", np.array([a, b, b + up, a + up])))
        elif kind in ("door", "window"):
            a, b = walls[int(inside[0].split("_")[1])]
            x, y, z, width, height = (float(x) for x in inside[1:])
            direction = (b - a)[:2]
            if np.linalg.norm(direction) <= 1e-6 or width <= 1e-6 or height <= 1e-6:
                continue
            direction = direction / np.linalg.norm(direction) * width / 2
            corners = [
                [x + s * direction[0], y + s * direction[1], z + t * height / 2]
                for s, t in ((-1, -1), (1, -1), (1, 1), (-1, 1))
            ]
            found.setdefault(kind, []).append(("panel", np.array(corners)))
        else:
            v = [float(x) for x in inside[1:]]
            box = ("box", (np.array(v[0:3]), v[3], np.maximum(np.abs(v[4:7]), 0.1)))
            found.setdefault("(any object)", []).append(box)
            if scored_as(inside[0]):
                found.setdefault(scored_as(inside[0]), []).append(box)
    return found


def area_ratio(p, q, scale_p=1.0, scale_q=1.0, scale_both=1.0):
    both = p.intersection(q).area * scale_both
    union = p.area * scale_p + q.area * scale_q - both
    return both / union if union > 0 else 0.0


def panel_overlap(p, q, mode):
    n = np.cross(p[1] - p[0], p[2] - p[0])
    m = np.cross(q[1] - q[0], q[2] - q[0])
    sine = np.linalg.norm(np.cross(n, m)) / (np.linalg.norm(n) * np.linalg.norm(m))
    distance = np.dot(q[0] - p[0], n) / np.linalg.norm(n)
    if mode == "strict":
        distance = abs(distance)
    if not (sine < math.sin(math.radians(5)) and distance < 0.2):
        return 0.0
    e1 = (q[1] - q[0]) / np.linalg.norm(q[1] - q[0])
    e2 = (q[3] - q[0]) - np.dot(q[3] - q[0], e1) * e1
    e2 = e2 / np.linalg.norm(e2)
    flat = lambda corners: Polygon([(np.dot(c - q[0], e1), np.dot(c - q[0], e2)) for c in corners])
    return area_ratio(flat(p), flat(q))


def box_overlap(p, q):
    def footprint(box):
        centre, yaw, size = box
        turn = np.array([[math.cos(yaw), -math.sin(yaw)], [math.sin(yaw), math.cos(yaw)]])
        corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * size[:2] / 2
        return Polygon(corners @ turn.T + centre[:2])

    low = max(p[0][2] - p[2][2] / 2, q[0][2] - q[2][2] / 2)
    high = min(p[0][2] + p[2][2] / 2, q[0][2] + q[2][2] / 2)
    return area_ratio(footprint(p), footprint(q), p[2][2], q[2][2], max(high - low, 0.0))


def overlaps(predictions, truths, mode):
    table = np.zeros((len(predictions), len(truths)))
    for i, (kind, p) in enumerate(predictions):
        for j, (_, q) in enumerate(truths):
            table[i, j] = panel_overlap(p, q, mode) if kind == "panel" else box_overlap(p, q)
    return table


def score_class(predictions, truths, ignored, mode, threshold):
    table = overlaps(predictions, truths, mode)
    by_ignored = overlaps(predictions, ignored, mode)
    excused = [len(ignored) > 0 and by_ignored[i].max() >= threshold for i in range(len(predictions))]
    tp, matched = 0, set()
    if table.size:
        # The metric's cost; between equal optima, predictions that nothing excuses go first.
        cost = np.where(table > threshold, -1.0 - 1e-4 * ~np.array(excused)[:, None], 1e6)
        for i, j in zip(*linear_sum_assignment(cost)):
            if table[i, j] >= threshold:
                tp += 1
                matched.add(i)
    forgiven = sum(bool(excused[i]) and i not in matched for i in range(len(predictions)))
    return {
        "tp": tp,
        "predicted": len(predictions) - forgiven,
        "truth": len(truths),
        "ignored": forgiven,
        "iou": table.ravel().tolist(),
    }


def rates(tp, predicted, truth):
    precision = tp / predicted if predicted else 0.0
    recall = tp / truth if truth else 0.0
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return precision, recall, f1


def main(folder, class_map):
    scored_as = read_classes(class_map)
    scenes = {}
    for scene in sorted(pathlib.Path(folder).iterdir()):
        prediction, truth, ignored = (
            read_layout(scene / name, scored_as) for name in ("pred.txt", "truth.txt", "ignore.txt")
        )
        classes = sorted(set(prediction) | set(truth))
        scenes[scene.name] = {
            f"{mode}@{threshold}": {
                name: score_class(
                    prediction.get(name, []), truth.get(name, []), ignored.get(name, []), mode, threshold
                )
                for name in classes
            }
            for mode in MODES
            for threshold in THRESHOLDS
        }
    summaries = {}
    for setting in (f"{mode}@{threshold}" for mode in MODES for threshold in THRESHOLDS):
        per_class, pooled = {}, {}
        for scene in scenes.values():
            for name, counts in scene[setting].items():
                triple = (counts["tp"], counts["predicted"], counts["truth"])
                if triple[1] or triple[2]:
                    per_class.setdefault(name, []).append(rates(*triple)[2])
                pooled[name] = tuple(map(sum, zip(pooled.get(name, (0, 0, 0)), triple)))
        class_f1 = {name: float(np.mean(values)) for name, values in per_class.items()}
        scored = [name for name in class_f1 if name != "(any object)"]
        everything = tuple(map(sum, zip(*(pooled[name] for name in pooled if name != "(any object)"))))
        summaries[setting] = {
            "class_f1": class_f1,
            "class_pooled": {name: rates(*counts) for name, counts in pooled.items()},
            "mean_f1": float(np.mean([class_f1[name] for name in scored])),
            "micro": rates(*everything),
        }
    json.dump({"scenes": scenes, "summaries": summaries}, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
