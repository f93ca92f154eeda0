#!/usr/bin/env python3
"""The inbox of a watch that has alerted a million times: how long a page takes, how much memory it holds, what a restart finds.

    scripts/check/serve/inbox.py --nta target/release/nta [--alerts 1000000] [--home DIR]

Writes a watch's files by itself, spread over renamed ones, with a quarter of the alerts folded into groups by the watch. Holds: every
alert is found, and those beyond the last million are let go and counted; any page in either order, folded or not, of any state, host, reason and time,
within 300 ms; memory under 250 MB; a mark on 10,000 alerts within 2 s, found again after kill -9; what comes meanwhile within 2 s
of being written. Some 1.1 KB a alert below --home (a temporary folder when not given).
"""

import hashlib
import json
import random
import time
import urllib.parse

from serving import Checks, Server, asked_for, working

LIMIT, MOST_MB, HELD = 0.3, 250, 1_000_000
BEGIN = 1_700_000_000_000_000
KINDS = ["dst_port", "orig_bytes", "conn_state", "duration", "history"]


def stamp(micros):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(micros // 1_000_000)) + f".{micros % 1_000_000:06}+0000"


def alert(n, draw):
    """The `n`th alert, as the watch writes it."""
    identity = hashlib.sha256(f"gate{n}".encode()).hexdigest()[:32]
    micros = BEGIN + n * 250_000
    told = {"nta_id": [identity], "nta_group": [identity], "nta_sensor": ["gate"], "nta_model": ["office/1"], "nta_digest": ["0" * 64],
            "nta_score": [f"{0.5 + draw.random() / 2:.6f}"], "nta_threshold": ["0.5"], "nta_score_forest": ["0.61"],
            "nta_score_lstm": ["0.72"], "nta_reasons": [f"{draw.choice(KINDS)} +0.2", "proto +0.1"], "zeek_uid": [f"C{n}"]}
    return identity, micros, {
        "timestamp": stamp(micros), "flow_id": n, "event_type": "alert", "src_ip": host(draw), "dest_ip": f"192.168.1.{n % 200}",
        "src_port": 1024 + n % 60_000, "dest_port": 443, "proto": "TCP",
        "alert": {"action": "allowed", "gid": 8470, "signature_id": 8470001, "rev": 1, "signature": "NTA flow scored as an attack",
                  "category": "Misc Attack", "severity": 2, "metadata": told}}


def host(draw):
    """Few hosts alert much, and many once."""
    return f"10.0.0.{draw.randrange(50)}" if draw.random() < 0.7 else f"10.{draw.randrange(1, 250)}.{draw.randrange(250)}.{draw.randrange(250)}"


class Spool:
    def __init__(self, folder):
        folder.mkdir(parents=True)
        self.folder, self.draw, self.n = folder, random.Random(7), 0
        self.path = folder / "alerts.json"

    def write(self, alerts):
        with open(self.path, "a") as file:
            for _ in range(alerts):
                identity, micros, line = alert(self.n, self.draw)
                self.n += 1
                file.write(json.dumps(line, separators=(",", ":")) + "\n")
                if self.n % 4 == 0:
                    line["alert"]["signature_id"] = 8470002
                    told = line["alert"]["metadata"]
                    told["nta_id"], told["nta_group_count"] = [identity[::-1]], ["7"]
                    told["nta_group_first"], told["nta_group_last"] = [stamp(micros)], [stamp(micros + 30_000_000)]
                    file.write(json.dumps(line, separators=(",", ":")) + "\n")
        return identity

    def rename(self, n):
        self.path.rename(self.path.with_name(f"alerts.json.{n}"))

    def stands(self):
        kept = {"written": int(time.time() * 1000), "alerts": str(self.path)}
        (self.folder / "watch.state.status.json").write_text(json.dumps(kept))


class Page:
    def __init__(self, server):
        self.server, self.connection = server, server.connect()

    def get(self, path, **query):
        begun = time.perf_counter()
        answer = self.server.ask("GET", f"/api/v1/live/gate{path}?" + urllib.parse.urlencode(query), connection=self.connection)
        seconds = time.perf_counter() - begun
        if answer.status != 200:
            raise SystemExit(f"{path} {query}: {answer.status} {answer.body[:300]!r}")
        return answer.json(), seconds

    def all_read(self, n, seconds=600):
        until = time.time() + seconds
        while time.time() < until:
            view, _ = self.get("")
            if not view["reading"] and view["alerts"] == n:
                return
            time.sleep(0.1)
        raise SystemExit(f"{n} alerts are wanted: {view}")


def main():
    parser = asked_for(__doc__)
    parser.add_argument("--alerts", type=int, default=1_000_000)
    parser.add_argument("--home", help="a folder that is not there yet, and stays")
    options = parser.parse_args()
    with working("inbox", options.home) as work:
        run(options.nta, options.alerts, work)


def run(binary, alerts, work):
    checks, spool = Checks(), Spool(work / "spool")
    for part in range(1, 5):
        spool.write(alerts // 4 + (alerts // 40 if part == 1 else 0))
        if part < 4:
            spool.rename(part)
            time.sleep(0.02)
    spool.stands()
    held, total = min(spool.n, HELD), spool.n
    server = Server(binary, work / "home", "--watch", f"gate={spool.folder}")
    page, begun = Page(server), time.time()
    page.all_read(held)
    print(f"       {total:,} alerts read in {time.time() - begun:.1f} s")
    first, _ = page.get("/alerts")
    checks.hold("all are found, those beyond a million are counted", (first["total"], first["let_go"]) == (held, total - held))
    groups, _ = page.get("/alerts", rule="group")
    checks.hold("groups stand with their first alert", groups["matching"] in range(held // 4 - 1, held // 4 + 2) and groups["alerts"][0]["count"] == 7,
                groups["matching"])
    middle = BEGIN + (total - held // 2) * 250_000
    queries = [{}, {"page": held // 100}, {"sort": "score"}, {"fold": "true"}, {"fold": "true", "sort": "score"}, {"host": "10.0.0.7"},
               {"host": "10.0.0.7", "kind": "duration", "sort": "score"}, {"state": "false_alarm"}, {"rule": "group"}, {"from": middle},
               {"until": middle, "fold": "true", "page": 50}]
    for query in queries:
        slowest = max(page.get("/alerts", **query)[1] for _ in range(5))
        checks.hold(f"a page of {query or 'all'}", slowest < LIMIT, f"{1000 * slowest:.0f} ms")
    ids = [a["id"] for n in range(1, 51) for a in page.get("/alerts", page=n, size=200, host="10.0.0.7")[0]["alerts"]][:10_000]
    begun = time.perf_counter()
    answer = server.ask("POST", "/api/v1/live/gate/marks", {"ids": ids, "state": "acknowledged", "note": "all of them"})
    took = time.perf_counter() - begun
    checks.hold(f"a mark on {len(ids):,} alerts", answer.status == 200 and took < 2, f"{answer.status}, {took:.2f} s")
    marked, _ = page.get("/alerts", state="acknowledged")
    checks.hold("all of them are marked", marked["matching"] == len(ids), marked["matching"])
    begun, newest = time.time(), spool.write(1)
    while page.get("/alerts", size=1)[0]["alerts"][0]["id"] != newest and time.time() < begun + 10:
        time.sleep(0.05)
    checks.hold("what comes is there", time.time() - begun < 2, f"after {time.time() - begun:.2f} s")
    peak = server.peak_bytes() / 1e6
    checks.hold(f"memory under {MOST_MB} MB", peak < MOST_MB, f"{peak:.0f} MB")
    server.kill()
    server.begin()
    page = Page(server)
    page.all_read(min(spool.n, HELD))
    marked, _ = page.get("/alerts", state="acknowledged")
    checks.hold("marks are found again after kill -9", marked["matching"] >= len(ids) - 1, marked["matching"])
    server.end()
    checks.end()


if __name__ == "__main__":
    main()
