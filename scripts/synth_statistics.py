"""Distributions of many synthetic houses beside the reference tables.

What: class frequency per room kind, object sizes, room areas, ceiling heights, wall lengths and opening
widths of a folder of houses made by `roomwright synth house`, plotted beside `procthor_statistics.json`
(see `synth_tables.py`), and the largest deviations printed.
Why: a detector trained on the synthetic flats inherits their frequencies.
In: FOLDER with one sub-folder a house (`layout.txt`, `draft.json`, `scene.json` for the room kinds; when
a `meta.json` names them it goes first, because the kinds of `scene.json` are guessed from the furniture),
REFERENCE.json. Out: a PNG; a table on standard output.

usage: synth_statistics.py FOLDER REFERENCE.json -o STATISTICS.png [--worst 25]
"""
import argparse
import collections
import json
import pathlib

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from shapely.geometry import Point, Polygon

QUANTILES = (0.1, 0.5, 0.9)
AXES = ("width", "depth", "height")
# `scene.json` has its own word for it.
ROOM_ALIAS = {"study": "office"}
# Classes of one kind whose borders differ between the two sides are compared together.
MERGED = {"dining_chair": "chair", "armchair": "chair"}
# The 59 classes of the layout language (`src/scene/classes.rs`).
CLASSES = (
    "sofa chair dining_chair bar_chair stool bed pillow wardrobe nightstand tv_cabinet wine_cabinet "
    "bathroom_cabinet shoe_cabinet entrance_cabinet decorative_cabinet washing_cabinet wall_cabinet sideboard "
    "cupboard coffee_table dining_table side_table dressing_table desk integrated_stove gas_stove range_hood "
    "micro-wave_oven sink stove refrigerator hand_sink shower shower_room toilet tub illumination chandelier "
    "floor-standing_lamp wall_decoration painting curtain carpet plants potted_bonsai tv computer "
    "air_conditioner washing_machine clothes_rack mirror bookcase cushion bar screen combination_sofa "
    "dining_table_combination leisure_table_and_chair_combination multifunctional_combination_bed"
).split()
# A median further off than this factor is worth a look.
SIZE_FACTOR = 1.35
# Counts per room closer than this are the same.
COUNT_SLACK = 0.25


def merged(name):
    return MERGED.get(name, name)


class Houses:
    """What is collected from the folder."""

    def __init__(self):
        self.areas = collections.defaultdict(list)
        self.counts = collections.defaultdict(collections.Counter)
        self.sizes = collections.defaultdict(list)
        self.widths = collections.defaultdict(list)
        self.walls, self.ceilings, self.rooms_per_house = [], [], []

    def add(self, folder):
        draft = json.loads((folder / "draft.json").read_text())
        polygons = [Polygon(room["polygon"]) for room in draft["rooms"]]
        kinds = room_kinds(folder, polygons, draft["rooms"])
        self.rooms_per_house.append(len(polygons))
        for kind, polygon, room in zip(kinds, polygons, draft["rooms"]):
            self.areas[kind].append(polygon.area)
            corners = np.array(polygon.simplify(0.02).exterior.coords)
            self.walls += np.linalg.norm(np.diff(corners, axis=0), axis=1).tolist()
            self.ceilings.append(room["ceiling_z"])
        for opening in draft["openings"]:
            self.widths[opening["kind"].lower()].append(opening["width"])
        for thing in draft["objects"]:
            point = Point(thing["center"][:2])
            nearest = min(range(len(polygons)), key=lambda k: polygons[k].distance(point))
            self.counts[kinds[nearest]][thing["class"]] += 1
            self.sizes[thing["class"]].append(thing["size"])

    def per_room(self, kind, name):
        return self.counts[kind][name] / max(len(self.areas[kind]), 1)


