#!/usr/bin/env python3
"""Kills the server (kill -9) while it takes a file, scores one and trains on one, and looks at what the next start makes of it.

    scripts/check/serve/kill.py --nta target/release/nta [--flows 300000] [--kills 3]

Holds: of a file that was under way what arrived stays, and it goes on from there; a job that was at work goes on by itself and
comes to the very numbers of one that nobody interrupted, or says why not; a job that takes the server down with it three times
is given up with words; nothing half written is left.
"""

import socket
import time

from serving import PIECE, Checks, Server, asked_for, simulated, trained, working

GIVEN_UP = 3  # as in crates/web/src/jobs/queue.rs


def main():
    parser = asked_for(__doc__)
    parser.add_argument("--flows", type=int, default=300_000)
    parser.add_argument("--kills", type=int, default=3, help="in each job, at moments spread over its length")
    options = parser.parse_args()
    with working("kill") as work:
        run(options.nta, options, work)


def half_sent(server, path):
    """Begins to send a file and stops in the middle of its second piece, the connection left open; id, socket, bytes sent."""
    data = path.read_bytes()
    first = data[: min(PIECE, len(data) // 2)]
    upload = server.begin_upload(path.name, len(data))
    assert server.send(upload, 0, first).status == 204
    rest = data[len(first):]
    line = socket.create_connection(("127.0.0.1", server.port))
    head = (f"PATCH /api/v1/uploads/{upload} HTTP/1.1\r\nhost: {server.netloc}\r\nupload-offset: {len(first)}\r\n"
            f"content-length: {len(rest)}\r\n\r\n")
    line.sendall(head.encode() + rest[: len(rest) // 2])
    time.sleep(0.2)
    return upload, line, len(first), data


def upload(server, path, checks):
    sent, line, at_least, data = half_sent(server, path)
    server.kill()
    line.close()
    server.begin()
    offset = server.offset(sent)
    checks.hold("what arrived before the kill stays", at_least <= offset < len(data), f"{offset:,} of {len(data):,} bytes")
    status = server.send(sent, offset, data[offset:]).status
    held = (server.home / f"web/uploads/{sent}/data").read_bytes()
    checks.hold("the upload goes on and is whole", status == 204 and held == data)
    return sent


def numbers(server, done):
    """What a scored file came to, without the time that it took."""
    found = server.ask("GET", f"/api/v1/results/{done['id']}").json()
    return {key: value for key, value in found.items() if key not in ("seconds", "name")}


def whole(server, **asked):
    """A job that nobody interrupts, and the seconds that it is at work."""
    job = server.job(**asked)
    server.running(job)
    begun = time.time()
    done = server.ended(job)
    if done["state"] != "done":
        raise SystemExit(f"{asked}: {done}")
    return done, time.time() - begun


def killed(server, moment, **asked):
    """A job whose server is killed when it has been at work for `moment` seconds, earlier where it had ended by then; how it
    ended, and when it was killed, `None` where it never was at work."""
    for _ in range(5):
        job = server.job(**asked)
        server.running(job)
        time.sleep(moment)
        was = server.seen(job)["state"]
        server.kill()
        server.begin()
        done = server.ended(job)
        if was == "running":
            return done, moment
        moment *= 0.7
    return done, None


def kills_in(server, what, kills, found, checks, **asked):
    """Kills it at moments spread over its length; what is `found` must be what the job without a kill came to."""
    reference, seconds = whole(server, **asked)
    expected = found(server, reference)
    print(f"       {what} alone takes {seconds:.1f} s")
    for k in range(kills):
        done, moment = killed(server, seconds * (k + 0.5) / kills, **asked)
        same = done["state"] == "done" and found(server, done) == expected
        when = "never" if moment is None else f"{moment:.1f} s"
        checks.hold(f"killed {when} into {what}: goes on to the same", same and moment is not None, done.get("error", ""))


def made_of(server, done):
    """The digest of the model that a training made."""
    models = {model["version"]: model for model in server.ask("GET", "/api/v1/models").json()["models"]}
    return models[done["made"]["model"]]["digest"]


def given_up(server, sent, checks):
    job = server.job(kind="score", upload=sent)
    for _ in range(GIVEN_UP):
        server.running(job)
        server.kill()
        server.begin()
    done = server.ended(job)
    checks.hold("a job that ends the server three times is given up with words",
                done["state"] == "failed" and "3 times" in done.get("error", ""), done.get("error", done["state"]))


def run(binary, options, work):
    checks, home = Checks(), work / "home"
    trained(binary, home)
    flows = simulated(binary, work / "flows.csv", options.flows)
    to_learn = simulated(binary, work / "to-learn.csv", max(1_000, options.flows // 20), seed=13)
    server = Server(binary, home)
    sent = upload(server, flows, checks)
    kills_in(server, "scoring", options.kills, numbers, checks, kind="score", upload=sent)
    kills_in(server, "training", options.kills, made_of, checks, kind="train", upload=server.upload(to_learn))
    given_up(server, sent, checks)
    checks.hold("it ends when asked", server.end() == 0)
    # The next start clears what the last kill left.
    server.begin()
    server.end()
    left = [str(path.relative_to(home)) for path in home.rglob(".nta-tmp-*")]
    checks.hold("nothing half written is left", not left, left[:5] if left else "")
    checks.end()


if __name__ == "__main__":
    main()
