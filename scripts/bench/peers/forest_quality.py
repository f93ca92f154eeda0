"""Ours against scikit-learn at scikit-learn's settings, over ten seeds: is the difference of the means noise?"""

import math
import statistics
import sys

from .measure import table

# What scikit-learn's RandomForestClassifier has by default.
SETTINGS = {
    "trees": 100,
    "max_features": "sqrt",
    "min_leaf": 1,
    "min_split": 2,
    "class_weight": "none",
    "bootstrap": "rows",
    "bins": 255,
}
MEASURES = [("ROC-AUC", "roc_auc"), ("avg. precision", "average_precision"), ("DR@1%", "dr_at_1")]
SEEDS = 10


def compare(bench, folder, seeds):
    """A table: means, their difference, two standard errors of it, and the verdict `no worse`."""
    ours, theirs = [], []
    for seed in range(1, seeds + 1):
        print(f"  seed {seed} of {seeds}", file=sys.stderr)
        ours.append(bench.ours(folder, seed, "nta-quality", SETTINGS))
        theirs.append(bench.peer("scikit-learn", folder, seed))
    rows = []
    for name, key in MEASURES:
        a, b = [f[key] for f in ours], [f[key] for f in theirs]
        difference, error = statistics.mean(a) - statistics.mean(b), standard_error(a, b)
        verdict = "pass" if difference >= -2 * error else "FAIL"
        rows.append([name, mean(a), mean(b), f"{difference:+.4f}", f"{2 * error:.4f}", verdict])
    head = [f"{seeds} seeds", "nta, scikit-learn's settings", "scikit-learn", "difference", "two standard errors", "no worse"]
    return table(head, rows)


def standard_error(a, b):
    return math.sqrt(statistics.variance(a) / len(a) + statistics.variance(b) / len(b))


def mean(values):
    return f"{statistics.mean(values):.4f} ± {statistics.stdev(values):.4f}"
