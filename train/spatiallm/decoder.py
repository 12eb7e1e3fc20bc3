"""The language model: a Qwen2 decoder whose cache is an input and an output.

Sources: Qwen2 technical report (2024); RMSNorm (Zhang and Sennrich 2019), rotary positions (Su et al. 2021),
SwiGLU (Shazeer 2020), grouped queries (Ainslie et al. 2023). Inputs, T new positions after S held ones, G
key-value heads of D channels:

- ids [A], points [B, hidden], splice [T]: the embeddings of the new positions are the rows `splice` of
  [embeddings of ids; points];
- positions [T]; mask [T, S + T]: 0 where a position may look, -inf where not;
- select [M]: which of the T rows are turned into logits;
- past_key_i, past_value_i [S, G, D]: the cache of layer i, keys already rotated.

Outputs: logits [M, vocabulary], key_i and value_i [T, G, D], to be appended to the cache.
"""

import torch
import torch.nn.functional as F
from torch import nn

from operators import dense, rows


class RootMeanSquare(nn.Module):
    """x / sqrt(mean(x^2) + eps) * weight."""

    def __init__(self, checkpoint, name, width, eps):
        super().__init__()
        self.weight = nn.Parameter(checkpoint.take(f"{name}.weight", width))
        self.eps = eps

    def forward(self, x):
        return x / torch.sqrt((x * x).mean(-1, keepdim=True) + self.eps) * self.weight


class Matrix(nn.Module):
    """y = x W^T (+ b)."""

    def __init__(self, checkpoint, name, cin, cout, bias=False):
        super().__init__()
        self.weight = nn.Parameter(checkpoint.take(f"{name}.weight", cout, cin))
        self.bias = nn.Parameter(checkpoint.take(f"{name}.bias", cout)) if bias else None

    def forward(self, x):
        return dense(x, self.weight, self.bias)


def rotate(x, cos, sin):
    """Rotates the pairs (i, i + D/2) of the last dimension."""
    low, high = x.chunk(2, dim=-1)
    return x * cos + torch.cat([-high, low], dim=-1) * sin


class Layer(nn.Module):
    """Attention over the cache and the new positions, then the gated MLP."""

    def __init__(self, checkpoint, name, config):
        super().__init__()
        width, inner = config["hidden_size"], config["intermediate_size"]
        self.heads, self.groups = config["num_attention_heads"], config["num_key_value_heads"]
        self.channels = config.get("head_dim") or width // self.heads
        eps = config["rms_norm_eps"]
        query, key = self.heads * self.channels, self.groups * self.channels
        self.norm1 = RootMeanSquare(checkpoint, f"{name}.input_layernorm", width, eps)
        self.q = Matrix(checkpoint, f"{name}.self_attn.q_proj", width, query, bias=True)
        self.k = Matrix(checkpoint, f"{name}.self_attn.k_proj", width, key, bias=True)
        self.v = Matrix(checkpoint, f"{name}.self_attn.v_proj", width, key, bias=True)
        self.o = Matrix(checkpoint, f"{name}.self_attn.o_proj", query, width)
        self.norm2 = RootMeanSquare(checkpoint, f"{name}.post_attention_layernorm", width, eps)
        self.gate = Matrix(checkpoint, f"{name}.mlp.gate_proj", width, inner)
        self.up = Matrix(checkpoint, f"{name}.mlp.up_proj", width, inner)
        self.down = Matrix(checkpoint, f"{name}.mlp.down_proj", inner, width)

    def forward(self, x, cos, sin, mask, past_key, past_value):
        normed = self.norm1(x)
        share = self.heads // self.groups
        query = rotate(self.q(normed).reshape(-1, self.heads, self.channels), cos, sin)
        key = rotate(self.k(normed).reshape(-1, self.groups, self.channels), cos, sin)
        value = self.v(normed).reshape(-1, self.groups, self.channels)
        # [G, share, T, D] against [G, 1, D, S + T]: the heads of a group share keys and values.
        query = (query * self.channels ** -0.5).reshape(-1, self.groups, share, self.channels).permute(1, 2, 0, 3)
        keys = torch.cat([past_key, key]).permute(1, 2, 0).unsqueeze(1)
        values = torch.cat([past_value, value]).transpose(0, 1).unsqueeze(1)
        weights = torch.softmax(torch.matmul(query, keys) + mask, dim=-1)
        mixed = torch.matmul(weights, values).permute(2, 0, 1, 3).reshape(-1, self.heads * self.channels)
        x = x + self.o(mixed)
        normed = self.norm2(x)
        x = x + self.down(F.silu(self.gate(normed)) * self.up(normed))
        return x, key, value


