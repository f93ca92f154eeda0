"""A saved model, damaged in one of its parts and sealed again, as somebody with ill intent would."""

import hashlib
import json
import pathlib
import random
import shutil
import struct

from .parquet import damaged_bytes

SEAL = "0" * 64
NUMBERS = ["1e308", "-1e308", "1e400", "1e-320", "NaN", "Infinity", "-1", "0", "1", "0.5", "3.5", "18446744073709551616"]
NUMBERS += ["9223372036854775807", "-9223372036854775808", "4294967296", "1000000000000", "100000000", "\"a\"", "null", "[]", "{}"]


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def reseal(folder):
    """Makes the sums, the digest and the seal of the manifest anew over the parts as they are."""
    manifest = json.loads((folder / "manifest.json").read_text())
    for entry in manifest["files"]:
        data = (folder / entry["name"]).read_bytes()
        entry["bytes"], entry["sha256"] = len(data), sha256(data)
    lines = sorted(f"{f['sha256']}  {f['name']}\n" for f in manifest["files"] if f["learned"])
    manifest["digest"] = sha256("".join(lines).encode())
    del manifest["manifest_sha256"]
    manifest["manifest_sha256"] = SEAL
    text = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
    (folder / "manifest.json").write_text(text[: -4 - len(SEAL)] + sha256(text.encode()) + text[-4:])


def damage(rng, whole, folder):
    """A damaged, sealed copy of `whole` in `folder`; says what was done."""
    shutil.copytree(whole, folder)
    names = sorted(f.name for f in folder.iterdir() if f.name != "manifest.json")
    learned = [n for n in names if n.endswith((".bin", ".safetensors", "preprocessor.json", "hybrid.json"))]
    name = rng.choice(names + learned * 2)
    part = folder / name
    data = part.read_bytes()
    if name.endswith(".json"):
        data, how = damaged_json(rng, data)
    elif name.endswith(".bin") and rng.random() < 0.8:
        data, how = damaged_forest(rng, data)
    elif name.endswith(".safetensors") and rng.random() < 0.8:
        data, how = damaged_tensors(rng, data)
    else:
        data, how = damaged_bytes(rng, data, 128), "bytes"
    part.write_bytes(data)
    if rng.random() < 0.4:
        # One golden row is left, which the damage may not reach.
        golden = json.loads((folder / "golden.json").read_text()) if name != "golden.json" else None
        if golden and golden.get("rows"):
            golden["rows"] = golden["rows"][:1]
            (folder / "golden.json").write_text(json.dumps(golden))
    reseal(folder)
    return f"{name} {how}"


def places(tree):
    """Every value below a JSON tree: its holder and its key there."""
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in items:
        yield tree, key
        yield from places(value)


class Raw(float):
    """A number that JSON writes as it is given."""


def damaged_json(rng, data):
    if rng.random() < 0.2:
        return damaged_bytes(rng, data, 1 << 30), "bytes"
    tree = json.loads(data)
    mark, told = "\u0001put\u0001", []
    puts = []
    for _ in range(rng.choice([1, 1, 2, 5])):
        found = list(places(tree))
        if not found:
            break
        holder, key = rng.choice(found)
        way = rng.randrange(5)
        if way <= 2:
            puts.append(rng.choice(NUMBERS))
            holder[key] = mark
        elif way == 3 and isinstance(holder, list):
            holder[key:key] = [holder[key]] * rng.choice([1, 3, 1000])
        elif way == 3:
            holder[f"{key}2"] = holder[key]
        else:
            del holder[key]
        told.append(str(key))
    text = json.dumps(tree)
    for number in puts:
        text = text.replace(json.dumps(mark), number, 1)
    return text.encode(), f"json {','.join(told)}"[:60]


