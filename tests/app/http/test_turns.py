from types import SimpleNamespace
from typing import cast

from app.http.exchange import Exchange
from app.http.turns import Turns


def waiting(*clients: str | None) -> tuple[Turns, list[Exchange]]:
    """Have a request of each client wait, in this order."""
    turns = Turns()
    found = []
    for client in clients:
        scope = {"client": None if client is None else (client, 4711)}
        found.append(cast(Exchange, SimpleNamespace(scope=scope)))
        turns.add(found[-1])
    return turns, found


def order(turns: Turns, exchanges: list[Exchange]) -> list[int]:
    found = []
    while turns:
        exchange = turns.next()
        found += [place for place, one in enumerate(exchanges) if one is exchange]
    return found


def test_whoever_asks_for_little_waits_for_one_request_of_each_other() -> None:
    assert order(*waiting(*["192.0.2.1"] * 4, "192.0.2.2", "192.0.2.3", "192.0.2.2")) == [0, 4, 5, 1, 6, 2, 3]


def test_requests_of_one_client_keep_their_order() -> None:
    assert order(*waiting("192.0.2.1", None, "192.0.2.1", None)) == [0, 1, 2, 3]
    assert order(*waiting("2001:db8::1", "2001:db8::2", "192.0.2.1")) == [0, 2, 1]


def test_a_client_that_comes_again_waits_behind_the_others() -> None:
    turns, found = waiting("192.0.2.1", "192.0.2.1", "192.0.2.2", "192.0.2.3")
    assert turns.next() is found[0]
    turns.add(found[0])
    assert order(turns, found) == [2, 3, 1, 0]
