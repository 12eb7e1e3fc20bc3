"""Writes the network as ONNX and checks it against PyTorch.

The averaged weights of a checkpoint become one file with fixed shapes and the names that the
program's manifest uses (`images`, `rel_proj_l2`, `rel_proj_l3`, `depth_min`, `depth_max` -> `depth`,
`confidence`). Parity is measured with ONNX Runtime on noise pictures and, if a clip is given, on real
ones; a difference beyond the bounds is an error. `--sure-bias` shifts the confidence's logit.
"""

import argparse
import hashlib
import sys
import time
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch

from evaluate import Clip
from model import DepthNet

INPUTS = ["images", "rel_proj_l2", "rel_proj_l3", "depth_min", "depth_max"]
OPSET = 17
# Largest allowed difference: share of the depth for all but a few pixels (at ties of the best plane
# one rounding error selects another window), and of the confidence.
MAX_DEPTH_SHARE, MAX_CONFIDENCE, QUANTILE = 1e-3, 1e-2, 0.999


def load(checkpoint, sure_bias):
    state = torch.load(checkpoint, weights_only=True)
    net = DepthNet().eval()
    net.load_state_dict(state["average"])
    net.sure_bias.fill_(sure_bias)
    return net, state["step"]


def noise(views, height, width):
    rng = np.random.default_rng(0)
    project = np.tile(np.eye(4, dtype=np.float32), (1, views - 1, 1, 1))
    project[0, :, 0, 3] = np.linspace(4, 12, views - 1)
    half = project.copy()
    half[0, :, :2, 3] *= 0.5
    images = rng.random((1, views, 3, height, width), dtype=np.float32)
    return [images, project, half, np.float32([0.5]), np.float32([6.0])]


def samples(clip, views, limit=4):
    for chosen in clip.lists[:limit]:
        s = clip.sample(chosen[:views])
        yield [s["images"][None], s["proj4"][None], s["proj8"][None], s["depth_min"][None], s["depth_max"][None]]


def main():
    parser = argparse.ArgumentParser(description="Exports a checkpoint as ONNX and checks parity")
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("out", type=Path, help="folder; the file is roomwright_depth_<views>v_<h>x<w>.onnx")
    parser.add_argument("--views", type=int, default=4)
    parser.add_argument("--size", type=int, nargs=2, default=(256, 384), help="height and width, multiples of 32")
    parser.add_argument("--sure-bias", type=float, default=0.0)
    parser.add_argument("--clip", type=Path, help="clip folder for parity on real pictures")
    args = parser.parse_args()
    height, width = args.size
    net, step = load(args.checkpoint, args.sure_bias)
    args.out.mkdir(parents=True, exist_ok=True)
    path = args.out / f"roomwright_depth_{args.views}v_{height}x{width}.onnx"
    first = noise(args.views, height, width)
    with torch.no_grad():
        torch.onnx.export(net, tuple(torch.as_tensor(x) for x in first), str(path), input_names=INPUTS,
                          output_names=["depth", "confidence"], opset_version=OPSET, dynamo=False)
    onnx.checker.check_model(onnx.load(path), full_check=True)

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    session = onnxruntime.InferenceSession(str(path), options)
    cases = [first]
    if args.clip:
        cases += samples(Clip(args.clip, 8, args.views, width, height), args.views)
    worst = [0.0, 0.0]
    for case in cases:
        begun = time.time()
        depth, confidence = session.run(["depth", "confidence"], dict(zip(INPUTS, case)))
        spent = time.time() - begun
        with torch.inference_mode():
            wanted = [x.numpy() for x in net(*(torch.as_tensor(x) for x in case))]
        share = np.abs(depth / wanted[0] - 1.0)
        difference = np.abs(confidence - wanted[1])
        print(f"max |depth| difference {np.abs(depth - wanted[0]).max():.2e}, of the depth {share.max():.2e} "
              f"({QUANTILE} quantile {np.quantile(share, QUANTILE):.2e}), confidence {difference.max():.2e} "
              f"({np.quantile(difference, QUANTILE):.2e}), {spent:.2f} s")
        worst = [max(worst[0], np.quantile(share, QUANTILE)), max(worst[1], np.quantile(difference, QUANTILE))]
    data = path.read_bytes()
    print(f"{path.name}: step {step}, {len(data)} bytes, sha256 {hashlib.sha256(data).hexdigest()}")
    if worst[0] > MAX_DEPTH_SHARE or worst[1] > MAX_CONFIDENCE:
        sys.exit(f"parity lost: depth {worst[0]:.2e}, confidence {worst[1]:.2e}")


if __name__ == "__main__":
    main()
