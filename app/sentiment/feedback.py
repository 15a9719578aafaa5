"""Feedback: texts with the labels that they should have had, kept as lines of JSON that training reads."""

import errno
import fcntl
import json
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from app.artifacts.versions import ModelId
from app.settings import SettingsError

_MODE: Final = 0o640
"""Of the file: it holds what people wrote."""
_LOCK_SECONDS: Final = 1.0
_RETRY_SECONDS: Final = 0.005
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_LINE_ENDS: Final = {end: f"\\u{ord(end):04x}" for end in "\x85\u2028\u2029"}
"""What some readers take for the end of a line, though JSON lets it stand in a string."""


class NoRoom(Exception):
    """The feedback is not kept, as its file or its disk is full. The message is a sentence."""


class NotWritten(Exception):
    """The feedback is not kept, as its file cannot be written. The message is a sentence."""


class FeedbackFile:
    """The file that feedback is appended to. Safe to use from several threads and processes."""

    def __init__(self, path: Path, max_bytes: int) -> None:
        """See that the file can be written; it is made if it is not there.

        Args:
            path: The file.
            max_bytes: Its size, at most.

        Raises:
            SettingsError: It cannot be written.
        """
        self._path = path
        self._max_bytes = max_bytes
        try:
            with self._open():
                pass
        except OSError as error:
            raise SettingsError(
                f"FEEDBACK_FILE ({path}) cannot be written ({error.strerror}); name a file in a folder that the "
                "service may write to."
            ) from error

    def append(self, text: str, label: str, model: ModelId) -> None:
        """Append a line.

        Args:
            text: A text.
            label: The label that it should have had.
            model: The model that it is about.

        Raises:
            NoRoom: The file would become too large, or its disk is full.
            NotWritten: It cannot be written.
        """
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        fields = {"text": text, "label": label, "model": model.name, "version": model.version, "time": now}
        line = json.dumps(fields, ensure_ascii=False)
        for end, escape in _LINE_ENDS.items():  # one after the other, as `translate` takes far longer
            line = line.replace(end, escape)
        try:
            with self._open() as descriptor:
                self._append(descriptor, f"{line}\n".encode())
        except OSError as error:
            if error.errno in _NO_ROOM:
                raise NoRoom("The service has no room on disk for more feedback.") from error
            raise NotWritten("The service cannot write feedback now.") from error

    def _append(self, descriptor: int, line: bytes) -> None:
        # All processes wait for each other here, so that the size holds and no line is torn.
        _lock(descriptor)
        size = os.fstat(descriptor).st_size
        if size and os.pread(descriptor, 1, size - 1) != b"\n":  # whoever wrote last was cut off
            line = b"\n" + line
        if size + len(line) > self._max_bytes:
            raise NoRoom(f"The service keeps no more than {self._max_bytes:,} bytes of feedback.")
        try:
            written = os.write(descriptor, line)
            if written < len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError:
            with suppress(OSError):
                os.ftruncate(descriptor, size)
            raise

    @contextmanager
    def _open(self) -> Iterator[int]:
        """Open the file anew each time, so that whoever moves it away to train on it loses nothing."""
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK
        descriptor = os.open(self._path, flags, _MODE)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise OSError(errno.EINVAL, "it is no regular file")
            yield descriptor
        finally:
            os.close(descriptor)


def _lock(descriptor: int) -> None:
    """Lock a file.

    Raises:
        OSError: Another holds it for longer than a line takes to write; to wait on would keep other work from a thread.
    """
    end = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > end:
                raise
            time.sleep(_RETRY_SECONDS)
        else:
            return
