"""The multi-view depth network: a three-step cascade of plane sweeps.

Takes a reference picture and posed source pictures; gives the reference's depth and a confidence.
What is done and where it comes from:

- pyramid of features at strides 8, 4, 2 with top-down connections (Lin et al., CVPR 2017) of RGB and
  of a locally normalised gray plane, which looks the same in rendered and real pictures;
- stride 8: homography warp at planes of inverse depth (Yao et al., MVSNet, ECCV 2018), group-wise
  correlation of unit features (Guo et al., CVPR 2019), sources weighed by a learned visibility
  (Zhang et al., Vis-MVSNet, BMVC 2020), regularised by separable plane/space convolutions that share
  their weights over the planes, then by a 2D U-Net with the planes as channels and image context
  (Sayed et al., SimpleRecon, ECCV 2022); depth by soft-argmax round the best plane;
- strides 4 and 2: the same with a few narrow planes round the upsampled depth (Gu et al.,
  CasMVSNet, CVPR 2020), convex upsampling between the steps (Teed and Deng, RAFT, ECCV 2020);
- confidence: the probability that the depth is within a few percent of the truth.

Convention of `rel_proj_*`: K_src T_src T_ref^-1 K_ref^-1, K scaled by 1/2, 1/4, 1/8 (no half pixel
shift: pixel i of stride s lies at pixel s*i, as for convolutions of odd size). Only operations that
ONNX opset 17 has. Sides must be multiples of 32.
"""

import torch
import torch.nn.functional as F
from torch import nn

PLANES = 48
# Offsets of the refining planes, in steps of the coarse planes.
STEP, COUNT = 0.35, 8
# Groups of the correlation at strides 8 and 2.
GROUPS_8, GROUPS_2 = 2, 2
# Planes on either side of the best that the soft-argmax averages.
WINDOW = 2
# Window of the local normalisation, pixels.
NORM_PX = 15


