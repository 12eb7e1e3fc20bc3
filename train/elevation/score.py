"""F1 of the elevation network on faces, by class, at the best threshold: a measure of training, not of the program."""

import numpy as np
import torch

from faces import CELL_M, CLASSES, GROUP_OF, KNOWN, SEEN, STRIDE, VALUES, known

IOU = 0.25
THRESHOLDS = np.arange(0.1, 0.8, 0.05)


def peaks(heat):
    """(heat, row, column) of the cells above 0.1 that are the greatest of their 3 x 3 neighbours."""
    grown = torch.nn.functional.max_pool2d(heat[None, None], 3, 1, 1)[0, 0]
    ys, xs = torch.nonzero((heat == grown) & (heat > 0.1), as_tuple=True)
    return [(float(heat[y, x]), int(y), int(x)) for y, x in zip(ys, xs)]


def rectangles(heat, values, kind):
    """(confidence, column, row, width, height) of one class in cells of the picture and metres."""
    first = GROUP_OF[kind] * VALUES
    found = []
    for level, y, x in peaks(heat[kind]):
        v = values[first:first + VALUES, y, x]
        sure = (level * float(torch.sigmoid(v[6])))**0.5
        found.append((sure, STRIDE * (x + 0.5 + float(v[0])), STRIDE * (y + 0.5 + float(v[1])), float(v[2].exp()), float(v[3].exp())))
    return sorted(found, reverse=True)


def iou(a, b):
    delta = [CELL_M * abs(a[k] - b[k]) for k in (0, 1)]
    common = 1.0
    for k in (0, 1):
        common *= max(0.0, min(a[2 + k], b[2 + k], (a[2 + k] + b[2 + k]) / 2 - delta[k]))
    return common / (a[2] * a[3] + b[2] * b[3] - common)


def score(net, pool):
    """F1 by class."""
    net.eval()
    hits = {kind: [] for kind in range(len(CLASSES))}
    truths = np.zeros(len(CLASSES), int)
    for index in range(len(pool)):
        face = pool.face(index)
        with torch.no_grad():
            heat, values = net(torch.as_tensor(face.picture)[None].float() / 255.0)
        heat, values = torch.sigmoid(heat[0]), values[0]
        for kind in range(len(CLASSES)):
            rows = face.things[face.things[:, 0] == kind]
            is_seen = [r[7] >= SEEN and known(face.picture, *r[1:5]) >= KNOWN for r in rows]
            truths[kind] += sum(is_seen)
            free = set(range(len(rows)))
            for sure, *found in rectangles(heat, values, kind):
                best = max(free, key=lambda k: iou(found, rows[k][1:5]), default=None)
                if best is not None and iou(found, rows[best][1:5]) >= IOU:
                    free.discard(best)
                    if is_seen[best]:
                        hits[kind].append((sure, 1))
                else:
                    hits[kind].append((sure, 0))
    result = {}
    for kind, name in enumerate(CLASSES):
        pairs = np.array(hits[kind] or [(0.0, 0)])
        f1 = [2 * pairs[pairs[:, 0] >= t, 1].sum() / max((pairs[:, 0] >= t).sum() + truths[kind], 1) for t in THRESHOLDS]
        result[name] = round(float(max(f1)), 3)
    return result
