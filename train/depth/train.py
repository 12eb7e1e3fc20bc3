"""Trains the depth network on rendered clips; resumable, one CSV line per validation.

Losses: cross-entropy over the planes (two neighbouring planes share the truth), L1 of inverse depth
in plane steps and of log depth at every step of the cascade, binary cross-entropy of the confidence
(target: relative error below SURE_ERROR). AdamW, one cycle (Smith, 2018), exponential moving average
of the weights, which is what is validated and exported.
"""

import argparse
import csv
import sys
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch.utils.data import DataLoader, IterableDataset

sys.path.append(str(Path(__file__).resolve().parents[1]))
from common import Average, rate, resume, save
from data import Houses
from evaluate import Clip, evaluate, torch_predictor
from model import COUNT, STEP, DepthNet

SURE_ERROR = 0.03
EMA_HALF_LIFE_STEPS = 120.0
# Rise of the learning rate: share of the run, and where it starts as a share of the top.
WARM, FIRST = 0.05, 0.1
# Columns of the log.
LOSSES = ("loss", "planes8", "planes4", "depth8", "depth4", "depth1", "sure")
FIGURES = ("absrel", "delta1", "absrel_sure", "delta1_sure", "coverage")


class Stream(IterableDataset):
    """Endless batches; each worker has its own generator; new clips are seen when workers restart."""

    def __init__(self, root, seeds, crop, batch, seed):
        self.root, self.seeds, self.crop, self.batch, self.seed = root, seeds, crop, batch, seed

    def __iter__(self):
        worker = torch.utils.data.get_worker_info()
        rng = np.random.default_rng([self.seed, worker.id if worker else 0])
        torch.set_num_threads(1)
        count = 0
        while True:
            if count % 400 == 0:
                houses = Houses(self.root, *self.seeds, self.crop)
            count += 1
            sources = int(rng.integers(2, 4))
            drawn = [houses.draw(rng, sources) for _ in range(self.batch)]
            yield {k: torch.as_tensor(np.stack([s[k] for s in drawn])) for k in drawn[0]}


def plane_loss(logits, position, valid):
    """Cross-entropy with a truth between two planes; `position` in planes from the first."""
    count = logits.shape[1]
    low = position.floor().clamp(0, count - 2)
    share = (position - low).clamp(0, 1)
    log = F.log_softmax(logits, 1)
    at = low.long()
    loss = -(1 - share) * log.gather(1, at) - share * log.gather(1, at + 1)
    return (loss * valid).sum() / valid.sum().clamp(min=1)


def losses(out, batch):
    truth = batch["truth"][:, None]
    b = truth.shape[0]
    near, far = (1 / batch["depth_min"]).view(b, 1, 1, 1), (1 / batch["depth_max"]).view(b, 1, 1, 1)
    inverse = 1 / truth.clamp(min=1e-3)
    valid = ((truth > 0) & (inverse <= near) & (inverse >= far)).float()
    step = out["step"]

    def at(stride):
        return inverse[:, :, ::stride, ::stride], valid[:, :, ::stride, ::stride]

    def distance(found, stride):
        wanted, ok = at(stride)
        planes = F.smooth_l1_loss(found / step, wanted / step, reduction="none", beta=0.5)
        planes = 4.0 * (1.0 - torch.exp(-planes / 4.0))  # far misses are the planes' matter
        relative = (torch.log(found) - torch.log(wanted)).abs().clamp(max=0.5)
        return ((planes + 5.0 * relative) * ok).sum() / ok.sum().clamp(min=1)

    wanted, ok = at(8)
    total = {"planes8": plane_loss(out["logits8"], (wanted - far) / step, ok)}
    wanted, ok = at(4)
    position = (wanted - out["planes4"][:, :1].detach()) / (STEP * step)
    reachable = ok * ((position > -0.5) & (position < COUNT - 0.5)).float()
    total["planes4"] = 0.5 * plane_loss(out["logits4"], position, reachable)
    total["depth8"] = 0.3 * distance(out["inverse8"], 8)
    total["start"] = 0.3 * distance(out["start"], 4)
    total["depth4"] = 0.5 * distance(out["inverse4"], 4)
    total["depth1"] = 0.5 * distance(out["inverse"], 1)
    error = (out["inverse4"].detach() / wanted - 1).abs()
    right = (error < SURE_ERROR).float()
    sure = F.binary_cross_entropy_with_logits(out["sure"], right, reduction="none")
    total["sure"] = 0.5 * (sure * ok).sum() / ok.sum().clamp(min=1)
    return total


