"""Answers that are gzipped where the client takes that (RFC 9110, section 12.5.3)."""

import zlib
from typing import Final

from starlette.types import Scope

from app.http.headers import header, weights

SHORTEST: Final = 1_024
"""Bytes from which on an answer is compressed: a shorter one fits into one packet all the same."""
_LEVEL: Final = 5
_GZIP_WINDOW: Final = 16 + zlib.MAX_WBITS


def takes_gzip(scope: Scope) -> bool:
    """Whether the client of a request takes gzip."""
    found = weights(header(scope, b"accept-encoding"))
    return found.get("gzip", found.get("*", 0.0)) > 0


def gzipped(body: bytes) -> bytes:
    """Compress a body as a whole."""
    return Gzip().part(body, last=True)


class Gzip:
    """Compresses an answer part by part, each so that it can be read when it is there."""

    def __init__(self) -> None:
        self._encoder = zlib.compressobj(_LEVEL, wbits=_GZIP_WINDOW)

    def part(self, data: bytes, *, last: bool = False) -> bytes:
        """Compress a part."""
        return self._encoder.compress(data) + self._encoder.flush(zlib.Z_FINISH if last else zlib.Z_SYNC_FLUSH)
