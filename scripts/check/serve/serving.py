"""`nta serve` as the checks of this folder use it: the process and its home, and a client that counts what it asks."""

import argparse
import atexit
import contextlib
import http.client
import json
import math
import os
import pathlib
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[3]
PIECE = 8 << 20  # as the page sends
SMALL = ["choice=off", "forest.trees=40", "lstm.hidden=16", "lstm.epochs=2", "data.train={simulate: {flows: 12000, hosts: 40}}",
         "hybrid.budget={false_positive_rate: 0.02}"]

# A check that goes wrong takes no machine down with it.
resource.setrlimit(resource.RLIMIT_DATA, (4 << 30, resource.getrlimit(resource.RLIMIT_DATA)[1]))


def asked_for(description):
    """The options that every check has; each adds its own."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nta", type=os.path.abspath, required=True)
    return parser


@contextlib.contextmanager
def working(name, home=None):
    """A folder `name` to work in: in `home`, where it stays, else in a temporary one."""
    with tempfile.TemporaryDirectory() as temporary:
        work = pathlib.Path(home or temporary) / name
        work.mkdir(parents=True)
        yield work


def unlimited():
    """What is checked has the whole machine."""
    resource.setrlimit(resource.RLIMIT_DATA, (resource.getrlimit(resource.RLIMIT_DATA)[1],) * 2)


def nta(binary, *arguments, home=None):
    """Runs the command line to its end; what it printed."""
    home = ["--home", str(home)] if home else []
    done = subprocess.run([binary, *map(str, arguments), *home, "--quiet"], cwd=ROOT, capture_output=True, text=True,
                          preexec_fn=unlimited)
    if done.returncode != 0:
        sys.exit(f"nta {' '.join(map(str, arguments))}: exit {done.returncode}\n{done.stderr}")
    return done.stdout


def trained(binary, home):
    """A small model in `home`."""
    sets = [word for value in SMALL for word in ("--set", value)]
    nta(binary, "run", "configs/quickstart.yaml", *sets, home=home)


def simulated(binary, path, flows, seed=9):
    nta(binary, "simulate", "--seed", seed, "--set", f"flows={flows}", "-o", path)
    return path


class Checks:
    """What was found; the script's exit code says whether all of it held."""

    def __init__(self):
        self.failed = 0

    def hold(self, what, holds, found=""):
        self.failed += not holds
        print(f"  {'ok  ' if holds else 'FAIL'} {what}{f': {found}' if found != '' else ''}", flush=True)

    def end(self):
        print("all held" if not self.failed else f"{self.failed} did not hold", flush=True)
        sys.exit(1 if self.failed else 0)


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)


class Server:
    """A server on a port of its own; `home` stays when it is killed."""

    def __init__(self, binary, home, *arguments, token=None):
        self.binary, self.home, self.arguments, self.token = binary, pathlib.Path(home), arguments, token
        self.begin()

    def begin(self):
        environment = {key: value for key, value in os.environ.items() if key not in ("NTA_TOKEN", "NTA_HOME")}
        if self.token:
            environment["NTA_TOKEN"] = self.token
        command = [self.binary, "serve", "--listen", "127.0.0.1:0", "--json", "--home", str(self.home), *self.arguments]
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=self.log,
                                        preexec_fn=unlimited)
        # Also where the check ends early.
        atexit.register(self.process.kill)
        first = self.process.stdout.readline()
        if not first:
            sys.exit(f"the server did not come up: {self.errors()}")
        self.netloc = urllib.parse.urlparse(json.loads(first)["url"]).netloc
        self.port = int(self.netloc.rsplit(":", 1)[1])
        threading.Thread(target=self._drain, args=(self.process.stdout,), daemon=True).start()

    @staticmethod
    def _drain(pipe):
        while pipe.read(1 << 16):
            pass

    def errors(self):
        """What it wrote to standard error."""
        self.log.seek(0)
        return self.log.read().decode(errors="replace")

    def kill(self):
        """Ends it as a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def end(self, seconds=30):
        """Asks it to end; its exit code."""
        self.process.terminate()
        return self.process.wait(timeout=seconds)

    def peak_bytes(self):
        """The largest resident set that it has had (Linux)."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024

    def connect(self, seconds=120):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=seconds)

    def ask(self, method, path, body=None, headers=None, connection=None):
        """One request; a `dict` as body goes as JSON."""
        sent = dict(headers or {})
        if self.token and "authorization" not in sent:
            sent["authorization"] = f"Bearer {self.token}"
        if isinstance(body, dict):
            body, sent = json.dumps(body).encode(), {"content-type": "application/json"} | sent
        own = connection is None
        connection = connection or self.connect()
        try:
            connection.request(method, path, body=body, headers=sent)
            answer = connection.getresponse()
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            if own:
                connection.close()

    def begin_upload(self, name, size):
        answer = self.ask("POST", "/api/v1/uploads", {"name": name, "size": size})
        if answer.status != 201:
            sys.exit(f"upload of {name}: {answer.status} {answer.body[:300]!r}")
        return answer.json()["id"]

    def offset(self, upload):
        return int(self.ask("HEAD", f"/api/v1/uploads/{upload}").headers["upload-offset"])

    def send(self, upload, offset, piece, connection=None):
        headers = {"upload-offset": str(offset), "content-type": "application/octet-stream"}
        return self.ask("PATCH", f"/api/v1/uploads/{upload}", piece, headers, connection)

    def upload(self, path, name=None):
        """Sends a whole file in pieces."""
        path = pathlib.Path(path)
        upload = self.begin_upload(name or path.name, path.stat().st_size)
        connection, offset = self.connect(), 0
        with open(path, "rb") as file:
            while piece := file.read(PIECE):
                answer = self.send(upload, offset, piece, connection)
                if answer.status != 204:
                    sys.exit(f"upload of {path.name}: {answer.status} {answer.body[:300]!r}")
                offset += len(piece)
        connection.close()
        return upload

    def job(self, **asked):
        answer = self.ask("POST", "/api/v1/jobs", asked)
        if answer.status != 202:
            sys.exit(f"job {asked}: {answer.status} {answer.body[:300]!r}")
        return answer.json()["id"]

    def seen(self, job):
        return self.ask("GET", f"/api/v1/jobs/{job}").json()

    def ended(self, job, seconds=3600):
        """Waits until a job has ended."""
        until = time.time() + seconds
        while time.time() < until:
            found = self.seen(job)
            if found["state"] not in ("queued", "running"):
                return found
            time.sleep(0.1)
        sys.exit(f"job {job} did not end within {seconds} s: {found}")

    def running(self, job, seconds=600):
        """Waits until a job is at work, or over."""
        until = time.time() + seconds
        while time.time() < until:
            found = self.seen(job)
            if found["state"] != "queued":
                return found
            time.sleep(0.02)
        sys.exit(f"job {job} did not begin within {seconds} s")


def quantile(values, share):
    """The smallest value that `share` of them do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)]
