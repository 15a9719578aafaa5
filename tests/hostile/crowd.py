"""Two thousand clients, each of which has one text classified at a time: `python -m tests.hostile.crowd HOST PORT`."""

import asyncio
import sys

CONNECTIONS = 2_000
REQUEST = (
    b"POST /sentiment HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 72\r\n\r\n"
    b'{"text": "A wonderful film, the cast is superb and I loved all of it. "}'
)


class Client(asyncio.Protocol):
    busy = 0
    is_busy = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(REQUEST)

    def data_received(self, _data: bytes) -> None:
        if not self.is_busy:
            self.is_busy = True
            Client.busy += 1
            if Client.busy == CONNECTIONS:
                sys.stdout.write("busy\n")
                sys.stdout.flush()
        self.transport.write(REQUEST)


async def main(host: str, port: int) -> None:
    loop = asyncio.get_running_loop()
    for _ in range(CONNECTIONS):
        await loop.create_connection(Client, host, port)
    await asyncio.sleep(60)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
