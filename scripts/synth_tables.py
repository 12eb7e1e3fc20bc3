"""Statistics of the ProcTHOR houses that the synthetic flats are compared with.

What: room areas, objects per room, object sizes and opening widths of the house plans in a
`procthor` folder, mapped to the classes of the layout language.
Why: the generator of `roomwright synth` should draw flats whose frequencies and sizes are plausible;
this is the table beside which `synth_statistics.py` plots them.
In: a folder with `*.jsonl.gz` (one house a line) and `asset-database.json` (metric boxes).
Out: one small JSON file, keys sorted, rounded; statistics only, no plan or asset is copied.

usage: synth_tables.py PROCTHOR_FOLDER OUTPUT.json [--median-room-m2 12]

ProcTHOR's rooms are too large (median near 25 m2), so areas and wall lengths are scaled such that the
median room has --median-room-m2: 12 m2 is the size of an ordinary bedroom or kitchen of a flat. Objects
and openings are metric assets and stay as they are; so do counts per room, which are therefore somewhat
high for the smaller rooms. Wall heights are not used (mean 3.35 m).
"""
import argparse
import collections
import gzip
import json
import math
import pathlib

import numpy as np
from shapely.geometry import Point, Polygon

# Classes of AI2-THOR in the layout language; where it depends on the place, see `class_of`.
CLASS_OF_TYPE = {
    "ArmChair": "armchair",
    "Bed": "bed",
    "Chair": "chair",
    "ClothesDryer": "washing_machine",
    "CoffeeTable": "coffee_table",
    "CounterTop": "cupboard",
    "Desk": "desk",
    "Desktop": "computer",
    "DiningTable": "dining_table",
    "Dresser": "sideboard",
    "FloorLamp": "floor-standing_lamp",
    "Footstool": "stool",
    "Fridge": "refrigerator",
    "Laptop": "computer",
    "Microwave": "micro-wave_oven",
    "Ottoman": "stool",
    "Painting": "painting",
    "Pillow": "pillow",
    "ShelvingUnit": "bookcase",
    "SideTable": "side_table",
    "Sofa": "sofa",
    "Stool": "stool",
    "TVStand": "tv_cabinet",
    "Television": "tv",
    "Toilet": "toilet",
    "WashingMachine": "washing_machine",
}
QUANTILES = (0.1, 0.5, 0.9)
# Fewer samples give no quantiles worth comparing with.
MIN_SAMPLES = 10
ORIGIN = (
    "Statistics only, from ProcTHOR house plans (Deitke et al. 2022; generator licensed "
    "Apache-2.0) and the metric boxes of its asset database; no plan, mesh or texture is included."
)


