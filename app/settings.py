"""Every knob of the service, from the environment."""

import argparse
import re
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

ROOT: Final = Path(__file__).resolve().parent.parent
"""The checkout, or the folder that the package was installed into."""

SECRET: Final = frozenset({"api_keys"})
"""Settings that are told to nobody, neither in messages nor on a command line."""
_KEY: Final = re.compile(r"[!-~]+")


def default_models_dir(root: Path = ROOT) -> Path:
    """Return the folder of the models of a checkout; for an installed package, that of the working directory.

    Args:
        root: The folder that holds the package ``app``.
    """
    return (root if (root / "pyproject.toml").is_file() else Path.cwd()) / "models"


class Settings(BaseSettings):
    """The settings. Each is read from the environment variable of its name in upper case."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    admin_port: int | None = Field(
        None,
        ge=0,
        le=65535,
        description="Port of health and metrics, which are then served there alone, by a thread of their own; 0 takes "
        "a free one. Without it they are on `PORT`.",
    )
    tls_cert: Path | None = Field(
        None, description="Certificate, with those of its issuers, in PEM: serves HTTPS on `PORT`; needs `TLS_KEY`."
    )
    tls_key: Path | None = Field(None, description="Private key of `TLS_CERT`, in PEM, without a passphrase.")
    workers: int = Field(1, ge=1, le=256, description="Number of processes that serve.")
    models_dir: Path = Field(
        default_models_dir(),
        description="Folder that holds the model folders; of a package that is not run from its checkout, by default "
        "that of the working directory.",
    )
    default_model: str = Field("sentiment-best", description="Model that answers when a request names none.")
    reload_seconds: float = Field(
        2,
        ge=0,
        le=86_400,
        allow_inf_nan=False,
        description="How often each process looks for models that have come, changed or gone; 0 looks only on SIGHUP.",
    )
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
    api_keys: Annotated[list[SecretStr], NoDecode] = Field(
        [],
        description="Keys, separated by commas, of those who may call; without any, everybody may. Health and the page "
        "stay open.",
    )
    api_keys_file: Path | None = Field(
        None, description="File with further keys, one a line, such as a secret of Docker or Kubernetes."
    )
    root_path: str = Field(
        "",
        pattern=r"^(/[^/?#\s]+)*$",
        description="Path below which a proxy has the service, such as `/sentiment-service`; the proxy may strip it or "
        "not.",
    )
    max_body_bytes: int = Field(16 * 2**20, ge=1, description="Size of a request body; beyond it 413.")
    max_compression_ratio: int = Field(
        100, ge=1, description="Times that a gzipped body may be larger than what was sent of it; beyond it 413."
    )
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
    max_streams: int = Field(
        8, ge=1, description="Files that are classified as they come, at a time, in a process; beyond it 503."
    )
    max_parquet_files: int = Field(
        2,
        ge=1,
        description="Of these, Parquet files, each read by a process of its own of up to 200 MB; beyond it 503.",
    )
    max_spooled_bytes: int = Field(
        2**28, ge=1, description="Size of a Parquet file, which is kept on disk while it is classified; beyond it 413."
    )
    max_header_bytes: int = Field(
        65_536, ge=1024, description="Size of the request line and the headers of a request; beyond it 431."
    )
    max_headers: int = Field(200, ge=1, description="Number of headers of a request; beyond it 431.")
    max_connections: int = Field(
        3_000,
        ge=1,
        description="Connections open at a time, in a process; beyond it the one is closed that has waited longest for "
        "its client. A quarter of it with `TLS_CERT`, as those take more memory; fewer where `ulimit -n` allows fewer.",
    )
    max_held_bytes: int = Field(
        64 * 2**20,
        ge=2**16,
        description="Bytes of requests in memory at a time, in a process; beyond it 503 for all but short ones.",
    )
    max_unread_bytes: int = Field(
        64 * 2**20,
        ge=2**16,
        description="Bytes of answers that wait for their readers at a time, in a process; beyond it the one that "
        "began first is cut off.",
    )
    header_seconds: float = Field(
        10, gt=0, description="How long the request line and the headers may take; beyond it 408."
    )
    body_seconds: float = Field(20, gt=0, description="How long a body may stall; beyond it 408.")
    stream_seconds: float = Field(
        60, gt=0, description="How long a file that is classified as it comes may stall; beyond it, it is cut off."
    )
    answer_seconds: float = Field(
        20,
        gt=0,
        description="How long a client may stall while it reads an answer; beyond it the connection is closed.",
    )
    min_bytes_per_second: int = Field(
        1_000, ge=1, description="Slowest rate at which a body is sent, or an answer read, without counting as stalled."
    )
    keep_alive_seconds: float = Field(
        75, gt=0, description="How long a connection may be idle between two requests; longer than a proxy's before it."
    )
    linger_seconds: float = Field(
        5,
        gt=0,
        description="How long the rest of a refused request is read and dropped, so that its client sees the answer.",
    )
    threads: int = Field(
        2, ge=1, le=256, description="Worker threads a process, for long work; there is one more for brief work."
    )
    feedback_file: Path | None = Field(
        None,
        description="File that `POST /feedback` appends texts and labels to, a line of JSON each; without it, there is "
        "no feedback. Set `API_KEYS` with it: whoever may write here has a say in what a model learns from it.",
    )
    feedback_max_bytes: int = Field(64 * 2**20, ge=1, description="Size of `FEEDBACK_FILE`; beyond it 507.")
    drain_seconds: float = Field(
        1,
        ge=0,
        description="How long connections are still accepted after SIGTERM, while `/health/ready` answers 503.",
    )
    shutdown_seconds: int = Field(
        30, ge=1, description="How long requests in flight may take after SIGTERM before they are cut off."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least severe log line to write; `info` has one for each request."
    )

    @field_validator("api_keys", "cors_origins", "vectors_files", mode="before")
    @classmethod
    def _split_commas(cls, value: object) -> object:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("api_keys")
    @classmethod
    def _check_keys(cls, keys: list[SecretStr]) -> list[SecretStr]:
        if not all(_KEY.fullmatch(key.get_secret_value()) for key in keys):
            raise ValueError("a key has other characters than those of printable ASCII without spaces")
        return keys

    @field_validator("api_keys_file", mode="before")
    @classmethod
    def _no_empty_path(cls, value: object) -> object:
        return value or None

    @field_validator("api_keys_file")
    @classmethod
    def _check_keys_file(cls, path: Path | None) -> Path | None:
        if path is not None:
            _keys_of(path)
        return path

    @property
    def keys(self) -> list[str]:
        """All API keys: those of the setting, and those of the file as it is now."""
        given = [key.get_secret_value() for key in self.api_keys]
        return given if self.api_keys_file is None else [*given, *_keys_of(self.api_keys_file)]

    @field_validator("admin_port", "tls_cert", "tls_key", "feedback_file", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value

    def environment(self) -> dict[str, str]:
        """Return the environment variables from which the same settings are read."""
        values = self.model_dump()
        values["api_keys"] = ",".join(key.get_secret_value() for key in self.api_keys)
        values["api_keys_file"] = self.api_keys_file or ""
        values["cors_origins"] = ",".join(self.cors_origins)
        values["vectors_files"] = ",".join(map(str, self.vectors_files))
        return {name.upper(): "" if value is None else str(value) for name, value in values.items()}


def _keys_of(path: Path) -> list[str]:
    """Read the API keys of a file.

    Raises:
        ValueError: It cannot be read, or has no key or a broken one.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").split()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"the file cannot be read ({getattr(error, 'strerror', None) or 'it is no text'})") from error
    if not lines or not all(map(_KEY.fullmatch, lines)):
        raise ValueError("the file has no keys, of printable ASCII, one a line")
    return lines


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
        found = "" if name in SECRET else f" (it is {first['input']!r})"
        raise SettingsError(f"The setting {name.upper()} is wrong: {first['msg']}{found}.") from None
