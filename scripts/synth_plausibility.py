"""Shares of implausible things in many synthetic houses: blocked doors, turned chairs, blind TVs.

What: for every house of a folder, geometric checks that counts and sizes do not show; prints the share
of offenders per check with the first seeds, so that they can be looked at (`contact_sheet.py`).
Why: furniture of real flats stands in relations (chairs face tables, TVs face seats), which a detector
learns from the synthetic ones.
In: FOLDER with one sub-folder a house (`draft.json` of `roomwright synth house`). Out: a table on
standard output. Frame: scene frame; a box has its front towards local -y.

usage: synth_plausibility.py FOLDER [--examples 8]

Doors: a box that stands in the opening's width, up to DOOR_DEPTH_M (passing) or the door's width (full
swing) deep on either side; the side that a leaf turns to is not in the draft, so the second is an upper
bound. Rooms are floor polygons between wall faces.
"""
import argparse
import collections
import json
import pathlib

import numpy as np
from shapely.geometry import Point, Polygon

DOOR_DEPTH_M = 0.5
WINDOW_DEPTH_M = 0.5
HEAD_M = 1.9
# Flat or soft things that one steps over.
STEP_M = 0.1
SEAT_REACH_M = 0.9
FACING_RAD = np.radians(50)
TIGHT_ROOM_M = 1.1
LONG_ASPECT = 3.0
FULL_SHARE, BARE_SHARE = 0.55, 0.08
SEATS = ("chair", "dining_chair", "stool")


class Thing:
    """A box of the draft."""

    def __init__(self, entry):
        self.name, self.size = entry["class"], np.array(entry["size"])
        self.center, self.yaw = np.array(entry["center"]), entry["yaw"]
        self.side = np.array([np.cos(self.yaw), np.sin(self.yaw)])
        self.front = np.array([np.sin(self.yaw), -np.cos(self.yaw)])
        self.low, self.high = self.center[2] - self.size[2] / 2, self.center[2] + self.size[2] / 2
        self.foot = quad(self.center[:2], self.side, self.size[0] / 2, self.size[1] / 2)

    def angle_to(self, other):
        """Angle between the front and the nearest point of the other's footprint."""
        if self.foot.distance(other.foot) < 1e-9:
            return 0.0
        nearest = other.foot.exterior.interpolate(other.foot.exterior.project(Point(self.center[:2])))
        to_other = np.array(nearest.coords[0]) - self.center[:2]
        cosine = self.front @ to_other / max(np.linalg.norm(to_other), 1e-9)
        return float(np.arccos(np.clip(cosine, -1, 1)))


def quad(center, along, half_length, half_width):
    across = np.array([-along[1], along[0]])
    return Polygon([center + s * half_length * along + t * half_width * across
                    for s, t in ((-1, -1), (1, -1), (1, 1), (-1, 1))])


class House:
    """Rooms, things and openings of a draft."""

    def __init__(self, folder):
        draft = json.loads((folder / "draft.json").read_text())
        self.walls, self.openings = draft["walls"], draft["openings"]
        self.rooms = [Polygon(room["polygon"]) for room in draft["rooms"]]
        self.things = [Thing(entry) for entry in draft["objects"]]
        self.room_of = [min(range(len(self.rooms)), key=lambda k, p=Point(t.center[:2]): self.rooms[k].distance(p))
                        for t in self.things]

    def of(self, room, *names):
        return [t for t, r in zip(self.things, self.room_of) if r == room and t.name in names]

    def zone(self, opening, depth):
        """Band of the opening's width, `depth` beyond the wall's faces on both sides."""
        wall = self.walls[opening["wall_idx"]]
        along = np.array(wall["b"]) - np.array(wall["a"])
        along /= np.linalg.norm(along)
        center = np.array(opening["center"][:2])
        return quad(center, along, opening["width"] / 2 - 0.03, wall["thickness"] / 2 + depth)


def blocked(house, kind, depth_of, tag):
    """(check, offending, what) of openings with boxes before them."""
    for opening in house.openings:
        if opening["kind"].lower() != kind:
            continue
        zone = house.zone(opening, depth_of(opening))
        bottom = opening["center"][2] - opening["height"] / 2
        top = min(opening["center"][2] + opening["height"] / 2, HEAD_M if kind == "door" else 9.0)
        names = sorted({t.name for t in house.things if t.high > max(bottom, STEP_M) + 0.02 and t.low < top
                        and t.foot.intersection(zone).area > 0.005})
        yield tag, bool(names), "+".join(names)


def openings(house):
    yield from blocked(house, "door", lambda o: DOOR_DEPTH_M, f"door: box within {DOOR_DEPTH_M} m")
    yield from blocked(house, "door", lambda o: o["width"], "door: box within its width")
    yield from blocked(house, "window", lambda o: WINDOW_DEPTH_M, f"window: box within {WINDOW_DEPTH_M} m")
    doors = [house.zone(o, 0.1) for o in house.openings if o["kind"].lower() == "door"]
    windows = [house.zone(o, 0.1) for o in house.openings if o["kind"].lower() == "window"]
    yield "house without any door", not doors, ""
    for room in house.rooms:
        yield "room without door", not any(zone.intersects(room) for zone in doors), ""
        yield "room without window", not any(zone.intersects(room) for zone in windows), ""


