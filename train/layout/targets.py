"""What the network should put out for a tile: heats, values at the elements, where no loss counts.

Heats are Gaussians around centres (CenterNet: Zhou et al., "Objects as Points", 2019) and around
centre lines. Elements that were hardly seen count neither way: their surroundings are ignored, as
the metric ignores them. An element gives its values to the cells where its heat is above `NEAR`.
"""

import numpy as np

from maps import (BOX, BOX_CHANNELS, CLASSES, GRID_M, LAYER_OF, LAYERS, OPENING, OPENING_CHANNELS, STRIDE, WALL,
                  WALL_CHANNELS)
from shards import DENSITY, UNSEEN

# Observed share below which an element counts neither way.
WALL_SEEN, OPENING_SEEN, BOX_SEEN = 0.12, 0.2, 0.15
# Widths of the Gaussians, cells.
LINE_SIGMA, CORNER_SIGMA, OPENING_SIGMA = 1.0, 0.8, 1.0
# Boxes are described along their own axes: the middle of a long thing is less sure along it.
BOX_SIGMA_SHARE, BOX_SIGMA = 0.14, (0.7, 1.8)
NEAR = 0.4
# Values of walls are learned up to this distance of the centre line, cells.
WALL_REACH = 2.0
# Cells that no view reached, farther from a seen one than this, weigh little in the interior.
SEEN_REACH, UNSEEN_WEIGHT = 3, 0.1


def doubled(c, s):
    return [c * c - s * s, 2 * c * s]


class Maps:
    """Target maps of one tile of `side` cells."""

    def __init__(self, side):
        self.side = side
        self.y, self.x = np.mgrid[0:side, 0:side].astype(np.float32) + 0.5
        zeros = lambda channels: np.zeros((channels, side, side), np.float32)
        self.wall_heat, self.wall, self.wall_near = zeros(1), zeros(WALL_CHANNELS), zeros(1)
        self.corner_heat, self.corner = zeros(1), zeros(2)
        self.opening_heat, self.opening, self.opening_near = zeros(2), zeros(OPENING_CHANNELS), zeros(1)
        self.box_heat, self.box, self.box_near = zeros(len(CLASSES)), zeros(LAYERS * BOX_CHANNELS), zeros(LAYERS)
        self.wall_care, self.corner_care = zeros(1) + 1, zeros(1) + 1
        self.opening_care, self.box_care = zeros(2) + 1, zeros(len(CLASSES)) + 1

    def patch(self, x, y, sigma, yaw=0.0):
        """The cells around a point and their heat, or None outside of the tile; `sigma` along the axes of `yaw`."""
        if not (0 <= x < self.side and 0 <= y < self.side):
            return None
        sigma = np.broadcast_to(sigma, 2)
        reach = int(3 * sigma.max() + 1)
        ys = slice(max(int(y) - reach, 0), int(y) + reach + 1)
        xs = slice(max(int(x) - reach, 0), int(x) + reach + 1)
        # Measured from the middle of the cell that holds the point, so that one cell is exactly 1.
        dx, dy = self.x[ys, xs] - (int(x) + 0.5), self.y[ys, xs] - (int(y) + 0.5)
        c, s = np.cos(yaw), np.sin(yaw)
        return ys, xs, np.exp(-0.5 * ((c * dx + s * dy) / sigma[0])**2 - 0.5 * ((c * dy - s * dx) / sigma[1])**2)

    def point(self, heat, x, y, sigma, care, values=None, near=None, write=None, yaw=0.0):
        """Adds a centre; with `values` its cells are described where it is the strongest."""
        found = self.patch(x, y, sigma, yaw)
        if found is None:
            return
        ys, xs, bell = found
        if write is None:
            np.minimum(care[ys, xs], bell < NEAR, out=care[ys, xs])
            return
        np.maximum(heat[ys, xs], bell, out=heat[ys, xs])
        mine = (bell > NEAR) & (bell > near[ys, xs]) if near is not None else bell > NEAR
        write[0, ys, xs][mine] = (x - self.x[ys, xs])[mine]
        write[1, ys, xs][mine] = (y - self.y[ys, xs])[mine]
        if near is not None:
            near[ys, xs][mine] = bell[mine]
            for channel, value in enumerate(values, 2):
                write[channel, ys, xs][mine] = value

    def add_wall(self, ax, ay, bx, by, height, thickness, seen):
        a, b = np.array([ax, ay]) / GRID_M, np.array([bx, by]) / GRID_M
        d = b - a
        length = float(np.hypot(*d))
        if length < 1e-6:
            return
        d /= length
        along = np.clip((self.x - a[0]) * d[0] + (self.y - a[1]) * d[1], 0, length)
        off_x, off_y = a[0] + along * d[0] - self.x, a[1] + along * d[1] - self.y
        distance = np.hypot(off_x, off_y)
        bell = np.exp(-distance**2 / (2 * LINE_SIGMA**2))
        if seen < WALL_SEEN:
            self.wall_care[0][distance < WALL_REACH] = 0
        else:
            np.maximum(self.wall_heat[0], bell, out=self.wall_heat[0])
            mine = (distance < WALL_REACH) & (bell > self.wall_near[0])
            self.wall_near[0][mine] = bell[mine]
            self.wall[0][mine], self.wall[1][mine] = off_x[mine], off_y[mine]
            for channel, value in zip((2, 3, 4, 5), (*doubled(*d), np.log(height), np.log(thickness))):
                self.wall[channel][mine] = value

    def add_corners(self, walls):
        """An end counts as seen when any wall there is."""
        ends = np.concatenate([walls[:, 0:2], walls[:, 2:4]])
        seen = np.concatenate([walls[:, 6], walls[:, 6]])
        for x, y in ends[seen < WALL_SEEN] / GRID_M:
            self.point(self.corner_heat[0], x, y, CORNER_SIGMA, self.corner_care[0])
        for x, y in ends[seen >= WALL_SEEN] / GRID_M:
            self.point(self.corner_heat[0], x, y, CORNER_SIGMA, None, write=self.corner)

    def add_opening(self, kind, x, y, z, width, height, dx, dy, seen):
        values = [z, np.log(width), np.log(height), *doubled(dx, dy)]
        write = self.opening if seen >= OPENING_SEEN else None
        self.point(self.opening_heat[int(kind)], x / GRID_M, y / GRID_M, OPENING_SIGMA, self.opening_care[int(kind)],
                   values, self.opening_near[0], write)

    def add_box(self, kind, x, y, z, yaw, w, d, h, seen):
        kind = int(kind)
        layer = LAYER_OF[kind]
        c, s = np.cos(yaw), np.sin(yaw)
        values = [z, *np.log(np.maximum([w, d, h], 0.01)), *doubled(c, s), c, s]
        sigma = np.clip(BOX_SIGMA_SHARE * np.array([w, d]) / GRID_M, *BOX_SIGMA)
        write = self.box[layer * BOX_CHANNELS:(layer + 1) * BOX_CHANNELS] if seen >= BOX_SEEN else None
        self.point(self.box_heat[kind], x / GRID_M, y / GRID_M, sigma, self.box_care[kind], values,
                   self.box_near[layer], write, yaw)


