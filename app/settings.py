"""Every knob of the service, from the environment."""

import argparse
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

ROOT: Final = Path(__file__).resolve().parent.parent
"""The checkout, or the folder that the package was installed into."""


def default_models_dir(root: Path = ROOT) -> Path:
    """Return the folder of the models of a checkout; for an installed package, that of the working directory.

    Args:
        root: The folder that holds the package ``app``.
    """
    return (root if (root / "pyproject.toml").is_file() else Path.cwd()) / "models"


class Settings(BaseSettings):
    """The settings. Each is read from the environment variable of its name in upper case."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    workers: int = Field(1, ge=1, le=256, description="Number of processes that serve.")
    models_dir: Path = Field(
        default_models_dir(),
        description="Folder that holds the model folders; of a package that is not run from its checkout, by default "
        "that of the working directory.",
    )
    default_model: str = Field("sentiment-best", description="Model that answers when a request names none.")
    vectors_files: Annotated[list[Path], NoDecode] = Field(
        [],
        description="Further spaces of word vectors: files of GloVe or word2vec (text or binary, gzipped or not), "
        "separated by commas. Each is named after its file.",
    )
    engine: Literal["onnx", "tensorflow"] = Field(
        "onnx",
        description="What computes: ONNX Runtime, or Keras on TensorFlow (needs the extra `training`).",
    )
    cors_origins: Annotated[list[str], NoDecode] = Field(
        ["*"], description="Origins, separated by commas, whose pages may call the service; `*` allows all."
    )
    max_body_bytes: int = Field(16 * 2**20, ge=1, description="Size of a request body; beyond it 413.")
    max_texts: int = Field(10_000, ge=1, description="Texts or sequences a request; beyond it 422.")
    max_padded_values: int = Field(
        5_000_000, ge=1, description="Values (rows × maxlen) that one `/pad` answer may have; beyond it 422."
    )
    max_observations: int = Field(
        50_000, ge=1, description="Observations of a forecast request, in all its sequences; beyond it 422."
    )
    max_explained_words: int = Field(
        50_000,
        ge=1,
        description="Words of a request that is to be explained, in all its texts; beyond it 422. A fiftieth of it for "
        "a model that does not read texts in windows.",
    )
    max_characters: int = Field(
        1_000_000,
        ge=1,
        description="Characters of one text, and of all texts of a request that are to be tokenized or explained; "
        "beyond it 422.",
    )
    max_ids: int = Field(500_000, ge=1, description="Token ids in all sequences of a request; beyond it 422.")
    max_waiting_seconds: int = Field(
        30,
        ge=1,
        description="Long work that may wait, in estimated seconds of one core; beyond it 503. A tenth of it for work "
        "of less than a quarter of a second, and a thirtieth for single short texts.",
    )
    max_client_share: float = Field(
        0.5,
        gt=0,
        le=1,
        description="What part of that one client may have, told by its API key or else its address; beyond it 429.",
    )
    threads: int = Field(
        2, ge=1, le=256, description="Worker threads a process, for long work; there is one more for brief work."
    )
    shutdown_seconds: int = Field(
        30, ge=1, description="How long requests in flight may take after SIGTERM before they are cut off."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least severe log line to write; `info` has one for each request."
    )

    @field_validator("cors_origins", "vectors_files", mode="before")
    @classmethod
    def _split_commas(cls, value: object) -> object:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    def environment(self) -> dict[str, str]:
        """Return the environment variables from which the same settings are read."""
        values = self.model_dump()
        values["cors_origins"] = ",".join(self.cors_origins)
        values["vectors_files"] = ",".join(map(str, self.vectors_files))
        return {name.upper(): str(value) for name, value in values.items()}


class SettingsError(Exception):
    """A setting is wrong. The message is one sentence that names it."""


def settings_from(arguments: argparse.Namespace) -> Settings:
    """Read the settings from the options of a command and, where those are ``None``, from the environment.

    Raises:
        SettingsError: One of them is wrong.
    """
    given = {
        name: value for name, value in vars(arguments).items() if name in Settings.model_fields and value is not None
    }
    try:
        return Settings(**given)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = str(first["loc"][0])
        raise SettingsError(
            f"The setting {name.upper()} is wrong: {first['msg']} (it is {first['input']!r})."
        ) from error
