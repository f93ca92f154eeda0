#!/usr/bin/env python3
"""Kills commands, lets system calls fail and changes inputs under way; checks that nothing is lost, torn or left behind.

    scripts/check/faults.py NTA [--seed 1] [--kills 500] [--faults 500] [--changes 100] [--first 0]

NTA is a built binary. Every command that writes is tried, and some that only read. After each trial the call is made
again, undisturbed: then the outcome must be what it would have been, and nothing else may stand in the home. Trial
numbers begin at --first, so that a campaign can be cut into slices; a trial is the same whenever it is run. Ends with 1
where a promise was broken, and keeps that trial's home. Needs Linux, Python 3.9 and strace; --faults also a C compiler.
"""

import argparse
import collections
import filecmp
import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
IN_ORDER = ROOT / "crates/model/tests/data/model-revision-1"
CONFIG = """name: small
seed: 7
choice: off
data: { schema: nta, train: { simulate: { flows: 1500, hosts: 20 } } }
split: { strategy: blocked, test: 0.35, validation: 0.1, calibration: 0.075, threshold: 0.075 }
forest: { trees: 4 }
lstm: { hidden: 4, epochs: 2, batch: 32, sequence: { by: src, length: 8 } }
hybrid: { budget: { false_positive_rate: 0.2 } }
"""
# What a fault may hit, and the errors that the system gives there.
CALLS = {
    "write": ["ENOSPC", "EIO", "EINTR", "EDQUOT"], "openat": ["EIO", "EINTR", "EMFILE"], "fsync": ["EIO", "ENOSPC"],
    "rename": ["ENOSPC", "EIO"], "mkdir": ["ENOSPC", "EIO"], "read": ["EIO", "EINTR"], "pread64": ["EIO", "EINTR"],
    "unlink": ["EIO"], "ftruncate": ["EIO", "ENOSPC"], "flock": ["EINTR", "ENOLCK"], "getdents64": ["EIO"],
}  # fmt: skip
FULL = {"ENOSPC": "disk is full", "EDQUOT": "quota is used up"}
# What writes less than it was asked to and reads less than there is, as the system may.
SHORT = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>
static size_t some(size_t n) { static unsigned s; if (!s) s = atoi(getenv("SHORT_SEED")); s = s * 1103515245u + 12345u;
  return n > 1 ? 1 + (s >> 8) % (n - 1) : n; }
ssize_t write(int fd, const void *b, size_t n) { static ssize_t (*real)(int, const void *, size_t);
  if (!real) real = dlsym(RTLD_NEXT, "write"); return real(fd, b, fd > 2 ? some(n) : n); }
ssize_t read(int fd, void *b, size_t n) { static ssize_t (*real)(int, void *, size_t);
  if (!real) real = dlsym(RTLD_NEXT, "read"); return real(fd, b, some(n)); }
ssize_t pread64(int fd, void *b, size_t n, off64_t o) { static ssize_t (*real)(int, void *, size_t, off64_t);
  if (!real) real = dlsym(RTLD_NEXT, "pread64"); return real(fd, b, some(n), o); }
