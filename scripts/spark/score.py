#!/usr/bin/env python3
"""Scores Parquet of any size on Apache Spark with a model that `nta publish` wrote; the flags are those of `nta score`.

    scripts/spark/score.py artifacts/nsl-kdd/1 flows.parquet scored.parquet
    scripts/spark/score.py artifacts/ctu13/1 flows.parquet scored.parquet --host SrcAddr --time StartTime --duration Dur \
        --time-format "yyyy/MM/dd HH:mm:ss.SSSSSS"
    spark-submit --master yarn --py-files scripts/spark/flows.py scripts/spark/score.py … --master yarn

Single flows go through in Spark's own batches. Where the model follows hosts, hosts are dealt to parts, and a part's flows
come together, in the order in which they ended (ties in the order of the files): a part must fit a task's memory, and its
hosts go through the graph side by side. A part remembers as many hosts as nta does of all, so none is forgotten before nta
would. The folder must lie where every worker sees it. Needs pyspark, numpy, pandas < 3, pyarrow and onnxruntime.
"""

import argparse
import math

import pandas as pd
from pyspark.sql import functions as F

import flows

KEYS = (flows.HOST, flows.END, flows.NTH, flows.PART)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flows.arguments(parser)
    parser.add_argument("--rows-at-once", type=int, default=250_000, help="flows of a part, about (default: 250000)")
    options = parser.parse_args()
    contract = flows.contract(options.folder)
    spark = flows.session("nta score", options, [__file__])
    table = spark.read.parquet(options.input)
    added = flows.kinds(contract)
    schema = ", ".join(f"`{name}` {kind}" for name, kind in table.dtypes) + ", " + added
    if contract["memory"] is None:
        scored = table.mapInPandas(alone(options.folder, flows.columns(contract)), schema)
    else:
        # Rows of one file keep its order; files follow each other by name.
        rows = flows.ended(table, options).withColumn(flows.NTH, F.monotonically_increasing_id())
        # As many of them as cores, where there are enough flows: they are what is scored side by side.
        parts = max(math.ceil(table.count() / options.rows_at_once), spark.sparkContext.defaultParallelism)
        rows = rows.withColumn(flows.PART, F.pmod(F.xxhash64(flows.HOST), F.lit(parts)))
        keys = ", ".join(f"{name} {kind}" for name, kind in rows.dtypes if name in KEYS)
        scored = rows.groupBy(flows.PART).applyInPandas(
            following(options.folder, flows.columns(contract)), f"{schema}, {keys}")
        scored = scored.drop(*KEYS)
    scored.write.parquet(options.output)
    spark.stop()


def alone(folder, columns):
    def score(batches):
        model, _ = flows.loaded(folder)
        for rows in batches:
            scores = model.score({name: rows[name] for name in columns})
            yield pd.concat([rows, pd.DataFrame(scores, index=rows.index)], axis=1)

    return score


def following(folder, columns):
    def score(rows):
        model, follower = flows.loaded(folder)
        rows = rows.sort_values([flows.END, flows.NTH], kind="stable")
        scores = follower(model).score({name: rows[name] for name in columns}, rows[flows.HOST], rows[flows.END])
        scored = pd.concat([rows, pd.DataFrame(scores, index=rows.index)], axis=1)
        return scored[[name for name in scored if name not in KEYS] + [name for name in rows if name in KEYS]]

    return score


if __name__ == "__main__":
    main()
