#!/usr/bin/env python3
"""Gives nta files that were made to break it, and holds each run against rules: no abort, no panic, no hang, bounded
memory, and a refusal that names the file.

    scripts/check/hostile.py files FOLDER           every file there: 5 s, 500 MB
    scripts/check/hostile.py parquet [--data DIR]   damaged Parquet: 20 s, 1 GB; those below DIR beside our own
    scripts/check/hostile.py models                 models damaged and sealed again: 20 s, 1 GB
    scripts/check/hostile.py yaml                   configs and schemas: 20 s, 1 GB

--seed N and --cases FROM TO choose the cases: case i of a seed is the same in every slice. --keep DIR keeps the files
that broke a rule. The address space is limited to --address MB (1024; 0 for no limit), so that what would be asked for
and never touched is found too. Exits with 1 where a rule was broken. Needs python3 alone and a built nta (--nta PATH).
"""

import argparse
import pathlib
import random
import shutil
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from hostile_cases import child, extremes, models, parquet, yamls  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCHEMA = """name: hostile
order: none
label: { column: label, benign: [benign], attack: [attack] }
numeric: [{ name: bytes }, { name: seconds }]
categorical: [{ name: proto }]
"""
CONFIG = """name: hostile
choice: off
data: {{ schema: '{schema}', train: '{train}' }}
split: {{ test: 0.3, threshold: 0.2 }}
forest: {{ trees: 5 }}
lstm: {{ hidden: 4, epochs: 1 }}
hybrid: {{ budget: {{ false_positive_rate: 0.05 }} }}
"""
# What a refusal names where the file was good and the config asks for what its rows or its schema cannot give, or names
# another file.
NAMED = ["`strategy: ", "no schema `", "`lstm.sequence.by` is ", "names no label column", "/etc/passwd"]


class Bench:
    """A folder with a small trained model, and the ways to run nta on a file in it."""

    def __init__(self, options, rules):
        self.options, self.rules = options, rules
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="nta-hostile-"))
        self.tally = child.Tally(options.keep)

    def write(self, name, data):
        path = self.home / name
        path.write_bytes(data if isinstance(data, bytes) else data.encode("utf-8", "surrogatepass"))
        return path

    def train(self):
        """A model of `SCHEMA`, in `models/hostile/1`."""
        rows = []
        for i in range(1_000):
            label, size = ("attack", 900 + i % 37) if i % 5 == 0 else ("benign", 100 + i % 501)
            rows.append(f"{size},{i % 11}.5,{('tcp', 'udp', 'icmp')[i % 3]},{label}\n")
        flows = self.write("flows.csv", "bytes,seconds,proto,label\n" + "".join(rows))
        schema = self.write("schema.yaml", SCHEMA)
        config = self.write("config.yaml", CONFIG.format(schema=schema, train=flows))
        done = child.run(self.options.nta, ["run", config, "--quiet", "--home", self.home], child.Rules(300, 1 << 40))
        if done.code:
            sys.exit(f"the model to damage could not be trained:\n{done.err}")
        return self.home / "models/hostile/1"

    def nta(self, case, arguments, names, files=(), check=None):
        """Runs nta, holds it against the rules and counts it; `check` says what is wrong with what a run wrote."""
        # Each thread takes address space of its own, so their number is the same everywhere.
        done = child.run(self.options.nta, [*arguments, "--threads", 4, "--home", self.home], self.rules)
        faults = child.broken(done, self.rules, names)
        if check and done.code == 0 and (fault := check()):
            faults.append(fault)
        left = [p.name for p in self.home.glob(".nta*")]
        faults += [f"leaves {name}" for name in left]
        for name in left:
            (self.home / name).unlink()
        self.tally.add(case, done, faults, files)
        return done

    def read(self, case, file, model="hostile", ways=("score", "infer", "plan")):
        """Runs every command that reads flows on a file; what the last one did."""
        out = self.home / "out.csv"
        if "score" in ways:
            out.unlink(missing_ok=True)
            done = self.nta(f"{case} score", ["score", model, file, "-o", out, "--quiet"], [file.name], [file], lambda: models.unscored(out))
        if "infer" in ways:
            done = self.nta(f"{case} infer", ["schema", "infer", file], [file.name], [file])
        if "plan" in ways:
            config = self.write("plan.yaml", CONFIG.format(schema=self.home / "schema.yaml", train=file))
            done = self.nta(f"{case} plan", ["run", config, "--dry-run", "--quiet"], [file.name, *NAMED], [file])
        return done

    def cases(self):
        first, end = self.options.cases
        for i in range(first, end):
            yield i, random.Random(f"{self.options.seed} {i}")


def files(options, bench):
    bench.train()
    for path in sorted(pathlib.Path(options.folder).iterdir()):
        if path.name == "README.md":
            continue
        if path.suffix == ".yaml":
            bench.nta(f"{path.name} check", ["config", "check", path], [path.name])
            bench.nta(f"{path.name} plan", ["run", path, "--dry-run", "--quiet"], [path.name])
            continue
        bench.read(path.name, path)