def room_kinds(folder, polygons, rooms):
    """Kind of each draft room: named in the draft, in meta.json, or guessed in scene.json."""
    if all("kind" in room for room in rooms):
        return [room["kind"] for room in rooms]
    if (folder / "meta.json").exists():
        meta = json.loads((folder / "meta.json").read_text())["rooms"]
        return [room["type"] for room in meta]
    if not (folder / "scene.json").exists():
        return ["unknown"] * len(polygons)
    scene = [(ROOM_ALIAS.get(room["kind"], room["kind"]), Polygon(room["polygon"]))
             for room in json.loads((folder / "scene.json").read_text())["rooms"]]
    return [max(scene, key=lambda entry: entry[1].intersection(polygon).area)[0] for polygon in polygons]


def read_houses(folder):
    houses = Houses()
    for house in sorted(path for path in folder.iterdir() if (path / "draft.json").exists()):
        houses.add(house)
    return houses


def merged_counts(counts):
    total = collections.Counter()
    for name, value in counts.items():
        total[merged(name)] += value
    return total


def vocabulary(reference):
    """Classes that the reference can have at all; it knows no curtains or ceiling lamps."""
    return {merged(name) for counts in reference["objects_per_room"].values() for name in counts}


def count_deviations(houses, reference):
    """(badness, text) of mean objects per room that differ."""
    known = vocabulary(reference)
    for kind, theirs in reference["objects_per_room"].items():
        rooms = len(houses.areas[kind])
        if not rooms:
            yield 9.0, f"rooms      {kind}: none generated"
            continue
        ours = merged_counts({name: n / rooms for name, n in houses.counts[kind].items()})
        theirs = merged_counts(theirs)
        for name in sorted((set(ours) | set(theirs)) & known):
            a, b = ours[name], theirs[name]
            if abs(a - b) > COUNT_SLACK:
                badness = abs(np.log((a + 0.1) / (b + 0.1)))
                yield badness, f"count      {kind:12} {name:20} ours {a:5.2f} a room, reference {b:5.2f}"


def size_deviations(houses, reference):
    for name, theirs in reference["object_sizes_m"].items():
        sizes = np.array(houses.sizes.get(name, []))
        if len(sizes) == 0:
            if name not in MERGED:
                yield 2.0, f"class      {name}: never generated (reference has {theirs['samples']})"
            continue
        for k, axis in enumerate(AXES):
            low, middle, high = np.quantile(sizes[:, k], QUANTILES)
            ratio = middle / theirs[axis][1]
            if max(ratio, 1 / ratio) > SIZE_FACTOR:
                text = ", ".join(f"{v:.2f}" for v in theirs[axis])
                yield abs(np.log(ratio)), (
                    f"size       {name:20} {axis:6} ours {low:.2f}, {middle:.2f}, {high:.2f}; reference {text}"
                )


def spread_deviations(houses, reference):
    pairs = [(f"area {kind}", houses.areas[kind], entry["quantiles"])
             for kind, entry in reference["room_area_m2"].items()]
    pairs += [(f"width {kind}", houses.widths[kind], entry) for kind, entry in reference["opening_width_m"].items()]
    pairs.append(("wall length", houses.walls, reference["wall_length_m"]))
    for name, values, theirs in pairs:
        if len(values) == 0:
            continue
        ours = np.quantile(values, QUANTILES)
        badness = np.abs(np.log(ours / np.array(theirs))).max()
        if badness > np.log(SIZE_FACTOR):
            shown = [", ".join(f"{v:.2f}" for v in side) for side in (ours, theirs)]
            yield badness, f"quantiles  {name:20} ours {shown[0]}; reference {shown[1]}"


def histogram(axes, values, bins, title, reference=None):
    if len(values):
        axes.hist(values, bins=bins, color="#4393c3", density=True)
    if reference:
        for value, style in zip(reference, (":", "-", ":")):
            axes.axvline(value, color="#d6604d", ls=style)
    axes.set_title(title, fontsize=8)
    axes.tick_params(labelsize=6)


