"""Writes `roomwright-models.toml`: what the program must know of exported files."""

import json
from dataclasses import dataclass

from graph import describe


@dataclass
class Entry:
    """One model: its graph, the files it consists of (the graph first), and a table for its task."""

    id: str
    task: str
    licence: str
    origin: str
    note: str
    model: object
    files: tuple
    table: tuple


def value(x):
    """A TOML value; JSON writes strings, numbers, booleans and lists in the same way."""
    if isinstance(x, dict):
        return "{ " + ", ".join(f"{key} = {value(item)}" for key, item in x.items()) + " }"
    return json.dumps(x)


def write(path, entries):
    lines = ["# Written by train/spatiallm/export.py. Weights of others: their licences hold."]
    for entry in entries:
        graph, *beside = entry.files
        pairs = {"id": entry.id, "task": entry.task, **graph, "licence": entry.licence, "origin": entry.origin,
                 "note": entry.note}
        lines += ["", "[[model]]", *(f"{key} = {value(x)}" for key, x in pairs.items())]
        tables = {"beside": beside, "inputs": describe(entry.model.graph.input),
                  "outputs": describe(entry.model.graph.output)}
        for key, rows in tables.items():
            lines += [f"{key} = [", *(f"    {value(row)}," for row in rows), "]"]
        name, table = entry.table
        lines += ["", f"[model.{name}]", *(f"{key} = {value(x)}" for key, x in table.items())]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
