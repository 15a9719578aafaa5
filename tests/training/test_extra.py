"""The entry point of ``python -m training``: what it says where the extra ``training`` is not installed."""

import pytest

from app import __version__
from training import cli
from training.__main__ import run


def missing(monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    """Let a command find that a module is not installed."""

    def main() -> int:
        raise ModuleNotFoundError(f"No module named {module!r}", name=module)

    monkeypatch.setattr(cli, "main", main)


@pytest.mark.parametrize("module", ["tensorflow", "gensim.models"])
def test_without_the_extra_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], module: str
) -> None:
    missing(monkeypatch, module)
    assert run() == 2
    package = module.partition(".")[0]
    error = capsys.readouterr().err
    assert error.startswith(f"error: {package} is not installed; training needs the extra `training`: ")
    assert error.count("\n") == 1


def test_a_missing_module_of_its_own_is_a_defect(monkeypatch: pytest.MonkeyPatch) -> None:
    missing(monkeypatch, "app.nowhere")
    with pytest.raises(ModuleNotFoundError):
        run()


def test_it_tells_its_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"sentiment-service {__version__}\n"
