"""The schemas stand alone: a client needs nothing but Pydantic for them."""

import subprocess
import sys

HEAVY = {"numpy", "onnxruntime", "fastapi", "starlette", "uvicorn"}


def test_importing_the_schemas_loads_pydantic_alone() -> None:
    code = "import sys, app.sentiment.schemas; print(*sys.modules)"

    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()

    assert "pydantic" in loaded
    assert not HEAVY & set(loaded)
