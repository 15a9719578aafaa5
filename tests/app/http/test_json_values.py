import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.http.json_values import count_values

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, min_size=1, max_size=4) | st.dictionaries(st.text(), inner, min_size=1, max_size=4),
)


def size(value: object) -> int:
    if isinstance(value, list):
        return 1 + sum(map(size, value))
    return 1 + sum(map(size, value.values())) if isinstance(value, dict) else 1


@given(JSON, st.booleans())
def test_the_values_of_a_body_are_counted(value: object, escaped: bool) -> None:
    assert count_values(json.dumps(value, ensure_ascii=escaped).encode()).total == size(value)


@pytest.mark.parametrize("padding", range(6))
def test_strings_go_on_from_piece_to_piece(padding: int) -> None:
    texts = ['\\",[{' * 30_000, "a" * padding + '\\\\",' * 30_000, "\\" * 70_001]
    found = count_values(json.dumps({"texts": texts, "model": "m"}).encode())
    assert (found.commas, found.colons, found.lists, found.objects) == (3, 2, 1, 1)
    assert found.items == 3


def test_what_lies_too_deep_to_be_parsed_is_not_counted() -> None:
    assert count_values(b"[" * 100_000).total == 200
