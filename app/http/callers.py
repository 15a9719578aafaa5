"""The client of a request: by what name its work is counted, and whether it still listens."""

from ipaddress import IPv6Address, ip_network

from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope

from app.compute.callers import Caller

_NETWORK: int = 64
"""Bits of an IPv6 address that tell one client from another: it may choose the others as it likes."""


def caller_of(scope: Scope, receive: Receive) -> Caller:
    """Return the client of a request, named by its address."""

    async def hung_up() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        raise ClientDisconnect

    client = scope.get("client")
    return Caller(_name(client[0]) if client else "", hung_up)


def _name(address: str) -> str:
    if ":" not in address:
        return address
    try:
        found = IPv6Address(address.partition("%")[0])
    except ValueError:
        return address
    return str(found.ipv4_mapped or ip_network((int(found), _NETWORK), strict=False))