def seats(house, room):
    tables = house.of(room, "dining_table")
    for chair in house.of(room, "dining_chair"):
        angles = [chair.angle_to(t) for t in tables if chair.foot.distance(t.foot) < SEAT_REACH_M]
        yield "dining chair without table or turned away", not angles or min(angles) > FACING_RAD, ""
    for table in tables:
        count = sum(c.foot.distance(table.foot) < SEAT_REACH_M for c in house.of(room, *SEATS))
        yield "dining table with fewer than 2 seats", count < 2, str(count)
        yield "dining table without seat", count == 0, ""
    for desk in house.of(room, "desk"):
        near = [c for c in house.of(room, *SEATS) if c.foot.distance(desk.foot) < SEAT_REACH_M]
        yield "desk without chair", not near, ""
        turned = near and all(c.angle_to(desk) > FACING_RAD for c in near)
        yield "desk chair turned away", bool(turned), ""


def screens(house, room):
    watchers = house.of(room, "sofa", "bed")
    for tv in house.of(room, "tv"):
        yield "tv in a room without sofa and bed", not watchers, ""
        if watchers:
            yield "tv turned away from sofa/bed (> 50 deg)", min(tv.angle_to(w) for w in watchers) > FACING_RAD, ""
            sofas = house.of(room, "sofa")
            if sofas:
                turned = min(s.angle_to(tv) for s in sofas) > FACING_RAD
                yield "sofa not facing the tv (> 50 deg)", turned, ""
    for cabinet in house.of(room, "tv_cabinet"):
        near = any(tv.foot.distance(cabinet.foot) < 0.3 for tv in house.of(room, "tv"))
        yield "tv cabinet without tv", not near, ""
    for sofa in house.of(room, "sofa"):
        yield "sofa in a room without tv", not house.of(room, "tv"), ""
        yield "sofa without coffee table", not house.of(room, "coffee_table"), ""


def hidden(house, room):
    """Wall-hung flat things behind taller furniture."""
    tall = [t for t, r in zip(house.things, house.room_of) if r == room and t.low < 0.3 and t.high > 1.0]
    for flat in house.of(room, "painting", "mirror", "wall_decoration", "tv"):
        if flat.low < 0.5:
            continue
        band = quad(flat.center[:2] + 0.15 * flat.front, flat.side, flat.size[0] / 2, 0.15)
        behind = [t.name for t in tall if t.high > flat.low + 0.1 and t.foot.intersection(band).area > 0.02]
        yield "flat wall thing behind furniture", bool(behind), f"{flat.name} behind {'+'.join(behind)}"


def shape(house, room):
    polygon = house.rooms[room]
    corners = np.array(polygon.minimum_rotated_rectangle.exterior.coords)
    sides = sorted(np.linalg.norm(np.diff(corners[:3], axis=0), axis=1))
    yield f"room longer than {LONG_ASPECT} x its width", sides[1] / sides[0] > LONG_ASPECT, f"{sides[1]/sides[0]:.1f}"
    yield f"room narrower than {TIGHT_ROOM_M} m somewhere", polygon.buffer(-TIGHT_ROOM_M / 2).is_empty, ""
    parts = polygon.buffer(-TIGHT_ROOM_M / 2)
    yield "room with a neck (parts only joined by < 1.1 m)", parts.geom_type == "MultiPolygon", ""
    floor = [t for t, r in zip(house.things, house.room_of) if r == room and t.low < 0.05 and t.high > STEP_M]
    share = sum(t.foot.area for t in floor) / polygon.area
    yield f"room fuller than {FULL_SHARE:.0%}", share > FULL_SHARE, f"{share:.2f}"
    yield f"room emptier than {BARE_SHARE:.0%}", share < BARE_SHARE, f"{share:.2f}"
    yield "room with fewer than 2 floor objects", len(floor) < 2, str(len(floor))


def beds(house, room):
    others = [t for t, r in zip(house.things, house.room_of) if r == room and t.low < 0.5 and t.high > STEP_M]
    for bed in house.of(room, "bed"):
        free = 0
        for s in (-1, 1):
            center = bed.center[:2] + s * bed.side * (bed.size[0] / 2 + 0.2) + 0.3 * bed.front
            strip = quad(center, bed.side, 0.19, 0.4)
            inside = strip.intersection(house.rooms[room]).area / strip.area > 0.95
            free += inside and not any(t is not bed and t.foot.intersection(strip).area > 0.03 for t in others)
        yield "bed that cannot be entered from a side", free == 0, ""
        yield "double bed (> 1.35 m) with one free side only", bed.size[0] > 1.35 and free < 2, ""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--examples", type=int, default=8)
    options = parser.parse_args()
    total, bad = collections.Counter(), collections.defaultdict(list)
    folders = [path for path in options.folder.iterdir() if (path / "draft.json").exists()]
    for folder in sorted(folders, key=lambda path: (len(path.name), path.name)):
        house = House(folder)
        found = list(openings(house))
        for room in range(len(house.rooms)):
            for check in (seats, screens, hidden, shape, beds):
                found += check(house, room)
        for tag, is_bad, what in found:
            total[tag] += 1
            if is_bad:
                bad[tag].append((folder.name, what))
    print(f"{len(folders)} houses")
    for tag in total:
        seeds = list(dict.fromkeys(name.removeprefix("house_") for name, _ in bad[tag]))[: options.examples]
        causes = collections.Counter(what for _, what in bad[tag] if what).most_common(5)
        why = "; ".join(f"{what} {count}" for what, count in causes)
        print(f"{len(bad[tag]) / total[tag]:6.1%} of {total[tag]:5}  {tag}  [{' '.join(seeds)}]  {why}")


if __name__ == "__main__":
    main()
