#!/usr/bin/env python3
"""Tracking against a real MLflow server: every point of a run is there once, whoever is killed when.

    pip install mlflow==3.17.2
    scripts/check/mlflow.py --nta target/release/nta --mlflow "$(command -v mlflow)" live kills faults overhead

live      quickstart (and nsl-kdd, ctu13 where NTA_DATA has them) tracked; the server is killed mid-run and brought back
kills     50 runs, each with a kill of nta or of the server at a random moment, then --resume and `nta sync`
faults    runs during which the server hangs (is stopped), or can store nothing more (no file of its may grow, as on a full disk)
overhead  the same run with and without tracking in turn: what tracking adds to the time of its stages, and what its threads use

What the server must hold is worked out here, from the files in the run's folder, without nta. Exits with 1 where they differ.
"""

import argparse
import collections
import hashlib
import json
import math
import os
import pathlib
import random
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Server:
    """An MLflow server on sqlite that can be killed and brought back with what it stored."""

    def __init__(self, mlflow, folder):
        self.mlflow, self.folder, self.process = mlflow, pathlib.Path(folder), None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.uri = f"http://127.0.0.1:{self.port}"

    def begin(self, largest_file=resource.RLIM_INFINITY):
        """`largest_file`: bytes that no file may grow beyond, which stands for a full disk."""
        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, resource.RLIM_INFINITY))

        command = [self.mlflow, "server", "--backend-store-uri", f"sqlite:///{self.folder}/mlflow.db",
                   "--artifacts-destination", str(self.folder / "artifacts"), "--host", "127.0.0.1",
                   "--port", str(self.port), "--workers", "1"]
        path = f"{pathlib.Path(self.mlflow).parent}:{os.environ['PATH']}"
        environment = {**os.environ, "PATH": path, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
        log = open(self.folder / "log", "ab")
        self.process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True,
                                        preexec_fn=limit)
        for _ in range(600):
            try:
                urllib.request.urlopen(self.uri + "/health", timeout=2).read()
                return self
            except OSError:
                time.sleep(0.2)
        sys.exit(f"the server did not come up, see {self.folder}/log")

    def kill(self):
        """Ends it with all its workers, as a power cut would."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def ask(self, path, body=None, **query):
        url = f"{self.uri}/api/2.0/mlflow/{path}" + ("?" + urllib.parse.urlencode(query) if query else "")
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data=data, headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read() or b"{}")

    def artifact(self, uri, path):
        place = urllib.parse.quote(f"{uri.removeprefix('mlflow-artifacts:/')}/{path}")
        with urllib.request.urlopen(f"{self.uri}/api/2.0/mlflow-artifacts/artifacts/{place}", timeout=60) as answer:
            return answer.read()


def nta(arguments, binary, home, uri=None, **more):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MLFLOW_")}
    if uri:
        environment.update(MLFLOW_TRACKING_URI=uri, MLFLOW_HTTP_REQUEST_TIMEOUT="20", MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR="1")
    return subprocess.Popen([binary, *arguments, "--home", str(home)], cwd=ROOT, env=environment,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)


def done(process, codes=(0,)):
    out, err = process.communicate()
    if process.returncode not in codes:
        sys.exit(f"{process.args} ended with {process.returncode}:\n{out}\n{err}")
    return out


def lines(path):
    text = path.read_text() if path.exists() else ""
    return [json.loads(line) for line in text[:text.rfind("\n") + 1].splitlines()]


def key(name):
    """A metric's name as MLflow takes it."""
    steps = ["_" if step in ("", ".", "..") else "".join(c if c.isascii() and (c.isalnum() or c in "_-. :") else "_" for c in step)
             for step in name.split("/")]
    clean = "/".join(steps)
    if clean == name and len(clean) <= 250:
        return clean
    return clean[:241] + "-" + hashlib.sha256(name.encode()).hexdigest()[:8]


