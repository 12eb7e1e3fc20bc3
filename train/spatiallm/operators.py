"""The few operators that are written into the graph by name instead of being traced.

Each computes in PyTorch what its node computes in ONNX Runtime.
"""

import torch
import torch.nn.functional as F


class Dense(torch.autograd.Function):
    """y = x W^T + b as one Gemm, so that the weight stays as it is in the checkpoint."""

    @staticmethod
    def forward(_, x, weight, bias):
        return F.linear(x, weight, bias)

    @staticmethod
    def symbolic(g, x, weight, bias):
        operands = [x, weight] if bias is None or bias.node().mustBeNone() else [x, weight, bias]
        return g.op("Gemm", *operands, transB_i=1).setType(
            x.type().with_sizes([None, weight.type().sizes()[0]]))


class PatchAttention(torch.autograd.Function):
    """Attention within patches [P, K, C]; ONNX Runtime's fused operator never holds all P K K scores."""

    @staticmethod
    def forward(_, query, key, value, heads):
        count, length, channels = query.shape
        split = [x.reshape(count, length, heads, channels // heads).transpose(1, 2) for x in (query, key, value)]
        mixed = F.scaled_dot_product_attention(*split)
        return mixed.transpose(1, 2).reshape(count, length, channels)

    @staticmethod
    def symbolic(g, query, key, value, heads):
        return g.op("com.microsoft::MultiHeadAttention", query, key, value, num_heads_i=heads).setType(query.type())


def dense(x, weight, bias=None):
    """Linear map of rows [N, C]."""
    return Dense.apply(x, weight, bias)


def patch_attention(query, key, value, heads):
    """Softmax(q k^T / sqrt(d)) v in each patch and head."""
    return PatchAttention.apply(query, key, value, heads)


def rows(x, index):
    """x[index] for an index of any rank."""
    return F.embedding(index, x)
