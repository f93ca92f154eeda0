#!/usr/bin/env python3
"""Whether `nta watch` keeps up with a busy network: flows a second, memory, latency, and nothing lost.

    scripts/check/watch_load.py target/release/nta [--rate 50000] [--seconds 600] [--entities 1000000] [--kill]

A model with an LSTM that follows each source is trained on simulated flows. A process of its own then appends so many flows a second
to a growing log, each of a host drawn among so many, and every half second a host that nobody has seen begins a simulated attack.
Scores depend on a host's own flows alone, so a short watch tells beforehand which flows of an attack are alerts. Held or not:

- the watch keeps up: when the last line is written, no more than two seconds of flows wait;
- memory is flat: once all hosts are in, no minute's highest is over 1.1 of the first one's;
- 99 of 100 alerts stand in the file within --latency seconds of their flow's line in the log;
- every flow is counted once, and every alert that was foretold stands there once.

--kill ends the watch with `kill -9` at least once in 45 seconds and begins it again; then alerts are late, and the rest holds. Ends with 1 where
one of these is not so. Two cores are loaded by the watch; the writer needs a tenth of one (shown).
"""
import argparse, collections, csv, datetime, hashlib, itertools, json, multiprocessing, os, random, struct, subprocess, sys, tempfile, threading, time
import urllib.request
from watch_faults import free_port

# Flows of an attack, and seconds between them.
EPISODE, SPACING = 12, 0.5
# Times a second that the writer appends.
TICKS = 20
COLUMNS = "time duration src dst src_port dst_port proto service state src_bytes dst_bytes src_pkts dst_pkts wrong_fragment".split()
HEADER = ",".join(COLUMNS) + "\n"
FAILED = []


def said(what, holds, more=""):
    print(f"{'held' if holds else 'NOT HELD'}: {what} {more}", flush=True)
    if not holds:
        FAILED.append(what)


