#!/usr/bin/env python3
"""The table of a large result: how long any page, order, threshold and host takes.

    scripts/check/serve/table.py --nta target/release/nta [--rows 10000000] [--home DIR]

Holds: every page in either order, at any depth, above any threshold and of any host, comes within 300 ms, and holds the rows
that it should. Needs a quiet machine and some 700 bytes a row below
--home (a temporary folder when not given).
"""

import random
import time
import urllib.parse

from serving import Checks, Server, asked_for, simulated, trained, working

SIZE = 50
LIMIT = 0.3
TIMES = 5


def main():
    parser = asked_for(__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--home", help="a folder that is not there yet, and stays")
    options = parser.parse_args()
    with working("table", options.home) as work:
        run(options.nta, options.rows, work)


def scored(server, binary, work, rows):
    """A result of so many rows; its id and numbers."""
    file = simulated(binary, work / "flows.csv", rows)
    upload = server.upload(file)
    file.unlink()
    begun = time.time()
    done = server.ended(server.job(kind="score", upload=upload))
    if done["state"] != "done":
        raise SystemExit(f"the file was not scored: {done}")
    print(f"       {done['made']['rows']:,} flows scored and indexed in {time.time() - begun:.0f} s")
    return done["id"], server.ask("GET", f"/api/v1/results/{done['id']}").json()


class Table:
    def __init__(self, server, result):
        self.connection, self.server, self.path = server.connect(), server, f"/api/v1/results/{result}/rows?"

    def page(self, **query):
        """A page and the seconds that it took."""
        begun = time.perf_counter()
        path = self.path + urllib.parse.urlencode({"size": SIZE} | query)
        answer = self.server.ask("GET", path, connection=self.connection)
        seconds = time.perf_counter() - begun
        if answer.status != 200:
            raise SystemExit(f"{path}: {answer.status} {answer.body[:300]!r}")
        return answer.json(), seconds

    def slowest(self, queries):
        return max(self.page(**query)[1] for query in queries)


def run(binary, rows, work):
    checks, draw = Checks(), random.Random(1)
    trained(binary, work / "home")
    server = Server(binary, work / "home")
    result, numbers = scored(server, binary, work, rows)
    table, total = Table(server, result), numbers["rows"]
    hybrid = numbers["members"][-1]
    pages = -(-total // SIZE)
    somewhere = [1, 2, pages // 2, pages - 1, pages, *(draw.randrange(1, pages) for _ in range(TIMES))]
    thresholds = [0.001, 0.1, hybrid["threshold"], 0.9]

    first, seconds = table.page()
    checks.hold("the first page after scoring", seconds < LIMIT, f"{1e3 * seconds:.0f} ms")
    last, _ = table.page(sort="file", page=pages)
    checks.hold("the last page of the file ends with its last row", last["rows"][-1]["row"] == total - 1)
    deep, _ = table.page(page=pages // 2)
    falls = [row["cells"]["hybrid"] for page in (first, deep) for row in page["rows"]]
    checks.hold("scores fall", falls == sorted(falls, reverse=True))
    flagged, _ = table.page(above=hybrid["threshold"])
    checks.hold("as many stand above the threshold as are flagged", flagged["matching"] == numbers["flagged"],
                f"{flagged['matching']:,} of {total:,}")

    kinds = {
        "any page by score": [{"page": page} for page in somewhere],
        "any page as in the file": [{"page": page, "sort": "file"} for page in somewhere],
        "any threshold, by score": [{"above": above, "page": page} for above in thresholds for page in (1, 2, 1000)],
        "any threshold, as in the file": [{"above": above, "sort": "file", "page": page} for above in thresholds
                                          for page in (1, 2, 1000)],
    }
    for name, queries in kinds.items():
        seconds = table.slowest(queries * 2)
        checks.hold(name, seconds < LIMIT, f"{1e3 * seconds:.0f} ms at most, {2 * len(queries)} pages")
    host = numbers["hosts"][0]["host"] if numbers["hosts"] else "10."
    for name, text in (("one host", host), ("part of many hosts", "10.")):
        seconds = table.slowest([{"host": text}, {"host": text, "sort": "file", "page": 3}] * 2)
        checks.hold(name, seconds < LIMIT, f"{1e3 * seconds:.0f} ms at most")
    print(f"       server's memory: {server.peak_bytes() / 1e6:.0f} MB at most")
    server.end()
    checks.end()


if __name__ == "__main__":
    main()
