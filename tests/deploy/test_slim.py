"""What is removed from the image is not what serving needs, and a shared object without its symbols still loads."""

import ctypes
import importlib.util
import subprocess
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from tests.deploy.charts import DEPLOY


@pytest.fixture(scope="module")
def slim() -> ModuleType:
    specification = importlib.util.spec_from_file_location("slim", DEPLOY / "slim.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_a_module_without_symbols_still_loads(slim: ModuleType, tmp_path: Path) -> None:
    (original,) = Path(np.__file__).parent.glob(f"random/_common*{EXTENSION_SUFFIXES[0]}")
    content = original.read_bytes()
    without = slim.without_symbols(content)
    assert len(without) < len(content)
    copy = tmp_path / "copy.so"
    copy.write_bytes(without)
    assert ctypes.PyDLL(str(copy)).PyInit__common
    assert slim.without_symbols(without) == without


@pytest.mark.parametrize("content", [b"", b"no object", b"\x7fELF\x01\x01" + bytes(100)])
def test_what_is_no_such_object_stays(slim: ModuleType, content: bytes) -> None:
    assert slim.without_symbols(content) == content


def test_what_is_named_is_removed_and_nothing_else(slim: ModuleType, tmp_path: Path) -> None:
    gone = ["numpy/tests/a.py", "numpy/lib/tests/b.py", "numpy/f2py/c.py", "onnxruntime/capi/libonnxruntime.so.1.2"]
    kept = ["numpy/lib/d.py", "onnxruntime/capi/onnxruntime_pybind11_state.so", "onnxruntime/LICENSE"]
    for name in [*gone, *kept]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"1234")
    assert slim.slim(tmp_path) == 4 * len(gone)
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()) == sorted(kept)


def test_serving_imports_nothing_that_is_removed() -> None:
    program = "import sys, app.cli.serve, app.cli.classify; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=DEPLOY.parent
    )
    removed = (
        "numpy.f2py",
        "numpy.distutils",
        "onnxruntime.backend",
        "onnxruntime.datasets",
        "onnxruntime.quantization",
        "onnxruntime.tools",
        "onnxruntime.transformers",
        "websockets",
        "yaml",
    )
    assert [name for name in done.stdout.split() if name.startswith(removed)] == []
