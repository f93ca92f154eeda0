"""Speed, memory and ranking of the LSTMs: ours and each peer in turns, and the tables of it."""

import json
import math
import os
import statistics
import sys

import numpy as np

from . import lstm_tables, quality
from .environment import cache
from .measure import in_turns, ratios, run, spread, table

LENGTHS, HIDDEN = (10, 32, 128), (64, 128)
# Rows of a drawn table: an epoch takes about half a second.
DRAWN_ROWS = {10: 256_000, 32: 409_600, 128: 393_216}
LEARNING_RATE = 0.002
# What the figures were measured with; a batch of steps holds as many as 256 sequences of 32.
BATCH, LENGTH = 256, lstm_tables.LENGTH
BATCH_STEPS = BATCH * LENGTH
GPU_BATCHES, GPU_LENGTHS, GPU_HIDDEN = (256, 4096), (32, 128), (64, 256)


class Bench:
    """What is measured with: our binary, threads, epochs (the first warms up)."""

    def __init__(self, binary, n_threads, epochs, settings):
        self.binary, self.n_threads, self.epochs, self.settings = binary, n_threads, epochs, settings

    def ours(self, folder, seed, hidden, length, batch=BATCH, device="cpu", epochs=None, **more):
        config = self.config(hidden, length, batch=batch, device=device, epochs=epochs or self.epochs)
        command = [self.binary, folder, json.dumps({**config, **more}), str(seed), out("nta-lstm")]
        return with_quality(run(command, self.n_threads), folder, out("nta-lstm"))

    def config(self, hidden, length, **own):
        """Settings of our network, those of the command line before `own`."""
        common = {"device": "cpu", "batch": BATCH, "epochs": self.epochs, "learning_rate": LEARNING_RATE, "dropout": 0.0}
        return {**common, "hidden": hidden, "sequence": {"length": length}, **own, **self.settings}

    def peer(self, module, folder, seed, hidden, length, **settings):
        common = {"hidden": hidden, "length": length, "learning_rate": LEARNING_RATE, "threads": self.n_threads}
        settings = json.dumps({**common, "batch": BATCH, "epochs": self.epochs, **settings})
        command = [sys.executable, "-m", f"peers.{module}", folder, settings, str(seed), out(module)]
        return with_quality(run(command, self.n_threads), folder, out(module))

    def limit(self):
        """GFLOP/s of a large product."""
        return run([sys.executable, "-m", "peers.product", str(self.n_threads)], self.n_threads)["gflops"]


def out(name):
    folder = cache("bench-out", name)
    os.makedirs(folder, exist_ok=True)
    return folder


def with_quality(figures, folder, out_folder):
    """Average precision of the scores of the rows that were scored."""
    scores = np.fromfile(os.path.join(out_folder, "scores.f32"), dtype="<f4")
    labels = np.fromfile(os.path.join(folder, "test.labels"), dtype="u1")
    scored = np.isfinite(scores)
    return {**figures, **quality.of(labels[scored], scores[scored])}


def step_gflop(n_numeric, hidden):
    """Operations of a training step a flow in products: forward, back to the weights, and back to the state (not to the
    inputs, which need no gradient)."""
    return 2 * 4 * hidden * (2 * n_numeric + 3 * hidden) / 1e9