def parquet_files(options, bench):
    bench.train()
    wholes = [("ours", file) for file in parquet.seeds()]
    scored = bench.home / "scored.parquet"
    bench.nta("seed", ["score", "hostile", bench.home / "flows.csv", "-o", scored, "--quiet"], ["flows.csv"])
    wholes += [("nta's", parquet.File.parse(scored.read_bytes()).keep([b"bytes", b"seconds", b"proto", b"label"]))] * 8
    for i, (_, file) in enumerate(wholes):
        done = bench.read(f"whole {i}", bench.write("whole.parquet", file.bytes()), ways=("score",))
        if done.code:
            sys.exit(f"whole file {i} was refused: {done.err}")
    if options.cases[0] == 0:
        folder = bench.home / "extreme"
        folder.mkdir()
        for file in extremes.write_to(folder):
            bench.read(f"extreme, {file.stem}", file)
    foreign = list(parquet.found(options.data)) if options.data else []
    for i, rng in bench.cases():
        name, whole = rng.choice(foreign) if foreign and rng.random() < 0.1 else rng.choice(wholes)
        data, way = parquet.damaged(rng, whole)
        file = bench.write(f"case{i}.parquet", data)
        ways = ("infer",) if (name, whole) in foreign else rng.choice([("score",), ("score",), ("plan",), ("infer",)])
        bench.read(f"parquet {i} {name} {way}", file, ways=ways)
        file.unlink()


def sealed_models(options, bench):
    whole = bench.train()
    flows, out = bench.home / "flows.csv", bench.home / "out.csv"
    sealed = bench.home / "sealed"
    shutil.copytree(whole, sealed)
    models.reseal(sealed)
    if (done := bench.read("sealed", flows, model=sealed, ways=("score",))).code:
        sys.exit(f"a whole model that was sealed again was refused: {done.err}")
    for i, rng in bench.cases():
        folder = bench.home / f"case{i}"
        how = models.damage(rng, whole, folder)
        out.unlink(missing_ok=True)
        names = [folder.name, "flows.csv"]
        score = ["score", folder, flows, "-o", out, "--quiet"] + (["--explain"] if rng.random() < 0.3 else [])
        way = rng.choice([score, score, score, ["verify", folder]])
        check = (lambda: models.unscored(out)) if way is score else None
        bench.nta(f"model {i} {how}", way, names, [folder], check)
        shutil.rmtree(folder)


def yaml_files(options, bench):
    flows = bench.write("flows.csv", "bytes,seconds,proto,label\n" + "1,2.5,tcp,benign\n3,4.5,udp,attack\n" * 200)
    configs = [path.read_text() for path in sorted((ROOT / "configs").glob("*.yaml"))]
    configs += [CONFIG.format(schema=bench.write("schema.yaml", SCHEMA), train=flows)] * 3
    schemas = [path.read_text() for path in sorted((ROOT / "crates/ingest/schemas").glob("*.yaml"))] + [SCHEMA] * 3
    for i, rng in bench.cases():
        kind = rng.choice(["config", "config", "plan", "schema", "schema run"])
        text, how = yamls.hostile(rng, schemas if kind.startswith("schema") else configs)
        file = bench.write(f"case{i}.yaml", text)
        case = f"yaml {i} {kind} {how}"
        # Where a text stays a good config, what is refused is what it names.
        names = [file.name, ".csv", ".gz", ".txt", ".binetflow", ".log", ".parquet", "data.", *NAMED]
        if kind == "config":
            bench.nta(case, ["config", "check", file], names, [file])
        elif kind == "plan":
            bench.nta(case, ["run", file, "--dry-run", "--quiet"], names, [file])
        elif kind == "schema":
            bench.nta(case, ["schema", "show", file], [file.name], [file])
        else:
            config = bench.write("config.yaml", CONFIG.format(schema=file, train=flows))
            bench.nta(case, ["run", config, "--dry-run", "--quiet"], [file.name, "flows.csv", *NAMED], [file])
        file.unlink()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["files", "parquet", "models", "yaml"])
    parser.add_argument("folder", nargs="?")
    parser.add_argument("--nta", default=str(ROOT / "target/debug/nta"))
    parser.add_argument("--seed", type=int, default=12)
    parser.add_argument("--cases", type=int, nargs=2, default=(0, 500), metavar=("FROM", "TO"))
    parser.add_argument("--data")
    parser.add_argument("--keep")
    parser.add_argument("--address", type=int, default=1024, metavar="MB")
    options = parser.parse_args()
    if options.what == "files" and not options.folder:
        parser.error("files needs a FOLDER")
    rules = child.Rules(20, 1 << 30, options.address << 20)
    if options.what == "files":
        rules = child.Rules(5, 500 << 20, options.address << 20, codes=(1, 2))
    bench = Bench(options, rules)
    try:
        {"files": files, "parquet": parquet_files, "models": sealed_models, "yaml": yaml_files}[options.what](options, bench)
    finally:
        shutil.rmtree(bench.home)
    seed = f", seed {options.seed}, cases {options.cases[0]} to {options.cases[1]}" if options.what != "files" else ""
    sys.exit(1 if bench.tally.end(f"{options.what}{seed}") else 0)


if __name__ == "__main__":
    main()
