"""A large table of flow-like columns from a fixed seed, where no real one is at hand that is large enough."""

import os
import sys

import numpy as np

from . import dump
from .environment import cache

COLUMNS = 40
TEST_ROWS = 200_000
# Profiles of traffic: so many benign, so many kinds of attack; a tenth of the rows are attacks.
BENIGN, ATTACKS = 6, 6
ATTACK_SHARE = 0.1
# Share of the attacks that look like benign traffic: no forest can tell these.
HIDDEN_SHARE = 0.02
CHUNK = 250_000


def table(n_rows, seed=1):
    """The folder of the table with `n_rows` training rows; made at the first call."""
    folder = cache("bench-data", f"synthetic-{n_rows}-{seed}")
    if os.path.exists(os.path.join(folder, "header.json")):
        return folder
    print(f"  drawing {n_rows} x {COLUMNS} into {folder}", file=sys.stderr)
    rng = np.random.default_rng(seed)
    profiles = draw_profiles(rng)
    parts = {"train": draw(rng, profiles, n_rows), "test": draw(rng, profiles, TEST_ROWS)}
    dump.write(folder, [f"column_{j}" for j in range(COLUMNS)], parts)
    return folder


def draw_profiles(rng):
    """A centre and a width a column for each profile. An attack is a benign profile with eight columns moved."""
    benign = [(rng.normal(0, 1.0, COLUMNS), rng.uniform(0.3, 1.0, COLUMNS)) for _ in range(BENIGN)]
    attacks = []
    for k in range(ATTACKS):
        centre, width = (part.copy() for part in benign[k % BENIGN])
        moved = rng.choice(COLUMNS, 8, replace=False)
        centre[moved] += rng.normal(0, 1.5, 8)
        attacks.append((centre, width))
    return benign, attacks


def draw(rng, profiles, n_rows):
    """`((n_columns, n_rows) f32, labels)`: of each ten columns four sizes (log-normal, whole), two small counts, three
    rates in hundredths, one category."""
    columns, labels = np.empty((COLUMNS, n_rows), dtype="f4"), np.empty(n_rows, dtype="u1")
    benign, attacks = profiles
    for start in range(0, n_rows, CHUNK):
        n = min(CHUNK, n_rows - start)
        attack = rng.random(n) < ATTACK_SHARE
        looks = attack & (rng.random(n) >= HIDDEN_SHARE)
        which = np.where(looks, BENIGN + rng.integers(0, ATTACKS, n), rng.integers(0, BENIGN, n))
        centres, widths = (np.array([p[i] for p in benign + attacks], dtype="f4") for i in (0, 1))
        labels[start : start + n] = attack
        for j in range(COLUMNS):
            value = centres[which, j] + widths[which, j] * rng.standard_normal(n, dtype="f4")
            columns[j, start : start + n] = shape(j % 10, value)
    return columns, labels


def shape(kind, value):
    if kind < 4:
        return np.floor(np.exp(2.0 * value + 5.0))
    if kind < 6:
        return np.maximum(np.floor(2.0 * value + 3.0), 0.0)
    if kind < 9:
        return np.round(1.0 / (1.0 + np.exp(-2.0 * value)), 2)
    return np.clip(np.floor(4.0 * value + 20.0), 0.0, 40.0)
