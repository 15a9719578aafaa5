import gzip
import zlib

import pytest

from app.http.compression import Gzip, gzipped, takes_gzip


def test_each_part_can_be_read_when_it_is_there() -> None:
    parts = [b"one\n", b"two\n" * 1_000, b"three\n"]
    encoder, reader = Gzip(), zlib.decompressobj(16 + zlib.MAX_WBITS)
    for part in parts:
        assert reader.decompress(encoder.part(part)) == part
    assert reader.decompress(encoder.part(b"end", last=True)) == b"end"
    assert reader.eof


def test_a_body_is_one_member() -> None:
    assert gzip.decompress(gzipped(b"a body " * 500)) == b"a body " * 500


@pytest.mark.parametrize(
    ("value", "taken"),
    [
        (b"gzip", True),
        (b"br, GZIP;q=0.5", True),
        (b"*", True),
        (b"", False),
        (b"br", False),
        (b"gzip;q=0", False),
        (b"*;q=0", False),
        (b"gzip;q=0, *", False),
    ],
)
def test_who_takes_gzip_says_so(value: bytes, taken: bool) -> None:
    assert takes_gzip({"type": "http", "headers": [(b"accept-encoding", value)]}) is taken


def test_who_says_nothing_does_not_take_it() -> None:
    assert not takes_gzip({"type": "http", "headers": []})
