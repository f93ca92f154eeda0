"""Parquet files: a few written here in encodings that nta does not write, any taken apart, damaged, put together again."""

import copy
import pathlib
import random
import struct
import zlib

from . import thrift
from .encodings import BOOLEAN, BYTE_ARRAY, DELTA, DELTA_LENGTH, DELTA_TEXT, DICTIONARY, DOUBLE, FLOAT, INT32, INT64
from .encodings import PLAIN, RLE, STREAM_SPLIT, encoded, runs
from .thrift import BINARY, I32, I64, LIST, STRUCT

GZIP = 2
NUMBERS = [0, 1, -1, 2, 7, 8, 127, 128, 255, 1 << 15, 1 << 16, (1 << 31) - 1, -(1 << 31), 1 << 31, 1 << 40, 1 << 62, -(1 << 63)]


class File:
    """A Parquet file in pieces: the footer as a tree, and for each column chunk its pages as `[header, body]`."""

    def __init__(self, footer, chunks):
        self.footer, self.chunks = footer, chunks

    @staticmethod
    def parse(data):
        length = struct.unpack("<I", data[-8:-4])[0]
        footer, _ = thrift.read(data, len(data) - 8 - length)
        chunks = []
        for meta in metas(footer):
            at = thrift.get(meta, 11) or thrift.get(meta, 9)
            end, pages = at + thrift.get(meta, 7), []
            while at < end:
                header, body = thrift.read(data, at)
                at = body + thrift.get(header, 3)
                pages.append([header, data[body:at]])
            chunks.append(pages)
        return File(footer, chunks)

    def keep(self, names):
        """The file with these columns alone."""
        self.chunks = [p for m, p in zip(metas(self.footer), self.chunks) if thrift.get(m, 3)[1][0] in names]
        root, *elements = thrift.get(self.footer, 2)[1]
        elements = [e for e in elements if thrift.get(e, 4) in names]
        thrift.put(root, 5, len(elements))
        thrift.put(self.footer, 2, [STRUCT, [root, *elements]])
        for group in thrift.get(self.footer, 4)[1]:
            columns = [c for c in thrift.get(group, 1)[1] if thrift.get(c, 3, 3)[1][0] in names]
            thrift.put(group, 1, [STRUCT, columns])
        # The Arrow schema beside Parquet's own still has them all.
        self.footer = [field for field in self.footer if field[0] != 5]
        return self

    def bytes(self, mend_sizes=True):
        """The file. With `mend_sizes` places and sizes of columns are those of the pages as they are now."""
        out = bytearray(b"PAR1")
        for meta, pages in zip(metas(self.footer), self.chunks):
            start, data_at = len(out), None
            for header, body in pages:
                if thrift.get(header, 1) != 2 and data_at is None:
                    data_at = len(out)
                out += thrift.write(header) + body
            if mend_sizes:
                thrift.put(meta, 7, len(out) - start)
                thrift.put(meta, 9, start if data_at is None else data_at)
                thrift.put(meta, 11, start)
        footer = thrift.write(self.footer)
        return bytes(out) + footer + struct.pack("<I", len(footer) & 0xFFFFFFFF) + b"PAR1"


def metas(footer):
    groups = thrift.get(footer, 4)
    for group in groups[1] if groups else []:
        for chunk in thrift.get(group, 1)[1]:
            yield thrift.get(chunk, 3)


