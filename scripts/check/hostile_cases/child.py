"""Runs nta under limits and says which rules a run broke."""

import os
import pathlib
import resource
import signal
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass

# What no refusal may say: the words of a panic, of an abort, of a bug of ours.
BROKEN = ("panicked", "memory allocation of", "stack overflow", "internal error", "bug in nta", "SIG")


@dataclass
class Rules:
    """What a run may cost. `address` is RLIMIT_AS in bytes, 0 for none; `peak` is resident memory, in bytes."""

    seconds: float
    peak: int
    address: int = 0
    codes: tuple = (0, 1, 2)


@dataclass
class Done:
    code: int
    out: str
    err: str
    seconds: float
    peak: int


def run(binary, arguments, rules):
    """Runs `nta` once. A run that takes twice its time is killed and ends with -9."""

    def limit():
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if rules.address:
            resource.setrlimit(resource.RLIMIT_AS, (rules.address, rules.address))

    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        began = time.monotonic()
        child = subprocess.Popen(
            [binary, *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=out, stderr=err, preexec_fn=limit
        )
        timer = threading.Timer(2 * rules.seconds, lambda: os.kill(child.pid, signal.SIGKILL))
        timer.start()
        _, status, usage = os.wait4(child.pid, 0)
        timer.cancel()
        seconds = time.monotonic() - began
        child.returncode = os.waitstatus_to_exitcode(status)
        texts = []
        for stream in (out, err):
            stream.seek(0)
            texts.append(stream.read(1 << 20).decode(errors="replace"))
    return Done(child.returncode, *texts, seconds, usage.ru_maxrss * 1024)


def broken(done, rules, names):
    """The rules that the run broke; a refusal must hold one of `names`."""
    faults = []
    if done.code < 0:
        faults.append(f"signal {-done.code}")
    elif done.code not in rules.codes:
        faults.append(f"exit code {done.code}")
    faults += [f"says `{word}`" for word in BROKEN if word in done.err]
    if done.code > 0 and not any(name in done.err for name in names):
        faults.append(f"names none of {', '.join(names)}")
    if done.code > 0 and len(done.err.strip().splitlines()) > 12:
        faults.append(f"{len(done.err.splitlines())} lines of refusal")
    if done.seconds > rules.seconds:
        faults.append(f"{done.seconds:.1f} s")
    if done.peak > rules.peak:
        faults.append(f"{done.peak >> 20} MB")
    return faults


class Tally:
    """Counts runs, keeps what broke a rule for a look."""

    def __init__(self, keep):
        self.keep = pathlib.Path(keep) if keep else None
        self.runs = self.refused = self.failed = 0
        self.longest, self.largest = 0.0, 0

    def add(self, case, done, faults, files=()):
        self.runs += 1
        self.refused += done.code > 0
        self.longest = max(self.longest, done.seconds)
        self.largest = max(self.largest, done.peak)
        if not faults:
            return
        self.failed += 1
        said = done.err.strip().replace("\n", " | ")[:300]
        print(f"{case}: {'; '.join(faults)}\n    {said}", flush=True)
        if self.keep:
            self.keep.mkdir(parents=True, exist_ok=True)
            for file in files:
                name = f"{case.replace(' ', '-').replace('/', '-')}-{file.name}"
                subprocess.run(["cp", "-r", str(file), str(self.keep / name)], check=True)

    def end(self, what):
        print(
            f"{what}: {self.runs} runs, {self.refused} refused, {self.failed} broke a rule; "
            f"longest {self.longest:.2f} s, most memory {self.largest >> 20} MB",
            flush=True,
        )
        return self.failed
