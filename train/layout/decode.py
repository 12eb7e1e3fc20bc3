"""Maps of one tile -> elements. Good enough to follow the training; the program has its own decoder.

Walls: corners are peaks; two of them are joined when the centre-line heat between them is high and
runs their way and no other corner lies between (as Liu et al., "Raster-to-Vector", 2017, without its
integer program). Openings and boxes: peaks of the heats (Zhou et al., 2019). Units: metres.
"""

from dataclasses import dataclass

import numpy as np

from maps import BOX, BOX_CHANNELS, GRID_M, LAYER_OF, LAYERS, OPENING

# Lowest heats of peaks that are looked at.
CORNER, OPENING_PEAK, BOX_PEAK = 0.2, 0.1, 0.1
# A line where a wall leaves the tile.
BORDER_LINE = 0.4
# Walls: lowest mean and low (10 %) heat, agreement of direction, shortest length, metres.
LINE_MEAN, LINE_LOW, LINE_TURN, SHORTEST_M = 0.35, 0.12, 0.8, 0.25
STEP_M = 0.05
# Two corners closer than this are one; a corner this near to a line parts it, metres.
SAME_M, BETWEEN_M = 0.12, 0.12
# An opening takes the direction of a wall this near, metres.
AT_WALL_M = 0.3
# Boxes of one layer are one when their middles are nearer, along both axes of the surer one, than this share of
# the shorter side there and this, metres.
SAME_BOX, SAME_BOX_M = 0.45, 0.05


@dataclass
class Found:
    """Rows as in `shards.Tile`, with the confidence in place of the seen share."""

    walls: np.ndarray
    openings: np.ndarray
    boxes: np.ndarray


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-np.clip(x, -30, 30)))


def peaks(heat, lowest):
    """Cells that are the greatest of their 3x3: `(y, x)` arrays."""
    padded = np.pad(heat, 1)
    around = np.lib.stride_tricks.sliding_window_view(padded, (3, 3)).max((2, 3))
    return np.nonzero((heat >= around) & (heat > lowest))


def places(ys, xs, offset):
    """Positions of cells with their offsets, metres."""
    return (np.stack([xs, ys], 1) + 0.5 + offset[0:2, ys, xs].T) * GRID_M


def corners(maps, heat):
    ys, xs = peaks(sigmoid(maps["corner_heat"][0]), CORNER)
    found = [places(ys, xs, maps["corner"])]
    strength = [sigmoid(maps["corner_heat"][0])[ys, xs]]
    side = heat.shape[0]
    for axis, edge in ((0, 0), (0, side - 1), (1, 0), (1, side - 1)):
        line = heat.take(edge, axis)
        padded = np.pad(line, 1)
        at = np.nonzero((line >= padded[:-2]) & (line >= padded[2:]) & (line > BORDER_LINE))[0]
        ys, xs = (np.full_like(at, edge), at) if axis == 0 else (at, np.full_like(at, edge))
        found.append(places(ys, xs, maps["wall"]))
        strength.append(np.full(len(at), 0.01))
    found, strength = np.concatenate(found), np.concatenate(strength)
    kept = []
    for k in np.argsort(-strength, kind="stable"):
        if all(np.hypot(*(found[k] - p)) > SAME_M for p in kept):
            kept.append(found[k])
    return np.array(kept).reshape(-1, 2)


def walls(maps):
    heat = sigmoid(maps["wall_heat"][0])
    nodes = corners(maps, heat)
    limit, rows = heat.shape[0] - 1, []
    for i in range(len(nodes)):
        for j in range(i + 1, len(nodes)):
            d = nodes[j] - nodes[i]
            length = float(np.hypot(*d))
            if length < SHORTEST_M:
                continue
            d = d / length
            at = nodes[i] + d * np.arange(STEP_M, length, STEP_M)[:, None]
            xs, ys = np.clip((at / GRID_M).astype(int), 0, limit).T
            along = heat[ys, xs]
            if along.mean() < LINE_MEAN or np.quantile(along, 0.1) < LINE_LOW:
                continue
            axis = maps["wall"][2:4, ys, xs]
            agree = axis[0] * (d[0]**2 - d[1]**2) + axis[1] * 2 * d[0] * d[1]
            if agree.mean() < LINE_TURN * np.hypot(*axis).mean():
                continue
            rel = nodes - nodes[i]
            t, off = rel @ d, np.abs(rel @ np.array([-d[1], d[0]]))
            if np.any((t > SAME_M) & (t < length - SAME_M) & (off < BETWEEN_M)):
                continue
            height, thickness = np.exp(maps["wall"][4:6, ys, xs].mean(1))
            rows.append([*nodes[i], *nodes[j], height, thickness, along.mean()])
    return np.array(rows, np.float32).reshape(-1, 7)


