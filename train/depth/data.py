"""Training and validation samples from folders with posed pictures and depth.

`pack` turns a folder as the project's own `synth video --images-every 1` writes it (rgb/, depth/ in
millimetres, transforms.json with OpenGL camera axes) into three small arrays. `Houses` draws
samples: a reference crop, source crops, projections, depth range, truth.

Sources and depth ranges are drawn as the program draws them (predicted overlap and parallax over the
range, range = trimmed scene depths with margins), but spread wider. Crops follow the scene from view
to view: crop windows only change the intrinsics. Against the gap between rendered and real pictures
every view gets its own brightness, gamma, tint, blur, noise and JPEG loss, and poses get errors.
"""

import argparse
import json
import math
from pathlib import Path

import cv2
import numpy as np

WIDTH, HEIGHT = 384, 288
NEAR_MARGIN, FAR_MARGIN, TRIM = 0.6, 1.6, 0.02
TARGET_SHARE = 0.16
OPENCV_FROM_OPENGL = np.diag([1.0, -1.0, -1.0, 1.0])


def read_clip(folder, width, height):
    """Camera matrix, poses (world_from_camera, OpenCV axes) and frame entries, K for width x height."""
    meta = json.loads((Path(folder) / "transforms.json").read_text())
    sx, sy = width / meta["w"], height / meta["h"]
    camera = np.eye(3)
    camera[0, 0], camera[1, 1] = meta["fl_x"] * sx, meta["fl_y"] * sy
    camera[0, 2], camera[1, 2] = (meta["cx"] + 0.5) * sx - 0.5, (meta["cy"] + 0.5) * sy - 0.5
    poses = np.stack([np.array(f["transform_matrix"]) @ OPENCV_FROM_OPENGL for f in meta["frames"]])
    return camera, poses, meta["frames"]


def read_depth(path, width, height):
    """Depth in millimetres at the nearest pixel."""
    depth = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    rows = ((np.arange(height) + 0.5) * depth.shape[0] / height).astype(int)
    columns = ((np.arange(width) + 0.5) * depth.shape[1] / width).astype(int)
    return depth[rows][:, columns]


def read_rgb(path, width, height):
    return cv2.resize(cv2.imread(str(path)), (width, height), interpolation=cv2.INTER_AREA)[..., ::-1]


def pack(folder, out):
    """One clip as arrays; nothing is written before everything is read."""
    camera, poses, frames = read_clip(folder, WIDTH, HEIGHT)
    rgb = np.stack([read_rgb(Path(folder) / f["file_path"], WIDTH, HEIGHT) for f in frames])
    depth = np.stack([read_depth(Path(folder) / f["depth_file_path"], WIDTH, HEIGHT) for f in frames])
    out.mkdir(parents=True, exist_ok=True)
    np.save(out / "rgb.npy", rgb)
    np.save(out / "depth.npy", depth)
    np.savez(out / "meta.npz", camera=camera, poses=poses)


def depth_range(depths, near=NEAR_MARGIN, far=FAR_MARGIN):
    """(depth_min, depth_max) round these depths, with the program's trim and margins."""
    low, high = np.quantile(depths, [TRIM, 1.0 - TRIM])
    return near * low, far * high


def predict(camera, size, source_from_reference, depths):
    """Overlap (share of the frustum seen) and parallax in pixels for a stack of motions [N, 4, 4]."""
    width, height = size
    cells = (np.arange(4) + 0.5) / 4.0
    x, y = np.meshgrid(cells * width, cells * height)
    rays = np.linalg.inv(camera) @ np.stack([x.ravel(), y.ravel(), np.ones(16)])
    near, far = depths
    inverses = (1.0 / far, 0.5 * (1.0 / far + 1.0 / near), 1.0 / near)
    points = np.stack([rays / inverse for inverse in inverses])  # [3, 3, 16]
    rotation, shift = source_from_reference[:, None, :3, :3], source_from_reference[:, None, :3, 3:]
    there = camera @ (rotation @ points + shift)  # [N, 3, 3, 16]
    front = there[:, :, 2] > 1e-3
    at = there[:, :, :2] / np.where(front, there[:, :, 2], 1.0)[:, :, None]
    seen = front & (at[:, :, 0] >= 0) & (at[:, :, 0] < width) & (at[:, :, 1] >= 0) & (at[:, :, 1] < height)
    both = front[:, 0] & front[:, 2]
    moved = np.linalg.norm(at[:, 2] - at[:, 0], axis=1) * both
    return seen.mean((1, 2)), moved.sum(1) / np.maximum(both.sum(1), 1)


