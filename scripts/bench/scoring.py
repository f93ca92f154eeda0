#!/usr/bin/env python3
"""A large CSV scored end to end, text in and text out: `nta score` beside Python practice, in turns, on one machine.

    scripts/bench/scoring.py NTA [--rows 10000000] [--peer-rows 200000] [--repeats 3]

NTA is a built release binary. The file is simulated (seed 5, 115 bytes a flow), its model trained by `nta run` on the first 200,000
flows: 100 trees, an LSTM of 64 units that follows each source, the average. Practice is the same size of everything as a notebook
has it: pandas reads chunks of 100,000 rows, a ColumnTransformer scales numbers and encodes categories, RandomForestClassifier and
a PyTorch LSTM score, `to_csv` appends. Its LSTM sees each flow at the end of a window of the source's last 32 flows, as windowed
pipelines do; `single` instead gives it each flow alone, as the original demo did, which is cheaper and another model. Practice
scores fewer rows, for it would take long; both are given in flows/s, start and imports included in ours, left out of theirs.
Run it on an idle machine. Makes an environment of its own at the first call.
"""
import argparse, json, os, resource, statistics, subprocess, sys, tempfile, time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from peers import environment

environment.enter("score")

import numpy as np
import pandas as pd
import torch
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

NUMBERS = ["duration", "src_bytes", "dst_bytes", "wrong_fragment", "src_pkts", "dst_pkts", "src_port", "dst_port"]
CATEGORIES = ["proto", "service", "state"]
TRAIN, CHUNK, WINDOW = 200_000, 100_000, 32
MODEL = """name: scoring
seed: 7
choice: off
data: {{ schema: '{folder}/{order}.yaml', train: '{folder}/train.csv' }}
forest: {{ trees: 100 }}
lstm: {{ hidden: 64, epochs: 2, sequence: {{ by: src, length: 32 }} }}
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("nta")
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--peer-rows", type=int, default=200_000)
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench(args, os.path.abspath(args.nta), folder)


def bench(args, nta, folder):
    run([nta, "simulate", "--seed", "5", "--set", f"flows={args.rows}", "--set", "days=30", "-o", f"{folder}/all.csv"])
    head(f"{folder}/all.csv", f"{folder}/train.csv", TRAIN)
    head(f"{folder}/all.csv", f"{folder}/peer.csv", args.peer_rows)
    schema = run([nta, "schema", "show", "nta"])
    for order in ("file", "end_time"):
        with open(f"{folder}/{order}.yaml", "w") as file:
            file.write(schema.replace("order: end_time", f"order: {order}").replace("name: nta\n", f"name: {order}\n"))
        with open(f"{folder}/model.yaml", "w") as file:
            file.write(MODEL.format(folder=folder, order=order))
        run([nta, "run", f"{folder}/model.yaml", "--set", f"name={order}", "--home", folder, "--quiet"])
    practice = Practice(f"{folder}/train.csv")
    size = os.path.getsize(f"{folder}/all.csv")
    print(f"{args.rows:,} flows, {size / 1e9:.2f} GB; practice scores {args.peer_rows:,} of them")
    told = {}
    for _ in range(args.repeats):
        for order in ("file", "end_time"):
            command = [nta, "score", order, f"{folder}/all.csv", "-o", f"{folder}/out.csv", "--home", folder, "--quiet"]
            told.setdefault(f"nta, order: {order}", []).append(measured(command, args.rows))
        for kind in ("windows", "single"):
            told.setdefault(f"practice, {kind}", []).append(practice.score(f"{folder}/peer.csv", f"{folder}/out.csv", kind))
    for name, figures in told.items():
        rate = statistics.median(figure["rate"] for figure in figures)
        more = ", ".join(f"{key} {statistics.median(f[key] for f in figures):.1f}" for key in figures[0] if key != "rate")
        print(f"{name:24} {rate:12,.0f} flows/s  {more}")
    for ours in ("nta, order: file", "nta, order: end_time"):
        for theirs in ("practice, windows", "practice, single"):
            ratios = [a["rate"] / b["rate"] for a, b in zip(told[ours], told[theirs])]
            print(f"{ours} / {theirs}: x{statistics.median(ratios):.1f} ({min(ratios):.1f} to {max(ratios):.1f})")


def run(command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stderr}")
    return done.stdout


def measured(command, rows):
    """Flows/s of the whole command, its processor seconds and the most memory it held, in MB."""
    begun, most = time.perf_counter(), 0
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
        # The kernel's own figure for a child begins with what this process holds.
        while not os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            most = max(most, held(child.pid))
            time.sleep(0.05)
        seconds = time.perf_counter() - begun
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(f"{' '.join(command)} ended with {child.returncode}")
    return {"rate": rows / seconds, "processor s": used.ru_utime + used.ru_stime, "MB": most}


def held(pid):
    """The most memory that the process has held so far, in MB; 0 where it has just ended."""
    try:
        with open(f"/proc/{pid}/status") as file:
            return next((int(line.split()[1]) / 1024 for line in file if line.startswith("VmHWM")), 0)
    except OSError:
        return 0


def head(path, to, rows):
    with open(path) as source, open(to, "w") as target:
        for _, line in zip(range(rows + 1), source):
            target.write(line)


class Network(torch.nn.Module):
    def __init__(self, width):
        super().__init__()
        self.lstm, self.head = torch.nn.LSTM(width, 64, batch_first=True), torch.nn.Linear(64, 1)

    def forward(self, x):
        """`(n, steps, width)` to the probability of attack at the last step, `(n,)`."""
        return torch.sigmoid(self.head(self.lstm(x)[0][:, -1]).squeeze(-1))


class Practice:
    """What a notebook does, with two hours of care: batches of 4,096 windows, no gradients, all threads."""

    def __init__(self, train):
        rows = pd.read_csv(train)
        numbers = make_pipeline(FunctionTransformer(np.log1p), StandardScaler())
        categories = OneHotEncoder(handle_unknown="ignore", min_frequency=10, sparse_output=False, dtype=np.float32)
        self.columns = ColumnTransformer([("numbers", numbers, NUMBERS), ("categories", categories, CATEGORIES)])
        x = self.columns.fit_transform(rows).astype(np.float32)
        y = (rows["label"] == "attack").to_numpy()
        self.forest = RandomForestClassifier(100, class_weight="balanced", n_jobs=-1, random_state=7).fit(x, y)
        torch.manual_seed(7)
        # Its weights are untrained: what it costs does not depend on them, and no figure of quality is taken.
        self.network = Network(x.shape[1]).eval()

    def score(self, path, out, kind):
        begun, n_rows = time.perf_counter(), 0
        last = {}
        for chunk in pd.read_csv(path, chunksize=CHUNK):
            x = self.columns.transform(chunk).astype(np.float32)
            chunk["forest"] = self.forest.predict_proba(x)[:, 1]
            chunk["lstm"] = self.lstm(x, self.windows(chunk["src"].to_numpy(), x, last) if kind == "windows" else None)
            chunk["hybrid"] = (chunk["forest"] + chunk["lstm"]) / 2
            chunk["flagged"] = chunk["hybrid"] > 0.5
            chunk.to_csv(out, mode="w" if n_rows == 0 else "a", header=n_rows == 0, index=False)
            n_rows += len(chunk)
        own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        return {"rate": n_rows / (time.perf_counter() - begun), "MB": own}

    def windows(self, sources, x, last):
        """The chunk's rows with each source's last ones before them, and for each row of the chunk the places of the 32 rows of its
        source that end with it (the first one repeated where there are fewer): `(n, 32)`."""
        before = [(source, row) for source, rows in last.items() for row in rows]
        rows = np.concatenate([np.array([row for _, row in before], np.float32).reshape(-1, x.shape[1]), x])
        names = np.concatenate([np.array([source for source, _ in before], object), sources])
        places = np.empty((len(rows), WINDOW), np.int64)
        for source, at in pd.Series(np.arange(len(rows))).groupby(names).indices.items():
            steps = np.arange(len(at))[:, None] - np.arange(WINDOW - 1, -1, -1)
            places[at] = at[np.maximum(steps, 0)]
            last[source] = rows[at[-WINDOW + 1 :]]
        return rows, places[len(before) :]

    @torch.inference_mode()
    def lstm(self, x, windows):
        rows, places = windows if windows else (x, np.arange(len(x))[:, None])
        rows = torch.from_numpy(rows)
        parts = (rows[torch.from_numpy(places[i : i + 4_096])] for i in range(0, len(places), 4_096))
        return np.concatenate([self.network(part).numpy() for part in parts])


if __name__ == "__main__":
    main()
