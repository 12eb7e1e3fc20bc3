"""The point encoder: Point Transformer V3 as Sonata uses it, with every index given from outside.

Sources: Wu et al., Point Transformer V3 (CVPR 2024): serialised patch attention, conditional position code by
a submanifold convolution, grid pooling; Wu et al., Sonata (CVPR 2025): encoder only; Graham et al., submanifold
sparse convolution (CVPR 2018). Rows are voxels. Inputs, N_s rows in stage s, P_s patches of K_s rows:

- feat [N_0, 6]: metric xyz, rgb in [-1, 1];
- neighbours_s [27, N_s]: row at the offset (a-1, b-1, c-1), offset 9a + 3b + c; N_s where there is none;
- patches_s [orders, P_s, K_s]: rows of each patch;
- inverse_s [orders, N_s]: place of each row in the flattened patches;
- members_s [N_s, 8], s = 1..4: rows of stage s-1 in each cell, short lists filled with the first;
- position [N_4, 63]: Fourier code of the coarsest grid.

Outputs: proj.tokens [N_4, hidden]; with `trace` all arrays on the way, by name.
"""

import torch
import torch.nn.functional as F
from torch import nn

from operators import dense, patch_attention, rows

OFFSETS = 27
CENTRE = 13
POSITION = 63


class Affine(nn.Module):
    """y = x W^T + b."""

    def __init__(self, checkpoint, name, cin, cout):
        super().__init__()
        self.weight = nn.Parameter(checkpoint.take(f"{name}.weight", cout, cin))
        self.bias = nn.Parameter(checkpoint.take(f"{name}.bias", cout))

    def forward(self, x):
        return dense(x, self.weight, self.bias)


class Norm(nn.LayerNorm):
    """Layer normalisation over channels."""

    def __init__(self, checkpoint, name, channels):
        super().__init__(channels, eps=1e-5)
        self.weight = nn.Parameter(checkpoint.take(f"{name}.weight", channels))
        self.bias = nn.Parameter(checkpoint.take(f"{name}.bias", channels))


class Convolution(nn.Module):
    """Submanifold 3x3x3 convolution: one product for each offset, so that no [N, 27 C] buffer exists."""

    def __init__(self, checkpoint, name, channels):
        super().__init__()
        weight = checkpoint.take(f"{name}.weight", channels, 3, 3, 3, channels)
        # [out, a, b, c, in] -> 27 matrices [in, out].
        weight = weight.reshape(channels, OFFSETS, channels).permute(1, 2, 0)
        self.taps = nn.ParameterList(nn.Parameter(tap.contiguous()) for tap in weight)
        self.bias = nn.Parameter(checkpoint.take(f"{name}.bias", channels))

    def forward(self, x, neighbours):
        padded = torch.cat([x, torch.zeros_like(x[:1])])
        y = torch.matmul(x, self.taps[CENTRE]) + self.bias
        for offset in range(OFFSETS):
            if offset != CENTRE:
                y = y + torch.matmul(rows(padded, neighbours[offset]), self.taps[offset])
        return y


class Block(nn.Module):
    """Position code by convolution, patch attention, MLP; residual, normalised before."""

    def __init__(self, checkpoint, name, channels, heads, ratio):
        super().__init__()
        self.heads = heads
        self.cpe_conv = Convolution(checkpoint, f"{name}.cpe.0", channels)
        self.cpe_linear = Affine(checkpoint, f"{name}.cpe.1", channels, channels)
        self.cpe_norm = Norm(checkpoint, f"{name}.cpe.2", channels)
        self.norm1 = Norm(checkpoint, f"{name}.norm1.0", channels)
        self.qkv = Affine(checkpoint, f"{name}.attn.qkv", channels, 3 * channels)
        self.proj = Affine(checkpoint, f"{name}.attn.proj", channels, channels)
        self.norm2 = Norm(checkpoint, f"{name}.norm2.0", channels)
        self.fc1 = Affine(checkpoint, f"{name}.mlp.0.fc1", channels, ratio * channels)
        self.fc2 = Affine(checkpoint, f"{name}.mlp.0.fc2", ratio * channels, channels)

    def forward(self, x, neighbours, patches, inverse, note):
        convolved = self.cpe_conv(x, neighbours)
        cpe = self.cpe_norm(self.cpe_linear(convolved))
        x = x + cpe
        normed = self.norm1(x)
        query, key, value = rows(self.qkv(normed), patches).chunk(3, dim=-1)
        mixed = patch_attention(query, key, value, self.heads)
        attention = self.proj(rows(mixed.reshape(-1, mixed.shape[-1]), inverse))
        x = x + attention
        mlp = self.fc2(F.gelu(self.fc1(self.norm2(x))))
        x = x + mlp
        note("cpe_conv", convolved), note("cpe", cpe), note("norm1", normed)
        note("attn", attention), note("mlp", mlp), note("out", x)
        return x


