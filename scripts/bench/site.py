#!/usr/bin/env python3
"""The four real sets with a site baseline: verified benign flows of the judged network, first in time, set thresholds and join
the density; the other test rows are judged.

    NTA_DATA=… scripts/bench/site.py target/release/nta [--sets nsl-kdd …] [--rows 300 1000 4000] [--draws 20] [--set KEY=VALUE]

Needs pandas and pyarrow. Each set's test part is opened by one run; which rows it holds, and in which order, is read from that
run's predictions.parquet. NSL-KDD has no time: its baselines are random draws, and figures are means over them. On IoT-23 each
capture gives its share. Each line: false positive rate, recall and recall on attack types absent from training at the member's
own threshold; DR@1% picks its cut on the judged rows.
"""
import argparse, gzip, json, os, random, subprocess, sys, tempfile

import numpy as np
import pandas as pd

CONFIGS = ["nsl-kdd", "kdd99", "ctu13", "iot-23"]


def nta(program, home, *arguments):
    done = subprocess.run([program, *arguments, "--home", home, "--quiet"], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"nta {' '.join(arguments)}: {done.stderr}")
    return done.stdout


def lines_of(path):
    with (gzip.open if path.endswith(".gz") else open)(path, "rt") as file:
        lines = file.read().split("\n")
    header = lines[:1] if any(word in lines[0] for word in ("ts,", "StartTime")) else []
    return header, [line for line in lines[len(header):] if line]


def find(folder, name):
    for at, _, names in os.walk(folder):
        if name in names:
            return os.path.join(at, name)
    raise FileNotFoundError(name)


def write(path, header, rows):
    with open(path, "w") as file:
        file.write("\n".join([*header, *rows]) + "\n")


def numbers(scored, attack, unseen):
    told = {}
    for name in [c for c in ("forest", "lstm", "novelty", "hybrid") if c in scored]:
        s = scored[name].to_numpy()
        benign = np.sort(s[~attack])
        cut = benign[len(benign) - 1 - int(0.01 * len(benign))]
        told[name] = {"dr1": float((s[attack] > cut).mean()), "dr1_unseen": float((s[unseen] > cut).mean()) if unseen.any() else None}
    flag = scored["flagged"].astype(str).str.lower().eq("true").to_numpy()
    told["hybrid"].update(fpr=float(flag[~attack].mean()), recall=float(flag[attack].mean()), recall_unseen=float(flag[unseen].mean()) if unseen.any() else None)
    return told


def judged(program, home, model, folder, files, rest):
    """Scores `rest` (a table of file and row), file by file, and measures."""
    parts = []
    for name, rows in rest.groupby("file", sort=False):
        header, lines = files[name]
        path, out = os.path.join(folder, "rest-" + os.path.basename(name).removesuffix(".gz")), os.path.join(folder, "scored.csv")
        write(path, header, [lines[i] for i in rows["row"]])
        nta(program, home, "score", model, path, "-o", out)
        scored = pd.read_csv(out, low_memory=False, header=0)
        parts.append(pd.concat([scored[[c for c in scored if c in ("forest", "lstm", "novelty", "hybrid", "flagged")]].reset_index(drop=True), rows.reset_index(drop=True)[["attack", "unseen"]]], axis=1))
    all_rows = pd.concat(parts, ignore_index=True)
    return numbers(all_rows, all_rows["attack"].to_numpy(bool), all_rows["unseen"].to_numpy(bool))


def one_set(program, home, folder, config, asked):
    root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
    sets = [word for one in ["density={}", *asked.set] for word in ("--set", one)]
    run = json.loads(nta(program, home, "run", os.path.join(root, "configs", config + ".yaml"), "--json", *sets))
    test = pd.read_parquet(os.path.join(run["folder"], "predictions.parquet"))
    files = {name: lines_of(find(os.environ["NTA_DATA"], os.path.basename(name))) for name in test["file"].unique()}
    trained = find_families(run)
    test["unseen"] = test["attack"] & ~test["family"].isin(trained)
    print(f"{config} before: {json.dumps(short(run))} moved {run['evaluation']['moved'] and run['evaluation']['moved']['moved']}", flush=True)
    for m in asked.rows:
        draws = range(asked.draws) if config == "nsl-kdd" else [0]
        told, chosen, promised = [], [], []
        for draw in draws:
            benign = test.index[~test["attack"]]
            if config == "nsl-kdd":
                taken = pd.Index(sorted(random.Random(draw).sample(list(benign), m)))
            else:
                share = {name: m // len(files) for name in files}
                taken = pd.Index([i for name in files for i in test.index[(test["file"] == name) & ~test["attack"]][: share[name]]])
            if len(taken) < m // 2:
                continue
            paths = []
            for name, rows in test.loc[taken].groupby("file", sort=False):
                paths.append(os.path.join(folder, "base-" + os.path.basename(name).removesuffix(".gz")))
                write(paths[-1], files[name][0], [files[name][1][i] for i in rows["row"]])
            try:
                made = json.loads(nta(program, home, "baseline", run["model"], *paths, "--verified", "--accept", "--json", *(["--all-hosts"] if asked.all_hosts else [])))
            except RuntimeError as why:
                print(f"{config} {m}: {why}", flush=True)
                continue
            chosen.append((made["site"].get("choice") or {}).get("chosen", made["not_chosen"]))
            promised.append(made["site"]["budget"])
            told.append(judged(program, home, made["model"], folder, files, test.drop(taken)))
        if told:
            mean = {name: {key: round(float(np.mean([t[name][key] for t in told])), 4) for key in told[0][name] if told[0][name][key] is not None} for name in told[0]}
            kept = sum(t["hybrid"]["fpr"] <= 0.01 for t in told)
            as_said = sum(t["hybrid"]["fpr"] <= p for t, p in zip(told, promised))
            print(f"{config} {m}: {json.dumps(mean)} kept 1 % in {kept} of {len(told)}, the promise ({min(promised):.4f} to {max(promised):.4f}) in {as_said}, {made['site']['units']}, hybrid {chosen}", flush=True)


def find_families(run):
    """The attack families of the test part that training held too."""
    families = run["evaluation"]["members"]["hybrid"]["families"]
    return {name for name, told in families.items() if told["seen_in_training"]}


def short(run):
    members = run["evaluation"]["members"]
    return {name: {"dr1": round(m["detection_rate_at_fpr_0_01"], 4), "recall": round(m["at_budget"]["recall"], 4), "fpr": round(m["at_budget"]["fpr"], 4), "recall_unseen": m["unseen"]["recall_at_budget"]} for name, m in members.items()}


def main():
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("nta")
    asked.add_argument("--sets", nargs="*", default=CONFIGS)
    asked.add_argument("--rows", nargs="*", type=int, default=[300, 1_000, 4_000])
    asked.add_argument("--draws", type=int, default=20)
    asked.add_argument("--set", action="append", default=[])
    asked.add_argument("--all-hosts", action="store_true", help="the baseline's hosts are all of the site's")
    asked = asked.parse_args()
    for config in asked.sets:
        with tempfile.TemporaryDirectory() as folder:
            home = os.path.join(folder, "home")
            os.mkdir(home)
            one_set(asked.nta, home, folder, config, asked)


if __name__ == "__main__":
    sys.exit(main())
