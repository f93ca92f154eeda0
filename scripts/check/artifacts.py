#!/usr/bin/env python3
"""Trains on real traffic, tracked by a real server, publishes, and holds the models in the tools of other people against nta.

    NTA_DATA=... scripts/check/other_tools.sh [--nta target/debug/nta] [--only STEP,…]

which makes the virtual environment that this needs (and, for step spark, there must be a Java 17). Steps: train, publish,
tracked, golden, rows, pyfunc, serve, spark, wheel. A step that fails ends the script with exit code 1. Scores may lie 1e-5
apart; flags must be equal.
"""

import argparse
import importlib.util
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

import numpy as np
import pandas as pd

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOLERANCE = 1e-5
sys.path[0] = str(ROOT / "crates/export/python")  # in place of this folder, whose mlflow.py is not the package
from nta_forest import Forest  # noqa: E402
from nta_loader import Follower, Model  # noqa: E402


def say(step, text):
    print(f"  {step:<8} {text}", flush=True)


def nta(options, *arguments):
    tracked = {"MLFLOW_TRACKING_URI": options.server.uri} if options.server else {}
    done = subprocess.run([options.nta, *map(str, arguments), "--home", options.home, "--quiet"], cwd=ROOT,
                          env=os.environ | tracked, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"nta {' '.join(map(str, arguments))}: exit {done.returncode}\n{done.stderr}")
    return done.stdout


def hold(step, what, found, expected, flags=None):
    """Refuses scores further apart than the tolerance and flags that differ."""
    furthest = max(float(np.max(np.abs(np.asarray(found[n], np.float64) - expected[n]))) for n in expected)
    n_rows = len(next(iter(expected.values())))
    if not furthest <= TOLERANCE:
        sys.exit(f"{step}: {what}: scores lie {furthest} apart")
    apart = 0 if flags is None else int(np.sum(np.asarray(found["flagged"]).astype(bool) != flags))
    if apart:
        sys.exit(f"{step}: {what}: {apart} of {n_rows} flags differ")
    told = "" if flags is None else f", all flags equal ({int(flags.sum())} set)"
    say(step, f"{what}: {n_rows} rows, scores within {furthest:.1e}{told}")


def kddtest(options):
    """KDDTest+ as texts, and its file."""
    path = options.data / "nsl-kdd/KDDTest+.txt.gz"
    header = json.loads((options.folder["nsl-kdd"] / "schema.json").read_text())["header"]
    return path, pd.read_csv(path, names=header, dtype=str, keep_default_na=False), None, None


def ctu13(options):
    """The last 40 % of CTU-13's flows in the order in which they ended, as texts, and as a file."""
    path = pathlib.Path(options.home) / "ctu13-test.binetflow"
    source = options.data / "ctu13/capture20110816.binetflow.gz"
    flows = pd.read_csv(source, dtype=str, keep_default_na=False)
    start = pd.to_datetime(flows["StartTime"], format="%Y/%m/%d %H:%M:%S.%f").astype("datetime64[us]").astype(np.int64)
    end = start.to_numpy() + np.round(flows["Dur"].astype(float).to_numpy() * 1e6).astype(np.int64)
    order = np.argsort(end, kind="stable")[int(0.6 * len(flows)):]
    flows, end = flows.iloc[order].reset_index(drop=True), end[order]
    flows.to_csv(path, index=False)
    return path, flows, flows["SrcAddr"], end


MODELS = {"nsl-kdd": kddtest, "ctu13": ctu13}


def train(options):
    for name in MODELS:
        begun = time.time()
        nta(options, "run", f"configs/{name}.yaml", *options.set)
        say("train", f"{name} in {time.time() - begun:.0f} s")


def publish(options):
    for name in MODELS:
        begun = time.time()
        found = json.loads(nta(options, "publish", name, "--json", *options.proof))
        proved = found["proved"]
        say("publish", f"{name}: {found['files']} files, {proved['rows']} flows through graph and model by "
            f"{' and '.join(proved['by'])}, scores within {proved['largest_difference']:.1e}, "
            f"{proved['flagged']} flagged alike, {time.time() - begun:.0f} s")


