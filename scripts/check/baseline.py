#!/usr/bin/env python3
"""Whether a site's promise is kept as often as it says: repeated baselines of i.i.d. simulated traffic, true rates known.

    scripts/check/baseline.py target/release/nta [--repeats 200] [--rows 3000] [--fresh 1000000] [--seed 1]

One model is trained, with a density. Benign flows of another site, of many simulated weeks, are shuffled: each repeat takes
its baseline from one pool without overlap, and the rate of false alarms is read off flows of another pool. Ends with 1 unless
at least 184 of 200 repeats (as large a share of others) are within the budget and the median rate is at least .7 of it. Then
the same where each baseline is the flows of some hosts alone (--hosts, as many from each): such a baseline promises more than the
budget where it has to; of those of fewer than 29 hosts 19 in 20 have to keep what they promised, for the flows of all hosts, as 95 % says.
"""
import argparse, csv, json, os, random, statistics, subprocess, sys, tempfile
from collections import defaultdict

BUDGET = 0.01
THREADS = []


def nta(program, home, *arguments):
    done = subprocess.run([program, *arguments, "--home", home, "--quiet", *THREADS], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"nta {' '.join(arguments)}: {done.stderr}")
    return done.stdout


def benign(program, home, folder, seed, flows):
    """Benign flows of one simulated site and stretch of weeks, by host."""
    path = os.path.join(folder, f"site-{seed}.csv")
    sets = [word for one in (f"flows={flows}", "attack_share=0", "days=28") for word in ("--set", one)]
    nta(program, home, "simulate", "--seed", str(seed), *sets, "-o", path)
    with open(path, newline="") as file:
        rows = list(csv.reader(file))
    os.remove(path)
    return rows[0], rows[1:]


def write(path, header, rows):
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows([header, *rows])


def rate(program, home, model, path, out):
    told = json.loads(nta(program, home, "score", model, path, "-o", out, "--json"))
    return told["truth"]["hybrid"]["fpr"]


def repeats(program, home, folder, header, draws, fresh):
    """The true rate of each repeat, and what was promised."""
    rates = []
    for i, rows in enumerate(draws):
        path = os.path.join(folder, "baseline.csv")
        write(path, header, rows)
        made = json.loads(nta(program, home, "baseline", "site/1", path, "--verified", "--accept", "--json"))
        rates.append((rate(program, home, made["model"], fresh, os.path.join(folder, "scored.parquet")), made["site"]["budget"]))
        site = made["site"]
        print(f"{i + 1} {rates[-1][0]:.5f} of {rates[-1][1]:.5f}, {site['units']}, {(site['choice'] or {}).get('chosen')} "
              f"{(site['choice'] or {}).get('rivals')}", file=sys.stderr, flush=True)
    return rates


def told(name, rates):
    within, kept = sum(r <= BUDGET for r, _ in rates), sum(r <= promised for r, promised in rates)
    median = statistics.median(r for r, _ in rates)
    promised = statistics.median(promised for _, promised in rates)
    print(f"{name}: {within} of {len(rates)} within {BUDGET:.0%}, {kept} within what they promise (median {promised:.4f}); "
          f"median {median:.5f}, highest {max(rates)[0]:.5f}", flush=True)
    return within, kept, median


def main():
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("nta")
    asked.add_argument("--repeats", type=int, default=200)
    asked.add_argument("--rows", type=int, default=3_000)
    asked.add_argument("--fresh", type=int, default=1_000_000)
    asked.add_argument("--hosts", type=int, nargs="*", default=[3, 8, 20, 40], help="baselines of so many hosts alone")
    asked.add_argument("--host-repeats", type=int, default=20)
    asked.add_argument("--threads", type=int, default=2)
    asked.add_argument("--seed", type=int, default=1, help="of the site's flows and of the draws")
    asked.add_argument("--set", action="append", default=[], help="a setting of the training run")
    asked = asked.parse_args()
    THREADS[:] = ["--threads", str(asked.threads)]
    with tempfile.TemporaryDirectory() as folder:
        home = os.path.join(folder, "home")
        os.mkdir(home)
        sets = ["name=site", "density={}", "hybrid.combine={ surprise_of: [forest, novelty] }"]
        sets += ["lstm.sequence.length=1", "lstm.epochs=1", "lstm.hidden=8", "data.train={ simulate: { flows: 40000 } }"]
        sets = [word for one in sets + asked.set for word in ("--set", one)]
        root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
        nta(asked.nta, home, "run", os.path.join(root, "configs", "quickstart.yaml"), *sets)

        rng = random.Random(asked.seed)
        header, all_rows = benign(asked.nta, home, folder, 10 + asked.seed, asked.repeats * asked.rows + asked.fresh)
        rng.shuffle(all_rows)
        fresh = os.path.join(folder, "fresh.csv")
        write(fresh, header, all_rows[: asked.fresh])
        pool = all_rows[asked.fresh :]
        n = min(asked.repeats, len(pool) // asked.rows)
        draws = (pool[i * asked.rows : (i + 1) * asked.rows] for i in range(n))
        within, _, median = told("i.i.d. flows", repeats(asked.nta, home, folder, header, draws, fresh))

        by_host = defaultdict(list)
        for row in pool:
            by_host[row[header.index("src")]].append(row)
        hosts, broken = sorted(host for host, rows in by_host.items() if len(rows) >= asked.rows // 10), False

        def of_hosts(many):
            for _ in range(asked.host_repeats):
                drawn = rng.sample(hosts, min(many, len(hosts)))
                yield [row for host in drawn for row in rng.sample(by_host[host], min(len(by_host[host]), asked.rows // many))]

        for many in asked.hosts:
            _, kept, _ = told(f"flows of {many} of {len(hosts)} hosts", repeats(asked.nta, home, folder, header, of_hosts(many), fresh))
            broken |= many < 29 and kept < 0.95 * asked.host_repeats
        return broken or within < 0.92 * n or median < 0.7 * BUDGET


if __name__ == "__main__":
    sys.exit(main())
