"""Runs a bench in a virtual environment of its own, made once from the pinned versions beside it."""

import json
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PROJECT = os.path.dirname(os.path.dirname(HERE))


def cache(*parts):
    """A path below the folder for what a bench makes and keeps: `NTA_BENCH_CACHE`, else `nta` in the user's cache."""
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(os.environ.get("NTA_BENCH_CACHE") or os.path.join(home, "nta"), *parts)


def enter(name):
    """Goes on in the environment `name`: makes it if it is not there or was made from other versions, then starts the
    calling script again with its Python. Returns at once when already there."""
    folder = cache("bench-venv", name)
    python = os.path.join(folder, "bin", "python")
    if sys.prefix == os.path.realpath(folder) or sys.prefix == folder:
        return
    requirements = os.path.join(HERE, f"requirements-{name}.txt")
    with open(requirements) as file:
        wanted = file.read()
    stamp = os.path.join(folder, "made-from.txt")
    if not (os.path.exists(stamp) and open(stamp).read() == wanted):
        make(folder, python, requirements)
        with open(stamp, "w") as file:
            file.write(wanted)
    os.execv(python, [python, *sys.argv])


def make(folder, python, requirements):
    print(f"making {folder} from {os.path.relpath(requirements)} (once, some minutes)", file=sys.stderr)
    shutil.rmtree(folder, ignore_errors=True)
    steps = [
        [sys.executable, "-m", "venv", folder],
        [python, "-m", "pip", "install", "--quiet", "--requirement", requirements],
    ]
    for step in steps:
        if subprocess.run(step).returncode != 0:
            sys.exit(
                f"the bench's virtual environment could not be made: `{' '.join(step)}` failed.\n"
                "It needs the network (or pip's own settings for a local index) and Python 3.11 to 3.13 with venv."
            )


def target_folder():
    """Where cargo builds, by whichever of its settings."""
    command = ["cargo", "metadata", "--no-deps", "--format-version", "1"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"`{' '.join(command)}` failed\n{done.stderr}")
    return json.loads(done.stdout)["target_directory"]


def build_example(package, example, features=()):
    """Builds one of our release examples and gives its path. `NTA_BENCH_BUILD=no` takes the one that is there."""
    binary = os.path.join(target_folder(), "release", "examples", example)
    if os.environ.get("NTA_BENCH_BUILD") == "no":
        if not os.path.exists(binary):
            sys.exit(f"{binary} is not there: run without NTA_BENCH_BUILD=no to build it")
        return binary
    command = ["cargo", "build", "--release", "--quiet", "-p", package, "--example", example]
    if features:
        command += ["--features", ",".join(features)]
    if subprocess.run(command, cwd=PROJECT).returncode != 0:
        sys.exit(f"`{' '.join(command)}` failed")
    return binary
