"""Rows in sequences on disk, as every measured process reads them: see the head of `crates/lstm/examples/lstm_bench.rs`."""

import json
import os

import numpy as np


def write(folder, parts):
    """`parts`: name to (x `(n_rows, n_numeric)` f32, labels `(n_rows)`, sequences: a list of arrays of row indices)."""
    os.makedirs(folder, exist_ok=True)
    header = {}
    for part, (x, labels, sequences) in parts.items():
        path = lambda ending: os.path.join(folder, f"{part}.{ending}")
        np.ascontiguousarray(x, dtype="<f4").tofile(path("f32"))
        np.asarray(labels, dtype="u1").tofile(path("labels"))
        np.concatenate(sequences).astype("<u4").tofile(path("rows"))
        np.cumsum([0] + [len(s) for s in sequences]).astype("<u4").tofile(path("bounds"))
        header |= {"numeric": x.shape[1], part: len(labels)}
    with open(os.path.join(folder, "header.json"), "w") as file:
        json.dump(header, file)


class Part:
    """`x` `(n_rows, n_numeric)`, `labels` `(n_rows)`, `rows` and `bounds` of the sequences."""

    def __init__(self, folder, part):
        with open(os.path.join(folder, "header.json")) as file:
            n_numeric = json.load(file)["numeric"]
        read = lambda ending, kind: np.fromfile(os.path.join(folder, f"{part}.{ending}"), dtype=kind)
        self.x = read("f32", "<f4").reshape(-1, n_numeric)
        self.labels = read("labels", "u1")
        self.rows, self.bounds = read("rows", "<u4").astype(np.int64), read("bounds", "<u4").astype(np.int64)

    def cut(self, length):
        """Starts and lengths, in `rows`, of the sequences in pieces of at most `length`."""
        lengths = np.diff(self.bounds)
        pieces = -(-lengths // length)
        which = np.repeat(np.arange(len(lengths)), pieces)
        place = np.arange(len(which)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
        starts = self.bounds[which] + place * length
        return starts, np.minimum(self.bounds[which + 1] - starts, length)
