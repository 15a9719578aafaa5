"""Parquet files as no library writes them: Thrift's compact protocol by hand."""

import struct
from collections.abc import Sequence
from typing import Final

Field = tuple[int, int, bytes]

_I32, _I64, _BINARY, _LIST, _STRUCT = 5, 6, 8, 9, 12
DATA, INDEX, DICTIONARY = 0, 1, 2
"""Kinds of pages."""
PLAIN, RLE, NUMBERED = 0, 3, 8
"""Encodings; the last one is that of values which are numbers of a dictionary's."""
_BYTE_ARRAY: Final = 6


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    return bytes([*found, value])


def _number(value: int) -> bytes:
    return _varint(value << 1)


def i32(number: int, value: int) -> Field:
    return number, _I32, _number(value)


def i64(number: int, value: int) -> Field:
    return number, _I64, _number(value)


def binary(number: int, value: bytes) -> Field:
    return number, _BINARY, _varint(len(value)) + value


def struct_of(*fields: Field) -> bytes:
    found, last = b"", 0
    for number, kind, data in fields:
        found += bytes([number - last << 4 | kind]) + data
        last = number
    return found + b"\0"


def inner(number: int, data: bytes) -> Field:
    return number, _STRUCT, data


def many(number: int, kind: int, items: Sequence[bytes]) -> Field:
    head = bytes([len(items) << 4 | kind]) if len(items) < 15 else bytes([15 << 4 | kind]) + _varint(len(items))
    return number, _LIST, head + b"".join(items)


def numbers(number: int, values: Sequence[int]) -> Field:
    return many(number, _I64, [_number(value) for value in values])


def page(kind: int, data: bytes, *more: Field) -> bytes:
    return struct_of(i32(1, kind), i32(2, len(data)), i32(3, len(data)), *more) + data


def data_page(data: bytes, values: int = 1, encoding: int = PLAIN) -> bytes:
    header = struct_of(i32(1, values), i32(2, encoding), i32(3, RLE), i32(4, RLE))
    return page(DATA, data, inner(5, header))


def plain(text: bytes) -> bytes:
    return struct.pack("<I", len(text)) + text


def repeated(text: bytes, rows: int) -> tuple[bytes, bytes]:
    """Return the pages of a column of one text in all rows: its dictionary, and one run of its number."""
    dictionary = page(DICTIONARY, plain(text), inner(7, struct_of(i32(1, 1), i32(2, PLAIN))))
    return dictionary, data_page(b"\1" + _varint(rows << 1) + b"\0", rows, NUMBERED)


def parquet(
    pages: bytes,
    *,
    rows: int = 1,
    groups: int = 1,
    names: Sequence[bytes] = (b"text",),
    dictionary: int = 0,
    more: Sequence[Field] = (),
) -> bytes:
    """Make a file all of whose columns, and row groups, are the same pages.

    Args:
        pages: These.
        rows: Of a row group.
        groups: Row groups.
        names: Of the columns.
        dictionary: Bytes of the dictionary in front of the other pages.
        more: Further fields of what is said of each chunk.
    """

    def chunk(name: bytes) -> bytes:
        place = [i64(9, 4 + dictionary), *([i64(11, 4)] if dictionary else [])]
        described = struct_of(
            i32(1, _BYTE_ARRAY),
            many(2, _I32, [_number(PLAIN)]),
            many(3, _BINARY, [_varint(len(name)) + name]),
            i32(4, 0),
            i64(5, rows),
            i64(6, len(pages)),
            i64(7, len(pages)),
            *place,
            *more,
        )
        return struct_of(i64(2, 4), inner(3, described))

    group = struct_of(many(1, _STRUCT, [chunk(name) for name in names]), i64(2, len(pages)), i64(3, rows))
    columns = [struct_of(i32(1, _BYTE_ARRAY), i32(3, 0), binary(4, name), i32(6, 0)) for name in names]
    schema = many(2, _STRUCT, [struct_of(binary(4, b"schema"), i32(5, len(names))), *columns])
    footer = struct_of(i32(1, 2), schema, i64(3, rows * groups), many(4, _STRUCT, [group] * groups))
    return b"PAR1" + pages + footer + struct.pack("<I", len(footer)) + b"PAR1"
