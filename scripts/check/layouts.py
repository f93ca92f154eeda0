#!/usr/bin/env python3
"""Runs `nta init` and `nta run` on small files in the layouts of seventeen public data sets and tools, and holds what nta read
against what the generator wrote.

    scripts/check/layouts.py target/release/nta [CASE…]

Each file is made by `layout_cases`, with the columns, the units and the oddities that the layout is described with in public.
Rows, classes, families, the span of time, the unit of durations and the roles of columns must be as written; what cannot be
read must be said in words. Exits with 1 where anything differs in silence. Python 3 alone; Parquet needs pyarrow.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from layout_cases import iot, networks  # noqa: E402

SMALL = ["--set", "choice=off", "--set", "forest.trees=5", "--set", "lstm.epochs=1", "--set", "lstm.hidden=8"]


def nta(program, *arguments):
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, check=False)
    if done.returncode not in (0, 2, 3) or "panicked" in done.stderr:
        return done.returncode, {}, f"no refusal but exit {done.returncode}: {done.stderr[-400:]}"
    return done.returncode, json.loads(done.stdout) if done.stdout.strip() else {}, done.stderr


def seconds(text):
    from datetime import datetime
    return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text).replace("Z", "+00:00")).timestamp()


def guessed(read, key):
    return next((guess["values"] for guess in read["guesses"] if guess["key"] == key), [])


def differences(case, read, said):
    """What was read otherwise than written."""
    plan, found = read["plan"], []
    parts = plan["partition"]["parts"]
    dropped = plan["partition"]["dropped_rows"]
    benign = sum(part["benign"] for part in parts)
    aside = sum(remark.get("rows", 0) for remark in plan["remarks"] if remark.get("remark") == "rows_set_aside")
    if aside != case.aside:
        found.append(f"{aside} rows set aside, {case.aside} cannot be read")
    if not case.rows - aside <= plan["rows"] <= case.rows:
        found.append(f"rows {plan['rows']}, written {case.rows}")
    if abs(benign - case.benign) > dropped + aside:
        found.append(f"benign {benign}, written {case.benign}")
    if case.families is not None:
        families = {}
        for name, rows in (item for part in parts for item in part["families"].items()):
            families[name] = families.get(name, 0) + rows
        if families != case.families and not dropped and not aside:
            found.append(f"families {families}, written {case.families}")
    times = plan.get("times", [])
    if case.span is None and times:
        found.append(f"a time was read where there is none: {times[0]['column']} as {times[0]['read_as']}")
    if case.span is not None:
        read_span = [(seconds(t["from"]), seconds(t["until"])) for t in times]
        if not read_span or any(abs(r - w) > 1.01 for r, w in zip(read_span[0], case.span)):
            found.append(f"times {times}, written {case.span}")
    if case.duration and (guessed(read, "duration"), guessed(read, "duration_unit") or ["seconds"]) != ([case.duration[0]], [case.duration[1]]):
        found.append(f"duration {guessed(read, 'duration')} in {guessed(read, 'duration_unit')}, written {case.duration}")
    features = set(plan["numeric"]) | set(plan["categorical"])
    found += [f"`{name}` is a feature" for name in case.never if name in features]
    found += [f"`{name}` is no number" for name in case.numeric if name not in plan["numeric"]]
    roles = {value.lower() for guess in read["guesses"] for value in guess["values"]}
    silent = [name for name in case.columns if read["schema"] and name.lower() not in roles]
    if silent:
        found.append(f"columns without a role: {silent}")
    found += [f"{word!r} is not said" for word in case.said if word not in said]
    return found


def check(program, case, home):
    """A line of the table, and what differs."""
    path, config = pathlib.Path(home) / case.name, pathlib.Path(home) / "case.yaml"
    path.write_bytes(case.text if isinstance(case.text, bytes) else case.text.encode())
    run_said = ""
    code, read, said = nta(program, "init", path, "-o", config, "--force", "--json", "--home", home)
    refusal, schema = said, config.with_name("case.schema.yaml")
    said += "\n" + json.dumps(read) + (schema.read_text() if schema.exists() else "")
    if code == 0:
        code, ran, run_said = nta(program, "run", config, "--json", "--quiet", "--home", home, *SMALL)
        said += run_said
    if case.refused:
        missing = [word for word in case.refused if word not in said]
        return "refused", [f"not refused: exit {code}"] if code != 2 else [f"the refusal lacks {missing}"] if missing else []
    if code != 0:
        return "–", ["refused: " + (run_said or refusal).strip()[-500:]]
    plan = read["plan"]
    span = "; ".join(f"{t['from']} to {t['until']}" for t in plan.get("times", [])) or "no times"
    shown = f"{plan['rows']} rows, {len(plan['numeric'])}+{len(plan['categorical'])} of {len(case.columns) or '?'} columns, {span}"
    hybrid = ran["evaluation"]["members"]["hybrid"]
    return f"{shown}, avg.prec {hybrid['average_precision']:.2f}", differences(case, read, said)


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    program, wanted = os.path.abspath(sys.argv[1]), sys.argv[2:]
    makers = [make for make in iot.CASES + networks.CASES if not wanted or make.__name__ in wanted]
    n_wrong = n_files = 0
    for case in (make() for make in makers):
        if case is None:
            print("uwf_zeek            skipped: pyarrow is not there")
            continue
        with tempfile.TemporaryDirectory() as home:
            line, found = check(program, case, home)
        n_files += 1
        print(f"{case.name:<20} {line}", flush=True)
        for difference in found:
            n_wrong += 1
            print(f"    DIFFERS: {difference}", flush=True)
    print(f"{n_files} files, {n_wrong} differences")
    sys.exit(1 if n_wrong or not n_files else 0)


if __name__ == "__main__":
    main()
