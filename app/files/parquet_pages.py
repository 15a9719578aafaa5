"""What a Parquet file says of its size before it is unpacked: in its footer, and in the headers of its pages.

A page of some bytes can unpack to gigabytes, and one value of a dictionary can stand in each row. Both show in what
Thrift's compact protocol says of them, which is read here as Arrow reads it: a field of another type than it should
have is passed over, of one that comes twice the last is meant, and numbers wrap.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, Final

from app.files.errors import InputError

HEADER_BYTES: Final = 2**16
"""Of the header of a page at most. It may hold the least and the greatest value."""
CHUNKS: Final = 20_000
"""Chunks of columns at most, of all row groups; each takes more than a kilobyte when a footer is unpacked."""
PAGES: Final = 100_000
"""Pages of a chunk at most; to read the headers of so many takes seconds."""
ELEMENTS: Final = 2**19
"""Elements of all lists of a footer at most; each takes up to a hundred bytes when it is unpacked."""
_MAGIC: Final = b"PAR1"
_READ: Final = 2**12
_DEPTH: Final = 16
"""Structs within structs at most; those of Parquet have fewer than half of it."""
_VARINT_BYTES: Final = 10

_TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = range(1, 13)
_DICTIONARY_PAGE: Final = 2
_COUNTED_WITHIN: Final = {6: "DELTA_LENGTH_BYTE_ARRAY", 7: "DELTA_BYTE_ARRAY"}
"""Encodings whose pages say within how many values they have; Arrow takes room for these, however few there are."""
_HEADER_OF_DICTIONARY: Final = 7
_HEADERS_OF_DATA: Final = {5: (0, 2), 8: (3, 4)}
"""The fields that hold the header of a page of data, in its two versions: of which type it then is, and the field of
the header with the encoding."""
_FOOTER_SCHEMA: Final = 2
_FOOTER_GROUPS: Final = 4
_GROUP_CHUNKS: Final = 1


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a file may have at most that comes from somebody who may mean harm.

    Attributes:
        characters: Of a text. One that is certainly longer is an error of its row, and not unpacked.
        columns: Of the table.
        footer: Bytes of the footer, which describes each part of the file.
        pages: Bytes that are unpacked at once: the largest page and the dictionary of each column.
        repeated: Bytes that the values of some rows can take where each stands in the file once.
        row: Bytes that such values of one row can take where its columns are written again.
        chunk: Bytes from which on a chunk of rows is full.
        group: Bytes of a row group that is written, in memory.
    """

    characters: int
    columns: int
    footer: int = 2**22
    pages: int = 2**26
    repeated: int = 2**23
    row: int = 2**24
    chunk: int = 2**20
    group: int = 2**24


@dataclass(slots=True)
class Sizes:
    """How large the pages of a chunk of a column are at most, packed or unpacked.

    Attributes:
        dictionary: Bytes of its dictionary, which a value can be made of that takes no room of its own.
        entries: Values of its dictionary.
        data: Bytes of any other page.
    """

    dictionary: int = 0
    entries: int = 0
    data: int = 0


@dataclass(frozen=True, slots=True)
class ColumnChunk:
    """Where the chunk of a column lies.

    Attributes:
        start: Of its first page.
        size: Bytes of all pages, as packed.
        values: How many there are in it.
    """

    start: int
    size: int
    values: int


class _Malformed(Exception):
    """What is read is not what it should be. The message says what it does, to follow what it is."""


def check_footer(file: BinaryIO, name: str, *, size: int, columns: int) -> None:
    """Check that the footer of a file does not unpack to more than it should.

    Args:
        file: The file.
        name: What to call it in a message.
        size: Bytes of the footer at most.
        columns: Columns at most.

    Raises:
        InputError: It does. What is no footer at all raises nothing, as Arrow says that better.
    """
    end = file.seek(0, 2) - 8
    if end < len(_MAGIC):
        return
    file.seek(end)
    tail = file.read(8)
    length = int.from_bytes(tail[:4], "little")
    if tail[4:] != _MAGIC or length > end:
        return
    if length > size:
        raise InputError(f"{name} has a footer of {length:,} bytes; at most {size:,} are read.")
    thrift = _Thrift(file, end)
    thrift.begin(end - length, length)
    try:
        _check_lists(thrift, columns)
    except _Malformed as malformed:
        raise InputError(f"{name} cannot be read as Parquet (its footer {malformed}).") from malformed


