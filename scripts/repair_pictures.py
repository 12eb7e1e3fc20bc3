"""Draws repaired drafts beside their truth: truth, draft and scene from above, one row a house.

Usage: python scripts/repair_pictures.py FOLDER PICTURE.png [SEED...]
FOLDER is what `ROOMWRIGHT_TEST_KEEP=FOLDER cargo test --release --test main -- physics::figures` wrote.
Objects: blue on the floor, green on others, orange on walls, purple from the ceiling; red in the draft
what was left out, with the outline of the truth in grey behind. Walls that were inferred are dashed red.
Packages (PyPI): matplotlib numpy
"""
import json
import math
import pathlib
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
from matplotlib.patches import Polygon  # noqa: E402

COLOURS = {"floor": "tab:blue", "object": "tab:green", "wall": "tab:orange", "ceiling": "tab:purple"}
SAME_BOX_M = 2.0


def rectangle(center, half, yaw):
    c, s = math.cos(yaw), math.sin(yaw)
    return [(center[0] + c * u - s * v, center[1] + s * u + c * v) for u, v in ((-half[0], -half[1]), (half[0], -half[1]), (half[0], half[1]), (-half[0], half[1]))]


def draw_walls(axes, walls, openings, wall_of, **style):
    for wall in walls:
        (ax, ay), (bx, by) = wall["a"], wall["b"]
        length, yaw = math.hypot(bx - ax, by - ay), math.atan2(by - ay, bx - ax)
        inferred = wall.get("evidence", wall).get("source") == "inferred"
        shape = rectangle(((ax + bx) / 2, (ay + by) / 2), (length / 2, wall["thickness"] / 2), yaw)
        look = {"edgecolor": "red", "facecolor": "none", "linestyle": "--"} if inferred else style
        axes.add_patch(Polygon(shape, **look))
    for opening in openings:
        wall = wall_of(opening)
        yaw = math.atan2(wall["b"][1] - wall["a"][1], wall["b"][0] - wall["a"][0])
        shape = rectangle(opening["center"], (opening["width"] / 2, wall["thickness"] / 2), yaw)
        axes.add_patch(Polygon(shape, facecolor="white" if opening["kind"] == "door" else "lightcyan", edgecolor="black", linewidth=0.4))


def draw_boxes(axes, objects, colour):
    for index, thing in enumerate(objects):
        shape = rectangle(thing["center"], (thing["size"][0] / 2, thing["size"][1] / 2), thing["yaw"])
        axes.add_patch(Polygon(shape, facecolor=colour(index, thing), edgecolor=colour(index, thing), alpha=0.35))
        axes.text(thing["center"][0], thing["center"][1], thing["class"][:9], fontsize=3, ha="center", va="center")


def removed(draft, scene):
    near = sorted(
        (math.dist(before["center"], after["center"]), i, j)
        for i, before in enumerate(draft["objects"])
        for j, after in enumerate(scene["objects"])
        if before["class"] == after["class"] and math.dist(before["center"], after["center"]) <= SAME_BOX_M
    )
    used, taken = set(), set()
    for _, i, j in near:
        if i not in used and j not in taken:
            used.add(i)
            taken.add(j)
    return set(range(len(draft["objects"]))) - used


def main():
    folder, picture, seeds = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3:]
    houses = [folder / seed for seed in seeds] or sorted(folder.iterdir())
    figure, grid = plt.subplots(len(houses), 3, figsize=(15, 5 * len(houses)), dpi=120, squeeze=False)
    for house, row in zip(houses, grid):
        truth, draft, scene = (json.loads((house / name).read_text()) for name in ("truth.json", "draft.json", "scene.json"))
        by_index = lambda of: lambda opening: of["walls"][opening["wall_idx"]]  # noqa: E731
        by_id = {wall["id"]: wall for wall in scene["walls"]}
        gone, real = removed(draft, scene), len(truth["objects"])
        solid = {"facecolor": "dimgrey", "edgecolor": "black", "linewidth": 0.4}
        draw_walls(row[0], truth["walls"], truth["openings"], by_index(truth), **solid)
        draw_boxes(row[0], truth["objects"], lambda *_: "tab:blue")
        draw_walls(row[1], draft["walls"], draft["openings"], by_index(draft), **solid)
        draw_boxes(row[1], draft["objects"], lambda i, _: "red" if i in gone else "black" if i >= real else "tab:blue")
        draw_walls(row[2], scene["walls"], scene["openings"], lambda opening: by_id[opening["wall"]], **solid)
        draw_boxes(row[2], scene["objects"], lambda _, thing: COLOURS[thing["support"]["on"]])
        open_rooms = sum(None in room["walls"] for room in scene["rooms"])
        titles = ("truth", f"draft: {len(gone)} left out (red), false boxes black", f"scene: {len(scene['rooms'])} rooms of {len(truth['rooms'])}, {open_rooms} open")
        for axes, title in zip(row, titles):
            axes.set_title(f"{house.name} {title}", fontsize=8)
            axes.set_aspect("equal")
            axes.autoscale_view()
    figure.tight_layout()
    figure.savefig(picture)


if __name__ == "__main__":
    main()
