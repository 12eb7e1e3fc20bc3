"""Tortures and times `roomwright batch`; prints one JSON line a part. Standard library only (Ray: its own packages).

    python benches/batch_torture.py target/release/roomwright --work DIR [--parts kill,shards,ray,overhead,workers]

`kill`: short synthetic clips, one in twenty broken, two workers, the batch killed (SIGKILL) three times at random
moments and called again. `shards`: the same as 0/3, 1/3, 2/3 into one folder. `ray`: the same by three Ray actors
(`--python` names an interpreter that has ray). The three results are compared byte by byte, clock aside.
`overhead`: one worker against a loop of `run`, in alternation, on longer clips. `workers`: two workers against one,
a thread each, in alternation.
"""

import argparse
import hashlib
import json
import os
import pathlib
import random
import resource
import shutil
import signal
import struct
import subprocess
import sys
import time
import zlib

HERE = pathlib.Path(__file__).resolve().parent.parent
# What two results may differ in: what the clock and the machine say.
CLOCK = ["timings", "seconds", "stage_seconds", "peak_memory_mib", "finished_unix_s", "input", "attempts", "limits"]
WALKS = 8
# The focal length of the short clips (68 degrees across 160 pixels): two seconds are too short to find it out.
FOCAL_PX = 118.6


