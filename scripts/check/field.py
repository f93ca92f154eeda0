#!/usr/bin/env python3
"""Runs `nta init` and `nta run` on files as people have them, and holds what nta read against what the files hold.

    scripts/check/field.py target/release/nta [FOLDER]

FOLDER holds a folder a case (`$NTA_DATA/field` when not given). Rows, labels and the span of time are counted here anew, by
the standard library alone; each column must have a role. A file that cannot be trained on must be refused in a sentence that
holds the words below. Prints a table; exit 1 where anything differs.
"""

import csv
import datetime
import json
import os
import pathlib
import subprocess
import sys
import tempfile

# Files that cannot be trained on, and words that their refusal must hold.
REFUSED = {
    "05-placeholder-label/fresh_NeedManualLabel.csv": ["label"],
    "05-placeholder-label/fresh_partly_empty.csv": [],
    "10-no-header/ugr16.csv": ["too few benign rows"],
    "10-no-header/unsw_raw.csv": ["too few benign rows"],
    "15-zeek-json/mixed_paths.log": ["label"],
    "15-zeek-json/underscores.log": ["label"],
    "16-scoring-other-names/python_cicflowmeter.csv": ["label"],
    "19-label-by-file/benign.csv": ["label"],
    "19-label-by-file/mirai.csv": ["label"],
    "21-alias-hint/cicflowmeter4.csv": [],
}
# Files without a header: places of label and time, and a divisor of the time.
HEADERLESS = {"10-no-header/ugr16.csv": (12, 0), "10-no-header/unsw_raw.csv": (48, 28)}
# Clocks of twelve hours that say neither AM nor PM: the afternoon's hours are 1 to 5.
TWELVE_HOURS = {"07-twelve-hour-clock/flows.csv"}

LABELS = ["label", "class", "attack"]
BENIGN = {"benign", "normal", "0", "background", "benigntraffic", "-"}
UNLABELLED = {"", "needmanuallabel", "no label", "nan"}
NOTHING = {"", "na", "n/a", "nan", "null", "none", "nil", "?", "-"}
TIMES = ["timestamp", "ts", "stime", "bidirectional_first_seen_ms", "date first seen"]
FORMATS = [
    "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%d %H:%M:%S UTC", "%d/%m/%Y %H:%M:%S", "%m/%d/%Y %H:%M:%S",
    "%d/%m/%Y %I:%M:%S %p", "%m/%d/%Y %I:%M:%S %p", "%d.%m.%Y %H:%M:%S", "%Y/%m/%d %H:%M", "%Y%m%d%H%M%S",
    "%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M",
]
SMALL = ["--set", "choice=off", "--set", "forest.trees=5", "--set", "lstm.epochs=1", "--set", "lstm.hidden=8"]


def lines_of(path):
    text = path.read_text(encoding="utf-8-sig")
    return [line for line in text.splitlines() if line.strip() and not line.startswith(("#", "sep="))]


def table(path, name):
    """The header, or None, and the rows that hold anything and do not repeat it."""
    lines = lines_of(path)
    delimiter = max(",;\t|", key=lines[0].count)
    rows = list(csv.reader(lines, delimiter=delimiter))
    header = None if name in HEADERLESS else [cell.strip() for cell in rows[0]]
    body = rows if header is None else rows[1:]
    body = [[cell.strip() for cell in row] for row in body]
    return header, [row for row in body if row != header and any(cell.lower() not in NOTHING for cell in row)]


def place(header, names):
    lower = [name.lower() for name in header]
    return next((lower.index(name) for name in names if name in lower), None)


def seconds(texts, name):
    """Every way in which all texts read as times, each as the first and the last in seconds since 1970."""
    found = []
    if not texts:
        return found
    try:
        numbers = [float(text) for text in texts]
        for unit in (1, 1e3, 1e6, 1e9):
            if 6e8 < min(numbers) / unit and max(numbers) / unit < 4.2e9:
                found.append((min(numbers) / unit, max(numbers) / unit))
    except ValueError:
        pass
    for form in FORMATS:
        try:
            times = [datetime.datetime.strptime(text, form) for text in texts]
        except ValueError:
            continue
        if name in TWELVE_HOURS:
            times = [time + datetime.timedelta(hours=12 if time.hour < 6 else 0) for time in times]
        stamps = [time.replace(tzinfo=datetime.timezone.utc).timestamp() for time in times]
        found.append((min(stamps), max(stamps)))
    return found


