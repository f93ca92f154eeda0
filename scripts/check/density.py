#!/usr/bin/env python3
"""Holds the density against an implementation of its own, of docs/density-format.md in numpy: bins, parents and surprises
of drawn tables, with weights and without. Needs numpy.

    scripts/check/density.py [--seeds N]

Ends with 1 if a bound or a parent differs, or a surprise by more than 1e-4 nats."""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
TINY = np.finfo(np.float32).tiny


def drawn(rng, n):
    """Columns that hang together, with gaps, copies, heavy values, long tails; the first two are categories."""
    service = rng.zipf(1.6, n) % 40
    port = np.where(rng.random(n) < 0.9, service * 37 % 1024, rng.integers(0, 65536, n))
    size = np.floor(rng.lognormal(5 + service % 5, 1.5))
    rate = np.round(rng.beta(0.3, 0.3, n), 2)
    columns = [service, rng.integers(0, 3, n) + 3 * (service % 2), port, size, size * 0.7 + rng.normal(0, 9, n), rate, 1 - rate,
               np.where(rng.random(n) < 0.3, np.nan, rng.normal(0, 1, n)), np.zeros(n), rng.integers(-2, 3, n)]
    columns = np.array(columns, np.float32)
    columns[1][rng.random(n) < 0.05] = np.nan
    return columns


def runs(values, weights):
    distinct, place = np.unique(values + np.float32(0), return_inverse=True)
    return distinct, np.bincount(place, weights, len(distinct))


def bounds_of(values, weights, most):
    """Bounds of a number column's bins."""
    distinct, weight = runs(values[~np.isnan(values)], weights[~np.isnan(values)])
    total, reached = weight.sum(), np.cumsum(weight)
    few = len(distinct) <= most
    if few:
        edges = np.arange(len(distinct))
    else:
        edges = np.unique(np.searchsorted(reached, total * np.arange(most) / (most - 1)))
    bounds = []
    for place, edge in enumerate(edges):
        value = distinct[edge]
        alone = few or weight[edge] * 2 * most >= total
        under = -TINY if value == 0 else np.nextafter(value, np.float32(-np.inf))
        if place == 0 or alone:
            bounds.append(under)
        if place > 0 or alone:
            bounds.append(value)
    return np.unique(np.array(bounds, np.float32))


def codes_of(column, bins):
    missing = np.isnan(column)
    if bins[0] == "numbers":
        return np.where(missing, 0, 1 + np.searchsorted(bins[1], column, side="left"))
    codes = {rank: 2 for rank in bins[2]} | {rank: 3 + place for place, rank in enumerate(bins[1])}
    return np.array([0 if gap else codes.get(int(x), 1) for x, gap in zip(np.nan_to_num(column), missing)])


def information(a, b, weights):
    joint = np.zeros((a.max() + 1, b.max() + 1))
    np.add.at(joint, (a, b), weights)
    joint /= joint.sum()
    alone = joint.sum(1, keepdims=True) * joint.sum(0)
    both = joint > 0
    return (joint[both] * np.log(joint[both] / alone[both])).sum()