def png(path, width, height, value):
    """A gray PNG; value is a function of x and y."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = b"".join(b"\0" + bytes(value(x, y) for x in range(width)) for y in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def walk(program, folder, seed, seconds, size, fps):
    if not (folder / "video.mp4").exists():
        subprocess.run(
            [program, "synth", "video", "-o", folder, "--seed", str(seed), "--seconds", str(seconds), "--fps", str(fps),
             "--images-every", "0", "--set", f"width={size[0]}", "--set", f"height={size[1]}"],
            check=True, capture_output=True)
    return (folder / "video.mp4").read_bytes()


def broken(clips, good, kind, name):
    """A broken input of one of ten kinds; its path as listed."""
    path = clips / f"{name}.mp4"
    if kind == 0:
        path.write_text("these are no pictures")
    elif kind == 1:
        path.write_bytes(b"")
    elif kind == 2:
        path.write_bytes(good[: len(good) // 3])
    elif kind == 3:
        path.write_bytes(random.Random(name).randbytes(20000))
    elif kind == 4:
        return f"{name}-is-not-there.mp4"
    elif kind == 5:
        path = clips / f"{name}.csv"
        path.write_text("a,b")
    else:
        path = clips / name
        path.mkdir(exist_ok=True)
        rng = random.Random(name)
        noise = [rng.randrange(20, 230) for _ in range(97 * 61)]
        pictures = {6: (6, lambda x, y: 2), 7: (2, lambda x, y: noise[(x // 4) * 61 + y // 4]),
                    8: (8, lambda x, y: noise[(x // 4) * 61 + y // 4]), 9: (0, None)}
        count, value = pictures[kind]
        for frame in range(count):
            png(path / f"{frame:04}.png", 160, 120, value)
    return path.name


def make_clips(program, work, count):
    """The list and the ids of broken items. Good clips differ in a box of free bytes that readers skip."""
    clips = work / "clips"
    clips.mkdir(parents=True, exist_ok=True)
    walks = [walk(program, work / f"walk{i}", 7 + i, 2, (160, 120), 10) for i in range(WALKS)]
    bad, lines = set(), []
    for i in range(count):
        name = f"clip{i:03}"
        if i % 20 == 7:
            bad.add(name)
            listed = broken(clips, walks[0], (i // 20) % 10, name)
        else:
            listed = f"{name}.mp4"
            free = struct.pack(">I", 12) + b"free" + struct.pack(">I", i)
            (clips / listed).write_bytes(walks[i % WALKS] + free)
        lines.append(json.dumps({"id": name, "input": str(clips / listed)}))
    (work / "list.jsonl").write_text("\n".join(lines) + "\n")
    return work / "list.jsonl", bad


def rows(folder):
    found = {}
    for path in sorted(folder.glob("index*.jsonl")):
        for line in path.read_text().splitlines():
            row = json.loads(line)
            if row["id"] not in found or found[row["id"]]["finished_unix_s"] <= row["finished_unix_s"]:
                found[row["id"]] = row
    return found


def identities(folder):
    return {path.parent.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in folder.glob("items/*/item.json")}


def contents(folder):
    """Digest of every file of an item; JSON with clock figures without them."""
    found = {}
    for path in sorted(folder.iterdir()):
        data = path.read_bytes()
        if path.name in ("report.json", "item.json"):
            data = json.dumps({k: v for k, v in json.loads(data).items() if k not in CLOCK}, sort_keys=True).encode()
        found[path.name] = hashlib.sha256(data).hexdigest()
    return found


def half_written(folder):
    """Item folders that are not whole: unreadable JSON, a GLB of another length than it says, a missing file."""
    wrong = []
    for item in (folder / "items").iterdir():
        try:
            json.loads((item / "scene.json").read_text()), json.loads((item / "report.json").read_text())
            json.loads((item / "item.json").read_text())
            glb = (item / "scene.glb").read_bytes()
            whole = glb[:4] == b"glTF" and struct.unpack("<I", glb[8:12])[0] == len(glb)
        except (OSError, ValueError):
            whole = False
        if not whole:
            wrong.append(item.name)
    return wrong


def differences(a, b):
    """Items whose state or bytes differ between two results."""
    one, other = rows(a), rows(b)
    state = lambda row: (row["status"], row["code"], row["cause"], row.get("key"), row.get("score"))
    wrong = sorted(one.keys() ^ other.keys())
    for name in sorted(one.keys() & other.keys()):
        same = state(one[name]) == state(other[name])
        if same and one[name]["status"] == "ok":
            same = contents(a / "items" / name) == contents(b / "items" / name)
        if not same:
            wrong.append(name)
    return wrong


def tell(part, **figures):
    print(json.dumps({"part": part, **figures}), flush=True)


def batch(args, listed, out, *more):
    return [args.program, "batch", "--list", listed, "-o", out, "--jobs", "2", "--set", f"pose.focal_px={FOCAL_PX}", *more]


def kill(args, listed, bad, count):
    out = args.work / "killed"
    rng = random.Random(args.seed)
    command = batch(args, listed, out)
    started, done, again, kills = time.monotonic(), {}, [], []
    for _ in range(3):
        wanted = rng.randrange(5, count // 4)
        process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        seen = 0
        for line in process.stderr:
            seen += '"item_finished"' in line
            if seen >= wanted:
                break
        time.sleep(rng.uniform(0, 2))
        process.send_signal(signal.SIGKILL)
        process.stderr.close()
        process.wait()
        time.sleep(0.5)
        now = identities(out)
        again += [name for name, identity in done.items() if now.get(name) != identity]
        kills.append(len(now))
        done = now
    code = subprocess.run(command, capture_output=True).returncode
    now, found = identities(out), rows(out)
    again += [name for name, identity in done.items() if now.get(name) != identity]
    good = [name for name, row in found.items() if row["status"] == "ok"]
    failed = {name: row for name, row in found.items() if row["status"] == "failed"}
    before = identities(out)
    second = subprocess.run(command, capture_output=True, text=True)
    begun_again = [json.loads(line)["id"] for line in second.stderr.splitlines() if '"item_started"' in line]
    tell("kill", items=count, seconds=round(time.monotonic() - started, 1), exit_code=code, done_at_each_kill=kills,
         good=len(good), rows=len(found), lines=len((out / "index.jsonl").read_text().splitlines()),
         done_again=again, broken=len(bad), broken_that_are_not_failed=sorted(bad - failed.keys()),
         failed_that_are_not_broken=sorted(failed.keys() - bad), without_code=[n for n, r in failed.items() if not r["code"]],
         causes=sorted({f"{row['code']} {row['cause']}" for row in failed.values()}), half_written=half_written(out),
         left_in_staging=[str(p) for p in out.glob(".batch/staging/*/*")], resume_exit_code=second.returncode,
         begun_by_another_call=begun_again, missing=[n for n, r in failed.items() if r["cause"] == "missing"],
         done_anew_by_another_call=identities(out) != before)


def shards(args, listed, _bad, _count):
    out, codes, started = args.work / "shards", [], time.monotonic()
    for shard in ("0/3", "1/3", "2/3"):
        codes.append(subprocess.run(batch(args, listed, out, "--shard", shard), capture_output=True).returncode)
    sizes = [len(path.read_text().splitlines()) for path in sorted(out.glob("index-*-of-3.jsonl"))]
    tell("shards", seconds=round(time.monotonic() - started, 1), exit_codes=codes, shard_sizes=sizes,
         differ_from_killed=differences(args.work / "killed", out))


def ray(args, listed, _bad, _count):
    out, started = args.work / "ray", time.monotonic()
    command = [args.python, HERE / "integrations/ray/label.py", "--list", listed, "-o", out, "--workers", "3",
               "--program", args.program, "--options", json.dumps({"pose": {"focal_px": FOCAL_PX}})]
    # Ray lets everything else on a busy machine go first; the parts are to be compared.
    environment = os.environ | {"RAY_worker_niceness": "0", "RAY_USAGE_STATS_ENABLED": "0"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if not out.exists() or not rows(out):
        return tell("ray", failed=done.stderr[-2000:])
    tell("ray", seconds=round(time.monotonic() - started, 1), exit_code=done.returncode,
         differ_from_killed=differences(args.work / "killed", out))


def timed(commands):
    """Wall and processor seconds of commands, their children included."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    for command in commands:
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"{command} ended with {done.returncode}: {done.stderr[-2000:]}")
    wall = time.monotonic() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def long_clips(args, count):
    clips = args.work / "long"
    clips.mkdir(parents=True, exist_ok=True)
    data = walk(args.program, args.work / "longwalk", 11, args.long_seconds, (320, 240), 24)
    paths = []
    for i in range(count):
        path = clips / f"long{i}.mp4"
        path.write_bytes(data + struct.pack(">I", 12) + b"free" + struct.pack(">I", i))
        paths.append(path)
    (clips / "list.txt").write_text("\n".join(path.name for path in paths))
    return clips / "list.txt", paths


