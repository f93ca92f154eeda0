#!/usr/bin/env python3
"""Holds the Python reader in docs/forest-format.md against the program: the same scores, bit for bit. Needs numpy."""

import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np

root = pathlib.Path(__file__).resolve().parents[2]
code = re.search(r"```python\n(.*?)```", (root / "docs/forest-format.md").read_text(), re.S).group(1)
exec(code)

with tempfile.TemporaryDirectory() as folder:
    command = ["cargo", "run", "--quiet", "--package", "nta-forest", "--example", "scores", "--", folder]
    subprocess.run(command, cwd=root, check=True)
    folder = pathlib.Path(folder)
    forest = Forest((folder / "forest.bin").read_bytes())  # noqa: F821, from the document
    expected = np.fromfile(folder / "scores.f32", "<f4")
    x = np.fromfile(folder / "columns.f32", "<f4").reshape(len(forest.names), len(expected)).T
    found = forest.predict(x)

if found.tobytes() != expected.tobytes():
    differ = np.flatnonzero(found != expected)
    sys.exit(f"{len(differ)} of {len(found)} scores differ, the first in row {differ[0]}")
print(f"{len(found)} rows, {len(forest.trees)} trees, {len(set(found.tolist()))} distinct scores: the same bits")
