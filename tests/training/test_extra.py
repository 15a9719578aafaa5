"""What ``python -m training`` says where the extra ``training`` is not installed."""

import argparse

import pytest

from app import __version__
from training import cli


def test_without_the_extra_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(_arguments: argparse.Namespace) -> None:
        raise ModuleNotFoundError("No module named 'tensorflow'", name="tensorflow")

    parser = argparse.ArgumentParser()
    parser.set_defaults(run=run)
    monkeypatch.setattr(cli, "parser", lambda: parser)
    assert cli.main([]) == 2
    assert capsys.readouterr().err == (
        "error: The module tensorflow is not installed; pip install -e '.[training]' brings it.\n"
    )


def test_it_tells_its_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"sentiment-service {__version__}\n"
