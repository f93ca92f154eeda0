#!/usr/bin/env python3
"""Mutates files as people have them and holds nta to its promise about rows: each line of a file is read, set aside,
left out and counted, or refused by name and place.

    scripts/check/mutated.py NTA --files 10000          all trials of seed 1
    scripts/check/mutated.py NTA --files 500 --first 2000 --keep DIR
    scripts/check/mutated.py NTA --files 0 --parquet 2000   Parquet files; needs pyarrow

Trial i of a seed is always the same, so slices can be run again. Each base is a table made here in one of several
layouts, or a file below --field (shared/data/field); a model is trained on each base of ours once. A trial changes
cells, separators, encodings, headers, line ends, or cuts the file; then `nta schema infer` and `nta score` read it:

- no panic, no abort, exit code 0, 1 or 2, within 20 s;
- a refusal names the file, and the line, row or whole-file reason;
- where the score succeeds: lines in the file = header + rows scored + rows set aside + lines left out.

Of Parquet, whose rows are counted by its writer: rows in the file = rows scored + rows set aside + rows left out, and a
refusal names the file. Exits with 1 where a rule was broken. Needs python3 alone but for Parquet.
"""

import argparse
import json
import pathlib
import random
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from hostile_cases import child, mutated_parquet  # noqa: E402

RULES = child.Rules(20, 1 << 30)
# Refusals of a whole file, which have no line to name.
WHOLE = [
    "is empty", "holds a header and no rows", "lacks the column", "looks like", "looks separated by", "is damaged",
    "holds more than", "holds one class only", "rows cannot be read", "the input already has a column", "columns, more than",
    "bytes long, more than", "`delimiter:",
]
ODD_CELLS = [
    "", " ", "NA", "N/A", "null", "NULL", "None", "nil", "?", "-", "NaN", "nan", "empty", "(empty)", "\\N", "#N/A", "1,234",
    "1.234,5", "45.977.011.494", "1.2 M", "3 K", "1e999", "-1e999", "0x1f", "abc", "1 234", "\u00a01", "\u202f2", "é", "\x07",
    '"', '""', '"a', 'a"b', "=1+1", "inf", "true", "1970-01-01", "2024-05-01 09:00:00", "9" * 400, "x" * 300, "#", "# note",
]
CONFIG = """name: {name}
choice: off
data: {{ schema: '{schema}', train: '{train}' }}
split: {{ strategy: stratified, test: 0.3, threshold: 0.2 }}
forest: {{ trees: 5 }}
lstm: {{ hidden: 4, epochs: 1 }}
hybrid: {{ budget: {{ false_positive_rate: 0.05 }} }}
"""
SCHEMA = """name: {name}
order: none
{delimiter}{header}label: {{ column: label, benign: [benign] }}
numeric: [{{ name: bytes{numbers} }}, {{ name: seconds }}]
categorical: [{{ name: proto }}]
"""


def rows(n, rng):
    """`n` flows of four cells, benign and attack."""
    for i in range(n):
        label, size = ("scan", 900 + i % 37) if i % 5 == 0 else ("benign", 100 + i % 501)
        yield [str(size), f"{rng.randrange(100)}.5", ("tcp", "udp", "icmp")[i % 3], label]


NAMES = ["bytes", "seconds", "proto", "label"]


class Base:
    """A file to mutate: its lines of cells, how they are written, and the model that scores it."""

    def __init__(self, name, cells, delimiter=",", header=True, numbers="", model=None, text=None):
        self.name, self.cells, self.delimiter, self.header = name, cells, delimiter, header
        self.numbers, self.model, self.text = numbers, model, text

    def written(self):
        if self.text is not None:
            return self.text
        return "".join(self.delimiter.join(line) + "\n" for line in self.cells)


def bases(field):
    """Ours, which have models, then the field's, which are only drafted from."""
    rng = random.Random(5)
    flows = list(rows(60, rng))
    json_lines = "".join(json.dumps(dict(zip(NAMES, line))) + "\n" for line in flows)
    yield Base("commas", [NAMES, *flows])
    yield Base("semicolons", [NAMES, *[[f"{a},0", *rest] for a, *rest in flows]], ";", numbers=", numbers: decimal_comma")
    yield Base("tabs", [NAMES, *flows], "\t")
    yield Base("headless", flows, header=False)
    yield Base("units", [NAMES, *[[f"{int(a) / 1000} K", *rest] for a, *rest in flows]], numbers=", numbers: unit_suffixes")
    yield Base("json", None, text=json_lines)
    for path in sorted(pathlib.Path(field).rglob("*")) if field else []:
        if path.suffix in (".csv", ".log"):
            text = path.read_text(encoding="utf-8", errors="replace")
            yield Base(f"{path.parent.name}/{path.name}", None, text="".join(text.splitlines(True)[:300]))


