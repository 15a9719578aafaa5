"""The binary parser: what is wrong is refused in a sentence, whatever it is."""

import json
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.http.problems import Problem
from app.protocols.outputs import string_bytes
from app.protocols.tensors import InferenceBody, split_strings
from app.settings import Settings

BODY = InferenceBody()
SETTINGS = Settings()
WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


def request(**tensor: Any) -> bytes:
    fields = {"name": "text", "shape": [1], "datatype": "BYTES", **tensor}
    return json.dumps({"inputs": [{name: value for name, value in fields.items() if value is not ...}]}).encode()


def check_refusal(error: Problem) -> None:
    assert error.status == 422
    assert error.detail.endswith(".")
    assert error.errors


@given(st.lists(WORDS))
def test_strings_are_what_they_were(texts: list[str]) -> None:
    assert split_strings(b"".join(map(string_bytes, texts)), len(texts)) == texts


@given(st.binary(), st.integers(0, 20))
def test_any_bytes_are_split_or_refused(data: bytes, count: int) -> None:
    check_split(data, count)


def check_split(data: bytes, count: int) -> None:
    """Bytes are split into strings that make up the same bytes, or refused."""
    try:
        texts = split_strings(data, count)
    except Problem as error:
        check_refusal(error)
    else:
        assert b"".join(map(string_bytes, texts)) == data


LENGTH = st.one_of(st.integers(0, 8), st.sampled_from([2**31, 2**32 - 1]))


@given(st.lists(st.tuples(LENGTH, st.binary(max_size=6))), st.integers(0, 5))
def test_lengths_that_lie_are_refused(parts: list[tuple[int, bytes]], count: int) -> None:
    check_split(b"".join(struct.pack("<I", length) + content for length, content in parts), count)


NUMBERS = st.one_of(st.integers(-1, 3), st.sampled_from([2**31, 10**30]), st.none(), st.floats(), st.booleans())
TENSOR = st.fixed_dictionaries(
    {"name": st.just("text")},
    optional={
        "shape": st.one_of(NUMBERS, st.lists(NUMBERS, max_size=3)),
        "datatype": st.sampled_from(["BYTES", "FP32", "INT64", "", 1]),
        "data": st.recursive(st.one_of(WORDS, NUMBERS), lambda inner: st.lists(inner, max_size=3)),
        "parameters": st.fixed_dictionaries({}, optional={"binary_data_size": NUMBERS}),
    },
)


@given(st.lists(TENSOR, max_size=2), st.binary(max_size=12))
def test_any_tensor_is_read_or_refused(tensors: list[dict[str, Any]], follow: bytes) -> None:
    try:
        found = BODY.parse(json.dumps({"inputs": tensors}).encode(), SETTINGS, follow)
    except Problem as error:
        check_refusal(error)
    else:
        assert found.texts
        assert all(isinstance(text, str) and text for text in found.texts)


@pytest.mark.parametrize(
    ("shape", "data", "texts"),
    [
        ([1], ["a"], ["a"]),
        ([2], ["a", "b"], ["a", "b"]),
        ([2, 1], ["a", "b"], ["a", "b"]),
        ([2, 1], [["a"], ["b"]], ["a", "b"]),
    ],
)
def test_texts_come_flat_or_in_lists_of_one(shape: list[int], data: Any, texts: list[str]) -> None:
    assert BODY.parse(request(shape=shape, data=data)).texts == texts
    follow = b"".join(map(string_bytes, texts))
    binary = request(shape=shape, parameters={"binary_data_size": len(follow)})
    assert BODY.parse(binary, SETTINGS, follow).texts == texts


A = string_bytes("a")


