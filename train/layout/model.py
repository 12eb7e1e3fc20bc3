"""The layout network: pillars in, maps of elements out, convolutions only.

A U-Net (Ronneberger et al., 2015) of residual blocks (He et al., 2016) at strides 1, 2, 4, 8 of 10 cm
cells; the first convolution takes 2x2 pillars into a cell; dilated blocks at the bottom see the whole
tile. All steps are local, so a plan of any size (sides multiples of 16 pillars) runs in one go, in
time linear in its area. Batch normalisation is folded into the convolutions by the export.
"""

import math

import torch
import torch.nn.functional as F
from torch import nn

from maps import OUTPUTS
from shards import CHANNELS

WIDTHS = (48, 80, 112, 144)
DILATIONS = (1, 2, 4)
# Outputs of each head; a head is one convolution of so many channels and a linear layer for each output.
HEAD_WIDTHS = {"rooms": 48, "openings": 48, "boxes": 72}
HEADS = {
    "rooms": ("interior", "wall_heat", "wall", "corner_heat", "corner"),
    "openings": ("opening_heat", "opening"),
    "boxes": ("box_heat", "box"),
}
# Heats begin at this probability, so that the many empty cells do not flood the first steps
# (Lin et al., "Focal loss", 2017).
PRIOR = 0.02


def unit(inputs, outputs, kernel=3, stride=1, padding=None, dilation=1):
    padding = dilation * (kernel // 2) if padding is None else padding
    return [nn.Conv2d(inputs, outputs, kernel, stride, padding, dilation, bias=False), nn.BatchNorm2d(outputs)]


class Block(nn.Module):
    def __init__(self, width, dilation=1):
        super().__init__()
        self.body = nn.Sequential(*unit(width, width, dilation=dilation), nn.ReLU(), *unit(width, width))

    def forward(self, x):
        return F.relu(x + self.body(x))


class Up(nn.Module):
    """The coarser map at twice its size, joined to the finer one."""

    def __init__(self, coarse, fine):
        super().__init__()
        self.coarse = nn.Sequential(*unit(coarse, fine, 1))
        self.fine = nn.Sequential(*unit(fine, fine, 1))
        self.block = Block(fine)

    def forward(self, coarse, fine):
        up = F.interpolate(self.coarse(coarse), scale_factor=2.0, mode="nearest")
        return self.block(F.relu(up + self.fine(fine)))


class LayoutNet(nn.Module):
    def __init__(self):
        super().__init__()
        w0, w1, w2, w3 = WIDTHS
        self.stem = nn.Sequential(*unit(CHANNELS, w0, 4, 2, 1), nn.ReLU(), Block(w0))
        self.down1 = nn.Sequential(*unit(w0, w1, 3, 2), nn.ReLU(), Block(w1), Block(w1))
        self.down2 = nn.Sequential(*unit(w1, w2, 3, 2), nn.ReLU(), Block(w2), Block(w2))
        self.down3 = nn.Sequential(*unit(w2, w3, 3, 2), nn.ReLU(), *(Block(w3, d) for d in DILATIONS))
        self.up2, self.up1, self.up0 = Up(w3, w2), Up(w2, w1), Up(w1, w0)
        self.trunks = nn.ModuleDict({
            name: nn.Sequential(*unit(w0, width), nn.ReLU()) for name, width in HEAD_WIDTHS.items()})
        self.heads = nn.ModuleDict({
            output: nn.Conv2d(HEAD_WIDTHS[name], OUTPUTS[output], 1) for name in HEADS for output in HEADS[name]})
        self.scale = nn.Sequential(nn.Conv2d(w3, 48, 1), nn.ReLU(), nn.Conv2d(48, OUTPUTS["scale"], 1))
        for name, head in self.heads.items():
            nn.init.normal_(head.weight, std=0.01)
            nn.init.constant_(head.bias, -math.log(1 / PRIOR - 1) if name.endswith("heat") else 0.0)

    def features(self, pillars):
        x0 = self.stem(pillars)
        x1 = self.down1(x0)
        x2 = self.down2(x1)
        x3 = self.down3(x2)
        x0 = self.up0(self.up1(self.up2(x3, x2), x1), x0)
        return {name: trunk(x0) for name, trunk in self.trunks.items()}, x3

    def forward(self, pillars):
        """Pillars 0..1 `[n, 61, y, x]`; the maps by name, heats and interior as logits, in fp32."""
        found, deep = self.features(pillars)
        with torch.autocast("cpu", enabled=False):
            out = {name: self.heads[name](found[head].float()) for head, names in HEADS.items() for name in names}
            out["scale"] = self.scale(deep.float())
        return out


def pooled_scale(scale):
    """Votes of all cells -> log scale and log sigma, `[n]` each; the weights say which cells know."""
    weight = F.softplus(scale[:, 1]).flatten(1)
    weight = weight / weight.sum(1, keepdim=True).clamp(min=1e-6)
    return (weight * scale[:, 0].flatten(1)).sum(1), (weight * scale[:, 2].flatten(1)).sum(1)
