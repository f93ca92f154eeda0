#!/usr/bin/env python3
"""Scores Parquet of any size on Apache Spark with a model that `nta publish` wrote; the flags are those of `nta score`.

    scripts/spark/score.py artifacts/nsl-kdd/1 flows.parquet scored.parquet
    scripts/spark/score.py artifacts/ctu13/1 flows.parquet scored.parquet --host SrcAddr --time StartTime --duration Dur \
        --time-format "yyyy/MM/dd HH:mm:ss.SSSSSS"
    spark-submit --master yarn --py-files scripts/spark/flows.py scripts/spark/score.py … --master yarn

Single flows go through in Spark's own batches. Where the model follows hosts, a host's flows come together, in the order in
which they ended (ties in the order of the files), so a host's flows must fit a task's memory. The folder must lie where every
worker sees it. Needs pyspark, numpy, pandas < 3, pyarrow and onnxruntime.
"""

import argparse

import pandas as pd
from pyspark.sql import functions as F

import flows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flows.arguments(parser)
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
        keys = f", {flows.HOST} string, {flows.END} long, {flows.NTH} long"
        scored = rows.groupBy(flows.HOST).applyInPandas(following(options.folder, flows.columns(contract)), schema + keys)
        scored = scored.drop(flows.HOST, flows.END, flows.NTH)
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
        keys = [flows.HOST, flows.END, flows.NTH]
        return scored[[name for name in scored if name not in keys] + keys]

    return score


if __name__ == "__main__":
    main()