def facts(path, name):
    """Rows with a label, those benign, spans of time, columns; None for formats that are not counted here."""
    if path.suffix == ".parquet":
        return None
    if path.suffix == ".log":
        records = [json.loads(line) for line in lines_of(path)]
        return {"rows": sum(record.get("_path", "conn") == "conn" for record in records), "benign": 0, "spans": [], "columns": []}
    header, rows = table(path, name)
    label, time = HEADERLESS.get(name) or (place(header, LABELS), place(header, TIMES))
    labelled = rows if label is None else [row for row in rows if row[label].lower() not in UNLABELLED]
    benign = 0 if label is None else sum(row[label].lower() in BENIGN for row in labelled)
    spans = [] if time is None else seconds([row[time] for row in labelled], name)
    return {"rows": len(labelled), "benign": benign, "spans": spans, "columns": header or []}


def nta(program, *arguments):
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, check=False)
    if done.returncode not in (0, 2) or "panicked" in done.stderr:
        return done.returncode, {}, "no refusal but exit " + str(done.returncode) + ": " + done.stderr[-300:]
    answer = json.loads(done.stdout) if done.stdout.strip() else {}
    return done.returncode, answer, done.stderr.strip().splitlines()[-1] if done.stderr.strip() else ""


def stamp(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def differences(read, held):
    """What nta read otherwise than the file holds it."""
    plan, found = read["plan"], []
    parts = plan["partition"]["parts"]
    benign = sum(part["benign"] for part in parts) + 0
    dealt = sum(part["rows"] for part in parts) + plan["partition"]["dropped_rows"]
    if plan["rows"] != held["rows"]:
        found.append(f"rows {plan['rows']}, the file {held['rows']}")
    if dealt != plan["rows"]:
        found.append(f"{plan['rows']} rows read and {dealt} dealt")
    if abs(benign - held["benign"]) > plan["partition"]["dropped_rows"]:
        found.append(f"benign {benign}, the file {held['benign']}")
    times = plan.get("times", [])
    if held["spans"] and not times:
        found.append("a time that nta did not read")
    for read_times in times:
        ours = (stamp(read_times["from"]), stamp(read_times["until"]))
        if not any(abs(ours[0] - a) < 1 and abs(ours[1] - b) < 1 for a, b in held["spans"]):
            found.append(f"times {read_times['from']} to {read_times['until']}, the file {held['spans']}")
    if read["schema"]:
        roles = {value.lower() for guess in read["guesses"] for value in guess["values"]}
        silent = [column for column in held["columns"] if column and column.lower() not in roles]
        if silent:
            found.append(f"columns without a role: {silent}")
    return found


def check(program, path, name, home):
    """A line of the table, and what differs."""
    config = pathlib.Path(home) / "case.yaml"
    code, read, said = nta(program, "init", path, "-o", config, "--force", "--json", "--home", home)
    held = facts(path, name)
    if code == 0:
        code, ran, said = nta(program, "run", config, "--json", "--quiet", "--home", home, *SMALL)
    if code != 0:
        words = REFUSED.get(name)
        if words is None or code != 2:
            return ["–"] * 5, [f"refused: {said}"]
        missing = [word for word in words if word not in said]
        return ["refused", "", "", "", said[:90]], [f"the refusal lacks {missing}: {said}"] if missing else []
    plan = read["plan"]
    benign = sum(part["benign"] for part in plan["partition"]["parts"])
    span = "; ".join(f"{t['from']} to {t['until']}" for t in plan.get("times", [])) or "no times"
    columns = f"{len(plan['numeric'])}+{len(plan['categorical'])} of {len(held['columns']) if held else '?'}"
    beside = (held["rows"], held["benign"]) if held else ("?", "?")
    line = [f"{plan['rows']} / {beside[0]}", f"{benign} / {beside[1]}", columns, span]
    found = differences(read, held) if held else []
    hybrid = ran["evaluation"]["members"]["hybrid"]
    return [*line, f"avg.prec {hybrid['average_precision']:.2f}"], found


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    program = os.path.abspath(sys.argv[1])
    folder = pathlib.Path(sys.argv[2] if len(sys.argv) == 3 else os.environ["NTA_DATA"] + "/field")
    files = [path for path in sorted(folder.glob("*/*")) if path.suffix in (".csv", ".log", ".parquet")]
    if not files:
        sys.exit(f"{folder}: no case is there")
    n_wrong = 0
    print(f"{'file':<48} {'rows nta / file':<16} {'benign':<12} {'columns':<12} time and outcome")
    for path in files:
        name = f"{path.parent.name}/{path.name}"
        with tempfile.TemporaryDirectory() as home:
            line, found = check(program, path, name, home)
        print(f"{name:<48} {line[0]:<16} {line[1]:<12} {line[2]:<12} {line[3]} {line[4]}", flush=True)
        for difference in found:
            n_wrong += 1
            print(f"    DIFFERS: {difference}", flush=True)
    print(f"{len(files)} files, {n_wrong} differences")
    sys.exit(1 if n_wrong else 0)


if __name__ == "__main__":
    main()
