"""The memory of the process: what stays, and what goes back to the system."""

import ctypes
import gc
from typing import Final

YOUNG_OBJECTS: Final = 10_000
"""Objects that come to be before the garbage collector looks for circles among them."""


def settle() -> None:
    """Leave what is loaded out of every later garbage collection, and give back what loading it has left behind.

    What is loaded stays; without it, the garbage collector has nothing to look through again and again. And what a
    request leaves behind is in no circles: to look for them as often as Python does takes 3 % of it.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS)
    gc.enable()
    trim()


def give_back() -> None:
    """Give back what was let go, in circles too; what was loaded at the start is frozen and not looked through."""
    gc.collect()
    trim()


def trim() -> None:
    """Give memory that nothing uses back to the system, where the C library can (glibc's ``malloc_trim``).

    Buffers of some megabytes that are freed while models are loaded stay with the process otherwise, 15 MB of them.
    """
    release = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if release is not None:
        release(0)
