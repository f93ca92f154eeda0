#!/usr/bin/env python3
"""Whether the loop keeps a site's promise: champions of a site that moved, retrained again and again on simulated traffic whose
true rates are known.

    scripts/check/site_loop.py NTA [--repeats 100] [--sites 10] [--rows 1500] [--fresh 8000] [--judged 60000] [--threads 2]

NTA is a built binary. One model is trained at home. Each site is another simulated one of other hosts, and moved besides: sixteen
times the bytes sent, every fourth flow of a new service, two kinds of attack that home never saw. Of its flows, shuffled, each repeat takes a baseline (verified benign
ones), puts that version in service, retrains it on labelled flows, and reads the false positive rate of the version that is in
service then off benign flows that nothing has seen. Kept is a rate of at most the budget of 1 %; with 95 % confidence at most 5
in 100 should not be. Ends with 1 where fewer than 95 % of the repeats keep it, or a challenger is made without the site's promise.
Beside it stands the rate of home's own version there. Needs Python 3 and nothing else."""
import argparse, csv, json, pathlib, random, statistics, subprocess, sys, tempfile, time

BUDGET = 0.01
TRAIN = ["name=loop", "density={}", "hybrid.combine={ surprise_of: [forest, novelty] }", "lstm.sequence.length=1", "lstm.epochs=1",
         "lstm.hidden=4", "forest.trees=20", "data.train={ simulate: { flows: 30000, attack_share: 0.1, families: [fragment] } }"]


def main():
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("nta", type=pathlib.Path)
    for name, default in (("repeats", 100), ("sites", 10), ("rows", 1_500), ("fresh", 8_000), ("judged", 60_000), ("threads", 2), ("seed", 100)):
        asked.add_argument(f"--{name}", type=int, default=default)
    asked = asked.parse_args()
    random.seed(asked.seed)
    begun, rates, promoted, before = time.time(), [], 0, []
    with tempfile.TemporaryDirectory() as folder:
        home = pathlib.Path(folder)
        call = caller(asked, home)
        call((0,), "run", "configs/quickstart.yaml", *[word for one in TRAIN for word in ("--set", one)])
        for site in range(asked.sites):
            each = -(-asked.repeats // asked.sites)
            header, benign, attacks = pool(asked, call, home, asked.seed + site, each)
            judged, benign = benign[: asked.judged], benign[asked.judged :]
            write(home / "judged.csv", header, judged)
            before.append(rate(call, home, "loop/1"))
            for nth in range(min(each, asked.repeats - len(rates))):
                own = asked.rows + asked.fresh * 9 // 10
                mine = benign[nth * own : (nth + 1) * own]
                theirs = attacks[nth * asked.fresh // 10 : (nth + 1) * asked.fresh // 10]
                if len(mine) < own or len(theirs) < asked.fresh // 10:
                    sys.exit(f"site {site}: too few flows for repeat {nth}")
                kept, moved = repeat(asked, call, home, header, mine, theirs)
                rates.append(kept)
                promoted += moved
                print(f"site {site}, repeat {nth}: {kept:.5f}{'' if moved else ', not promoted'}", file=sys.stderr, flush=True)
    within = sum(r <= BUDGET for r in rates)
    print(f"{within} of {len(rates)} keep {BUDGET:.0%}; median {statistics.median(rates):.5f}, highest {max(rates):.5f}; "
          f"{promoted} promoted; the home's own version there: {min(before):.5f} to {max(before):.5f}; {time.time() - begun:.0f} s")
    sys.exit(within < 0.95 * len(rates))


def caller(asked, home):
    root = pathlib.Path(__file__).resolve().parents[2]

    def call(codes, *words):
        words = [asked.nta.resolve(), *words, "--home", home, "--quiet", "--json", "--threads", asked.threads]
        done = subprocess.run([str(word) for word in words], cwd=root, capture_output=True, text=True)
        if done.returncode not in codes:
            sys.exit(f"{' '.join(map(str, words))}: exit {done.returncode}\n{done.stderr}")
        return json.loads(done.stdout) if done.stdout else None

    return call


def pool(asked, call, home, seed, each):
    """Shuffled flows of a moved site: the header, benign ones, attacks."""
    flows = int(1.3 * (asked.judged + each * (asked.rows + asked.fresh)))
    sets = [f"flows={flows}", "attack_share=0.15", "families=[scan, fragment, exfiltration]", "days=14", "hosts=24"]
    call((0,), "simulate", "--seed", seed, *[word for one in sets for word in ("--set", one)], "-o", home / "site.csv")
    with (home / "site.csv").open(newline="") as file:
        header, *rows = csv.reader(file)
    size, service, label = (header.index(name) for name in ("src_bytes", "service", "label"))
    random.Random(seed).shuffle(rows)
    for i, row in enumerate(rows):
        row[size] = str(16 * int(row[size]))
        row[service] = "quic" if i % 4 == 0 else row[service]
    benign = [row for row in rows if row[label] == "benign"]
    return header, benign, [row for row in rows if row[label] != "benign"]


def repeat(asked, call, home, header, benign, attacks):
    """The true rate of the version in service after a baseline and a retraining, and whether the alias moved."""
    # Files of their own, as a site's are: the version names them.
    stem = f"{random.getrandbits(64):x}"
    base, fresh = home / f"base-{stem}.csv", home / f"fresh-{stem}.csv"
    write(base, header, benign[: asked.rows])
    write(fresh, header, benign[asked.rows :] + attacks)
    made = call((0,), "baseline", "loop/1", base, "--verified", "--accept", "--all-hosts")
    call((0,), "promote", made["model"], "--why", "a site of its own")
    decision = call((0, 3), "retrain", made["model"], fresh)["decision"]
    if decision["site"]["kept"]["from"] != made["model"] or decision["site"]["budget"] != BUDGET:
        sys.exit(f"{decision['challenger']} has lost the site's promise")
    in_service = call((0,), "models", "show", "loop@champion")["version"]
    found = rate(call, home, decision["challenger"])
    base.unlink(), fresh.unlink()
    return found, in_service == decision["challenger"]


def rate(call, home, model):
    return call((0,), "score", model, home / "judged.csv", "-o", home / "scored.parquet")["truth"]["hybrid"]["fpr"]


def write(path, header, rows):
    with path.open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])


if __name__ == "__main__":
    main()
