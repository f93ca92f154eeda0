"""Candidates for the forest's defaults, judged on training data alone by leaving one attack family out.

For each family that is large enough: a forest learns from a part of the training file without that family and scores the
benign rows held out and the family's rows, which are attacks of a kind it never saw. Rows with equal features stay on one
side. The official test file is never read here. What was judged is kept, so that an interrupted comparison goes on.
"""

import json
import os
import shutil
import statistics
import sys

import numpy as np

from . import dump, kdd, quality
from .environment import HERE, cache
from .measure import run, spread, table

# Rows below which a family tells too little to be left out.
LEAST_ROWS = 200
# Rows of a family that are scored at most: of 280,000 smurf rows all but a few are alike.
MOST_ROWS = 20_000
HELD_OUT = 0.25


def read_candidates(path):
    """Settings to compare, the first being what the others are compared with."""
    with open(path or os.path.join(HERE, "forest-candidates.json")) as file:
        return json.load(file)


def compare(bench, name, candidates, seeds):
    """A row a candidate: means over families, then over seeds."""
    folder = kdd.table(name)
    columns, labels, families = dump.columns(folder, "train"), dump.labels(folder, "train"), kdd.train_families(folder)
    large = [f for f in sorted(set(families)) if f != "normal" and (families == f).sum() >= LEAST_ROWS]
    found = {(c, seed): [] for c in range(len(candidates)) for seed in range(1, seeds + 1)}
    judged = Judged(bench, name)
    for seed in range(1, seeds + 1):
        held = held_out(columns, seed)
        for family in large:
            keys = [judged.key(settings, seed, family) for settings in candidates]
            if not all(key in judged.known for key in keys):
                print(f"  {name}, seed {seed} of {seeds}, without {family}", file=sys.stderr)
                part, test_family = write_part(columns, labels, families, held, family, seed)
                for key, settings in zip(keys, candidates):
                    if key not in judged.known:
                        judged.keep(key, judge(bench, part, test_family, settings, seed))
                shutil.rmtree(part)
            for c, key in enumerate(keys):
                found[c, seed].append(judged.known[key])
    rows = [summary(candidates, c, found, seeds) for c in range(len(candidates))]
    head = ["settings", "left out: ROC-AUC", "to the first", "left out: DR@1%", "to the first", "known: DR@1%", "fit s"]
    return f"left out in turn: {', '.join(large)}; seeds 1 to {seeds}\n\n" + table(head, rows)


class Judged:
    """What was judged before with this binary, by settings, seed and family."""

    def __init__(self, bench, name):
        self.path = cache("bench-out", f"judged-{name}.jsonl")
        self.bench, self.known = bench, {}
        built = os.stat(bench.binary)
        self.binary = [built.st_size, int(built.st_mtime)]
        if os.path.exists(self.path):
            with open(self.path) as file:
                self.known = {key: figures for key, figures in map(json.loads, file)}

    def key(self, settings, seed, family):
        return json.dumps([self.binary, {**self.bench.settings, **settings}, seed, family])

    def keep(self, key, figures):
        self.known[key] = figures
        os.makedirs(os.path.dirname(self.path), exist_ok=True)
        with open(self.path, "a") as file:
            file.write(json.dumps([key, figures]) + "\n")


def held_out(columns, seed):
    """Which rows are scored, not learned from: `(n_rows)`; rows with equal features go together."""
    rng = np.random.default_rng(seed)
    weights = rng.integers(1, 2**63, len(columns), dtype=np.uint64) | np.uint64(1)
    keys = np.zeros(columns.shape[1], dtype=np.uint64)
    for column, weight in zip(columns, weights):
        keys = (keys ^ (column + np.float32(0)).view("u4").astype(np.uint64)) * weight
        keys ^= keys >> np.uint64(29)
    distinct, group = np.unique(keys, return_inverse=True)
    return (rng.random(len(distinct)) < HELD_OUT)[group]


def write_part(columns, labels, families, held, family, seed):
    """A table without the family in its training rows; and the family of each of its test rows."""
    left_out = np.flatnonzero(families == family)
    if len(left_out) > MOST_ROWS:
        left_out = np.random.default_rng(seed).choice(left_out, MOST_ROWS, replace=False)
    learn = ~held & (families != family)
    score = np.r_[np.flatnonzero(held & (families != family)), left_out]
    folder = cache("bench-data", "left-out")
    parts = {"train": (columns[:, learn], labels[learn]), "test": (columns[:, score], labels[score])}
    dump.write(folder, kdd.NAMES, parts)
    return folder, np.where(families[score] == family, "left out", np.where(labels[score] == 1, "known", "benign"))


def judge(bench, part, test_family, settings, seed):
    out = cache("bench-out", "defaults")
    os.makedirs(out, exist_ok=True)
    config = json.dumps({**bench.settings, **settings})
    figures = run([bench.binary, part, config, str(seed), out], bench.n_threads)
    scores = np.fromfile(os.path.join(out, "scores.f32"), dtype="<f4")
    of = {}
    for kind in ("left out", "known"):
        counts = (test_family == "benign") | (test_family == kind)
        of[kind] = quality.of((test_family == kind)[counts].astype("u1"), scores[counts])
    return {
        "roc_auc": of["left out"]["roc_auc"],
        "dr_at_1": of["left out"]["dr_at_1"],
        "known": of["known"]["dr_at_1"],
        "fit_seconds": figures["fit_seconds"],
    }


def summary(candidates, c, found, seeds):
    # One number a seed, the mean over families: families differ for good, seeds differ by chance.
    of = lambda c, key: [statistics.mean(f[key] for f in found[c, seed]) for seed in range(1, seeds + 1)]
    cells = ["`" + ", ".join(f"{key}: {value}" for key, value in candidates[c].items()) + "`"]
    for key in ("roc_auc", "dr_at_1"):
        cells += [f"{statistics.mean(of(c, key)):.4f}", against_first(of(c, key), of(0, key)) if c else ""]
    return cells + [f"{statistics.mean(of(c, 'known')):.4f}", spread(of(c, "fit_seconds"))]


def against_first(values, first):
    """Mean difference on the same seeds, with two standard errors of it."""
    differences = [a - b for a, b in zip(values, first)]
    mean = statistics.mean(differences)
    if len(differences) < 2:
        return f"{mean:+.4f}"
    return f"{mean:+.4f} ± {2 * statistics.stdev(differences) / len(differences) ** 0.5:.4f}"
