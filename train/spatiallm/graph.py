"""From a PyTorch module to an ONNX graph whose weights lie in a file beside it.

The graph is traced without weights; weights are then written one by one, so that a model never stands in
memory as a whole and a file may be larger than what one protobuf message can hold. ONNX Runtime maps such
files instead of reading them.

8-bit weights: every Gemm becomes a MatMulNBits, w ~ scale (q - 128) with one scale for each block of
`BLOCK` inputs of an output; the library computes with 8-bit activations, scaled by block likewise. The
embedding becomes half precision, of which only the rows in use are read.
"""

import hashlib
import io

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper

OPSET = 17
# Inputs that share a scale: 14, 28 and 38 blocks of the released widths.
BLOCK = 64
# Offsets in the file: a page, so that large tensors can be mapped; a cache line for small ones.
PAGE, LINE, LARGE = 4096, 64, 1 << 20


def trace(module, inputs, input_names, output_names, free):
    """The graph with every parameter as a graph input; `free` names the free dimensions of inputs."""
    module.eval()
    stream = io.BytesIO()
    with torch.no_grad():
        torch.onnx.export(
            module, tuple(inputs), stream, input_names=input_names, output_names=output_names,
            dynamic_axes=free, opset_version=OPSET, export_params=False, dynamo=False,
            custom_opsets={"com.microsoft": 1},
        )
    return onnx.load_from_string(stream.getvalue())


class DataFile:
    """Weights beside a graph."""

    def __init__(self, path):
        self.path = path
        self.file = open(path, "wb")
        self.digest = hashlib.sha256()
        self.offset = 0

    def put(self, name, array):
        """Appends an array; gives the entry that refers to it."""
        raw = np.ascontiguousarray(array).tobytes()
        align = PAGE if len(raw) >= LARGE else LINE
        self._write(b"\0" * (-self.offset % align))
        tensor = TensorProto(name=name, data_type=helper.np_dtype_to_tensor_dtype(array.dtype), dims=array.shape)
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in (("location", self.path.name), ("offset", self.offset), ("length", len(raw))):
            tensor.external_data.add(key=key, value=str(value))
        self._write(raw)
        return tensor

    def _write(self, raw):
        self.file.write(raw)
        self.digest.update(raw)
        self.offset += len(raw)

    def close(self):
        self.file.close()
        return {"file": self.path.name, "sha256": self.digest.hexdigest(), "size_bytes": self.offset}


def save(model, module, input_names, path, int8):
    """Writes `path` and `path`.data; gives the entries of both files."""
    graph = model.graph
    state = {**dict(module.named_parameters(remove_duplicate=False)), **dict(module.named_buffers())}
    weights = {value.name for value in graph.input if value.name not in input_names}
    unknown = weights - set(state)
    if unknown:
        raise RuntimeError(f"the graph asks for {sorted(unknown)[:3]}, which the module does not have")
    data = DataFile(path.with_name(path.name + ".data"))
    if int8:
        quantise(graph, state, weights, data)
    for name in sorted(weights):
        graph.initializer.append(data.put(name, state[name].detach().numpy()))
    kept = [value for value in graph.input if value.name in input_names]
    missing = set(input_names) - {value.name for value in kept}
    if missing:
        raise RuntimeError(f"tracing lost the inputs {sorted(missing)[:3]}")
    del graph.input[:]
    graph.input.extend(kept)
    del graph.value_info[:]
    model.producer_name, model.producer_version, model.doc_string = "roomwright", "", ""
    for node in graph.node:
        node.doc_string = ""
    onnx.save_model(model, str(path))
    raw = path.read_bytes()
    own = {"file": path.name, "sha256": hashlib.sha256(raw).hexdigest(), "size_bytes": len(raw)}
    return own, data.close()


def quantise(graph, state, weights, data):
    """Replaces every Gemm by its 8-bit form; drops the weights that are no longer used from `weights`."""
    nodes = []
    for node in graph.node:
        if node.op_type == "Gemm" and node.input[1] in weights:
            nodes += eight_bit(graph, node, state, data)
        else:
            nodes.append(node)
    used = {name for node in nodes for name in node.input}
    weights &= used
    for node in list(nodes):
        # A large table that is only looked up: half the size, the same rows.
        if node.op_type == "Gather" and node.input[0] in weights and state[node.input[0]].dim() == 2:
            name, wide = node.input[0], node.output[0]
            half = state[name].detach().numpy().astype(np.float16)
            weights.discard(name)
            graph.initializer.append(data.put(f"{name}.half", half))
            node.input[0], node.output[0] = f"{name}.half", f"{wide}.half"
            cast = helper.make_node("Cast", [f"{wide}.half"], [wide], name=f"{node.name}.wide", to=TensorProto.FLOAT)
            nodes.insert(nodes.index(node) + 1, cast)
    del graph.node[:]
    graph.node.extend(nodes)


def eight_bit(graph, node, state, data):
    name = node.input[1]
    weight = state[name].detach().numpy()
    outputs, inputs = weight.shape
    if inputs % BLOCK:
        raise RuntimeError(f"`{name}` has {inputs} inputs, which are no whole blocks of {BLOCK}")
    blocks = weight.reshape(outputs, inputs // BLOCK, BLOCK)
    scale = np.abs(blocks).max(axis=2, keepdims=True) / 127.0
    scale[scale == 0] = 1.0
    codes = np.clip(np.rint(blocks / scale) + 128, 1, 255).astype(np.uint8)
    stored = {f"{name}.int8": codes, f"{name}.scale": scale.reshape(outputs, -1).astype(np.float32)}
    for key, array in stored.items():
        if all(key != tensor.name for tensor in graph.initializer):
            graph.initializer.append(data.put(key, array))
    result = node.output[0]
    biased = len(node.input) > 2
    product = helper.make_node(
        "MatMulNBits", [node.input[0], *stored], [f"{result}.product" if biased else result], name=node.name,
        domain="com.microsoft", K=inputs, N=outputs, bits=8, block_size=BLOCK, accuracy_level=4,
    )
    if not biased:
        return [product]
    return [product, helper.make_node("Add", [f"{result}.product", node.input[2]], [result], name=f"{node.name}.bias")]


def describe(values):
    """Names, shapes and types of graph inputs or outputs; 0 where an extent is free."""
    types = {TensorProto.FLOAT: "f32", TensorProto.INT64: "i64"}
    return [
        {"name": value.name, "shape": [d.dim_value for d in value.type.tensor_type.shape.dim],
         "type": types[value.type.tensor_type.elem_type]}
        for value in values
    ]
