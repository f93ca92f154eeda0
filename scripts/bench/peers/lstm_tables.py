"""The tables of the LSTM's bench: drawn ones where only the speed counts, CTU-13 and KDD99 in arrival order."""

import csv
import gzip
import os
import sys
from datetime import datetime

import numpy as np

from . import dump, kdd, sequence_dump
from .environment import cache

N_NUMERIC = 41
# A host silent for longer begins a new sequence, as in the shipped configs.
IDLE_SECONDS = 3600.0
CTU13_FILE = "ctu13/capture20110816.binetflow.gz"
NUMERIC = ["Dur", "Sport", "Dport", "sTos", "dTos", "TotPkts", "TotBytes", "SrcBytes"]
CATEGORICAL = ["Proto", "Dir", "State"]
# Training rows that a category needs for an input of its own.
MIN_COUNT = 500
# Rows of a training sequence.
LENGTH = 32
# KDD99 has no hosts: it is validated on in blocks of rows.
BLOCK = 2048


def drawn(n_sequences, length):
    """Random rows and labels in sequences of one length."""
    folder = cache("bench-data", f"drawn-{n_sequences}-{length}")
    if not os.path.exists(os.path.join(folder, "header.json")):
        rng = np.random.default_rng(1)
        n_rows = n_sequences * length
        x = rng.standard_normal((n_rows, N_NUMERIC), dtype="f4")
        part = (x, rng.random(n_rows) < 0.3, np.arange(n_rows).reshape(n_sequences, length))
        sequence_dump.write(folder, {"train": part, "test": part})
    return folder


def kept(name, sources, make):
    """The folder of a real table, made at the first call by `make(folder)`."""
    folder = cache("bench-data", name)
    stamp = " ".join(f"{os.path.getsize(f)}:{int(os.path.getmtime(f))}" for f in sources) + " 1"
    path = os.path.join(folder, "made-from.txt")
    if not (os.path.exists(path) and open(path).read() == stamp):
        print(f"  reading {name} into {folder}", file=sys.stderr)
        make(folder)
        with open(path, "w") as file:
            file.write(stamp)
    return folder


def ctu13():
    """Scenario 6 by flow end: the first half to learn, a tenth to validate, the last 40 % to score."""
    source = kdd.data_file(CTU13_FILE)
    return kept("ctu13-sequences", [source], lambda folder: write_ctu13(folder, source))


def write_ctu13(folder, source):
    with gzip.open(source, "rt", newline="") as file:
        rows = list(csv.DictReader(file))
    start = np.array([datetime.fromisoformat(row["StartTime"].replace("/", "-")).timestamp() for row in rows])
    end = start + np.array([number(row["Dur"]) for row in rows])
    order = np.argsort(end, kind="stable")
    rows, end = [rows[i] for i in order], end[order]
    labels = np.array(["Botnet" in row["Label"] for row in rows], dtype="u1")
    n = len(rows)
    learn, known = int(0.5 * n), int(0.6 * n)
    names, host = np.unique([row["SrcAddr"] for row in rows], return_inverse=True)
    gap = gaps(host, end)
    numeric = np.array([[number(row[name]) for name in NUMERIC] for row in rows])
    numeric = np.log1p(np.maximum(np.column_stack([numeric, gap]), 0.0))
    x = np.hstack([scaled(numeric, learn)] + [one_hot([row[name].strip() for row in rows], learn) for name in CATEGORICAL])
    parts = {}
    for part, (a, b) in {"train": (0, learn), "validation": (learn, known), "test": (known, n)}.items():
        parts[part] = (x[a:b], labels[a:b], by_host(host[a:b], end[a:b]))
    sequence_dump.write(folder, parts)


def number(text):
    """A number of Argus: ports of ICMP are hexadecimal, and what is empty is missing, here 0."""
    try:
        return float(text) if text else 0.0
    except ValueError:
        return float(int(text, 16))


def gaps(host, end):
    """Seconds since the host's previous flow ended; 0 at its first."""
    last, found = {}, np.zeros(len(end))
    for i, key in enumerate(host):
        found[i] = end[i] - last.get(key, end[i])
        last[key] = end[i]
    return found


def scaled(numeric, learn):
    width = numeric[:learn].std(axis=0)
    return ((numeric - numeric[:learn].mean(axis=0)) / np.where(width > 0, width, 1.0)).astype("f4")


def one_hot(texts, learn):
    """One column for each category that is frequent among the rows to learn from."""
    names, counts = np.unique(texts[:learn], return_counts=True)
    return (np.array(texts)[:, None] == names[counts >= MIN_COUNT][None, :]).astype("f4")


def by_host(host, end):
    """Row indices of each host's flows in order, parted at long silences."""
    order = np.argsort(host, kind="stable")
    new = (np.diff(host[order]) != 0) | (np.diff(end[order]) > IDLE_SECONDS)
    return np.split(order, np.flatnonzero(new) + 1)


def kdd99():
    """The 10 % file to learn and validate, `corrected` to score, each in file order."""
    sources = [kdd.data_file(path) for path in kdd.FILES["kdd99"]]
    return kept("kdd99-sequences", sources, write_kdd99)


def write_kdd99(folder):
    tables = kdd.table("kdd99")
    train, test = kdd99_inputs(tables)
    labels = dump.labels(tables, "train")
    block, validate = kdd99_blocks(len(train))
    parts = {}
    for part, members in (("train", ~validate), ("validation", validate)):
        rows = np.flatnonzero(members[block])
        parts[part] = (train[rows], labels[rows], in_a_row(rows))
    parts["test"] = (test, dump.labels(tables, "test"), [np.arange(len(test))])
    sequence_dump.write(folder, parts)


def kdd99_blocks(n_rows):
    """The block of each row of the training file, and of each block whether it is validated on: every tenth."""
    block = np.arange(n_rows) // BLOCK
    return block, np.arange(block[-1] + 1) % 10 == 9


def kdd99_inputs(tables):
    """Inputs of the training and the test rows, scaled by the former."""
    train, test = (np.log1p(np.maximum(dump.rows(tables, part).astype("f8"), 0.0)) for part in dump.PARTS)
    x = scaled(np.vstack([train, test]), len(train))
    return x[: len(train)], x[len(train) :]


def in_a_row(rows):
    """Indices of chosen rows, parted where the file has others between."""
    return np.split(np.arange(len(rows)), np.flatnonzero(np.diff(rows) != 1) + 1)
