"""What the exports of the trained networks here do alike: normalisation folded in, large weights in half precision."""

import copy
import hashlib
import sys

import numpy as np
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

# Tensors of at least so many weights are kept in half precision; biases are not worth it.
HALVED_FROM = 1024
# Largest difference of an output between the file and PyTorch.
MAX_DIFFERENCE = 2e-3


def folded(net):
    """A copy whose convolutions carry the normalisation that followed them."""
    net = copy.deepcopy(net).eval()
    for module in list(net.modules()):
        if isinstance(module, nn.Sequential):
            for first, second in zip(list(module._modules), list(module._modules)[1:]):
                conv, norm = module._modules[first], module._modules[second]
                if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                    module._modules[first] = fuse_conv_bn_eval(conv, norm)
                    module._modules[second] = nn.Identity()
    return net


def rounded(net):
    """The folded network with the weights that the file keeps: large ones in half precision."""
    net = folded(net)
    with torch.no_grad():
        for weight in net.parameters():
            if weight.numel() >= HALVED_FROM:
                weight.copy_(weight.half().float())
    return net


def halved(model):
    """The same model with its large weights in half precision, widened by a cast that the runtime folds when it loads."""
    graph, casts = model.graph, []
    for weight in list(graph.initializer):
        values = numpy_helper.to_array(weight)
        if values.dtype != np.float32 or values.size < HALVED_FROM:
            continue
        graph.initializer.remove(weight)
        graph.initializer.append(numpy_helper.from_array(values.astype(np.float16), weight.name))
        wide = f"{weight.name}_f32"
        for node in graph.node:
            for index, name in enumerate(node.input):
                if name == weight.name:
                    node.input[index] = wide
        casts.append(helper.make_node("Cast", [weight.name], [wide], to=TensorProto.FLOAT))
    for cast in reversed(casts):
        graph.node.insert(0, cast)
    return model


def verdict(path, trained, worst):
    """Prints what the manifest needs of a file; a parity that was lost is an error."""
    data = path.read_bytes()
    print(f"{path.name}: {trained}, {len(data)} bytes, sha256 {hashlib.sha256(data).hexdigest()}")
    if worst > MAX_DIFFERENCE:
        sys.exit(f"parity lost: {worst:.2e}")
