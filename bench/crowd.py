"""Two thousand clients, each of which has one text classified at a time: ``python -m bench.crowd HOST PORT``.

It says ``busy`` once all of them have been answered, and goes on until it is ended.
"""

import asyncio
import sys
from typing import Final, cast

CLIENTS: Final = 2_000
REQUEST: Final = (
    b"POST /sentiment HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 72\r\n\r\n"
    b'{"text": "A wonderful film, the cast is superb and I loved all of it. "}'
)


class Client(asyncio.Protocol):
    """Asks again as soon as it is answered.

    Attributes:
        busy: How many clients have been answered.
    """

    busy = 0

    def __init__(self) -> None:
        self._is_busy = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the first time."""
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(REQUEST)

    def data_received(self, _data: bytes) -> None:
        """Ask again: an answer comes in one piece."""
        if not self._is_busy:
            self._is_busy = True
            Client.busy += 1
            if Client.busy == CLIENTS:
                sys.stdout.write("busy\n")
                sys.stdout.flush()
        self._transport.write(REQUEST)


async def main(host: str, port: int) -> None:
    """Connect all clients, and let them ask."""
    loop = asyncio.get_running_loop()
    for _ in range(CLIENTS):
        await loop.create_connection(Client, host, port)
    await loop.create_future()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
