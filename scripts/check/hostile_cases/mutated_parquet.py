"""Parquet files as other writers and accidents make them, for `scripts/check/mutated.py --parquet`."""

import decimal
import io

NAMES = ["bytes", "seconds", "proto", "label"]


def table(pyarrow, rows):
    """The flows of `mutated.py` as a table."""
    columns = list(zip(*rows))
    return pyarrow.table({
        "bytes": [int(cell) for cell in columns[0]], "seconds": [float(cell) for cell in columns[1]], "proto": list(columns[2]),
        "label": list(columns[3])})


def retyped(pyarrow, rng, column):
    """The column under another type; itself where it cannot be."""
    types = [
        pyarrow.int16(), pyarrow.int32(), pyarrow.uint64(), pyarrow.float32(), pyarrow.string(), pyarrow.large_string(), pyarrow.binary(),
        pyarrow.dictionary(pyarrow.int32(), pyarrow.string()), pyarrow.decimal128(20, 3), pyarrow.timestamp("ns"), pyarrow.date32(),
        pyarrow.duration("us"), pyarrow.duration("ns"), pyarrow.time64("us"), pyarrow.bool_(), pyarrow.float16()]
    kind = rng.choice(types)
    try:
        return column.cast(kind), str(kind)
    except (pyarrow.ArrowInvalid, pyarrow.ArrowNotImplementedError):
        texts = [None if cell is None else str(cell) for cell in column.to_pylist()]
        return pyarrow.chunked_array([pyarrow.array(texts)]), "text"


def with_nulls(pyarrow, rng, column, share):
    cells = [None if rng.random() < share else cell for cell in column.to_pylist()]
    return pyarrow.chunked_array([pyarrow.array(cells, column.type)])


def other_columns(pyarrow, rng, flows):
    """A table changed in its columns, what was done, and whether rows without any value may be among its rows."""
    way = rng.choice(["type", "type", "nulls", "null column", "no values", "rename", "double", "drop", "order", "nested", "extreme", "empty"])
    names, columns = list(flows.column_names), list(flows.columns)
    at = rng.randrange(len(names))
    if way == "type":
        columns[at], kind = retyped(pyarrow, rng, columns[at])
        way += " " + kind
    elif way == "nulls":
        columns[at] = with_nulls(pyarrow, rng, columns[at], rng.choice([0.02, 0.5]))
    elif way == "null column":
        columns[at] = pyarrow.chunked_array([pyarrow.nulls(len(flows))])
    elif way == "no values":
        holes = {rng.randrange(len(flows)) for _ in range(5)}
        columns = [pyarrow.chunked_array([pyarrow.array([None if i in holes else cell for i, cell in enumerate(c.to_pylist())], c.type)]) for c in columns]
    elif way == "rename":
        names[at] = rng.choice(["", " bytes ", "BYTES", "é", "x" * 2000, "label", "a.b", "bytes\n", "\ufeffbytes"])
    elif way == "double":
        names.append(names[at])
        columns.append(rng.choice(columns))
    elif way == "drop":
        del names[at], columns[at]
    elif way == "order":
        order = rng.sample(range(len(names)), len(names))
        names, columns = [names[i] for i in order], [columns[i] for i in order]
    elif way == "nested":
        names.append("more")
        columns.append(pyarrow.chunked_array([pyarrow.array([{"a": i, "b": [i]} for i in range(len(flows))])]))
    elif way == "extreme":
        cells = columns[0].to_pylist()
        cells[rng.randrange(len(cells))] = rng.choice([2**62, -(2**62), 0, -1])
        columns[0] = pyarrow.chunked_array([pyarrow.array(cells)])
        fractions = columns[1].to_pylist()
        fractions[rng.randrange(len(fractions))] = rng.choice([float("nan"), float("inf"), 1e300, -0.0])
        columns[1] = pyarrow.chunked_array([pyarrow.array(fractions)])
    changed = pyarrow.Table.from_arrays(columns, names=names)
    return (changed.slice(0, 0) if way == "empty" else changed), way


def written(parquet, rng, flows):
    out = io.BytesIO()
    parquet.write_table(
        flows, out, compression=rng.choice(["none", "snappy", "gzip", "zstd", "lz4"]), use_dictionary=rng.random() < 0.5,
        data_page_version=rng.choice(["1.0", "2.0"]), row_group_size=rng.choice([7, 100, 100_000]), data_page_size=rng.choice([64, 1 << 20]),
        store_schema=rng.random() < 0.7)
    return bytearray(out.getvalue())


def damaged(rng, data):
    """The bytes with an accident, and which."""
    way = rng.choice(["flip", "flip", "flip", "cut", "hole", "zeros", "tail", "none"])
    at = rng.randrange(len(data)) if rng.random() < 0.5 else rng.randrange(max(0, len(data) - 600), len(data))
    if way == "flip":
        for _ in range(rng.choice([1, 1, 3])):
            data[rng.randrange(len(data)) if rng.random() < 0.5 else at] ^= 1 << rng.randrange(8)
    elif way == "cut":
        del data[at:]
    elif way == "hole":
        del data[at : at + rng.randrange(1, 200)]
    elif way == "zeros":
        data[at : at + 40] = bytes(len(data[at : at + 40]))
    elif way == "tail":
        data += b"\n" * rng.randrange(1, 9)
    return data, way


def mutation(rng, rows):
    """The bytes of a file, its rows, what was done."""
    import pyarrow
    from pyarrow import parquet

    decimal.getcontext().prec = 40
    flows, done = table(pyarrow, rows), []
    for _ in range(rng.choice([0, 1, 1, 2])):
        try:
            flows, way = other_columns(pyarrow, rng, flows)
        except (pyarrow.ArrowInvalid, pyarrow.ArrowTypeError, pyarrow.ArrowNotImplementedError, IndexError, ValueError):
            continue
        done.append(way)
    try:
        data = written(parquet, rng, flows)
    except (pyarrow.ArrowInvalid, pyarrow.ArrowNotImplementedError):
        flows, done = table(pyarrow, rows), ["plain"]
        data = written(parquet, rng, flows)
    if rng.random() < 0.5:
        data, way = damaged(rng, data)
        done.append(way)
    return bytes(data), len(flows), ", ".join(done) or "plain"