def drawn(bench, repeats, lengths, hidden):
    """Against PyTorch many-to-many on drawn tables; rows are (length, hidden)."""
    head = ["T", "hidden", "training: nta sequences/s", "PyTorch", "ratio", "share of the limit", "peak MB, nta", "PyTorch"]
    scoring_head = ["T", "hidden", "scoring: nta sequences/s", "PyTorch", "ratio", "peak MB, nta", "PyTorch"]
    training, scoring, means = [], [], {"train": [], "score": []}
    limits = [bench.limit()]
    for length in lengths:
        folder = lstm_tables.drawn(DRAWN_ROWS[length] // length, length)
        for width in hidden:
            peer = lambda seed: bench.peer("torch_lstm", folder, seed, width, length)
            pairs = in_turns(lambda seed: bench.ours(folder, seed, width, length), {"PyTorch": peer}, repeats)["PyTorch"]
            limits.append(bench.limit())
            mine, theirs = [a for a, _ in pairs], [b for _, b in pairs]
            share = [f["train_flows_per_second"] * step_gflop(lstm_tables.N_NUMERIC, width) for f in mine]
            share = spread([100 * s / statistics.median(limits) for s in share], "{:.0f} %")
            training.append([str(length), str(width), *speeds("train", pairs), share, *peaks("train", mine, theirs)])
            scoring.append([str(length), str(width), *speeds("score", pairs), *peaks("score", mine, theirs)])
            for kind in means:
                means[kind].append(statistics.median(ratios(pairs, f"{kind}_sequences_per_second", True)))
    said = (
        f"Geometric mean of the ratios: training ×{geometric(means['train']):.2f} (lowest ×{min(means['train']):.2f}), "
        f"scoring ×{geometric(means['score']):.2f} (lowest ×{min(means['score']):.2f}). The limit, a product of f32 "
        f"matrices of side 4096: {spread(limits, '{:.0f}')} GFLOP/s."
    )
    return "\n\n".join([table(head, training), table(scoring_head, scoring), said])


def speeds(kind, pairs):
    key = f"{kind}_sequences_per_second"
    mine, theirs = (spread([pair[i][key] for pair in pairs], "{:,.0f}") for i in (0, 1))
    return [mine, theirs, spread(ratios(pairs, key, True), "×{:.2f}")]


def peaks(kind, mine, theirs):
    key = f"{kind}_peak_bytes"
    return [spread([f[key] / 1e6 for f in figures if f.get(key) is not None], "{:.0f}") for figures in (mine, theirs)]


def geometric(values):
    return math.exp(statistics.mean(math.log(v) for v in values))


def ctu13(bench, repeats):
    """Many-to-many on CTU-13 with its uneven sequences, bucketing included, against PyTorch in both ways of batching. Its
    pieces begin cold, so ours do; what our default, warm, takes more stands beside."""
    folder = lstm_tables.ctu13()
    peers = {
        f"PyTorch, {BATCH} sequences a batch": lambda s: bench.peer("torch_lstm", folder, s, 64, LENGTH),
        f"PyTorch, {BATCH_STEPS:,} steps a batch": lambda s: bench.peer(
            "torch_lstm", folder, s, 64, LENGTH, batch_steps=BATCH_STEPS
        ),
    }
    ours = lambda seed, start: bench.ours(folder, seed, 64, LENGTH, sequence={"length": LENGTH, "start": start})
    peers["nta, the same with `start: warm`"] = lambda seed: ours(seed, "warm")
    pairs = in_turns(lambda seed: ours(seed, "cold"), peers, repeats)
    return flows_table(f"nta, {BATCH} sequences a batch, `start: cold`", pairs)


def windows(bench, name, repeats, epochs, most):
    """Against Keras with one window a flow; with `most`, on so many flows, for the speed alone."""
    folder = {"ctu13": lstm_tables.ctu13, "kdd99": lstm_tables.kdd99}[name]()
    keras = lambda seed: bench.peer("keras_lstm", folder, seed, 64, LENGTH, epochs=epochs, most=most)
    peer = {f"Keras, one window a flow, {epochs} epochs": keras}
    pairs = in_turns(lambda seed: bench.ours(folder, seed, 64, LENGTH), peer, repeats)
    return flows_table(f"nta, {bench.epochs} epochs", pairs, {"validation log loss": "validation_loss"})


def flows_table(own_name, pairs, more={}):
    """`more`: titles of further columns to the figures that they hold."""
    head = ["", "training flows/s", "nta faster", "scoring flows/s", "nta faster", "peak MB", "avg. precision", *more]
    mine = [a for found in pairs.values() for a, _ in found]
    rows = []
    for name, figures, found in [(own_name, mine, [])] + [(n, [b for _, b in f], f) for n, f in pairs.items()]:
        cells = [name]
        for kind in ("train", "score"):
            key = f"{kind}_flows_per_second"
            cells += [spread([f[key] for f in figures], "{:,.0f}"), spread(ratios(found, key, True), "×{:.2f}") if found else ""]
        memory = spread([f["train_peak_bytes"] / 1e6 for f in figures if f["train_peak_bytes"] is not None], "{:.0f}")
        judged = [spread([f[key] for f in figures], "{:.4f}") for key in ("average_precision", *more.values())]
        rows.append(cells + [memory, *judged])
    return table(head, rows)


def gpu(bench, device, repeats):
    """Training on a GPU against PyTorch with cuDNN."""
    head = ["T", "hidden", "batch", f"training: nta ({device}) sequences/s", "PyTorch cuDNN", "ratio"]
    rows = []
    for length in GPU_LENGTHS:
        for hidden in GPU_HIDDEN:
            for batch in GPU_BATCHES:
                folder = lstm_tables.drawn(4 * 4096, length)
                peer = lambda s: bench.peer("torch_lstm", folder, s, hidden, length, batch=batch, device="cuda")
                ours = lambda s: bench.ours(folder, s, hidden, length, batch, device)
                found = in_turns(ours, {"PyTorch": peer}, repeats)
                if "PyTorch" in found:
                    rows.append([str(length), str(hidden), str(batch), *speeds("train", found["PyTorch"])])
    return table(head, rows)
