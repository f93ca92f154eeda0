#!/usr/bin/env python3
"""Runs the shipped configs over seeds, on real traffic unless others are named, and prints the tables of docs/results.md.

    scripts/bench/results.py [--nta PATH] [--seeds 1 2 3] [--configs nsl-kdd kdd99 ctu13 iot-23 quickstart] [--home DIR]

Every config is run with `choice=off` and once more with `lstm.sequence.length=1` (where it has sequences), for each seed. Nothing
is chosen here: the seeds are given, every run counts. Needs python3 and a built `nta` (default: target/release/nta).
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time

MEASURES = [
    ("ROC-AUC", lambda m: m["roc_auc"]),
    ("avg. precision", lambda m: m["average_precision"]),
    ("DR@1%", lambda m: m["detection_rate_at_fpr_0_01"]),
    ("recall", lambda m: m["at_budget"]["recall"]),
    ("FPR", lambda m: m["at_budget"]["fpr"]),
    ("F1", lambda m: m["at_budget"]["f1"]),
]


def run(nta, config, seed, length, home):
    command = [nta, "run", f"configs/{config}.yaml", "--set", f"seed={seed}", "--set", "choice=off", "--home", home, "--json", "--quiet"]
    if length is not None:
        command += ["--set", f"lstm.sequence.length={length}"]
    begun = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}\n{done.stderr}")
    return json.loads(done.stdout)["evaluation"], time.monotonic() - begun


def cell(values):
    values = [v for v in values if v is not None]
    if not values:
        return "–"
    spread = max(values) - min(values)
    return f"{statistics.mean(values):.4f} ± {spread / 2:.4f}"


def row(name, evaluations, member):
    found = [e["members"][member] for e in evaluations]
    return f"| {name} | " + " | ".join(cell([measure(m) for m in found]) for _, measure in MEASURES) + " |"


def baseline(evaluations):
    if "last_flow" not in evaluations[0]["baselines"]:
        return None
    found = [e["baselines"]["last_flow"] for e in evaluations]
    cells = ["–", cell([b["average_precision"] for b in found]), "–"]
    cells += [cell([b["answers"][k] for b in found]) for k in ("recall", "fpr", "f1")]
    return "| same as the entity's last flow | " + " | ".join(cells) + " |"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nta", default=os.path.join(os.environ.get("CARGO_TARGET_DIR", "target"), "release/nta"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--configs", nargs="+", default=["nsl-kdd", "kdd99", "ctu13", "iot-23"])
    parser.add_argument("--home", default="target/results")
    options = parser.parse_args()
    for config in options.configs:
        runs = [run(options.nta, config, seed, None, options.home) for seed in options.seeds]
        evaluations = [evaluation for evaluation, _ in runs]
        sequences = "last_flow" in evaluations[0]["baselines"]
        print(f"\n### {config}\n")
        seconds = ", ".join(f"{s:.0f}" for _, s in runs)
        print(f"seeds {', '.join(map(str, options.seeds))}; seconds a run: {seconds}\n")
        print("| member | " + " | ".join(name for name, _ in MEASURES) + " |")
        print("|---|" + "---|" * len(MEASURES))
        for member in evaluations[0]["members"]:
            print(row(member, evaluations, member))
        if sequences:
            alone = [run(options.nta, config, seed, 1, options.home)[0] for seed in options.seeds]
            print(row("lstm, length 1", alone, "lstm"))
            print(row("hybrid, length 1", alone, "hybrid"))
            print(baseline(evaluations))
        print(f"\nverdict (seed {options.seeds[0]}): {evaluations[0]['verdict']}")
        for seed, evaluation in zip(options.seeds, evaluations):
            promise = evaluation["promise"]
            if promise:
                kept = "kept" if promise["kept"] else "missed"
                print(f"promise (seed {seed}): FPR ≤ {promise['budget']:.3f}, observed {promise['observed_fpr']:.4f}, {kept}")
        unseen = evaluations[0]["members"]["hybrid"]["unseen"]
        print(f"families absent from training: {unseen['families']} ({unseen['flows']} flows)")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
