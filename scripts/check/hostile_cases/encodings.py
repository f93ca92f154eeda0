"""Values of a Parquet page, in the encodings of the format."""

import struct

from . import thrift

INT32, INT64, FLOAT, DOUBLE, BYTE_ARRAY, BOOLEAN = 1, 2, 4, 5, 6, 0
PLAIN, RLE, DELTA, DELTA_LENGTH, DELTA_TEXT, DICTIONARY, STREAM_SPLIT = 0, 3, 5, 6, 7, 8, 9


def delta(values):
    """DELTA_BINARY_PACKED, blocks of 128 values in four miniblocks."""
    out = thrift.varint(128) + thrift.varint(4) + thrift.varint(len(values)) + thrift.zigzag(values[0] if values else 0)
    steps = [b - a for a, b in zip(values, values[1:])]
    for block in range(0, len(steps), 128):
        part = steps[block : block + 128]
        least = min(part)
        parts = [[s - least for s in part[i : i + 32]] for i in range(0, 128, 32)]
        widths = [max((s.bit_length() for s in mini), default=0) for mini in parts]
        out += thrift.zigzag(least) + bytes(widths)
        for width, mini in zip(widths, parts):
            if mini:
                mini = mini + [0] * (32 - len(mini))
                packed = sum(value << (width * i) for i, value in enumerate(mini))
                out += packed.to_bytes(width * 4, "little")
    return out


def runs(values, width):
    """RLE of the hybrid encoding, a run a value: the longest way, with the most to damage."""
    size = (width + 7) // 8
    return b"".join(thrift.varint(2) + value.to_bytes(size, "little") for value in values)


def encoded(kind, encoding, values):
    """The values of a page."""
    code = {INT32: "<i", INT64: "<q", FLOAT: "<f", DOUBLE: "<d"}
    if encoding == PLAIN:
        if kind == BYTE_ARRAY:
            return b"".join(struct.pack("<I", len(v)) + v for v in values)
        if kind == BOOLEAN:
            bits = sum(bool(v) << i for i, v in enumerate(values))
            return bits.to_bytes((len(values) + 7) // 8, "little")
        return b"".join(struct.pack(code[kind], v) for v in values)
    if encoding == DELTA:
        return delta(values)
    if encoding == DELTA_LENGTH:
        return delta([len(v) for v in values]) + b"".join(values)
    if encoding == DELTA_TEXT:
        prefixes, last = [], b""
        for value in values:
            same = len(last) if value.startswith(last) else 0
            while same < min(len(last), len(value)) and last[same] == value[same]:
                same += 1
            prefixes.append(same)
            last = value
        rests = [value[same:] for value, same in zip(values, prefixes)]
        return delta(prefixes) + delta([len(r) for r in rests]) + b"".join(rests)
    if encoding == STREAM_SPLIT:
        cells = [struct.pack(code[kind], v) for v in values]
        return b"".join(bytes(cell[i] for cell in cells) for i in range(len(cells[0])))
    assert encoding == RLE
    bits = runs([int(v) for v in values], 1)
    return struct.pack("<I", len(bits)) + bits
