"""Warping, correlation and upsampling: the parts of the network without weights.

Plane sweep by homographies (Yao et al., MVSNet, ECCV 2018), group-wise correlation (Guo et al., CVPR
2019), look-up in an all-pairs correlation volume and convex upsampling (Teed and Deng, RAFT, ECCV
2020). Projections are K_src T_src T_ref^-1 K_ref^-1 with K of the stride at hand; pixel i of stride s
lies at pixel s*i of the picture. B batch, V views, S = V - 1 sources, G groups, D planes.
"""

import torch
import torch.nn.functional as F


def unit_groups(x, groups):
    """Features cut into groups of unit length: [N, C, h, w] -> [N, G, C/G, h, w]."""
    n, c, h, w = x.shape
    x = x.reshape(n, groups, c // groups, h * w)
    x = x / torch.sqrt((x * x).sum(2, keepdim=True) + 1e-4)
    return x.reshape(n, groups, c // groups, h, w)


def places(projections, inverse, h, w):
    """Where the planes of each reference pixel lie in the sources, in pixels of the projections' stride.

    projections [B, S, 4, 4], inverse [B, D, h*w] (or [B, D, 1]); gives x, y [B*S, D, h*w] and whether the
    place is in front of the source.
    """
    b, s = projections.shape[:2]
    xs = torch.arange(w, device=inverse.device, dtype=inverse.dtype).view(1, w).expand(h, w).reshape(1, 1, -1)
    ys = torch.arange(h, device=inverse.device, dtype=inverse.dtype).view(h, 1).expand(h, w).reshape(1, 1, -1)
    matrix = projections.reshape(b * s, 4, 4)
    rays = matrix[:, :3, 0:1] * xs + matrix[:, :3, 1:2] * ys + matrix[:, :3, 2:3]
    shift = matrix[:, :3, 3:4].unsqueeze(2)
    d = inverse.shape[1]
    planes = inverse.unsqueeze(1).expand(b, s, d, inverse.shape[2]).reshape(b * s, 1, d, -1)
    # K R K^-1 pixel + K t / depth: the homogeneous position in the source.
    place = rays.unsqueeze(2) + shift * planes
    z = place[:, 2]
    front = z > 1e-3
    z = torch.where(front, z, torch.ones_like(z))
    return place[:, 0] / z, place[:, 1] / z, front


def grid_of(x, y, front, width, height):
    """Sampling grid of these places in a picture of width x height, and whether they are inside."""
    gx = x * (2.0 / (width - 1)) - 1.0
    gy = y * (2.0 / (height - 1)) - 1.0
    inside = front & (gx.abs() <= 1.0) & (gy.abs() <= 1.0)
    return torch.stack([gx.clamp(-2.0, 2.0), gy.clamp(-2.0, 2.0)], -1), inside.to(x.dtype)


def correlate_all(match, projections, inverse):
    """Scores of the coarse planes: all pairs of pixels are correlated, then looked up (as RAFT does).

    Warping and correlating are both linear in the source, so the order does not matter; this one
    interpolates G values instead of C. match [B, V, G, C, h, w]; gives [B*S, G, D, h*w], [B*S, 1, D, h*w].
    """
    b, v, g, c, h, w = match.shape
    s = v - 1
    here = match[:, :1].expand(b, s, g, c, h, w).reshape(b * s * g, c, h * w).transpose(1, 2)
    there = match[:, 1:].reshape(b * s * g, c, h * w)
    pairs = torch.matmul(here, there).reshape(b * s * g * h * w, 1, h, w)
    x, y, front = places(projections, inverse, h, w)
    grid, inside = grid_of(x, y, front, w, h)
    d = grid.shape[1]
    grid = grid.transpose(1, 2).unsqueeze(1).expand(b * s, g, h * w, d, 2).reshape(b * s * g * h * w, d, 1, 2)
    found = F.grid_sample(pairs, grid, align_corners=True)
    scores = found.reshape(b * s, g, h * w, d).transpose(2, 3)
    return scores, inside.unsqueeze(1)


def correlate_near(match, projections, inverse):
    """Scores of a few planes per pixel of stride 4 with features of stride 2: sources are warped.

    match [B, V, G, C, 2h, 2w], projections of stride 4, inverse [B, D, h, w]; gives the same as above.
    """
    b, v, g, c, height, width = match.shape
    s, d, (h, w) = v - 1, inverse.shape[1], inverse.shape[2:]
    x, y, front = places(projections, inverse.reshape(b, d, h * w), h, w)
    grid, inside = grid_of(2.0 * x, 2.0 * y, front, width, height)
    found = F.grid_sample(match[:, 1:].reshape(b * s, g * c, height, width), grid.detach(), align_corners=True)
    here = match[:, 0, :, :, ::2, ::2].reshape(b, 1, g, c, 1, h * w)
    scores = (found.reshape(b, s, g, c, d, h * w) * here).sum(3)
    return scores.reshape(b * s, g, d, h * w), inside.unsqueeze(1)


def combine(scores, inside, weights, b):
    """Weighted mean over the sources: [B*S, G, D, hw] and weights [B*S, 1, 1, hw] -> [B, G + 1, D, hw]."""
    weighed = inside * weights
    s = scores.shape[0] // b
    total = weighed.reshape(b, s, *weighed.shape[1:]).sum(1)
    mean = (scores * weighed).reshape(b, s, *scores.shape[1:]).sum(1) / (total + 1e-2)
    return torch.cat([mean, total / (1.0 + total)], 1)


def convex(x, mask, factor):
    """Each fine pixel a convex mix of its 3x3 coarse neighbours: x [B, 1, h, w], mask [B, 9 f^2, h, w].

    Weights are sigmoids brought to sum 1 (a softmax over this axis is slow in ONNX Runtime).
    """
    b, _, h, w = x.shape
    mask = torch.sigmoid(mask.reshape(b, 9, factor * factor, h * w)) + 1e-4
    padded = F.pad(x, (1, 1, 1, 1), mode="replicate")
    near = torch.stack([padded[:, 0, i : i + h, j : j + w] for i in range(3) for j in range(3)], 1)
    mixed = (mask * near.reshape(b, 9, 1, h * w)).sum(1) / mask.sum(1)
    return F.pixel_shuffle(mixed.reshape(b, factor * factor, h, w), factor)
