"""YAML that nobody writes by hand: shipped configs and schemas mangled, and the old tricks of the language."""

import random
import re

TRICKS = {
    "deep lists": lambda rng: "[" * rng.choice([50, 200, 10_000, 200_000]),
    "deep maps": lambda rng: "{a: " * rng.choice([50, 200, 10_000, 100_000]),
    "deep blocks": lambda rng: "".join(" " * i + "a:\n" for i in range(rng.choice([50, 300, 1_500]))),
    "deep dashes": lambda rng: "- " * rng.choice([50, 300, 50_000]) + "a\n",
    "laughs": lambda rng: laughs(rng.choice([3, 9, 30]), rng.choice([3, 9, 30])),
    "self": lambda rng: rng.choice(["&a [*a]", "&a {b: *a}", "a: &a\n  b: *a\n", "*a", "&a *a", "<<: *x", "a: &a {<<: *a}"]),
    "merge": lambda rng: "base: &b {seed: 1}\n" + "".join(f"k{i}:\n  <<: *b\n" for i in range(rng.choice([1, 20_000]))),
    "long text": lambda rng: "name: " + rng.choice(["a", "é", "\\", "'", "\"", "\t"]) * rng.choice([1_000, 1_000_000, 20_000_000]),
    "long key": lambda rng: rng.choice(["a", "? a"]) * rng.choice([1_000, 1_000_000]) + ": 1\n",
    "many keys": lambda rng: "".join(f"k{i}: {i}\n" for i in range(rng.choice([100, 100_000]))),
    "many items": lambda rng: "a: [" + "1," * rng.choice([1_000, 2_000_000]) + "]\n",
    "many documents": lambda rng: "---\nname: a\n" * rng.choice([2, 50_000]),
    "many anchors": lambda rng: "".join(f"- &a{i} {i}\n" for i in range(rng.choice([100, 100_000]))),
    "comments": lambda rng: "# x\n" * rng.choice([10, 1_000_000]) + "name: a\n",
    "twice": lambda rng: "name: a\nname: b\nseed: 1\nseed: 2\n",
    "tags": lambda rng: rng.choice(["!!python/object:os.system x", "!!binary aGVsbG8=", "!<tag:x,2000:y> {a: 1}", "!!float name", "%TAG ! tag:x,2000:\n---\n!a b"]),
    "directives": lambda rng: rng.choice(["%YAML 9.9\n---\na: 1", "%YAML 1.1\n" * 1000, "%\n", "%" + "x" * 100_000]),
    "bytes": lambda rng: bytes(rng.randrange(256) for _ in range(rng.choice([1, 50, 5_000]))).decode("latin-1"),
    "controls": lambda rng: "name: \"" + "".join(chr(rng.randrange(0, 160)) for _ in range(30)) + "\"\n",
    "blocks": lambda rng: "a: |" + rng.choice(["9", "+", "-", "0", "99", ""]) + "\n" + " " * rng.choice([1, 100_000]) + "x\n",
    "odd spaces": lambda rng: "name:\ta\n \u00a0seed: 1\n\u2028- x\n",
    "marks": lambda rng: "".join(rng.choice(list("[]{},:?-&*!|>'\"%@`#\n ")) for _ in range(rng.choice([10, 200, 100_000]))),
}
NUMBERS = ["1e400", "-1", "0", ".nan", ".inf", "-.inf", "1e-400", "18446744073709551616", "0x7fffffffffffffff", "1" * 400, "0o7", "1_000", "9" * 5000]
VALUES = NUMBERS + ["null", "~", "true", "[]", "{}", "''", "[1, 2]", "{a: b}", "\"\\u0000\"", "\"\\e[2J\"", "!!str 1", "*a", "&a x", "|", "'", "/dev/zero", "../../etc/passwd", "${HOME}", "${NOPE}", "${" * 200]


def laughs(depth, width):
    """Aliases of aliases: each level repeats the one before."""
    lines = ["a0: &a0 [" + "lol," * width + "]"]
    lines += [f"a{i}: &a{i} [" + f"*a{i - 1}," * width + "]" for i in range(1, depth)]
    return "\n".join(lines) + "\n"


def hostile(rng, shipped):
    """A hostile text and what it is; `shipped` are texts of configs or schemas."""
    if rng.random() < 0.35:
        name = rng.choice(sorted(TRICKS))
        text = TRICKS[name](rng)
        if rng.random() < 0.3:
            text = rng.choice(shipped) + "\n" + text
        return text, name
    text = rng.choice(shipped)
    ways = []
    for _ in range(rng.choice([1, 1, 2, 4])):
        way = rng.choice(["value", "value", "value", "drop", "double", "bytes", "insert", "name", "indent", "trick"])
        ways.append(way)
        text = mangled(rng, text, way)
    return text, "+".join(ways)


def mangled(rng, text, way):
    lines = text.splitlines()
    if not lines:
        return text
    at = rng.randrange(len(lines))
    if way == "value":
        cells = list(re.finditer(r"(?<=: )[^,{}\[\]\n]+", text))
        if cells:
            cell = rng.choice(cells)
            return text[: cell.start()] + rng.choice(VALUES) + text[cell.end() :]
    elif way == "drop":
        del lines[at : at + rng.randrange(1, 4)]
    elif way == "double":
        lines[at:at] = lines[at : at + rng.randrange(1, 4)] * rng.choice([1, 2, 1000])
    elif way == "bytes":
        place = rng.randrange(len(text))
        return text[:place] + chr(rng.choice([0, 9, 10, 0x1B, 0x7F, 0x85, 0xA0, 0xFEFF, 0x2028, 0x10FFFF])) + text[place + rng.randrange(2) :]
    elif way == "insert":
        place = rng.randrange(len(text))
        return text[:place] + rng.choice(list("[]{},:?-&*!|>'\"%@`#\n")) * rng.choice([1, 1, 100]) + text[place:]
    elif way == "name":
        keys = list(re.finditer(r"\b[a-z_]+(?=:)", text))
        if keys:
            key = rng.choice(keys)
            return text[: key.start()] + rng.choice(["x", "name", "a" * 5000, "<<", "\"\\u001b[2J\""]) + text[key.end() :]
    elif way == "indent":
        lines[at] = " " * rng.randrange(1, 300) + lines[at]
    else:
        lines.insert(at, TRICKS[rng.choice(sorted(TRICKS))](rng))
    return "\n".join(lines) + "\n"