def compared(args, first, second):
    """Times of two ways in alternation, as (wall, processor) of each round."""
    times = ([], [])
    for turn in range(args.rounds):
        for way in ((0, 1) if turn % 2 == 0 else (1, 0)):
            shutil.rmtree(args.work / "timed", ignore_errors=True)
            times[way].append(timed((first, second)[way]()))
    return times


def load():
    return pathlib.Path("/proc/loadavg").read_text().split()[0]


def overhead(args, *_):
    listed, paths = long_clips(args, args.long_clips)
    out, before = args.work / "timed", load()
    bare = lambda: [[args.program, "run", path, "-o", out / path.stem] for path in paths]
    one = lambda: [[args.program, "batch", "--list", listed, "-o", out, "--jobs", "1"]]
    times = compared(args, bare, one)
    total = lambda way, what: sum(pair[what] for pair in times[way])
    tell("overhead", clips=len(paths), rounds=times, load_before=before, load_after=load(),
         wall_ratio=round(total(1, 0) / total(0, 0), 4), processor_ratio=round(total(1, 1) / total(0, 1), 4))


def workers(args, *_):
    listed, paths = long_clips(args, args.long_clips)
    before = load()
    with_jobs = lambda jobs: [[args.program, "batch", "--list", listed, "-o", args.work / "timed", "--jobs", jobs, "--threads", "1"]]
    times = compared(args, lambda: with_jobs("1"), lambda: with_jobs("2"))
    total = lambda way, what: sum(pair[what] for pair in times[way])
    tell("workers", clips=len(paths), rounds=times, load_before=before, load_after=load(),
         speed_up=round(total(0, 0) / total(1, 0), 3), processor_ratio=round(total(1, 1) / total(0, 1), 4),
         clips_per_hour_of_two=round(3600 * len(paths) * args.rounds / total(1, 0), 1))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=lambda path: str(pathlib.Path(path).resolve()))
    parser.add_argument("--work", type=pathlib.Path, required=True, help="empty folder for clips and results")
    parser.add_argument("--parts", default="kill,shards,ray,overhead,workers")
    parser.add_argument("--items", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--python", default=sys.executable, help="interpreter with ray")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--long-clips", type=int, default=2)
    parser.add_argument("--long-seconds", type=float, default=5)
    args = parser.parse_args()
    args.work = args.work.resolve()
    args.work.mkdir(parents=True, exist_ok=True)
    short = [part for part in args.parts.split(",") if part in ("kill", "shards", "ray")]
    listed, bad = make_clips(args.program, args.work, args.items) if short else (None, None)
    for part in args.parts.split(","):
        globals()[part](args, listed, bad, args.items)


if __name__ == "__main__":
    main()