class Decoder(nn.Module):
    """Embedding, layers, final norm, head."""

    def __init__(self, checkpoint, trace=False):
        super().__init__()
        config = checkpoint.config
        width, vocabulary = config["hidden_size"], config["vocab_size"]
        self.traced = [] if trace else None
        self.embedding = nn.Parameter(checkpoint.take("model.embed_tokens.weight", vocabulary, width))
        self.layers = nn.ModuleList(
            Layer(checkpoint, f"model.layers.{i}", config) for i in range(config["num_hidden_layers"]))
        self.norm = RootMeanSquare(checkpoint, "model.norm", width, config["rms_norm_eps"])
        tied = config.get("tie_word_embeddings", False) or not checkpoint.has("lm_head.weight")
        if tied and not config.get("tie_word_embeddings", False):
            checkpoint.take("lm_head.weight", vocabulary, width)  # the error of a missing tensor
        self.head = self.embedding if tied else nn.Parameter(checkpoint.take("lm_head.weight", vocabulary, width))
        channels = self.layers[0].channels
        steps = torch.arange(0, channels, 2, dtype=torch.int64).float() / channels
        self.register_buffer("frequencies", 1.0 / float(config.get("rope_theta", 10000.0)) ** steps)

    def forward(self, ids, points, splice, positions, mask, select, *past):
        x = rows(torch.cat([rows(self.embedding, ids), points]), splice)
        traced = {"llm.inputs_embeds": x}
        angles = positions.unsqueeze(-1).float() * self.frequencies
        angles = torch.cat([angles, angles], dim=-1).unsqueeze(1)
        cos, sin = torch.cos(angles), torch.sin(angles)
        fresh = []
        for i, layer in enumerate(self.layers):
            x, key, value = layer(x, cos, sin, mask, past[2 * i], past[2 * i + 1])
            fresh += [key, value]
            traced[f"llm.layer{i}.out"] = x
        x = self.norm(x)
        traced["llm.final_norm"] = x
        logits = dense(rows(x, select), self.head)
        if self.traced is None:
            return (logits, *fresh)
        self.traced = list(traced)
        return (logits, *fresh, *traced.values())


def input_names(layers):
    """Names of the inputs in the order of `Decoder.forward`."""
    past = [f"past_{kind}_{i}" for i in range(layers) for kind in ("key", "value")]
    return ["ids", "points", "splice", "positions", "mask", "select", *past]


def output_names(layers):
    """Names of the outputs, without traced ones."""
    return ["logits", *(f"{kind}_{i}" for i in range(layers) for kind in ("key", "value"))]


def example(config):
    """Inputs of the right types and ranks."""
    groups = config["num_key_value_heads"]
    channels = config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"]
    held, fresh = 3, 4
    mask = torch.full((fresh, held + fresh), float("-inf")).triu(held + 1)
    return [
        torch.tensor([1, 0]), torch.rand(3, config["hidden_size"]), torch.tensor([0, 2, 3, 1]),
        torch.arange(held, held + fresh), mask, torch.tensor([fresh - 1]),
        *(torch.rand(held, groups, channels) for _ in range(2 * config["num_hidden_layers"])),
    ]
