"""A checkpoint folder: `config.json`, `*.safetensors`, and what comes with them.

Everything is checked before it is used: a file that is cut off, a tensor that is missing or has another
shape, a configuration of another model. Every message names cause, value and file.
"""

import json
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open

ORDERS = ("z", "z-trans", "hilbert", "hilbert-trans")
STAGES = 5


class CheckpointError(Exception):
    """Why a checkpoint cannot be exported."""


class Checkpoint:
    """Tensors by their official names, read one at a time as float32."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.config = read_json(self.folder / "config.json")
        check_config(self.config, self.folder / "config.json")
        self.files = {}
        paths = sorted(self.folder.glob("*.safetensors"))
        if not paths:
            raise CheckpointError(f"no *.safetensors file; give the folder of the checkpoint: {self.folder}")
        for path in paths:
            try:
                opened = safe_open(str(path), framework="pt")
            except (SafetensorError, OSError) as cause:
                raise CheckpointError(f"the file is cut off or damaged ({cause}); fetch it again: {path}") from cause
            for name in opened.keys():
                self.files[name] = opened
        self.used = set()

    def has(self, name):
        return name in self.files

    def take(self, name, *shape):
        """The tensor, after a check of its shape."""
        if name not in self.files:
            raise CheckpointError(
                f"the tensor `{name}` is missing ({len(self.files)} others are there); "
                f"the checkpoint is incomplete or of another model: {self.folder}"
            )
        tensor = self.files[name].get_tensor(name)
        if tuple(tensor.shape) != shape:
            raise CheckpointError(
                f"the tensor `{name}` has the shape {list(tensor.shape)}, config.json asks for {list(shape)}; "
                f"weights and config.json are not of one checkpoint: {self.folder}"
            )
        self.used.add(name)
        return tensor.to(torch.float32)

    def unused(self):
        """Names that no module asked for."""
        return sorted(set(self.files) - self.used)


def read_json(path):
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as cause:
        raise CheckpointError(f"no usable JSON ({cause}); give the folder of the checkpoint: {path}") from cause


def check_config(config, path):
    """Refuses configurations that the modules of this folder do not compute."""

    def fail(what):
        raise CheckpointError(f"{what}; only SpatialLM 1.1 with Sonata and Qwen2 is supported: {path}")

    if config.get("model_type") != "spatiallm_qwen":
        fail(f"model_type is {config.get('model_type')!r}")
    if config.get("point_backbone") != "sonata" or config.get("projector", "mlp") != "mlp":
        fail(f"point_backbone is {config.get('point_backbone')!r}, projector {config.get('projector')!r}")
    if config.get("hidden_act", "silu") != "silu" or config.get("rope_scaling"):
        fail(f"hidden_act is {config.get('hidden_act')!r}, rope_scaling {config.get('rope_scaling')!r}")
    if config.get("use_sliding_window"):
        fail("use_sliding_window is on")
    for key in ("hidden_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads",
                "intermediate_size", "vocab_size", "point_start_token_id", "point_token_id", "point_end_token_id"):
        if not isinstance(config.get(key), int) or config[key] < 0:
            fail(f"{key} is {config.get(key)!r}")
    for key in ("point_start_token_id", "point_token_id", "point_end_token_id"):
        if config[key] >= config["vocab_size"]:
            fail(f"{key} is {config[key]}, outside of the vocabulary of {config['vocab_size']}")
    point = config.get("point_config") or {}
    for key in ("enc_depths", "enc_channels", "enc_num_head", "enc_patch_size"):
        if len(point.get(key) or []) != STAGES:
            fail(f"point_config.{key} is {point.get(key)!r}, {STAGES} numbers are needed")
    orders = point.get("order")
    orders = [orders] if isinstance(orders, str) else orders
    if not orders or any(order not in ORDERS for order in orders):
        fail(f"point_config.order is {orders!r}")
    if list(point.get("stride", [2] * 4)) != [2] * 4 or not point.get("enc_mode", True):
        fail(f"point_config.stride is {point.get('stride')!r}, enc_mode {point.get('enc_mode')!r}")


def orders(config):
    """Serialisation orders, always a list."""
    order = config["point_config"]["order"]
    return [order] if isinstance(order, str) else list(order)
