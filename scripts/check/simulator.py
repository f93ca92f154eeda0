#!/usr/bin/env python3
"""Holds the simulator to what makes its traffic worth learning from, with nta's own members, over ten seeds.

    scripts/check/simulator.py [--nta PATH] [--seeds 1 2 … 10]

For each seed of the data (the model's seed stays 7): ROC-AUC of the forest (per flow), average precision of forest, LSTM,
hybrid, of an LSTM with `sequence.length: 1` and of repeating the host's last true label, and the average precision of the trained LSTM on the same test flows with
each host's flows shuffled among that host's moments. Exits with 1 where a seed misses a bound. The bounds that need no
model (single columns, day curve, families, seeds apart) are tests of the crate. Needs python3 and a built nta.
"""

import argparse
import csv
import datetime
import json
import os
import random
import subprocess
import sys
import tempfile

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
MICROSECOND = datetime.timedelta(microseconds=1)


def nta(binary, *arguments):
    done = subprocess.run([binary, *arguments, "--quiet"], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"nta {' '.join(arguments)}\n{done.stderr}")
    return done.stdout


def average_precision(scores, attacks):
    ranked = sorted(zip(scores, attacks), reverse=True)
    hits = rows = 0
    area = last_recall = 0.0
    total = sum(attacks)
    for i, (score, attack) in enumerate(ranked):
        hits += attack
        rows += 1
        if i + 1 == len(ranked) or ranked[i + 1][0] != score:
            area += (hits / total - last_recall) * hits / rows
            last_recall = hits / total
    return area


def end_micros(row):
    start = (datetime.datetime.fromisoformat(row["time"].replace("Z", "+00:00")) - EPOCH) // MICROSECOND
    return start + round(float(row["duration"]) * 1e6)


def shuffled(rows, seed):
    """The same flows, each host's dealt anew to the moments at which that host's flows ended."""
    ends = [end_micros(row) for row in rows]
    hosts = {}
    for i, row in enumerate(rows):
        hosts.setdefault(row["src"], []).append(i)
    dealt = [None] * len(rows)
    draw = random.Random(seed)
    for places in hosts.values():
        taken = places[:]
        draw.shuffle(taken)
        for place, i in zip(places, taken):
            row = dict(rows[i])
            start = EPOCH + MICROSECOND * (ends[place] - round(float(row["duration"]) * 1e6))
            row["time"] = start.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
            dealt[place] = row
    return dealt


def measure(binary, seed, folder):
    home = os.path.join(folder, "home")
    flows = os.path.join(folder, "flows.csv")
    nta(binary, "simulate", "--seed", str(seed), "-o", flows)
    with open(flows, newline="") as file:
        rows = list(csv.DictReader(file))
    test = rows[-round(len(rows) * 0.35):]
    run = ["run", "configs/quickstart.yaml", "--set", "choice=off", "--json", "--home", home, "--set", f"data.train={flows}"]
    evaluation = json.loads(nta(binary, *run))["evaluation"]
    members = evaluation["members"]
    alone = json.loads(nta(binary, *run, "--set", "lstm.sequence.length=1", "--set", "name=alone"))
    precision = {}
    for how, table in (("as it was", test), ("shuffled", shuffled(test, seed))):
        path, out = os.path.join(folder, "test.csv"), os.path.join(folder, "scored.csv")
        with open(path, "w", newline="") as file:
            writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(table)
        nta(binary, "score", "quickstart", path, "-o", out, "--home", home)
        with open(out, newline="") as file:
            scored = list(csv.DictReader(file))
        precision[how] = average_precision([float(r["lstm"]) for r in scored], [r["label"] == "attack" for r in scored])
    return {
        "flows": len(rows),
        "attacks": sum(row["label"] == "attack" for row in rows) / len(rows),
        "forest ROC-AUC": members["forest"]["roc_auc"],
        "forest AP": members["forest"]["average_precision"],
        "LSTM AP": members["lstm"]["average_precision"],
        "length 1 AP": alone["evaluation"]["members"]["lstm"]["average_precision"],
        "last flow AP": evaluation["baselines"]["last_flow"]["average_precision"],
        "scored AP": precision["as it was"],
        "shuffled AP": precision["shuffled"],
        "hybrid AP": members["hybrid"]["average_precision"],
    }


def misses(found):
    checks = {
        "at least 100,000 flows": found["flows"] >= 100_000,
        "1 to 5 % attacks": 0.01 <= found["attacks"] <= 0.05,
        "forest ROC-AUC in .85 … .97": 0.85 <= found["forest ROC-AUC"] <= 0.97,
        "LSTM AP at least .02 above the forest's": found["LSTM AP"] >= found["forest AP"] + 0.02,
        "length 1 at least .05 below": found["length 1 AP"] <= found["LSTM AP"] - 0.05,
        "shuffling costs at least .05": found["shuffled AP"] <= found["scored AP"] - 0.05,
    }
    return [name for name, holds in checks.items() if not holds]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nta", default=os.path.join(os.environ.get("CARGO_TARGET_DIR", "target"), "release/nta"))
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(1, 11)))
    options = parser.parse_args()
    options.nta = os.path.abspath(options.nta)
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
    failed = False
    for i, seed in enumerate(options.seeds):
        with tempfile.TemporaryDirectory() as folder:
            found = measure(options.nta, seed, folder)
        if i == 0:
            print("| seed | " + " | ".join(found) + " |\n|---|" + "---|" * len(found))
        cells = [f"{value:,}" if isinstance(value, int) else f"{value:.3f}" for value in found.values()]
        print(f"| {seed} | " + " | ".join(cells) + " |", flush=True)
        for miss in misses(found):
            failed = True
            print(f"seed {seed} misses: {miss}", file=sys.stderr)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
