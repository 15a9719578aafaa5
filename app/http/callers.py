"""The client of a request: by what name its work is counted, and whether it still listens."""

from ipaddress import IPv6Address, ip_network

from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope

_NETWORK: int = 64
"""Bits of an IPv6 address that tell one client from another: it may choose the others as it likes."""
_LONGEST: int = 64
"""Characters of an address. What a proxy says may be of any length, and is remembered and logged."""


def address_of(scope: Scope) -> str | None:
    """Return the address of a request's client, or the beginning of what a proxy gives for one."""
    client = scope.get("client")
    return client[0][:_LONGEST] if client else None


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
            self._name = client_of(self._scope)
        return self._name

    async def hung_up(self) -> None:
        """Wait until the client hangs up.

        Raises:
            ClientDisconnect: It did.
        """
        while (await self._receive())["type"] != "http.disconnect":
            pass
        raise ClientDisconnect


def client_of(scope: Scope) -> str:
    """Return by what name the work of a request's client is counted."""
    return _name(address_of(scope) or "")


def _name(address: str) -> str:
    if ":" not in address:
        return address
    try:
        found = IPv6Address(address.partition("%")[0])
    except ValueError:
        return address
    return str(found.ipv4_mapped or ip_network((int(found), _NETWORK), strict=False))
