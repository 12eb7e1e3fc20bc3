"""The elevation network: a small U-Net from the picture of a face to centres, sizes and depths of what is on it."""

import math
import sys
from pathlib import Path

import torch
from torch import nn

TRAIN = Path(__file__).resolve().parents[1]
sys.path += [str(TRAIN), str(TRAIN / "layout")]
from faces import CHANNELS, CLASSES, GROUPS, VALUES
from losses import peak_loss
from model import Block, Up, unit

WIDTHS = (32, 48, 64, 96)
PRIOR = 0.02
# Metrics take boxes as at least this thick, metres.
THINNEST_M = 0.1
STEP_M = 0.1
NEAR = 0.4


class ElevationNet(nn.Module):
    def __init__(self):
        super().__init__()
        w0, w1, w2, w3 = WIDTHS
        self.stem = nn.Sequential(*unit(CHANNELS, w0, 4, 2, 1), nn.ReLU(), Block(w0))
        self.down1 = nn.Sequential(*unit(w0, w1, 3, 2), nn.ReLU(), Block(w1))
        self.down2 = nn.Sequential(*unit(w1, w2, 3, 2), nn.ReLU(), Block(w2))
        self.down3 = nn.Sequential(*unit(w2, w3, 3, 2), nn.ReLU(), Block(w3, 1), Block(w3, 2))
        self.up2, self.up1, self.up0 = Up(w3, w2), Up(w2, w1), Up(w1, w0)
        self.heat, self.values = nn.Conv2d(w0, len(CLASSES), 1), nn.Conv2d(w0, GROUPS * VALUES, 1)
        nn.init.normal_(self.heat.weight, std=0.01)
        nn.init.constant_(self.heat.bias, -math.log(1 / PRIOR - 1))
        nn.init.normal_(self.values.weight, std=0.01)
        nn.init.constant_(self.values.bias, 0.0)

    def forward(self, faces):
        """Faces 0..1 `[n, 32, 64, columns]` to heats (logits) `[n, 8, 32, columns / 2]` and values, in fp32."""
        x0 = self.stem(faces)
        x1 = self.down1(x0)
        x2 = self.down2(x1)
        x0 = self.up0(self.up1(self.up2(self.down3(x2), x2), x1), x0)
        with torch.autocast("cpu", enabled=False):
            return self.heat(x0.float()), self.values(x0.float())


def overlap(found, wanted):
    """IoU along the wall, up and across it."""
    delta = torch.stack([STEP_M * (found[:, 0] - wanted[:, 0]), STEP_M * (found[:, 1] - wanted[:, 1]),
                         found[:, 4] - wanted[:, 4]], 1).abs()
    pick = [2, 3, 5]
    a, b = (v[:, pick].exp().clamp(min=THINNEST_M, max=10) for v in (found, wanted))
    common = torch.minimum(a, b).minimum((a + b) / 2 - delta).clamp(min=0).prod(1)
    return common / (a.prod(1) + b.prod(1) - common)


def losses(heat, values, target, balance):
    """Every part by name; focal loss of centres, L1 of values, cross-entropy of the overlap."""
    parts = {"heat": peak_loss(heat, target["heat"], target["care"], balance)}
    found, wanted, weight = [], [], []
    per = values.shape[1] // target["near"].shape[1]
    for group in range(target["near"].shape[1]):
        near = target["near"][:, group]
        mask, part = near > NEAR, slice(group * per, (group + 1) * per)
        found.append(values[:, part].permute(0, 2, 3, 1)[mask])
        wanted.append(target["values"][:, part].permute(0, 2, 3, 1)[mask])
        weight.append(near[mask])
    found, wanted, weight = torch.cat(found), torch.cat(wanted), torch.cat(weight)
    if not len(weight):
        return parts | {"values": values.sum() * 0, "overlap": values.sum() * 0}
    error = (found[:, :6] - wanted[:, :6]).abs() @ torch.tensor([1.0, 1.0, 3.0, 3.0, 4.0, 0.7])
    with torch.no_grad():
        fit = overlap(found.detach(), wanted)
    sure = nn.functional.binary_cross_entropy_with_logits(found[:, 6], fit, reduction="none")
    total = weight.sum()
    return parts | {"values": (error * weight).sum() / total, "overlap": 0.3 * (sure * weight).sum() / total}
