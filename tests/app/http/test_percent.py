from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.http.percent import decoded

LIKE_ESCAPES = st.lists(st.sampled_from([*map(bytes, zip(b"%%09afAFgG@`/:\x00\xff", strict=True)), b"%41", b"%fF"]))


@given(st.one_of(st.binary(), LIKE_ESCAPES.map(b"".join)))
def test_bytes_are_those_of_the_standard_library(encoded: bytes) -> None:
    assert decoded(encoded) == unquote_to_bytes(encoded)


@pytest.mark.parametrize("padding", range(4))
@pytest.mark.parametrize("repeated", [b"%41", b"%%4", b"%4g", b"a%C3%A9", b"%"])
def test_long_bytes_are_too(padding: int, repeated: bytes) -> None:
    encoded = b"x" * padding + repeated * 50_000
    assert decoded(encoded) == unquote_to_bytes(encoded)
