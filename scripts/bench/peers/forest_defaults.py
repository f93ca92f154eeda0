"""Candidates for the forest's defaults, judged by leaving one attack family of the training file out. Rows with equal
features stay on one side."""

import numpy as np

from . import dump, kdd, left_out

CANDIDATES = "forest-candidates.json"
# Rows of a family that are scored at most: of 280,000 smurf rows all but a few are alike.
MOST_ROWS = 20_000
HELD_OUT = 0.25
MEASURES = [("ROC-AUC", "left out", "roc_auc"), ("DR@1%", "left out", "dr_at_1"), ("DR@1%", "known", "dr_at_1")]


def compare(bench, name, candidates, seeds):
    folder = kdd.table(name)
    columns, labels, families = dump.columns(folder, "train"), dump.labels(folder, "train"), kdd.train_families(folder)
    held = {seed: held_out(columns, seed) for seed in range(1, seeds + 1)}

    def write_part(part, family, seed):
        rows = np.flatnonzero(families == family)
        if len(rows) > MOST_ROWS:
            rows = np.random.default_rng(seed).choice(rows, MOST_ROWS, replace=False)
        learn = ~held[seed] & (families != family)
        score = np.r_[np.flatnonzero(held[seed] & (families != family)), rows]
        parts = {"train": (columns[:, learn], labels[learn]), "test": (columns[:, score], labels[score])}
        dump.write(part, kdd.NAMES, parts)
        return families[score]

    judge = left_out.Judge(bench, bench.settings, f"forest-{name}")
    return left_out.compare(judge, candidates, seeds, families, write_part, MEASURES, timed=True)


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