"""


class Broken(Exception):
    """A promise that was not kept."""


def need(holds, what):
    if not holds:
        raise Broken(what)


class Bench:
    """The binary, a home to begin from, and what each command makes of it undisturbed."""

    def __init__(self, nta, work):
        self.nta, self.work, self.base = nta, work, work / "base"
        self.base.mkdir()
        (self.base / "small.yaml").write_text(CONFIG)
        self.call(self.base, ["run", "small.yaml"])
        self.call(self.base, ["models", "alias", "small/1", "champion"])
        self.call(self.base, ["run", "small.yaml", "--set", "seed=8"])
        self.call(self.base, ["simulate", "--set", "flows=3000", "-o", "flows.csv"])
        bad = (self.base / "flows.csv").read_text().replace("\n", "\nbad,row\n", 3)
        (self.base / "bad.csv").write_text(bad)
        rows = "".join(f"{1_700_000_000 + i},h{i % 17},{i % 11}.5,1,tcp\n" for i in range(5_000))
        (self.base / "toy.csv").write_text("time,src,bytes,packets,proto\n" + rows)
        self.commands = {
            "run": ["run", "small.yaml", "--set", "seed=9"],
            "resume": ["run", "small.yaml", "--set", "seed=9", "--resume"],
            "score csv": ["score", "small/1", "flows.csv", "-o", "out/o.csv"],
            "score csv.gz": ["score", "small@champion", "flows.csv", "-o", "out/o.csv.gz"],
            "score parquet": ["score", "small", "flows.csv", "-o", "out/o.parquet"],
            "score in order": ["score", str(IN_ORDER), "toy.csv", "-o", "out/o.csv", "--batch", "500"],
            "score set aside": ["score", "small/1", "bad.csv", "-o", "out/o.csv", "--bad-rows", "set-aside"],
            "simulate": ["simulate", "--set", "flows=3000", "-o", "out/o.csv"],
            "alias": ["models", "alias", "small/2", "champion"],
            "unalias": ["models", "unalias", "small@champion"],
            "compare": ["compare", "small/", "latest"],
            "schema infer": ["schema", "infer", "flows.csv"],
            "verify": ["verify", "small/1"],
            "runs": ["runs", "--json"],
            "simulate to stdout": ["simulate", "--set", "flows=3000"],
        }
        first = min((self.base / "experiments/small").iterdir()).name
        self.commands["compare"][1] = first
        self.after, self.seconds, self.calls = {}, {}, {}
        for name, command in self.commands.items():
            home = self.home(f"reference {name}")
            begun = time.monotonic()
            self.call(home, command)
            self.seconds[name] = time.monotonic() - begun
            self.after[name] = state(home)
            self.calls[name] = self.count_calls(name)

    def home(self, name):
        home = self.work / name.replace(" ", "-")
        shutil.copytree(self.base, home)
        return home

    def line(self, command):
        return [self.nta, *command, "--home", "."]

    def call(self, home, command):
        done = subprocess.run(self.line(command), cwd=home, capture_output=True, text=True, timeout=120)
        need(done.returncode == 0, f"undisturbed, {command} ends with {done.returncode}: {done.stderr[-600:]}")
        return done

    def count_calls(self, name):
        """Of each system call, how many the main thread makes before and in the command."""
        def trace(command):
            home, log = self.home(f"counted {name}"), self.work / "trace"
            line = ["strace", "-f", "--seccomp-bpf", "-qq", "-o", log, "-e", "trace=" + ",".join(CALLS), *command]
            subprocess.run(line, cwd=home, capture_output=True, timeout=120)
            shutil.rmtree(home)
            lines = [re.match(r"(\d+) +(\w+)\(", text) for text in log.read_text(errors="replace").splitlines()]
            main = next(found[1] for found in lines if found)
            return collections.Counter(found[2] for found in lines if found and found[1] == main)
        before, all_of_it = trace([self.nta, "--version"]), trace(self.line(self.commands[name]))
        return {call: (before[call], n) for call, n in all_of_it.items() if n > before[call]}


def files(home):
    return {str(path.relative_to(home)): path for path in sorted(home.rglob("*")) if path.is_file() or path.is_symlink()}


def leftovers(home):
    return [str(path.relative_to(home)) for path in home.rglob(".nta-tmp-*")]


def content(home, path):
    """A file's bytes; rejects.jsonl names the input by its whole path."""
    return path.read_bytes().replace(bytes(home), b"")


def state(home):
    """What commands promise of a home: outputs by their bytes, models by digest, runs by status and evaluation."""
    outputs = {name: content(home, path) for name, path in files(home).items() if name.startswith("out/")}
    manifests = home.glob("models/*/*/manifest.json")
    models = sorted(json.loads(path.read_text())["digest"] for path in manifests)
    aliases = (home / "models/small/aliases.yaml").read_text()
    runs = []
    for folder in sorted(home.glob("experiments/*/*/")):
        record, found = json.loads((folder / "run.json").read_text()), folder / "evaluation.json"
        left = (folder / "checkpoints").exists()
        runs.append((record["seed"], record["status"], left, found.read_bytes() if found.exists() else b""))
    return {"outputs": outputs, "models": models, "aliases": aliases, "runs": sorted(runs)}


def check_whole(bench, home, name):
    """After a disturbed call: every file that is seen is whole, one of before or one of after."""
    for file, path in files(home).items():
        if ".nta-tmp-" in file:
            continue
        if file.startswith("out/"):
            old = b"what stood there" if file.count(".") == file.replace(".rejects.jsonl", "").count(".") else None
            need(content(home, path) in (old, bench.after[name]["outputs"].get(file)), f"{file} is torn")
        elif path.name in ("run.json", "evaluation.json", "manifest.json"):
            json.loads(path.read_text())
    for file, path in files(bench.base).items():
        if file != "models/small/aliases.yaml":
            need((home / file).is_file() and filecmp.cmp(path, home / file, False), f"{file} was lost or changed")
    aliases = (home / "models/small/aliases.yaml").read_text()
    need(aliases in (bench.after["runs"]["aliases"], bench.after[name]["aliases"]), f"aliases.yaml is torn: {aliases}")
    listed = json.loads(bench.call(home, ["runs", "--json"]).stdout)
    need(not listed["damaged"], f"a damaged run: {listed['damaged']}")
    models = json.loads(bench.call(home, ["models", "--json"]).stdout)
    need(not any(model["damaged"] for model in models), f"a damaged model: {models}")