def expected(folder):
    """Every point of a run: (name, step, milliseconds, value), from the files in its folder."""
    points, known = [], set()

    def put(name, step, at, value):
        if (name, step) not in known:
            known.add((name, step))
            points.append((key(name), step, at, value))

    attempt = 0
    for event in lines(folder / "events.jsonl"):
        moment = event["time"].removesuffix("Z")
        whole, fraction = moment.split(".")
        at = int(time.mktime(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) - time.timezone) * 1000 + int(fraction) // 1000
        kind, stage = event["event"], event.get("stage")
        if kind == "begun":
            attempt += event["resumed"]
        elif kind == "epoch" and event["seconds"] > 0:
            put("system/lstm_flows_per_second", event["epoch"], at, event["flows"] / event["seconds"])
        elif kind == "stage_done":
            put(f"stages/{stage}_seconds", attempt, at, event["seconds"])
            if stage in ("read", "evaluate") and event["seconds"] > 0:
                put(f"system/{stage}_flows_per_second", attempt, at, event["rows"] / event["seconds"])
            for name, value in numbers(stage, event):
                put(name, 0, at, value)
    known.clear()
    for metric in lines(folder / "metrics.jsonl"):
        member, what = metric["key"].split("/", 1)
        section = next((s for s in ("train", "validation") if what.startswith(s + "_")), None)
        name = f"{section}/{member}_{what[len(section) + 1:]}" if section else f"train/{member}_{what}"
        put(name, metric["step"], metric["timestamp"], math.nan if metric["value"] is None else metric["value"])
    points += [(s["key"], s["step"], s["timestamp"], s["value"]) for s in lines(folder / "tracking/system.jsonl")]
    return points


def numbers(stage, event):
    names = {
        "read": {"rows": "data/rows", "columns": "data/columns", "files": "data/files"},
        "preprocess": {"tabular": "data/forest_columns", "numeric": "data/lstm_numbers", "categorical": "data/lstm_categories"},
        "forest": {"trees": "train/forest_trees", "out_of_bag_auc": "train/forest_out_of_bag_roc_auc"},
        "leave_out": {"unseen": "train/left_out_detection"},
        "lstm": {"epochs": "train/lstm_epochs", "best_epoch": "train/lstm_best_epoch"},
        "hybrid": {"threshold": "validation/hybrid_threshold"},
    }
    found = [(name, event[field]) for field, name in names.get(stage, {}).items() if event.get(field) is not None]
    if stage == "partition":
        found += [(f"data/{p['part']}_rows", p["rows"]) for p in event["parts"]]
    if stage == "importances":
        found += [(f"importances/{f['feature']}", f["loss"]) for f in event["largest"]]
    if stage == "evaluate":
        found += [("test/" + name.replace(".", "/", 1), value) for name, value in event["metrics"].items()]
    return found


def compare(server, folder):
    """Holds the server against the run's folder; answers how many points there are, ends the check where they differ."""
    record = json.loads((folder / "run.json").read_text())
    experiments = [e["experiment_id"] for e in server.ask("experiments/search", {"max_results": 1000})["experiments"]]
    found = server.ask("runs/search", {"experiment_ids": experiments, "filter": f"tags.`nta.run_id` = '{record['id']}'"})
    runs = found.get("runs", [])
    wrong = [] if len(runs) == 1 else [f"{len(runs)} runs carry its tag"]
    run = runs[0]
    status = {"finished": "FINISHED", "failed": "FAILED", "interrupted": "KILLED", "running": "KILLED"}[record["status"]]
    if run["info"]["status"] != status:
        wrong.append(f"status {run['info']['status']}, not {status}")
    wanted = collections.Counter((n, s, a, repr(float(v))) for n, s, a, v in expected(folder))
    there = collections.Counter()
    for metric in {m["key"] for m in run["data"].get("metrics", [])}:
        token = ""
        while True:
            more = {"page_token": token} if token else {}
            page = server.ask("metrics/get-history", run_id=run["info"]["run_id"], metric_key=metric, max_results=5000, **more)
            there.update((m["key"], int(m["step"]), int(m["timestamp"]), repr(float(m["value"]))) for m in page.get("metrics", []))
            token = page.get("next_page_token", "")
            if not token:
                break
    wrong += [f"missing: {p}" for p in (wanted - there)][:5] + [f"doubled or strange: {p}" for p in (there - wanted)][:5]
    for name in ("config.yaml", "evaluation.json", "report.html"):
        if (folder / name).exists() and server.artifact(run["info"]["artifact_uri"], name) != (folder / name).read_bytes():
            wrong.append(f"{name} differs")
    if record.get("model"):
        wrong += compare_model(server, folder, record)
    if wrong:
        sys.exit(f"{folder}: " + "\n  ".join(wrong))
    return sum(wanted.values())