def main():
    parser = argparse.ArgumentParser(description="Trains the multi-view depth network")
    parser.add_argument("--data", type=Path, required=True, help="packed clips (data.py)")
    parser.add_argument("--validation", type=Path, nargs="*", default=[], help="clip folders for validation")
    parser.add_argument("--out", type=Path, required=True, help="folder of checkpoints and log")
    parser.add_argument("--train-seeds", type=int, nargs=2, default=(10000, 20000))
    parser.add_argument("--minutes", type=float, default=75.0, help="the learning rate cycle ends then")
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--crop", type=int, nargs=2, default=(128, 192))
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--validate-every-s", type=float, default=900.0)
    parser.add_argument("--save-every-s", type=float, default=120.0)
    parser.add_argument("--every", type=int, default=8, help="every n-th frame of a validation clip is a reference")
    args = parser.parse_args()

    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    args.out.mkdir(parents=True, exist_ok=True)
    net = DepthNet().to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(net.parameters(), lr=args.rate, weight_decay=1e-2)
    average = Average(net, DepthNet(), EMA_HALF_LIFE_STEPS)
    counters = resume(args.out, net, optimizer, average)
    step, spent = counters.get("step", 0), counters.get("spent_s", 0.0)
    clips = [Clip(folder, args.every, 4) for folder in args.validation]
    log = (args.out / "log.csv").open("a", newline="")
    writer = csv.writer(log)
    if log.tell() == 0:
        header = ["seed", "step", "minutes", "samples", *LOSSES]
        writer.writerow(header + [f"{clip.folder.name}_{name}" for clip in clips for name in FIGURES])

    stream = Stream(args.data, args.train_seeds, tuple(args.crop), args.batch, args.seed * 1000 + step)
    batches = iter(DataLoader(stream, batch_size=None, num_workers=1, prefetch_factor=4))
    begun, validated, saved = time.time() - spent, time.time(), time.time()
    running, seen = {}, 0
    while True:
        done = (time.time() - begun) / (60.0 * args.minutes)
        for group in optimizer.param_groups:
            group["lr"] = rate(done, args.rate, WARM, FIRST)
        batch = next(batches)
        net.train()
        out = net.steps(batch["images"], batch["proj4"], batch["proj8"], batch["depth_min"], batch["depth_max"])
        parts = losses(out, batch)
        loss = sum(parts.values())
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(net.parameters(), 2.0)
        if torch.isfinite(norm):
            optimizer.step()
            average.update(net, step)
        step += 1
        seen += 1
        for name, value in {"loss": loss, **parts}.items():
            running[name] = running.get(name, 0.0) + float(value.detach())
        if seen % 20 == 0:
            means = {k: round(v / seen, 3) for k, v in running.items()}
            print(step, f"{(time.time() - begun) / 60:.1f} min", means, flush=True)
        if time.time() - saved > args.save_every_s or done >= 1.0:
            save(args.out, net, optimizer, average, step=step, spent_s=time.time() - begun)
            saved = time.time()
        if time.time() - validated > args.validate_every_s or done >= 1.0:
            means = {k: round(v / seen, 4) for k, v in running.items()}
            row = [args.seed, step, round((time.time() - begun) / 60, 1), step * args.batch]
            row += [means.get(k) for k in LOSSES]
            for clip in clips:
                found = evaluate(clip, 4, torch_predictor(average.net), (-1.0, 0.3))
                row += [*found[-1.0][:2], *found[0.3]]
            writer.writerow(row)
            log.flush()
            print(row, flush=True)
            running, seen, validated = {}, 0, time.time()
        if done >= 1.0:
            break


if __name__ == "__main__":
    main()
