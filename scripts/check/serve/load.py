#!/usr/bin/env python3
"""Posted flows under load, against the same published model behind `mlflow models serve`.

    pip install mlflow==3.17.2 onnxruntime==1.32.0 'pandas<3'
    scripts/check/serve/load.py --nta target/release/nta --mlflow "$(command -v mlflow)" [--seconds 60] [--connections 50]

One model, one machine, one after the other: batches of 1,000 flows on 50 connections for a minute, as CSV and as JSON; MLflow,
which takes JSON alone for columns of any type, with a worker for each core. Holds: no error; the same scores by all; nta scores
at least 20 times as many flows a second in either format; a flow posted alone is answered within 10 ms (99 of 100). Needs a
quiet machine.
"""

import csv
import datetime
import http.client
import io
import json
import os
import pathlib
import signal
import socket
import subprocess
import threading
import time

from serving import Checks, Server, asked_for, nta, quantile, simulated, trained, unlimited, working

RATIO = 20
TOLERANCE = 1e-5
SINGLE = 0.010
BATCHES = 16
JSON = "application/json"


class Client(threading.Thread):
    """One connection that posts a batch as soon as the last is answered, until the time is over."""

    def __init__(self, port, path, kind, bodies, until):
        super().__init__()
        self.port, self.path, self.kind, self.bodies, self.until = port, path, kind, bodies, until
        self.seconds, self.errors = [], []

    def run(self):
        connection, nth = http.client.HTTPConnection("127.0.0.1", self.port, timeout=900), 0
        while time.perf_counter() < self.until:
            begun = time.perf_counter()
            try:
                connection.request("POST", self.path, self.bodies[nth % len(self.bodies)], {"content-type": self.kind})
                answer = connection.getresponse()
                text = answer.read()
            except (OSError, http.client.HTTPException) as error:
                self.errors.append(repr(error))
                connection.close()
                continue
            self.seconds.append(time.perf_counter() - begun)
            if answer.status != 200:
                self.errors.append(f"{answer.status} {text[:200]!r}")
            nth += 1


def loaded(name, port, path, kind, bodies, options, checks):
    """Flows a second; every request that began within the time counts, and the time until the last was answered."""
    begun, cpu = time.perf_counter(), time.process_time()
    until = begun + options.seconds
    clients = [Client(port, path, kind, bodies[i:] + bodies[:i], until)
               for i in (k % len(bodies) for k in range(options.connections))]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    wall, cpu = time.perf_counter() - begun, time.process_time() - cpu
    times = [seconds for client in clients for seconds in client.seconds]
    errors = [error for client in clients for error in client.errors]
    rate = len(times) * options.flows / wall
    p50, p99 = (1e3 * quantile(times, share) if times else float("nan") for share in (0.5, 0.99))
    checks.hold(f"{name}: no error", times and not errors, errors[:3] if errors else f"{len(times):,} batches")
    client = f"{wall:.0f} s; the client took {cpu / wall:.0%} of a core"
    print(f"       {name}: {rate:,.0f} flows/s, p50 {p50:.0f} ms, p99 {p99:.0f} ms ({client})", flush=True)
    return rate


