"""Strict F1 of tiles: predictions against truth by plane, angle and IoU of rectangles and boxes.

Walls and openings match when the sine of their angle is below sin 5 degrees and the planes are less
than 0.2 m apart; IoU is that of the rectangles on the truth's plane, boxes have 3D IoU with sizes of at least
0.1 m. Here predictions are taken in the order of their confidence and each takes the best truth
left, which gives the F1 at every threshold of the confidence at once; counts are pooled over tiles.
The exact metric (assignment, mean over scenes) is the program's `eval`.
"""

import numpy as np

from maps import CLASSES
from shards import CELL_M

MAX_SINE, MAX_OFFSET_M, THINNEST_M = np.sin(np.radians(5)), 0.2, 0.1
# Elements that were seen less than this are ignored, as in the truth files of scans.
WALL_SEEN, OPENING_SEEN, BOX_SEEN = 0.12, 0.3, 0.2
# Shortest part of a wall inside of the tile that counts, metres.
SHORTEST_M = 0.3


def rectangle_iou(p, q, heights_p, heights_q):
    """Segments `[ax, ay, bx, by]` with (bottom, top); 0 when the planes do not match."""
    d = np.array(q[2:4]) - q[0:2]
    length = np.hypot(*d)
    e = np.array(p[2:4]) - p[0:2]
    if length < 1e-6 or np.hypot(*e) < 1e-6:
        return 0.0
    d = d / length
    normal = np.array([-d[1], d[0]])
    own = np.array([-e[1], e[0]]) / np.hypot(*e)
    if abs(own @ d) >= MAX_SINE or abs((np.array(q[0:2]) - p[0:2]) @ own) >= MAX_OFFSET_M:
        return 0.0
    t = sorted(((np.array(p[0:2]) - q[0:2]) @ d, (np.array(p[2:4]) - q[0:2]) @ d))
    along = max(0.0, min(t[1], length) - max(t[0], 0.0))
    up = max(0.0, min(heights_p[1], heights_q[1]) - max(heights_p[0], heights_q[0]))
    areas = (t[1] - t[0]) * (heights_p[1] - heights_p[0]) + length * (heights_q[1] - heights_q[0])
    return along * up / max(areas - along * up, 1e-9)


def wall_iou(p, q):
    return rectangle_iou(p[:4], q[:4], (0, p[4]), (0, q[4]))


def opening_iou(p, q):
    if p[0] != q[0]:
        return 0.0
    ends = lambda o: (*(o[1:3] - o[6:8] * o[4] / 2), *(o[1:3] + o[6:8] * o[4] / 2))
    return rectangle_iou(ends(p), ends(q), (p[3] - p[5] / 2, p[3] + p[5] / 2), (q[3] - q[5] / 2, q[3] + q[5] / 2))


def footprint(b):
    c, s = np.cos(b[4]), np.sin(b[4])
    u, v = np.array([c, s]) * max(b[5], THINNEST_M) / 2, np.array([-s, c]) * max(b[6], THINNEST_M) / 2
    return [b[1:3] + u + v, b[1:3] - u + v, b[1:3] - u - v, b[1:3] + u - v]


def common_area(p, q):
    """Sutherland & Hodgman: polygon p cut by the convex, counter-clockwise q."""
    for k in range(len(q)):
        a, d = q[k], q[(k + 1) % len(q)] - q[k]
        side = [d[0] * (v[1] - a[1]) - d[1] * (v[0] - a[0]) for v in p]
        cut = []
        for i in range(len(p)):
            j = (i + 1) % len(p)
            if side[i] >= 0:
                cut.append(p[i])
            if (side[i] >= 0) != (side[j] >= 0):
                cut.append(p[i] + (p[j] - p[i]) * side[i] / (side[i] - side[j]))
        p = cut
        if not p:
            return 0.0
    x, y = np.array(p).T
    return 0.5 * abs(x @ np.roll(y, -1) - y @ np.roll(x, -1))


