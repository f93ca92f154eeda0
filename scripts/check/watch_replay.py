#!/usr/bin/env python3
"""Whether a watch scores as `nta score` does, bit for bit, on real traffic replayed into it.

    scripts/check/watch_replay.py target/release/nta --data DATA [--flows 60000]

From DATA (as scripts/fetch_data.sh makes it) the first flows of each capture are taken, a small
model of each kind is trained on them, and the same flows are scored by `nta score` and by `nta watch`: the whole at once, and
appended piece by piece while it runs. CTU-13's flows stand in order of their starts and are scored in that of their ends, so
the watch is given a window as wide as its longest flow. Ends with 1 where a score differs in any bit, or a flow is missing.
"""
import argparse, gzip, hashlib, json, os, struct, subprocess, sys, tempfile, time


# Schema, file, and a window of seconds that no flow of it outlasts; none where the sensor wrote flows as they ended.
CAPTURES = [("ctu13", "ctu13/capture20110816.binetflow.gz", 4_000), ("zeek-conn", "iot-23/CTU-Malware-Capture-34-1-labeled.csv", 0)]


def lines_of(path, n):
    opened = gzip.open if path.endswith(".gz") else open
    with opened(path, "rt", errors="replace") as file:
        return [line for line, _ in zip(file, range(n))]


def replay(nta, home, name, lines, config, reorder):
    at = lambda *parts: os.path.join(home, *parts)
    whole = at(f"{name}.flows")
    with open(whole, "w") as file:
        file.writelines(lines)
    with open(at(f"{name}.yaml"), "w") as file:
        file.write(f"name: {name}\ndata: {{ schema: {name}, train: {whole} }}\n" + config)
    subprocess.run([nta, "run", at(f"{name}.yaml"), "--home", home, "--quiet"], check=True, stdout=subprocess.DEVNULL)
    scored = at(f"{name}-scored.jsonl")
    subprocess.run([nta, "score", name, whole, "-o", scored, "--sensor", "gate", "--home", home, "--quiet"], check=True, stdout=subprocess.DEVNULL)
    bits = lambda flow: tuple(struct.pack("<f", flow[member]) for member in ("forest", "lstm", "hybrid"))
    batch = [bits(json.loads(line)) for line in open(scored)]
    wrong = 0
    for way in ("whole", "pieces"):
        folder = at(f"{name}-{way}")
        os.mkdir(folder)
        log = os.path.join(folder, "flows.log")
        args = [nta, "watch", name, "gate=" + log, "--alerts", folder + "/alerts.json", "--flows", folder + "/flows.jsonl", "--state", folder + "/state",
                "--home", home, "--rotate", "0", "--reorder", str(reorder), "--reorder-rows", "5000000", "--quiet"]
        if way == "whole":
            with open(log, "w") as file:
                file.writelines(lines)
        else:
            with open(log, "w") as file:
                file.writelines(lines[:100])
            for begun in range(100, len(lines), len(lines) // 4):
                watch = subprocess.Popen(args + ["--save-every", "0.2", "--batch", "999"])
                with open(log, "a") as file:
                    for i in range(begun, min(len(lines), begun + len(lines) // 4), 500):
                        file.writelines(lines[i:min(i + 500, begun + len(lines) // 4)])
                        file.flush()
                        time.sleep(0.01)
                time.sleep(1)
                watch.kill(); watch.wait()
        subprocess.run(args + ["--once"], check=True)
        live = [json.loads(line) for line in open(folder + "/flows.jsonl")]
        # In the order of the file: ids are of the place in the source.
        by_id = {flow["nta_id"]: bits(flow) for flow in live}
        ids = [hashlib.sha256(b"gate\0" + struct.pack("<Q", i)).hexdigest()[:32] for i in range(len(batch))]
        differ = sum(by_id.get(id) != scores for id, scores in zip(ids, batch))
        missing = sum(id not in by_id for id in ids)
        same = not differ and len(live) == len(by_id) == len(batch)
        wrong += not same
        print(f"{name}, {way}: {len(live):,} flows of {len(batch):,}, {missing} missing, {differ} with other scores: {'the same bits' if same else 'OTHERS'}")
    return wrong


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("nta")
    parser.add_argument("--data", required=True)
    parser.add_argument("--flows", type=int, default=250_000)
    asked = parser.parse_args()
    nta = os.path.abspath(asked.nta)
    small = ("choice: off\nsplit: { strategy: blocked, test: 0.3, validation: 0.1, calibration: 0.1, threshold: 0.1 }\nforest: { trees: 10 }\n"
             "lstm: { hidden: 8, epochs: 1, sequence: { by: src, length: 16 } }\nhybrid: { budget: { false_positive_rate: 0.05 } }\n")
    wrong = 0
    with tempfile.TemporaryDirectory() as home:
        for schema, file, reorder in CAPTURES:
            wrong += replay(nta, home, schema, lines_of(os.path.join(asked.data, file), asked.flows + 1), small, reorder)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
