"""Parquet files that keep every rule of the format and ask for more than traffic ever does."""

import multiprocessing
import struct

from . import parquet, thrift
from .encodings import BYTE_ARRAY, DELTA, DELTA_LENGTH, DELTA_TEXT, DICTIONARY, DOUBLE, INT64, PLAIN, delta
from .parquet import GZIP, written
from .thrift import BINARY, I32, I64, LIST, STRUCT


def footer_only(footer):
    data = thrift.write(footer) if isinstance(footer, list) else footer
    return b"PAR1" + data + struct.pack("<I", len(data)) + b"PAR1"


def flows(n=300, **columns):
    """A file of the usual columns, some of them given as (kind, encoding, values, codec)."""
    usual = {
        "bytes": (INT64, PLAIN, list(range(n)), 0),
        "seconds": (DOUBLE, PLAIN, [0.5] * n, 0),
        "proto": (BYTE_ARRAY, PLAIN, [b"tcp"] * n, 0),
        "label": (BYTE_ARRAY, PLAIN, [b"benign", b"attack"] * (n // 2), 0),
    }
    return written([(name.encode(), *column, 1, False) for name, column in {**usual, **columns}.items()], 1)


def page_of(file, column, body, codec=0):
    """The first data page of a column given another body."""
    page = next(page for page in file.chunks[column] if thrift.get(page[0], 1) == 0)
    packed = parquet.zlib.compress(body, wbits=31) if codec == GZIP else body
    thrift.put(page[0], 2, len(body))
    thrift.put(page[0], 3, len(packed))
    page[1] = packed
    return file.bytes()


def write_to(folder):
    """Writes the files into a folder, each under its name, from a process of its own: what a process starts is charged
    with the memory that it has itself."""

    def write():
        for name, data in extremes():
            (folder / f"{name}.parquet").write_bytes(data)

    writer = multiprocessing.get_context("fork").Process(target=write)
    writer.start()
    writer.join()
    return sorted(folder.iterdir())


def extremes():
    """Name and bytes of each file."""
    leaf = [[1, I32, INT64], [3, I32, 0], [4, BINARY, b"x"]]
    group = [[3, I32, 0], [4, BINARY, b"g"], [5, I32, 1]]
    root = [[4, BINARY, b"root"], [5, I32, 1]]
    for depth in (100, 10_000, 300_000):
        footer = [[1, I32, 2], [2, LIST, [STRUCT, [root, *[group] * depth, leaf]]], [3, I64, 0], [4, LIST, [STRUCT, []]]]
        yield f"columns {depth} deep", footer_only(footer)
    wide = [[4, BINARY, b"root"], [5, I32, 900_000]]
    leaves = [[[1, I32, INT64], [3, I32, 0], [4, BINARY, str(i).encode()]] for i in range(900_000)]
    yield "900,000 columns", footer_only([[1, I32, 2], [2, LIST, [STRUCT, [wide, *leaves]]], [3, I64, 0], [4, LIST, [STRUCT, []]]])
    meta = [[1, I32, 2], [2, LIST, [I32, []]], [3, LIST, [BINARY, [b"x"]]], [4, I32, 0], [5, I64, 0], [6, I64, 0], [7, I64, 0], [9, I64, 0]]
    rows = [[1, LIST, [STRUCT, [[[2, I64, 0], [3, STRUCT, meta]]]]], [2, I64, 0], [3, I64, 0]]
    schema = [2, LIST, [STRUCT, [root, leaf]]]
    yield "300,000 row groups", footer_only([[1, I32, 2], schema, [3, I64, 0], [4, LIST, [STRUCT, [rows] * 300_000]]])
    yield "a list of nothing", footer_only(b"\x15\x04\x19\xfc" + thrift.varint(20_000_000) + bytes(20_000_000) + b"\0")
    key = [[1, BINARY, b"ARROW:schema"], [2, BINARY, b"/////" * 1_000_000]]
    yield "a long key", footer_only([[1, I32, 2], schema, [3, I64, 0], [4, LIST, [STRUCT, []]], [5, LIST, [STRUCT, [key]]]])

    bomb = flows(proto=(BYTE_ARRAY, PLAIN, [b"tcp"] * 300, GZIP))
    yield "a page of 120 MB", page_of(bomb, 2, bytes(120 << 20), GZIP)
    yield "a page of 1 GB", page_of(bomb, 2, bytes(1 << 30), GZIP)
    for size in (1 << 18, 1 << 20, 20 << 20):
        # What is passed through is written out: a thousand times as much as the file.
        words = [b"a" * size, b"b" * size]
        yield f"a dictionary of {size} bytes", flows(2_000, proto=(BYTE_ARRAY, DICTIONARY, words * 1_000, GZIP)).bytes()
    same = [b"a" * (200 << 10)] * 10_000
    yield "texts that share all", flows(10_000, proto=(BYTE_ARRAY, DELTA_TEXT, same, 0)).bytes()
    file = flows(proto=(BYTE_ARRAY, DELTA_LENGTH, [b"tcp"] * 300, 0), bytes=(INT64, DELTA, list(range(300)), 0))
    for column, lengths in [(2, [1 << 40] * 150), (2, [-1] * 150), (2, [1 << 62, 1 << 62] * 75)]:
        yield f"texts of {lengths[0]} bytes", page_of(file, column, delta(lengths))
    block, minis = thrift.varint(1 << 40), thrift.varint(4)
    for column in (0, 2):
        body = block + minis + thrift.varint(1 << 50) + thrift.zigzag(1) + thrift.zigzag(1) + bytes(4)
        yield f"a block of a million million numbers, column {column}", page_of(file, column, body)
        body = thrift.varint(128) + minis + thrift.varint(1 << 50) + thrift.zigzag(1) + bytes(1000)
        yield f"a million million numbers, column {column}", page_of(file, column, body)
