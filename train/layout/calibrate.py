"""Confidence of the program's decoder: logistic models for the manifest, from clues of many houses.

    roomwright eval detectors network --houses 200 --seed 950000 --set network.keep_unsure=true \\
        --clues clues.jsonl > figures.json
    python calibrate.py clues.jsonl figures.json --factor 1.0

Prints the table `confidence` of the manifest entry and the factor of the scale's sigma. Each group
(walls, doors, windows, objects; of objects each class that hangs on walls for itself) gets
p = 1 / (1 + exp(-(bias + heat·logit h + overlap·logit o + elevation·logit e + observed·s)))
by ridge-regularised maximum likelihood. The threshold is where the mean over the houses of the F1 at IoU 0.25 is best,
houses with neither true nor found ones left out: what the metric asks, and dearer for what is found where there is none
than the pooled F1. It is the median over resampled houses (bootstrap: Efron, 1979), which is steadier than the
best one of few houses. The houses must be neither trained on nor used for acceptance.
"""

import argparse
import json
from pathlib import Path

import numpy as np

GROUPS = ("wall", "door", "window", "object")
NAMES = ("bias", "heat", "overlap", "elevation", "observed")
# Classes of the benchmark that the elevation network looks for: they get weights of their own.
HUNG = ("painting", "tv", "curtain", "air conditioner")
MARGIN = 1e-3
RIDGE = 1e-2
STEPS = 50
# Classes of objects differ in their constant, by about this much (one sigma of the prior).
CLASS_SIGMA = 1.0
# Classes with fewer true objects than this follow the others.
FEWEST = 10
# Thresholds that are tried, and how often the houses are resampled.
THRESHOLDS = np.arange(0.10, 0.81, 0.02)
# Objects of every class are reported when they are at least as likely as one in three: thresholds that are best for
# each class on the houses of calibration were not better on others.
LEAST_OBJECT = 0.34
RESAMPLES = 200


def logit(p):
    p = np.clip(p, MARGIN, 1 - MARGIN)
    return np.log(p / (1 - p))


def features(rows):
    """One row an element; clues that never vary get no weight."""
    columns = [np.ones(len(rows)), logit(np.array([r["heat"] for r in rows])),
               logit(np.array([r["overlap"] for r in rows])), logit(np.array([r["elevation"] for r in rows])),
               np.array([r["observed"] for r in rows])]
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


def threshold(rows, p, tried=THRESHOLDS):
    """Of the thresholds of the confidence that are tried the one with the best mean F1 of the houses, and that mean."""
    houses = sorted({r["scan"] for r in rows})
    number = np.array([houses.index(r["scan"]) for r in rows])
    truths = np.zeros(len(houses))
    for (scan, _), count in {(r["scan"], r["class"]): r["truths"] for r in rows}.items():
        truths[houses.index(scan)] += count
    hit = np.array([float(r["hit"]) for r in rows])
    sums = lambda weights: np.bincount(number, weights, len(houses))
    scores, counts = [], []
    for least in tried:
        right, found = sums(hit * (p >= least)), sums((p >= least).astype(float))
        counts.append(found + truths > 0)
        scores.append(np.where(counts[-1], 2 * right / np.maximum(found + truths, 1), 0.0))
    scores, counts = np.array(scores), np.array(counts, float)
    rng = np.random.default_rng(1)
    drawn = np.array([np.bincount(rng.integers(0, len(houses), len(houses)), minlength=len(houses))
                      for _ in range(RESAMPLES)])
    means = (scores @ drawn.T) / np.maximum(counts @ drawn.T, 1)
    best = tried[int(np.median(means.argmax(0)))]
    k = int(np.argmin(abs(tried - best)))
    return float(best), float(scores[k].sum() / max(counts[k].sum(), 1))


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
        x, y, weights = features(own), np.array([float(r["hit"]) for r in own]), ""
        if name in HUNG:
            used = fit(x, y)
            weights = "".join(f", {n} = {v:.3f}" for n, v in zip(NAMES[1:], used[1:]))
        else:
            used = w + np.array([shift(x @ w, y), 0, 0, 0, 0])
        _, f1 = threshold(own, 1 / (1 + np.exp(-x @ used)), np.array([LEAST_OBJECT]))
        # The program adds the bias to that of the group of objects, and takes the other weights as they are.
        yield (f'"{name}" = {{ bias = {used[0] - w[0]:.3f}{weights} }}'
               f"  # {truths[name]} true, mean F1 {f1:.3f}")


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
    is_hung = lambda r: r["group"] == "object" and r["class"] in HUNG
    for group in GROUPS:
        own = [r for r in rows if r["group"] == group and not is_hung(r)]
        x, y = features(own), np.array([float(r["hit"]) for r in own])
        w = fit(x, y)
        p = 1 / (1 + np.exp(-x @ w))
        least, f1 = threshold(own, p, np.array([LEAST_OBJECT]) if group == "object" else THRESHOLDS)
        values = ", ".join(f"{name} = {value:.3f}" for name, value in zip(NAMES, w))
        print(f"{group} = {{ {values}, min_confidence = {least:.2f} }}  # {len(own)} elements, mean F1 {f1:.3f}")
    print("\n[model.layout_maps.confidence.classes]")
    for line in classes([r for r in rows if r["group"] == "object"], w, truths):
        print(line)


if __name__ == "__main__":
    main()
