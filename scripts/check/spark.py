#!/usr/bin/env python3
"""Holds scripts/spark against `nta score` on the same flows: a table at once, and the same table arriving in five files, the
stream stopped and taken up again between the third and the fourth.
  scripts/check/spark.py NTA FOLDER FLOWS [--master local[2]] [--host COLUMN --time COLUMN --time-format P --duration COLUMN]
FOLDER is a published model, FLOWS what `nta score` reads; with --host the model follows hosts. Ends with 1 where a score is
further apart than 1e-5, a flag differs or a row is missing. Needs a Python with pyspark, numpy, pandas < 3, pyarrow,
onnxruntime, and a Java that Spark runs on."""

import argparse
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy as np
import pandas as pd

SPARK = pathlib.Path(__file__).resolve().parents[1] / "spark"
PIECES = 5


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("nta")
    parser.add_argument("folder")
    parser.add_argument("flows")
    parser.add_argument("--master", default="local[2]")
    for name in ("host", "time", "time-format", "duration"):
        parser.add_argument(f"--{name}")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        check(options, pathlib.Path(work))


def check(options, work):
    native = work / "native.parquet"
    seconds = call([options.nta, "score", options.folder, options.flows, "-o", native, "--quiet"])
    native = pd.read_parquet(native)
    read = list(native.columns[: list(native.columns).index("forest")])
    native["row"] = np.arange(len(native))
    print(f"nta score: {len(native):,} flows in {seconds:.1f} s")
    # A column that the model does not know goes through, so each row is found again.
    table = native[read + ["row"]]
    table.to_parquet(work / "flows.parquet")
    seconds = spark(options, "score.py", work / "flows.parquet", work / "scored")
    compare("scripts/spark/score.py", native, work / "scored", seconds)

    ends = pd.Series(np.arange(len(table)))
    if options.host:
        begun = pd.to_datetime(table[options.time], format="mixed", utc=True)
        lasted = pd.to_timedelta(table[options.duration].astype(float).fillna(0), unit="s") if options.duration else pd.Timedelta(0)
        ends = begun + lasted
    pieces = [table.iloc[rows] for rows in np.array_split(ends.argsort(kind="stable"), PIECES)]
    arriving = work / "arriving"
    arriving.mkdir()
    seconds = 0
    for sitting in (range(3), range(3, PIECES)):
        for nth in sitting:
            pieces[nth].to_parquet(arriving / f"{nth}.parquet")
        seconds += spark(options, "stream.py", arriving, work / "streamed", "--checkpoint", work / "state", "--once",
                         "--partitions", "4")
    compare("scripts/spark/stream.py", native, work / "streamed", seconds)


def spark(options, script, source, target, *more):
    given = [(name, getattr(options, name.replace("-", "_"))) for name in ("host", "time", "time-format", "duration")]
    words = [word for name, value in given if value for word in (f"--{name}", value)]
    return call([sys.executable, SPARK / script, options.folder, source, target, "--master", options.master, *words, *more])


def call(words):
    begun = time.time()
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, words))}: exit {done.returncode}\n{done.stderr[-3000:]}")
    return time.time() - begun


def compare(what, native, folder, seconds):
    found = pd.read_parquet(folder).sort_values("row").reset_index(drop=True)
    if list(found["row"]) != list(native["row"]):
        sys.exit(f"{what}: {len(found)} rows of {len(native)}, or not each once")
    scores = [name for name in native.columns[list(native.columns).index("forest"):] if name not in ("flagged", "row", "probability")]
    apart = max(float(np.abs(found[name] - native[name]).max()) for name in scores)
    flags = int((found["flagged"].astype(bool) != native["flagged"].astype(bool)).sum())
    print(f"{what}: {seconds:.1f} s, Spark's start included; scores within {apart:.1e}, {flags} flags differ")
    if apart > 1e-5 or flags:
        sys.exit(1)


if __name__ == "__main__":
    main()
