"""Draws tiles with their elements: a sheet to look at before training, or what a network found.

Truth: walls red, doors green, windows cyan, boxes yellow with a tick at the front; elements that
were hardly seen are dark. The picture is the density of the pillars with the free space in blue.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np

from augment import augment
from shards import CELL_M, DENSITY, Pool

SCALE = 4


def background(tile):
    x = tile.pillars
    inside = np.kron(tile.interior, np.ones((2, 2), np.uint8)) * 40
    picture = np.stack([x[23] // 3 + inside, x[DENSITY] // 2 + x[6] // 2, x[DENSITY]], -1)
    return cv2.resize(picture, None, fx=SCALE, fy=SCALE, interpolation=cv2.INTER_NEAREST)


def draw(picture, walls, openings, boxes):
    """Elements as in `shards.Tile`; picture x is x, picture y is y (downwards)."""
    dot = lambda p: tuple(int(round(v / CELL_M * SCALE)) for v in p)
    shade = lambda colour, seen: tuple(int(c * (1.0 if seen > 0.15 else 0.4)) for c in colour)
    for ax, ay, bx, by, _, _, seen in walls:
        cv2.line(picture, dot((ax, ay)), dot((bx, by)), shade((60, 60, 255), seen), 1)
        for end in ((ax, ay), (bx, by)):
            cv2.circle(picture, dot(end), 4, shade((60, 60, 255), seen), 1)
    for kind, x, y, _, width, _, dx, dy, seen in openings:
        half = np.array([dx, dy]) * width / 2
        colour = (80, 255, 80) if kind == 0 else (255, 255, 60)
        cv2.line(picture, dot((x - half[0], y - half[1])), dot((x + half[0], y + half[1])), shade(colour, seen), 2)
    for kind, x, y, _, yaw, w, d, _, seen in boxes:
        u, v = np.array([np.cos(yaw), np.sin(yaw)]) * w / 2, np.array([-np.sin(yaw), np.cos(yaw)]) * d / 2
        corners = np.array([dot((x, y) + a * u + b * v) for a, b in ((1, 1), (-1, 1), (-1, -1), (1, -1))])
        colour = shade((60, 230, 230), seen)
        cv2.polylines(picture, [corners], True, colour, 1)
        cv2.line(picture, dot((x, y)), dot((x, y) - v), colour, 1)
        cv2.putText(picture, str(int(kind)), dot((x, y)), cv2.FONT_HERSHEY_PLAIN, 0.7, colour, 1)
    return picture


def sheet(pictures, columns):
    rows = [np.hstack(pictures[k:k + columns]) for k in range(0, len(pictures), columns)]
    return np.vstack([row for row in rows if row.shape == rows[0].shape])


def main():
    parser = argparse.ArgumentParser(description="Draws tiles of a data set with their truth")
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path, help="PNG")
    parser.add_argument("--count", type=int, default=6)
    parser.add_argument("--augment", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    pool, rng = Pool(args.data), np.random.default_rng(args.seed)
    pictures = []
    for index in rng.choice(len(pool), args.count, replace=False):
        tile = pool.tile(int(index))
        if args.augment:
            augment(tile, rng)
        pictures.append(draw(background(tile), tile.walls, tile.openings, tile.boxes))
    cv2.imwrite(str(args.out), sheet(pictures, 3))


if __name__ == "__main__":
    main()