def damaged_forest(rng, data):
    """Counts in the head, links and values of nodes; see docs/forest-format.md."""
    data = bytearray(data)
    _, n_features, n_trees, _ = struct.unpack_from("<4I", data, 8)
    at = 24
    for _ in range(n_features):
        at += 4 + struct.unpack_from("<I", data, at)[0]
    sizes_at = at + 8 * n_features
    nodes_at = sizes_at + 4 * n_trees
    n_nodes = sum(struct.unpack_from(f"<{n_trees}I", data, sizes_at))
    way = rng.choice(["head", "sizes", "link", "link", "value", "importance"])
    if way == "head":
        struct.pack_into("<I", data, 8 + 4 * rng.randrange(4), rng.choice([0, 1, 2, 3, 255, 1 << 20, (1 << 32) - 1]))
    elif way == "importance":
        struct.pack_into("<d", data, at, rng.choice([float("nan"), -1.0, 1e300]))
    elif way == "sizes":
        place = sizes_at + 4 * rng.randrange(n_trees)
        struct.pack_into("<I", data, place, rng.choice([0, 1, 2, 3, 1 << 31, (1 << 32) - 1, rng.randrange(99)]))
    else:
        for _ in range(rng.choice([1, 3, n_nodes])):
            node = nodes_at + 8 * rng.randrange(n_nodes)
            if way == "value":
                struct.pack_into("<f", data, node, rng.choice([float("nan"), float("inf"), -1.0, 1e38, 0.5]))
            else:
                bits = 1 + (n_features - 1).bit_length()
                pair = rng.choice([0, 1, rng.randrange(1 << 8), (1 << (32 - bits)) - 1])
                link = pair << bits | rng.randrange(1 << bits)
                struct.pack_into("<I", data, node + 4, link)
    return bytes(data), way


def damaged_tensors(rng, data):
    """Shapes, offsets and kinds in the head of a safetensors file, numbers in its body."""
    (length,) = struct.unpack_from("<Q", data)
    head, body = json.loads(data[8 : 8 + length]), bytearray(data[8 + length :])
    tensors = [name for name in head if name != "__metadata__"]
    way = rng.choice(["shape", "offsets", "kind", "values", "values", "name", "meta", "length"])
    tensor = head[rng.choice(tensors)]
    if way == "shape":
        shape = tensor["shape"]
        place = rng.randrange(max(1, len(shape)))
        shape[place : place + rng.randrange(2)] = [rng.choice([0, 1, 3, 1 << 20, 1 << 40, (1 << 64) - 1])]
        if rng.random() < 0.5 and all(n < 1 << 12 for n in shape):
            # The bytes agree with the new shape.
            size = 4
            for n in shape:
                size *= n
            start, end = tensor["data_offsets"]
            if size < 1 << 22:
                body[start:end] = bytes(size)
                for name in tensors:
                    offsets = head[name]["data_offsets"]
                    head[name]["data_offsets"] = [o + (size - (end - start)) * (o >= end) for o in offsets]
                tensor["data_offsets"] = [start, start + size]
    elif way == "offsets":
        tensor["data_offsets"][rng.randrange(2)] = rng.choice([0, 4, len(body), 1 << 40, (1 << 64) - 1])
    elif way == "kind":
        tensor["dtype"] = rng.choice(["F64", "F16", "I64", "BOOL", "U8", "F8"])
    elif way == "name":
        head["x" * rng.choice([1, 1000])] = head.pop(rng.choice(tensors))
    elif way == "meta":
        found = list(places(head.get("__metadata__") or {}))
        if found:
            holder, key = rng.choice(found)
            holder[key] = rng.choice(["", "-1", "1e99", "{", "9" * 30, "NaN"])
    elif way == "values":
        for _ in range(rng.choice([1, 10, len(body) // 8])):
            value = rng.choice([float("nan"), float("inf"), 3e38, -3e38, 1e-45, 0.0])
            struct.pack_into("<f", body, 4 * rng.randrange(len(body) // 4), value)
    text = json.dumps(head).encode()
    said = rng.choice([0, 1 << 40, (1 << 64) - 1, len(text) + 8]) if way == "length" else len(text)
    return struct.pack("<Q", said) + text + bytes(body), way


def unscored(path):
    """What is wrong with the scores in a CSV that `nta score` wrote, `None` where nothing is."""
    lines = pathlib.Path(path).read_text().splitlines()
    names = lines[0].split(",")
    columns = [i for i, name in enumerate(names) if name in ("forest", "lstm", "hybrid", "probability")]
    for i, line in enumerate(lines[1:]):
        for column in columns:
            try:
                value = float(line.split(",")[column])
            except ValueError:
                value = float("nan")
            if not 0 <= value <= 1:
                return f"row {i + 1}: {names[column]} is {line.split(',')[column]}"
    return None if columns else "no scores"
