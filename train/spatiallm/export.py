"""Exports a SpatialLM 1.1 checkpoint: `encoder.onnx`, `decoder.onnx`, their weights, and a manifest.

The manifest `roomwright-models.toml` is what `roomwright --models DIR` reads: files with digests, tensors,
and the numbers that the program needs (patches, orders, special tokens). The tokenizer is copied.
"""

import argparse
import hashlib
import json
import shutil
import sys
from pathlib import Path

import decoder
import encoder
import graph
from manifest import Entry, write
from tensors import STAGES, Checkpoint, CheckpointError, orders, read_json

# The checkpoint as a whole follows its strictest part, the Sonata encoder; the language model is built on
# Qwen2.5 (Apache-2.0). The model card of the checkpoint is what counts.
LICENCE = "CC-BY-NC-4.0"
ORIGIN = "SpatialLM 1.1 (Manycore Research), exported by train/spatiallm from a folder of the user"
# End of a turn and end of text of Qwen2.5, when generation_config.json does not say.
END_OF_TURN = 151645


def export_encoder(checkpoint, out, trace):
    module = encoder.Encoder(checkpoint, trace)
    inputs = encoder.example(checkpoint.config, len(orders(checkpoint.config)))
    names = encoder.input_names()
    module(*inputs)
    fixed = {("feat", 1), ("position", 1)} | {(f"neighbours_{s}", 0) for s in range(STAGES)}
    fixed |= {(f"members_{s}", 1) for s in range(STAGES)}
    fixed |= {(f"{kind}_{s}", 0) for kind in ("patches", "inverse") for s in range(STAGES)}
    free = {name: {i: f"{name}.{i}" for i in range(tensor.dim()) if (name, i) not in fixed}
            for name, tensor in zip(names, inputs)}
    model = graph.trace(module, inputs, names, ["proj.tokens", *(module.traced or [])], free)
    return model, graph.save(model, module, names, out / "encoder.onnx", int8=False)


def export_decoder(checkpoint, out, int8, trace):
    module = decoder.Decoder(checkpoint, trace)
    layers = checkpoint.config["num_hidden_layers"]
    inputs, names = decoder.example(checkpoint.config), decoder.input_names(layers)
    module(*inputs)
    free = {name: {0: f"{name}.0"} for name in names}
    free["mask"] = {0: "mask.0", 1: "mask.1"}
    outputs = [*decoder.output_names(layers), *(module.traced or [])]
    model = graph.trace(module, inputs, names, outputs, free)
    return model, graph.save(model, module, names, out / "decoder.onnx", int8)


def copy_tokenizer(checkpoint, out):
    """Copies tokenizer.json after a look at its size; None when there is none."""
    source = checkpoint.folder / "tokenizer.json"
    if not source.is_file():
        return None
    content = read_json(source)
    numbers = [token["id"] for token in content.get("added_tokens", [])]
    vocabulary = content.get("model", {}).get("vocab", {})
    numbers += vocabulary.values() if isinstance(vocabulary, dict) else range(len(vocabulary))
    limit = checkpoint.config["vocab_size"]
    if not numbers or max(numbers) >= limit:
        raise CheckpointError(
            f"the tokenizer goes up to token {max(numbers, default=-1)}, the model has {limit} embeddings; "
            f"it belongs to another model: {source}"
        )
    target = out / "tokenizer.json"
    shutil.copyfile(source, target)
    raw = target.read_bytes()
    return {"file": target.name, "sha256": hashlib.sha256(raw).hexdigest(), "size_bytes": len(raw)}


def encoder_table(config):
    point = config["point_config"]
    return {
        "orders": orders(config), "depths": point["enc_depths"], "patch_sizes": point["enc_patch_size"],
        "num_bins": point.get("num_bins", 1280), "width": config["hidden_size"],
    }


def decoder_table(checkpoint):
    config, path = checkpoint.config, checkpoint.folder / "generation_config.json"
    generation = read_json(path) if path.is_file() else {}
    stop = generation.get("eos_token_id", config.get("eos_token_id", END_OF_TURN))
    stop = stop if isinstance(stop, list) else [stop]
    return {
        "layers": config["num_hidden_layers"], "key_value_heads": config["num_key_value_heads"],
        "head_width": config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"],
        "width": config["hidden_size"], "vocabulary": config["vocab_size"],
        "point_start": config["point_start_token_id"], "point_pad": config["point_token_id"],
        "point_end": config["point_end_token_id"],
        "stop": sorted({token for token in stop if isinstance(token, int)}),
        "context": config.get("max_position_embeddings", 32768),
        "repetition_penalty": float(generation.get("repetition_penalty", 1.0)),
    }


def export(folder, out, int8, trace):
    checkpoint = Checkpoint(folder)
    out.mkdir(parents=True, exist_ok=True)
    tokenizer = copy_tokenizer(checkpoint, out)
    encoder_model, encoder_files = export_encoder(checkpoint, out, trace)
    decoder_model, decoder_files = export_decoder(checkpoint, out, int8, trace)
    precision = "8-bit weights" if int8 else "fp32"
    entries = [
        Entry("spatiallm_encoder", "point-encoder", LICENCE, ORIGIN, "fp32", encoder_model, encoder_files,
              ("point_encoder", encoder_table(checkpoint.config))),
        Entry("spatiallm_decoder", "layout-decoder", LICENCE, ORIGIN, precision, decoder_model,
              (*decoder_files, *([tokenizer] if tokenizer else [])),
              ("layout_decoder", decoder_table(checkpoint))),
    ]
    write(out / "roomwright-models.toml", entries)
    return checkpoint.unused(), [*encoder_files, *decoder_files]


def main():
    parser = argparse.ArgumentParser(description="Exports a SpatialLM 1.1 checkpoint for roomwright")
    parser.add_argument("checkpoint", type=Path, help="folder with config.json, *.safetensors, tokenizer.json")
    parser.add_argument("out", type=Path, help="folder for the models; give it to roomwright with --models")
    parser.add_argument("--int8", action="store_true", help="8-bit weights in the decoder")
    parser.add_argument("--trace", action="store_true", help="all arrays on the way become outputs (for tests)")
    args = parser.parse_args()
    try:
        unused, files = export(args.checkpoint, args.out, args.int8, args.trace)
    except CheckpointError as error:
        sys.exit(f"export: {error}")
    for file in files:
        print(json.dumps(file))
    if unused:
        print(f"{len(unused)} tensors were not used, the first is {unused[0]}", file=sys.stderr)


if __name__ == "__main__":
    main()
