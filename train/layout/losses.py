"""Losses of the layout maps against the targets, in fp32.

Centres: focal loss of CenterNet (Zhou et al., 2019). Centre lines: quality focal loss (Li et al.,
"Generalized Focal Loss", 2020), whose least value is at the soft target itself. Values: L1 where an
element is, weighted by its heat. Interior: cross-entropy and dice. Scale: Gaussian likelihood. The
overlap outputs learn how well the box or rectangle of a cell fits the true one: with the heat they
make the confidence.
"""

import torch
import torch.nn.functional as F

from maps import BOX, BOX_CHANNELS, LAYERS, OPENING, WALL
from model import pooled_scale

WEIGHTS = {"interior": 1.0, "wall_heat": 1.0, "wall": 1.0, "corner_heat": 0.5, "corner": 0.3, "opening_heat": 1.0,
           "opening": 1.0, "box_heat": 1.0, "box": 1.0, "overlap": 0.3, "scale": 0.3}
# A footprint as square as this has no long side: its axis may be turned by a quarter.
SQUARE_LOG = 0.12
# Metrics take boxes as at least this thick, metres.
THINNEST_M = 0.1
NEAR = 0.4


def peak_loss(logits, heat, care, balance=None):
    """Focal loss of centres, by the number of centres; `balance` weighs the centres of each channel."""
    p = torch.sigmoid(logits).clamp(1e-5, 1 - 1e-5)
    is_peak = (heat > 0.999).float()
    if balance is not None:
        is_peak = is_peak * balance.view(1, -1, 1, 1)
    hit = -(1 - p) ** 2 * torch.log(p) * is_peak
    miss = -(p**2) * (1 - heat) ** 4 * torch.log(1 - p) * care
    return (hit.sum() + miss.sum()) / is_peak.sum().clamp(min=1)


def line_loss(logits, heat, care):
    p = torch.sigmoid(logits)
    loss = F.binary_cross_entropy_with_logits(logits, heat, reduction="none") * (p - heat).abs() ** 2
    return (loss * care).sum() / heat.sum().clamp(min=1)


def interior_loss(logits, truth, weight):
    bce = (F.binary_cross_entropy_with_logits(logits, truth, reduction="none") * weight).sum() / weight.sum()
    p = torch.sigmoid(logits) * weight
    overlap = 2 * (p * truth).sum((1, 2, 3)) / (p.sum((1, 2, 3)) + (truth * weight).sum((1, 2, 3)) + 1.0)
    return 2.0 * bce + 0.5 * (1 - overlap).mean()


def weighted(distance, near):
    """Mean over the cells of elements; `distance` is `[n, c, y, x]`."""
    return (distance * near).sum() / near.sum().clamp(min=1)


def box_cells(out, target):
    """The cells of boxes of all layers: found and wanted values `[cells, 11]` and heats."""
    found, wanted, heats = [], [], []
    for layer in range(LAYERS):
        channels = slice(layer * BOX_CHANNELS, (layer + 1) * BOX_CHANNELS)
        near = target["box_near"][:, layer]
        mask = near > NEAR
        found.append(out["box"][:, channels].permute(0, 2, 3, 1)[mask])
        wanted.append(target["box"][:, channels].permute(0, 2, 3, 1)[mask])
        heats.append(near[mask])
    return torch.cat(found), torch.cat(wanted), torch.cat(heats)


def box_overlap(found, wanted):
    """IoU of boxes by their offsets and sizes along the true box's axes; turns cost by their angle."""
    yaw = torch.atan2(wanted[:, 9], wanted[:, 8])
    shift = 0.1 * (found[:, 0:2] - wanted[:, 0:2])
    c, s = torch.cos(yaw), torch.sin(yaw)
    delta = torch.stack([c * shift[:, 0] + s * shift[:, 1], c * shift[:, 1] - s * shift[:, 0],
                         found[:, 2] - wanted[:, 2]], 1).abs()
    a, b = found[:, BOX["size"]].exp().clamp(min=THINNEST_M, max=10), wanted[:, BOX["size"]].exp().clamp(min=THINNEST_M)
    common = (torch.minimum(a, b).minimum((a + b) / 2 - delta)).clamp(min=0).prod(1)
    turned = F.cosine_similarity(found[:, BOX["axis"]], wanted[:, BOX["axis"]], dim=1).clamp(min=0)
    return common * turned / (a.prod(1) + b.prod(1) - common)


