"""Whose flow a row is, when it ended, and what a published model says of a host's flows: what batch and stream share."""

import json
import pathlib
import sys

from pyspark.sql import functions as F

HOST, END, NTH, PART = "nta_host", "nta_end", "nta_row", "nta_part"


def arguments(parser):
    parser.add_argument("folder", help="a published model: artifacts/<name>/<version>")
    parser.add_argument("input", help="Parquet, with the columns that the model was trained on")
    parser.add_argument("output", help="a folder that is not there yet: the same rows with scores, as Parquet")
    parser.add_argument("--master", default="local[*]", help="where Spark runs (default: local[*])")
    parser.add_argument("--host", action="append", default=[], metavar="COLUMN",
                        help="whose flow a row is; given again for the sensor beside the host")
    parser.add_argument("--time", metavar="COLUMN", help="when a flow began: a timestamp, or microseconds since 1970")
    parser.add_argument("--time-format", metavar="PATTERN", help="of times that are texts, in UTC: yyyy/MM/dd HH:mm:ss.SSSSSS")
    parser.add_argument("--duration", metavar="COLUMN", help="how long it took, in seconds; without it, --time is its end")


def contract(folder):
    return json.loads((pathlib.Path(folder) / "preprocessing.json").read_text())


def kinds(contract):
    """The columns that scoring adds."""
    return ", ".join(f"{name} {'int' if name == 'flagged' else 'float'}" for name in contract["outputs"])


def columns(contract):
    """The columns that the model reads, each once."""
    return sorted({column["column"] for column in contract["numbers"] + contract["texts"]})


def ended(table, options):
    """The rows with whose they are and when they ended, in microseconds."""
    if not options.host or not options.time:
        sys.exit("this model follows hosts: give --host and --time (and --duration)")
    kind = dict(table.dtypes)[options.time]
    if kind in ("bigint", "int"):
        begun = F.col(options.time).cast("long")
    else:
        begun = F.unix_micros(F.to_timestamp(options.time, options.time_format))
    lasted = F.coalesce(F.col(options.duration).cast("double"), F.lit(0.0)) if options.duration else F.lit(0.0)
    lasted = F.round(lasted * 1e6).cast("long")
    return table.withColumn(HOST, F.concat_ws("\u0001", *options.host)).withColumn(END, begun + lasted)


def loaded(folder):
    """The model, once a process of Spark's."""
    sys.path.insert(0, f"{folder}/code")
    import nta_loader

    if not hasattr(nta_loader, "loaded_here"):
        nta_loader.loaded_here = nta_loader.Model(folder, threads=1)
    return nta_loader.loaded_here, nta_loader.Follower


def session(name, options, files=(), **settings):
    """Spark, in UTC, with this file and `files` on its workers."""
    from pyspark.sql import SparkSession

    settings = {"spark.ui.enabled": "false", "spark.sql.session.timeZone": "UTC"} | settings
    builder = SparkSession.builder.appName(name).master(options.master)
    for key, value in settings.items():
        builder = builder.config(key, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    for file in (__file__, *files):
        spark.sparkContext.addPyFile(file)
    return spark
