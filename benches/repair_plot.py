"""Draws how long the repair takes over the number of objects, and fits its growth.

Usage: cargo bench --bench stages -- repair | python benches/repair_plot.py PICTURE.png
Reads the bench's JSON lines, writes the picture, prints the exponent of the fit t = c * n^k.
Packages (PyPI): matplotlib numpy
"""
import json
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402

# Smaller drafts are timed by what does not grow: thread start, the stability check's set-up.
FIT_FROM_OBJECTS = 30


def main():
    rows = [json.loads(line) for line in sys.stdin if line.startswith("{")]
    growth = [row for row in rows if row["stage"] == "repair"]
    rooms = [row for row in rows if row["stage"] == "repair-twelve-rooms"]
    if len(growth) < 3:
        sys.exit("no `repair` lines on the standard input; run: cargo bench --bench stages -- repair")
    objects = np.array([row["objects"] for row in growth], float)
    seconds = np.array([row["seconds"] for row in growth])
    fitted = objects >= FIT_FROM_OBJECTS
    exponent, offset = np.polyfit(np.log(objects[fitted]), np.log(seconds[fitted]), 1)
    figure, axes = plt.subplots(figsize=(6, 4), dpi=110)
    axes.loglog(objects, seconds, "o-", label="furnished houses with noise")
    axes.loglog(objects, np.exp(offset) * objects**exponent, "--", color="grey", label=f"fit: n^{exponent:.2f}")
    for row in rooms:
        axes.loglog(row["objects"], row["seconds"], "s", color="tab:red", label=f"{row['rooms']} rooms, {row['objects']} objects: {row['seconds']:.2f} s")
    axes.axhline(1.0, color="tab:red", linewidth=0.8, linestyle=":")
    axes.set(xlabel="objects in the draft", ylabel="seconds, fastest of five", title=f"Repair on {growth[0]['threads']} threads")
    axes.grid(True, which="both", alpha=0.3)
    axes.legend(loc="upper left", fontsize=8)
    figure.tight_layout()
    figure.savefig(sys.argv[1])
    print(json.dumps({"exponent": round(float(exponent), 3), "objects": objects.tolist(), "seconds": seconds.tolist(), "twelve_rooms": rooms}))


if __name__ == "__main__":
    main()
