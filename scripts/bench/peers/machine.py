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


def processor():
    try:
        with open("/proc/cpuinfo") as file:
            names = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
            return names[0] if names else platform.machine()
    except OSError:
        return platform.processor() or platform.machine()


def commit():
    done = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=PROJECT, capture_output=True, text=True)
    return done.stdout.strip() or "unknown"


def headline(command, n_threads, packages):
    """Command, day, machine and versions: what has to stand beside every figure."""
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in packages)
    rust = subprocess.run(["rustc", "--version"], capture_output=True, text=True).stdout.split()
    return (
        f"`{command}` · {time.strftime('%Y-%m-%d', time.gmtime())} · {processor()}, {threads()} cores, "
        f"{n_threads} threads · nta {commit()}, rustc {rust[1] if len(rust) > 1 else '?'}; "
        f"Python {platform.python_version()}, {versions}"
    )