def batches(binary, work, n_flows):
    """Batches of simulated flows in order of their end, without their labels."""
    path = simulated(binary, work / "flows.csv", max(2_000, BATCHES * n_flows * 11 // 10), seed=12)
    with open(path) as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        begin = datetime.datetime.fromisoformat(row["time"].replace("Z", "+00:00"))
        row["end"] = round(begin.timestamp() * 1e6 + float(row["duration"] or 0) * 1e6)
        del row["label"], row["family"]
    rows.sort(key=lambda row: row["end"])
    return [rows[at: at + n_flows] for at in range(0, BATCHES * n_flows, n_flows)]


def as_csv(rows, names):
    text = io.StringIO()
    writer = csv.DictWriter(text, names, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


class Bodies:
    """The batches as either server takes them."""

    def __init__(self, batches, folder):
        contract = json.loads((folder / "preprocessing.json").read_text())
        texts = {text["column"] for text in contract["texts"]}
        numbers = {number["column"] for number in contract["numbers"]} - texts
        inputs = json.loads((folder / "input_example.json").read_text())["columns"]
        known = [name for name in batches[0][0] if name != "end"]
        for row in (row for batch in batches for row in batch):
            row |= {"entity": row["src"], "end_time": row["end"]}
        typed = [[{name: self._typed(name, row[name], numbers) for name in row} for row in batch] for batch in batches]
        self.nta = {"text/csv": [as_csv(batch, known) for batch in batches],
                    JSON: [json.dumps([{name: row[name] for name in known} for row in batch]).encode() for batch in typed]}
        split = [{"dataframe_split": {"columns": inputs, "data": [[row[name] for name in inputs] for row in batch]}} for batch in typed]
        self.mlflow = [json.dumps(batch).encode() for batch in split]

    @staticmethod
    def _typed(name, text, numbers):
        """A number as JSON writes it; a port that the model also takes as a category stays the text that it is."""
        return json.loads(text) if name in numbers and text != "" else text


class MlflowServer:
    def __init__(self, mlflow, folder, log):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        command = [mlflow, "models", "serve", "-m", str(folder), "-p", str(self.port), "--env-manager", "local",
                   "--workers", str(os.cpu_count()), "--timeout", "900"]
        path = f"{pathlib.Path(mlflow).parent}:{os.environ['PATH']}"
        self.process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True,
                                        env=os.environ | {"PATH": path}, preexec_fn=unlimited)
        for _ in range(240):
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
                connection.request("GET", "/ping")
                if connection.getresponse().status == 200:
                    return
            except OSError:
                pass
            time.sleep(0.5)
        raise SystemExit("mlflow models serve did not come up")

    def end(self):
        os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait()


def posted(port, path, kind, body):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=900)
    connection.request("POST", path, body, {"content-type": kind})
    answer = connection.getresponse()
    text = answer.read()
    if answer.status != 200:
        raise SystemExit(f"POST {path} ({kind}): {answer.status} {text[:500]!r}")
    return json.loads(text)


def singles(server, options, bodies, checks):
    """How long one flow alone takes, and ten."""
    lines = bodies.nta["text/csv"][0].split(b"\n")
    connection = server.connect()
    for n in (1, 10, 100):
        body, times = b"\n".join(lines[: n + 1]) + b"\n", []
        for _ in range(300):
            begun = time.perf_counter()
            answer = server.ask("POST", options.path, body, {"content-type": "text/csv"}, connection)
            times.append(time.perf_counter() - begun)
            assert answer.status == 200, answer.body
        p50, p99 = (1e3 * quantile(times, share) for share in (0.5, 0.99))
        found = f"p50 {p50:.1f} ms, p99 {p99:.1f} ms"
        if n == 1:
            checks.hold("a flow alone within 10 ms", p99 < 1e3 * SINGLE, found)
        else:
            print(f"       {n} flows: {found}")


def main():
    parser = asked_for(__doc__)
    parser.add_argument("--mlflow", required=True)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--connections", type=int, default=50)
    parser.add_argument("--flows", type=int, default=1_000)
    parser.add_argument("--path", default="/api/v1/score")
    options = parser.parse_args()
    with working("load") as work:
        run(options.nta, options, work)


def run(binary, options, work):
    checks, home = Checks(), work / "home"
    trained(binary, home)
    folder = pathlib.Path(json.loads(nta(binary, "publish", "quickstart/1", "--json", home=home))["folder"])
    bodies = Bodies(batches(binary, work, options.flows), folder)
    server = Server(binary, home)
    ours, again = (posted(server.port, options.path, kind, bodies.nta[kind][0])["scores"] for kind in bodies.nta)
    checks.hold("the same scores of CSV as of JSON", ours == again)
    singles(server, options, bodies, checks)
    rates = {kind: loaded(f"nta, {kind}", server.port, options.path, kind, bodies.nta[kind], options, checks) for kind in bodies.nta}
    print(f"       nta's memory: {server.peak_bytes() / 1e6:.0f} MB at most")
    server.end()
    with open(work / "mlflow.log", "wb") as log:
        other = MlflowServer(options.mlflow, folder, log)
        try:
            rows = posted(other.port, "/invocations", JSON, bodies.mlflow[0])["predictions"]
            furthest = max(abs(row["hybrid"] - score) for row, score in zip(rows, ours, strict=True))
            checks.hold("the same scores by both", furthest <= TOLERANCE, f"{furthest:.1e} apart")
            theirs = loaded("mlflow", other.port, "/invocations", JSON, bodies.mlflow, options, checks)
            for kind, rate in rates.items():
                ratio = rate / theirs if theirs else float("nan")
                checks.hold(f"at least {RATIO} times as many flows, {kind}", ratio >= RATIO, f"{ratio:.1f} times")
        finally:
            other.end()
    checks.end()


if __name__ == "__main__":
    main()
