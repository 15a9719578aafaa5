import shutil
from pathlib import Path

import pytest

from app.artifacts.versions import CURRENT
from app.cli.main import main
from tests.folders import COMMITTED, put_model

MINE = "sentiment-mine"


@pytest.fixture
def models_dir(tmp_path: Path) -> Path:
    for number in ("1", "2", "10"):
        put_model(tmp_path / MINE / number, MINE)
    put_model(tmp_path / "sentiment-other", "sentiment-other")
    for name in ("forecast-heartbeat", "vectors-sentiment-lecture"):
        shutil.copytree(COMMITTED / name, tmp_path / name)
    (tmp_path / MINE / "10" / "tokenizer.json").unlink()
    return tmp_path


def run(models_dir: Path, *arguments: str) -> int:
    return main(["models", *arguments, f"--models-dir={models_dir}"])


def test_list_shows_what_is_served_and_what_is_wrong(models_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(models_dir, "list") == 0
    missing = f"{models_dir}/{MINE}/10/tokenizer.json is missing; restore the model folder."
    assert [line.split(maxsplit=2) for line in capsys.readouterr().out.splitlines()] == [
        [f"{MINE}/10", "10", missing],
        [f"{MINE}/2", "2", "served  negative, positive"],
        [f"{MINE}/1", "1", "negative, positive"],
        ["sentiment-other", "1.0.0", "served  negative, positive"],
        ["vectors-sentiment-lecture", "1.0.0", "served"],
        ["forecast-heartbeat", "2.0.0", "served"],
    ]


def test_use_goes_back_and_forth(models_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(models_dir, "use", MINE, "1") == 0
    assert capsys.readouterr().out == f"Version 1 of {MINE} is served from now on.\n"
    assert (models_dir / MINE / CURRENT).read_text() == "1\n"
    run(models_dir, "list")
    served = [line.split()[0] for line in capsys.readouterr().out.splitlines() if "served" in line]
    assert served[0] == f"{MINE}/1"
    assert run(models_dir, "use", MINE, "2") == 0
    assert (models_dir / MINE / CURRENT).read_text() == "2\n"
    assert sorted(path.name for path in (models_dir / MINE).iterdir()) == ["1", "10", "2", CURRENT]


@pytest.mark.parametrize(
    ("name", "number", "sentence"),
    [
        (MINE, "10", "tokenizer.json is missing; restore the model folder."),
        (MINE, "7", f"{MINE} has no version 7 (there is: 1, 2, 10); name one of these."),
        (MINE, "../1", "has no version ../1 (there is: 1, 2, 10); name one of these."),
        ("sentiment-other", "1", "sentiment-other has no version 1 (there is: none); name one of these."),
        ("sentiment-none", "1", "`python -m app models list` shows which there are."),
    ],
)
def test_use_refuses_what_cannot_be_served(
    models_dir: Path, capsys: pytest.CaptureFixture[str], name: str, number: str, sentence: str
) -> None:
    assert run(models_dir, "use", name, number) == 2
    assert sentence in capsys.readouterr().err
    assert not (models_dir / MINE / CURRENT).exists()


def test_check_ends_with_a_status_that_scripts_read(models_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(models_dir, "check") == 1
    assert capsys.readouterr().out.splitlines() == [
        f"{models_dir}/{MINE}/10/tokenizer.json is missing; restore the model folder.",
        "5 of 6 folders can be served.",
    ]
    assert run(models_dir, "check", "sentiment-other", "forecast-heartbeat") == 0
    assert run(models_dir, "check", MINE) == 1
    assert run(models_dir, "check", "sentiment-none") == 2
    (models_dir / MINE / CURRENT).write_text("3")
    assert run(models_dir, "check") == 1
    assert "names the version 3, which is not there" in capsys.readouterr().out
    assert run(models_dir / "none", "check") == 2


def test_two_folders_of_one_name_are_found(models_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put_model(models_dir / "sentiment-zz", "sentiment-other")
    assert run(models_dir, "check", "sentiment-zz") == 1
    wrong = f"{models_dir}/sentiment-other and {models_dir}/sentiment-zz both hold a model sentiment-other; "
    assert capsys.readouterr().out.splitlines() == [f"{wrong}rename or remove one.", "0 of 1 folders can be served."]
