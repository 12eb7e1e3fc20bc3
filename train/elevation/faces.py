"""Faces of walls from `roomwright synth dataset --set faces=true`: shards, their changes, what is wanted of the network."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

CLASSES = ("door", "window", "painting", "mirror", "wall_decoration", "tv", "curtain", "air_conditioner")
# What is described by the same output: openings, what hangs on the wall or stands before it.
GROUP_OF = (0, 0, 1, 1, 1, 1, 1, 1)
GROUPS = 2
# Channels (src/layout/network/elevations.rs).
CELL_M, CHANNELS, ROWS = 0.05, 32, 64
LAYERS, COLOURS, CONTRAST, RELIEF = slice(0, 7), (slice(7, 10), slice(13, 16)), slice(10, 13), 16
FREE_BEHIND, FREE_BEFORE, UNSEEN_BEFORE = 19, 20, 21
# Channels that come from surfaces, not from free space or the wall itself.
SURFACE = slice(0, 19)
# Scores of a segmentation network for 7 groups, and where there are any.
SCORES = slice(24, 32)
EMPTY = np.zeros(CHANNELS, np.uint8)
EMPTY[CONTRAST], EMPTY[RELIEF] = 128, 128
# Outputs: cells of twice the edge; offset 0..2 (cells), log sizes 2..4, distance of the middle from the face 4 (m),
# log depth 5, expected overlap 6.
STRIDE, VALUES = 2, 7
# Seen share below which a thing counts neither way, of its surface and of its cells in this picture.
SEEN, KNOWN = 0.15, 0.12
SIGMA_SHARE, SIGMA, NEAR = 0.14, (0.7, 1.8), 0.4
# Probabilities of the losses.
FLIPPED, NO_COLOUR, NO_FREE_SPACE, HOLES, THINNED = 0.5, 0.05, 0.12, 0.3, 0.3
# ... of all scores of the segmentation network, and of each group's.
NO_SCORES, NO_GROUP = 0.45, 0.06
MAX_HOLES, MAX_HOLE, MAX_THINNED = 3, 16, 0.3


@dataclass
class Face:
    """`[32, 64, columns]` 8 bits, and rows class, column, row, width, height, distance, depth, seen share."""
    picture: np.ndarray
    things: np.ndarray


class Pool:
    """All shards of a folder and its sub-folders."""

    def __init__(self, folder):
        self.folder, self.shards, self.known = Path(folder), [], set()
        self.refresh()

    def refresh(self):
        """Takes in shards that were written since."""
        for path in sorted(set(self.folder.rglob("*.safetensors")) - self.known):
            self.known.add(path)
            found = json.loads((path.parent / "dataset.json").read_text())
            assert tuple(found["classes"]) == CLASSES and len(found["channels"]) == CHANNELS, path
            shard = load_file(path)
            order = np.searchsorted(shard["things"][:, 0], np.arange(len(shard["faces"]) + 1))
            self.shards.append((shard["faces"], shard["things"], order))
        self.starts = np.cumsum([0] + [len(s[0]) for s in self.shards])

    def __len__(self):
        return int(self.starts[-1])

    def face(self, index):
        which = int(np.searchsorted(self.starts, index, side="right")) - 1
        faces, things, order = self.shards[which]
        k = index - self.starts[which]
        return Face(faces[k].copy(), things[order[k]:order[k + 1], 1:].copy())

    def counts(self):
        rows = np.concatenate([s[1] for s in self.shards])
        return np.bincount(rows[rows[:, 8] >= SEEN, 1].astype(int), minlength=len(CLASSES))


def augment(face, rng):
    """Changes a face in place at random: mirrored, without colour or free space, with holes, thinned, recoloured."""
    x = face.picture
    if rng.random() < FLIPPED:
        x = x[:, :, ::-1].copy()
        face.things[:, 1] = x.shape[2] - face.things[:, 1]
    gain = rng.uniform(0.75, 1.25, 3).astype(np.float32)
    for colour in COLOURS:
        x[colour] = np.clip(x[colour] * gain[:, None, None], 0, 255).astype(np.uint8)
    contrast = (x[CONTRAST].astype(np.float32) - 128) * (gain * rng.uniform(0.7, 1.4))[:, None, None]
    x[CONTRAST] = np.clip(contrast + 128, 0, 255).astype(np.uint8)
    if rng.random() < NO_COLOUR:
        x[COLOURS[0]], x[COLOURS[1]], x[CONTRAST] = 0, 0, 128
    if rng.random() < NO_FREE_SPACE:
        x[FREE_BEHIND], x[FREE_BEFORE], x[UNSEEN_BEFORE] = 0, 0, 255
    if rng.random() < NO_SCORES:
        x[SCORES] = 0
    for group in range(SCORES.start, SCORES.stop - 1):
        if rng.random() < NO_GROUP:
            x[group] = 0
    if rng.random() < HOLES:
        for _ in range(int(rng.integers(1, MAX_HOLES + 1))):
            h, w = rng.integers(3, MAX_HOLE + 1, 2)
            top, left = rng.integers(0, x.shape[1] - h), rng.integers(0, x.shape[2] - w)
            for channels in (SURFACE, SCORES):
                x[channels, top:top + h, left:left + w] = EMPTY[channels, None, None]
    if rng.random() < THINNED:
        gone = rng.random(x.shape[1:], dtype=np.float32) < rng.uniform(0.02, MAX_THINNED)
        for channels in (SURFACE, SCORES):
            x[channels, gone] = EMPTY[channels, None]
    face.picture = x


def known(picture, column, row, width, height):
    """Share of the cells of a rectangle of which anything is known."""
    cells = lambda v: v / CELL_M / 2
    x = slice(max(int(column - cells(width)), 0), int(column + cells(width)) + 1)
    y = slice(max(int(row - cells(height)), 0), int(row + cells(height)) + 1)
    part = picture[:, y, x]
    return ((part[LAYERS] > 0).any(0) | (part[FREE_BEFORE] > 0)).mean() if part.size else 0.0


def targets(face):
    """Heats, care and values of a face by name, float32."""
    rows, columns = (n // STRIDE for n in face.picture.shape[1:])
    ys, xs = np.mgrid[0:rows, 0:columns].astype(np.float32) + 0.5
    heat, care = np.zeros((len(CLASSES), rows, columns), np.float32), np.ones((len(CLASSES), rows, columns), np.float32)
    values, near = np.zeros((GROUPS * VALUES, rows, columns), np.float32), np.zeros((GROUPS, rows, columns), np.float32)
    for kind, column, row, width, height, off, depth, seen in face.things:
        kind, x, y = int(kind), column / STRIDE, row / STRIDE
        sx, sy = np.clip(SIGMA_SHARE * np.array([width, height]) / (CELL_M * STRIDE), *SIGMA)
        bell = np.exp(-0.5 * ((xs - int(x) - 0.5) / sx)**2 - 0.5 * ((ys - int(y) - 0.5) / sy)**2)
        if seen < SEEN or known(face.picture, column, row, width, height) < KNOWN:
            np.minimum(care[kind], bell < NEAR, out=care[kind])
            continue
        np.maximum(heat[kind], bell, out=heat[kind])
        group = GROUP_OF[kind]
        mine = (bell > NEAR) & (bell > near[group])
        near[group][mine] = bell[mine]
        first = group * VALUES
        for channel, value in enumerate((x - xs, y - ys, np.log(width), np.log(height), off, np.log(max(depth, 0.01)))):
            values[first + channel][mine] = value[mine] if isinstance(value, np.ndarray) else value
    return {"heat": heat, "care": care, "values": values, "near": near}
