"""Candidates for settings, judged on training data alone by leaving one attack family out.

For each family that is large enough: a model learns from a part of the training file without that family and scores rows
held out and the family's, which are attacks of a kind it never saw. No official test file is read here. What was judged is
kept, so that an interrupted comparison goes on.
"""

import json
import os
import shutil
import statistics
import sys

import numpy as np

from . import quality
from .environment import HERE, cache
from .measure import run, spread, table

# Rows below which a family tells too little to be left out.
LEAST_ROWS = 200
KINDS = ("left out", "known")


def read_candidates(path, default):
    """Settings to compare, the first being what the others are compared with."""
    with open(path or os.path.join(HERE, default)) as file:
        return json.load(file)


def compare(judge, candidates, seeds, families, write_part, measures, timed):
    """A row a candidate: means over families, then over seeds. `families` are those of the training file's rows,
    `write_part(folder, family, seed)` writes a table without one and gives the family of each of its test rows,
    `measures` are triples of title, kind of attacks and measure; those of attacks left out are compared with the first.
    With `timed`, how long a fit takes too."""
    large = [f for f in sorted(set(families)) if f != "normal" and (families == f).sum() >= LEAST_ROWS]
    found = {(c, seed): [] for c in range(len(candidates)) for seed in range(1, seeds + 1)}
    for seed in range(1, seeds + 1):
        for family in large:
            keys = [judge.key(settings, seed, family) for settings in candidates]
            if not all(key in judge.known for key in keys):
                print(f"  {judge.name}, seed {seed} of {seeds}, without {family}", file=sys.stderr)
                folder = cache("bench-data", f"left-out-{judge.name}")
                kinds = kinds_of(write_part(folder, family, seed), family)
                for key, settings in zip(keys, candidates):
                    if key not in judge.known:
                        judge.keep(key, judge.judge(folder, kinds, settings, seed))
                shutil.rmtree(folder)
            for c, key in enumerate(keys):
                found[c, seed].append(judge.known[key])
    rows = [summary(candidates, c, found, seeds, measures, timed) for c in range(len(candidates))]
    head = ["settings"]
    for title, kind, _ in measures:
        head += [f"{kind}: {title}"] + (["to the first"] if kind == "left out" else [])
    head += ["fit s"] if timed else []
    return f"left out in turn: {', '.join(large)}; seeds 1 to {seeds}\n\n" + table(head, rows)


def kinds_of(families, family):
    return np.where(families == family, "left out", np.where(families == "normal", "benign", "known"))


class Judge:
    """Judges settings with a binary of ours, called with TABLE CONFIG SEED OUT; knows what it judged before, by settings,
    seed and family."""

    def __init__(self, bench, base, name):
        self.bench, self.base, self.name = bench, base, name
        self.path = cache("bench-out", f"left-out-{name}.jsonl")
        built = os.stat(bench.binary)
        self.binary, self.known = [built.st_size, int(built.st_mtime)], {}
        if os.path.exists(self.path):
            with open(self.path) as file:
                self.known = {key: figures for key, figures in map(json.loads, file)}

    def key(self, settings, seed, family):
        return json.dumps([self.binary, {**self.base, **settings}, seed, family])

    def keep(self, key, figures):
        self.known[key] = figures
        with open(self.path, "a") as file:
            file.write(json.dumps([key, figures]) + "\n")

    def judge(self, folder, kinds, settings, seed):
        out = cache("bench-out", f"left-out-{self.name}")
        os.makedirs(out, exist_ok=True)
        config = json.dumps({**self.base, **settings})
        figures = run([self.bench.binary, folder, config, str(seed), out], self.bench.n_threads)
        scores = np.fromfile(os.path.join(out, "scores.f32"), dtype="<f4")
        judged = {"fit_seconds": figures["fit_seconds"]}
        for kind in KINDS:
            counts = (kinds == "benign") | (kinds == kind)
            judged[kind] = quality.of((kinds == kind)[counts].astype("u1"), scores[counts])
        return judged


def summary(candidates, c, found, seeds, measures, timed):
    # One number a seed, the mean over families: families differ for good, seeds differ by chance.
    of = lambda c, number: [statistics.mean(number(f) for f in found[c, seed]) for seed in range(1, seeds + 1)]
    cells = ["`" + json.dumps(candidates[c])[1:-1].replace('"', "") + "`"]
    for _, kind, key in measures:
        number = lambda figures: figures[kind][key]
        cells.append(f"{statistics.mean(of(c, number)):.4f}")
        if kind == "left out":
            cells.append(against_first(of(c, number), of(0, number)) if c else "")
    return cells + ([spread(of(c, lambda figures: figures["fit_seconds"]))] if timed else [])


def against_first(values, first):
    """Mean difference on the same seeds, with two standard errors of it."""
    differences = [a - b for a, b in zip(values, first)]
    mean = statistics.mean(differences)
    if len(differences) < 2:
        return f"{mean:+.4f}"
    return f"{mean:+.4f} ± {2 * statistics.stdev(differences) / len(differences) ** 0.5:.4f}"
