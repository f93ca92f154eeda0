#!/usr/bin/env python3
"""What a watch does when its disk is full, and when who is sent its alerts is dead or slow.

    scripts/check/watch_faults.py target/release/nta [--flows 12000]        (root: it mounts a small tmpfs)

- Full disk: alerts, flows and state stand on a disk of 12 MiB that something else fills while flows come. The watch must live, say
  that it waits, and once there is room write what an undisturbed watch writes, byte for byte.
- Dead webhook, with room for 1 MiB: the watch scores on, gives up the oldest alerts, counts them, and sends the rest when the
  webhook is there. Sent and given up are all alerts.
- Slow webhook (a second for each answer): no flow waits for it, and every alert arrives.
Ends with 1 where one of these is not so.
"""
import argparse, http.server, json, os, re, socket, subprocess, sys, tempfile, threading, time, urllib.request
from watch_kill import HEADER, line, train

FAILED = []


def said(what, holds, more=""):
    print(f"{'kept' if holds else 'NOT KEPT'}: {what} {more}")
    if not holds:
        FAILED.append(what)


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def wait_for(what, seconds=60):
    until = time.time() + seconds
    while time.time() < until:
        if what():
            return True
        time.sleep(0.1)
    return False


def metric(port, name):
    text = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5).read().decode()
    found = re.search(rf"^{name}(?:{{[^}}]*}})? ([0-9.e+-]+)$", text, re.M)
    return int(float(found.group(1))) if found else 0


class Watch:
    def __init__(self, nta, home, log, folder, *more):
        self.port, self.error = free_port(), tempfile.TemporaryFile("w+")
        self.args = [nta, "watch", "live", "gate=" + log, "--alerts", folder + "/alerts.json", "--flows", folder + "/flows.jsonl",
                     "--state", folder + "/state", "--home", home, "--rotate", "0", "--save-every", "0.3", *more]
        self.process = subprocess.Popen(self.args + ["--metrics", f"127.0.0.1:{self.port}"], stderr=self.error)

    def metric(self, name):
        try:
            return metric(self.port, name)
        except OSError:
            return 0

    def end(self):
        self.process.terminate()
        return self.process.wait(60)

    def said(self):
        self.error.seek(0)
        return self.error.read()


def hook(port, seconds):
    seen = set()

    class Hook(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            time.sleep(seconds)
            seen.update(alert["alert"]["metadata"]["nta_id"][0] for alert in body)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, seen


def full_disk(nta, home, log, n, whole):
    disk = os.path.join(home, "disk")
    os.mkdir(disk)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", disk], check=True)
    try:
        ballast = os.path.join(disk, "ballast")
        with open(ballast, "wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 4096)
            except OSError:
                pass
        watch = Watch(nta, home, log, disk)
        waited = wait_for(lambda: watch.metric("nta_no_room_total") > 3)
        lives = watch.process.poll() is None
        os.remove(ballast)
        done = wait_for(lambda: watch.metric("nta_flows_total") == n)
        code = watch.end()
        said("a full disk is waited for", waited and lives and "waiting     for room" in watch.said(), watch.said()[-300:] if not waited else "")
        same = all(open(os.path.join(disk, name)).read() == open(os.path.join(whole, name)).read() for name in ("alerts.json", "flows.jsonl"))
        said("what is written then is what an undisturbed watch writes", done and same, f"(exit {code})")
    finally:
        subprocess.run(["umount", disk], check=True)


def dead_webhook(nta, home, log, n, alerts):
    folder, port = os.path.join(home, "dead"), free_port()
    os.mkdir(folder)
    watch = Watch(nta, home, log, folder, "--webhook", f"http://127.0.0.1:{port}/", "--spool", "1")
    done = wait_for(lambda: watch.metric("nta_flows_total") == n)
    said("a dead webhook holds no flow", done)
    wait_for(lambda: watch.metric("nta_forward_given_up_total") > 0, 90)
    given_up = watch.metric("nta_forward_given_up_total")
    server, seen = hook(port, 0)
    all_told = wait_for(lambda: watch.metric("nta_forward_given_up_total") + watch.metric("nta_forwarded_total") == len(alerts), 120)
    given_up = watch.metric("nta_forward_given_up_total")
    said("each alert is sent or counted as given up", all_told and given_up > 0 and len(seen) == len(alerts) - given_up and seen <= alerts,
         f"({len(seen):,} sent, {given_up:,} given up of {len(alerts):,})")
    watch.end()
    server.shutdown()


def slow_webhook(nta, home, log, n, alerts):
    folder, port = os.path.join(home, "slow"), free_port()
    os.mkdir(folder)
    server, seen = hook(port, 1.0)
    watch = Watch(nta, home, log, folder, "--webhook", f"http://127.0.0.1:{port}/")
    done = wait_for(lambda: watch.metric("nta_flows_total") == n)
    said("a slow webhook holds no flow", done and len(seen) < len(alerts), f"({len(seen):,} of {len(alerts):,} had arrived when all flows were scored)")
    said("all alerts arrive there", wait_for(lambda: seen == alerts, 120))
    watch.end()
    server.shutdown()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("nta")
    parser.add_argument("--flows", type=int, default=12_000)
    asked = parser.parse_args()
    nta = os.path.abspath(asked.nta)
    with tempfile.TemporaryDirectory() as home:
        train(nta, home)
        whole, log = os.path.join(home, "whole"), os.path.join(home, "conn.log")
        os.mkdir(whole)
        with open(log, "w") as file:
            file.write(HEADER + "".join(map(line, range(asked.flows))))
        watch = [nta, "watch", "live", "gate=" + log, "--alerts", whole + "/alerts.json", "--flows", whole + "/flows.jsonl", "--state", whole + "/state",
                 "--home", home, "--rotate", "0", "--once", "--quiet"]
        subprocess.run(watch, check=True)
        alerts = {json.loads(text)["alert"]["metadata"]["nta_id"][0] for text in open(whole + "/alerts.json")}
        full_disk(nta, home, log, asked.flows, whole)
        dead_webhook(nta, home, log, asked.flows, alerts)
        slow_webhook(nta, home, log, asked.flows, alerts)
    sys.exit(1 if FAILED else 0)


if __name__ == "__main__":
    main()
