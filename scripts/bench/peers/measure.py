"""Measuring in turns: every measurement in a process of its own, ours before each peer's, ratios of neighbours."""

import json
import os
import statistics
import subprocess
import sys


class Failed(Exception):
    """A measured process that did not end well."""


def run(command, n_threads):
    """Runs a command that prints one JSON line last, and gives that."""
    environment = dict(os.environ)
    for name in ("RAYON_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        environment[name] = str(n_threads)
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode != 0:
        raise Failed(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def in_turns(ours, peers, repeats):
    """`ours` and each of `peers` are functions of the repeat that give a dict of figures. Gives, per peer, the list of
    pairs (ours, peer's) measured one after the other."""
    pairs = {name: [] for name in peers}
    for repeat in range(repeats):
        for name, peer in peers.items():
            print(f"  repeat {repeat + 1} of {repeats}: nta and {name}", file=sys.stderr)
            mine = ours(repeat)
            try:
                pairs[name].append((mine, peer(repeat)))
            except Failed as failure:
                print(f"{name} failed:\n{failure}", file=sys.stderr)
    return {name: found for name, found in pairs.items() if found}


def spread(values, form="{:.2f}"):
    """Median, and the range in brackets when there are several."""
    values = [v for v in values if v is not None]
    if not values:
        return "–"
    middle = form.format(statistics.median(values))
    if len(values) == 1:
        return middle
    return f"{middle} [{form.format(min(values))}, {form.format(max(values))}]"


def ratios(pairs, key, higher_is_better):
    """How many times better ours is, pair by pair."""
    found = []
    for mine, theirs in pairs:
        a, b = mine.get(key), theirs.get(key)
        if a is None or b is None or not a or not b:
            continue
        found.append(a / b if higher_is_better else b / a)
    return found


def table(head, rows):
    """A Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines)
