"""Flows that the layouts are written from, and what a written file holds."""

import dataclasses
import datetime
import random

UTC = datetime.timezone.utc


@dataclasses.dataclass
class Case:
    """A file, and what must be read from it."""

    name: str
    text: str | bytes
    rows: int
    benign: int
    # Attacks by family, as the file spells them; None where it names none.
    families: dict | None = None
    # First and last start in seconds since 1970; None where no column tells an absolute time.
    span: tuple | None = None
    # Rows that cannot be read, and must be set aside and counted.
    aside: int = 0
    # Column that is the duration and its unit; None where no role needs it.
    duration: tuple | None = None
    # Columns that must be features, and some that no feature may be made of (truth, clocks, identifiers, addresses).
    numeric: tuple = ()
    never: tuple = ()
    # Words that must be said on the way.
    said: tuple = ()
    # Words of the refusal, where the file cannot be trained on as it is.
    refused: tuple = ()
    columns: tuple = ()


@dataclasses.dataclass
class Flow:
    """One flow; `family` is None for benign ones."""

    number: int
    start: float
    lasted: float
    source: str
    target: str
    source_port: int
    target_port: int
    proto: str
    bytes_out: int
    bytes_in: int
    packets_out: int
    packets_in: int
    family: str | None

    @property
    def end(self):
        return self.start + self.lasted

    @property
    def state(self):
        return "S0" if self.packets_in == 0 else "SF"


def flows(seed, families, n=3000, start=1_556_000_000, step=2.0):
    """`n` flows in the order of their starts, two in five attacks, in runs of some dozens. Classes overlap in every measurement."""
    rng = random.Random(seed)
    at, found, family = float(start), [], None
    for number in range(n):
        if number % 25 == 0:
            family = rng.choice(families) if rng.random() < 0.4 else None
        at += rng.expovariate(1 / step)
        odd = family is not None and rng.random() < 0.9
        packets = rng.randint(1, 4) if odd else rng.randint(1, 60)
        answered = 0 if odd and rng.random() < 0.7 else rng.randint(0, packets)
        found.append(Flow(
            number, round(at, 6), round(rng.expovariate(1 / (0.2 if odd else 4.0)), 6),
            f"192.168.1.{rng.randint(30, 39) if odd else rng.randint(2, 60)}", f"10.0.{rng.randint(0, 3)}.{rng.randint(1, 90)}",
            rng.randint(1024, 65535), rng.choice([80, 443, 53, 22, 1883, 502]), rng.choice(["tcp", "tcp", "udp", "icmp"]),
            packets * rng.randint(40, 120 if odd else 1400), answered * rng.randint(40, 1400), packets, answered, family))
    return found


def counts(of):
    """Rows, benign rows, attacks by family, span of starts."""
    families = {}
    for flow in of:
        if flow.family is not None:
            families[flow.family] = families.get(flow.family, 0) + 1
    return {"rows": len(of), "benign": sum(flow.family is None for flow in of), "families": families}


def span(of):
    return (min(flow.start for flow in of), max(flow.start for flow in of))


def written(seconds, pattern):
    """A time in UTC; `%f` gives microseconds, `%3` milliseconds."""
    moment = datetime.datetime.fromtimestamp(seconds, UTC)
    return moment.strftime(pattern.replace("%3", f"{moment.microsecond // 1000:03}"))


def csv(header, rows, delimiter=","):
    lines = ([header] if header else []) + list(rows)
    return "".join(delimiter.join(str(cell) for cell in line) + "\n" for line in lines)
