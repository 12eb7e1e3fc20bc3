"""Contact sheet of top views of synthetic houses and scans, to be looked at by people.

What: one PNG with a panel per folder. A house (`layout.txt`, perhaps `scene.json`) shows walls with
their thickness, doors, windows and boxes with class and front; a scan (`cloud.ply`, `layout.txt`,
`layout_unseen.txt`, `groundtruth_scene.tum`) shows the cloud below the ceiling coloured by height (or by
density or its own colours) with the truth and the walk on it.
Why: counts do not show a chair that looks away from its table or a walk that leaves out a room.
In: folders. Out: a PNG. Frame: plan of the scene frame, x right, y up, metres.

usage: contact_sheet.py FOLDER... -o SHEET.png [--columns 2] [--colour height|density|rgb] [--cloud cloud.ply]

Boxes are drawn with the front (local -y) as a thick edge where the class has a front. Green: floor and
window side that should be free (door width by its width on both sides, 0.5 m before windows).
"""
import argparse
import pathlib
import re

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

LINE = re.compile(r"(wall|door|window|bbox)_(\d+)=\w+\((.*)\)\s*$")
# Drawn under the others, without label or front.
FLAT = {"carpet"}
CEILING = {"illumination", "chandelier"}
NO_FRONT = FLAT | CEILING | {"plants", "potted_bonsai", "floor-standing_lamp", "stool", "coffee_table",
                             "dining_table", "side_table"}
COLOUR = {
    "soft": ("#f4a582", {"sofa", "chair", "dining_chair", "bar_chair", "stool", "bed", "pillow", "cushion"}),
    "table": ("#dfc27d", {"coffee_table", "dining_table", "side_table", "desk", "dressing_table", "bar"}),
    "wet": ("#92c5de", {"sink", "hand_sink", "toilet", "tub", "shower_room", "shower", "washing_machine",
                        "bathroom_cabinet", "refrigerator", "integrated_stove", "range_hood",
                        "micro-wave_oven"}),
    "screen": ("#b2abd2", {"tv", "computer", "screen"}),
    "wall": ("#e7298a", {"painting", "mirror", "wall_decoration", "curtain", "air_conditioner"}),
    "plant": ("#7fbc41", {"plants", "potted_bonsai"}),
    "light": ("#ffff99", CEILING | {"floor-standing_lamp"}),
}
OTHER_COLOUR = "#c2a5cf"
WINDOW_CLEARANCE_M = 0.5
# Ceiling points would hide the rest.
CEILING_BAND_M = 0.35
CLOUD_POINTS_SHOWN = 400_000
PLY_TYPES = {"float": "<f4", "float32": "<f4", "double": "<f8", "uchar": "u1", "uint8": "u1", "int": "<i4",
             "uint": "<u4", "short": "<i2", "ushort": "<u2"}


def read_layout(path):
    found = {"wall": {}, "door": [], "window": [], "bbox": []}
    for line in path.read_text().splitlines() if path.exists() else []:
        match = LINE.match(line)
        if not match:
            continue
        kind, number, fields = match.group(1), int(match.group(2)), match.group(3).split(",")
        if kind == "wall":
            found[kind][number] = [float(v) for v in fields]
        elif kind == "bbox":
            found[kind].append((fields[0], [float(v) for v in fields[1:]]))
        else:
            found[kind].append((int(fields[0].split("_")[1]), [float(v) for v in fields[1:]]))
    return found


def read_cloud(path):
    """Points (n, 3) and colours (n, 3) 0..1, or None for colours, of a binary little-endian PLY."""
    with open(path, "rb") as file:
        fields, count = [], 0
        for line in iter(file.readline, b"end_header\n"):
            words = line.decode().split()
            if words[:2] == ["element", "vertex"]:
                count = int(words[2])
            elif words[0] == "property":
                fields.append((words[2], PLY_TYPES[words[1]]))
        data = np.fromfile(file, dtype=np.dtype(fields), count=count)
    points = np.stack([data[k] for k in "xyz"], axis=1).astype(float)
    if "red" not in data.dtype.names:
        return points, None
    return points, np.stack([data[k] for k in ("red", "green", "blue")], axis=1) / 255.0


def rectangle(centre, along, half_length, half_width):
    side = np.array([-along[1], along[0]])
    return [centre + s * half_length * along + t * half_width * side
            for s, t in ((-1, -1), (1, -1), (1, 1), (-1, 1))]


def box_corners(box):
    x, y, _, yaw, width, depth, _ = box
    return rectangle(np.array([x, y]), np.array([np.cos(yaw), np.sin(yaw)]), width / 2, depth / 2)


def colour_of(name):
    return next((colour for colour, names in COLOUR.values() if name in names), OTHER_COLOUR)


def wall_axis(wall):
    a, b = np.array(wall[0:2]), np.array(wall[3:5])
    return a, b, (b - a) / max(np.linalg.norm(b - a), 1e-9)


def draw_shell(axes, layout, filled):
    for wall in layout["wall"].values():
        a, b, along = wall_axis(wall)
        half = max(wall[7], 0.02) / 2
        corners = rectangle((a + b) / 2, along, np.linalg.norm(b - a) / 2 + half, half)
        axes.add_patch(plt.Polygon(corners, fc="#555555" if filled else "none", ec="k", lw=0.4, zorder=4))
    for kind, colour in (("door", "#1a9850"), ("window", "#4575b4")):
        for wall_id, (x, y, _, width, _) in layout[kind]:
            if wall_id not in layout["wall"]:
                continue
            wall = layout["wall"][wall_id]
            along, half = wall_axis(wall)[2], max(wall[7], 0.06) / 2
            centre = np.array([x, y])
            clear = width if kind == "door" else WINDOW_CLEARANCE_M
            if filled:
                axes.add_patch(plt.Polygon(rectangle(centre, along, width / 2, half + clear), fc=colour,
                                           alpha=0.12, lw=0, zorder=1))
            axes.add_patch(plt.Polygon(rectangle(centre, along, width / 2, half), ec=colour, lw=1.2,
                                       fc="white" if kind == "door" and filled else "none", zorder=5))


