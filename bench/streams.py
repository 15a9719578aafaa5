"""Rows that are streamed through the service.

``python -m bench.streams PORT FILE`` is a client that sends the rows of a file again and again until its standard
input ends. It says ``busy`` once rows have been answered. It is a process of its own: threads of the one that measures
would have it wait for Python's lock.
"""

import socket
import sys
import threading
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Final

from bench.errors import BenchError

BLOCK: Final = 50
"""Rows that are sent at once."""
ROWS_PATH: Final = "/sentiment/batch"
LAST_CHUNK: Final = b"0\r\n\r\n"


class Rows:
    """A request of rows whose answer is read while they are sent."""

    def __init__(self, port: int) -> None:
        self._connection = socket.create_connection(("127.0.0.1", port))
        head = [f"POST {ROWS_PATH} HTTP/1.1", "Host: a", "Content-Type: application/x-ndjson"]
        self._connection.sendall("\r\n".join([*head, "Transfer-Encoding: chunked", "", ""]).encode())

    def send(self, block: bytes) -> None:
        """Send rows."""
        self._connection.sendall(b"%x\r\n%b\r\n" % (len(block), block))

    def end(self) -> None:
        """Say that no more rows come."""
        self._connection.sendall(LAST_CHUNK)

    def answers(self) -> Iterator[int]:
        """Give how many rows have been answered, again and again, up to the end.

        Raises:
            BenchError: The answer is cut.
        """
        count = 0
        last = b""
        while not last.endswith(LAST_CHUNK):
            data = self._connection.recv(2**20)
            if not data:
                raise BenchError("The service ended the answer before its end.")
            count += data.count(b'"model"')
            last = (last + data)[-len(LAST_CHUNK) :]
            yield count

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def blocks(lines: list[bytes]) -> Iterator[bytes]:
    """Put rows together to what is sent at once."""
    for first in range(0, len(lines), BLOCK):
        yield b"".join(lines[first : first + BLOCK])


def main(port: int, file: Path) -> None:
    """Send rows until standard input ends, and read the answers."""
    rows = Rows(port)
    ended = threading.Event()

    def send() -> None:
        for block in cycle(list(blocks(file.read_bytes().splitlines(keepends=True)))):
            if ended.is_set():
                break
            rows.send(block)
        rows.end()

    def wait() -> None:
        sys.stdin.read()
        ended.set()

    for each in (send, wait):
        threading.Thread(target=each, daemon=True).start()
    is_busy = False
    for count in rows.answers():
        if count and not is_busy:
            is_busy = True
            sys.stdout.write("busy\n")
            sys.stdout.flush()
    rows.close()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
