"""What loading leaves behind goes back to the system."""

import ctypes
import gc

import psutil
import pytest

from app import memory

BLOCK, BLOCKS = 60_000, 700


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="the C library has no malloc_trim")
def test_memory_that_is_free_between_what_is_used_goes_back() -> None:
    process = psutil.Process()
    blocks = [b"x" * BLOCK for _ in range(BLOCKS)]
    last = blocks[-1]
    del blocks
    held = process.memory_info().rss
    memory.trim()
    assert held - process.memory_info().rss > 0.8 * BLOCK * BLOCKS
    assert len(last) == BLOCK


def test_what_is_loaded_is_not_looked_through_again() -> None:
    before, thresholds = gc.get_freeze_count(), gc.get_threshold()
    try:
        memory.settle()
        assert gc.get_freeze_count() > before
        assert gc.get_threshold()[0] == memory.YOUNG_OBJECTS
        assert gc.isenabled()
    finally:
        gc.unfreeze()
        gc.set_threshold(*thresholds)


def test_another_c_library_keeps_its_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda _: object())
    memory.return_large_blocks()
    memory.give_back()