def chunk(kind, encoding, values, codec, version, optional):
    """Pages of a column: a dictionary where it is asked for, then two data pages."""
    pages = []
    if encoding == DICTIONARY:
        words = sorted(set(values))
        body = encoded(kind, PLAIN, words)
        head = [[1, I32, len(words)], [2, I32, PLAIN]]
        pages.append(page(2, 7, head, body, b"", codec))
        width = max(1, (len(words) - 1).bit_length())
    half = len(values) // 2
    for part in (values[:half], values[half:]):
        if encoding == DICTIONARY:
            body = bytes([width]) + runs([words.index(v) for v in part], width)
        else:
            body = encoded(kind, encoding, part)
        levels = runs([1] * len(part), 1) if optional else b""
        n = len(part)
        if version == 1:
            head = [[1, I32, n], [2, I32, encoding], [3, I32, RLE], [4, I32, RLE]]
            levels = struct.pack("<I", len(levels)) + levels if optional else b""
            pages.append(page(0, 5, head, levels + body, b"", codec))
        else:
            head = [[1, I32, n], [2, I32, 0], [3, I32, n], [4, I32, encoding], [5, I32, len(levels)], [6, I32, 0]]
            pages.append(page(3, 8, head, body, levels, codec))
    return pages


def page(kind, field, head, body, levels, codec):
    packed = zlib.compress(body, wbits=31) if codec == GZIP else body
    sizes = [[2, I32, len(levels) + len(body)], [3, I32, len(levels) + len(packed)]]
    return [[[1, I32, kind], *sizes, [field, STRUCT, head]], levels + packed]


def written(columns, n_groups=2):
    """A file of `columns`: name, kind, encoding, values of a row group, codec, page version, whether it is optional."""
    schema = [[[4, BINARY, b"root"], [5, I32, len(columns)]]]
    groups, chunks = [], []
    for name, kind, _, _, _, _, optional in columns:
        element = [[1, I32, kind], [3, I32, int(optional)], [4, BINARY, name]]
        schema.append(element + ([[6, I32, 0]] if kind == BYTE_ARRAY else []))
    for _ in range(n_groups):
        entries = []
        for name, kind, encoding, values, codec, version, optional in columns:
            pages = chunk(kind, encoding, values, codec, version, optional)
            size = sum(thrift.get(header, 2) + len(thrift.write(header)) for header, _ in pages)
            meta = [[1, I32, kind], [2, LIST, [I32, [encoding, RLE]]], [3, LIST, [BINARY, [name]]], [4, I32, codec]]
            meta += [[5, I64, len(values)], [6, I64, size], [7, I64, size], [9, I64, 4]]
            meta += [[11, I64, 4]] if encoding == DICTIONARY else []
            entries.append([[2, I64, 4], [3, STRUCT, meta]])
            chunks.append(pages)
        n = len(columns[0][3])
        groups.append([[1, LIST, [STRUCT, entries]], [2, I64, 1], [3, I64, n]])
    footer = [[1, I32, 2], [2, LIST, [STRUCT, schema]], [3, I64, n_groups * n], [4, LIST, [STRUCT, groups]]]
    return File(footer, chunks)


def seeds(n=300):
    """One file for each way to write the columns `bytes`, `seconds`, `proto` and `label`."""
    rng = random.Random(7)
    numbers = [rng.randrange(1 << 20) for _ in range(n)]
    seconds = [rng.random() * 100 for _ in range(n)]
    protos = [rng.choice([b"tcp", b"udp", b"icmp", b"tcp6"]) for _ in range(n)]
    labels = [rng.choice([b"benign", b"attack"]) for _ in range(n)]
    for number, real, text in [
        ((INT64, PLAIN), (DOUBLE, PLAIN), PLAIN),
        ((INT64, DELTA), (DOUBLE, STREAM_SPLIT), DELTA_LENGTH),
        ((INT32, DELTA), (FLOAT, STREAM_SPLIT), DELTA_TEXT),
        ((INT64, DICTIONARY), (DOUBLE, DICTIONARY), DICTIONARY),
        ((BOOLEAN, RLE), (FLOAT, PLAIN), DELTA_TEXT),
        ((BOOLEAN, PLAIN), (DOUBLE, DICTIONARY), DELTA_LENGTH),
    ]:
        for codec in (0, GZIP):
            for version in (1, 2):
                values = [v & 1 for v in numbers] if number[0] == BOOLEAN else numbers
                rest = (codec, version, version == 2 or codec == 0)
                yield written(
                    [
                        (b"bytes", *number, values, *rest),
                        (b"seconds", *real, seconds, *rest),
                        (b"proto", BYTE_ARRAY, text, protos, *rest),
                        (b"label", BYTE_ARRAY, text, labels, *rest),
                    ]
                )


