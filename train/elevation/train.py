"""Trains the elevation network on faces of walls; resumable.

    python train.py --data pool --validation validation --out run --minutes 20

AdamW, one cycle, exponential moving average, convolutions as the layout network's training.
"""

import argparse
import itertools
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import DataLoader, IterableDataset

sys.path.append(str(Path(__file__).resolve().parents[1]))
from common import Average, convolving, rate, resume, save
from export_common import unfold
from faces import CLASSES, Pool, augment, targets
from network import ElevationNet, losses
from score import score

HALF_LIFE_STEPS = 200.0
WARM, FIRST = 0.04, 0.05
# Faces whose statistics a training begins with that starts from an exported file.
START_FACES = 96
# A class that is rarer than the median one weighs more by the root of it, within these bounds.
BALANCE = (0.5, 4.0)
# The pool may grow meanwhile: new shards are looked for after so many batches.
REFRESH_BATCHES = 300


class Stream(IterableDataset):
    """Endless batches of changed faces."""

    def __init__(self, pool, batch, seed):
        self.pool, self.batch, self.seed = pool, batch, seed

    def __iter__(self):
        worker = torch.utils.data.get_worker_info()
        rng = np.random.default_rng([self.seed, worker.id if worker else 0])
        torch.set_num_threads(1)
        for count in itertools.count(1):
            if count % REFRESH_BATCHES == 0:
                self.pool.refresh()
            pictures, maps = [], []
            for _ in range(self.batch):
                face = self.pool.face(int(rng.integers(len(self.pool))))
                augment(face, rng)
                pictures.append(face.picture)
                maps.append(targets(face))
            yield torch.as_tensor(np.stack(pictures)), {k: torch.as_tensor(np.stack([m[k] for m in maps])) for k in maps[0]}


def as_input(pictures):
    return (pictures.float() / 255.0).to(memory_format=torch.channels_last)


def main():
    parser = argparse.ArgumentParser(description="Trains the elevation network")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--validation", type=Path, nargs="*", default=[])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--start", type=Path, help="exported .onnx file to begin with")
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--batch", type=int, default=24)
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    args.out.mkdir(parents=True, exist_ok=True)
    pool, held = Pool(args.data), {path.name: Pool(path) for path in args.validation}
    count = pool.counts()
    balance = torch.as_tensor(np.clip(np.sqrt(np.median(count) / np.maximum(count, 1)), *BALANCE), dtype=torch.float32)
    print(len(pool), "faces", dict(zip(CLASSES, count.tolist())), flush=True)
    net = ElevationNet().to(memory_format=torch.channels_last)
    if args.start:
        faces = [pool.face(k).picture for k in range(0, len(pool), max(len(pool) // START_FACES, 1))]
        unfold(net, args.start, as_input(torch.as_tensor(np.stack(faces))))
    average = Average(net, ElevationNet().to(memory_format=torch.channels_last), HALF_LIFE_STEPS)
    optimizer = torch.optim.AdamW(net.parameters(), lr=args.rate, weight_decay=2e-2)
    counters = resume(args.out, net, optimizer, average)
    step, spent = counters.get("step", 0), counters.get("spent_s", 0.0)
    stream = Stream(pool, args.batch, args.seed * 100_000 + step)
    batches = iter(DataLoader(stream, batch_size=None, num_workers=1, prefetch_factor=6))
    begun, saved, sums = time.time() - spent, time.time(), {}
    net.train()
    while True:
        done = (time.time() - begun) / (60.0 * args.minutes)
        for group in optimizer.param_groups:
            group["lr"] = rate(min(done, 1.0), args.rate, WARM, FIRST)
        pictures, target = next(batches)
        with convolving():
            heat, values = net(as_input(pictures))
        parts = losses(heat, values, target, balance)
        optimizer.zero_grad(set_to_none=True)
        sum(parts.values()).backward()
        if torch.isfinite(torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)):
            optimizer.step()
            average.update(net, step)
        step += 1
        for name, value in parts.items():
            sums[name] = sums.get(name, 0.0) + float(value.detach())
        if step % 100 == 0:
            means = {name: round(value / 100, 3) for name, value in sums.items()}
            print(step, f"{(time.time() - begun) / 60:.1f} min", means, flush=True)
            sums = {}
        if time.time() - saved > 120 or done >= 1.0:
            save(args.out, net, optimizer, average, step=step, spent_s=time.time() - begun)
            saved = time.time()
        if step % 2000 == 0 or done >= 1.0:
            for name, faces in held.items():
                print(name, score(average.net, faces), flush=True)
        if done >= 1.0:
            break


if __name__ == "__main__":
    main()
