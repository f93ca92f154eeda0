#!/usr/bin/env python3
"""Requests and files that nobody should send, thousands of them, drawn from a seed.

    scripts/check/serve/malformed.py --nta target/release/nta [--requests 10000] [--seed 1] [--bomb-gib 4] [--schemathesis]

Addresses and methods come from the server's own OpenAPI document; what goes with them is drawn: ids that climb out of
folders, odd queries and headers, bodies of the wrong kind, too large, broken off, slow; heads that are no HTTP; files that
unpack to --bomb-gib GiB. Holds: no answer above 499, none that names a path of the server, no panic; without a token nothing
but login and health answers; afterwards the home holds what it held before, and the server still works.
--schemathesis asks further, by schemathesis 4 from PyPI in a temporary virtual environment.
"""

import collections
import gzip
import io
import json
import os
import pathlib
import pwd
import random
import re
import socket
import string
import subprocess
import sys
import tempfile
import time
import urllib.parse

from serving import ROOT, Checks, Server, asked_for, simulated, trained, working

SCHEMATHESIS = "schemathesis==4.*"
# It knows lines of JSON only as what is to be told of it.
HOOKS = 'import schemathesis\nschemathesis.serializer.alias("application/x-ndjson", "text/plain")\n'
TOKEN = "a token of the checks' own"
OPEN = {"/health", "/ready", "/api/v1/session"}
TOLD = 5  # examples of each kind of fault
CLIMBS = ["..%2f..%2f..%2fetc%2fpasswd", "%2e%2e%2f%2e%2e%2fmodels", "....//....//etc/passwd", "..\\..\\windows",
          "%00", "a%00.csv", "%c0%ae%c0%ae%2f", "/etc/passwd", "~root", "-", "0" * 32, "f" * 32, "F" * 32, "g" * 32,
          "0" * 31, "%ff%fe", "a" * 5000, "'; DROP TABLE jobs; --", "{{7*7}}", "${HOME}", "<script>", "%0d%0aSet-Cookie:a=b"]
NUMBERS = [0, -1, 1, 2**31, 2**63, 2**64, 10**30, 0.5, -0.0, 1e308, float("inf"), float("nan"), "0x10", "1e3", "", " 1", "１"]
WORDS = ["", "score", "file", "csv", "\u202e", "a" * 100_000, "../../x", "\x00", "null", "true", "💥", "=cmd()", "\r\nx: y"]


class Found:
    """Faults seen, a few of each kind, and how often each status came."""

    def __init__(self, home):
        self.statuses, self.faults = collections.Counter(), collections.defaultdict(list)
        folders = {str(home).encode(), str(home.resolve()).encode(), str(ROOT).encode()}
        homes = {f"{home}/".encode() for home in (pathlib.Path.home(), pwd.getpwuid(0).pw_dir)}
        self.secrets = [*folders, *homes, b"/etc/", b"/rustc/", b".cargo", b"panicked"]

    def take(self, what, status, text):
        """Holds an answer against what no answer may be."""
        self.statuses[status] += 1
        if status >= 500:
            self.note("above 499", f"{what}: {status} {text[:200]!r}")
        # What was sent may come back; what was not sent may not.
        leaked = [secret for secret in self.secrets if secret in text and secret.decode() not in what]
        if leaked:
            self.note("a path", f"{what}: {leaked[0]!r} in {text[:300]!r}")

    def note(self, kind, what):
        self.faults[kind].append(what)


