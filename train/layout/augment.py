"""Augmentation of tiles: the eight symmetries of the square, shifts, lost channels, lost columns.

Every change of the plan is made to the pillars and to the elements alike. Channels that hold
directions (doubled angles, mean normals; 8 bits with 128 for 0) turn with the plan.
"""

import numpy as np

from shards import (CELL_M, COLOUR, CONTRAST, DENSITY, FLOOR, FREE, NORMAL_X, NORMAL_Y, SCORES, STANDING_COS2, STANDING_SIN2,
                    UNSEEN, empty_pillar)

# Largest shift either way, pillars; even, so that the interior (half resolution) moves whole cells.
MAX_SHIFT = 10
# Probabilities of the losses.
NO_COLOUR, NO_FREE_SPACE, HOLES, THINNED = 0.1, 0.1, 0.3, 0.3
# ... of all scores of the segmentation network, and of each group's.
NO_SCORES, NO_GROUP = 0.45, 0.06
# Most rectangles that are wiped, their largest side in pillars, the largest share of thinned columns.
MAX_HOLES, MAX_HOLE, MAX_THINNED = 3, 24, 0.25


def negated(channel):
    return np.minimum(256 - channel.astype(np.int16), 255).astype(np.uint8)


def turn_elements(tile, matrix, shift):
    """`p -> matrix p + shift` for a matrix of zeros and signs."""
    move = lambda p: (p @ matrix.T + shift).astype(np.float32)
    tile.walls[:, 0:2], tile.walls[:, 2:4] = move(tile.walls[:, 0:2]), move(tile.walls[:, 2:4])
    tile.openings[:, 1:3] = move(tile.openings[:, 1:3])
    tile.openings[:, 6:8] = tile.openings[:, 6:8] @ matrix.T
    tile.boxes[:, 1:3] = move(tile.boxes[:, 1:3])
    yaw = tile.boxes[:, 4]
    # The front of a box is its -y side: in a mirror it is the front that must be kept.
    back = np.stack([-np.sin(yaw), np.cos(yaw)], 1) @ matrix.T
    tile.boxes[:, 4] = np.arctan2(-back[:, 0], back[:, 1])


def transpose(tile):
    x = np.ascontiguousarray(tile.pillars.swapaxes(1, 2))
    x[[NORMAL_X, NORMAL_Y]] = x[[NORMAL_Y, NORMAL_X]]
    x[STANDING_COS2] = negated(x[STANDING_COS2])
    tile.pillars, tile.interior = x, tile.interior.T
    turn_elements(tile, np.array([[0.0, 1.0], [1.0, 0.0]]), 0.0)


def mirror(tile, axis):
    """Turns x (axis 0) or y (axis 1) around."""
    x = np.flip(tile.pillars, 2 - axis).copy()
    side = x.shape[2 - axis] * CELL_M
    for channel in (STANDING_SIN2, NORMAL_X + axis):
        x[channel] = negated(x[channel])
    tile.pillars, tile.interior = x, np.flip(tile.interior, 1 - axis)
    matrix, shift = np.eye(2), np.zeros(2)
    matrix[axis, axis], shift[axis] = -1.0, side
    turn_elements(tile, matrix, shift)


def shifted(picture, dx, dy, fill):
    out = np.empty_like(picture)
    out[:] = fill
    h, w = picture.shape[-2:]
    to_y, from_y = slice(max(dy, 0), h + min(dy, 0)), slice(max(-dy, 0), h + min(-dy, 0))
    to_x, from_x = slice(max(dx, 0), w + min(dx, 0)), slice(max(-dx, 0), w + min(-dx, 0))
    out[..., to_y, to_x] = picture[..., from_y, from_x]
    return out


def shift(tile, dx, dy):
    tile.pillars = shifted(tile.pillars, dx, dy, empty_pillar()[:, None, None])
    tile.interior = shifted(tile.interior, dx // 2, dy // 2, 0)
    turn_elements(tile, np.eye(2), np.array([dx * CELL_M, dy * CELL_M]))


def lose(tile, rng):
    """What reconstructions may lack: colour, free space, scores, whole patches, single columns."""
    x, empty = tile.pillars, empty_pillar()
    if rng.random() < NO_COLOUR:
        x[COLOUR], x[FLOOR], x[CONTRAST] = 0, 0, 128
    else:
        gain = rng.uniform(0.8, 1.2, (3, 1, 1)).astype(np.float32)
        for channels in (COLOUR, FLOOR):
            x[channels] = np.clip(x[channels] * gain, 0, 255).astype(np.uint8)
    if rng.random() < NO_FREE_SPACE:
        x[FREE], x[UNSEEN] = 0, 255
    if rng.random() < NO_SCORES:
        x[SCORES] = 0
    for group in range(SCORES.start, SCORES.stop - 1):
        if rng.random() < NO_GROUP:
            x[group] = 0
    if rng.random() < HOLES:
        for _ in range(int(rng.integers(1, MAX_HOLES + 1))):
            h, w = rng.integers(4, MAX_HOLE + 1, 2)
            top, left = rng.integers(0, x.shape[1] - h), rng.integers(0, x.shape[2] - w)
            x[:, top:top + h, left:left + w] = empty[:, None, None]
    if rng.random() < THINNED:
        gone = rng.random(x.shape[1:], dtype=np.float32) < rng.uniform(0.02, MAX_THINNED)
        for channels in (slice(0, FREE.start), CONTRAST, FLOOR, SCORES):
            x[channels, gone] = empty[channels, None]
    density = x[DENSITY].astype(np.float32)
    change = rng.uniform(-25, 25) * (density > 0)
    x[DENSITY] = np.clip(density + change, 0, 255).astype(np.uint8)


def augment(tile, rng):
    """Changes a tile in place at random."""
    if rng.random() < 0.5:
        transpose(tile)
    for axis in (0, 1):
        if rng.random() < 0.5:
            mirror(tile, axis)
    dx, dy = 2 * rng.integers(-MAX_SHIFT // 2, MAX_SHIFT // 2 + 1, 2)
    shift(tile, int(dx), int(dy))
    lose(tile, rng)
