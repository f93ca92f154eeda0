"""A table on disk as every measured process reads it: see the head of `crates/forest/examples/forest_bench.rs`."""

import json
import os

import numpy as np

PARTS = ("train", "test")


def write(folder, names, parts):
    """`parts`: name to (columns `(n_features, n_rows)` f32, labels `(n_rows)` of 0 and 1)."""
    os.makedirs(folder, exist_ok=True)
    for part, (columns, labels) in parts.items():
        np.ascontiguousarray(columns, dtype="<f4").tofile(os.path.join(folder, f"{part}.f32"))
        np.asarray(labels, dtype="u1").tofile(os.path.join(folder, f"{part}.labels"))
    header = {"names": list(names), **{part: len(labels) for part, (_, labels) in parts.items()}}
    with open(os.path.join(folder, "header.json"), "w") as file:
        json.dump(header, file)


def header(folder):
    with open(os.path.join(folder, "header.json")) as file:
        return json.load(file)


def columns(folder, part):
    """`(n_features, n_rows)`."""
    names = header(folder)["names"]
    return np.fromfile(os.path.join(folder, f"{part}.f32"), dtype="<f4").reshape(len(names), -1)


def rows(folder, part):
    """`(n_rows, n_features)`, row by row in memory, as the Python libraries like it best."""
    return np.ascontiguousarray(columns(folder, part).T)


def labels(folder, part):
    return np.fromfile(os.path.join(folder, f"{part}.labels"), dtype="u1")
