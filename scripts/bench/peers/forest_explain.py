"""Contributions of the features to each score: our TreeSHAP against `shap.TreeExplainer` on the same trees and rows.

As a script it is the measured peer, in a process of its own: `python -m peers.forest_explain TABLE OUT ROWS`.
"""

import json
import os
import statistics
import sys
import time

import numpy as np

from . import dump
from .environment import cache
from .measure import in_turns, ratios, run, spread, table

# Rows explained by default: shap takes seconds for them.
ROWS = 200
TOLERANCE = 1e-5


def compare(bench, folder, repeats, n_rows=ROWS):
    out = cache("bench-out", "nta-explain")
    os.makedirs(out, exist_ok=True)
    config = json.dumps(bench.settings)
    ours = lambda threads: lambda seed: run([bench.binary, folder, config, str(seed), out, str(n_rows)], threads)
    shap = lambda seed: checked(out, run([sys.executable, "-m", "peers.forest_explain", folder, out, str(n_rows)], 1))
    rows = []
    for threads in sorted({1, bench.n_threads}):
        pairs = in_turns(ours(threads), {"shap": shap}, repeats)["shap"]
        for mine, theirs in pairs:
            mine["rows"], theirs["rows"] = mine["explained_per_second"], theirs["rows_per_second"]
        rates = [spread([pair[i]["rows"] for pair in pairs], "{:,.0f}") for i in (0, 1)]
        largest = [f"{max(pair[i][key] for pair in pairs):.1e}" for i, key in ((0, "additivity"), (1, "difference"))]
        rows.append([str(threads), *rates, spread(ratios(pairs, "rows", True), "×{:.0f}"), *largest])
    head = ["our threads", "nta rows/s", "shap rows/s (1 thread)", "nta faster", "sum less score at most", "contributions differ at most"]
    return table(head, rows)


def checked(out, figures):
    """Refuses a comparison of different things: contributions that differ from shap's."""
    if not figures["difference"] < TOLERANCE:
        sys.exit(f"shap gives other contributions than nta on the same trees: {figures['difference']}")
    return figures


def main():
    import shap

    from .forest_file import Trees, shap_model

    folder, out, n_rows = sys.argv[1], sys.argv[2], int(sys.argv[3])
    x = dump.rows(folder, "test")[:n_rows]
    explainer = shap.TreeExplainer(shap_model(Trees(os.path.join(out, "forest.bin"))))
    found, seconds = None, []
    for _ in range(3):
        begun = time.perf_counter()
        found = explainer.shap_values(x, check_additivity=False)
        seconds.append(time.perf_counter() - begun)
    ours = np.fromfile(os.path.join(out, "contributions.f32"), dtype="<f4").reshape(x.shape)
    difference = float(np.abs(np.asarray(found).reshape(x.shape) - ours).max())
    print(json.dumps({"rows_per_second": len(x) / statistics.median(seconds), "difference": difference}))


if __name__ == "__main__":
    main()