def train(nta, home, base):
    """A model of the base."""
    name = f"m-{base.name}"
    schema, flows, config = home / f"{name}.schema.yaml", home / f"{name}.csv", home / f"{name}.yaml"
    rng = random.Random(6)
    many = list(rows(1_000, rng))
    if base.name == "semicolons":
        many = [[f"{a},0", *rest] for a, *rest in many]
    lines = many if not base.header else [NAMES, *many]
    text = "".join(base.delimiter.join(line) + "\n" for line in lines)
    flows.write_text("".join(json.dumps(dict(zip(NAMES, line))) + "\n" for line in many) if base.name == "json" else text)
    delimiter = "" if base.delimiter == "," else f"delimiter: {json.dumps(base.delimiter)}\n"
    header = "" if base.header else f"header: [{', '.join(NAMES)}]\n"
    schema.write_text(SCHEMA.format(name=name, delimiter=delimiter, header=header, numbers=base.numbers))
    config.write_text(CONFIG.format(name=name, schema=schema, train=flows))
    done = subprocess.run([nta, "run", config, "--quiet", "--home", home], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"no model of {base.name}: {done.stderr}")
    base.model = f"{name}/1"


def mutate(rng, base):
    """The bytes of a changed copy, what was done, and whether its lines can still be counted by their breaks."""
    lines = base.written().splitlines()
    done, encoding, countable = [], "utf-8", True
    for _ in range(rng.choice([1, 1, 2, 3])):
        way = rng.choice(["cell", "cell", "cell", "line", "header", "preamble", "ends", "separator", "width", "encoding", "cut"])
        done.append(way)
        at = rng.randrange(len(lines)) if lines else 0
        if way == "cell" and lines:
            cells = re.split(r"([,;\t|])", lines[at])
            cells[rng.randrange(len(cells))] = rng.choice(ODD_CELLS)
            lines[at] = "".join(cells)
        elif way == "line" and lines:
            blank = re.sub(r"[^,;\t|]", "", lines[at])
            new = rng.choice([lines[0], f" {lines[0]} ", blank, blank + blank, "", "  ", "# a comment", lines[at], lines[at][: len(lines[at]) // 2]])
            for _ in range(rng.choice([1, 1, 3, 40])):
                lines.insert(rng.choice([at, len(lines)]), new)
        elif way == "header" and lines:
            cells = re.split(r"([,;\t|])", lines[0])
            cells[rng.randrange(len(cells))] = rng.choice(["", "bytes", " label ", "BYTES", "x" * 60, "\ufeffts", "é", "1", '"bytes"'])
            lines[0] = "".join(cells)
        elif way == "preamble":
            lines[0:0] = rng.choice([["# made by a tool"], ["sep=;"], ["sep=,"], ["", "  "], ["Report"], ["#", "# two", ""]])
        elif way == "ends":
            lines = [line + rng.choice(["\r", ",", ";", " ", ",,"]) for line in lines] if rng.random() < 0.7 else lines
        elif way == "separator" and lines:
            new = rng.choice([",", ";", "\t", "|", " "])
            lines = [re.sub(r"[,;\t|]", new, line) for line in lines]
        elif way == "width" and lines:
            lines[at] = rng.choice([lines[at] + ",x", lines[at] + ";;", lines[at].rpartition(",")[0] or lines[at], "x"])
        elif way == "encoding":
            encoding = rng.choice(["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1", "cp1252"])
        elif way == "cut" and lines:
            del lines[rng.randrange(len(lines)) :]
            if lines and rng.random() < 0.5:
                lines[-1] = lines[-1][: rng.randrange(len(lines[-1]) + 1)]
    text = "\n".join(lines) + rng.choice(["\n", "", "\n\n"])
    # A quote may hold several lines together; those are counted by nta alone.
    countable = '"' not in text and "\x0b" not in text
    return text.encode(encoding, errors="replace"), text, " ".join(done), countable


def lines_in(text):
    """Lines that are not blank to a reader of lines: one that holds more than its own break."""
    return sum(line.strip("\r") != "" for line in text.split("\n"))


def faults_of(done, file, nothing_said=False):
    faults = child.broken(done, RULES, [file.name])
    said = done.err
    if done.code > 0 and not re.search(r"(line|row) \d+", said) and not any(word in said for word in WHOLE):
        faults.append("names no line, no row and no reason for the whole file")
    return faults


def trial(options, home, base, i, tally, counted):
    rng = random.Random(f"{options.seed} {i}")
    data, text, way, countable = mutate(rng, base)
    file = home / f"trial{i}{'.log' if base.name.endswith('json') else '.csv'}"
    file.write_bytes(data)
    case = f"{i} {base.name} ({way})"
    done = child.run(options.nta, ["schema", "infer", file, "--home", home], RULES)
    tally.add(f"{case} infer", done, faults_of(done, file), [file])
    if base.model:
        out = home / "out.csv"
        command = ["score", base.model, file, "-o", out, "--bad-rows", "set-aside", "--json", "--home", home, "--quiet"]
        done = child.run(options.nta, command, RULES)
        faults = faults_of(done, file)
        if done.code == 0 and countable:
            told = json.loads(done.out)
            left_out = sum(told["left_out"].values())
            header = int(base.header and base.name != "json")
            found = header + told["rows"] + told["set_aside"] + left_out
            # A file without a header may have been given one, which is then read as such or left out as a repeat.
            wanted = lines_in(text)
            if found != wanted and not (base.name == "headless" and found + 1 == wanted):
                faults.append(
                    f"{wanted} lines in the file, and {header} header + {told['rows']} rows + {told['set_aside']} set aside"
                    f" + {left_out} left out = {found}"
                )
            counted[0] += 1
            counted[1] += told["rows"]
            counted[2] += told["set_aside"]
            counted[3] += left_out
        tally.add(f"{case} score", done, faults, [file])
        out.unlink(missing_ok=True)
        pathlib.Path(f"{out}.rejects.jsonl").unlink(missing_ok=True)
    file.unlink()


def parquet_trial(options, home, i, tally, counted):
    rng = random.Random(f"parquet {options.seed} {i}")
    data, n_rows, way = mutated_parquet.mutation(rng, list(rows(200, random.Random(5))))
    file, out = home / f"trial{i}.parquet", home / "out.csv"
    file.write_bytes(data)
    case = f"{i} parquet ({way})"
    done = child.run(options.nta, ["schema", "infer", file, "--home", home], RULES)
    tally.add(f"{case} infer", done, child.broken(done, RULES, [file.name]), [file])
    command = ["score", "m-commas/1", file, "-o", out, "--bad-rows", "set-aside", "--json", "--home", home, "--quiet"]
    done = child.run(options.nta, command, RULES)
    faults = child.broken(done, RULES, [file.name])
    if done.code == 0:
        told = json.loads(done.out)
        left_out = sum(told["left_out"].values())
        if told["rows"] + told["set_aside"] + left_out != n_rows:
            faults.append(f"{n_rows} rows in the file, {told['rows']} scored + {told['set_aside']} set aside + {left_out} left out")
        for place, n in enumerate([1, told["rows"], told["set_aside"], left_out]):
            counted[place] += n
    tally.add(f"{case} score", done, faults, [file])
    out.unlink(missing_ok=True)
    pathlib.Path(f"{out}.rejects.jsonl").unlink(missing_ok=True)
    file.unlink()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("nta")
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--parquet", type=int, default=0, help="Parquet files")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--field", help="a folder of files to mutate beside our own")
    parser.add_argument("--keep", help="keep the files that broke a rule here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nta-mutated-") as folder:
        home = pathlib.Path(folder)
        ours, field = [], []
        for base in bases(options.field):
            if "/" in base.name:
                field.append(base)
            else:
                train(options.nta, home, base)
                ours.append(base)
        tally, counted = child.Tally(options.keep), [0, 0, 0, 0]
        for i in range(options.first, options.first + options.files):
            rng = random.Random(f"base {options.seed} {i}")
            pool = field if field and rng.random() < 0.4 else ours
            trial(options, home, rng.choice(pool), i, tally, counted)
        for i in range(options.first, options.first + options.parquet):
            parquet_trial(options, home, i, tally, counted)
        failed = tally.end(f"mutated, files {options.first} to {options.first + options.files}, seed {options.seed}")
        print(
            f"counted in {counted[0]} scores: {counted[1]} rows read, {counted[2]} set aside, {counted[3]} lines left out;"
            " every line accounted for where no rule is broken"
        )
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