def tracked(options):
    """The server holds what was trained; its alias leads to the same scores."""
    for name, read in MODELS.items():
        path = read(options)[0]
        nta(options, "promote", f"{name}/1")
        nta(options, "sync")
        version = options.server.ask("registered-models/alias", name=name, alias="champion")["model_version"]["version"]
        here, there = (pathlib.Path(options.home) / f"{name}-{where}.csv" for where in ("here", "there"))
        nta(options, "score", f"{name}/1", path, "-o", here)
        nta(options, "score", f"models:/{name}@champion", path, "-o", there)
        if here.read_bytes() != there.read_bytes():
            sys.exit(f"tracked: {name}: the server's champion scores otherwise")
        say("tracked", f"{name}: version {version} on the server is champion there and scores {path.name} alike, byte for byte")


def golden(options):
    """Golden rows in onnxruntime, by the loader; the forest by its own reader."""
    for name, folder in options.folder.items():
        model = Model(folder)
        columns, entity, end, scores = model.golden()
        found = Follower(model).score(columns, entity, end) if entity else model.score(columns)
        hold("golden", f"{name} in onnxruntime", found, scores)
        fitted = model.contract["preprocessor"]
        inputs = model.inputs(columns)
        parts = [np.where(np.isfinite(inputs[n["input"]]), inputs[n["input"]], np.nan)
                 for n in model.contract["numbers"]]
        for text, column in zip(model.contract["texts"], fitted["categorical"]):
            missing, other = column["missing"] or column["other"], column["other"]
            ranks = [(column["values"].get(t, other) if t else missing)["rank"] for t in inputs[text["input"]]]
            parts.append(np.array(ranks, np.float32))
        forest = Forest((folder / "forest.bin").read_bytes())
        votes = forest.predict(np.stack(parts, axis=1).astype(np.float32))
        if votes.tobytes() != scores["forest"].tobytes():
            sys.exit(f"golden: {name}: the forest's own reader says otherwise")
        say("golden", f"{name}: the forest read with numpy alone gives the same bits")


def rows(options):
    """All test rows in onnxruntime, hosts followed where the model does."""
    for name, read in MODELS.items():
        path, columns, entity, end = read(options)
        out = pathlib.Path(options.home) / f"{name}.parquet"
        nta(options, "score", options.folder[name], path, "-o", out)
        expected = pd.read_parquet(out)
        model = Model(options.folder[name])
        begun = time.time()
        found = model.score(columns) if entity is None else Follower(model).score(columns, entity, end)
        names = model.contract["outputs"][:-2]
        hold("rows", f"{name}, {path.name}, in onnxruntime in {time.time() - begun:.0f} s", found,
             {n: expected[n].to_numpy() for n in names}, expected["flagged"].astype(str).str.lower().isin(["true", "1"]).to_numpy())


def golden_frame(model):
    columns, entity, end, scores = model.golden()
    names = {n["column"] for n in model.contract["numbers"] + model.contract["texts"]}
    frame = pd.DataFrame({name: columns[name] for name in columns if name in names})
    if entity:
        frame["entity"], frame["end_time"] = entity, end
    return frame, scores


def pyfunc(options):
    import mlflow.onnx
    import mlflow.pyfunc

    for name, folder in options.folder.items():
        frame, scores = golden_frame(Model(folder))
        found = mlflow.pyfunc.load_model(str(folder)).predict(frame)
        hold("pyfunc", f"{name} by mlflow.pyfunc.load_model", found, scores)
        example = json.loads((folder / "input_example.json").read_text())
        mlflow.pyfunc.load_model(str(folder)).predict(pd.DataFrame(example["data"], columns=example["columns"]))
        if mlflow.onnx.load_model(str(folder)).producer_name != "nta":
            sys.exit(f"pyfunc: {name}: mlflow.onnx.load_model gives another graph")


def serve(options):
    for name, folder in options.folder.items():
        frame, scores = golden_frame(Model(folder))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = ["mlflow", "models", "serve", "-m", str(folder), "-p", str(port), "--env-manager", "local"]
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        try:
            for _ in range(120):
                time.sleep(0.5)
                try:
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/ping", timeout=2)
                    break
                except OSError:
                    continue
            split = json.loads(frame.to_json(orient="split"))
            body = json.dumps({"dataframe_split": {"columns": split["columns"], "data": split["data"]}}).encode()
            request = urllib.request.Request(f"http://127.0.0.1:{port}/invocations", body,
                                             {"Content-Type": "application/json"})
            answer = json.loads(urllib.request.urlopen(request, timeout=60).read())
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait()
        hold("serve", f"{name} by mlflow models serve", pd.DataFrame(answer["predictions"]), scores)