def read_houses(folder):
    for path in sorted(folder.glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as file:
            for line in file:
                yield json.loads(line)


def read_assets(folder):
    database = json.loads((folder / "asset-database.json").read_text(encoding="utf-8"))
    return {asset["assetId"]: asset for assets in database.values() for asset in assets}


def all_objects(objects, depth=0):
    """Objects with their nesting: children stand on or in their parent."""
    for thing in objects:
        yield thing, depth
        yield from all_objects(thing.get("children", []), depth + 1)


def class_of(asset, room_type, depth):
    """Class of the layout language, or None for what it has no word for (mugs, books, ...)."""
    kind = asset["objectType"]
    if kind == "HousePlant":
        return "potted_bonsai" if depth else "plants"
    if kind == "Sink":
        return "hand_sink" if room_type == "bathroom" else "sink"
    if kind == "SideTable" and room_type == "bedroom":
        return "nightstand"
    return CLASS_OF_TYPE.get(kind)


def polygon_of(room):
    return Polygon([(corner["x"], corner["z"]) for corner in room["floorPolygon"]])


def snake(name):
    return "".join("_" + c.lower() if c.isupper() else c for c in name).lstrip("_")


def hole_width(opening):
    low, high = opening["holePolygon"]
    return abs(high["x"] - low["x"])


def edge_lengths(polygon):
    corners = np.array(polygon.exterior.coords)
    return np.linalg.norm(np.diff(corners, axis=0), axis=1).tolist()


class Tally:
    """What is collected over all houses."""

    def __init__(self):
        self.areas = collections.defaultdict(list)
        self.walls = []
        self.counts = collections.defaultdict(collections.Counter)
        self.sizes = collections.defaultdict(list)
        self.widths = collections.defaultdict(list)
        self.windows_per_room = collections.Counter()
        self.houses = self.unknown_assets = 0

    def add(self, house, assets):
        self.houses += 1
        rooms = [(snake(room["roomType"]), polygon_of(room)) for room in house["rooms"]]
        for kind, polygon in rooms:
            self.areas[kind].append(polygon.area)
            self.walls += edge_lengths(polygon)
        for thing, depth in all_objects(house["objects"]):
            self.add_object(thing, depth, rooms, assets)
        self.widths["door"] += [hole_width(door) for door in house["doors"]]
        self.widths["window"] += [hole_width(window) for window in house["windows"]]
        kinds = {room["id"]: snake(room["roomType"]) for room in house["rooms"]}
        self.windows_per_room.update(kinds.get(window["room0"], "?") for window in house["windows"])

    def add_object(self, thing, depth, rooms, assets):
        asset = assets.get(thing["assetId"])
        if asset is None:
            self.unknown_assets += 1
            return
        point = Point(thing["position"]["x"], thing["position"]["z"])
        kind = min(rooms, key=lambda room: room[1].distance(point))[0]
        name = class_of(asset, kind, depth)
        if name is None:
            return
        self.counts[kind][name] += 1
        box = asset["boundingBox"]
        self.sizes[name].append([box["x"], box["z"], box["y"]])


def quantiles(values):
    return [round(float(v), 3) for v in np.quantile(values, QUANTILES)]


def tables(tally, median_room_m2):
    everything = [area for areas in tally.areas.values() for area in areas]
    factor = float(np.median(everything)) / median_room_m2
    return {
        "area_divided_by": round(factor, 3),
        "houses": tally.houses,
        "object_sizes_m": {
            name: {
                axis: quantiles([size[k] for size in sizes])
                for k, axis in enumerate(("width", "depth", "height"))
            }
            | {"samples": len(sizes)}
            for name, sizes in tally.sizes.items()
            if len(sizes) >= MIN_SAMPLES
        },
        "objects_per_room": {
            kind: {name: round(n / len(tally.areas[kind]), 3) for name, n in counts.items()}
            for kind, counts in tally.counts.items()
        },
        "opening_width_m": {kind: quantiles(widths) for kind, widths in tally.widths.items()},
        "origin": ORIGIN,
        "quantiles": list(QUANTILES),
        "room_area_m2": {
            kind: {"quantiles": quantiles(np.array(areas) / factor), "rooms": len(areas)}
            for kind, areas in tally.areas.items()
        },
        "scaling": (
            f"areas divided by {factor:.3f} (lengths by {math.sqrt(factor):.3f}) so that the median "
            f"room of {np.median(everything):.1f} m2 becomes {median_room_m2:g} m2, an ordinary room "
            "of a flat; objects, openings and counts per room as they are"
        ),
        "unknown_assets": tally.unknown_assets,
        "wall_length_m": quantiles(np.array(tally.walls) / math.sqrt(factor)),
        "windows_per_room": {
            kind: round(tally.windows_per_room[kind] / len(areas), 3) for kind, areas in tally.areas.items()
        },
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument("--median-room-m2", type=float, default=12.0)
    options = parser.parse_args()
    assets, tally = read_assets(options.folder), Tally()
    for house in read_houses(options.folder):
        tally.add(house, assets)
    text = json.dumps(tables(tally, options.median_room_m2), indent=1, sort_keys=True)
    options.output.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
