import errno
import os
import socket
from typing import Any

import pytest

from app.http.listener import bind


class WithoutIpv6(socket.socket):
    """A socket as a kernel without IPv6 makes it."""

    def __init__(self, family: int = -1, *arguments: Any, **options: Any) -> None:
        if family == socket.AF_INET6:
            raise OSError(errno.EAFNOSUPPORT, os.strerror(errno.EAFNOSUPPORT))
        super().__init__(family, *arguments, **options)


def test_a_family_that_the_kernel_does_not_have_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    both = [
        (socket.AF_INET6, socket.SOCK_STREAM, 0, "", ("::", 0, 0, 0)),
        (socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", 0)),
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_arguments, **_options: both)
    monkeypatch.setattr(socket, "socket", WithoutIpv6)
    (one,) = bind("", 0)
    with one:
        assert one.family == socket.AF_INET
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_arguments, **_options: both[:1])
    with pytest.raises(OSError, match=os.strerror(errno.EAFNOSUPPORT)):
        bind("", 0)
