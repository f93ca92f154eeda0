"""Speed and memory of the forests: ours and each peer in turns, and the table of it."""

import json
import os
import sys

import numpy as np

from . import dump, quality
from .environment import cache
from .measure import in_turns, ratios, run, spread, table

PEERS = ["scikit-learn", "extra-trees", "lightgbm", "xgboost", "onnxruntime"]
# What every one of them is: a hundred trees without a limit of depth where the library has none.
OURS = {"trees": 100}


class Bench:
    """What is measured with: our binary, threads, our settings."""

    def __init__(self, binary, n_threads, settings):
        self.binary, self.n_threads, self.settings = binary, n_threads, {**OURS, **settings}

    def ours(self, folder, seed, name="nta", settings=None):
        out = cache("bench-out", name)
        os.makedirs(out, exist_ok=True)
        config = json.dumps({**self.settings, **(settings or {})})
        return with_quality(run([self.binary, folder, config, str(seed), out], self.n_threads), folder, out)

    def peer(self, name, folder, seed):
        out = cache("bench-out", "nta" if name == "onnxruntime" else name)
        os.makedirs(out, exist_ok=True)
        command = [sys.executable, "-m", "peers.forest_peers", name, folder, out, str(seed), str(self.n_threads)]
        figures = run(command, self.n_threads)
        if name == "onnxruntime":
            if not figures["largest_difference"] < 1e-5:
                sys.exit(f"onnxruntime scores the same trees otherwise than nta: {figures['largest_difference']}")
            return figures
        return with_quality(figures, folder, out)


def with_quality(figures, folder, out):
    scores = np.fromfile(os.path.join(out, "scores.f32"), dtype="<f4")
    return {**figures, **quality.of(dump.labels(folder, "test"), scores)}


def compare(bench, folder, peers, repeats):
    """The table of one data set, as Markdown."""
    measured = {name: (lambda seed, name=name: bench.peer(name, folder, seed)) for name in peers}
    pairs = in_turns(lambda seed: bench.ours(folder, seed), measured, repeats)
    mine = [a for found in pairs.values() for a, _ in found]
    rows = [row("nta", mine, [])] + [row(name, [b for _, b in found], found) for name, found in pairs.items()]
    head = ["", "fit s", "nta faster", "peak MB", "less", "rows/s", "nta faster", "ROC-AUC", "avg. precision", "DR@1%"]
    return table(head, rows)


def row(name, figures, pairs):
    """Medians and ranges of one forest; the ratios say how many times better ours is."""
    of = lambda key, form, scale=1.0: spread([f[key] * scale for f in figures if f.get(key) is not None], form)
    ratio = lambda key, higher: spread(ratios(pairs, key, higher), "×{:.2f}") if pairs else ""
    return [
        name,
        of("fit_seconds", "{:.2f}"),
        ratio("fit_seconds", False),
        of("fit_peak_bytes", "{:.0f}", 1e-6),
        ratio("fit_peak_bytes", False),
        of("rows_per_second", "{:,.0f}"),
        ratio("rows_per_second", True),
        of("roc_auc", "{:.4f}"),
        of("average_precision", "{:.4f}"),
        of("dr_at_1", "{:.3f}"),
    ]
