#!/usr/bin/env python3
"""Whether `nta score --resume` goes on where it was: killed at random moments, its output is that of one undisturbed call.

    scripts/check/score_kill.py target/release/nta [--kills 50] [--flows 200000] [--seed 1]

Two models are trained on simulated flows: one that takes them as they stand in the file (Zeek logs, two of them, one packed),
one that must put them in order first (Argus). Each scores in turn into every format, with and without `--only-flagged`,
`--explain` and `--columns`; the call is killed (kill -9, sometimes SIGINT or SIGTERM) at a random moment and made again, until
it ends. Then its output must be, byte for byte, that of the same call without `--resume`, its counts too, and nothing may be left
beside it. Ends with 1 otherwise.
"""
import argparse, gzip, json, os, random, signal, subprocess, sys, tempfile, time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from watch_kill import HEADER, line, train

CASES = [  # model, output, further options
    ("live", "scored.csv", []),
    ("argus", "scored.csv", []),
    ("live", "scored.jsonl", ["--explain", "--only-flagged"]),
    ("argus", "scored.parquet", ["--summary"]),
    ("live", "scored.parquet", ["--only-flagged"]),
    ("argus", "scored.jsonl", ["--only-flagged", "--bad-rows", "set-aside"]),
    ("live", "scored.csv.gz", ["--columns", "uid,service", "--batch", "1000"]),
    ("live", "scored.jsonl.zst", ["--summary"]),
]
ARGUS = "StartTime,Dur,Proto,SrcAddr,Sport,Dir,DstAddr,Dport,State,sTos,dTos,TotPkts,TotBytes,SrcBytes,Label\n"


def argus(i, n):
    """Sorted by start, as Argus writes; the long ones end long after what follows them."""
    host, turn = i % 10, i // 10
    attack = host % 3 == 0 and turn % 7 > 2
    at = time.strftime("%Y/%m/%d %H:%M:%S", time.gmtime(1_313_500_000 + i // 8)) + f".{i % 8 * 125000:06d}"
    lasts, size, state = (0.5, 40 + turn % 3, "S_") if attack else (0.1 + i * 7919 % 3000 / 10, 300 + i * 7919 % 4000, "CON")
    label = "flow=From-Botnet-V42-TCP-Attempt" if attack else "flow=Background-TCP-Established"
    return f"{at},{lasts},tcp,10.0.0.{host},{1024 + i % 5000},   ->,192.168.1.{i * 31 % 9},443,{state},0,0,{3 + size // 50},{size * 2},{size},{label}\n"


def prepare(nta, home, flows):
    at = lambda name: os.path.join(home, name)
    train(nta, home)
    with open(at("argus.yaml"), "w") as config, open(at("train.binetflow"), "w") as table:
        table.write(ARGUS + "".join(argus(i, 20_000) for i in range(20_000)))
        config.write(f"name: argus\ndata: {{ schema: ctu13, train: {at('train.binetflow')}, benign: [Background, Normal], accepted: [State, TotBytes, SrcBytes, TotPkts, Dur] }}\n"
                     "split: { strategy: temporal, test: 0.3, validation: 0.1, calibration: 0.1, threshold: 0.1 }\n"
                     "forest: { trees: 10 }\nlstm: { hidden: 8, epochs: 2, sequence: { by: src, length: 16 } }\n"
                     "hybrid: { budget: { false_positive_rate: 0.1 } }\n")
    subprocess.run([nta, "run", at("argus.yaml"), "--home", home, "--quiet"], check=True, stdout=subprocess.DEVNULL)
    with open(at("one.log"), "w") as one, gzip.open(at("two.log.gz"), "wt") as two, open(at("fresh.binetflow"), "w") as fresh:
        one.write(HEADER + "".join(map(line, range(flows // 2))))
        two.write(HEADER + "".join(map(line, range(flows // 2, flows))))
        fresh.write(ARGUS)
        for i in range(flows):
            fresh.write("not,a,flow\n" if i % 50_000 == 777 else argus(i, flows))
    with open(at("fresh.binetflow")) as all_, open(at("clean.binetflow"), "w") as clean:
        clean.writelines(text for text in all_ if text != "not,a,flow\n")


def told(text):
    """What a call says of the rows, without what may differ."""
    return {key: value for key, value in json.loads(text).items() if key not in ("resumed", "seconds", "output", "rejects")}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("nta")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--flows", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    rng, nta = random.Random(asked.seed), os.path.abspath(asked.nta)
    with tempfile.TemporaryDirectory() as home:
        prepare(nta, home, asked.flows)
        kills, calls, gone_on, wrong, case = 0, 0, 0, 0, 0
        while kills < asked.kills:
            model, name, more = CASES[case % len(CASES)]
            inputs = ["one.log", "two.log.gz"] if model == "live" else ["fresh.binetflow" if "--bad-rows" in more else "clean.binetflow"]
            whole, folder = os.path.join(home, f"whole{case}"), os.path.join(home, f"killed{case}")
            os.mkdir(whole); os.mkdir(folder)
            call = lambda to: [nta, "score", model, *(os.path.join(home, input) for input in inputs), "-o", os.path.join(to, name),
                               "--home", home, "--json", "--quiet", *more]
            begun = time.time()
            expected = subprocess.run(call(whole), check=True, stdout=subprocess.PIPE).stdout
            took, here = time.time() - begun, 0
            while True:
                process = subprocess.Popen(call(folder) + ["--resume", "--save-every", "0.05"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                # The last call of a case is let through, and one whose case was killed often.
                patience = rng.uniform(0.02, took * 1.2) if kills < asked.kills and here < 12 else None
                try:
                    out, err = process.communicate(timeout=patience)
                    break
                except subprocess.TimeoutExpired:
                    process.send_signal(rng.choice([signal.SIGKILL] * 4 + [signal.SIGINT, signal.SIGTERM]))
                    process.communicate()
                    kills, here = kills + 1, here + 1
            calls += 1
            if process.returncode:
                sys.exit(f"{name}: ended with {process.returncode}: {err.decode()}")
            gone_on += json.loads(out).get("resumed") is not None
            contents = lambda to: {found: open(os.path.join(to, found), "rb").read() for found in sorted(os.listdir(to))}
            theirs, ours = contents(whole), contents(folder)
            # What a killed call was writing is taken away when the same output is written two seconds later or more.
            unfinished = [found for found in ours if found.startswith(".nta-tmp-")]
            differing = [found for found in {*theirs, *ours}.difference(unfinished) if theirs.get(found) != ours.get(found)]
            same = not differing and told(out) == told(expected)
            wrong += not same
            print(f"{model} -> {name} {' '.join(more)}: {here} kills, resumed behind {json.loads(out).get('resumed', 0):,} of {asked.flows:,}, "
                  f"{'the same' if same else f'OTHERS {differing}'}, {len(unfinished)} unfinished files of killed calls left", flush=True)
            case += 1
        print(f"{kills} kills in {calls} jobs, {gone_on} went on behind rows that were kept, seed {asked.seed}: {'kept' if not wrong else 'NOT KEPT'}")
        sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
