import ast

import pytest

from tests.app.client.unasync import SOURCE, TARGET, synchronous


def meaning(code: str) -> str:
    """The code with its docstrings, whatever its line breaks."""
    return ast.unparse(ast.parse(code))


def test_it_is_what_the_asynchronous_client_gives() -> None:
    generated = synchronous(SOURCE.read_text(encoding="utf-8"))
    assert meaning(TARGET.read_text(encoding="utf-8")) == meaning(generated), "run `make format`"


def test_what_has_no_synchronous_form_is_refused() -> None:
    source = SOURCE.read_text(encoding="utf-8")
    with pytest.raises(ValueError, match="'await' is left over: await asyncio"):
        synchronous(source.replace("return await self._get(", "return await asyncio.wait_for(self._get(", 1))
    with pytest.raises(ValueError, match=r"nothing matches .*aclose"):
        synchronous(source.replace("aclose", "close"))
