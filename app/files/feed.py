"""Bytes that one thread writes and another reads as a file, with a limit to what lies between them."""

import io
import threading
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

ROOM: Final = 2**18
"""Bytes that wait to be read, about, before the writer is asked to pause."""


class Feed(io.RawIOBase):
    """A stream from the event loop, which writes without ever waiting, to a thread, which waits for it.

    Attributes:
        ended: Whether nothing more is written.
        abandoned: Whether what was written is not wanted any longer.
    """

    def __init__(self, on_room: Callable[[], object] = lambda: None) -> None:
        """Make an empty stream.

        Args:
            on_room: Called in the reading thread when there is room again.
        """
        self._on_room = on_room
        self._changed = threading.Condition()
        self._blocks: deque[memoryview] = deque()
        self._size = 0
        self.ended = False
        self.abandoned = False
        self._failure: Exception | None = None

    def feed(self, block: bytes) -> bool:
        """Write a block.

        Returns:
            Whether there is room for another one.
        """
        with self._changed:
            if block and not self.ended:
                self._blocks.append(memoryview(block))
                self._size += len(block)
                self._changed.notify()
            return self._size < ROOM

    def end(self, failure: Exception | None = None) -> None:
        """Say that nothing follows.

        Args:
            failure: What is raised in the reading thread after the last block; by default it sees the end of a file.
        """
        with self._changed:
            self.ended = True
            self._failure = self._failure or failure
            self._changed.notify()

    def abandon(self) -> None:
        """Say that nobody wants to know what was written: the reading thread sees the end of a file at once."""
        with self._changed:
            self.ended = self.abandoned = True
            self._blocks.clear()
            self._changed.notify()

    def readable(self) -> bool:
        """Return ``True``."""
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Wait for bytes and read them; 0 at the end.

        Raises:
            Exception: What the writer ended with.
        """
        target = memoryview(buffer).cast("B")
        with self._changed:
            self._changed.wait_for(lambda: self._blocks or self.ended)
            if not self._blocks:
                if self._failure is not None:
                    raise self._failure
                return 0
            block = self._blocks.popleft()
            count = min(len(block), len(target))
            target[:count] = block[:count]
            if count < len(block):
                self._blocks.appendleft(block[count:])
            was_full = self._size >= ROOM
            self._size -= count
            has_room = was_full and self._size < ROOM
        if has_room:
            self._on_room()
        return count

    def ready(self, seconds: float) -> bool:
        """Wait up to so many seconds, and say whether there is something to read, be it the end."""
        with self._changed:
            return self._changed.wait_for(lambda: bool(self._blocks) or self.ended, seconds)
