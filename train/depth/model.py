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

from sweep import combine, convex, correlate_all, correlate_near, unit_groups

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
