#!/usr/bin/env python3
"""Holds the Python reader of forests against the program: the same scores, bit for bit. Needs numpy."""

import pathlib
import subprocess
import sys
import tempfile

import numpy as np

root = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(root / "crates/export/python"))
from nta_forest import Forest  # noqa: E402

with tempfile.TemporaryDirectory() as folder:
    command = ["cargo", "run", "--quiet", "--package", "nta-forest", "--example", "scores", "--", folder]
    subprocess.run(command, cwd=root, check=True)
    folder = pathlib.Path(folder)
    forest = Forest((folder / "forest.bin").read_bytes())
    expected = np.fromfile(folder / "scores.f32", "<f4")
    x = np.fromfile(folder / "columns.f32", "<f4").reshape(len(forest.names), len(expected)).T
    found = forest.predict(x)

if found.tobytes() != expected.tobytes():
    differ = np.flatnonzero(found != expected)
    sys.exit(f"{len(differ)} of {len(found)} scores differ, the first in row {differ[0]}")
print(f"{len(found)} rows, {len(forest.trees)} trees, {len(set(found.tolist()))} distinct scores: the same bits")
