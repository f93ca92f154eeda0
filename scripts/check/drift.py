#!/usr/bin/env python3
"""False and missed alarms of `nta drift` on simulated traffic: one model, N fresh captures of other seeds, each as it is and
with drift planted half-way (bytes sent grow sixteenfold, every fourth flow changes its service). Its hosts are as busy as in
training: emptier days would be drift, for the time since a host's last flow is a feature.
  scripts/check/drift.py NTA [--repeats 100] [--days 2] [--seed 1000]
NTA is a built binary. Ends with 1 where more than 5 % of the captures without drift are past a limit, or fewer than 95 %
of those with drift. Needs Python 3 and nothing else."""
import argparse, csv, pathlib, subprocess, sys, tempfile


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("nta", type=pathlib.Path)
    parser.add_argument("--repeats", type=int, default=100)
    parser.add_argument("--days", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1_000)
    args = parser.parse_args()
    nta, root = args.nta.resolve(), pathlib.Path(__file__).resolve().parents[2]
    with tempfile.TemporaryDirectory() as home:
        home = pathlib.Path(home)
        call = lambda *words: subprocess.run([nta, *map(str, words), "--home", home, "--quiet"], cwd=root, capture_output=True, text=True)
        done(call("run", "configs/quickstart.yaml", "--set", "choice=off"), (0,))
        found = {"as it is": 0, "planted": 0}
        for seed in range(args.seed, args.seed + args.repeats):
            fresh = home / "fresh.csv"
            done(call("simulate", "--seed", seed, "--set", f"flows={17_000 * args.days}", "--set", f"days={args.days}", "-o", fresh), (0,))
            for kind in found:
                if kind == "planted":
                    plant(fresh)
                answer = done(call("drift", "quickstart", fresh), (0, 3))
                found[kind] += answer.returncode == 3
                if (answer.returncode == 3) != (kind == "planted"):
                    print(f"seed {seed}, {kind}: exit {answer.returncode} {answer.stderr.strip()}", flush=True)
    n = args.repeats
    print(f"without drift: {found['as it is']} of {n} past a limit; with drift planted half-way: {found['planted']} of {n}")
    sys.exit(not (found["as it is"] <= 0.05 * n and found["planted"] >= 0.95 * n))


def done(answer, codes):
    if answer.returncode not in codes:
        sys.exit(f"{' '.join(map(str, answer.args))}: exit {answer.returncode}\n{answer.stderr}")
    return answer


def plant(path):
    rows = list(csv.DictReader(path.open()))
    for i, row in enumerate(rows):
        if i >= len(rows) // 2:
            row["src_bytes"] = str(16 * int(row["src_bytes"]))
            if i % 4 == 0:
                row["service"] = "quic"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
