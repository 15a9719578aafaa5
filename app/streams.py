"""Bytes in and out: a file or standard input, read as it comes; a file that appears whole or not at all."""

import gzip
import io
import os
import select
import sys
import zlib
from collections.abc import Buffer, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

BLOCK: Final = 2**17
PAUSE: Final = 0.02
"""Seconds without input after which what has come so far is worth answering."""
_GZIP: Final = ".gz"
