"""Looking for models that have come, changed or gone: every so often, and when told to."""

import ctypes
import gc
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

log = logging.getLogger("uvicorn.error")

NAME: Final = "models"
LARGE: Final = 2**21
"""Bytes of a block from which on it is returned to the system when it is freed. Requests seldom take as much."""
_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3

Reload = Callable[[bool], bool]
"""Looks for models, and says whether others are served now. Its argument says whether what it finds is complete."""


class ModelWatch:
    """A thread that looks for models.

    It is one of the process's own, so that no request waits for it, nor it for a request.
    """

    def __init__(self, seconds: float) -> None:
        """Look at nothing yet.

        Args:
            seconds: How long to wait before looking again; 0 looks only when told to.
        """
        self._seconds = seconds or None
        self._told = threading.Event()
        self._ended = False

    def look_now(self) -> None:
        """Have the thread look at once, and take what it finds for complete."""
        self._told.set()

    @contextmanager
    def watching(self, reload: Reload) -> Iterator[None]:
        """Look for models during the block.

        Args:
            reload: What does; called in the thread.
        """
        thread = threading.Thread(target=self._run, args=(reload,), name=NAME, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._ended = True
            self._told.set()
            thread.join()

    def _run(self, reload: Reload) -> None:
        _return_large_blocks()
        while True:
            told = self._told.wait(self._seconds)
            self._told.clear()
            if self._ended:
                return
            try:
                if reload(told):
                    give_back_memory()
            except Exception:
                log.exception("The models cannot be looked for.")


def _return_large_blocks() -> None:
    """Have the blocks that models are made of returned as soon as they are freed.

    By itself, GNU's C library keeps, of each thread, free memory of up to twice the largest block so far.
    """
    with suppress(OSError, AttributeError):  # of another C library
        library = ctypes.CDLL(None)
        library.mallopt(_M_MMAP_THRESHOLD, LARGE)
        library.mallopt(_M_TRIM_THRESHOLD, 2 * LARGE)


def give_back_memory() -> None:
    """Give back to the system what models took that were let go."""
    # What is in circles. What was loaded at the start is frozen, so there is little to look through.
    gc.collect()
    with suppress(OSError, AttributeError):  # of another C library than GNU's
        ctypes.CDLL(None).malloc_trim(0)
