#!/usr/bin/env python3
"""Scores Parquet files as they arrive in a folder, on Spark's Structured Streaming, with what hosts did before kept by Spark.

    scripts/spark/stream.py artifacts/ctu13/1 arriving/ scored/ --host SrcAddr --time StartTime --duration Dur \\
        --checkpoint state/ [--once]

Files must arrive in the order of time, each host's flows in the order in which they ended, within a file in any order: a flow
that comes after its host's later one is judged as if it had come last. `--once` scores what is there and ends. A stream that
was stopped goes on from its checkpoint, and writes no row twice. A host that was silent for as long as the model remembers
(`memory` in preprocessing.json) begins anew, as in nta. Needs what score.py needs.
"""

import argparse

import pandas as pd
from pyspark.sql.streaming.state import GroupStateTimeout

import flows
import score


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flows.arguments(parser)
    parser.add_argument("--checkpoint", required=True, help="where Spark keeps what it has seen of files and hosts")
    parser.add_argument("--once", action="store_true", help="end when all that has arrived is scored")
    parser.add_argument("--partitions", type=int, default=0, help="parts that hosts are kept in (default: Spark's)")
    options = parser.parse_args()
    contract = flows.contract(options.folder)
    settings = {"spark.sql.shuffle.partitions": options.partitions} if options.partitions else {}
    spark = flows.session("nta stream", options, [__file__, score.__file__], **settings)
    seen = spark.read.parquet(options.input).schema
    # A file at a time: what came first is scored first.
    table = spark.readStream.schema(seen).option("maxFilesPerTrigger", 1).parquet(options.input)
    schema = ", ".join(f"`{name}` {kind}" for name, kind in table.dtypes) + ", " + flows.kinds(contract)
    columns = flows.columns(contract)
    if contract["memory"] is None:
        scored = table.mapInPandas(score.alone(options.folder, columns), schema)
    else:
        rows = flows.ended(table, options)
        keys = f", {flows.HOST} string, {flows.END} long"
        scored = rows.groupBy(flows.HOST).applyInPandasWithState(
            following(options.folder, columns), schema + keys, "kept binary", "append", GroupStateTimeout.NoTimeout)
        scored = scored.drop(flows.HOST, flows.END)
    writer = scored.writeStream.format("parquet").option("checkpointLocation", options.checkpoint)
    writer = writer.trigger(availableNow=True) if options.once else writer
    writer.start(options.output).awaitTermination()
    spark.stop()


def following(folder, columns):
    def follow(host, batches, state):
        model, follower = flows.loaded(folder)
        followed = follower(model)
        if state.exists:
            followed.recall(host[0], state.get[0])
        rows = pd.concat(list(batches)).sort_values(flows.END, kind="stable")
        scores = followed.score({name: rows[name] for name in columns}, rows[flows.HOST], rows[flows.END])
        state.update((followed.remembered(host[0]),))
        scored = pd.concat([rows, pd.DataFrame(scores, index=rows.index)], axis=1)
        keys = [flows.HOST, flows.END]
        yield scored[[name for name in scored if name not in keys] + keys]

    return follow


if __name__ == "__main__":
    main()
