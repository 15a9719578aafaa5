"""Framings: streams of requests, valid, damaged and deceitful, and what h11 takes them for."""

import re
from dataclasses import dataclass, field

import h11
from hypothesis import strategies

SMUGGLED = b"GET /models HTTP/1.1\r\nHost: a\r\nX-Request-ID: smuggled\r\n\r\n"
LAST = b"GET /health/live HTTP/1.1\r\nHost: a\r\nX-Request-ID: last\r\nConnection: close\r\n\r\n"

LENGTHS = ["{n}", "0{n}", " {n}\t", "+{n}", "-{n}", "{n}, {n}", "{n},0", "0x{n}", "{n}.0", "{n} 0", "", "1e2", "9" * 25]
CODINGS = [
    "chunked", "Chunked", " chunked\t", "gzip, chunked", "chunked, gzip", "chunked, chunked", "identity", "xchunked",
    "chunked;q=1", "\x0bchunked", "chunked\x00", '"chunked"', "", ",chunked", "chunked,",
]  # fmt: skip
NAMES = ["{}", "{} ", "{}\t", " {}", "\t{}", "{}\x00", "\n{}", "X\r\n {}", "X: y\n{}", "X: y\r{}", "X_{}", "X:\r\n{}"]
OTHERS = [
    "Connection: close", "Connection: Upgrade\r\nUpgrade: websocket", "Connection: Upgrade\r\nUpgrade: h2c",
    "Expect: 100-continue", "Expect: 200-ok", "Host: b", "Connection: keep-alive, content-length",
    "X: " + "x" * 900, "Trailer: Content-Length", "Connection: Transfer-Encoding", "X:\x7f", "X: \xe9", ":", "X",
]  # fmt: skip
LINES = [
    "POST /sentiment HTTP/1.1", "POST  /sentiment HTTP/1.1", "POST /sentiment  HTTP/1.1", "POST /sentiment HTTP/1.0",
    "POST /sentiment HTTP/1.2", "POST /sentiment HTTP/2.0", "POST /sentiment HTTP/0.9", "POST /sentiment",
    "POST /sentiment http/1.1", "POST http://b/sentiment HTTP/1.1",
    "GET /health/live HTTP/1.1", "CONNECT b:80 HTTP/1.1", "OPTIONS * HTTP/1.1", "PRI * HTTP/2.0",
    "get / HTTP/1.1", "POST /a b HTTP/1.1", "POST /\x00 HTTP/1.1", "POST /\xe9 HTTP/1.1", "POST HTTP/1.1", "",
]  # fmt: skip
CHUNKS = [
    "{n:x}\r\n{data}\r\n0\r\n\r\n", "{n:X}\r\n{data}\r\n0\r\n\r\n", "00{n:x}\r\n{data}\r\n000\r\n\r\n",
    "{n:x};a=b\r\n{data}\r\n0;c\r\n\r\n", '{n:x};a="\r\n"\r\n{data}\r\n0\r\n\r\n', "{n:x} \r\n{data}\r\n0\r\n\r\n",
    "{n:x}\n{data}\r\n0\r\n\r\n", "{n:x}\r\n{data}\n0\r\n\r\n", "{n:x}\r\n{data}0\r\n\r\n",
    "0x{n:x}\r\n{data}\r\n0\r\n\r\n",
    "+{n:x}\r\n{data}\r\n0\r\n\r\n", "-{n:x}\r\n{data}\r\n0\r\n\r\n", "1" * 17 + "\r\n{data}\r\n0\r\n\r\n",
    "{n:x}\r\n{data}\r\n0\r\nX: y\r\n\r\n", "{n:x}\r\n{data}\r\n0\r\nContent-Length: 5\r\n\r\n", "{data}",
    "0\r\n\r\n{data}",
    "{n:x}\r\r\n{data}\r\n0\r\n\r\n", "\r\n{n:x}\r\n{data}\r\n0\r\n\r\n", "{n:x};\r\n{data}\r\n0\r\n\r\n",
    "{n:x}\r\n{data}\r\n0\r\n\n", "{n:x}\r\n{data}\r\n0\n\n", "{n:x}\r\n{data}\r\n0 \r\n\r\n",
]  # fmt: skip
ENDS = ["\r\n", "\n", "\r", "\r\r\n"]


@dataclass
class Reference:
    """What h11 takes a stream for.

    Attributes:
        ids: `X-Request-ID` of the requests whose heads it accepts, in order.
        is_whole: Whether it takes the stream for whole requests up to its end.
    """

    ids: list[str] = field(default_factory=list)
    is_whole: bool = False


def reference(stream: bytes) -> Reference:
    found = Reference()
    server = h11.Connection(h11.SERVER, max_incomplete_event_size=100_000)
    # Several spaces in the request line change nothing of what follows; httptools lets them through, h11 does not.
    server.receive_data(re.sub(rb"(POST|/sentiment) +", rb"\1 ", stream))
    try:
        while True:
            event = server.next_event()
            if isinstance(event, h11.Request):
                ids = [value.decode("latin-1") for name, value in event.headers if name == b"x-request-id"]
                found.ids.append(ids[-1] if ids else "")
            elif isinstance(event, h11.EndOfMessage):
                server.send(h11.Response(status_code=400, headers=[("Content-Length", "0")]))
                server.send(h11.EndOfMessage())
                if server.our_state is not h11.DONE:
                    found.is_whole = not server.trailing_data[0]
                    return found
                server.start_next_cycle()
            elif event in (h11.NEED_DATA, h11.PAUSED):
                return found
    except h11.RemoteProtocolError:
        return found


@strategies.composite
def requests(draw: strategies.DrawFn) -> bytes:
    """One request, most often with a flaw, whose body holds another one."""
    pick = strategies.sampled_from
    data = draw(pick([SMUGGLED.decode(), "good", "text=good", ""]))
    end = draw(pick(["\r\n"] * 9 + ENDS))
    lines = [draw(pick(LINES[:1] * 6 + LINES)), "Host: a", f"X-Request-ID: r{draw(strategies.integers(0, 999))}"]
    lines.append("Content-Type: text/plain")
    headers = []
    is_chunked = draw(strategies.booleans())
    if not is_chunked or draw(pick([False] * 4 + [True])):
        value = draw(pick(LENGTHS[:1] * 8 + LENGTHS)).format(n=len(data))
        headers.append(f"{draw(pick(NAMES[:1] * 9 + NAMES)).format('Content-Length')}: {value}")
    if is_chunked or draw(pick([False] * 6 + [True])):
        value = draw(pick(CODINGS[:1] * 8 + CODINGS))
        headers.append(f"{draw(pick(NAMES[:1] * 9 + NAMES)).format('Transfer-Encoding')}: {value}")
    headers += draw(strategies.lists(pick(OTHERS), max_size=2)) if draw(strategies.booleans()) else []
    body = draw(pick(CHUNKS[:1] * 6 + CHUNKS)).format(n=len(data), data=data) if is_chunked else data
    lines += draw(strategies.permutations(headers))
    return (end.join(lines) + end * 2 + body).encode("latin-1")


@strategies.composite
def streams(draw: strategies.DrawFn) -> list[bytes]:
    """Some requests and a last one that closes the connection, cut into segments."""
    stream = b"".join(draw(strategies.lists(requests(), min_size=1, max_size=4))) + LAST
    cuts = sorted(draw(strategies.lists(strategies.integers(0, len(stream)), max_size=3)))
    return [stream[i:j] for i, j in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
