"""Writes the elevation network as ONNX and checks it against PyTorch.

The averaged weights of a checkpoint become one file (`faces [1, 32, 64, columns]` in 0..1, columns a multiple of
16; `heat` as probabilities, `values`), folded and halved as the layout network's.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from torch import nn

from network import ElevationNet  # puts the layout network's folder on the path
from export_common import blended, folded, halved, rounded, verdict
from faces import CHANNELS, ROWS, Pool

FILE = "roomwright_elevation.onnx"
OPSET = 17
OUTPUTS = ["heat", "values"]
COLUMNS = (64, 96, 160)


class Shipped(nn.Module):
    def __init__(self, net):
        super().__init__()
        self.net = folded(net)

    def forward(self, faces):
        heat, values = self.net(faces)
        return torch.sigmoid(heat), values


def write(net, path):
    axes = {"faces": {3: "columns"}, **{name: {3: f"{name}_columns"} for name in OUTPUTS}}
    with torch.no_grad():
        torch.onnx.export(Shipped(net).eval(), (torch.zeros(1, CHANNELS, ROWS, 96),), str(path), input_names=["faces"],
                          output_names=OUTPUTS, dynamic_axes=axes, opset_version=OPSET, dynamo=False)
    model = halved(onnx.load(path))
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, str(path))


def main():
    parser = argparse.ArgumentParser(description="Exports a checkpoint as ONNX and checks parity")
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("out", type=Path, help=f"folder; the file is {FILE}")
    parser.add_argument("--data", type=Path, required=True, help="shards whose faces are tried")
    parser.add_argument("--blend", type=Path, help="exported file whose weights are averaged with the checkpoint's")
    args = parser.parse_args()
    state = torch.load(args.checkpoint, weights_only=True)
    net = ElevationNet()
    net.load_state_dict(state["average"])
    net = rounded(net.eval())
    if args.blend:
        net = blended(net, args.blend)
    args.out.mkdir(parents=True, exist_ok=True)
    path = args.out / FILE
    write(net, path)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    session = onnxruntime.InferenceSession(str(path), options)
    rng, pool, worst = np.random.default_rng(0), Pool(args.data), 0.0
    cases = [rng.random((1, CHANNELS, ROWS, columns), dtype=np.float32) for columns in COLUMNS]
    cases += [pool.face(int(k)).picture[None].astype(np.float32) / 255.0 for k in rng.integers(0, len(pool), 8)]
    for case in cases:
        begun = time.time()
        found = session.run(OUTPUTS, {"faces": case})
        spent = time.time() - begun
        with torch.inference_mode():
            heat, values = net(torch.as_tensor(case))
        wanted = [torch.sigmoid(heat).numpy(), values.numpy()]
        differences = [float(np.abs(f - w).max()) for f, w in zip(found, wanted)]
        worst = max(worst, *differences)
        print(case.shape[3], [f"{d:.1e}" for d in differences], f"{1000 * spent:.1f} ms")
    verdict(path, f"{state['step']} steps", worst)


if __name__ == "__main__":
    main()