def select_sources(camera, size, poses, reference, depths, target_px, count, jitter=None):
    """Indices of up to `count` sources, best first; `jitter` perturbs the scores (training)."""
    motions = np.linalg.inv(poses) @ poses[reference]
    turn = np.arccos(np.clip((np.trace(motions[:, :3, :3], axis1=1, axis2=2) - 1) / 2, -1, 1))
    overlap, parallax = predict(camera, size, motions, depths)
    usable = (turn <= 0.7) & (overlap >= 0.45) & (parallax >= 3.0)
    usable[reference] = False
    score = overlap * np.exp(-0.5 * (np.log(np.maximum(parallax, 1e-6) / target_px) / 0.6) ** 2) * usable
    if jitter is not None:
        score = score * np.exp(jitter.normal(0.0, 0.6, len(score)))
    places, chosen = poses[:, :3, 3], []
    while len(chosen) < count and score.max() > 0.0:
        best = int(score.argmax())
        chosen.append(best)
        baseline = np.linalg.norm(places[best] - places[reference])
        ratio = np.linalg.norm(places - places[best], axis=1) / max(0.5 * baseline, 1e-9)
        score = score * (1.0 - 0.9 * np.exp(-(ratio**2)))
        score[best] = 0.0
    return chosen


def projections(cameras, poses):
    """K_src T_src T_ref^-1 K_ref^-1 for strides 4 and 8: two arrays [S, 4, 4]; view 0 is the reference."""
    result = []
    for scale in (0.25, 0.125):
        level = [np.diag([scale, scale, 1.0]) @ camera for camera in cameras]
        full = np.stack([np.block([[k, np.zeros((3, 1))], [np.zeros((1, 3)), np.ones((1, 1))]]) for k in level])
        project = full @ np.linalg.inv(poses)
        result.append((project[1:] @ np.linalg.inv(project[0])).astype(np.float32))
    return result


def photometric(image, rng, shared):
    """Camera and encoder effects on one view; `shared` is the look that all views have in common."""
    x = image.astype(np.float32) / 255.0
    gain = shared["gain"] * math.exp(rng.normal(0, 0.08)) * shared["tint"] * np.exp(rng.normal(0, 0.03, 3))
    x = np.clip(x * gain.astype(np.float32), 0.0, 1.0) ** (shared["gamma"] * math.exp(rng.normal(0, 0.06)))
    gray = x.mean(2, keepdims=True)
    x = gray + shared["saturation"] * (x - gray)
    x = 0.5 + shared["contrast"] * (x - 0.5) + shared["offset"]
    if rng.random() < 0.4:
        x = cv2.GaussianBlur(x, (0, 0), rng.uniform(0.4, 1.3))
    if rng.random() < 0.15:
        length, angle = rng.uniform(2, 6), rng.uniform(0, math.pi)
        kernel = np.zeros((9, 9), np.float32)
        dx, dy = 0.5 * length * math.cos(angle), 0.5 * length * math.sin(angle)
        cv2.line(kernel, (round(4 - dx), round(4 - dy)), (round(4 + dx), round(4 + dy)), 1.0)
        x = cv2.filter2D(x, -1, kernel / kernel.sum())
    if rng.random() < 0.7:
        x = x + rng.normal(0, rng.uniform(0.003, 0.03), x.shape).astype(np.float32)
    x = (np.clip(x, 0, 1) * 255 + 0.5).astype(np.uint8)
    if rng.random() < 0.4:
        _, code = cv2.imencode(".jpg", x, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(35, 95))])
        x = cv2.imdecode(code, cv2.IMREAD_COLOR)
    return x


