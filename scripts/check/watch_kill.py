#!/usr/bin/env python3
"""Whether `nta watch` keeps its word through kills: every flow scored once, every alert written once, sent at least once.

    scripts/check/watch_kill.py target/release/nta [--kills 50] [--flows 40000] [--seed 1] [--reorder 30] [--group 60]

A model is trained on simulated Zeek logs. A writer appends to conn.log, which is rotated on the way by renaming, and what was
renamed is packed later; a watch over it is killed (kill -9) at random moments and begun again. In the
end the files of alerts, of their flows and of all flows must be, byte for byte, those of one watch over the whole log, and a webhook that refuses
every third request must have been sent every alert. Ends with 1 otherwise.
"""
import argparse, gzip, http.server, json, os, random, shutil, subprocess, sys, tempfile, threading, time

FIELDS = ("ts uid id.orig_h id.orig_p id.resp_h id.resp_p proto service duration orig_bytes resp_bytes conn_state "
          "missed_bytes history orig_pkts orig_ip_bytes resp_pkts resp_ip_bytes").split()
HEADER = "#separator \\x09\n#path\tconn\n#fields\t" + "\t".join(FIELDS) + "\n"


def flow(i):
    host, turn = i % 10, i // 10
    attack = host % 3 == 0 and turn % 7 > 2
    size, state = (40 + turn % 3, "S0") if attack else (300 + (i * 7919) % 4000, "SF")
    return [f"{1_700_000_000 + i}.25", f"C{i}", f"10.0.0.{host}", 1024 + i % 5000, f"192.168.1.{i * 31 % 9}", 443, "tcp", "ssl",
            f"0.{1 + i % 9}", size, size * 2, state, 0, "ShAD", 1 + size // 100, size + 40, 1 + size // 50, 2 * size + 40], attack


def line(i):
    return "\t".join(map(str, flow(i)[0])) + "\n"


def train(nta, home):
    """A small model called `live` of such flows."""
    at = lambda *name: os.path.join(home, *name)
    with open(at("flows.csv"), "w") as table:
        table.write(",".join(FIELDS) + ",label\n")
        for i in range(6000):
            values, attack = flow(i)
            table.write(",".join(map(str, values)) + (",Malicious\n" if attack else ",Benign\n"))
    with open(at("live.yaml"), "w") as config:
        config.write(f"name: live\nchoice: off\ndata: {{ schema: zeek-conn, train: {at('flows.csv')}, accepted: [id.orig_p, orig_pkts, resp_pkts, conn_state] }}\n"
                     "split: { strategy: temporal, test: 0.3, validation: 0.1, calibration: 0.1, threshold: 0.1 }\n"
                     "forest: { trees: 10 }\nlstm: { hidden: 8, epochs: 2, sequence: { by: src, length: 16 } }\n"
                     "hybrid: { budget: { false_positive_rate: 0.1 } }\n")
    subprocess.run([nta, "run", at("live.yaml"), "--home", home, "--quiet"], check=True, stdout=subprocess.DEVNULL)


class Hook(http.server.BaseHTTPRequestHandler):
    seen, asked = {}, 0

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        Hook.asked += 1
        if Hook.asked % 3 == 0:
            self.send_response(503)
        else:
            for alert in json.loads(body):
                Hook.seen.setdefault(alert["alert"]["metadata"]["nta_id"][0], set()).add(json.dumps(alert))
            self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def in_disorder(n, seconds):
    """Flow numbers in an order in which each stands some seconds from its own."""
    by = max(1, int(seconds * 0.8))
    return sorted(range(n), key=lambda i: i + i * 11 % by)


def write_log(path, order, done, seconds):
    """Appends `n` flows within `seconds`, and rotates after each fifth."""
    log, rotations = open(path, "a"), 0
    log.write(HEADER)
    n = len(order)
    step = max(1, n // 400)
    for i in range(0, n, step):
        text = "".join(map(line, order[i:i + step]))
        half = len(text) // 2
        log.write(text[:half]); log.flush()
        time.sleep(seconds / 400)
        log.write(text[half:]); log.flush()
        if (i // step) % 80 == 79:
            rotations += 1
            if rotations % 2:
                os.rename(path, f"{path}.{rotations}")
                log.close()
                if rotations > 2:
                    old = f"{path}.{rotations - 2}"
                    if os.path.exists(old):
                        with open(old, "rb") as plain, gzip.open(old + ".gz", "wb") as packed:
                            shutil.copyfileobj(plain, packed)
                        stamp = os.stat(old)
                        os.utime(old + ".gz", ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
                        os.remove(old)
            else:
                log.close()
                os.rename(path, f"{path}.{rotations}")
            log = open(path, "w")
            log.write(HEADER); log.flush()
    log.close()
    done.set()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("nta")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--flows", type=int, default=40_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--reorder", type=float, default=0, help="the window that puts flows in order, which come out of it then")
    parser.add_argument("--group", type=float, default=0, help="the window in which alerts of one host are one")
    asked = parser.parse_args()
    rng, nta = random.Random(asked.seed), os.path.abspath(asked.nta)
    with tempfile.TemporaryDirectory() as home:
        at = lambda *name: os.path.join(home, *name)
        train(nta, home)
        os.mkdir(at("whole")); os.mkdir(at("live"))
        with open(at("whole", "conn.log"), "w") as log:
            order = in_disorder(asked.flows, asked.reorder)
            log.write(HEADER + "".join(map(line, order)))
        watch = lambda folder, *more: [nta, "watch", "live", "gate=" + at(folder, "conn.log"), "--alerts", at(folder, "alerts.json"), "--flows",
                                       at(folder, "flows.jsonl"), "--state", at(folder, "state"), "--home", home, "--rotate", "0",
                                       "--reorder", str(asked.reorder), "--group", str(asked.group), *more]
        subprocess.run(watch("whole", "--once", "--quiet"), check=True)

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        hook = ("--webhook", f"http://127.0.0.1:{server.server_port}/")
        done = threading.Event()
        open(at("live", "conn.log"), "w").close()
        threading.Thread(target=write_log, args=(at("live", "conn.log"), order, done, asked.kills * 0.5), daemon=True).start()
        kills = 0
        while kills < asked.kills:
            process = subprocess.Popen(watch("live", "--save-every", "0.2", "--quiet", *hook))
            time.sleep(rng.uniform(0.05, 1.2))
            if process.poll() is not None:
                sys.exit(f"the watch ended by itself with {process.returncode}")
            process.kill(); process.wait()
            kills += 1
        done.wait()
        alerts = {json.loads(text)["alert"]["metadata"]["nta_id"][0] for text in open(at("whole", "alerts.json"))}
        # A watch that ends tries a refused batch no second time; the next one does.
        for _ in range(400):
            subprocess.run(watch("live", "--once", "--quiet", *hook), check=True)
            if alerts <= set(Hook.seen):
                break
        wrong = 0
        for name in ("alerts.json", "flows.jsonl", "state.flagged.jsonl"):
            whole, live = (open(at(folder, name)).readlines() for folder in ("whole", "live"))
            same = whole == live
            wrong += not same
            print(f"{name}: {len(live):,} lines of {len(whole):,}, {'the same' if same else 'OTHERS'}; {len(live) - len(set(live))} twice")
        missing, odd = alerts - set(Hook.seen), [id for id, texts in Hook.seen.items() if len(texts) > 1 or id not in alerts]
        print(f"webhook: {len(alerts) - len(missing):,} of {len(alerts):,} alerts arrived, {len(odd)} with another text, {Hook.asked} requests")
        wrong += bool(missing) + bool(odd)
        print(f"{kills} kills, seed {asked.seed}: {'kept' if not wrong else 'NOT KEPT'}")
        sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
