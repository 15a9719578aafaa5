import io
from typing import Any

import pytest

from app.files import sources
from app.files.sources import Source


@pytest.mark.parametrize("size", [1, 5, sources.BLOCK])
def test_lines_are_put_together_from_blocks(size: int) -> None:
    class Slow(io.RawIOBase):
        data = io.BytesIO(b"\xef\xbb\xbfone\r\n\ntwo \xc3\xa9\n\xef\xbb\xbfthree")

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            block = self.data.read(min(size, len(buffer)))
            buffer[: len(block)] = block
            return len(block)

    lines = [line for line in Source(Slow(), "lines").lines() if line is not None]
    assert lines == [b"one\r", b"", "two é".encode(), b"\xef\xbb\xbfthree"]
