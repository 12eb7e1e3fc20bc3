"""Trains the layout network on scanned tiles; resumable, one CSV line per validation.

AdamW (Loshchilov & Hutter, 2019), one cycle (Smith, 2018), exponential moving average of the
weights, which is what is validated and exported. Convolutions run in bfloat16 where the processor has it, losses in fp32.
"""

import argparse
import csv
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import DataLoader, IterableDataset

sys.path.append(str(Path(__file__).resolve().parents[1]))
from augment import augment
from common import Average, convolving, rate, resume, save
from evaluate import FIGURES, evaluate
from export_common import unfold, widened
from maps import CLASSES
from losses import WEIGHTS, losses
from model import LayoutNet
from shards import Pool
from targets import BOX_SEEN, targets

EMA_HALF_LIFE_STEPS = 250.0
# Rise of the learning rate: share of the run, and where it starts as a share of the top.
WARM, FIRST = 0.04, 0.05
# The pool may grow while training runs: new shards are looked for after so many batches.
REFRESH_BATCHES = 200
# Tiles whose statistics a training begins with that starts from an exported file.
START_TILES = 48
# A class that is rarer than the median one weighs more by the root of it, within these bounds.
BALANCE = (0.5, 4.0)
# Scored classes that the runs of seeds 2 and 4 found least weigh so much more.
HARD = {"air_conditioner": 3.0, "side_table": 2.5, "dressing_table": 2.0, "chandelier": 2.5, "carpet": 2.0, "plants": 1.5,
        "painting": 1.5, "stool": 1.5, "tv": 1.5, "nightstand": 1.5, "mirror": 1.5, "bathroom_cabinet": 1.5}


class Stream(IterableDataset):
    """Endless batches of augmented tiles."""

    def __init__(self, root, batch, seed):
        self.root, self.batch, self.seed = root, batch, seed

    def __iter__(self):
        worker = torch.utils.data.get_worker_info()
        rng = np.random.default_rng([self.seed, worker.id if worker else 0])
        torch.set_num_threads(1)
        pool, count = Pool(self.root), 0
        while True:
            count += 1
            if count % REFRESH_BATCHES == 0:
                pool.refresh()
            yield self.drawn(pool, rng)

    def drawn(self, pool, rng):
        pillars, maps = [], []
        for index in rng.integers(0, len(pool), self.batch):
            tile = pool.tile(int(index))
            augment(tile, rng)
            pillars.append(tile.pillars)
            maps.append(targets(tile))
        return torch.as_tensor(np.stack(pillars)), {k: torch.as_tensor(np.stack([m[k] for m in maps])) for k in maps[0]}


def class_balance(pool):
    """Weight of every class of boxes by how often its boxes are seen in a pool."""
    rows = np.concatenate([boxes for shard in pool.shards.values() for boxes in shard.rows["boxes"]])
    count = np.bincount(rows[rows[:, -1] >= BOX_SEEN, 0].astype(int), minlength=len(CLASSES))
    weight = np.sqrt(np.median(count[count > 0]) / np.maximum(count, 1))
    weight = np.clip(weight, *BALANCE) * [HARD.get(name, 1.0) for name in CLASSES]
    return torch.as_tensor(weight, dtype=torch.float32)