@pytest.mark.parametrize(
    ("tensor", "follow", "pointer"),
    [
        ({"data": ...}, b"", "#/inputs/0/data"),
        ({"data": None}, b"", "#/inputs/0/data"),
        ({"data": []}, b"", "#/inputs/0/data"),
        ({"data": ["a", "b"]}, b"", "#/inputs/0/data"),
        ({"data": [""]}, b"", "#/inputs/0/data/0"),
        ({"data": [1]}, b"", "#/inputs/0/data/0"),
        ({"data": [["a"]]}, b"", "#/inputs/0/data/0"),
        ({"data": "a"}, b"", "#/inputs/0/data"),
        ({"data": [["a"], ["b", "c"]], "shape": [2, 1]}, b"", "#/inputs/0/data/1"),
        ({"data": [["a"], "b"], "shape": [2, 1]}, b"", "#/inputs/0/data/1"),
        ({"data": [[["a"]]], "shape": [1, 1]}, b"", "#/inputs/0/data/0"),
        ({"data": ["a"], "shape": []}, b"", "#/inputs/0/shape"),
        ({"data": ["a"], "shape": [0]}, b"", "#/inputs/0/shape"),
        ({"data": ["a"], "shape": [-1]}, b"", "#/inputs/0/shape/0"),
        ({"data": ["a"], "shape": [1, 2]}, b"", "#/inputs/0/shape"),
        ({"data": ["a"], "shape": [1, 1, 1]}, b"", "#/inputs/0/shape"),
        ({"data": ["a"], "shape": [10**30]}, b"", "#/inputs/0/shape/0"),
        ({"data": ["a"], "shape": ...}, b"", "#/inputs/0/shape"),
        ({"data": ["a"], "datatype": ...}, b"", "#/inputs/0/datatype"),
        ({"data": ["a"], "datatype": "FP32"}, b"", "#/inputs/0/datatype"),
        ({"data": ["a"]}, A, "#/inputs/0"),
        ({"data": ["a"], "parameters": {"binary_data_size": 5}}, A, "#/inputs/0"),
        ({"parameters": {"binary_data_size": 4}}, A, "#/inputs/0/parameters/binary_data_size"),
        ({"parameters": {"binary_data_size": 6}}, A, "#/inputs/0/parameters/binary_data_size"),
        ({"parameters": {"binary_data_size": -1}}, A, "#/inputs/0/parameters/binary_data_size"),
        ({"parameters": {"binary_data_size": "5"}}, A, "#/inputs/0/parameters/binary_data_size"),
        ({"parameters": {"binary_data_size": 5}, "shape": [2]}, A, "#/inputs/0/data"),
        ({"parameters": {"binary_data_size": 10}}, A + A, "#/inputs/0/data"),
        ({"parameters": {"binary_data_size": 5}}, b"\xff\xff\xff\xffa", "#/inputs/0/data/0"),
        ({"parameters": {"binary_data_size": 5}}, b"\x01\x00\x00\x00\xff", "#/inputs/0/data/0"),
        ({"parameters": {"binary_data_size": 4}}, b"\x00\x00\x00\x00", "#/inputs/0/data/0"),
        ({"parameters": {"binary_data_size": 0}}, b"", "#/inputs/0/data"),
        ({"parameters": {"binary_data_size": 5}, "shape": [10_001]}, A, "#/inputs/0/data"),
    ],
)
def test_what_does_not_agree_is_refused(tensor: dict[str, Any], follow: bytes, pointer: str) -> None:
    with pytest.raises(Problem) as caught:
        BODY.parse(request(**tensor), SETTINGS, follow)
    assert caught.value.status == 422
    assert caught.value.errors
    assert caught.value.errors[0].pointer == pointer


@pytest.mark.parametrize("inputs", [[], [{}], [1], None, {}, "a"])
def test_one_input_is_needed(inputs: Any) -> None:
    with pytest.raises(Problem) as caught:
        BODY.parse(json.dumps({"inputs": inputs}).encode())
    assert caught.value.status == 422
    two = json.loads(request(data=["a"]))
    with pytest.raises(Problem, match="must be one input, the texts, but there are 2"):
        BODY.parse(json.dumps({"inputs": two["inputs"] * 2}).encode())


def test_requests_with_the_same_json_do_not_share_their_texts() -> None:
    document = request(parameters={"binary_data_size": 7})
    first, second = (BODY.parse(document, follow=b"\3\0\0\0" + text) for text in (b"bad", b"fun"))
    assert (first.texts, second.texts) == (["bad"], ["fun"])
