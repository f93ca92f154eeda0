#!/usr/bin/env python3
"""Whether the promise of members fitted on all rows is kept as often as it says: repeated runs of i.i.d. simulated traffic.

    scripts/check/cross_fit.py target/release/nta [--repeats 200] [--rows 6000] [--fresh 200000] [--order none|time]
        [--threads 1] [--set KEY=VALUE ...]

Flows of one simulated site and many weeks are shuffled and parted. Each repeat trains on a draw from the one part with `split.fit: all`
(`--order none`: no times, out-of-bag votes and folds; `--order time`: times dealt anew to the shuffled flows, folds cut in
time), and the rate of false alarms is read off the benign flows of the other. Ends with 1 unless at least 184 of 200
repeats (as large a share of others) are within the budget of 1 %.
"""
import argparse, csv, json, os, random, statistics, subprocess, sys, tempfile

BUDGET = 0.01
SMALL = ["forest.trees=30", "lstm.epochs=2", "lstm.hidden=8", "lstm.sequence.length=1", "density={}"]


def nta(program, home, *arguments):
    done = subprocess.run([program, *arguments, "--home", home, "--quiet"], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"nta {' '.join(arguments)}: {done.stderr}")
    return done.stdout


def pool(program, home, folder, flows):
    path = os.path.join(folder, "site.csv")
    nta(program, home, "simulate", "--seed", "11", "--set", f"flows={flows}", "--set", "days=28", "-o", path)
    with open(path, newline="") as file:
        rows = list(csv.reader(file))
    os.remove(path)
    return rows[0], rows[1:]


def write(path, header, rows, order):
    """Without times, or with those of the rows dealt to them in the order in which they stand."""
    time = header.index("time")
    with open(path, "w", newline="") as file:
        out = csv.writer(file)
        if order == "none":
            out.writerows(row[:time] + row[time + 1 :] for row in [header, *rows])
        else:
            at = sorted(row[time] for row in rows)
            out.writerows([header, *(row[:time] + [t] + row[time + 1 :] for row, t in zip(rows, at))])


def main():
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("nta")
    asked.add_argument("--repeats", type=int, default=200)
    asked.add_argument("--rows", type=int, default=6_000)
    asked.add_argument("--fresh", type=int, default=200_000)
    asked.add_argument("--order", choices=["none", "time"], default="none")
    asked.add_argument("--threads", default="1")
    asked.add_argument("--combine", default="surprise")
    asked.add_argument("--set", action="append", default=[], help="a setting of the runs")
    asked = asked.parse_args()
    os.environ["RAYON_NUM_THREADS"] = asked.threads
    root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
    rates = {}
    with tempfile.TemporaryDirectory() as folder:
        home = os.path.join(folder, "home")
        os.mkdir(home)
        rng = random.Random(1)
        header, rows = pool(asked.nta, home, folder, asked.fresh * 3)
        rng.shuffle(rows)
        label = header.index("label")
        split_at = asked.fresh * 5 // 4
        fresh, rows = [row for row in rows[:split_at] if row[label] == "benign"][: asked.fresh], rows[split_at:]
        train, judged = (os.path.join(folder, name) for name in ("train.csv", "fresh.csv"))
        write(judged, header, fresh, asked.order)
        strategy = "strategy: temporal, " if asked.order == "time" else ""
        split = f"split={{ {strategy}test: 0.15, validation: 0.1, calibration: 0.075, threshold: 0.1, fit: all }}"
        sets = [*SMALL, split, f"hybrid.combine={asked.combine}", "data.schema=nta", f"data.train={train}", *asked.set]
        for i in range(asked.repeats):
            write(train, header, rng.sample(rows, asked.rows), asked.order)
            words = [word for one in [f"name=r{i}", f"seed={i}", *sets] for word in ("--set", one)]
            nta(asked.nta, home, "run", os.path.join(root, "configs", "quickstart.yaml"), *words)
            out = os.path.join(folder, "scored.parquet")
            told = json.loads(nta(asked.nta, home, "score", f"r{i}/1", judged, "-o", out, "--json"))["truth"]
            for name, member in told.items():
                rates.setdefault(name, []).append(member["fpr"])
            subprocess.run(["rm", "-rf", os.path.join(home, "experiments"), os.path.join(home, "models")], check=True)
            print(i + 1, *(f"{name} {found[-1]:.5f}" for name, found in rates.items()), file=sys.stderr, flush=True)
    failed = False
    for name, found in rates.items():
        within = sum(rate <= BUDGET for rate in found)
        failed |= within < 0.92 * len(found)
        spread = f"median {statistics.median(found):.5f}, highest {max(found):.5f}"
        print(f"{name}: {within} of {len(found)} within {BUDGET:.0%}, {spread}")
    return failed


if __name__ == "__main__":
    sys.exit(main())