def check_again(bench, home, name, rng):
    """The next call does what the first should have done, and nothing of that one is left."""
    for left in leftovers(home):
        # As if it were found later: what has just come into being may belong to a living process.
        for path in [home / left, *(home / left).rglob("*")]:
            os.utime(path, (time.time() - 60,) * 2, follow_symlinks=False)
    expected, now = bench.after[name], state(home)
    if name == "unalias" and now["aliases"] == expected["aliases"]:
        pass  # It was done; a second time it is rightly refused.
    elif name in ("run", "resume") and any(run[0] == 9 and run[1] == "finished" for run in now["runs"]):
        bench.call(home, ["run", "small.yaml", "--set", "seed=7"])  # Any next run sweeps.
        expected = None
    elif name in ("run", "resume"):
        killed = [run for run in now["runs"] if run[0] == 9]
        afresh = rng.random() < 0.3
        bench.call(home, bench.commands["run" if afresh else "resume"])
        if afresh and killed:
            expected = None
    else:
        bench.call(home, bench.commands[name])
    now = state(home)
    if expected:
        for what, value in expected.items():
            need(now[what] == value, f"{what} are not what they would have been: {str(now[what])[:300]}")
    else:
        need(sorted(set(bench.after["run"]["models"])) == sorted(set(now["models"])), f"models: {now['models']}")
        need(all(not left for _, status, left, _ in now["runs"] if status == "finished"), "checkpoints of a finished run")
    need(not leftovers(home), f"left behind: {leftovers(home)}")


def prepare(bench, kind, nth, rng, names):
    name = rng.choice(names)
    home = bench.home(f"{kind}-{nth}")
    if "-o" in bench.commands[name] and rng.random() < 0.5:
        output = home / bench.commands[name][bench.commands[name].index("-o") + 1]
        output.parent.mkdir()
        output.write_bytes(b"what stood there")
    if name == "resume":
        disturbed_kill(bench, home, bench.commands["run"], signal.SIGKILL, rng.uniform(0.1, bench.seconds["run"]))
    return name, home


