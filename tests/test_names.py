"""A name stands for one thing: no two public classes of `app` and `training` are called alike."""

import ast
from collections import defaultdict

from tests.conftest import ROOT


def test_no_two_public_classes_have_one_name() -> None:
    places = defaultdict(list)
    for room in ("app", "training"):
        for path in sorted((ROOT / room).rglob("*.py")):
            for node in ast.parse(path.read_text()).body:
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    places[node.name].append(str(path.relative_to(ROOT)))
    assert len(places) > 100
    assert {name: paths for name, paths in places.items() if len(paths) > 1} == {}