def seen_weight(pillars, side):
    """1 where the tile was seen or nearly so, `UNSEEN_WEIGHT` elsewhere."""
    seen = (pillars[DENSITY] > 0) | (pillars[UNSEEN] < 250)
    seen = seen.reshape(side, STRIDE, side, STRIDE).any((1, 3))
    for axis in (0, 1):
        padded = np.pad(seen, [(SEEN_REACH, SEEN_REACH) if a == axis else (0, 0) for a in (0, 1)])
        seen = np.lib.stride_tricks.sliding_window_view(padded, 2 * SEEN_REACH + 1, axis).any(-1)
    return np.where(seen, 1.0, UNSEEN_WEIGHT).astype(np.float32)


def targets(tile):
    """All maps of a tile by name, float32."""
    side = tile.pillars.shape[1] // STRIDE
    maps = Maps(side)
    for row in tile.walls:
        maps.add_wall(*row)
    maps.wall_care[0][maps.wall_near[0] > NEAR] = 1
    maps.add_corners(tile.walls)
    maps.corner_care[0][maps.corner_heat[0] > NEAR] = 1
    for row in tile.openings:
        maps.add_opening(*row)
    for row in tile.boxes:
        maps.add_box(*row)
    found = {name: value for name, value in vars(maps).items() if name not in ("x", "y", "side")}
    found["interior"] = tile.interior[None].astype(np.float32)
    found["interior_weight"] = seen_weight(tile.pillars, side)[None]
    found["log_scale"] = np.float32(tile.log_scale)
    return found


assert BOX["front"].stop == BOX["overlap"].start and OPENING["axis"].stop == OPENING["overlap"].start
assert WALL["thickness"].stop == WALL_CHANNELS
