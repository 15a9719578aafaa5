from contextvars import copy_context
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from app.compute.callers import CALLER, Caller, NamedCaller
from app.http.keys import KeyCheck
from app.http.problems import Problem
from app.main import create_app
from app.settings import Settings, SettingsError, settings_from
from tests.app.http.test_fast_path import FIXED, TEXT, counted, send

KEY = "a-key-of-ours"


def scope(*headers: tuple[bytes, bytes]) -> dict[str, Any]:
    return {"type": "http", "headers": list(headers)}


def make(models_dir: Path, **options: Any) -> FastAPI:
    values = {"models_dir": models_dir, "default_model": "sentiment-tiny", "api_keys": KEY}
    return create_app(Settings.model_validate(values), **options)


def test_any_of_several_keys_passes() -> None:
    check = KeyCheck(["one", "two"])
    for header in ((b"x-api-key", b"two"), (b"authorization", b"Bearer one"), (b"authorization", b"BEARER  two ")):
        check.check(scope(header))
    check.check(scope((b"x-api-key", b"wrong"), (b"authorization", b"Bearer one")))


@pytest.mark.parametrize(
    ("headers", "challenge"),
    [
        ([], 'Bearer realm="sentiment"'),
        ([(b"authorization", b"Basic one")], 'Bearer realm="sentiment"'),
        ([(b"x-api-key", b"on")], 'Bearer realm="sentiment", error="invalid_token"'),
        ([(b"authorization", b"Bearer \xff")], 'Bearer realm="sentiment", error="invalid_token"'),
    ],
)
def test_what_is_refused_is_told_what_to_send(headers: list[tuple[bytes, bytes]], challenge: str) -> None:
    with pytest.raises(Problem) as caught:
        KeyCheck(["one"]).check(scope(*headers))
    assert (caught.value.status, caught.value.headers) == (401, {"WWW-Authenticate": challenge})


def test_the_fast_path_checks_the_key_itself(models_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with counted(monkeypatch) as taken:
        answers = send(make(models_dir), *(("POST", path, TEXT) for path in FIXED))
    assert taken == []
    assert {answer.status_code for answer in answers} == {401}
    monkeypatch.setattr(KeyCheck, "check", lambda *_: None)
    with counted(monkeypatch) as taken:
        send(make(models_dir), *(("POST", path, TEXT) for path in FIXED))
    assert taken == FIXED


def test_keys_come_from_the_setting_and_from_the_file(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text("\ufeffthree\r\n\nfour\n")
    settings = Settings.model_validate({"api_keys": "first, second", "api_keys_file": path})
    assert settings.keys == ["first", "second", "three", "four"]
    assert settings.environment()["API_KEYS"] == "first,second"
    assert "first" not in repr(settings)


def test_a_wrong_key_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    import argparse

    monkeypatch.setenv("API_KEYS", "good,s ecret")
    with pytest.raises(SettingsError) as caught:
        settings_from(argparse.Namespace())
    assert "ecret" not in str(caught.value)
    assert str(SecretStr("secret")) == "**********"


def test_whose_key_it_is_can_still_hang_up() -> None:
    async def hung_up() -> None:
        raise NotImplementedError

    def check() -> Caller:
        CALLER.set(NamedCaller("192.0.2.1", hung_up))
        KeyCheck(["one"]).check(scope((b"x-api-key", b"one")))
        return CALLER.get()

    caller = copy_context().run(check)
    assert caller.name.startswith("key ")
    assert caller.hung_up is hung_up