class Pooling(nn.Module):
    """Grid pooling: the largest of the members' projections, per channel."""

    def __init__(self, checkpoint, name, cin, cout):
        super().__init__()
        self.proj = Affine(checkpoint, f"{name}.proj", cin, cout)
        self.norm = Norm(checkpoint, f"{name}.norm.0", cout)

    def forward(self, x, members, note):
        pooled = rows(self.proj(x), members).amax(dim=1)
        x = F.gelu(self.norm(pooled))
        note("pool_feat_prenorm", pooled), note("pool_feat", x)
        return x


class Encoder(nn.Module):
    """Stem, five stages, position code, projector."""

    def __init__(self, checkpoint, trace=False):
        super().__init__()
        config = checkpoint.config
        point = config["point_config"]
        widths, heads, depths = point["enc_channels"], point["enc_num_head"], point["enc_depths"]
        ratio = int(point.get("mlp_ratio", 4))
        base = "point_backbone"
        self.traced = [] if trace else None
        self.stem = Affine(checkpoint, f"{base}.embedding.stem.linear", point["in_channels"], widths[0])
        self.stem_norm = Norm(checkpoint, f"{base}.embedding.stem.norm", widths[0])
        self.pools, self.stages = nn.ModuleList(), nn.ModuleList()
        for s, width in enumerate(widths):
            if s > 0:
                self.pools.append(Pooling(checkpoint, f"{base}.enc.enc{s}.down", widths[s - 1], width))
            self.stages.append(nn.ModuleList(
                Block(checkpoint, f"{base}.enc.enc{s}.block{i}", width, heads[s], ratio) for i in range(depths[s])
            ))
        self.input_proj = Affine(checkpoint, f"{base}.input_proj", widths[-1] + POSITION, widths[-1])
        self.proj0 = Affine(checkpoint, "point_proj.0", widths[-1], widths[-1])
        self.proj2 = Affine(checkpoint, "point_proj.2", widths[-1], config["hidden_size"])

    def forward(self, feat, position, *indices):
        """`indices`: neighbours, patches, inverse of every stage, then members of stages 1 to 4."""
        count = len(self.stages)
        neighbours, patches, inverse = (indices[k * count:(k + 1) * count] for k in range(3))
        members = indices[3 * count:]
        traced = {}
        x = F.gelu(self.stem_norm(self.stem(feat)))
        traced["s0.embedding"] = x
        for s, blocks in enumerate(self.stages):
            if s > 0:
                x = self.pools[s - 1](x, members[s - 1], lambda key, array: traced.update({f"s{s}.{key}": array}))
            for i, block in enumerate(blocks):
                order = i % patches[s].shape[0]
                x = block(x, neighbours[s], patches[s][order], inverse[s][order],
                          lambda key, array: traced.update({f"s{s}.block{i}.{key}": array}))
        x = torch.cat([x, position], dim=1)
        traced["enc.concat"] = x
        x = self.input_proj(x)
        traced["enc.tokens"] = x
        x = self.proj2(F.gelu(self.proj0(x)))
        if self.traced is None:
            return x
        self.traced = list(traced)
        return (x, *traced.values())


def input_names(stages=5):
    """Names of the inputs in the order of `Encoder.forward`."""
    named = [f"{kind}_{s}" for kind in ("neighbours", "patches", "inverse") for s in range(stages)]
    return ["feat", "position", *named, *(f"members_{s}" for s in range(1, stages))]


def example(config, orders, counts=(40, 20, 12, 7, 4)):
    """Inputs of the right types and ranks; the values only have to be in range."""
    patch = config["point_config"]["enc_patch_size"]
    generator = torch.Generator().manual_seed(0)

    def index(limit, *shape):
        return torch.randint(limit, shape, generator=generator)

    sizes = [min(n, k, 3) for n, k in zip(counts, patch)]
    parts = [-(-n // k) for n, k in zip(counts, sizes)]
    return [
        torch.rand(counts[0], config["point_config"]["in_channels"], generator=generator),
        torch.rand(counts[-1], POSITION, generator=generator),
        *(index(n + 1, OFFSETS, n) for n in counts),
        *(index(n, orders, p, k) for n, p, k in zip(counts, parts, sizes)),
        *(index(p * k, orders, n) for n, p, k in zip(counts, parts, sizes)),
        *(index(counts[s - 1], counts[s], 8) for s in range(1, len(counts))),
    ]
