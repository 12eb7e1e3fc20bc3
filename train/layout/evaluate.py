"""Figures of a network on tiles that it was not trained on: F1 (see score.py), interior, scale.

The F1 are the best over the thresholds of the confidence; objects are the mean over the classes
that occur.
"""

import argparse
from pathlib import Path

import numpy as np
import torch

from decode import decode, sigmoid
from maps import CLASSES
from model import LayoutNet, pooled_scale
from score import tallies
from shards import Pool

FIGURES = ("wall25", "wall50", "door25", "door50", "window25", "window50", "object25", "object50", "interior",
           "scale_median", "scale_sure")
BATCH = 8


def predictions(net, pool, limit=None):
    """Tiles, their decoded elements and raw maps; scale as (log scale, log sigma)."""
    count = min(limit or len(pool), len(pool))
    for first in range(0, count, BATCH):
        tiles = [pool.tile(k) for k in range(first, min(first + BATCH, count))]
        pillars = torch.as_tensor(np.stack([t.pillars for t in tiles])).float() / 255.0
        with torch.inference_mode():
            out = net(pillars.to(memory_format=torch.channels_last))
            scale = torch.stack(pooled_scale(out["scale"]), 1).numpy()
        for k, tile in enumerate(tiles):
            maps = {name: value[k].numpy() for name, value in out.items()}
            yield tile, maps, decode(maps), scale[k]


def evaluate(net, folder, limit=None, each=False):
    """The figures by name; with `each` also the F1 of every class."""
    cases, common, union, errors, sure = [], 0, 0, [], []
    for tile, maps, found, (log_scale, log_sigma) in predictions(net, Pool(folder), limit):
        cases.append((tile, found))
        inside, wanted = sigmoid(maps["interior"][0]) > 0.5, tile.interior > 0
        common, union = common + (inside & wanted).sum(), union + (inside | wanted).sum()
        errors.append(abs(log_scale - tile.log_scale))
        sure.append(errors[-1] < 2 * np.exp(log_sigma))
    figures = {"interior": common / max(union, 1), "scale_median": float(np.median(errors)), "scale_sure": np.mean(sure)}
    for threshold, suffix in ((0.25, "25"), (0.5, "50")):
        found = tallies(cases, threshold)
        for name in ("wall", "door", "window"):
            figures[name + suffix] = found[name].best()[0]
        classes = {name: found[name].best()[0] for name in CLASSES if found[name].truths}
        figures["object" + suffix] = float(np.mean(list(classes.values()))) if classes else 0.0
        if each:
            figures["classes" + suffix] = {name: (round(f1, 3), found[name].truths) for name, f1 in classes.items()}
            figures["thresholds" + suffix] = {n: round(found[n].best()[1], 2) for n in ("wall", "door", "window")}
    return figures


def load(checkpoint):
    """The averaged network of a checkpoint and its samples."""
    state = torch.load(checkpoint, weights_only=True)
    net = LayoutNet().eval()
    net.load_state_dict(state["average"])
    return net, state["samples"]


def main():
    parser = argparse.ArgumentParser(description="Figures of a checkpoint on folders of shards")
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("data", type=Path, nargs="+")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    net, samples = load(args.checkpoint)
    print(f"{args.checkpoint}: {samples} samples")
    for folder in args.data:
        for name, value in evaluate(net, folder, args.limit, each=True).items():
            print(folder.name, name, value if isinstance(value, dict) else round(float(value), 4))


if __name__ == "__main__":
    main()
