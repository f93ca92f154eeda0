#!/usr/bin/env python3
"""Whether evaluation, batch scoring and a watch say the same of real traffic, bit for bit.

    scripts/check/watch_replay.py target/release/nta --data DATA [--set KEY=VALUE…]      (needs pyarrow)

Of configs/ctu13.yaml and configs/iot-23.yaml, run with a small model unless --set says otherwise, the test rows are written to files of their
own. Their scores by the run's evaluation (predictions.parquet), by `nta score`, by `nta score --batch 1`, and by `nta watch` over
the whole at once and over logs that grow piece by piece while it is killed and begun anew must be the same bits. CTU-13's flows
stand in order of their starts and are scored in that of their ends, so the watch is given a window as wide as its longest flow.
Ends with 1 where a score differs or a flow is missing.
"""
import argparse, glob, gzip, hashlib, json, os, struct, subprocess, sys, tempfile, time

import pyarrow.parquet

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
SMALL = ["choice=off", "forest.trees=10", "lstm.hidden=8", "lstm.epochs=1"]
MEMBERS = ("forest", "lstm", "hybrid")
# Name, where its files are, and a window of seconds that no flow of it outlasts; none where the sensor wrote flows as they ended.
SETS = [("ctu13", "ctu13", 4_000), ("iot-23", "iot-23", 0)]


def bits(flow):
    return tuple(struct.pack("<f", flow[member]) for member in MEMBERS)


def lines_of(path):
    with (gzip.open if path.endswith(".gz") else open)(path, "rt", errors="replace", newline="") as file:
        return file.readlines()


def test_rows(home, name, data):
    """The lines of the test rows and their scores by the evaluation: by file, in its order, behind its header."""
    table = pyarrow.parquet.read_table(glob.glob(os.path.join(home, "experiments", name, "*", "predictions.parquet"))[0])
    scores, lines, whole = {}, {}, {}
    for flow in table.to_pylist():
        file = flow["file"]
        if file not in whole:
            whole[file] = lines_of(os.path.join(data, os.path.basename(file)))
            lines[file] = [whole[file][0]]
            scores[file] = []
        scores[file].append(bits(flow))
        # Of the files here, each line behind the header is a row.
        lines[file].append(whole[file][flow["row"] + 1])
    return lines, scores


def hold(name, what, found, expected):
    """Scores by file."""
    n = sum(map(len, expected.values()))
    differ = sum(a != b for file in expected for a, b in zip(found.get(file, []), expected[file]))
    missing = sum(abs(len(expected.get(file, [])) - len(found.get(file, []))) for file in {*expected, *found})
    print(f"{name}, {what}: {n:,} flows, {missing} missing, {differ} with other scores: {'the same bits' if not differ and not missing else 'OTHERS'}", flush=True)
    return int(differ > 0 or missing != 0)


def in_batches(nta, home, name, files, scores, more):
    output = os.path.join(home, "scored.jsonl")
    subprocess.run([nta, "score", name, *files.values(), "-o", output, "--home", home, "--quiet", *more], check=True, stdout=subprocess.DEVNULL)
    with open(output) as scored:
        return {file: [bits(json.loads(next(scored))) for _ in scores[file]] for file in files} | ({"more": [0]} if next(scored, None) else {})


def write_on(logs, lines, pieces, piece):
    """The next part of every log, half a line at a time now and then."""
    for file, log in logs.items():
        part = "".join(lines[file][len(lines[file]) * piece // pieces:len(lines[file]) * (piece + 1) // pieces])
        with open(log, "a", newline="") as out:
            for at in range(0, len(part), 50_021):
                out.write(part[at:at + 50_021])
                out.flush()
                time.sleep(0.01)


def watched(nta, home, name, folder, lines, reorder, pieces):
    os.mkdir(folder)
    logs = {file: os.path.join(folder, f"{i}.log") for i, file in enumerate(lines)}
    for log in logs.values():
        open(log, "w").close()
    args = [nta, "watch", name, *logs.values(), "--alerts", folder + "/alerts.json", "--flows", folder + "/flows.jsonl", "--state", folder + "/state",
            "--home", home, "--rotate", "0", "--reorder", str(reorder), "--reorder-rows", "5000000", "--quiet"]
    for piece in range(pieces):
        if pieces == 1:
            write_on(logs, lines, pieces, piece)
            continue
        process = subprocess.Popen(args + ["--save-every", "0.2", "--batch", "999"])
        write_on(logs, lines, pieces, piece)
        time.sleep(1)
        process.kill(); process.wait()
    subprocess.run(args + ["--once"], check=True)
    by_id, n = {}, 0
    for n, line in enumerate(open(folder + "/flows.jsonl"), 1):
        flow = json.loads(line)
        by_id[flow["nta_id"]] = bits(flow)
    # Ids are of the source and the place in it.
    id_of = lambda log, i: hashlib.sha256(os.path.basename(log).encode() + b"\0" + struct.pack("<Q", i)).hexdigest()[:32]
    found = {file: [by_id.pop(id_of(log, i), None) for i in range(len(lines[file]) - 1)] for file, log in logs.items()}
    return found | ({"more": [0]} if by_id or n != sum(map(len, found.values())) else {})


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("nta")
    parser.add_argument("--data", required=True)
    parser.add_argument("--set", action="append", help="a key of the config, in place of those that make the model small")
    asked = parser.parse_args()
    nta, data = os.path.abspath(asked.nta), os.path.abspath(asked.data)
    sets = [word for key in asked.set or SMALL for word in ("--set", key)]
    wrong = 0
    with tempfile.TemporaryDirectory() as home:
        for name, where, reorder in SETS:
            config = os.path.join(ROOT, "configs", name + ".yaml")
            subprocess.run([nta, "run", config, *sets, "--home", home, "--quiet"], check=True, stdout=subprocess.DEVNULL, env={**os.environ, "NTA_DATA": data})
            lines, scores = test_rows(home, name, os.path.join(data, where))
            files = {}
            for i, file in enumerate(lines):
                files[file] = os.path.join(home, f"{name}-{i}.flows")
                with open(files[file], "w", newline="") as out:
                    out.writelines(lines[file])
            wrong += hold(name, "nta score", in_batches(nta, home, name, files, scores, []), scores)
            wrong += hold(name, "nta score --batch 1", in_batches(nta, home, name, files, scores, ["--batch", "1"]), scores)
            for what, pieces in (("nta watch, the whole", 1), ("nta watch, in pieces, killed between", 4)):
                wrong += hold(name, what, watched(nta, home, name, os.path.join(home, f"{name}-{pieces}"), lines, reorder, pieces), scores)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
