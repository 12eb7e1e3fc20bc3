"""Fine-tunes the shipped layout network on one's own labelled scenes; says what it was worth.

    python finetune.py DATA OUT --binary target/release/roomwright [--classes table.csv] [--minutes 20]

DATA: sub-folders with `cloud.ply` and `layout.txt`, or `pcd/NAME.ply` with `layout/NAME.txt` (metric,
Z up). Every fifth scene (by a hash of its name) is kept aside; the others become tiles, mixed half and
half with tiles of drawn houses, so that nothing is forgotten. Training starts from the weights of the
ONNX file, whose normalisation is folded in. OUT/model holds the new network with its manifest (use it
with `--models OUT/model --set layout.network.model=NAME`), OUT/report.md the figures of the scenes that
were kept aside, before and after, by the program's own strict metric.
"""

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import DataLoader

sys.path.append(str(Path(__file__).resolve().parents[1]))
from common import Average, convolving, rate
from export import FILE, write
from export_common import folded, read_weights, widened
from losses import losses
from model import LayoutNet
from train import Stream, as_input

REPOSITORY = Path(__file__).resolve().parents[2]
SHIPPED = REPOSITORY / "models" / FILE
MANIFEST = "roomwright-models.toml"
# One scene of so many is kept aside.
HELD_OUT = 5
# Tiles cut from each scene, and from drawn houses for each of them; seeds that no training has seen.
TILES_A_SCENE, DRAWN_SEED = 24, 1_900_000
# Top rate (a tenth of the first training's), rise, start, averaging.
RATE, WARM, FIRST, HALF_LIFE_STEPS = 2e-4, 0.05, 0.1, 60.0
BATCH = 8
# What may lie beside `cloud.ply`: elements that were hardly seen, depth maps that show what is free.
BESIDE = ("layout_unseen.txt", "30-depth")
# Classes named in the report.
SHOWN = ("wall", "door", "window", "objects")


def pairs(data):
    """(name, cloud, layout) of every scene."""
    found = [(p.parent.name, p, p.parent / "layout.txt") for p in sorted(data.glob("*/cloud.ply"))]
    found += [(p.stem, p, data / "layout" / f"{p.stem}.txt") for p in sorted(data.glob("pcd/*.ply"))]
    return [scene for scene in found if scene[2].is_file()]


def is_held_out(name):
    return int(hashlib.sha256(name.encode()).hexdigest(), 16) % HELD_OUT == 0


def link(scenes, folder):
    """A folder with links to the scenes."""
    shutil.rmtree(folder, ignore_errors=True)
    for name, cloud, layout in scenes:
        (folder / name).mkdir(parents=True)
        (folder / name / "cloud.ply").symlink_to(cloud.resolve())
        (folder / name / "layout.txt").symlink_to(layout.resolve())
        for kept in BESIDE:
            if (cloud.parent / kept).exists() and cloud.name == "cloud.ply":
                (folder / name / kept).symlink_to((cloud.parent / kept).resolve())


def run(binary, *args):
    """The program's standard output."""
    done = subprocess.run([binary, *map(str, args)], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"`{binary} {' '.join(map(str, args))}` failed:\n{done.stderr}")
    return done.stdout


def shipped_network(path):
    """The network with the weights of an exported file."""
    net = folded(LayoutNet())
    net.load_state_dict(widened(read_weights(path), net))
    return net.to(memory_format=torch.channels_last)