def plot_frequency(axes, houses, reference, kind):
    rooms = max(len(houses.areas[kind]), 1)
    ours = merged_counts({name: n / rooms for name, n in houses.counts[kind].items()})
    theirs = merged_counts(reference["objects_per_room"].get(kind, {}))
    names = sorted(set(ours) | set(theirs), key=lambda name: -max(ours[name], theirs[name]))[:24]
    at = np.arange(len(names))
    axes.barh(at + 0.2, [ours[name] for name in names], 0.4, color="#4393c3", label="ours")
    axes.barh(at - 0.2, [theirs[name] for name in names], 0.4, color="#d6604d", label="reference")
    axes.set_yticks(at, names, fontsize=5)
    axes.invert_yaxis()
    axes.legend(fontsize=5)
    axes.set_title(f"objects a room: {kind} ({len(houses.areas[kind])})", fontsize=8)


def plot_sizes(axes, houses, reference, axis):
    names = sorted(houses.sizes)
    for y, name in enumerate(names):
        low, middle, high = np.quantile(np.array(houses.sizes[name])[:, AXES.index(axis)], QUANTILES)
        axes.plot([low, high], [y + 0.15] * 2, color="#4393c3")
        axes.plot(middle, y + 0.15, ".", color="#4393c3", ms=4)
        theirs = reference["object_sizes_m"].get(name, {}).get(axis)
        if theirs:
            axes.plot(theirs[::2], [y - 0.15] * 2, color="#d6604d")
            axes.plot(theirs[1], y - 0.15, ".", color="#d6604d", ms=4)
    axes.set_yticks(range(len(names)), names, fontsize=4.5)
    axes.set_title(f"{axis}, metres: 10, 50, 90 %", fontsize=8)


def plot(houses, reference, path):
    figure, grid = plt.subplots(4, 5, figsize=(22, 20))
    kinds = ("living_room", "kitchen", "bedroom", "bathroom", "hallway", "office")
    for axes, kind in zip(grid[0], kinds[:5]):
        areas = reference["room_area_m2"].get(kind, {}).get("quantiles")
        histogram(axes, houses.areas[kind], 25, f"area of {kind}, m2", areas)
    for axes, kind in zip(grid[1], kinds[:4]):
        plot_frequency(axes, houses, reference, kind)
    histogram(grid[1][4], houses.areas["office"], 25, "area of office, m2")
    for axes, axis in zip(grid[2], AXES):
        plot_sizes(axes, houses, reference, axis)
    for axes, kind in zip(grid[2][3:], kinds[4:]):
        plot_frequency(axes, houses, reference, kind)
    histogram(grid[3][0], houses.ceilings, 30, "ceiling, metres (reference: redrawn, 2.3-3.0)")
    histogram(grid[3][1], houses.walls, 40, "wall length, metres", reference["wall_length_m"])
    for axes, kind in zip(grid[3][2:], ("door", "window")):
        histogram(axes, houses.widths[kind], 40, f"{kind} width, metres", reference["opening_width_m"][kind])
    histogram(grid[3][4], houses.rooms_per_house, np.arange(0.5, 8), "rooms a house")
    figure.tight_layout()
    figure.savefig(path, dpi=110)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("reference", type=pathlib.Path)
    parser.add_argument("-o", "--output", type=pathlib.Path, required=True)
    parser.add_argument("--worst", type=int, default=25)
    options = parser.parse_args()
    reference = json.loads(options.reference.read_text())
    houses = read_houses(options.folder)
    plot(houses, reference, options.output)
    print(f"{len(houses.rooms_per_house)} houses; rooms:", {k: len(v) for k, v in sorted(houses.areas.items())})
    unknown = sorted(set(houses.sizes) - vocabulary(reference) - set(MERGED))
    print("classes that the reference has no word for:", ", ".join(unknown))
    print("classes never generated:", ", ".join(sorted(set(CLASSES) - set(houses.sizes))))
    print("openings:", {k: len(v) for k, v in houses.widths.items()})
    print("ceiling 0, 10, 50, 90, 100 %:", np.quantile(houses.ceilings, (0, 0.1, 0.5, 0.9, 1)).round(2))
    found = [*count_deviations(houses, reference), *size_deviations(houses, reference),
             *spread_deviations(houses, reference)]
    for badness, text in sorted(found, reverse=True)[: options.worst]:
        print(f"{badness:4.2f}  {text}")


if __name__ == "__main__":
    main()
