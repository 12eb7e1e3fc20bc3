"""Writes a checkpoint of the released size with random weights: for tests of size, time and memory.

Names and shapes are those of SpatialLM1.1-Qwen-0.5B as its publishers presume them in public (24 layers, 896
wide, 151936 tokens, encoder 48 to 512 wide); nothing in the file was trained. With `--small` the same in
miniature. A tokenizer of single bytes with the special tokens of Qwen2.5 at their places is written beside it,
so that a run goes from end to end; what it says means nothing. With `--say FILE` it is a miniature that says
the lines of that file, whatever it sees: each line is one token, attention and MLP add nothing, and the head
holds for each token the one that follows.
"""

import argparse
import json
from pathlib import Path

import torch
from safetensors.torch import save_file

RELEASED = {
    "model_type": "spatiallm_qwen", "hidden_act": "silu", "hidden_size": 896, "num_hidden_layers": 24,
    "num_attention_heads": 14, "num_key_value_heads": 2, "intermediate_size": 4864, "vocab_size": 151936,
    "rope_theta": 1000000.0, "rms_norm_eps": 1e-6, "tie_word_embeddings": True, "use_sliding_window": False,
    "point_backbone": "sonata", "projector": "mlp",
    "point_start_token_id": 151665, "point_end_token_id": 151666, "point_token_id": 151667,
    "bos_token_id": 151643, "eos_token_id": 151645,
    "point_config": {
        "in_channels": 6, "order": ["z", "z-trans"], "stride": [2, 2, 2, 2], "enc_depths": [3, 3, 3, 12, 3],
        "enc_channels": [48, 96, 192, 384, 512], "enc_num_head": [3, 6, 12, 24, 32],
        "enc_patch_size": [1024] * 5, "mlp_ratio": 4, "mask_token": True, "enc_mode": True, "num_bins": 1280,
    },
}
SMALL = {
    "hidden_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 256,
    "vocab_size": 384, "point_start_token_id": 380, "point_end_token_id": 381, "point_token_id": 382,
    "bos_token_id": 256, "eos_token_id": 258,
}
SMALL_POINT = {"enc_depths": [1] * 5, "enc_channels": [16, 32, 48, 64, 96], "enc_num_head": [1, 2, 3, 4, 6]}
# Spread of the weights, as Qwen2 initialises them.
DEVIATION = 0.02
# Number of the token of the first line that `--say` says; logit of the token that follows.
FIRST_LINE, CERTAIN = 270, 20.0


class Recorder:
    """Stands for a checkpoint while a module is built, and makes up each tensor that is asked for."""

    def __init__(self, config, seed):
        self.config, self.made = config, {}
        self.generator = torch.Generator().manual_seed(seed)

    def has(self, name):
        return name != "lm_head.weight" or not self.config["tie_word_embeddings"]

    def take(self, name, *shape):
        if name not in self.made:
            norm = len(shape) == 1 and name.endswith("weight")
            values = torch.randn(shape, generator=self.generator) * DEVIATION + (1.0 if norm else 0.0)
            self.made[name] = values.to(torch.bfloat16)
        return self.made[name].float()


class Parrot(Recorder):
    """A decoder that says a chain of tokens."""

    def __init__(self, config, seed, follower):
        super().__init__(config, seed)
        self.follower = follower

    def take(self, name, *shape):
        if name not in self.made:
            super().take(name, *shape)
            if name.endswith(("o_proj.weight", "down_proj.weight")):
                self.made[name] = torch.zeros(shape, dtype=torch.bfloat16)
            elif name == "model.embed_tokens.weight":
                self.made[name] = self.made[name].sign()
            elif name == "lm_head.weight":
                head = torch.zeros(shape)
                for token, following in self.follower.items():
                    head[following] = self.made["model.embed_tokens.weight"][token].float() * CERTAIN / shape[1]
                self.made[name] = head.to(torch.bfloat16)
            elif name.startswith("model.") and name.endswith("norm.weight"):
                self.made[name] = torch.ones(shape, dtype=torch.bfloat16)
        return self.made[name].float()


def chain(lines, config):
    """The token after each token: the newline that ends the prompt, the lines, the end of the turn."""
    tokens = [ord("\n"), *(FIRST_LINE + i for i in range(len(lines))), config["eos_token_id"]]
    return dict(zip(tokens, tokens[1:]))


def byte_alphabet():
    """The printable character of each byte, as byte-level BPE writes them (Radford et al. 2019)."""
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    spare = iter(range(256, 512))
    return [chr(byte if byte in shown else next(spare)) for byte in range(256)]


def tokenizer(config, lines=()):
    alphabet = byte_alphabet()
    whole = {"".join(alphabet[byte] for byte in f"{line}\n".encode()): FIRST_LINE + i for i, line in enumerate(lines)}
    start = config["bos_token_id"]
    special = {"<|endoftext|>": start, "<|im_start|>": start + 1, "<|im_end|>": start + 2}
    for key, text in (("start", "<|point_start|>"), ("end", "<|point_end|>")):
        special[text] = config[f"point_{key}_token_id"]
    special["<|point_pad|>"] = config["point_token_id"]
    # Special tokens are words of the vocabulary too: readers number added tokens anew that are not.
    added = [
        {"id": number, "content": text, "single_word": False, "lstrip": False, "rstrip": False,
         "normalized": False, "special": True} for text, number in sorted(special.items(), key=lambda item: item[1])
    ]
    return {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": added, "normalizer": None,
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False},
        "post_processor": None, "decoder": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False,
                                            "use_regex": False},
        "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
                  "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False,
                  "vocab": {**{character: byte for byte, character in enumerate(alphabet)}, **special, **whole}, "merges": []},
    }


def main():
    from decoder import Decoder
    from encoder import Encoder

    parser = argparse.ArgumentParser(description="Writes a checkpoint with random weights")
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--small", action="store_true", help="in miniature")
    parser.add_argument("--say", type=Path, help="in miniature, saying the lines of this file")
    args = parser.parse_args()
    config = json.loads(json.dumps(RELEASED))
    lines = args.say.read_text(encoding="utf-8").splitlines() if args.say else []
    if args.small or args.say:
        config.update(SMALL)
        config["point_config"].update(SMALL_POINT)
    if args.say:
        if FIRST_LINE + len(lines) > config["point_start_token_id"]:
            parser.error(f"{len(lines)} lines, at most {config['point_start_token_id'] - FIRST_LINE} have a token")
        config["tie_word_embeddings"] = False
        recorder = Parrot(config, args.seed, chain(lines, config))
    else:
        recorder = Recorder(config, args.seed)
    Encoder(recorder), Decoder(recorder)
    args.out.mkdir(parents=True, exist_ok=True)
    save_file(recorder.made, str(args.out / "model.safetensors"), metadata={"format": "pt"})
    for name, content in (("config.json", config), ("tokenizer.json", tokenizer(config, lines))):
        (args.out / name).write_text(json.dumps(content), encoding="utf-8")
    print(f"{len(recorder.made)} tensors, {sum(t.numel() for t in recorder.made.values())} numbers: {args.out}")


if __name__ == "__main__":
    main()