def moment(micros):
    return datetime.datetime.fromtimestamp(micros // 1_000_000, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.") + f"{micros % 1_000_000:06}Z"


def halves(row):
    """A flow's line without its time and its source: what stands between them, and what follows."""
    return "," + row["duration"] + ",", "," + ",".join(row[name] for name in COLUMNS[3:]) + "\n"


def host(i):
    return f"10.{i >> 16 & 255}.{i >> 8 & 255}.{i & 255}" if i < 1 << 24 else f"11.{i >> 16 & 255}.{i >> 8 & 255}.{i & 255}"


def attacker(i):
    return f"172.{16 + (i >> 16)}.{i >> 8 & 255}.{i & 255}"


def id_of(number, source="gate"):
    return hashlib.sha256(source.encode() + b"\0" + struct.pack("<Q", number)).hexdigest()[:32]


def train(nta, home, asked):
    """A model called `busy`, and simulated flows: benign ones, and some of each attack."""
    flows, config = os.path.join(home, "flows.csv"), os.path.join(home, "busy.yaml")
    subprocess.run([nta, "simulate", "--seed", "3", "--set", "flows=60000", "-o", flows, "--quiet"], check=True)
    with open(config, "w") as out:
        out.write(f"name: busy\nchoice: off\ndata: {{ schema: nta, train: {flows} }}\n"
                  "split: { strategy: temporal, test: 0.3, validation: 0.1, calibration: 0.1, threshold: 0.1 }\n"
                  f"forest: {{ trees: {asked.trees} }}\n"
                  f"lstm: {{ hidden: {asked.hidden}, epochs: 2, sequence: {{ by: src, length: 32 }}, memory: {{ entities: {2 * asked.entities} }} }}\n"
                  "hybrid: { budget: { false_positive_rate: 0.001 } }\n")
    subprocess.run([nta, "run", config, "--home", home, "--quiet"], check=True, stdout=subprocess.DEVNULL)
    attacks, benign = collections.defaultdict(list), []
    for row in csv.DictReader(open(flows)):
        if row["family"] == "benign":
            benign.append(halves(row))
        else:
            attacks[row["family"]].append(halves(row))
    rng = random.Random(5)
    return rng.sample(benign, 400), [flows[:EPISODE] for flows in attacks.values() if len(flows) >= EPISODE]


class Schedule:
    """Which lines the log holds, tick by tick, and which attack's flow stands under which number: the same for every process that asks."""

    def __init__(self, benign, attacks, rate, entities, begun):
        self.benign, self.attacks, self.entities, self.begun = benign, attacks, entities, begun
        self.rng, self.per_tick, self.number, self.tick = random.Random(7), rate // TICKS, 0, 0
        self.hosts = [host(i) for i in range(entities)]
        self.every, self.between = TICKS // 2, round(TICKS * SPACING)

    def next(self):
        """A tick's lines, and (number, attack, flow of it) of those of attacks."""
        now = moment(self.begun + self.tick * (1_000_000 // TICKS))
        # The attacks under way: each began at a tick of its own, and shows a flow at this one.
        lines, marked = [], []
        for i in range(max(0, (self.tick - EPISODE * self.between) // self.every), self.tick // self.every + 1):
            age = self.tick - i * self.every
            if age % self.between == 0 and age < EPISODE * self.between:
                kind, step = i % len(self.attacks), age // self.between
                front, back = self.attacks[kind][step]
                marked.append((self.number + len(lines), kind, step))
                lines.append(now + front + attacker(i) + back)
        kinds, n = self.benign, self.per_tick - len(lines)
        draws = zip(self.rng.choices(kinds, k=n), self.rng.choices(self.hosts, k=n))
        lines += [now + front + src + back for (front, back), src in draws]
        self.tick += 1
        self.number += len(lines)
        return "".join(lines), marked


def write(path, schedule, seconds, told):
    """Appends in time; tells when each attack's flow was in the log, and in the end how late the writer was and what it took."""
    log, begun, worst = open(path, "ab", buffering=0), time.time(), 0.0
    for tick in range(round(seconds * TICKS)):
        text, marked = schedule.next()
        wait = begun + tick / TICKS - time.time()
        if wait > 0:
            time.sleep(wait)
        worst = max(worst, -wait)
        log.write(text.encode())
        now = time.time()
        for number, kind, step in marked:
            told.put((number, kind, step, now))
    times = os.times()
    told.put(("end", schedule.number, worst, (times.user + times.system) / (time.time() - begun)))


def watch_args(nta, home, folder, log, *more):
    at = lambda name: os.path.join(folder, name)
    return [nta, "watch", "busy", "gate=" + log, "--alerts", at("alerts.json"), "--state", at("state"), "--home", home, "--rotate", "0", "--reorder", "0", *more]


def foretell(nta, home, benign, attacks):
    """Benign kinds of flow that are no alerts, and which flows of which attacks are."""
    begun = int(time.time() * 1e6) // 1_000_000 * 1_000_000
    for turn in itertools.count():
        folder = os.path.join(home, f"before-{turn}")
        os.mkdir(folder)
        schedule, log, marked, kinds = Schedule(benign, attacks, 2_000, 1_000, begun), os.path.join(folder, "conn.log"), {}, []
        with open(log, "w") as out:
            out.write(HEADER)
            for _ in range(30 * TICKS):
                text, more = schedule.next()
                kinds += text.splitlines()
                out.write(text)
                marked |= {id_of(number): (kind, step) for number, kind, step in more}
        subprocess.run(watch_args(nta, home, folder, log, "--once", "--quiet"), check=True)
        ids = {json.loads(line)["alert"]["metadata"]["nta_id"][0] for line in open(os.path.join(folder, "alerts.json"))}
        found = collections.defaultdict(set)
        for id, flow in marked.items():
            found[flow].add(id in ids)
        # An attack's flow that is an alert of one host and none of another would be no measure.
        odd = [flow for flow, alerts in found.items() if len(alerts) > 1]
        if odd:
            sys.exit(f"the same flows of another host score otherwise: {odd}")
        loud = {tuple(kinds[number].split(",", 3)[i] for i in (1, 3)) for number in range(len(kinds)) if id_of(number) in ids and id_of(number) not in marked}
        if not loud or turn > 8:
            return benign, {flow for flow, alerts in found.items() if alerts == {True}}, len(loud)
        benign = [(front, back) for front, back in benign if (front[1:-1], back[1:-1]) not in loud]


class Alerts(threading.Thread):
    """Reads the file of alerts as it grows: when each was first seen there, and how often."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.path, self.seen, self.times, self.ends = path, {}, collections.Counter(), False

    def run(self):
        part, file = b"", None
        while True:
            ends = self.ends
            if file is None and os.path.exists(self.path):
                file = open(self.path, "rb")
            more = file.read() if file else b""
            now = time.time()
            *lines, part = (part + more).split(b"\n")
            for line in lines:
                at = line.index(b'"nta_id":["') + 11
                id = line[at:at + 32].decode()
                self.times[id] += 1
                self.seen.setdefault(id, now)
            if ends and not more:
                return
            time.sleep(0.005)


def resident(pid):
    try:
        for line in open(f"/proc/{pid}/status"):
            if line.startswith("VmRSS"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    return 0.0


def counted(port):
    try:
        text = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5).read().decode()
        return int(next(line for line in text.splitlines() if line.startswith("nta_flows_total ")).split()[1])
    except (OSError, StopIteration):
        return None


def cpu(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("nta")
    parser.add_argument("--rate", type=int, default=50_000, help="flows a second")
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--entities", type=int, default=1_000_000)
    parser.add_argument("--latency", type=float, default=1.0, help="seconds in which 99 of 100 alerts are to stand in the file")
    parser.add_argument("--trees", type=int, default=100)
    parser.add_argument("--hidden", type=int, default=32)
    parser.add_argument("--save-every", type=float, default=5.0)
    parser.add_argument("--kill", action="store_true")
    parser.add_argument("--kill-every", type=float, default=45.0, help="seconds between two kills, at most")
    asked = parser.parse_args()
    nta = os.path.abspath(asked.nta)
    with tempfile.TemporaryDirectory() as home:
        benign, attacks = train(nta, home, asked)
        benign, expected, loud = foretell(nta, home, benign, attacks)
        print(f"{len(benign)} kinds of benign flow, {loud} of them alerts; {len(attacks)} attacks of {EPISODE} flows, {len(expected)} of all are alerts", flush=True)
        if not expected:
            sys.exit("no flow of an attack is an alert: there is nothing to measure")
        folder, rng = os.path.join(home, "live"), random.Random(1)
        os.mkdir(folder)
        log, port = os.path.join(folder, "conn.log"), free_port()
        with open(log, "w") as out:
            out.write(HEADER)
        begun = int(time.time() * 1e6) // 1_000_000 * 1_000_000
        schedule, told = Schedule(benign, attacks, asked.rate, asked.entities, begun), multiprocessing.Queue()
        args = watch_args(nta, home, folder, log, "--quiet", "--save-every", str(asked.save_every), "--metrics", f"127.0.0.1:{port}")
        watch = subprocess.Popen(args)
        alerts = Alerts(os.path.join(folder, "alerts.json"))
        alerts.start()
        while counted(port) is None:
            time.sleep(0.1)
        writer = multiprocessing.Process(target=write, args=(log, schedule, asked.seconds, told))
        writer.start()
        due, written, minutes, began, kills, before = {}, None, [], time.time(), 0, (0, cpu(watch.pid))
        next_kill, next_minute, highest, states = time.time() + asked.kill_every * rng.uniform(0.5, 1), 60, 0.0, 0
        while written is None:
            time.sleep(1)
            highest = max(highest, resident(watch.pid))
            while not told.empty():
                number, kind, step, when = told.get()
                if number == "end":
                    written, late, share = kind, step, when
                elif (kind, step) in expected:
                    due[id_of(number)] = when
            if watch.poll() is not None:
                sys.exit(f"the watch ended by itself with {watch.returncode}")
            if time.time() - began >= next_minute or written is not None:
                n, took = counted(port) or 0, cpu(watch.pid)
                states = os.path.getsize(os.path.join(folder, "state")) / 1e6 if os.path.exists(os.path.join(folder, "state")) else 0
                minutes.append(highest)
                print(f"minute {len(minutes)}: {n:,} flows, {highest:,.0f} MB resident at most, {took - before[1]:.0f} s of processor, state {states:,.0f} MB", flush=True)
                before, highest, next_minute = (n, took), 0.0, next_minute + 60
            if asked.kill and written is None and time.time() > next_kill:
                watch.kill(); watch.wait()
                kills += 1
                watch, next_kill = subprocess.Popen(args), time.time() + asked.kill_every * rng.uniform(0.5, 1)
                before = (before[0], 0.0)
        waiting = written - (counted(port) or 0)
        until = time.time()
        while (counted(port) or 0) < written and time.time() < until + 120:
            time.sleep(0.1)
        behind, writer_took = time.time() - until, time.time() - began
        watch.terminate()
        ended = watch.wait(120)
        alerts.ends = True
        alerts.join()
        status = json.load(open(os.path.join(folder, "state.status.json")))
        flows = status["status"]["counts"]["flows"]
        print(f"written: {written:,} flows in {writer_took:.0f} s, {written / writer_took:,.0f} a second; the writer was {late:.2f} s late at most and took {100 * share:.0f} % of a core; {kills} kills")
        said("the watch keeps up", waiting <= 2 * asked.rate or kills, f"({max(waiting, 0):,} flows waited at the end, done {behind:.1f} s later)")
        # Every host has come by then, but for one in a thousand.
        all_in = int(asked.entities / asked.rate * 7 // 60) + 1
        if kills:
            print(f"memory: {max(minutes):,.0f} MB at most")
        elif len(minutes) > all_in + 1:
            flat = minutes[all_in:]
            said("memory is flat", max(flat) <= 1.1 * flat[0], f"({flat[0]:,.0f} MB in minute {all_in + 1}, {max(flat):,.0f} MB at most from there on)")
        latencies = sorted(alerts.seen[id] - when for id, when in due.items() if id in alerts.seen)
        if latencies:
            at = lambda share: latencies[int((len(latencies) - 1) * share)]
            told = f"(p50 {1000 * at(0.5):,.0f} ms, p99 {1000 * at(0.99):,.0f} ms, at most {1000 * latencies[-1]:,.0f} ms, {len(latencies):,} alerts)"
            said("alerts come in time", at(0.99) <= asked.latency or kills, told)
        said("every flow is counted once", flows == written and ended in (0, 143), f"({flows:,} of {written:,}, the watch ended with {ended})")
        missing, twice = [id for id in due if id not in alerts.seen], sum(n > 1 for n in alerts.times.values())
        said("every alert foretold is there once", not missing and not twice, f"({len(due) - len(missing):,} of {len(due):,}, {twice} twice, {len(alerts.times) - len(due):,} others)")
    sys.exit(1 if FAILED else 0)


if __name__ == "__main__":
    main()
