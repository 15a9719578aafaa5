from pathlib import Path

import pytest

from app import __version__
from app.cli.main import main


def test_without_a_command_it_says_how_it_is_used(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([])
    assert ended.value.code == 2
    assert "usage: python -m app" in capsys.readouterr().err


def test_it_tells_its_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"sentiment-service {__version__}\n"


@pytest.mark.parametrize("command", ["serve", "classify", "analogy"])
def test_help_names_settings_with_their_variables_and_defaults(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "--models-dir VALUE" in text
    assert "Environment: MODELS_DIR; default: " in text


def test_a_wrong_setting_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--port", "x"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: The setting PORT is wrong")
    assert error.count("\n") == 1


def test_models_that_are_not_there_are_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--models-dir", str(tmp_path)]) == 2
    assert "There is no model sentiment-best" in capsys.readouterr().err
    (tmp_path / "sentiment-half").mkdir()
    assert main(["serve", "--models-dir", str(tmp_path)]) == 2
    assert "sentiment-half" in capsys.readouterr().err


@pytest.mark.parametrize("command", [["serve"], ["classify", "text"], ["analogy", "a", "b", "c"], ["forecast", "x"]])
def test_every_command_says_where_models_are_looked_for(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, "--models-dir", str(tmp_path / "none")]) == 2
    sentence = f"There is no folder {tmp_path / 'none'} of models; set MODELS_DIR to where they are."
    assert capsys.readouterr() == ("", f"error: {sentence}\n")


def test_a_bad_file_of_vectors_is_one_sentence(
    models_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "own.txt").write_text("a 1 0\nb 0 x\n")
    files = ["--vectors-files", str(tmp_path / "own.txt")]
    assert main(["serve", "--models-dir", str(models_dir), "--default-model", "sentiment-tiny", *files]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"error: {tmp_path / 'own.txt'}, line 2: ")
    assert error.count("\n") == 1