def following(folder):
    """Scores all rows of a host in the order of their ends; they come to one task of Spark's together."""

    def follow(rows):
        sys.path.insert(0, f"{folder}/code")
        from nta_loader import Model as Loaded

        rows = rows.sort_values(["end_time", "nth"], kind="stable")
        return pd.concat([rows[["nth"]], Loaded(folder, threads=1).predict(rows)], axis=1)

    return follow


def spark(options):
    import mlflow.pyfunc
    from pyspark.sql import SparkSession
    from pyspark.sql.functions import struct

    session = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    for name, folder in options.folder.items():
        model = Model(folder)
        frame, scores = golden_frame(model)
        outputs = model.contract["outputs"]
        kinds = ", ".join(f"{n} {'int' if n == 'flagged' else 'double'}" for n in outputs)
        table = session.createDataFrame(frame.assign(nth=np.arange(len(frame))))
        if model.contract["memory"] is None:
            udf = mlflow.pyfunc.spark_udf(session, str(folder), result_type=kinds, env_manager="local")
            columns = [c for c in frame.columns]
            found = table.withColumn("s", udf(struct(*columns))).select("nth", "s.*").toPandas()
            how = "by mlflow.pyfunc.spark_udf"
        else:
            found = table.groupBy("entity").applyInPandas(following(str(folder)), f"nth long, {kinds}").toPandas()
            how = "by applyInPandas, grouped by host"
        found = found.sort_values("nth").reset_index(drop=True)
        hold("spark", f"{name} {how}", found, scores)
    session.stop()


def wheel(options):
    """A wheel with the binary, installed where there is no Rust."""
    with tempfile.TemporaryDirectory() as folder:
        build = ["maturin", "build", "--profile", options.profile, "--out", folder]
        subprocess.run(build, cwd=ROOT, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        (built,) = pathlib.Path(folder).glob("*.whl")
        subprocess.run([sys.executable, "-m", "venv", f"{folder}/venv"], check=True)
        python = f"{folder}/venv/bin/python"
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--no-index", str(built)], check=True)
        installed = f"{folder}/venv/bin/nta"
        version = subprocess.run([installed, "--version"], check=True, capture_output=True, text=True).stdout.strip()
        for published in options.folder.values():
            subprocess.run([installed, "verify", str(published), "--quiet"], check=True, stdout=subprocess.DEVNULL)
        say("wheel", f"{built.name}, {built.stat().st_size >> 20} MB: {version}, verifies what was published")


STEPS = [train, publish, tracked, golden, rows, pyfunc, serve, spark, wheel]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nta", default=str(ROOT / "target/debug/nta"))
    parser.add_argument("--data", type=pathlib.Path, default=pathlib.Path(os.environ.get("NTA_DATA", ROOT / "data")))
    parser.add_argument("--home", help="keeps models and artifacts; a temporary folder when not given")
    parser.add_argument("--only", default=",".join(step.__name__ for step in STEPS))
    parser.add_argument("--set", action="append", default=[], help="override a key of both configs")
    parser.add_argument("--onnxruntime", help="its shared library: nta proves there too")
    parser.add_argument("--profile", default="dev", help="cargo profile of the wheel")
    options = parser.parse_args()
    options.set = [word for key in options.set for word in ("--set", key)]
    options.proof = ["--onnxruntime", options.onnxruntime] if options.onnxruntime else []
    with tempfile.TemporaryDirectory() as temporary:
        options.home = str(pathlib.Path(options.home or temporary).resolve())
        options.nta = str(pathlib.Path(options.nta).resolve())
        options.folder = {}
        chosen = options.only.split(",")
        options.server = server(temporary) if "train" in chosen or "tracked" in chosen else None
        try:
            for step in [step for step in STEPS if step.__name__ in chosen]:
                options.folder = {name: newest(options.home, name) for name in MODELS if newest(options.home, name)}
                step(options)
        finally:
            if options.server:
                options.server.kill()
    print("all as nta says")


def server(folder):
    """A server that tracks, as scripts/check/mlflow.py has it (whose name is that of the package)."""
    spec = importlib.util.spec_from_file_location("tracking_check", ROOT / "scripts/check/mlflow.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Server(shutil.which("mlflow"), folder).begin()


def newest(home, name):
    versions = (pathlib.Path(home) / "artifacts" / name).glob("*")
    return max(versions, key=lambda v: int(v.name), default=None)


if __name__ == "__main__":
    main()
