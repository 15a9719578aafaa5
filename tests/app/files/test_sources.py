import gzip
import io
from collections.abc import Iterator
from itertools import islice
from typing import Any

import pytest

from app.files import sources
from app.files.errors import InputError
from app.files.sources import Source


class Slow(io.RawIOBase):
    """A stream that gives so many bytes at a time."""

    def __init__(self, data: bytes, size: int) -> None:
        self._data = io.BytesIO(data)
        self._size = size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        block = self._data.read(min(self._size, len(buffer)))
        buffer[: len(block)] = block
        return len(block)


@pytest.mark.parametrize("size", [1, 5, sources.BLOCK])
def test_lines_are_put_together_from_blocks(size: int) -> None:
    data = b"\xef\xbb\xbfone\r\n\ntwo \xc3\xa9\n\xef\xbb\xbfthree"
    lines = [line for line in Source(Slow(data, size), "lines").lines() if line is not None]
    assert lines == [b"one\r", b"", "two é".encode(), b"\xef\xbb\xbfthree"]


@pytest.mark.parametrize("size", [1, 5, sources.BLOCK])
@pytest.mark.parametrize(("before", "behind"), [(0, 0), (0, 2), (2, 0), (2, 2)])
def test_a_line_that_is_too_long_ends_the_lines_whatever_the_blocks(size: int, before: int, behind: int) -> None:
    data = b"four\n" * before + b"seven's" + b"\nfour" * behind

    def lines(longest: int) -> Iterator[bytes | None]:
        source = Source(Slow(data, size), "lines", longest_line=longest)
        return filter(lambda line: line is not None, source.lines())

    assert len([*lines(7)]) == before + 1 + behind
    found = lines(6)
    assert [*islice(found, before)] == [b"four"] * before
    with pytest.raises(InputError, match=rf"^lines, line {before + 1} is longer than 6 bytes\.$"):
        next(found)


def test_what_little_becomes_of_something_packed_is_free_whatever_the_ratio() -> None:
    def count(became: int) -> int:
        packed = gzip.compress(b"\n" * became)
        source = Source(Slow(packed, sources.BLOCK), "lines", packed=True, ratio=1)
        return len([line for line in source.lines() if line is not None])

    assert count(sources.FREE_BYTES) == sources.FREE_BYTES
    with pytest.raises(InputError, match=r"^lines becomes more than 1 times larger when it is unpacked\.$"):
        count(sources.FREE_BYTES + 1)
