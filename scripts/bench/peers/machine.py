"""What a table was measured on, in one line; and what the processor can do at most."""

import importlib.metadata
import os
import platform
import subprocess
import time

from .environment import PROJECT


def threads():
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0))


def described():
    """What Linux says of the first processor; nothing elsewhere."""
    try:
        with open("/proc/cpuinfo") as file:
            lines = file.read().split("\n\n")[0].splitlines()
    except OSError:
        return {}
    return {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}


def processor():
    return described().get("model name") or platform.processor() or platform.machine()


def vectors():
    """The vector unit that our code takes here."""
    flags = set(described().get("flags", "").split())
    if {"avx512f", "avx512vl"} <= flags:
        return "AVX-512"
    return "AVX2" if {"avx2", "fma"} <= flags else "baseline vectors"


def commit():
    done = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=PROJECT, capture_output=True, text=True)
    return done.stdout.strip() or "unknown"


def headline(command, n_threads, packages):
    """Command, day, machine and versions: what has to stand beside every figure."""
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in packages)
    rust = subprocess.run(["rustc", "--version"], capture_output=True, text=True).stdout.split()
    return (
        f"`{command}` · {time.strftime('%Y-%m-%d', time.gmtime())} · {processor()} ({vectors()}), {threads()} cores, "
        f"{n_threads} threads · nta {commit()}, rustc {rust[1] if len(rust) > 1 else '?'}; "
        f"Python {platform.python_version()}, {versions}"
    )
