"""What every training here does alike: averaged weights, one cycle of the rate, checkpoints, fast convolutions.

Imported by the scripts in the folders beside this file, which put this folder on their path.
"""

import math

import torch

CHECKPOINT = "last.pt"


def convolving():
    """Convolutions in bfloat16 where the processor computes in it; emulated it is three times slower than fp32."""
    fast = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return torch.autocast("cpu", dtype=torch.bfloat16, enabled=fast)


class Average:
    """Exponential moving average of parameters and buffers, in `blank`, a network of the same kind."""

    def __init__(self, net, blank, half_life_steps):
        self.net, self.half_life_steps = blank.eval(), half_life_steps
        self.net.load_state_dict(net.state_dict())

    def update(self, net, step):
        keep = min(0.5 ** (1.0 / self.half_life_steps), (1 + step) / (10 + step))
        with torch.no_grad():
            for mine, theirs in zip(self.net.state_dict().values(), net.state_dict().values()):
                if mine.dtype.is_floating_point:
                    mine.mul_(keep).add_(theirs, alpha=1 - keep)
                else:
                    mine.copy_(theirs)


def rate(done, top, warm, first):
    """One cycle (Smith, 2018) over `done` in 0..1: linear up from `first` of the top, cosine down to a hundredth."""
    if done < warm:
        return top * (first + (1 - first) * done / warm)
    share = min((done - warm) / (1 - warm), 1.0)
    return top * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * share)))


def resume(folder, net, optimizer, average):
    """Loads the folder's checkpoint when there is one; gives its counters, or none."""
    path = folder / CHECKPOINT
    if not path.exists():
        return {}
    state = torch.load(path, weights_only=True)
    net.load_state_dict(state.pop("net"))
    optimizer.load_state_dict(state.pop("optimizer"))
    average.net.load_state_dict(state.pop("average"))
    return state


def save(folder, net, optimizer, average, **counters):
    """Writes the checkpoint whole or not at all."""
    state = {"net": net.state_dict(), "optimizer": optimizer.state_dict(), "average": average.net.state_dict()}
    torch.save(state | counters, folder / "writing.pt")
    (folder / "writing.pt").replace(folder / CHECKPOINT)
