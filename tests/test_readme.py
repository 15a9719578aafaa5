"""The README tells the truth: its settings are all there are, and its `curl` lines give the printed answers."""

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.settings import Settings
from tests.conftest import ROOT
from tests.e2e.conftest import Service, serving

README = (ROOT / "README.md").read_text()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with serving(tmp_path_factory.mktemp("readme") / "log.jsonl") as running:
        yield running


def examples() -> list[tuple[str, str]]:
    """The `curl` commands of the console blocks that have an answer printed below them."""
    found = []
    for block in re.findall(r"```console\n(.*?)```", README, re.DOTALL):
        lines = block.splitlines()
        while lines:
            command = lines.pop(0).removeprefix("$ ")
            while command.endswith("\\") or command.count("'") % 2:
                command = f"{command}\n{lines.pop(0)}".replace("\\\n", " ")
            answer = lines.pop(0) if lines else ""
            if command.startswith("curl") and answer and not answer.startswith("$"):
                found.append((command, answer))
            elif answer:
                lines.insert(0, answer)
    return found


def test_all_examples_were_found() -> None:
    assert len(examples()) == 27


@pytest.mark.parametrize(("command", "answer"), examples())
def test_curl_gives_the_printed_answer(service: Service, command: str, answer: str) -> None:
    arguments = shlex.split(command)
    arguments = [service.url + a.removeprefix("localhost:8000") if a.startswith("localhost") else a for a in arguments]
    given = subprocess.run([*arguments, "--silent"], capture_output=True, text=True, check=True).stdout.strip()
    number = re.compile(r"\d\.\d+")
    assert number.sub("#", given) == number.sub("#", answer)
    for found, printed in zip(number.findall(given), number.findall(answer), strict=True):
        assert float(found) == pytest.approx(float(printed), abs=5e-4 if len(printed) < 8 else 1e-5)


def test_every_setting_is_listed_with_its_default() -> None:
    rows = dict(re.findall(r"^\| `([A-Z_]+)` \| (?:`([^`]+)` )?\|", README, re.MULTILINE))
    defaults = {name: str(value) for name, value in Settings().environment().items()}
    defaults["MODELS_DIR"] = Path(defaults["MODELS_DIR"]).name
    assert rows == defaults