def openings(maps, found_walls):
    rows = []
    for kind in (0, 1):
        heat = sigmoid(maps["opening_heat"][kind])
        ys, xs = peaks(heat, OPENING_PEAK)
        for y, x, (px, py) in zip(ys, xs, places(ys, xs, maps["opening"])):
            values = maps["opening"][:, y, x]
            width, height = np.exp(values[OPENING["size"]])
            angle = 0.5 * np.arctan2(*values[OPENING["axis"]][::-1])
            direction = np.array([np.cos(angle), np.sin(angle)])
            px, py, direction = attach(np.array([px, py]), direction, found_walls)
            sure = np.sqrt(heat[y, x] * sigmoid(values[OPENING["overlap"]][0]))
            rows.append([kind, px, py, values[OPENING["z"]][0], width, height, *direction, sure])
    return np.array(rows, np.float32).reshape(-1, 9)


def attach(p, direction, found_walls):
    """On the nearest wall that runs the same way."""
    best = AT_WALL_M
    for ax, ay, bx, by, *_ in found_walls:
        d = np.array([bx - ax, by - ay]) / np.hypot(bx - ax, by - ay)
        rel = p - (ax, ay)
        off = rel @ np.array([-d[1], d[0]])
        if abs(off) < best and abs(d @ direction) > 0.9 and -0.2 < rel @ d < np.hypot(bx - ax, by - ay) + 0.2:
            best, found = abs(off), (np.array([ax, ay]) + d * (rel @ d), d)
    return (*p, direction) if best == AT_WALL_M else (*found[0], found[1])


def boxes(maps):
    rows = []
    for kind, layer in enumerate(LAYER_OF):
        heat = sigmoid(maps["box_heat"][kind])
        values = maps["box"][layer * BOX_CHANNELS:(layer + 1) * BOX_CHANNELS]
        ys, xs = peaks(heat, BOX_PEAK)
        for y, x, (px, py) in zip(ys, xs, places(ys, xs, values)):
            v = values[:, y, x]
            yaw = 0.5 * np.arctan2(*v[BOX["axis"]][::-1])
            if v[BOX["front"]] @ (np.cos(yaw), np.sin(yaw)) < 0:
                yaw += np.pi
            sure = np.sqrt(heat[y, x] * sigmoid(v[BOX["overlap"]][0]))
            rows.append([kind, px, py, v[2], yaw, *np.exp(v[BOX["size"]]), sure])
    return np.array(distinct(rows), np.float32).reshape(-1, 9)


def distinct(rows):
    """Of boxes that stand in each other within a layer the surest."""
    kept = {layer: [] for layer in range(LAYERS)}
    for row in sorted(rows, key=lambda r: -r[8]):
        others = kept[LAYER_OF[row[0]]]
        if not any(same(o, row) for o in others):
            others.append(row)
    return [row for others in kept.values() for row in others]


def same(surer, other):
    """Whether two boxes are the same thing."""
    c, s = np.cos(surer[4]), np.sin(surer[4])
    dx, dy = other[1] - surer[1], other[2] - surer[2]
    near = all(abs(d) <= SAME_BOX * min(surer[k], other[k]) + SAME_BOX_M
               for k, d in ((5, c * dx + s * dy), (6, c * dy - s * dx)))
    return near and abs(surer[3] - other[3]) <= (surer[7] + other[7]) / 2


def decode(maps):
    found = walls(maps)
    return Found(found, openings(maps, found), boxes(maps))
