"""Looking for models that have come, changed or gone: every so often, and when told to."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from app import memory
from app.priority import step_back

log = logging.getLogger("uvicorn.error")

NAME: Final = "models"

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
        step_back()
        memory.return_large_blocks()
        while True:
            told = self._told.wait(self._seconds)
            self._told.clear()
            if self._ended:
                return
            try:
                if reload(told):
                    memory.give_back()
            except Exception:
                log.exception("The models cannot be looked for.")
