#!/usr/bin/env python3
"""Holds scripts/spark against `nta score` on the same flows: a table at once, and the same table arriving in five files while
the stream runs, which is killed under the third of them and taken up again.
  scripts/check/spark.py NTA FOLDER FLOWS [--only table] [--master local[2]] [--host COLUMN --time COLUMN --time-format P --duration COLUMN]
FOLDER is a published model, FLOWS what `nta score` reads; with --host the model follows hosts. Ends with 1 where a score is
further apart than 1e-5, a flag differs or a row is missing. Needs a Python with pyspark, numpy, pandas < 3, pyarrow,
onnxruntime, and a Java that Spark runs on."""

import argparse
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import urllib.parse

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

SPARK = pathlib.Path(__file__).resolve().parents[1] / "spark"
PIECES = 5
KILLED_UNDER = 2
PAUSE = 3  # seconds between two files


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("nta")
    parser.add_argument("folder")
    parser.add_argument("flows")
    parser.add_argument("--master", default="local[2]")
    parser.add_argument("--only", choices=["table"], help="not the stream")
    parser.add_argument("--work", help="a folder for what is made (default: a temporary one)")
    for name in ("host", "time", "time-format", "duration"):
        parser.add_argument(f"--{name}")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.work) as work:
        check(options, pathlib.Path(work))


def check(options, work):
    native = work / "native.parquet"
    seconds = call([options.nta, "score", options.folder, options.flows, "-o", native, "--quiet"])
    native = numbered(native, work / "flows.parquet")
    print(f"nta score: {len(native):,} flows in {seconds:.1f} s: {len(native) / seconds:,.0f} rows/s", flush=True)
    seconds = call(spark_words(options, "score.py", work / "flows.parquet", work / "scored"))
    compare("scripts/spark/score.py", native, sorted((work / "scored").glob("*.parquet")), seconds)
    if options.only == "table":
        return

    table = pd.read_parquet(work / "flows.parquet")
    ends = pd.Series(np.arange(len(table)))
    if options.host:
        begun = pd.to_datetime(table[options.time], format="mixed", utc=True)
        lasted = pd.to_timedelta(table[options.duration].astype(float).fillna(0), unit="s") if options.duration else pd.Timedelta(0)
        ends = begun + lasted
    pieces = [table.iloc[rows] for rows in np.array_split(ends.argsort(kind="stable").to_numpy(), PIECES)]
    arriving, scored = work / "arriving", work / "streamed"
    arriving.mkdir()
    begun = time.time()
    first = [pieces[nth] for nth in range(KILLED_UNDER + 1)]
    stream(options, work, arriving, scored, first, sum(map(len, first[:-1])), signal.SIGKILL)
    stream(options, work, arriving, scored, pieces[KILLED_UNDER + 1:], len(table), signal.SIGTERM)
    compare("scripts/spark/stream.py", native, committed(scored), time.time() - begun)


def numbered(native, flows):
    """The scores in the table `native`, which is removed; its other columns go to `flows`, with the row's number beside, a
    column that the model does not know, by which each row is found again. Of the table, no more than a part is held."""
    file = pq.ParquetFile(native)
    names = file.schema_arrow.names
    read, scores, row = names[:names.index("forest")], [], 0
    kinds = [file.schema_arrow.field(name).type for name in read]
    # Spark reads no nanoseconds.
    kinds = [pa.timestamp("us", kind.tz) if pa.types.is_timestamp(kind) else kind for kind in kinds]
    schema = pa.schema([*zip(read, kinds), ("row", pa.int64())])
    with pq.ParquetWriter(flows, schema, compression="zstd") as writer:
        for batch in file.iter_batches(batch_size=1 << 18):
            scores.append(batch.select(names[len(read):]).to_pandas())
            number = pa.array(np.arange(row, row + len(batch)))
            columns = [batch[name].cast(kind) for name, kind in zip(read, kinds)]
            writer.write_batch(pa.record_batch([*columns, number], schema=schema))
            row += len(batch)
    native.unlink()
    return pd.concat(scores, ignore_index=True).assign(row=np.arange(row))


def stream(options, work, arriving, scored, pieces, until, how):
    """Runs the stream while `pieces` arrive one after the other, and ends it so when that many rows are scored."""
    words = spark_words(options, "stream.py", arriving, scored, "--checkpoint", work / "state", "--partitions", "4")
    if not any(arriving.iterdir()):
        arrive(pieces.pop(0), work, arriving)  # its columns are what Spark goes by
    with open(work / "stream.log", "ab") as log:
        process = subprocess.Popen([str(word) for word in words], stdout=log, stderr=log, start_new_session=True)
    for piece in pieces:
        time.sleep(PAUSE)
        arrive(piece, work, arriving)
    while sum(pq.read_metadata(file).num_rows for file in committed(scored)) < until:
        if process.poll() is not None:
            sys.exit(f"{' '.join(map(str, words))}: exit {process.returncode}\n{(work / 'stream.log').read_text()[-3000:]}")
        time.sleep(0.2)
    os.killpg(process.pid, how)
    process.wait()


def arrive(piece, work, arriving):
    """Whole, as a file that is seen must be."""
    name = f"{len(list(arriving.iterdir()))}.parquet"
    piece.to_parquet(work / name)
    (work / name).rename(arriving / name)


def committed(folder):
    """The files that the stream says it has written, of all that lie there: a batch that was killed leaves some behind, which
    Spark does not read either."""
    log = folder / "_spark_metadata"
    names = [path.name for path in log.iterdir() if path.name.removesuffix(".compact").isdigit()] if log.is_dir() else []
    last = max((int(name.removesuffix(".compact")) for name in names if name.endswith(".compact")), default=-1)
    kept = [name for name in names if int(name.removesuffix(".compact")) > last or name == f"{last}.compact"]
    lines = [line for name in kept for line in (log / name).read_text().splitlines()[1:]]
    return [pathlib.Path(urllib.parse.urlparse(json.loads(line)["path"]).path) for line in lines]


def spark_words(options, script, source, target, *more):
    given = [(name, getattr(options, name.replace("-", "_"))) for name in ("host", "time", "time-format", "duration")]
    words = [word for name, value in given if value for word in (f"--{name}", value)]
    return [sys.executable, SPARK / script, options.folder, source, target, "--master", options.master, *words, *more]


def call(words):
    begun = time.time()
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, words))}: exit {done.returncode}\n{done.stderr[-3000:]}")
    return time.time() - begun


def compare(what, native, files, seconds):
    found = pd.concat([pd.read_parquet(file, columns=list(native.columns)) for file in files])
    found = found.sort_values("row").reset_index(drop=True)
    if list(found["row"]) != list(native["row"]):
        sys.exit(f"{what}: {len(found)} rows of {len(native)}, or not each once")
    scores = [name for name in native.columns if name not in ("flagged", "row", "probability")]
    apart = max(float(np.abs(found[name] - native[name]).max()) for name in scores)
    flags = int((found["flagged"].astype(bool) != native["flagged"].astype(bool)).sum())
    print(f"{what}: {len(found):,} rows in {seconds:.1f} s, Spark's start included: {len(found) / seconds:,.0f} rows/s; "
          f"scores within {apart:.1e}, {flags} flags differ, {int(found['flagged'].sum()):,} set", flush=True)
    if apart > 1e-5 or flags:
        sys.exit(1)


if __name__ == "__main__":
    main()
