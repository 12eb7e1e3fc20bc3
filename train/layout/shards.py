"""Shards of `roomwright synth dataset`: tiles by memory map, elements as arrays.

A shard is a safetensors file (8 bytes length, JSON header, raw tensors). Only the tiles that are
asked for are read from the disk. Units are metres from the tile's corner; rows are as
`dataset.json` describes them, without the tile's number in front.
"""

import json
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np

DTYPES = {"U8": np.uint8, "F32": np.float32}
# Channels of the pillars that augmentation has to know (src/layout/network/pillars.rs).
CHANNELS = 61
DENSITY, TOP = 12, 13
STANDING_COS2, STANDING_SIN2, NORMAL_X, NORMAL_Y = 15, 16, 17, 18
COLOUR = slice(19, 22)
FREE = slice(22, 25)
UNSEEN = 25
CONTRAST = slice(26, 44)
FLOOR = slice(44, 47)
# Scores of a segmentation network for 13 groups, and where there are any.
SCORES = slice(47, 61)
CELL_M = 0.05


def empty_pillar():
    """What a column without points and without free space holds."""
    column = np.zeros(CHANNELS, np.uint8)
    column[[STANDING_COS2, STANDING_SIN2, NORMAL_X, NORMAL_Y]] = 128
    column[UNSEEN] = 255
    column[CONTRAST] = 128
    return column


@dataclass
class Tile:
    """Pillars `[61, y, x]`, interior `[y/2, x/2]` and the true elements of one place.

    walls: ax, ay, bx, by, height, thickness, seen; openings: kind (0 door, 1 window), x, y, z,
    width, height, direction x, y, seen; boxes: class, x, y, z, yaw, sizes x, y, z, seen.
    """

    pillars: np.ndarray
    interior: np.ndarray
    walls: np.ndarray
    openings: np.ndarray
    boxes: np.ndarray
    log_scale: float


class Shard:
    """One file."""

    def __init__(self, path):
        self.raw = np.memmap(path, dtype=np.uint8, mode="r")
        (length,) = struct.unpack("<Q", self.raw[:8].tobytes())
        self.header = json.loads(self.raw[8:8 + length].tobytes())
        self.start = 8 + length
        self.scale = self.tensor("scale").copy()
        self.rows = {name: self.split(name) for name in ("walls", "openings", "boxes")}

    def tensor(self, name):
        entry = self.header[name]
        first, last = (self.start + offset for offset in entry["data_offsets"])
        return self.raw[first:last].view(DTYPES[entry["dtype"]]).reshape(entry["shape"])

    def split(self, name):
        rows = self.tensor(name)
        ends = np.searchsorted(rows[:, 0], np.arange(len(self.scale) + 1))
        return [rows[a:b, 1:].copy() for a, b in zip(ends[:-1], ends[1:])]

    def __len__(self):
        return len(self.scale)

    def tile(self, index):
        elements = (self.rows[name][index].copy() for name in ("walls", "openings", "boxes"))
        pillars, interior = self.tensor("input")[index].copy(), self.tensor("interior")[index].copy()
        return Tile(pillars, interior, *elements, float(self.scale[index]))


class Pool:
    """All finished shards below a folder; `refresh` finds new ones."""

    def __init__(self, root):
        self.root, self.shards = Path(root), {}
        self.refresh()

    def refresh(self):
        for path in sorted(self.root.glob("**/shard_*.safetensors")):
            if path not in self.shards:
                self.shards[path] = Shard(path)
        self.index = [(path, k) for path, shard in sorted(self.shards.items()) for k in range(len(shard))]

    def __len__(self):
        return len(self.index)

    def tile(self, index):
        path, k = self.index[index]
        return self.shards[path].tile(k)
