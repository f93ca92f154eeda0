#!/usr/bin/env python3
"""A large file is sent over a connection that breaks three times, and scored, while others use the server.

    scripts/check/serve/upload.py --nta target/release/nta [--gib 2] [--home DIR]

Holds: no byte is sent twice and the file on disk is the one that was sent; the server's memory stays under 500 MB; the pages
answer within 200 ms (99 of 100) all the while; a second user's small file is done while the large one is scored. Needs Linux,
a quiet machine for the times, and room for some five times the file below --home (a temporary folder when not given).
"""

import hashlib
import socket
import threading
import time

from serving import PIECE, Checks, Server, asked_for, quantile, simulated, trained, working

PAGES = ["/", "/runs", "/models", "/api/v1/jobs"]
FLOW_BYTES = 114  # of a simulated flow as CSV, nearly


class Visitor(threading.Thread):
    """Looks at the pages, one every 50 ms, and keeps how long each took."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server, self.seconds, self.bad, self.done = server, [], [], threading.Event()

    def run(self):
        connection, place = self.server.connect(), 0
        while not self.done.is_set():
            begun = time.perf_counter()
            answer = self.server.ask("GET", PAGES[place % len(PAGES)], connection=connection)
            self.seconds.append(time.perf_counter() - begun)
            if answer.status != 200:
                self.bad.append((PAGES[place % len(PAGES)], answer.status))
            place += 1
            time.sleep(0.05)

    def end(self):
        self.done.set()
        self.join()


def broken(server, upload, offset, piece, share):
    """Sends the beginning of a piece and lets the connection go; how many bytes were sent."""
    head = (f"PATCH /api/v1/uploads/{upload} HTTP/1.1\r\nhost: {server.netloc}\r\nupload-offset: {offset}\r\n"
            f"content-length: {len(piece)}\r\n\r\n")
    sent = int(len(piece) * share)
    with socket.create_connection(("127.0.0.1", server.port)) as line:
        line.sendall(head.encode())
        line.sendall(piece[:sent])
    return sent


def settled(server, upload, at_least, seconds=30):
    """The offset once the server has taken what was on its way, or no more comes."""
    until = time.time() + seconds
    while server.offset(upload) < at_least and time.time() < until:
        time.sleep(0.02)
    return server.offset(upload)


def send(server, path, checks):
    """Sends the file with three breaks; its id and SHA-256."""
    size, total, digest = path.stat().st_size, 0, hashlib.sha256()
    upload = server.begin_upload(path.name, size)
    breaks = [(size * k // 4, share) for k, share in ((1, 0.3), (2, 0.55), (3, 0.9))]
    connection, offset, lost = server.connect(), 0, 0
    with open(path, "rb") as file:
        while offset < size:
            file.seek(offset)
            piece = file.read(PIECE)
            if not breaks or offset < breaks[0][0]:
                answer = server.send(upload, offset, piece, connection)
                assert answer.status == 204, answer.body
                sent, now = len(piece), int(answer.headers["upload-offset"])
            else:
                sent = broken(server, upload, offset, piece, breaks.pop(0)[1])
                now = settled(server, upload, offset + sent)
                lost += offset + sent - now
            digest.update(piece[: now - offset])
            total, offset = total + sent, now
    checks.hold("all three breaks were made", not breaks, f"{3 - len(breaks)} of 3")
    checks.hold("no byte was sent twice", total == size, f"{total - size:,} over, {lost:,} lost on the way")
    return upload, digest.hexdigest()


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def main():
    parser = asked_for(__doc__)
    parser.add_argument("--gib", type=float, default=2)
    parser.add_argument("--home", help="a folder that is not there yet, and stays")
    options = parser.parse_args()
    with working("upload", options.home) as work:
        run(options.nta, options.gib, work)


def run(binary, gib, work):
    checks = Checks()
    trained(binary, work / "home")
    large = simulated(binary, work / "large.csv", int(gib * (1 << 30) / FLOW_BYTES))
    small = simulated(binary, work / "small.csv", 2_000)
    server = Server(binary, work / "home")
    visitor = Visitor(server)
    visitor.start()
    begun = time.time()
    upload, digest = send(server, large, checks)
    seconds, megabytes = time.time() - begun, large.stat().st_size / 1e6
    print(f"       {megabytes:,.0f} MB sent in {seconds:.1f} s, {megabytes / seconds:,.0f} MB/s")
    n_sending = len(visitor.seconds)
    checks.hold("what arrived is what was sent", sha256(work / f"home/web/uploads/{upload}/data") == digest)
    large.unlink()

    begun = time.time()
    job = server.job(kind="score", upload=upload)
    server.running(job)
    second = server.job(kind="score", upload=server.upload(small))
    second_done = server.ended(second)
    of_large = server.seen(job)["state"]
    checks.hold("a second user's small file is done meanwhile", second_done["state"] == "done" and of_large == "running",
                f"small {second_done['state']} after {time.time() - begun:.1f} s, large {of_large}")
    done = server.ended(job)
    seconds = time.time() - begun
    checks.hold("the large file is scored", done["state"] == "done", done.get("error", ""))
    if done["state"] == "done":
        rows = done["made"]["rows"]
        print(f"       {rows:,} flows scored in {seconds:.1f} s, {rows / seconds:,.0f} flows/s")
    visitor.end()
    peak = server.peak_bytes()
    checks.hold("memory stays under 500 MB", peak < 500e6, f"{peak / 1e6:.0f} MB at most")
    checks.hold("every page answered", not visitor.bad, visitor.bad[:3] if visitor.bad else len(visitor.seconds))
    for name, times in (("sending", visitor.seconds[:n_sending]), ("scoring", visitor.seconds[n_sending:])):
        p50, p99 = (1e3 * quantile(times, share) for share in (0.5, 0.99))
        found = f"p50 {p50:.1f} ms, p99 {p99:.1f} ms, at most {1e3 * max(times):.0f} ms, {len(times):,} pages"
        checks.hold(f"pages within 200 ms while {name}", p99 < 200, found)
    checks.hold("it ends when asked", server.end() == 0)
    checks.end()


if __name__ == "__main__":
    main()