def box_losses(out, target):
    found, wanted, heat = box_cells(out, target)
    if not len(heat):
        return out["box"].sum() * 0, out["box"].sum() * 0
    error = (found[:, :10] - wanted[:, :10]).abs()
    axis = error[:, BOX["axis"]].sum(1)
    quarter = (found[:, BOX["axis"]] + wanted[:, BOX["axis"]]).abs().sum(1)
    is_square = (wanted[:, 3] - wanted[:, 4]).abs() < SQUARE_LOG
    axis = torch.where(is_square, torch.minimum(axis, quarter), axis)
    value = (error[:, BOX["offset"]].sum(1) + 4 * error[:, 2] + 2 * error[:, BOX["size"]].sum(1) + axis
             + 0.3 * error[:, BOX["front"]].sum(1))
    with torch.no_grad():
        fit = box_overlap(found.detach(), wanted)
    sure = F.binary_cross_entropy_with_logits(found[:, 10], fit, reduction="none")
    return (value * heat).sum() / heat.sum(), (sure * heat).sum() / heat.sum()


def opening_losses(out, target):
    near = target["opening_near"][:, 0]
    mask = near > NEAR
    found, wanted = (maps["opening"].permute(0, 2, 3, 1)[mask] for maps in (out, target))
    heat = near[mask]
    if not len(heat):
        return out["opening"].sum() * 0, out["opening"].sum() * 0
    error = (found[:, :7] - wanted[:, :7]).abs()
    value = (error[:, OPENING["offset"]].sum(1) + 4 * error[:, 2] + 3 * error[:, OPENING["size"]].sum(1)
             + error[:, OPENING["axis"]].sum(1))
    with torch.no_grad():
        shift = 0.1 * (found[:, 0:2] - wanted[:, 0:2]).norm(dim=1)
        delta = torch.stack([shift, (found[:, 2] - wanted[:, 2]).abs()], 1)
        a, b = found[:, OPENING["size"]].exp().clamp(max=10), wanted[:, OPENING["size"]].exp()
        common = torch.minimum(a, b).minimum((a + b) / 2 - delta).clamp(min=0).prod(1)
        fit = common / (a.prod(1) + b.prod(1) - common)
    sure = F.binary_cross_entropy_with_logits(found[:, 7], fit, reduction="none")
    return (value * heat).sum() / heat.sum(), (sure * heat).sum() / heat.sum()


def wall_loss(out, target):
    error = (out["wall"] - target["wall"]).abs()
    share = torch.ones(error.shape[1], device=error.device)
    share[WALL["height"]], share[WALL["thickness"]] = 3.0, 1.0
    return weighted((error * share.view(1, -1, 1, 1)).sum(1, keepdim=True), target["wall_near"])


def scale_loss(out, target):
    mean, log_sigma = pooled_scale(out["scale"])
    log_sigma = log_sigma.clamp(-5, 1)
    error = (mean - target["log_scale"]) / log_sigma.exp()
    return (0.5 * error**2 + log_sigma).mean() + 3.0


def losses(out, target, balance=None):
    """Every part, weighted, by name; their sum is the loss. `balance`: weights of the classes of boxes."""
    parts = {name: peak_loss(out[name], target[name], target[name.replace("heat", "care")])
             for name in ("corner_heat", "opening_heat")}
    parts["box_heat"] = peak_loss(out["box_heat"], target["box_heat"], target["box_care"], balance)
    parts["interior"] = interior_loss(out["interior"], target["interior"], target["interior_weight"])
    parts["wall_heat"] = line_loss(out["wall_heat"], target["wall_heat"], target["wall_care"])
    parts["wall"] = wall_loss(out, target)
    parts["corner"] = weighted((out["corner"] - target["corner"]).abs().sum(1, keepdim=True),
                               target["corner_heat"] * (target["corner_heat"] > NEAR))
    parts["opening"], fit = opening_losses(out, target)
    parts["box"], box_fit = box_losses(out, target)
    parts["overlap"] = fit + box_fit
    parts["scale"] = scale_loss(out, target)
    return {name: WEIGHTS[name] * value for name, value in parts.items()}