class Houses:
    """Draws samples from packed clips; `crop` is (height, width)."""

    def __init__(self, root, first_seed, last_seed, crop):
        self.crop, self.clips = crop, []
        for path in sorted(Path(root).iterdir()):
            if path.name.isdigit() and first_seed <= int(path.name) < last_seed and (path / "meta.npz").exists():
                meta = np.load(path / "meta.npz")
                arrays = [np.load(path / f"{name}.npy", mmap_mode="r") for name in ("rgb", "depth")]
                self.clips.append((*arrays, meta["camera"], meta["poses"]))

    def draw(self, rng, sources):
        """A training sample; tries until one has sources and truth."""
        while True:
            sample = self._try(rng, sources)
            if sample is not None:
                return sample

    def _try(self, rng, sources):
        rgb, depth, camera, poses = self.clips[rng.integers(len(self.clips))]
        reference = int(rng.integers(len(poses)))
        truth = np.asarray(depth[reference])
        valid = truth[truth > 0]
        if valid.size < 0.5 * truth.size:
            return None
        near = math.exp(rng.uniform(math.log(0.3), math.log(0.85)))
        far = math.exp(rng.uniform(math.log(1.15), math.log(2.5)))
        depths = [d / 1000.0 for d in depth_range(valid, near, far)]

        height, width = self.crop
        sx = math.exp(rng.uniform(math.log(max(0.52, width / WIDTH)), math.log(1.0)))
        sy = max(sx * rng.uniform(0.85, 1.05), 1.02 * height / HEIGHT)
        flip = -1.0 if rng.random() < 0.5 else 1.0
        roll = math.radians(rng.normal(0, 2.0))
        linear = np.array([[flip * sx * math.cos(roll), -sy * math.sin(roll)],
                           [flip * sx * math.sin(roll), sy * math.cos(roll)]])
        scaled = camera.copy()
        scaled[:2] *= np.array([[sx], [sy]])
        target = TARGET_SHARE * 384 * math.exp(rng.uniform(-0.8, 0.5))
        size = (sx * WIDTH, sy * HEIGHT)
        chosen = select_sources(scaled, size, poses, reference, depths, target, sources, rng)
        if not chosen:
            return None
        chosen = [chosen[min(i, len(chosen) - 1)] for i in range(sources)]

        half = np.array([0.5 * width / sx, 0.5 * height / sy])
        bounds = np.array([WIDTH, HEIGHT]) - half
        centre = rng.uniform(np.minimum(half, bounds), np.maximum(half, bounds))
        patch = truth[int(centre[1]) - 8 : int(centre[1]) + 9, int(centre[0]) - 8 : int(centre[0]) + 9]
        middle = np.median(patch[patch > 0]) / 1000.0 if (patch > 0).any() else np.median(valid) / 1000.0
        point = poses[reference] @ np.append(np.linalg.inv(camera) @ np.append(centre, 1.0) * middle, 1.0)

        shared = {
            "gain": math.exp(rng.normal(0, 0.2)), "tint": np.exp(rng.normal(0, 0.08, 3)),
            "gamma": math.exp(rng.normal(0, 0.25)), "saturation": rng.uniform(0.4, 1.5),
            "contrast": rng.uniform(0.7, 1.25), "offset": rng.normal(0, 0.04),
        }
        images, cameras, motions = [], [], []
        # Errors of reconstructed poses and focal lengths: mostly small, sometimes of 1-2 px.
        noise = min(rng.exponential(1.0), 3.0) if rng.random() < 0.7 else 0.0
        wrong = np.diag([1.0, 1.0, 1.0])
        wrong[0, 0] = wrong[1, 1] = math.exp(rng.normal(0, 0.015)) if rng.random() < 0.25 else 1.0
        for order, view in enumerate([reference, *chosen]):
            pose, at = poses[view].copy(), centre
            if order:
                there = camera @ (np.linalg.inv(pose) @ point)[:3]
                at = there[:2] / max(there[2], 0.1) + rng.normal(0, 6.0, 2)
                at = np.clip(at, np.minimum(half, bounds), np.maximum(half, bounds))
            affine = np.hstack([linear, (np.array([width, height]) * 0.5 - linear @ at)[:, None]])
            image = cv2.warpAffine(np.asarray(rgb[view]), affine, (width, height), flags=cv2.INTER_LINEAR,
                                   borderMode=cv2.BORDER_REPLICATE)
            if order == 0:
                found = cv2.warpAffine(truth, affine, (width, height), flags=cv2.INTER_NEAREST)
            else:
                pose[:3, :3] = pose[:3, :3] @ cv2.Rodrigues(rng.normal(0, 0.001, 3) * noise)[0]
                pose[:3, 3] += rng.normal(0, 0.002, 3) * noise
            images.append(photometric(image, rng, shared))
            cameras.append(np.vstack([affine, [0, 0, 1]]) @ camera @ wrong)
            motions.append(pose)
        found = found.astype(np.float32) / 1000.0
        if (found > 0).mean() < 0.4:
            return None
        return pack_sample(images, cameras, np.stack(motions), depths, found)


def pack_sample(images, cameras, poses, depths, truth):
    proj4, proj8 = projections(cameras, poses)
    stacked = np.stack(images).transpose(0, 3, 1, 2).astype(np.float32) / 255.0
    return {
        "images": stacked, "proj4": proj4, "proj8": proj8, "truth": truth.astype(np.float32),
        "depth_min": np.float32(depths[0]), "depth_max": np.float32(depths[1]),
    }


def main():
    parser = argparse.ArgumentParser(description="Packs rendered clips for training")
    parser.add_argument("clips", type=Path, help="folder of clip folders named by seed")
    parser.add_argument("out", type=Path)
    args = parser.parse_args()
    for folder in sorted(args.clips.iterdir()):
        finished = (folder / "done").exists() and not (args.out / folder.name / "meta.npz").exists()
        if folder.name.isdigit() and finished:
            pack(folder, args.out / folder.name)


if __name__ == "__main__":
    main()
