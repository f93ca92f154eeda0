"""Thrift's compact encoding, read into trees and written from them, as Parquet uses it.

A structure is a list of `[field, kind, value]`; a list is `[kind, values]`. Kinds are the protocol's numbers.
"""

TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, MAP, STRUCT = range(1, 13)


def varint(value):
    value &= (1 << 64) - 1
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def zigzag(value):
    return varint((value << 1) ^ (value >> 63))


def read_varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def read_zigzag(data, at):
    value, at = read_varint(data, at)
    return (value >> 1) ^ -(value & 1), at


def read(data, at=0):
    """The structure at `at` and the place behind it."""
    fields, last = [], 0
    while True:
        header = data[at]
        at += 1
        kind = header & 15
        if kind == 0:
            return fields, at
        if header >> 4:
            last += header >> 4
        else:
            last, at = read_zigzag(data, at)
        value, at = read_value(data, at, kind)
        fields.append([last, kind, value])


def read_value(data, at, kind):
    if kind in (TRUE, FALSE):
        return None, at
    if kind == BYTE:
        return data[at], at + 1
    if kind in (I16, I32, I64):
        return read_zigzag(data, at)
    if kind == DOUBLE:
        return bytes(data[at : at + 8]), at + 8
    if kind == BINARY:
        length, at = read_varint(data, at)
        return bytes(data[at : at + length]), at + length
    if kind == STRUCT:
        return read(data, at)
    n, inner, at = data[at] >> 4, data[at] & 15, at + 1
    if n == 15:
        n, at = read_varint(data, at)
    values = []
    for _ in range(n):
        value, at = read_value(data, at, inner) if inner > 2 else (data[at], at + 1)
        values.append(value)
    return [inner, values], at


def write(fields):
    out, last = bytearray(), 0
    for field, kind, value in fields:
        if 0 < field - last < 16:
            out.append((field - last) << 4 | kind)
        else:
            out.append(kind)
            out += zigzag(field)
        last = field
        out += write_value(kind, value)
    return bytes(out) + b"\0"


def write_value(kind, value):
    if kind in (TRUE, FALSE):
        return b""
    if kind == BYTE:
        return bytes([value & 255])
    if kind in (I16, I32, I64):
        return zigzag(value)
    if kind == DOUBLE:
        return value
    if kind == BINARY:
        return varint(len(value)) + value
    if kind == STRUCT:
        return write(value)
    inner, values = value
    n = len(values)
    head = bytes([min(n, 15) << 4 | inner]) + (varint(n) if n >= 15 else b"")
    return head + b"".join(write_value(inner, v) if inner > 2 else bytes([v]) for v in values)


def get(fields, *path):
    """The value at a path of field numbers, `None` where there is none."""
    for field in path:
        fields = next((f[2] for f in fields if f[0] == field), None)
        if fields is None:
            return None
    return fields


def put(fields, field, value):
    """Sets a field that is there."""
    for entry in fields:
        if entry[0] == field:
            entry[2] = value


def numbers(tree):
    """Every whole number below: the list that holds it and its place there."""
    for entry in tree:
        yield from _numbers(entry, 2, entry[1])


def _numbers(holder, place, kind):
    value = holder[place]
    if kind in (BYTE, I16, I32, I64):
        yield holder, place
    elif kind == STRUCT:
        yield from numbers(value)
    elif kind in (LIST, SET):
        for i in range(len(value[1])):
            yield from _numbers(value[1], i, value[0])
