"""Confidence of the program's decoder: logistic models for the manifest, from clues of many houses.

    roomwright eval detectors network --houses 200 --seed 950000 --set network.keep_unsure=true \\
        --clues clues.jsonl > figures.json
    python calibrate.py clues.jsonl figures.json --factor 1.0

Prints the table `confidence` of the manifest entry and the factor of the scale's sigma. Each group
(walls, doors, windows, objects) gets p = 1 / (1 + exp(-(bias + heat·logit h + overlap·logit o + observed·s)))
by ridge-regularised maximum likelihood. The threshold is half of the best pooled F1 at IoU 0.25, which is where
calibrated probabilities reach it (Lipton, Elkan & Narayanaswamy, 2014); it is steadier than the best one of few houses.
The houses must be neither trained on nor used for acceptance.
"""

import argparse
import json
from pathlib import Path

import numpy as np

GROUPS = ("wall", "door", "window", "object")
NAMES = ("bias", "heat", "overlap", "observed")
MARGIN = 1e-3
RIDGE = 1e-2
STEPS = 50
# Classes of objects differ in their constant, by about this much (one sigma of the prior), and in the threshold.
CLASS_SIGMA = 1.0
# Classes with fewer true objects than this follow the others.
FEWEST = 10
# Thresholds of classes lie between these.
THRESHOLDS = (0.12, 0.5)


def logit(p):
    p = np.clip(p, MARGIN, 1 - MARGIN)
    return np.log(p / (1 - p))


def features(rows):
    """One row an element; clues that never vary get no weight."""
    columns = [np.ones(len(rows)), logit(np.array([r["heat"] for r in rows])),
               logit(np.array([r["overlap"] for r in rows])), np.array([r["observed"] for r in rows])]
    return np.stack(columns, 1)


def fit(x, y):
    """Newton's method; weights of the clues are kept from being negative by leaving such clues out."""
    used = [k for k in range(x.shape[1]) if k == 0 or x[:, k].std() > 1e-6]
    while True:
        w = np.zeros(len(used))
        for _ in range(STEPS):
            p = 1 / (1 + np.exp(-x[:, used] @ w))
            gradient = x[:, used].T @ (p - y) + RIDGE * w
            hessian = (x[:, used] * (p * (1 - p))[:, None]).T @ x[:, used] + RIDGE * np.eye(len(used))
            w -= np.linalg.solve(hessian, gradient)
        wrong = [k for k, value in zip(used, w) if k > 0 and value < 0]
        if not wrong:
            break
        used.remove(wrong[0])
    full = np.zeros(x.shape[1])
    full[used] = w
    return full


def best_f1(p, y, truths):
    """The best F1 over all thresholds of the confidence."""
    order = np.argsort(-p, kind="stable")
    right, count = np.cumsum(y[order]), np.arange(1, len(p) + 1)
    f1 = 2 * right / (count + truths)
    return float(f1.max())


def shift(base, y):
    """Constant to add to the logits `base`: maximum a posteriori, by Newton's method."""
    b = 0.0
    for _ in range(STEPS):
        p = 1 / (1 + np.exp(-(base + b)))
        b += ((y - p).sum() - b / CLASS_SIGMA**2) / ((p * (1 - p)).sum() + 1 / CLASS_SIGMA**2)
    return b


def classes(rows, w, truths):
    """The lines of the table `classes`: what is different for each class of objects."""
    for name in sorted({r["class"] for r in rows}):
        own = [r for r in rows if r["class"] == name]
        if truths.get(name, 0) < FEWEST:
            continue
        y = np.array([float(r["hit"]) for r in own])
        base = features(own) @ w
        b = shift(base, y)
        f1 = best_f1(base, y, truths[name])
        least = float(np.clip(f1 / 2, *THRESHOLDS))
        yield f'"{name}" = {{ bias = {b:.3f}, min_confidence = {least:.2f} }}  # {truths[name]} true, best F1 {f1:.3f}'


def main():
    parser = argparse.ArgumentParser(description="Fits the confidences of the program's decoder")
    parser.add_argument("clues", type=Path)
    parser.add_argument("figures", type=Path)
    parser.add_argument("--factor", type=float, required=True, help="scale_sigma_factor of the entry that the figures were made with")
    args = parser.parse_args()
    rows = [json.loads(line) for line in args.clues.read_text().splitlines()]
    network = next(d for d in json.loads(args.figures.read_text())["detectors"] if d["detector"] == "network")
    truths = {name: row["truth"] for name, row in network["classes"].items()}
    truths["object"] = truths["objects"]
    # The figures were made with the entry's factor: what fits is relative to it.
    factor = args.factor * network["scale"]["fitting_factor"]
    print(f"scale_sigma_factor = {factor:.2f}\n\n[model.layout_maps.confidence]")
    for group in GROUPS:
        own = [r for r in rows if r["group"] == group]
        x, y = features(own), np.array([float(r["hit"]) for r in own])
        w = fit(x, y)
        p = 1 / (1 + np.exp(-x @ w))
        f1 = best_f1(p, y, truths[group])
        values = ", ".join(f"{name} = {value:.3f}" for name, value in zip(NAMES, w))
        print(f"{group} = {{ {values}, min_confidence = {f1 / 2:.2f} }}  # {len(own)} elements, pooled F1 {f1:.3f}")
    print("\n[model.layout_maps.confidence.classes]")
    for line in classes([r for r in rows if r["group"] == "object"], w, truths):
        print(line)


if __name__ == "__main__":
    main()