def train(net, shards, minutes, seed):
    """The averaged network after so many minutes; steps and mean losses of the first and last tenth."""
    torch.manual_seed(seed)
    average = Average(net, shipped_network(SHIPPED), HALF_LIFE_STEPS)
    optimizer = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=1e-3)
    batches = iter(DataLoader(Stream(shards, BATCH, seed), batch_size=None, num_workers=1, prefetch_factor=4))
    begun, step, history = time.time(), 0, []
    net.train()
    while (done := (time.time() - begun) / (60.0 * minutes)) < 1.0:
        for group in optimizer.param_groups:
            group["lr"] = rate(done, RATE, WARM, FIRST)
        pillars, target = next(batches)
        with convolving():
            out = net(as_input(pillars))
        loss = sum(losses(out, target).values())
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        if torch.isfinite(torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)):
            optimizer.step()
            average.update(net, step)
        step, history = step + 1, history + [float(loss.detach())]
        if step % 25 == 0:
            print(f"step {step}, {100 * done:.0f} %, loss {np.mean(history[-25:]):.3f}", flush=True)
    if step == 0:
        sys.exit(f"no step was made in {minutes} minutes: give more with --minutes")
    tenth = max(step // 10, 1)
    return average.net, step, float(np.mean(history[:tenth])), float(np.mean(history[-tenth:]))


def manifest(name, file):
    """The shipped entry under another id, for the new file."""
    text = (REPOSITORY / "models" / "manifest.toml").read_text()
    entry = next(e for e in text.split("[[model]]")[1:] if f'file = "{FILE}"' in e)
    old = next(line for line in entry.splitlines() if line.startswith("sha256"))
    size = next(line for line in entry.splitlines() if line.startswith("size_bytes"))
    identity = next(line for line in entry.splitlines() if line.startswith("id ="))
    data = file.read_bytes()
    entry = entry.replace(identity, f'id = "{name}"').replace(f'file = "{FILE}"', f'file = "{file.name}"')
    entry = entry.replace(old, f'sha256 = "{hashlib.sha256(data).hexdigest()}"')
    return "[[model]]" + entry.replace(size, f"size_bytes = {len(data)}").rstrip() + "\n"


def figures(binary, scenes, pictures, *model):
    found = json.loads(run(binary, "eval", "detectors", "network", "--scans", scenes, "--pictures", pictures, *model))
    return found["detectors"][0]["classes"]


def table(before, after):
    """Markdown rows of the classes that occur."""
    cell = lambda row, key: "" if not row or row.get(key) is None else f"{row[key]:.3f}"
    lines = ["| class | true ones | F1@0.25 before | after | F1@0.5 before | after |", "|---|---|---|---|---|---|"]
    for name in [*SHOWN, *sorted(set(before) - set(SHOWN))]:
        if before.get(name, {}).get("truth"):
            old, new = before[name], after.get(name, {})
            lines.append(f"| {name} | {old['truth']} | {cell(old, 'f1_25')} | {cell(new, 'f1_25')} | "
                         f"{cell(old, 'f1_50')} | {cell(new, 'f1_50')} |")
    return "\n".join(lines)


def pictures(names):
    """Markdown rows with the plans of the scenes that were kept aside."""
    lines = ["| scene | before | after | labels |", "|---|---|---|---|"]
    for name in names:
        shown = [f"before/{name}_network", f"after/{name}_network", f"after/{name}_truth"]
        lines.append(" | ".join([f"| {name}", *(f"![](pictures/{path}.png)" for path in shown)]) + " |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description="Fine-tunes the layout network on labelled scenes")
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--binary", default=str(REPOSITORY / "target" / "release" / "roomwright"))
    parser.add_argument("--classes", type=Path, help="table `class,target` from your classes to the layout language's")
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--name", default="roomwright_layout_finetuned")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    scenes = pairs(args.data)
    kept, used = [s for s in scenes if is_held_out(s[0])], [s for s in scenes if not is_held_out(s[0])]
    if not kept or not used:
        sys.exit(f"{len(scenes)} labelled scenes, {len(kept)} of them kept aside: both sides need one; add scenes: {args.data}")
    begun = time.time()
    link(kept, args.out / "kept")
    link(used, args.out / "used")
    before = figures(args.binary, args.out / "kept", args.out / "pictures" / "before")
    shards = args.out / "shards"
    shutil.rmtree(shards, ignore_errors=True)
    tiles = TILES_A_SCENE * len(used)
    classes = ["--classes", args.classes] if args.classes else []
    made = json.loads(run(args.binary, "synth", "dataset", "-o", shards / "own", "--scans", args.out / "used", "--tiles", tiles,
                          "--seed", args.seed, "--set", f"shard={min(tiles, 256)}", *classes))
    run(args.binary, "synth", "dataset", "-o", shards / "drawn", "--seed", DRAWN_SEED, "--tiles", tiles, "--set",
        f"shard={min(tiles, 256)}", "--set", "perfect_share=0.2")
    net, steps, first, last = train(shipped_network(SHIPPED), shards, args.minutes, args.seed)
    model = args.out / "model"
    model.mkdir(parents=True, exist_ok=True)
    write(net, model / f"{args.name}.onnx")
    (model / MANIFEST).write_text(manifest(args.name, model / f"{args.name}.onnx"))
    after = figures(args.binary, args.out / "kept", args.out / "pictures" / "after", "--models", model, "--set", f"network.model={args.name}")
    report = (f"# Fine-tuning of {len(used)} scenes, measured on {len(kept)} kept aside\n\n"
              f"{steps} steps of {BATCH} tiles in {args.minutes:g} minutes, loss {first:.2f} to {last:.2f}; "
              f"{(time.time() - begun) / 60:.1f} minutes in all. Seed {args.seed}.\n"
              f"Boxes left out, by class: {made['unknown_classes'] or 'none'}.\n\n{table(before, after)}\n\n"
              f"Use it: `--models {model} --set layout.network.model={args.name}`. Confidences are calibrated on drawn "
              f"houses (see `calibrate.py` to do it on yours).\n\n{pictures([name for name, *_ in kept])}\n")
    (args.out / "report.md").write_text(report)
    print(report)


if __name__ == "__main__":
    main()
