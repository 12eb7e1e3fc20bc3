"""Depth of an ONNX file, or of a network in training, on clips with true poses and depth.

Fast and independent of the Rust program; the program's own `eval depth` has the last word. References
are every n-th frame, sources are chosen by the program's rule among all frames, the range is the
clip's depth with the program's margins (as its probe finds it). Figures as the program defines them:
truth in (0, 10) m at the truth's own pixels, mean over images, no alignment; with confidence above a
threshold, and the share of truth pixels kept.
"""

import argparse
import json
from pathlib import Path

import cv2
import numpy as np

from data import (TARGET_SHARE, depth_range, pack_sample, projections, read_clip, read_depth, read_rgb,
                  select_sources)

MAX_TRUTH_M = 10.0


class Clip:
    """References, sources and truth of one clip at the size of the network."""

    def __init__(self, folder, every, views, width=384, height=256):
        self.folder, self.size = Path(folder), (width, height)
        self.camera, self.poses, self.frames = read_clip(folder, width, height)
        references = list(range(every // 2, len(self.frames), every))
        depths = [read_depth(self.folder / self.frames[i]["depth_file_path"], 64, 48) for i in references]
        # Clips may count depth by reference (rendered walks) or as a whole; the program's probe is per clip.
        all_depths = np.concatenate([d[d > 0] for d in depths]) / 1000.0
        self.depths = depth_range(all_depths)
        self.lists = []
        for reference in references:
            chosen = select_sources(self.camera, self.size, self.poses, reference, self.depths,
                                    TARGET_SHARE * width, views - 1)
            if chosen:
                chosen += [chosen[0]] * (views - 1 - len(chosen))
                self.lists.append([reference, *chosen])

    def truth(self, reference):
        path = self.folder / self.frames[reference]["depth_file_path"]
        return cv2.imread(str(path), cv2.IMREAD_UNCHANGED) / 1000.0

    def sample(self, views):
        images = [read_rgb(self.folder / self.frames[v]["file_path"], *self.size) for v in views]
        return pack_sample(images, [self.camera] * len(views), self.poses[views], self.depths,
                           np.zeros((1, 1), np.float32))


def score(depth, confidence, truth, threshold):
    """(AbsRel, delta1, coverage) of one image; None without truth, errors NaN without prediction."""
    rows = ((np.arange(truth.shape[0]) + 0.5) * depth.shape[0] / truth.shape[0]).astype(int)
    columns = ((np.arange(truth.shape[1]) + 0.5) * depth.shape[1] / truth.shape[1]).astype(int)
    depth, confidence = depth[rows][:, columns], confidence[rows][:, columns]
    asked = (truth > 0) & (truth < MAX_TRUTH_M)
    if not asked.any():
        return None
    kept = asked & (confidence > threshold) & (depth > 0)
    if not kept.any():
        return np.nan, np.nan, 0.0
    d, g = depth[kept], truth[kept]
    return float(np.mean(np.abs(d - g) / g)), float(np.mean(np.maximum(d / g, g / d) < 1.25)), kept.sum() / asked.sum()


def evaluate(clip, views, predict, thresholds=(-1.0, 0.3, 0.5)):
    """Means over the references: {threshold: [AbsRel, delta1, coverage]}."""
    found = {t: [] for t in thresholds}
    for chosen in clip.lists:
        depth, confidence = predict(clip, chosen[:views])
        truth = clip.truth(chosen[0])
        for t in thresholds:
            figures = score(depth, confidence, truth, t)
            if figures is not None:
                found[t].append(figures)
    return {t: np.nanmean(np.array(values), 0).round(4).tolist() for t, values in found.items()}


def onnx_predictor(path, threads=2):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(path), options)
    names = {i.name for i in session.get_inputs()}
    count = session.get_inputs()[0].shape[1]

    def predict(clip, views):
        s = clip.sample(views)
        cameras = [clip.camera] * len(views)
        half = projections([np.diag([2.0, 2.0, 1.0]) @ c for c in cameras], clip.poses[views])[0]
        feed = {
            "images": s["images"][None], "rel_proj_l1": half[None], "rel_proj_l2": s["proj4"][None],
            "rel_proj_l3": s["proj8"][None], "depth_min": s["depth_min"][None], "depth_max": s["depth_max"][None],
        }
        depth, confidence = session.run(["depth", "confidence"], {k: v for k, v in feed.items() if k in names})
        return depth.squeeze(), confidence.squeeze()

    return predict, count


def torch_predictor(net):
    import torch

    def predict(clip, views):
        s = {k: torch.as_tensor(v)[None] for k, v in clip.sample(views).items()}
        with torch.inference_mode():
            depth, confidence = net(s["images"], s["proj4"], s["proj8"], s["depth_min"], s["depth_max"])
        return depth[0, 0].numpy(), confidence[0, 0].numpy()

    return predict


def main():
    parser = argparse.ArgumentParser(description="AbsRel, delta1 and coverage of ONNX files on clips")
    parser.add_argument("clips", nargs="+", help="folders with transforms.json, rgb/, depth/")
    parser.add_argument("--model", action="append", required=True, help="ONNX file; several are compared")
    parser.add_argument("--every", type=int, default=8)
    args = parser.parse_args()
    for path in args.model:
        predict, views = onnx_predictor(path)
        for folder in args.clips:
            clip = Clip(folder, args.every, views)
            result = evaluate(clip, views, predict)
            print(Path(path).stem, Path(folder).name, len(clip.lists), json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