def box_iou(p, q):
    if p[0] != q[0] or np.hypot(p[1] - q[1], p[2] - q[2]) > (np.hypot(p[5], p[6]) + np.hypot(q[5], q[6])) / 2 + 0.1:
        return 0.0
    h = [max(p[7], THINNEST_M), max(q[7], THINNEST_M)]
    up = max(0.0, min(p[3] + h[0] / 2, q[3] + h[1] / 2) - max(p[3] - h[0] / 2, q[3] - h[1] / 2))
    if up == 0.0:
        return 0.0
    common = up * common_area(footprint(p), footprint(q))
    volume = lambda b, height: max(b[5], THINNEST_M) * max(b[6], THINNEST_M) * height
    return common / (volume(p, h[0]) + volume(q, h[1]) - common)


def clipped(wall, side):
    """The part of a wall inside of the tile, or None."""
    low, high = 0.0, 1.0
    d = wall[2:4] - wall[0:2]
    for axis in (0, 1):
        if abs(d[axis]) < 1e-9:
            if not 0 <= wall[axis] <= side:
                return None
            continue
        t = sorted((-wall[axis] / d[axis], (side - wall[axis]) / d[axis]))
        low, high = max(low, t[0]), min(high, t[1])
    if (high - low) * np.hypot(*d) < SHORTEST_M:
        return None
    return np.array([*(wall[0:2] + low * d), *(wall[0:2] + high * d), *wall[4:]])


def split(rows, seen, center, side):
    """Truth that counts and truth that is ignored; what has its centre outside of the tile is ignored."""
    counts = rows[:, -1] >= seen
    if center is not None:
        counts &= np.all((rows[:, center] >= 0) & (rows[:, center] < side), axis=1)
    return list(rows[counts]), list(rows[~counts])


def truth(tile):
    """`{group: (counted, ignored)}` for walls, doors, windows and boxes."""
    side = tile.pillars.shape[1] * CELL_M
    parts = [clipped(w, side) for w in tile.walls]
    inside = np.array([w for w in parts if w is not None]).reshape(-1, 7)
    of_kind = lambda k: split(tile.openings[tile.openings[:, 0] == k], OPENING_SEEN, slice(1, 3), side)
    return {"wall": split(inside, WALL_SEEN, None, side), "door": of_kind(0), "window": of_kind(1),
            "box": split(tile.boxes, BOX_SEEN, slice(1, 3), side)}


class Tally:
    """Predictions of one class over all tiles with whether they match, and the number of truths."""

    def __init__(self):
        self.hits, self.truths = [], 0

    def add(self, found, counted, ignored, iou, threshold):
        self.truths += len(counted)
        left = list(counted)
        for p in sorted(found, key=lambda row: -row[-1]):
            overlaps = [iou(p, q) for q in left]
            best = int(np.argmax(overlaps)) if overlaps else -1
            if best >= 0 and overlaps[best] >= threshold:
                left.pop(best)
                self.hits.append((float(p[-1]), 1))
            elif not any(iou(p, q) >= threshold for q in ignored):
                self.hits.append((float(p[-1]), 0))

    def best(self):
        """The best F1 and the confidence above which it is reached."""
        if not self.hits or not self.truths:
            return 0.0, 1.0
        hits = np.array(sorted(self.hits, reverse=True))
        found, right = np.arange(1, len(hits) + 1), np.cumsum(hits[:, 1])
        f1 = 2 * right / (found + self.truths)
        return float(f1.max()), float(hits[np.argmax(f1), 0])


def tallies(cases, threshold):
    """`cases`: pairs of tile and `Found`; a tally for walls, doors, windows and every class."""
    names = ["wall", "door", "window", *CLASSES]
    found = {name: Tally() for name in names}
    for tile, result in cases:
        sides = truth(tile)
        found["wall"].add(result.walls, *sides["wall"], wall_iou, threshold)
        for kind, name in enumerate(("door", "window")):
            mine = result.openings[result.openings[:, 0] == kind]
            found[name].add(mine, *sides[name], opening_iou, threshold)
        for kind, name in enumerate(CLASSES):
            of_kind = lambda rows: [row for row in rows if row[0] == kind]
            found[name].add(of_kind(result.boxes), *map(of_kind, sides["box"]), box_iou, threshold)
    return found