def check(folder, rng, settings, weighted):
    n, m = 3000, 1000
    columns, fresh = drawn(rng, n), drawn(rng, m)
    # Rows of the second table that no benign row is like.
    for column in fresh[2:]:
        moved = rng.random(m) < 0.1
        column[moved] *= np.float32(1.7)
    benign = rng.random(n) < 0.8
    weights = rng.integers(0, 5, n).astype(np.float32) / 2 if weighted else np.ones(n, np.float32)
    header = {"names": [f"column {j}" for j in range(len(columns))], "categories": [0, 1], "train": n, "test": m,
              "config": settings}
    (folder / "header.json").write_text(json.dumps(header))
    columns.astype("<f4").tofile(folder / "train.f32")
    fresh.astype("<f4").tofile(folder / "test.f32")
    (~benign).astype(np.uint8).tofile(folder / "train.labels")
    weights.astype("<f4").tofile(folder / "train.weights")
    command = ["cargo", "run", "--quiet", "--package", "nta-density", "--example", "density_scores", "--", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True)

    saved = json.loads((folder / "density.json").read_text())
    kept = benign & (weights > 0)
    rows, weights = columns[:, kept], weights[kept].astype(float)
    bins = []
    for j, column in enumerate(rows):
        if j in header["categories"]:
            rank, weight = runs(column[~np.isnan(column)], weights[~np.isnan(column)])
            order = [int(rank[i]) for i in np.argsort(-weight, kind="stable")]
            bins.append(("categories", order[: settings["categories"]], order[settings["categories"]:]))
            found = saved["columns"][j]["bins"]["categories"]
            assert (found["kept"], found["rare"]) == bins[-1][1:], f"column {j}: {found} {bins[-1]}"
        else:
            bins.append(("numbers", bounds_of(column, weights, settings["bins"])))
            found = np.array(saved["columns"][j]["bins"]["numbers"]["bounds"], np.float32)
            assert np.array_equal(found, bins[-1][1]), f"column {j}: {found} {bins[-1][1]}"
    sizes = [len(b[1]) + (2 if b[0] == "numbers" else 3) for b in bins]
    train = [codes_of(column, b) for column, b in zip(rows, bins)]
    test = [codes_of(column, b) for column, b in zip(fresh, bins)]
    told = np.array([[information(a, b, weights) if i != j else -1 for j, b in enumerate(train)] for i, a in enumerate(train)])
    expected = np.zeros(m)
    for j, column in enumerate(saved["columns"]):
        parents = [parent["column"] for parent in column["parents"]]
        if settings["structure"] == "averaged":
            best = np.sort(told[j])[::-1][: settings["parents"]]
            assert np.allclose(told[j][parents], best, atol=1e-9), f"column {j}: {parents} {told[j]}"
        alone = np.bincount(train[j], weights, sizes[j]) + 0.5 / sizes[j]
        alone /= alone.sum()
        terms = []
        for p in parents:
            joint = np.zeros((sizes[p], sizes[j]))
            np.add.at(joint, (train[p], train[j]), weights)
            given = (joint + 2 * alone) / (joint.sum(1, keepdims=True) + 2)
            terms.append(-np.log(given[test[p], test[j]]))
        added = np.mean(terms, 0) if terms else -np.log(alone[test[j]])
        neutral = bins[j][0] == "categories" and settings["unseen"] == "neutral"
        expected += np.where(neutral & (test[j] == 1), 0, added)
    if settings["structure"] == "chow_liu":
        tree = sum(told[j][c["parents"][0]["column"]] for j, c in enumerate(saved["columns"]) if c["parents"])
        assert abs(tree - heaviest(told)) < 1e-9, "not the heaviest tree"
    found = np.fromfile(folder / "surprises.f64", "<f8")
    worst = np.abs(found - expected).max()
    assert worst < 1e-4, f"surprises differ by {worst}"
    scores = np.fromfile(folder / "scores.f32", "<f4")
    assert np.allclose(scores, expected / (expected + saved["half"]), atol=1e-6)
    return worst, found.max()


def heaviest(told):
    """Weight of the heaviest tree, by Kruskal."""
    group = list(range(len(told)))
    total = 0.0
    for i, j in sorted(((i, j) for i in range(len(told)) for j in range(i)), key=lambda pair: -told[pair]):
        if group[i] != group[j]:
            total += told[i, j]
            gone = group[i]
            group = [group[j] if g == gone else g for g in group]
    return total


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--seeds", type=int, default=5)
    seeds = arguments.parse_args().seeds
    all_settings = [{"structure": s, "parents": p, "bins": b, "categories": c, "unseen": u}
                    for s, p, b, c, u in [("averaged", 4, 16, 128, "neutral"), ("averaged", 2, 5, 6, "surprising"),
                                          ("chow_liu", 4, 16, 10, "neutral")]]
    for seed in range(seeds):
        for settings in all_settings:
            for weighted in (False, True):
                with tempfile.TemporaryDirectory() as folder:
                    rng = np.random.default_rng(seed)
                    worst, most = check(pathlib.Path(folder), rng, settings, weighted)
                print(f"seed {seed} {settings} weighted {weighted}: within {worst:.1e} of surprises up to {most:.0f} nats")


if __name__ == "__main__":
    try:
        main()
    except AssertionError as error:
        sys.exit(f"differs: {error}")
