"""Writes the network as ONNX and checks it against PyTorch.

The averaged weights of a checkpoint become one file with a free size (`pillars [1, 47, y, x]` in
0..1, sides multiples of 16; outputs by the names of maps.py, heats and interior as probabilities).
Batch normalisation is folded into the convolutions first. Parity is measured with ONNX Runtime on
tiles and on noise, at two sizes; a difference beyond the bounds is an error. The time is measured on
two threads.
"""

import argparse
import copy
import hashlib
import sys
import time
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from evaluate import load
from maps import OUTPUTS
from shards import CHANNELS, Pool

OPSET = 17
FILE = "roomwright_layout.onnx"
MAX_DIFFERENCE = 2e-3
# Tensors of at least so many weights are kept in half precision; biases are not worth it.
HALVED_FROM = 1024
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


def folded(net):
    """A copy whose convolutions carry the normalisation that followed them."""
    net = copy.deepcopy(net).eval()
    for module in list(net.modules()):
        if isinstance(module, nn.Sequential):
            for first, second in zip(list(module._modules), list(module._modules)[1:]):
                conv, norm = module._modules[first], module._modules[second]
                if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                    module._modules[first] = fuse_conv_bn_eval(conv, norm)
                    module._modules[second] = nn.Identity()
    return net


def rounded(net):
    """The folded network with the weights that the file keeps: large ones in half precision."""
    net = folded(net)
    with torch.no_grad():
        for weight in net.parameters():
            if weight.numel() >= HALVED_FROM:
                weight.copy_(weight.half().float())
    return net


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


def halved(model):
    """The same model with its large weights in half precision, widened by a cast that the runtime folds when it loads."""
    graph, casts = model.graph, []
    for weight in list(graph.initializer):
        values = numpy_helper.to_array(weight)
        if values.dtype != np.float32 or values.size < HALVED_FROM:
            continue
        graph.initializer.remove(weight)
        graph.initializer.append(numpy_helper.from_array(values.astype(np.float16), weight.name))
        wide = f"{weight.name}_f32"
        for node in graph.node:
            for index, name in enumerate(node.input):
                if name == weight.name:
                    node.input[index] = wide
        casts.append(helper.make_node("Cast", [weight.name], [wide], to=TensorProto.FLOAT))
    for cast in reversed(casts):
        graph.node.insert(0, cast)
    return model


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
    args = parser.parse_args()
    net, samples = load(args.checkpoint)
    args.out.mkdir(parents=True, exist_ok=True)
    path = args.out / FILE
    net = rounded(net)
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
    data = path.read_bytes()
    print(f"{path.name}: {samples} samples, {len(data)} bytes, sha256 {hashlib.sha256(data).hexdigest()}")
    if worst > MAX_DIFFERENCE:
        sys.exit(f"parity lost: {worst:.2e}")


if __name__ == "__main__":
    main()
