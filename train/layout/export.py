"""Writes the network as ONNX and checks it against PyTorch.

The averaged weights of a checkpoint become one file with a free size (`pillars [1, 61, y, x]` in
0..1, sides multiples of 16; outputs by the names of maps.py, heats and interior as probabilities).
Batch normalisation is folded into the convolutions first. Parity is measured with ONNX Runtime on
tiles and on noise, at two sizes; a difference beyond the bounds is an error. The time is measured on
two threads.
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from torch import nn

sys.path.append(str(Path(__file__).resolve().parents[1]))
from evaluate import load
from export_common import blended, folded, halved, rounded, verdict
from maps import OUTPUTS
from shards import CHANNELS, Pool

OPSET = 17
FILE = "roomwright_layout.onnx"
SIZES = ((160, 160), (320, 208))
TIMED = (160, 320, 640)
REPEATS = 3


class Shipped(nn.Module):
    """Folded network with probabilities in place of logits, and the outputs in a fixed order."""

    def __init__(self, net):
        super().__init__()
        self.net = folded(net)

    def forward(self, pillars):
        found = self.net(pillars)
        logits = ("interior", "wall_heat", "corner_heat", "opening_heat", "box_heat")
        return tuple(torch.sigmoid(found[name]) if name in logits else found[name] for name in OUTPUTS)


def write(net, path):
    sides = {2: "y", 3: "x"}
    names = list(OUTPUTS)
    axes = {"pillars": sides, **{n: {2: f"{n}_y", 3: f"{n}_x"} for n in names}}
    with torch.no_grad():
        torch.onnx.export(Shipped(net).eval(), (torch.zeros(1, CHANNELS, 160, 160),), str(path), input_names=["pillars"],
                          output_names=names, dynamic_axes=axes, opset_version=OPSET, dynamo=False)
    model = halved(onnx.load(path))
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, str(path))


def cases(data):
    rng = np.random.default_rng(0)
    yield from (rng.random((1, CHANNELS, *size), dtype=np.float32) for size in SIZES)
    if data:
        pool = Pool(data)
        for index in rng.integers(0, len(pool), 4):
            yield pool.tile(int(index)).pillars[None].astype(np.float32) / 255.0


def main():
    parser = argparse.ArgumentParser(description="Exports a checkpoint as ONNX and checks parity")
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("out", type=Path, help=f"folder; the file is {FILE}")
    parser.add_argument("--data", type=Path, help="shards whose tiles are tried")
    parser.add_argument("--blend", type=Path, help="exported file whose weights are averaged with the checkpoint's")
    args = parser.parse_args()
    net, samples = load(args.checkpoint)
    args.out.mkdir(parents=True, exist_ok=True)
    path = args.out / FILE
    net = rounded(net)
    if args.blend:
        net = blended(net, args.blend)
    write(net, path)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    session = onnxruntime.InferenceSession(str(path), options)
    worst = 0.0
    for case in cases(args.data):
        found = session.run(list(OUTPUTS), {"pillars": case})
        with torch.inference_mode():
            wanted = net(torch.as_tensor(case))
        logits = ("interior", "wall_heat", "corner_heat", "opening_heat", "box_heat")
        wanted = [(torch.sigmoid(wanted[n]) if n in logits else wanted[n]).numpy() for n in OUTPUTS]
        differences = {n: float(np.abs(f - w).max()) for n, f, w in zip(OUTPUTS, found, wanted)}
        worst = max(worst, *differences.values())
        print(case.shape[2:], {n: f"{d:.1e}" for n, d in differences.items()})
    for side in TIMED:
        zeros = np.zeros((1, CHANNELS, side, side), np.float32)
        spent = []
        for _ in range(REPEATS):
            begun = time.time()
            session.run(list(OUTPUTS), {"pillars": zeros})
            spent.append(time.time() - begun)
        print(f"{side}x{side} pillars: {min(spent):.3f} s")
    verdict(path, f"{samples} samples", worst)


if __name__ == "__main__":
    main()
