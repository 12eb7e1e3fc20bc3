"""What the exports of the trained networks here do alike: normalisation folded in, large weights in half precision;
and back again, from a file to a network that can be trained further."""

import copy
import hashlib
import sys

import numpy as np
import onnx
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


def read_weights(path):
    """The weights of an exported file by the names of the folded network."""
    return {w.name.removeprefix("net."): torch.as_tensor(numpy_helper.to_array(w).astype(np.float32))
            for w in onnx.load(path).graph.initializer if w.name.startswith("net.")}


def widened(weights, net):
    """The same with zeros for input channels of the first convolution that the file did not know."""
    first = "stem.0.weight"
    missing = net.state_dict()[first].shape[1] - weights[first].shape[1]
    weights[first] = nn.functional.pad(weights[first], (0, 0, 0, 0, 0, missing))
    return weights


def blended(net, path):
    """The folded network with the means of its weights and an exported file's: what is trained further keeps what the
    file knew of scans unlike those of the training (WiSE-FT: Wortsman et al., 2022)."""
    weights = widened(read_weights(path), net)
    net.load_state_dict({name: 0.5 * (value + weights[name]) for name, value in net.state_dict().items()})
    return rounded(net)


def unfold(net, path, inputs):
    """Gives `net` the weights of an exported file; its normalisations get the statistics of a batch of inputs and undo
    them, so that nothing changes but that training may go on from there."""
    weights, norms = widened(read_weights(path), net), []
    for prefix, module in net.named_modules():
        if not isinstance(module, nn.Sequential):
            continue
        for first, second in zip(list(module._modules), list(module._modules)[1:]):
            conv, norm = module._modules[first], module._modules[second]
            if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                bias = weights.pop(f"{prefix}.{first}.bias")
                ones = torch.ones_like(bias)
                for name, value in (("weight", ones), ("bias", bias), ("running_mean", 0 * bias),
                                    ("running_var", (1 - norm.eps) * ones), ("num_batches_tracked", torch.tensor(0))):
                    weights[f"{prefix}.{second}.{name}"] = value
                norms.append(norm)
    net.load_state_dict(weights)
    seen, hooks = {}, []
    for norm in norms:
        hooks.append(norm.register_forward_hook(lambda norm, args, _: seen.__setitem__(norm, args[0].float())))
    with torch.no_grad():
        net.eval()(inputs)
        for norm in norms:
            mean, var = seen[norm].mean((0, 2, 3)), seen[norm].var((0, 2, 3))
            norm.running_mean.copy_(mean)
            norm.running_var.copy_(var)
            norm.weight.copy_((var + norm.eps).sqrt())
            norm.bias.add_(mean)
    for hook in hooks:
        hook.remove()


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