def _check_lists(thrift: "_Thrift", columns: int) -> None:
    chunks = 0
    for number, kind in thrift.fields():
        if number == _FOOTER_SCHEMA and kind == _LIST:
            element, count = thrift.list_header()
            # Columns can be in groups, of which most files have none.
            if count > 2 * columns + 1:
                raise _Malformed(f"has more than {columns:,} columns")
            thrift.skip_all(element, count)
        elif number == _FOOTER_GROUPS and kind == _LIST:
            element, count = thrift.list_header()
            if element != _STRUCT:
                raise _Malformed("is damaged")
            for _ in range(count):
                for inner, inner_kind in thrift.fields():
                    if inner == _GROUP_CHUNKS and inner_kind == _LIST:
                        element, count = thrift.list_header()
                        chunks += count
                        if chunks > CHUNKS:
                            raise _Malformed(f"has more than {CHUNKS:,} chunks of columns")
                        thrift.skip_all(element, count)
                    else:
                        thrift.skip(inner_kind)
        else:
            thrift.skip(kind)


class Pages:
    """The headers of the pages of a file."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        """Read nothing yet.

        Args:
            file: The file, which can seek.
            name: What to call it in a message.
        """
        self._size = file.seek(0, 2)
        self._thrift = _Thrift(file, self._size)
        self._name = name

    def sizes(self, chunk: ColumnChunk, column: str) -> Sizes:
        """Tell how large the pages of a chunk are.

        Args:
            chunk: Where it lies.
            column: What to call its column in a message.

        Raises:
            InputError: There is no such chunk.
        """
        try:
            return self._sizes(chunk)
        except _Malformed as malformed:
            raise InputError(
                f"{self._name} cannot be read as Parquet (a page of the column {column!r} {malformed})."
            ) from malformed

    def _sizes(self, chunk: ColumnChunk) -> Sizes:
        found = Sizes()
        position, end = chunk.start, chunk.start + chunk.size
        if position < 0 or chunk.size < 0 or end > self._size:
            raise _Malformed("lies outside the file")
        seen = pages = 0
        # Arrow, too, stops at this many values, whatever comes behind them.
        while seen < chunk.values:
            self._thrift.begin(position, min(HEADER_BYTES, end - position))
            header = self._header()
            position = self._thrift.position + header.packed
            if header.packed < 0 or header.unpacked < 0:
                raise _Malformed("has a negative size")
            if position > end:
                raise _Malformed("is longer than the column")
            pages += 1
            if pages > PAGES:
                raise _Malformed(f"has more than {PAGES:,} before it")
            values, encoding = header.data.get(header.type, (0, -1))
            if values < 0:
                raise _Malformed("has a negative size")
            seen += values
            size = max(header.packed, header.unpacked)
            if encoding in _COUNTED_WITHIN:
                raise _Malformed(f"is {_COUNTED_WITHIN[encoding]}, which is not read here; write it plain")
            if header.type == _DICTIONARY_PAGE:
                found.dictionary = max(found.dictionary, size)
                found.entries = max(found.entries, header.entries)
            else:
                found.data = max(found.data, size)
        return found

    def _header(self) -> "_Header":
        header = _Header()
        thrift = self._thrift
        for number, kind in thrift.fields():
            if kind == _I32 and number == 1:
                header.type = thrift.number()
            elif kind == _I32 and number == 2:
                header.unpacked = thrift.number()
            elif kind == _I32 and number == 3:
                header.packed = thrift.number()
            elif kind == _STRUCT and number == _HEADER_OF_DICTIONARY:
                header.entries = self._numbers(1)[0]
            elif kind == _STRUCT and number in _HEADERS_OF_DATA:
                page_type, encoding_field = _HEADERS_OF_DATA[number]
                values, encoding = self._numbers(1, encoding_field)
                # A header can have both, and its type then says which is meant.
                header.data[page_type] = values, encoding
            else:
                thrift.skip(kind)
        return header

    def _numbers(self, *wanted: int) -> list[int]:
        """Read a struct, and return some of its fields; -1 for one that it does not have."""
        found = dict.fromkeys(wanted, -1)
        for number, kind in self._thrift.fields():
            if kind == _I32 and number in found:
                found[number] = self._thrift.number()
            else:
                self._thrift.skip(kind)
        return list(found.values())


@dataclass(slots=True)
class _Header:
    type: int = -1
    unpacked: int = -1
    packed: int = -1
    entries: int = 0
    data: dict[int, tuple[int, int]] = field(default_factory=dict)


class _Thrift:
    """Reads Thrift's compact protocol from a file, and no further than a limit."""

    def __init__(self, file: BinaryIO, end: int) -> None:
        """Read nothing yet.

        Args:
            file: What is read.
            end: Where it ends.
        """
        self.position = 0
        self._file = file
        self._end = end
        self._stop = 0
        self._block = b""
        self._block_start = 0
        self._depth = 0
        self._elements = 0

    def begin(self, position: int, size: int) -> None:
        """Go somewhere, to read so many bytes at most."""
        self.position = position
        self._stop = position + size
        self._depth = 0
        self._elements = 0

    def fields(self) -> Iterator[tuple[int, int]]:
        """Give the number and the type of each field of a struct. Its value is to be read or skipped meanwhile."""
        if self._depth >= _DEPTH:
            raise _Malformed("is nested too deeply")
        self._depth += 1
        last = 0
        while head := self._byte():
            last = _signed(last + (head >> 4), 16) if head >> 4 else _signed(self.number(), 16)
            yield last, head & 15
        self._depth -= 1

    def number(self) -> int:
        """Read a number of 32 bits."""
        value = self._varint() & 0xFFFFFFFF
        return (value >> 1) ^ -(value & 1)

    def list_header(self) -> tuple[int, int]:
        """Read the type of the elements of a list, and how many there are."""
        head = self._byte()
        count = head >> 4
        if count == 15:
            count = self._length()
        self._elements += count
        if self._elements > ELEMENTS:
            raise _Malformed(f"has lists of more than {ELEMENTS:,} elements")
        return head & 15, count

    def skip_all(self, kind: int, count: int) -> None:
        """Skip elements of a list or a map."""
        for _ in range(count):
            if kind in (_TRUE, _FALSE):
                self._byte()
            else:
                self.skip(kind)

    def skip(self, kind: int) -> None:
        """Skip the value of a field."""
        if kind in (_TRUE, _FALSE):
            return
        if kind in (_I16, _I32, _I64):
            self._varint()
        elif kind == _BYTE:
            self._pass(1)
        elif kind == _DOUBLE:
            self._pass(8)
        elif kind == _BINARY:
            self._pass(self._length())
        elif kind == _STRUCT:
            for _, inner in self.fields():
                self.skip(inner)
        elif kind in (_LIST, _SET, _MAP):
            self._skip_container(kind)
        else:
            raise _Malformed("is damaged")

    def _skip_container(self, kind: int) -> None:
        # Containers hold containers, without a struct between them.
        if self._depth >= _DEPTH:
            raise _Malformed("is nested too deeply")
        self._depth += 1
        if kind == _MAP:
            count = self._length()
            kinds = self._byte() if count else 0
            for _ in range(count):
                self.skip_all(kinds >> 4, 1)
                self.skip_all(kinds & 15, 1)
        else:
            self.skip_all(*self.list_header())
        self._depth -= 1

    def _length(self) -> int:
        length = _signed(self._varint(), 32)
        if length < 0:
            raise _Malformed("is damaged")
        return length

    def _varint(self) -> int:
        value = 0
        for shift in range(0, 7 * _VARINT_BYTES, 7):
            byte = self._byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
        raise _Malformed("is damaged")

    def _pass(self, size: int) -> None:
        self.position += size
        if self.position > self._stop:
            raise _Malformed("is cut off, or has too long a header")

    def _byte(self) -> int:
        position = self.position
        self._pass(1)
        offset = position - self._block_start
        if not 0 <= offset < len(self._block):
            self._file.seek(position)
            self._block, self._block_start, offset = self._file.read(_READ), position, 0
            if not self._block:
                raise _Malformed("is cut off")
        return self._block[offset]


def _signed(value: int, bits: int) -> int:
    half = 1 << (bits - 1)
    return ((value + half) & ((1 << bits) - 1)) - half
