"""Labels a list of clips on a Ray cluster: every actor owns a `roomwright worker`, Ray Data does the rest.

    python label.py --list clips.jsonl -o /shared/labels --workers 100

The list (.jsonl, .csv or .parquet) has the columns `id` and `input`; `input` and the output folder must mean the
same on every node (a shared file system, or s3:// for the clips). What is done is kept in Ray Data's checkpoint by
id: the same call goes on where an earlier one ended. Items that met temporary faults are not kept there, so that
the next call tries them again. Rows go to `index-ray.jsonl`, which `roomwright batch` on the same folder reads.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import threading
import time

import ray
from ray.data.checkpoint import CheckpointConfig

READERS = {".jsonl": "read_json", ".csv": "read_csv", ".parquet": "read_parquet"}


class Labeller:
    """An actor with a worker process: one item at a time, models loaded once, a crash costs one item."""

    def __init__(self, settings):
        self.settings = settings
        self.lock = threading.Lock()
        self.worker = None
        self.late = False

    def start(self):
        command = [self.settings["program"], "worker", "--threads", str(self.settings["threads"])]
        # The worker ends with this actor: nobody writes on when Ray gives the item to another one.
        command += ["--parent", str(os.getpid()), "--memory", str(self.settings["memory_mib"])]
        self.worker = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def end_late(self):
        self.late = True
        self.worker.kill()

    def ask(self, job):
        """The worker's row, or what its silence means."""
        if self.worker is None or self.worker.poll() is not None:
            self.start()
        self.late, started = False, time.monotonic()
        timer = threading.Timer(self.settings["item_seconds"], self.end_late)
        timer.start()
        try:
            self.worker.stdin.write(json.dumps(job) + "\n")
            self.worker.stdin.flush()
            answer = self.worker.stdout.readline()
        except BrokenPipeError:
            answer = ""
        finally:
            timer.cancel()
        if answer:
            return json.loads(answer)
        self.worker.kill()
        code = self.worker.wait()
        cause = "timed-out" if self.late else "crashed"
        message = f"{cause}: the worker ended with {code} after {time.monotonic() - started:.0f} s"
        return {"id": job["id"], "input": job["input"], "status": "failed", "code": 10, "cause": cause,
                "message": message, "finished_unix_s": time.time()}

    def __call__(self, item):
        output = pathlib.Path(self.settings["output"])
        job = {"id": item["id"], "input": item["input"], "output": str(output / "items" / item["id"]),
               "rejected": str(output / "rejected" / item["id"]), "min_score": self.settings["min_score"],
               "models": self.settings["models"], "options": self.settings["options"]}
        with self.lock:
            row = self.ask(job)
        if row.get("folder"):
            row["folder"] = os.path.relpath(row["folder"], output)
        return {"id": row["id"], "status": row["status"], "row": json.dumps(row)}


def merged(output):
    """Writes the rows of this and earlier calls to one index; of several rows of an item the latest counts."""
    rows = {}
    for path in sorted((output / "ray-rows").glob("*.json")):
        for line in path.read_text().splitlines():
            row = json.loads(json.loads(line)["row"])
            if rows.get(row["id"], row)["finished_unix_s"] <= row["finished_unix_s"]:
                rows[row["id"]] = row
    part = output / "index-ray.jsonl.tmp"
    part.write_text("".join(json.dumps(rows[key]) + "\n" for key in sorted(rows)))
    part.rename(output / "index-ray.jsonl")
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", type=pathlib.Path, required=True, help="clips: columns id and input")
    parser.add_argument("-o", "--output", type=pathlib.Path, required=True, help="folder that all nodes share")
    parser.add_argument("--workers", type=int, required=True, help="actors, each with a worker process")
    parser.add_argument("--threads", type=int, default=1, help="cores of each")
    parser.add_argument("--program", default="roomwright", help="the program on every node")
    parser.add_argument("--options", type=json.loads, default={}, help="options by group, as JSON")
    parser.add_argument("--models", action="append", default=[], help="folder with model files")
    parser.add_argument("--min-score", type=float, help="poorer results go to rejected/")
    parser.add_argument("--item-seconds", type=float, default=3600.0, help="longest time for one item")
    parser.add_argument("--item-memory", dest="memory_mib", type=int, default=2048, help="memory of a worker, MiB")
    parser.add_argument("--address", help="of a running cluster; a local one without it")
    args = parser.parse_args()
    settings = {name: value for name, value in vars(args).items() if name not in ("list", "workers", "address")}
    settings["output"] = str(args.output.resolve())

    # One core more than the actors take, for the tasks that read the list and write the rows.
    ray.init(address=args.address, num_cpus=None if args.address else args.workers * args.threads + 1)
    context = ray.data.DataContext.get_current()
    context.checkpoint_config = CheckpointConfig(
        "id", f"{settings['output']}/ray-checkpoint", delete_checkpoint_on_success=False
    )
    clips = getattr(ray.data, READERS[args.list.suffix])(str(args.list.resolve()))
    rows = clips.repartition(target_num_rows_per_block=1).map(
        Labeller,
        fn_constructor_args=(settings,),
        compute=ray.data.ActorPoolStrategy(size=args.workers),
        num_cpus=args.threads,
    )
    # What is not written is not in the checkpoint, so temporary faults are tried again by the next call.
    rows.filter(lambda row: row["status"] != "temporary").write_json(f"{settings['output']}/ray-rows")
    index = merged(args.output)
    failed = sum(row["status"] == "failed" for row in index.values())
    print(f"{len(index)} items in {args.output / 'index-ray.jsonl'}, {failed} of them failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