class Fuzzer:
    def __init__(self, server, described, seed):
        self.server, self.draw = server, random.Random(seed)
        self.places = [(method.upper(), path) for path, methods in described["paths"].items() for method in methods
                       if method != "parameters"]
        self.pages = ["/", "/train", "/runs", "/models", "/login", "/jobs/{id}", "/results/{id}", "/runs/{id}/report",
                      "/results/{id}/figures/{name}", "/train/{id}", "/results/{id}/drift", "/runs/{id}/decision",
                      "/assets/{name}", "/nothing"]
        self.known = []

    def value(self, depth=0):
        draw = self.draw
        kind = draw.randrange(7 if depth < 3 else 5)
        if kind == 0:
            return draw.choice(NUMBERS)
        if kind == 1:
            return draw.choice(WORDS)
        if kind == 2:
            return draw.choice([None, True, False])
        if kind == 3:
            return "".join(draw.choices(string.printable, k=draw.randrange(40)))
        if kind == 4:
            return draw.choice(self.known + CLIMBS)
        if kind == 5:
            return [self.value(depth + 1) for _ in range(draw.randrange(4))]
        keys = ["name", "size", "kind", "upload", "model", "explain", "token", "password", "draft", "result", "answers", "config",
                "schema", "columns", "x"]
        return {draw.choice(keys): self.value(depth + 1) for _ in range(draw.randrange(5))}

    def path(self, path):
        path = re.sub(r"{[^}]*}", lambda _: self.draw.choice(self.known + CLIMBS * 2), path)
        if self.draw.random() < 0.4:
            keys = ["page", "size", "sort", "above", "host", "model", "run", "baseline", "q", "x"]
            path += "?" + "&".join(f"{self.draw.choice(keys)}={urllib.parse.quote(str(self.value(3)), errors='replace')}"
                                   for _ in range(self.draw.randrange(1, 5)))
        # A request line is one line: what would split it is sent raw, by `raw`.
        return urllib.parse.quote(path, safe="/%?=&{}'$~;:.\\", errors="replace")

    def body(self):
        draw, kind = self.draw, self.draw.randrange(7)
        if kind == 0:
            return None
        if kind == 1:
            return draw.randbytes(draw.randrange(300))
        if kind == 2:
            return b"[" * draw.choice([10, 200, 5_000, 60_000])
        if kind == 3:
            return b'{"name":"' + b"a" * draw.choice([100, 65_536, 200_000]) + b'"}'
        if kind == 4:
            text = json.dumps({"kind": "score", "upload": draw.choice(self.known + ["x"]), "model": "quickstart/1"}).encode()
            return text[: draw.randrange(len(text))]
        return json.dumps(self.value()).encode(errors="surrogatepass")

    def headers(self):
        draw, headers = self.draw, {}
        odd = {"upload-offset": ["-1", "x", "0", str(2**64), "9" * 400, ""], "content-type": ["text/plain", "a/b; q=\"", "\xff"],
               "cookie": ["nta_session=", "nta_session=../../x", "nta_session=" + "a" * 3000, ";;;="], "accept": ["", "*/*", "x"],
               "authorization": ["Bearer", "Basic AAAA", "Bearer " + "x" * 3000], "host": ["evil.example", "", "127.0.0.1:1"],
               "x-csrf-token": ["", "x"], "origin": ["null", "http://evil.example"], "content-encoding": ["gzip", "x"],
               "range": ["bytes=0-", "bytes=9-1"], "x-request-id": ["\xe9"], "transfer-encoding": ["identity"],
               "expect": ["x"], "connection": ["upgrade"]}
        for name in draw.sample(sorted(odd), draw.randrange(4)):
            headers[name] = draw.choice(odd[name])
        return headers

    def ask(self, found):
        """One drawn request."""
        draw = self.draw
        method, path = draw.choice(self.places + [("GET", page) for page in self.pages])
        if draw.random() < 0.1:
            method = draw.choice(["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "HEAD", "BREW"])
        path, body, headers = self.path(path), self.body(), self.headers()
        what = f"{method} {path[:200]} {headers} {body[:200] if body else b''!r}"
        connection = self.server.connect(30)
        try:
            answer = self.server.ask(method, path, body, headers, connection)
        except (ValueError, OSError) as error:
            # A refusal by the head alone may close the connection before all is sent; a server that is gone is seen below.
            found.statuses[type(error).__name__] += 1
            return
        finally:
            connection.close()
        found.take(what, answer.status, str(answer.headers).encode() + answer.body)
        if method == "POST" and answer.status in (201, 202):
            self.known.append(answer.json()["id"])
            self.known = self.known[-20:]

    def raw(self, found):
        """Bytes that are hardly HTTP."""
        draw, host = self.draw, self.server.netloc.encode()
        heads = [b"GET / HTTP/1.1\r\n\r\n", b"GET / HTTP/9.9\r\nhost: " + host + b"\r\n\r\n", b"\x16\x03\x01\x02\x00\x01" * 20,
                 b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nhost: " + host + b"\r\n\r\n",
                 b"GET / HTTP/1.1\r\nhost: " + host + b"\r\n" + b"x: y\r\n" * 500 + b"\r\n",
                 b"GET / HTTP/1.1\r\nhost: " + host + b"\r\nx: " + b"y" * 500_000 + b"\r\n\r\n",
                 b"GET /../../../etc/passwd HTTP/1.1\r\nhost: " + host + b"\r\n\r\n",
                 b"GET http://evil.example/ HTTP/1.1\r\nhost: " + host + b"\r\n\r\n",
                 b"POST /api/v1/uploads HTTP/1.1\r\nhost: " + host + b"\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\nZZ\r\n",
                 b"POST /api/v1/uploads HTTP/1.1\r\nhost: " + host + b"\r\ncontent-length: -5\r\n\r\n",
                 b"POST /api/v1/jobs HTTP/1.1\r\nhost: " + host + b"\r\ncontent-length: 99999\r\n\r\n{\"kind\":",
                 b"POST /api/v1/jobs HTTP/1.1\r\nhost: " + host + b"\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffff1\r\nx",
                 draw.randbytes(200)]
        head = draw.choice(heads)
        try:
            with socket.create_connection(("127.0.0.1", self.server.port), timeout=10) as line:
                line.sendall(head)
                line.shutdown(socket.SHUT_WR)
                answer = b""
                while piece := line.recv(1 << 16):
                    answer += piece
        except OSError as error:
            found.statuses[type(error).__name__] += 1
            return
        words = answer.split(b" ", 2)
        status = int(words[1]) if len(words) > 1 and words[1].isdigit() else 0
        found.take(f"{head[:80]!r}", status, answer)


def packed_gz(head, byte, size):
    """`head`, then `size` times `byte`."""
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=9) as file:
        file.write(head)
        for _ in range(size >> 20):
            file.write(byte * (1 << 20))
    return packed.getvalue()


def packed_zst(head, byte, size):
    """The same as a Zstandard frame: a raw block, then runs of 128 KiB in four bytes each (RFC 8878)."""
    def block(kind, length, content, last=0):
        return (length << 3 | kind << 1 | last).to_bytes(3, "little") + content

    runs = [block(1, 1 << 17, byte)] * max(1, size >> 17)
    # Magic number; no content size, a window of 128 KiB.
    return b"\x28\xb5\x2f\xfd\x00\x38" + block(0, len(head), head) + b"".join(runs) + block(0, 0, b"", 1)


def files(server, found, checks, gib, good):
    """Files that are none: each ends as a failed job with words, soon, in little memory."""
    size = int(gib * (1 << 30))
    head = good.split(b"\n")[0] + b"\n"
    cases = {f"{what}.csv.{ending}": pack(*content, size) for ending, pack in (("gz", packed_gz), ("zst", packed_zst))
             for what, content in {"zeros": (b"", b"\0"), "one-line": (head, b"1"), "one-quote": (head + b'"', b"\n"),
                                   "empty-lines": (head, b"\n"), "commas": (head, b",")}.items()}
    cases |= {"empty.gz": gzip.compress(b""),
              "half.csv.gz": gzip.compress(good)[: len(good) // 40], "nested.gz": gzip.compress(gzip.compress(good)),
              "none.gz": b"\x1f\x8b", "head.csv": head, "line.csv": head + b"1," * 5_000_000, "noise.parquet": b"PAR1" + os.urandom(5_000),
              "noise.csv": os.urandom(200_000), "quote.csv": head + b'"' + b"a\n" * 500_000, "nul.csv": head + bytes(10_000),
              "../../../etc/cron.d/x": head, "utf16.csv": good.decode().encode("utf-16")}
    before = server.peak_bytes()
    for name, data in cases.items():
        begun = time.time()
        upload = server.begin_upload(name, len(data))
        for offset in range(0, len(data), 8 << 20):
            answer = server.send(upload, offset, data[offset: offset + (8 << 20)])
            found.take(f"PATCH {name}", answer.status, answer.body)
        answer = server.ask("POST", "/api/v1/jobs", {"kind": "score", "upload": upload})
        done = server.ended(answer.json()["id"], 600)
        found.take(f"job of {name}", 200, json.dumps(done).encode())
        words = done.get("error", "")
        is_refused = done["state"] == "failed" and words and "internal error" not in words
        if name in ("head.csv", "../../../etc/cron.d/x", "utf16.csv", "nested.gz"):
            is_refused = is_refused or done["state"] == "done"  # no flow, or a file that may be read after all
        if not is_refused:
            found.note("a file neither read nor refused in words", f"{name}: {done}")
        print(f"       {name:<24} {done['state']:<7} {time.time() - begun:5.1f} s  {words[:90]}", flush=True)
        server.ask("DELETE", f"/api/v1/uploads/{upload}")
        server.ask("DELETE", f"/api/v1/results/{done['id']}")
    grown = server.peak_bytes() - before
    checks.hold("what unpacks to much is not unpacked into memory", grown < 300e6, f"{grown / 1e6:.0f} MB more")


def interrupted(server):
    """Uploads that break off and stay unfinished, some sent byte by byte."""
    uploads = [server.begin_upload(f"broken {i}.csv", 10_000) for i in range(10)]
    for i, upload in enumerate(uploads):
        head = f"PATCH /api/v1/uploads/{upload} HTTP/1.1\r\nhost: {server.netloc}\r\nupload-offset: 0\r\ncontent-length: 10000\r\n\r\n"
        with socket.create_connection(("127.0.0.1", server.port)) as line:
            line.sendall(head.encode() + b"x" * (i * 7))
            for _ in range(20 if i < 3 else 0):
                line.sendall(b"y")
                time.sleep(0.02)


def slow(server, checks):
    """Hundreds of heads that never end, while a page is asked for."""
    lines = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(300)]
    for line in lines:
        line.sendall(b"POST /api/v1/uploads HTTP/1.1\r\nhost: ")
    begun = time.time()
    status = server.ask("GET", "/").status
    seconds = time.time() - begun
    checks.hold("a page comes while 300 heads do not end", status == 200 and seconds < 1, f"{seconds:.2f} s")
    for line in lines:
        line.close()


def tree(home):
    """Every file of the home."""
    return {str(path.relative_to(home)) for path in home.rglob("*") if path.is_file()}


def tidied(server, home):
    """Cancels and removes what the drawn requests made; the files that are left."""
    for job in server.ask("GET", "/api/v1/jobs").json()["jobs"]:
        server.ask("DELETE", f"/api/v1/jobs/{job['id']}")
        server.ended(job["id"], 300)
        server.ask("DELETE", f"/api/v1/results/{job['id']}")
        server.ask("DELETE", f"/api/v1/trainings/{job['id']}")
    for folder in (home / "web/uploads").iterdir():
        server.ask("DELETE", f"/api/v1/uploads/{folder.name}")
    return {path for path in tree(home) if not path.startswith("web/jobs/")}


def locked(binary, home, described, checks):
    """With a token, nothing but login and health answers without it."""
    server = Server(binary, home, token=TOKEN)
    bad = []
    for path, methods in described["paths"].items():
        for method in set(methods) - {"parameters"}:
            place = path.replace("{id}", "0" * 32)
            no_session = {"authorization": "", "cookie": "nta_session=" + "0" * 32}
            for headers in ({"authorization": ""}, {"authorization": "Bearer " + "x" * 26}, no_session):
                status = server.ask(method.upper(), place, b"{}", headers).status
                if path not in OPEN and status != 401:
                    bad.append((method, path, status))
    for page in ("/", "/train", "/runs", "/models", "/jobs/" + "0" * 32, "/results/" + "0" * 32, "/metrics"):
        status = server.ask("GET", page, headers={"authorization": ""}).status
        if status not in (303, 401, 404):
            bad.append(("GET", page, status))
    checks.hold("without the token nothing but login and health answers", not bad, bad[:TOLD] if bad else "")
    server.end()


def schemathesis(server, checks):
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        pip = [f"{folder}/bin/pip", "install", "--quiet", "--disable-pip-version-check", SCHEMATHESIS]
        subprocess.run(pip, check=True)
        hooks = pathlib.Path(folder) / "hooks.py"
        hooks.write_text(HOOKS)
        done = subprocess.run([f"{folder}/bin/st", "run", f"http://{server.netloc}/api/v1/openapi.json", "--checks",
                               "not_a_server_error", "--max-examples", "200", "--seed", "1"],
                              cwd=folder, capture_output=True, text=True,
                              env=os.environ | {"SCHEMATHESIS_HOOKS": str(hooks), "PYTHONPATH": folder})
        print(done.stdout[-2_000:])
        checks.hold("schemathesis finds no server error", done.returncode == 0, done.stderr[-300:])


def main():
    parser = asked_for(__doc__)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--bomb-gib", type=float, default=4)
    parser.add_argument("--schemathesis", action="store_true")
    options = parser.parse_args()
    with working("malformed") as work:
        run(options.nta, options, work)


def run(binary, options, work):
    checks, home = Checks(), work / "home"
    trained(binary, home)
    good = simulated(binary, work / "good.csv", 1_000).read_bytes()
    server = Server(binary, home, "--max-upload", "1")
    described, found = server.ask("GET", "/api/v1/openapi.json").json(), Found(home)
    before = tree(home)
    files(server, found, checks, options.bomb_gib, good)
    interrupted(server)
    slow(server, checks)
    fuzzer = Fuzzer(server, described, options.seed)
    for i in range(options.requests):
        (fuzzer.raw if i % 20 == 0 else fuzzer.ask)(found)
    if options.schemathesis:
        schemathesis(server, checks)
    counted = ", ".join(f"{n:,} x {status}" for status, n in found.statuses.most_common())
    print(f"       {options.requests:,} requests: {counted}")
    for kind in ("above 499", "a path", "a file neither read nor refused in words"):
        faults = found.faults.get(kind, [])
        checks.hold(f"no answer is {kind}" if kind == "above 499" else f"never {kind}", not faults, len(faults) or "")
        for fault in faults[:TOLD]:
            print(f"         {fault}")
    checks.hold("the server is there and ready", server.ask("GET", "/ready").status == 200)
    left = sorted(tidied(server, home) - before)
    checks.hold("nothing is left on disk", not left, left[:TOLD] if left else "")
    checks.hold("no panic", "panicked" not in server.errors())
    server.end()
    locked(binary, home, described, checks)
    checks.end()


if __name__ == "__main__":
    main()