def compare_model(server, folder, record):
    found = server.ask("model-versions/search", filter=f"name = '{record['name']}' and tags.`nta.run_id` = '{record['id']}'")
    versions = found.get("model_versions", [])
    if len(versions) != 1:
        return [f"{len(versions)} versions carry its tag"]
    model = server.ask("logged-models/" + versions[0]["source"].removeprefix("models:/"))["model"]["info"]
    wrong = [] if model["status"] == "LOGGED_MODEL_READY" else [f"model is {model['status']}"]
    home = folder.parents[2]
    for file in sorted((home / "models" / record["model"]).iterdir()):
        if server.artifact(model["artifact_uri"], file.name) != file.read_bytes():
            wrong.append(f"{file.name} of the model differs")
    return wrong


def runs_in(home):
    return sorted(p.parent for p in pathlib.Path(home).glob("experiments/*/*/run.json"))


def live(options, server, scratch):
    data = os.environ.get("NTA_DATA", "")
    configs = ["quickstart"] + [c for c, f in (("nsl-kdd", "nsl-kdd"), ("ctu13", "ctu13")) if (pathlib.Path(data) / f).exists() and data]
    for config in configs:
        home = scratch / f"live-{config}"
        process = nta(["run", f"configs/{config}.yaml", "--quiet"], options.nta, home, server.uri)
        while process.poll() is None and not any(lines(folder / "metrics.jsonl") for folder in runs_in(home)):
            time.sleep(0.05)
        server.kill()
        out = done(process)
        server.begin()
        told = done(nta(["sync", "--json"], options.nta, home, server.uri))
        again = done(nta(["sync", "--json"], options.nta, home, server.uri))
        assert json.loads(again) == [], again
        page = next((line.split()[-1] for line in out.splitlines() if line.strip().startswith("tracked")), None)
        lacked = sum(line["lacked"]["points"] for line in json.loads(told))
        for folder in runs_in(home):
            print(f"{config}: {compare(server, folder)} points there once, {lacked} of them by `nta sync`; {page}", flush=True)


def kills(options, server, scratch):
    chance = random.Random(options.seed)
    n_points, killed = 0, collections.Counter()
    small = ["--set", "choice=off", "--set", "forest.trees=50", "--set", "lstm.epochs=6", "--quiet"]
    for i in range(options.kills):
        home, moment, who = scratch / f"kill-{i}", chance.uniform(0.05, 2.5), chance.choice(["nta", "server"])
        process = nta(["run", "configs/csv.yaml", *small], options.nta, home, server.uri)
        time.sleep(moment)
        if who == "nta":
            killed[who if process.poll() is None else "nothing"] += 1
            process.kill()
            process.communicate()
            if runs_in(home) and json.loads((runs_in(home)[0] / "run.json").read_text())["status"] != "finished":
                if chance.random() < 0.5:
                    done(nta(["sync", "latest", "--to", server.uri], options.nta, home, server.uri))
                done(nta(["run", "configs/csv.yaml", *small, "--resume"], options.nta, home, server.uri))
        else:
            killed[who] += 1
            server.kill()
            done(process)
            server.begin()
        done(nta(["sync"], options.nta, home, server.uri))
        n_points += sum(compare(server, folder) for folder in runs_in(home))
        print(f"kill {i + 1}: {who} after {moment:.2f} s", flush=True)
    print(f"{options.kills} runs, killed {dict(killed)}: {n_points} points there once, none doubled, none missing")


def faults(options, server, scratch):
    chance = random.Random(options.seed)
    small = ["--set", "choice=off", "--set", "forest.trees=50", "--set", "lstm.epochs=6", "--quiet", "--json"]
    n_points, lacked = 0, collections.Counter()
    for i in range(options.faults):
        home, moment, how = scratch / f"fault-{i}", chance.uniform(0.05, 1.5), ("hangs", "full")[i % 2]
        if how == "full":
            server.kill()
            server.begin(largest_file=(server.folder / "mlflow.db").stat().st_size + chance.randrange(1 << 16))
        process = nta(["run", "configs/csv.yaml", *small], options.nta, home, server.uri)
        if how == "hangs":
            time.sleep(moment)
            os.killpg(server.process.pid, signal.SIGSTOP)
        remaining = json.loads(done(process))["tracking"]["remaining"]["points"]
        lacked[how] += remaining > 0
        if how == "hangs":
            os.killpg(server.process.pid, signal.SIGCONT)
        else:
            server.kill()
            server.begin()
        done(nta(["sync"], options.nta, home, server.uri))
        n_points += sum(compare(server, folder) for folder in runs_in(home))
        print(f"fault {i + 1}: the server {how}; {remaining} points by `nta sync`", flush=True)
    print(f"{options.faults} runs, of which the server lacked points of {dict(lacked)} before `nta sync`: "
          f"{n_points} points there once, none doubled, none missing")


