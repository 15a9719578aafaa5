"""The memory of the process: what stays, and what goes back to the system."""

import ctypes
import gc
from typing import Final

YOUNG_OBJECTS: Final = 10_000
"""Objects that come to be before the garbage collector looks for circles among them."""

LARGE: Final = 2**23
"""Bytes of a block from which on it is returned to the system when it is freed. A batch of texts takes blocks of up to
4 MB: to return these and ask for them again made rows that stream a fifth slower."""
_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3


def settle() -> None:
    """Leave what is loaded out of every later garbage collection, and give back what loading it has left behind.

    What is loaded stays; without it, the garbage collector has nothing to look through again and again. And what a
    request leaves behind is in no circles: to look for them as often as Python does takes 3 % of it. What garbage there
    is stays too: a thousand small objects, to find which takes a twentieth of the start.
    """
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


def return_large_blocks() -> None:
    """Have the blocks that models are made of returned as soon as they are freed (glibc's ``mallopt``).

    By itself, GNU's C library keeps, of each thread, free memory of up to twice the largest block so far.
    """
    option = getattr(ctypes.CDLL(None), "mallopt", None)
    if option is not None:
        option(_M_MMAP_THRESHOLD, LARGE)
        option(_M_TRIM_THRESHOLD, 2 * LARGE)
