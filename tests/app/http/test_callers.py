import pytest
from starlette.types import Message

from app.http.callers import RequestCaller


async def receive() -> Message:
    return {"type": "http.disconnect"}


def name_of(address: str | None) -> str:
    return RequestCaller({"type": "http", "client": None if address is None else (address, 4711)}, receive).name


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("192.0.2.1", "::ffff:192.0.2.1"),
        ("2001:db8::1", "2001:db8::ffff:0:0:1"),
        ("fe80::1%eth0", "fe80::2"),
        ("a" * 64 + "b", "a" * 64 + "c" * 100_000),
    ],
)
def test_addresses_of_one_client(one: str, other: str) -> None:
    assert name_of(one) == name_of(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("192.0.2.1", "192.0.2.2"),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2"),
        ("2001:db8::1", "2001:db8:0:1::1"),
        ("no:address", "another:one"),
        ("a" * 63, "a" * 64),
        ("192.0.2.1", None),
    ],
)
def test_addresses_of_two_clients(one: str, other: str | None) -> None:
    assert name_of(one) != name_of(other)