def draw_boxes(axes, boxes, filled, style="-"):
    for name, box in sorted(boxes, key=lambda entry: entry[1][2]):
        corners = box_corners(box)
        filling = colour_of(name) if filled and name not in CEILING else "none"
        edge = "#b35806" if filled else ("#d73027" if style == "-" else "#888888")
        axes.add_patch(plt.Polygon(corners, fc=filling, alpha=0.85 if filled else 1.0, ec=edge, lw=0.6,
                                   ls=":" if name in CEILING else style, zorder=2 if name in FLAT else 6))
        if filled and name not in NO_FRONT:
            axes.plot(*zip(corners[0], corners[1]), color="#7f0000", lw=1.6, zorder=7)
        lift = f" {box[2] - box[6] / 2:.2f}" if box[2] - box[6] / 2 > 0.03 else ""
        axes.text(box[0], box[1], name.replace("_", " ") + lift, fontsize=4.6, ha="center", va="center",
                  zorder=8, color="#888888" if name in CEILING else "k")


def draw_cloud(axes, path, layout, colouring):
    points, colours = read_cloud(path)
    heights = [wall[6] for wall in layout["wall"].values()]
    top = (np.median(heights) if heights else np.quantile(points[:, 2], 0.98)) - CEILING_BAND_M
    keep = points[:, 2] < top
    points, colours = points[keep], None if colours is None else colours[keep]
    rng = np.random.default_rng(0)
    chosen = rng.permutation(len(points))[:CLOUD_POINTS_SHOWN]
    chosen = chosen[np.argsort(points[chosen, 2])]
    if colouring == "density":
        low, high = points[:, :2].min(0), points[:, :2].max(0)
        bins = [max(int(v / 0.03), 1) for v in high - low]
        counts, xs, ys = np.histogram2d(points[:, 0], points[:, 1], bins=bins)
        axes.imshow(np.log1p(counts.T), origin="lower", extent=(xs[0], xs[-1], ys[0], ys[-1]), cmap="magma_r")
    else:
        colour = points[chosen, 2] if colouring == "height" or colours is None else colours[chosen]
        axes.scatter(points[chosen, 0], points[chosen, 1], c=colour, s=0.25, lw=0, cmap="turbo")
    return len(keep)


def draw_walk(axes, path):
    poses = np.loadtxt(path, comments="#", ndmin=2)
    axes.plot(poses[:, 1], poses[:, 2], color="k", lw=0.8, zorder=9)
    axes.plot(*poses[0, 1:3], "o", color="k", ms=4, zorder=9)
    x, y, z, w = poses[:, 4:8].T
    looks = np.stack([2 * (x * z + w * y), 2 * (y * z - w * x)], axis=1)
    step = max(len(poses) // 40, 1)
    axes.quiver(poses[::step, 1], poses[::step, 2], looks[::step, 0], looks[::step, 1], color="k", alpha=0.6,
                scale=25, width=0.002, zorder=9)


def set_limits(axes, layout):
    ends = [wall[k:k + 2] for wall in layout["wall"].values() for k in (0, 3)]
    if not ends:
        return
    low, high = np.min(ends, axis=0) - 0.5, np.max(ends, axis=0) + 0.5
    axes.set_xlim(low[0], high[0])
    axes.set_ylim(low[1], high[1])


def draw_folder(axes, folder, options):
    layout = read_layout(folder / "layout.txt")
    cloud = folder / options.cloud
    title = folder.name
    if cloud.exists():
        count = draw_cloud(axes, cloud, layout, options.colour)
        title += f"  {count} points"
        draw_boxes(axes, read_layout(folder / "layout_unseen.txt")["bbox"], False, "--")
    draw_shell(axes, layout, not cloud.exists())
    draw_boxes(axes, layout["bbox"], not cloud.exists())
    walk = folder / "groundtruth_scene.tum"
    if walk.exists():
        draw_walk(axes, walk)
    axes.set_title(title, fontsize=8)
    axes.set_aspect("equal")
    axes.tick_params(labelsize=5)
    set_limits(axes, layout)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=pathlib.Path)
    parser.add_argument("-o", "--output", type=pathlib.Path, required=True)
    parser.add_argument("--columns", type=int, default=2)
    parser.add_argument("--panel-inches", type=float, default=6.0)
    parser.add_argument("--dpi", type=int, default=150)
    parser.add_argument("--colour", choices=("height", "density", "rgb"), default="height")
    parser.add_argument("--cloud", default="cloud.ply", help="name of the cloud in each folder")
    options = parser.parse_args()
    rows = -(-len(options.folders) // options.columns)
    size = (options.columns * options.panel_inches, rows * options.panel_inches)
    figure, grid = plt.subplots(rows, options.columns, figsize=size, squeeze=False)
    for axes in grid.flat:
        axes.set_visible(False)
    for axes, folder in zip(grid.flat, options.folders):
        axes.set_visible(True)
        draw_folder(axes, folder, options)
    figure.tight_layout()
    figure.savefig(options.output, dpi=options.dpi)


if __name__ == "__main__":
    main()
