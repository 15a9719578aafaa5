"""A model of the user's own, as docs/your-own-data.md has it: trained, served, corrected, trained again, and back."""

import json
import os
import re
import shlex
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from app.cli.main import main as app_main
from tests.e2e.conftest import ROOT, serving
from tests.training.sentiment.own.conftest import TINY_ADAPT
from tests.training.sentiment.own.conftest import base as base
from tests.training.sentiment.own.conftest import base_folder as base_folder
from training import cli
from training.commands import arguments
from training.sentiment.own import recipe as recipes

KEY = "a-key-of-the-test"
SECONDS = 120
"""In which the service has to follow; far more than it takes."""


def commands(page: str) -> list[str]:
    """The lines of the page that are typed one after the other."""
    (block,) = re.findall(r"```console\n(.*?)```", page, re.DOTALL)
    return re.findall(r"^\$ ((?:.*\\\n)*.*)$", block, re.MULTILINE)


def curl(command: str, url: str) -> dict[str, str]:
    """Run a line of the page, with the service's address."""
    line = command.replace("curl localhost:8000", f"curl --silent --show-error --fail {url}")
    found = subprocess.run(
        ["/bin/bash", "-c", line],
        env={**os.environ, "API_KEY": KEY},
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    answer: dict[str, str] = json.loads(found.stdout)
    return answer


def wait_for_version(command: str, url: str, version: str) -> None:
    end = time.monotonic() + SECONDS
    while curl(command, url)["version"] != version:
        assert time.monotonic() < end, "not in time"
        time.sleep(0.2)


def python(command: str) -> None:
    _, _, module, *options = shlex.split(command)
    assert (cli.main if module == "training" else app_main)(options) == 0


def test_the_circle_of_the_page(tmp_path: Path, base_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (ROOT / "docs" / "your-own-data.md").read_text()
    serve, ask, correct, train, ask_again, back = commands(page)
    assert serve == "FEEDBACK_FILE=$PWD/feedback.jsonl API_KEYS=$API_KEY make serve"

    shutil.copytree(base_folder, tmp_path / "models" / "sentiment-best")
    shutil.copytree(ROOT / "training" / "examples", tmp_path / "training" / "examples")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(recipes, "RECIPES", {TINY_ADAPT.name: TINY_ADAPT})
    monkeypatch.setattr(arguments, "ROOT", tmp_path)
    monkeypatch.setenv("MODELS_DIR", str(tmp_path / "models"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    settings = {"FEEDBACK_FILE": str(tmp_path / "feedback.jsonl"), "API_KEYS": KEY, "RELOAD_SECONDS": "0.2"}
    with serving(tmp_path / "log.jsonl", MODELS_DIR=str(tmp_path / "models"), **settings) as service:
        first = next(line for line in page.splitlines() if line.endswith("--output models/sentiment-mine/1"))
        python(first)
        end = time.monotonic() + SECONDS
        while True:
            try:
                wait_for_version(ask, service.url, "1")
                break
            except subprocess.CalledProcessError:  # 404: it is not served yet
                assert time.monotonic() < end
                time.sleep(0.2)

        assert curl(correct, service.url) == {"label": "negative", "model": "sentiment-mine", "version": "1"}
        python(train)
        wait_for_version(ask_again, service.url, "2")
        manifest = json.loads((tmp_path / "models" / "sentiment-mine" / "2" / "manifest.json").read_text())
        assert [file["rows"] for file in manifest["data"]["files"]] == [300, 1]

        python(back)
        wait_for_version(ask_again, service.url, "1")