def varied(rng, value):
    """Another number in its place."""
    way = rng.randrange(4)
    if way == 0:
        return value + rng.choice([-1, 1, 2, -7])
    if way == 1:
        return value ^ (1 << rng.randrange(31))
    if way == 2:
        return rng.choice(NUMBERS)
    return rng.randrange(-(1 << rng.randrange(1, 63)), 1 << rng.randrange(1, 63))


def damaged_bytes(rng, data, first):
    """Some bytes changed, the first ones, where lengths stand, more than the others; a piece lost or doubled at times."""
    if not data:
        return data
    data = bytearray(data)
    for _ in range(rng.choice([1, 1, 1, 2, 4])):
        at = rng.randrange(min(first, len(data))) if rng.random() < 0.6 else rng.randrange(len(data))
        way = rng.randrange(5)
        if way == 0:
            data[at] ^= 1 << rng.randrange(8)
        elif way == 1:
            data[at] = rng.choice([0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)])
        elif way == 2:
            new = thrift.varint(abs(varied(rng, rng.choice(NUMBERS))))
            data[at : at + rng.choice([1, len(new)])] = new
        elif way == 3:
            del data[at : at + rng.randrange(1, 9)]
            if not data:
                break
        else:
            data[at:at] = data[at : at + rng.randrange(1, 33)]
    return bytes(data)


def damaged(rng, whole):
    """Bytes of a damaged copy of `whole` and where it was damaged."""
    file = File(copy.deepcopy(whole.footer), copy.deepcopy(whole.chunks))
    way = rng.choice(["flip", "footer", "footer", "header", "header", "body", "body", "body", "cut"])
    if way == "flip":
        return damaged_bytes(rng, file.bytes(), 1 << 30), way
    if way == "cut":
        data = file.bytes()
        return data[: rng.randrange(len(data))] + data[-rng.randrange(1, 900) :], way
    chunks = [chunk for chunk in file.chunks if chunk]
    for _ in range(rng.choice([1, 1, 2, 3])):
        if way == "footer":
            holder, place = rng.choice(list(thrift.numbers(file.footer)))
            holder[place] = varied(rng, holder[place])
            continue
        page = rng.choice(rng.choice(chunks))
        if way == "header":
            holder, place = rng.choice(list(thrift.numbers(page[0])))
            holder[place] = varied(rng, holder[place])
        else:
            page[1] = damaged_body(rng, page)
    return file.bytes(mend_sizes=way != "footer" or rng.random() < 0.3), way


def damaged_body(rng, page):
    """The page's contents damaged, unpacked first where they are packed with gzip, and the header made to agree."""
    header, body = page
    levels = (thrift.get(header, 8, 5) or 0) + (thrift.get(header, 8, 6) or 0)
    inner = unzipped(body[levels:]) if rng.random() < 0.8 else None
    if inner is not None:
        inner = damaged_bytes(rng, inner, 24)
        thrift.put(header, 2, levels + len(inner))
        body = body[:levels] + zlib.compress(inner, wbits=31)
    else:
        before = len(body)
        body = damaged_bytes(rng, body, 24)
        if thrift.get(header, 2) == before:
            thrift.put(header, 2, len(body))
    thrift.put(header, 3, len(body))
    return body


def unzipped(data):
    """What gzip packed, `None` where that is something else, or was damaged before."""
    try:
        return zlib.decompress(data, wbits=31)
    except zlib.error:
        return None


def found(folder):
    """Parquet files below a folder, small enough to be read a thousand times, in pieces."""
    paths = sorted(pathlib.Path(folder).rglob("*.parquet"))
    for path in paths:
        if path.stat().st_size < 1 << 20:
            try:
                yield path.name, File.parse(path.read_bytes())
            except (IndexError, TypeError, struct.error):
                continue