def conv(cin, cout, kernel=3, stride=1, relu=True):
    """Convolution, batch normalisation (folded into it when exported), ReLU."""
    layers = [nn.Conv2d(cin, cout, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(cout, momentum=0.05)]
    return nn.Sequential(*layers, nn.ReLU(inplace=True)) if relu else nn.Sequential(*layers)


class Residual(nn.Module):
    """Two convolutions beside an identity."""

    def __init__(self, channels):
        super().__init__()
        self.body = nn.Sequential(conv(channels, channels), conv(channels, channels, relu=False))

    def forward(self, x):
        return F.relu(x + self.body(x))


def doubled(x):
    return F.interpolate(x, scale_factor=2.0, mode="nearest")


class Pyramid(nn.Module):
    """Context at strides 8 and 4, unit matching features at strides 8 and 2."""

    def __init__(self, c2=16, c4=32, c8=48):
        super().__init__()
        self.down2 = nn.Sequential(conv(4, c2, 5, 2), conv(c2, c2))
        self.down4 = nn.Sequential(conv(c2, c4, 3, 2), Residual(c4))
        self.down8 = nn.Sequential(conv(c4, c8, 3, 2), Residual(c8), Residual(c8))
        self.match8 = nn.Conv2d(c8, 32, 1)
        self.top4 = nn.Conv2d(c8, c4, 1)
        self.mix4 = conv(c4, c4)
        self.top2 = nn.Conv2d(c4, c2, 1)
        self.mix2 = conv(c2, c2)
        self.match2 = nn.Conv2d(c2, 8, 1)

    @staticmethod
    def normalised(images):
        """RGB about 0 and gray with local mean 0 and deviation 1."""
        gray = images.mean(1, keepdim=True)
        pad = NORM_PX // 2

        def mean(x):
            x = F.avg_pool2d(F.pad(x, (pad, pad, pad, pad), mode="replicate"), (1, NORM_PX), 1)
            return F.avg_pool2d(x, (NORM_PX, 1), 1)

        centre = mean(gray)
        spread = (mean(gray * gray) - centre * centre).clamp(min=0.0)
        local = (gray - centre) / torch.sqrt(spread + 4e-4)
        return torch.cat([2.0 * images - 1.0, local], 1)

    def forward(self, images):
        x2 = self.down2(self.normalised(images))
        x4 = self.down4(x2)
        x8 = self.down8(x4)
        y4 = self.mix4(x4 + doubled(self.top4(x8)))
        y2 = self.mix2(x2 + doubled(self.top2(y4)))
        return x8, unit_groups(self.match8(x8), GROUPS_8), y4, unit_groups(self.match2(y2), GROUPS_2)


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


class Mixing(nn.Module):
    """Convolutions over planes and over space, alternately, with weights shared by all planes."""

    def __init__(self, cin, channels, rounds):
        super().__init__()
        self.enter = nn.Conv2d(cin, channels, 1)
        self.along = nn.ModuleList(nn.Conv2d(channels, channels, (5, 1), padding=(2, 0)) for _ in range(rounds))
        self.across = nn.ModuleList(nn.Conv2d(channels, channels, 3, padding=1) for _ in range(rounds))
        self.leave = nn.Conv2d(channels, 1, 1)

    def forward(self, x, h, w):
        """[B, C, D, h*w] -> [B, D, h, w]."""
        b, _, d, _ = x.shape
        x = F.relu(self.enter(x))
        for along, across in zip(self.along, self.across):
            x = x + F.relu(along(x))
            c = x.shape[1]
            y = x.transpose(1, 2).reshape(b * d, c, h, w)
            y = F.relu(across(y)).reshape(b, d, c, h * w).transpose(1, 2)
            x = x + y
        return self.leave(x).reshape(b, d, h, w)


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


class Unet(nn.Module):
    """Regulariser of the coarse planes: strides 8, 16, 32."""

    def __init__(self, cin, c1=64, c2=80, c3=96):
        super().__init__()
        self.enter = nn.Sequential(conv(cin, c1), conv(c1, c1))
        self.down1 = nn.Sequential(conv(c1, c2, 3, 2), Residual(c2))
        self.down2 = nn.Sequential(conv(c2, c3, 3, 2), Residual(c3))
        self.up2 = nn.Conv2d(c3, c2, 1)
        self.mix2 = conv(c2, c2)
        self.up1 = nn.Conv2d(c2, c1, 1)
        self.mix1 = conv(c1, c1)

    def forward(self, x):
        x1 = self.enter(x)
        x2 = self.down1(x1)
        y2 = self.mix2(x2 + doubled(self.up2(self.down2(x2))))
        return self.mix1(x1 + doubled(self.up1(y2)))


class Refine(nn.Module):
    """The narrow sweep: planes round `inverse`, logits from matching and context."""

    def __init__(self, context, hidden=48):
        super().__init__()
        self.mixing = Mixing(GROUPS_2 + 1, 16, 1)
        self.body = nn.Sequential(conv(2 * COUNT + context + 1, hidden), Residual(hidden), Residual(hidden))
        self.logits = nn.Conv2d(hidden, COUNT, 3, padding=1)
        self.mask = nn.Sequential(conv(hidden, 64), nn.Conv2d(64, 144, 1))
        self.sure = nn.Conv2d(hidden, 1, 3, padding=1)
        offsets = (torch.arange(COUNT, dtype=torch.float32) - 0.5 * (COUNT - 1)) * STEP
        self.register_buffer("offsets", offsets.view(1, COUNT, 1, 1))

    def forward(self, match, projections, context, inverse, step, near, far, weights):
        """`inverse` [B, 1, h, w], `step` the coarse step [B, 1, 1, 1], `weights` [B*S, 1, h, w]."""
        b, _, h, w = inverse.shape
        planes = inverse + self.offsets * step
        scores, inside = correlate_near(match, projections, planes)
        volume = combine(scores, inside, weights.reshape(-1, 1, 1, h * w), b)
        matched = self.mixing(volume, h, w)
        raw = volume[:, :GROUPS_2].mean(1).reshape(b, -1, h, w)
        where = (inverse - far) / (near - far)
        hidden = self.body(torch.cat([matched, raw, context, where], 1))
        logits = 4.0 * matched + self.logits(hidden)
        inverse = inverse + (torch.softmax(logits, 1) * self.offsets).sum(1, keepdim=True) * step
        inverse = torch.minimum(torch.maximum(inverse, far), near)
        return inverse, logits, self.mask(hidden), self.sure(hidden), planes


class DepthNet(nn.Module):
    """See the module's text. `forward` gives depth and confidence, `steps` all that training needs."""

    def __init__(self, planes=PLANES):
        super().__init__()
        self.planes = planes
        self.pyramid = Pyramid()
        self.pre = Mixing(GROUPS_8, 8, 1)
        self.see = nn.Sequential(conv(planes + 1, 16), nn.Conv2d(16, 1, 3, padding=1))
        self.mixing = Mixing(GROUPS_8 + 1, 16, 2)
        self.unet = Unet(2 * planes + 48)
        self.logits = nn.Conv2d(64, planes, 3, padding=1)
        self.mask = nn.Conv2d(64, 36, 3, padding=1)
        self.sure = nn.Sequential(conv(64 + 3, 16), nn.Conv2d(16, 1, 3, padding=1))
        self.refine = Refine(32)
        self.register_buffer("sure_bias", torch.zeros(1))

    def steps(self, images, proj4, proj8, depth_min, depth_max):
        b, v, _, height, width = images.shape
        s = v - 1
        context8, match8, context4, match2 = self.pyramid(images.reshape(b * v, 3, height, width))
        split = [x.reshape(b, v, *x.shape[1:]) for x in (context8, match8, context4, match2)]
        context8, match8, context4, match2 = split
        near, far = (1.0 / depth_min).view(b, 1, 1, 1), (1.0 / depth_max).view(b, 1, 1, 1)
        step = (near - far) / (self.planes - 1)
        index = torch.arange(self.planes, dtype=images.dtype, device=images.device).view(1, -1, 1, 1)
        planes = far + step * index

        h, w = height // 8, width // 8
        scores, inside = correlate_all(match8, proj8, planes[..., 0])
        single = self.pre(scores, h, w)
        seen = inside.mean(2).reshape(b * s, 1, h, w)
        weights = torch.sigmoid(self.see(torch.cat([single, seen], 1)))
        volume = combine(scores, inside, weights.reshape(b * s, 1, 1, h * w), b)
        matched = self.mixing(volume, h, w)
        raw = volume[:, :GROUPS_8].mean(1).reshape(b, self.planes, h, w)
        hidden = self.unet(torch.cat([matched, raw, context8[:, 0]], 1))
        logits8 = 4.0 * matched + self.logits(hidden)
        share = torch.softmax(logits8, 1)
        best = share.argmax(1, keepdim=True).to(share.dtype)
        local = share * ((index - best).abs() <= WINDOW).to(share.dtype)
        kept = local.sum(1, keepdim=True)
        inverse8 = far + step * (local * index).sum(1, keepdim=True) / (kept + 1e-6)
        disorder = -(share * torch.log(share + 1e-6)).sum(1, keepdim=True)
        visible = weights.reshape(b, s, h, w).mean(1, keepdim=True)
        sure = self.sure(torch.cat([hidden, kept, disorder, visible], 1))

        start = convex(inverse8, self.mask(hidden), 2)
        inverse4, logits4, mask, more, planes4 = self.refine(
            match2, proj4, context4[:, 0], start.detach(), step, near, far, doubled(weights)
        )
        return {
            "inverse8": inverse8,
            "start": start,
            "inverse4": inverse4,
            "inverse": convex(inverse4, mask, 4),
            "logits8": logits8,
            "planes8": planes,
            "logits4": logits4,
            "planes4": planes4,
            "single": single,
            "sure": doubled(sure) + more,
            "step": step,
        }

    def forward(self, images, rel_proj_l2, rel_proj_l3, depth_min, depth_max):
        out = self.steps(images, rel_proj_l2, rel_proj_l3, depth_min, depth_max)
        sure = out["sure"] + self.sure_bias.view(1, 1, 1, 1)
        confidence = torch.sigmoid(F.interpolate(sure, scale_factor=4.0, mode="bilinear", align_corners=False))
        return 1.0 / out["inverse"], confidence
