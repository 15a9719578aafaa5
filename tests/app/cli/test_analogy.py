from pathlib import Path

import pytest

from app.cli.main import main


def analogy(models_dir: Path, *arguments: str) -> int:
    return main(["analogy", "--models-dir", str(models_dir), *arguments])


def refused(models_dir: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert analogy(models_dir, *arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: ")
    assert captured.err.count("\n") == 1
    return captured.err


def test_king_is_to_queen_as_man_is_to_woman(models_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert analogy(models_dir, "king", "queen", "man", "--space", "toy", "--topn", "3") == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    word, similarity = lines[0].split()
    assert word == "woman"
    assert 0.9 < float(similarity) <= 1


def test_the_lectures_arithmetic_keeps_the_inputs(models_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    question = ("man", "king", "man", "--space", "toy", "--topn", "1")
    assert analogy(models_dir, *question, "--raw") == 0
    assert capsys.readouterr().out == "king 1.0000\n"
    assert analogy(models_dir, *question) == 0
    assert not capsys.readouterr().out.startswith("king")


def test_a_space_of_a_file(models_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "own.txt").write_text("a 1 0\nb 0 1\nc 1 1\n")
    assert analogy(models_dir, "a", "c", "b", "--space", "own", "--vectors-files", str(tmp_path / "own.txt")) == 0
    assert capsys.readouterr().out == ""
    (tmp_path / "own.txt").write_text("a 1 0\nb one two\n")
    files = ["--vectors-files", str(tmp_path / "own.txt")]
    error = refused(models_dir, capsys, "a", "b", "c", "--space", "own", *files)
    assert "own.txt, line 2: could not convert" in error


def test_what_cannot_be_answered_is_one_sentence(models_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "closest spellings are queen" in refused(models_dir, capsys, "king", "quene", "man", "--space", "toy")
    unknown = f"error: There is no vector space 'glove' in {models_dir}; there is: toy.\n"
    assert refused(models_dir, capsys, "king", "queen", "man") == unknown
    assert "cancel each other out" in refused(models_dir, capsys, "king", "king", "nothing", "--space", "toy")
    with pytest.raises(SystemExit):
        analogy(models_dir, "king", "queen", "man", "--topn", "0")
    assert "0 is not a positive number" in capsys.readouterr().err
