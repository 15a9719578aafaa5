import argparse
from pathlib import Path

import pytest

from app.settings import Settings, SettingsError, default_models_dir, settings_from


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "9000")
    monkeypatch.setenv("MODELS_DIR", "/srv/models")
    monkeypatch.setenv("CORS_ORIGINS", " https://a.example ,https://b.example,")
    settings = Settings()
    assert (settings.port, settings.models_dir) == (9000, Path("/srv/models"))
    assert settings.cors_origins == ["https://a.example", "https://b.example"]


def test_options_win_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "9000")
    monkeypatch.setenv("WORKERS", "3")
    settings = settings_from(argparse.Namespace(port="9001", workers=None, run=print))
    assert (settings.port, settings.workers) == (9001, 3)


def test_the_environment_of_settings_gives_the_same_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(
        port=1,
        cors_origins=["https://a.example", "b"],
        log_level="error",
        engine="tensorflow",
        vectors_files=[Path("/a b.txt"), Path("/c.bin")],
    )
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    assert Settings() == settings


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", "70000"),
        ("workers", "0"),
        ("max_texts", "-1"),
        ("engine", "torch"),
        ("log_level", "loud"),
        ("reload_seconds", "inf"),
    ],
)
def test_a_wrong_setting_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"The setting {name.upper()} is wrong: .*{value}"):
        settings_from(argparse.Namespace(**{name: value}))


def test_models_are_looked_for_in_the_checkout_or_else_in_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    checkout, installed = tmp_path / "checkout", tmp_path / "site-packages"
    checkout.mkdir()
    (checkout / "pyproject.toml").touch()
    assert default_models_dir(checkout) == checkout / "models"
    assert default_models_dir(installed) == tmp_path / "models"


def test_every_setting_is_described() -> None:
    assert all(field.description for field in Settings.model_fields.values())
