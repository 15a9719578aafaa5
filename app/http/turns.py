"""Requests that wait for their turn. It goes round their clients: whoever asks for little waits for no one's many."""

from collections import deque

from app.http.callers import client_of
from app.http.exchange import Exchange


class Turns:
    """A queue for each client, and the order in which they come next."""

    def __init__(self) -> None:
        self._of_client: dict[str, deque[Exchange]] = {}

    def __bool__(self) -> bool:
        return bool(self._of_client)

    def add(self, exchange: Exchange) -> None:
        """Have a request wait behind those of its own client, and that client behind the others if it has none yet."""
        self._of_client.setdefault(client_of(exchange.scope), deque()).append(exchange)

    def next(self) -> Exchange:
        """Take the request whose turn it is; there must be one."""
        name = next(iter(self._of_client))
        waiting = self._of_client.pop(name)
        exchange = waiting.popleft()
        if waiting:
            self._of_client[name] = waiting
        return exchange