def disturbed_kill(bench, home, command, how, after):
    child = subprocess.Popen(bench.line(command), cwd=home, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        child.wait(after)
    except subprocess.TimeoutExpired:
        child.send_signal(how)
    said = child.communicate(timeout=60)[1].decode(errors="replace")
    return child.returncode, said


def kill(bench, nth, rng):
    """A signal at a random moment, or SIGKILL at a random system call."""
    name, home = prepare(bench, "kill", nth, rng, KILLED)
    how = rng.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
    if how == signal.SIGKILL and rng.random() < 0.5:
        call = rng.choice([call for call in bench.calls[name] if call != "flock"])
        first, last = bench.calls[name][call]
        inject = ["-e", f"inject={call}:signal=KILL:when={rng.randint(first + 1, last)}"]
        code, said = traced(bench, home, name, inject, call)
        what = f"{name}, SIGKILL at {call}"
    else:
        code, said = disturbed_kill(bench, home, bench.commands[name], how, rng.uniform(0, bench.seconds[name] * 0.8))
        what = f"{name}, {how.name}"
    allowed = {signal.SIGKILL: (-9, 137, 0), signal.SIGTERM: (-15, 143, 0), signal.SIGINT: (-2, 130, 0)}[how]
    need(code in allowed, f"{what} ends with {code}: {said[-400:]}")
    if code in (143, 130):
        need(not leftovers(home), f"{what} leaves {leftovers(home)}")
    check_whole(bench, home, name)
    check_again(bench, home, name, rng)
    return home, f"{name}: {'done before' if code == 0 else how.name}"


def traced(bench, home, name, inject, call):
    line = ["strace", "-f", "--seccomp-bpf", "-qq", "-o", "/dev/null", "-e", f"trace={call}", *inject]
    done = subprocess.run([*line, *bench.line(bench.commands[name])], cwd=home, capture_output=True, timeout=120)
    return done.returncode, done.stderr.decode(errors="replace")


def fault(bench, nth, rng):
    """An error at a random system call, or short reads and writes throughout."""
    name, home = prepare(bench, "fault", nth, rng, list(bench.commands))
    if rng.random() < 0.1:
        env = dict(os.environ, LD_PRELOAD=str(bench.work / "short.so"), SHORT_SEED=str(nth + 1))
        done = subprocess.run(bench.line(bench.commands[name]), cwd=home, capture_output=True, env=env, timeout=120)
        what, error, code, said = f"{name}, short reads and writes", "short", done.returncode, done.stderr.decode()
        need(code == 0, f"{what} ends with {code}: {said[-400:]}")
    else:
        call = rng.choice(list(bench.calls[name]))
        error = rng.choice(CALLS[call])
        first, last = bench.calls[name][call]
        at = rng.randint(first + 1, last)
        what = f"{name}, {error} at {call} {at}"
        code, said = traced(bench, home, name, ["-e", f"inject={call}:error={error}:when={at}"], call)
    need(code in (0, 1, 2), f"{what} ends with {code}: {said[-400:]}")
    need("mistake in" not in said and "panicked" not in said, f"{what}: {said[-400:]}")
    if code:
        need(re.search(r"nta: .*(/|\w\.\w|standard output)", said), f"{what} names no file: {said[-400:]}")
        if error in FULL:
            need(code == 1 and FULL[error] in said, f"{what} ends with {code} and without the remedy: {said[-400:]}")
    check_whole(bench, home, name)
    check_again(bench, home, name, rng)
    return home, f"{error}: {'taken in stride' if code == 0 else 'refused'}"


def change(bench, nth, rng):
    """An input that is replaced, appended to, cut or written over while it is scored."""
    name = rng.choice(["score csv", "score in order"])
    home = bench.home(f"change-{nth}")
    command = bench.commands[name]
    path = home / command[2]
    header, *rows = path.read_text().splitlines(keepends=True)
    old = header + "".join(rows) * 4
    kind = rng.choice(["replace", "append", "cut", "write over"])
    half = "".join(rows[: len(rows) // 2]) * 4
    cut = old[: old.rindex("\n", 0, len(half)) + 1]
    new = {"append": old + half, "write over": header + half + half, "cut": cut}.get(kind, header + half)
    expected = []
    for text in (old, new):
        path.write_text(text)
        expected.append(bench.call(home, command) and (home / "out/o.csv").read_bytes())
    path.write_text(old)
    shutil.rmtree(home / "out")
    begun = time.monotonic()
    bench.call(home, command)
    seconds = time.monotonic() - begun
    shutil.rmtree(home / "out")
    child = subprocess.Popen(bench.line(command), cwd=home, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    time.sleep(rng.uniform(0, seconds))
    if kind == "replace":
        (home / "other.csv").write_text(new)
        (home / "other.csv").rename(path)
    elif kind == "cut":
        os.truncate(path, len(new))
    else:
        with open(path, "a" if kind == "append" else "w") as file:
            file.write(half if kind == "append" else new)
    said = child.communicate(timeout=60)[1].decode()
    left = {str(file) for file in (home / "out").rglob("*")} if (home / "out").exists() else set()
    if child.returncode == 0:
        need((home / "out/o.csv").read_bytes() in expected, f"{name}, {kind}: rows with the scores of no file")
        return home, f"{kind}: before or after"
    need(child.returncode == 2 and path.name in said, f"{name}, {kind} ends with {child.returncode}: {said[-400:]}")
    need(not left, f"{name}, {kind} leaves {left}")
    return home, f"{kind}: refused"


KILLED = ["run"] * 5 + ["resume"] * 2 + ["score csv", "score csv.gz", "score parquet", "score in order", "score set aside",
          "simulate", "alias", "unalias", "compare", "schema infer"]  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("nta", type=os.path.abspath)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0)
    for kind, number in (("kills", 500), ("faults", 500), ("changes", 100)):
        parser.add_argument(f"--{kind}", type=int, default=number)
    given = parser.parse_args()
    work = pathlib.Path(tempfile.mkdtemp(prefix="nta-faults-"))
    bench, n_broken = Bench(given.nta, work), 0
    if given.faults:
        (work / "short.c").write_text(SHORT)
        subprocess.run(["cc", "-shared", "-fPIC", "-o", work / "short.so", work / "short.c", "-ldl"], check=True)
    for trial, number in ((kill, given.kills), (fault, given.faults), (change, given.changes)):
        outcomes = collections.Counter()
        for nth in range(given.first, given.first + number):
            try:
                home, outcome = trial(bench, nth, random.Random(f"{given.seed} {trial.__name__} {nth}"))
                outcomes[outcome] += 1
                shutil.rmtree(home)
            except (Broken, subprocess.TimeoutExpired, OSError, ValueError) as broken:
                n_broken += 1
                print(f"BROKEN {trial.__name__} {nth}: {broken}", flush=True)
        told = ", ".join(f"{outcome} {n}" for outcome, n in sorted(outcomes.items()))
        print(f"{trial.__name__}: {number} trials from {given.first}, seed {given.seed}: {told}", flush=True)
    if n_broken:
        sys.exit(f"{n_broken} promises broken; homes in {work}")
    shutil.rmtree(work)


if __name__ == "__main__":
    main()