def overhead(options, server, scratch):
    cores = sorted(os.sched_getaffinity(0))
    if options.apart:
        os.sched_setaffinity(0, cores[1:])
        server.kill()
        server.begin()  # and its workers, on the cores that are left to it
    own = (lambda: os.sched_setaffinity(0, cores[:1])) if options.apart else None
    kinds = ("stages", "stages before the report", "processor time", "wall time")
    spent = {kind: {True: [], False: []} for kind in kinds}
    own_share = []
    for i in range(options.pairs):
        for tracked in (True, False) if i % 2 else (False, True):
            home, begun = scratch / f"overhead-{i}-{tracked}", time.monotonic()
            arguments = ["run", f"configs/{options.config}.yaml", "--quiet", "--json"]
            arguments += [word for setting in options.set for word in ("--set", setting)]
            process = nta(arguments, options.nta, home, server.uri if tracked else None, preexec_fn=own)
            threads = trackers(process)
            out = process.stdout.read()
            _, status, usage = os.wait4(process.pid, 0)
            if status != 0:
                sys.exit(f"ended with {status}: {process.stderr.read()}")
            record = json.loads((pathlib.Path(json.loads(out)["folder"]) / "run.json").read_text())
            stages = [stage["seconds"] for stage in record["stages"]]
            seconds = (sum(stages), sum(stages[:-2]), usage.ru_utime + usage.ru_stime, time.monotonic() - begun)
            for kind, value in zip(kinds, seconds):
                spent[kind][tracked].append(value)
            if tracked:
                own_share.append(100 * sum(threads.values()) / sum(stages))
            shutil.rmtree(home)
    print(f"{options.config}, {options.pairs} pairs in turn:")
    for kind, seconds in spent.items():
        added = [100 * (a / b - 1) for a, b in zip(seconds[True], seconds[False])]
        half = 1.96 * statistics.stdev(added) / math.sqrt(len(added)) if len(added) > 1 else math.inf
        print(f"  {kind}: {statistics.median(seconds[False]):.2f} s untracked, {statistics.median(seconds[True]):.2f} s tracked;"
              f" tracking adds {statistics.median(added):+.2f} % (mean {statistics.mean(added):+.2f} ± {half:.2f})")
    print(f"  the threads that track: {statistics.median(own_share):.2f} % of the stages' time in processor time, at most"
          f" {max(own_share):.2f} %")


TRACKERS = ("tracking", "machine", "reqwest-interna")  # as Linux cuts their names


def trackers(process):
    """Seconds that each thread of nta's that only tracks has been on a processor, kept up to date while the run lasts."""
    seconds, tasks = {}, pathlib.Path(f"/proc/{process.pid}/task")

    def watch():
        while process.returncode is None:
            try:
                for task in tasks.iterdir():
                    if (task / "comm").read_text().strip() in TRACKERS:
                        seconds[task.name] = int((task / "schedstat").read_text().split()[0]) / 1e9
            except OSError:
                if not tasks.exists():
                    return
            time.sleep(0.05)

    threading.Thread(target=watch, daemon=True).start()
    return seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nta", default=str(ROOT / "target/release/nta"))
    parser.add_argument("--mlflow", default=shutil.which("mlflow"))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--faults", type=int, default=10)
    parser.add_argument("--pairs", type=int, default=10)
    parser.add_argument("--config", default="quickstart", help="what overhead runs")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="over that config")
    parser.add_argument("--apart", action="store_true",
                        help="overhead: nta on one core, the server and this script on the others, as on two machines")
    parser.add_argument("--keep", help="keep server and homes in this folder")
    parser.add_argument("parts", nargs="+", choices=["live", "kills", "faults", "overhead"])
    options = parser.parse_args()
    if not options.mlflow:
        sys.exit("no mlflow: pip install mlflow==3.17.2, or --mlflow PATH")
    os.environ["TZ"] = "UTC"
    time.tzset()
    scratch = pathlib.Path(options.keep or tempfile.mkdtemp(prefix="nta-mlflow-"))
    (scratch / "server").mkdir(parents=True, exist_ok=True)
    server = Server(options.mlflow, scratch / "server").begin()
    try:
        for part in options.parts:
            {"live": live, "kills": kills, "faults": faults, "overhead": overhead}[part](options, server, scratch)
    finally:
        server.kill()
        if not options.keep:
            shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    main()
