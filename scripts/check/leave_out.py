#!/usr/bin/env python3
"""What members and fusions find of attack families left out of training, and of a benign group left out with them, at 1 % false
positives: `nta run --leave-out` on each set and seed. The official test files are not read at all; of CTU-13 and the simulator
the first part in time alone is looked at.
  NTA_DATA=DIR scripts/check/leave_out.py NTA [--sets nsl-kdd,kdd99,ctu13,iot-23,quickstart] [--seeds 7,8,9]
NTA is a built binary. Prints a Markdown table, means over seeds. Ends with 1 where NSL-KDD was measured and forest and novelty by
surprise find less than .60 of what was left out. Needs Python 3 and nothing else."""
import argparse, json, pathlib, statistics, subprocess, sys, tempfile

SPLIT = "split={ strategy: auto, test: 0.1, validation: 0.1, calibration: 0.1, threshold: 0.1 }"
# Of sets whose test is a second file, that file is not named: a tenth of the training file stands in, and is not looked at.
WITHOUT_TEST = {"nsl-kdd", "kdd99", "iot-23"}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("nta", type=pathlib.Path)
    parser.add_argument("--sets", default="nsl-kdd,kdd99,ctu13,iot-23,quickstart")
    parser.add_argument("--seeds", default="7,8,9")
    args = parser.parse_args()
    nta, root = args.nta.resolve(), pathlib.Path(__file__).resolve().parents[2]
    sets, table = args.sets.split(","), {}
    with tempfile.TemporaryDirectory() as home:
        for name in sets:
            tables = [measured(nta, root, home, name, seed) for seed in args.seeds.split(",")]
            for candidate in tables[0]["candidates"]:
                found = [t["candidates"][candidate] for t in tables if candidate in t["candidates"]]
                table.setdefault(candidate, {})[name] = [mean([f[key] for f in found]) for key in ("unseen", "known")]
            print(f"{name}: benign by {tables[0]['benign_by']}; best {[best(t) for t in tables]}", file=sys.stderr, flush=True)
    print("| left out / known | " + " | ".join(sets) + " |\n|---|" + "---|" * len(sets))
    for candidate, by_set in table.items():
        print(f"| {candidate} | " + " | ".join(" / ".join(map(shown, by_set[s])) if s in by_set else "" for s in sets) + " |")
    fused = table.get("surprise of forest and novelty", {}).get("nsl-kdd")
    sys.exit(fused is not None and fused[0] < 0.6)


def measured(nta, root, home, name, seed):
    words = [nta, "run", f"configs/{name}.yaml", "--leave-out", "--json", "--quiet", "--home", home, "--set", f"seed={seed}", "--set", "density={}"]
    if name in WITHOUT_TEST:
        words += ["--set", "data.test=null", "--set", SPLIT]
    answer = subprocess.run(words, cwd=root, capture_output=True, text=True)
    if answer.returncode:
        sys.exit(f"{name}, seed {seed}: {answer.stderr}")
    return json.loads(answer.stdout)


def best(table):
    worth = lambda found: mean([x for x in (found["unseen"], found["known"]) if x is not None])
    worths = {name: worth(found) or 0 for name, found in table["candidates"].items()}
    return next(name for name, w in worths.items() if w >= max(worths.values()) - 0.01)


def mean(values):
    values = [v for v in values if v is not None]
    return statistics.mean(values) if values else None


def shown(value):
    return "–" if value is None else f"{value:.3f}".lstrip("0")


main()