def start(net, path, pool):
    """Weights of a checkpoint's average or of an exported file. Input channels that it did not know begin at zero."""
    if path.suffix == ".onnx":
        tiles = [pool.tile(k).pillars for k in range(0, len(pool), max(len(pool) // START_TILES, 1))]
        unfold(net, path, as_input(torch.as_tensor(np.stack(tiles))))
    else:
        net.load_state_dict(widened(torch.load(path, weights_only=True)["average"], net))


def as_input(pillars):
    return (pillars.float() / 255.0).to(memory_format=torch.channels_last)


class Log:
    """The CSV of validations and the running means since the last one."""

    def __init__(self, path, seed, folders):
        self.file = path.open("a", newline="")
        self.writer, self.seed, self.folders = csv.writer(self.file), seed, folders
        if self.file.tell() == 0:
            figures = [f"{folder.name}_{name}" for folder in folders for name in FIGURES]
            self.writer.writerow(["seed", "step", "samples", "minutes", "pool", "loss", *WEIGHTS, *figures])
        self.clear()

    def clear(self):
        self.sums, self.count = {}, 0

    def add(self, parts):
        self.count += 1
        for name, value in parts.items():
            self.sums[name] = self.sums.get(name, 0.0) + float(value.detach())

    def means(self):
        return {name: round(value / max(self.count, 1), 4) for name, value in self.sums.items()}

    def validate(self, net, step, samples, minutes, pool):
        means = self.means()
        row = [self.seed, step, samples, round(minutes, 1), pool, round(sum(means.values()), 4)]
        row += [means.get(name) for name in WEIGHTS]
        for folder in self.folders:
            found = evaluate(net, folder)
            row += [round(found[name], 4) for name in FIGURES]
            print(folder.name, {name: round(found[name], 3) for name in FIGURES}, flush=True)
        self.writer.writerow(row)
        self.file.flush()
        self.clear()


def main():
    parser = argparse.ArgumentParser(description="Trains the layout network")
    parser.add_argument("--data", type=Path, required=True, help="folder with shards, may grow meanwhile")
    parser.add_argument("--validation", type=Path, nargs="*", default=[], help="folders with shards of other houses")
    parser.add_argument("--out", type=Path, required=True, help="folder of checkpoints and log")
    parser.add_argument("--start", type=Path, help="what to begin with: a checkpoint (its average) or an exported .onnx file")
    parser.add_argument("--samples", type=int, default=70000, help="the learning rate cycle ends then ...")
    parser.add_argument("--minutes", type=float, default=1e9, help="... or after so many minutes of wall time")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--validate-every", type=int, default=8000, help="samples")
    parser.add_argument("--save-every-s", type=float, default=180.0)
    args = parser.parse_args()

    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    args.out.mkdir(parents=True, exist_ok=True)
    net = LayoutNet().to(memory_format=torch.channels_last)
    if args.start:
        start(net, args.start, Pool(args.data))
    optimizer = torch.optim.AdamW(net.parameters(), lr=args.rate, weight_decay=2e-2)
    average = Average(net, LayoutNet().to(memory_format=torch.channels_last), EMA_HALF_LIFE_STEPS)
    counters = resume(args.out, net, optimizer, average)
    step, samples, spent = counters.get("step", 0), counters.get("samples", 0), counters.get("spent_s", 0.0)
    log = Log(args.out / "log.csv", args.seed, args.validation)
    balance = class_balance(Pool(args.data))
    stream = Stream(args.data, args.batch, args.seed * 100_000 + step)
    batches = iter(DataLoader(stream, batch_size=None, num_workers=1, prefetch_factor=6))
    begun, saved, validated = time.time() - spent, time.time(), samples
    net.train()
    while True:
        done = max(samples / args.samples, (time.time() - begun) / (60.0 * args.minutes))
        for group in optimizer.param_groups:
            group["lr"] = rate(done, args.rate, WARM, FIRST)
        pillars, target = next(batches)
        with convolving():
            out = net(as_input(pillars))
        parts = losses(out, target, balance)
        optimizer.zero_grad(set_to_none=True)
        sum(parts.values()).backward()
        norm = torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        if torch.isfinite(norm):
            optimizer.step()
            average.update(net, step)
        step, samples = step + 1, samples + args.batch
        log.add(parts)
        if step % 50 == 0:
            minutes = (time.time() - begun) / 60
            print(step, f"{minutes:.1f} min", f"{float(norm):.1f}", log.means(), flush=True)
        if time.time() - saved > args.save_every_s or done >= 1.0:
            save(args.out, net, optimizer, average, step=step, samples=samples, spent_s=time.time() - begun)
            saved = time.time()
        if samples - validated >= args.validate_every or done >= 1.0:
            log.validate(average.net, step, samples, (time.time() - begun) / 60, len(Pool(args.data)))
            validated = samples
        if done >= 1.0:
            break


if __name__ == "__main__":
    main()
