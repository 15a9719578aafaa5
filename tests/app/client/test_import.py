"""What a program pays that imports the client."""

import subprocess
import sys

from tests.conftest import ROOT

HEAVY = ("fastapi", "starlette", "uvicorn", "onnxruntime", "numpy")


def test_it_loads_neither_the_server_nor_what_computes() -> None:
    code = f"import sys, app.client; print(*[name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout.split(), done.stderr) == (0, [], "")
