"""What may import what: each room of `app` imports those below it, and nothing else of this repository."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

LAYERS = [
    {"memory", "priority"},
    {"settings", "compute", "lifecycle", "artifacts", "files"},
    {"http"},
    {"operations"},
    {"sentiment", "vectors", "forecasts"},
    {"protocols"},
    {"loaded", "client"},
    {"main"},
    {"cli"},
    {"__main__"},
]
"""The rooms and modules of `app`, from the lowest."""


def room_of(path: Path) -> str:
    return path.relative_to(ROOT / "app").parts[0].removesuffix(".py")


def imported(path: Path) -> Iterator[str]:
    """The modules that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


FILES = sorted(path for path in (ROOT / "app").rglob("*.py") if path != ROOT / "app" / "__init__.py")


def test_every_room_has_its_layer() -> None:
    assert {room_of(path) for path in FILES} == set().union(*LAYERS)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_room_imports_only_those_below_it(path: Path) -> None:
    layer = {room: number for number, rooms in enumerate(LAYERS) for room in rooms}
    own = room_of(path)
    for module in imported(path):
        package, _, rest = module.partition(".")
        assert package not in {"training", "tests", "bench"}, module
        room = rest.partition(".")[0]
        # `from app import client` names a module; `from app import __version__` does not.
        if package == "app" and room in layer and room != own:
            assert layer[room] < layer[own], f"{own} imports {module}"


def test_keras_is_imported_by_its_engine_and_the_layers_that_it_needs() -> None:
    importing = [
        path.name for path in FILES if {module.partition(".")[0] for module in imported(path)} & {"keras", "tensorflow"}
    ]
    assert sorted(importing) == ["engines.py", "windows.py"]


def loaded_by(statement: str) -> set[str]:
    program = f"import sys; {statement}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in done.stdout.split()}


def test_the_service_needs_neither_training_nor_tensorflow() -> None:
    found = loaded_by("from app.main import create_app; import app.cli.main, app.cli.serve")
    assert found >= {"fastapi", "onnxruntime"}
    assert not found & {"training", "tensorflow", "keras", "sklearn", "gensim", "matplotlib"}


def test_the_client_needs_neither_the_service_nor_what_computes() -> None:
    found = loaded_by("import app.client")
    assert found >= {"httpx", "pydantic"}
    assert not found & {"fastapi", "starlette", "uvicorn", "onnxruntime", "numpy", "pydantic_settings"}
