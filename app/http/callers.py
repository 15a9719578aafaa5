"""The client of a request: by what name its work is counted, and whether it still listens."""

from ipaddress import IPv6Address, ip_network

from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope

_NETWORK: int = 64
"""Bits of an IPv6 address that tell one client from another: it may choose the others as it likes."""


class RequestCaller:
    """The client of a request, named by its address when somebody asks for the name."""

    __slots__ = ("_name", "_receive", "_scope")

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self._scope = scope
        self._receive = receive
        self._name: str | None = None

    @property
    def name(self) -> str:
        """See :class:`Caller`."""
        if self._name is None:
            client = self._scope.get("client")
            self._name = _name(client[0]) if client else ""
        return self._name

    async def hung_up(self) -> None:
        """Wait until the client hangs up.

        Raises:
            ClientDisconnect: It did.
        """
        while (await self._receive())["type"] != "http.disconnect":
            pass
        raise ClientDisconnect


def _name(address: str) -> str:
    if ":" not in address:
        return address
    try:
        found = IPv6Address(address.partition("%")[0])
    except ValueError:
        return address
    return str(found.ipv4_mapped or ip_network((int(found), _NETWORK), strict=False))
