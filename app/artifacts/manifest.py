"""Model folders: the manifest beside the files, and the checksums that hold them together."""

import errno
import hashlib
import json
import os
import stat
from collections.abc import Container, Iterable
from io import BufferedReader
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

MANIFEST: Final = "manifest.json"
FORMAT: Final = 1

_ZEROS: Final = "0" * 64
_END: Final = b'  "sha256": "%s"\n}\n'
"""How a manifest ends."""

ServingSettings = TypeVar("ServingSettings", bound=BaseModel)


class ArtifactError(Exception):
    """A model folder cannot be used. The message is one sentence: which file, and what to do."""


class Manifest(BaseModel):
    """What a model folder says of itself.

    Attributes:
        format: Version of this layout.
        name: Name of the model, by which requests pick it: lower-case letters, digits, dots and hyphens.
        version: Version of the model.
        kind: The domain that serves it, such as ``sentiment``.
        recipe: How it was trained.
        data: What it was trained on, with its checksum.
        serving: The settings that serving needs.
        figures: What was measured, by split.
        environment: Where it was trained: versions of libraries, the processor, and the commit of the code.
        files: SHA-256 of every file in the folder but the manifest.
        sha256: That of the file of the manifest, if it had zeros in its place; filled in and verified where the file is
            written and read, else empty.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: int = FORMAT
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")]
    version: str
    kind: str
    recipe: dict[str, Any]
    data: dict[str, Any]
    serving: dict[str, Any]
    figures: dict[str, Any]
    environment: dict[str, Any] = {}
    files: dict[str, str] = {}
    sha256: str = ""


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with open_regular(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def open_regular(path: Path) -> BufferedReader:
    """Open a file, and nothing that would keep whoever reads it waiting, such as a named pipe.

    Raises:
        OSError: It cannot be opened, or is no regular file.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is no regular file", str(path))
    return os.fdopen(descriptor, "rb")


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write ``manifest.json`` with the checksum of every file that lies in the folder now, and of itself."""
    files = {path.name: sha256(path) for path in sorted(folder.iterdir()) if path.name != MANIFEST}
    document = manifest.model_copy(update={"files": files}).model_dump()
    (folder / MANIFEST).write_bytes(signed(document))


def signed(document: dict[str, Any]) -> bytes:
    """Return the bytes of a manifest, which end in their own checksum.

    Args:
        document: The manifest as JSON has it; a checksum in it is replaced.
    """
    unsigned = {name: value for name, value in document.items() if name != "sha256"}
    content = (json.dumps({**unsigned, "sha256": _ZEROS}, indent=2) + "\n").encode()
    digest = hashlib.sha256(content).hexdigest()
    return content.removesuffix(_END % _ZEROS.encode()) + _END % digest.encode()


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a model folder and verify the files that it lists.

    One that is not there is passed over: where nothing but serving is done, such as in the image, the Keras model, the
    card and its plots may be left out. What the caller needs, it asks for with :func:`require`.

    Raises:
        ArtifactError: The folder is missing, or a file is damaged or of another format.
    """
    return read_folder(folder, ())[0]


def read_folder(folder: Path, kept: Container[str]) -> tuple[Manifest, dict[str, bytes]]:
    """Do as :func:`read_manifest`, and return the bytes of some files: the very ones that were verified.

    Whatever becomes of the folder meanwhile, who loads a model from these bytes loads what the manifest describes.

    Args:
        folder: The model folder.
        kept: Names of the files whose bytes are returned, where they are there.

    Raises:
        ArtifactError: The folder is missing, or a file is damaged or of another format.
    """
    manifest = parse_manifest(folder)
    contents = {}
    for name, expected in manifest.files.items():
        content = _verify(folder, name, expected, keep=name in kept)
        if content is not None:
            contents[name] = content
    return manifest, contents


def parse_manifest(folder: Path) -> Manifest:
    """Read the manifest of a model folder, and none of its other files.

    Raises:
        ArtifactError: The manifest is missing, damaged, or of another format.
    """
    path = folder / MANIFEST
    try:
        with open_regular(path) as file:
            document = file.read()
    except OSError as error:
        raise ArtifactError(
            f"{path} cannot be read ({error.strerror}); train the model or restore its folder."
        ) from error
    try:
        manifest = Manifest.model_validate_json(document)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, problem["loc"])) or "the document"
        raise ArtifactError(f"{path} is damaged ({where}: {problem['msg']}); restore the model folder.") from error
    if manifest.format != FORMAT:
        raise ArtifactError(f"{path} has format {manifest.format}, this version reads {FORMAT}; train the model again.")
    _verify_itself(path, document)
    return manifest.model_copy(update={"sha256": ""})


def require(folder: Path, manifest: Manifest, names: Iterable[str]) -> None:
    """Check that a model folder has the files that the caller needs, and that its manifest lists them.

    Args:
        folder: Where the manifest is from.
        manifest: The manifest.
        names: Names of files.

    Raises:
        ArtifactError: One of them is missing.
    """
    for name in names:
        if name not in manifest.files:
            raise ArtifactError(f"{folder / MANIFEST} lists no {name}; train the model again or restore its folder.")
        if not (folder / name).is_file():
            raise ArtifactError(f"{folder / name} is missing; restore the model folder.")


def content_of(folder: Path, manifest: Manifest, contents: dict[str, bytes], name: str) -> bytes:
    """Return the bytes of a file that :func:`read_folder` was to keep.

    Raises:
        ArtifactError: It is missing, or the manifest does not list it.
    """
    if name not in contents:
        require(folder, manifest, [name])
        raise ArtifactError(f"{folder / name} was missing a moment ago; restore the model folder.")
    return contents[name]


def check_kind(folder: Path, manifest: Manifest, kind: str) -> None:
    """Check that a manifest is of the domain that reads it.

    Args:
        folder: Where the manifest is from.
        manifest: The manifest.
        kind: The domain.

    Raises:
        ArtifactError: It is of another.
    """
    if manifest.kind != kind:
        path = folder / MANIFEST
        raise ArtifactError(f"{path} is of kind {manifest.kind}, not {kind}; restore the model folder.")


def check_data(folder: Path, manifest: Manifest) -> None:
    """Check that a manifest names the data that the model was trained on, which is answered.

    Raises:
        ArtifactError: It does not.
    """
    if not isinstance(manifest.data.get("name"), str):
        path = folder / MANIFEST
        raise ArtifactError(f"{path} does not name the data that the model was trained on; train the model again.")


def read_serving(folder: Path, manifest: Manifest, model: type[ServingSettings]) -> ServingSettings:
    """Read the settings that a domain needs from a manifest.

    Args:
        folder: Where the manifest is from.
        manifest: The manifest.
        model: The model of those settings.

    Raises:
        ArtifactError: Settings are missing or wrong.
    """
    try:
        return model.model_validate(manifest.serving)
    except ValidationError as error:
        first = ".".join(map(str, error.errors()[0]["loc"]))
        wrong = f"{error.error_count()} {'is' if error.error_count() == 1 else 'are'}"
        raise ArtifactError(
            f"{folder / MANIFEST} lacks settings for serving ({wrong} wrong), such as {first}; train the model again."
        ) from error


def _verify_itself(path: Path, document: bytes) -> None:
    """Compare a manifest with its own checksum, byte by byte."""
    start = len(document) - len(_END % _ZEROS.encode())
    digest = document[start:].removeprefix(_END.partition(b"%s")[0])[: len(_ZEROS)]
    if start < 0 or document[start:] != _END % digest:
        raise ArtifactError(f"{path} does not end in a checksum of itself; train the model again or restore it.")
    zeroed = document[:start] + _END % _ZEROS.encode()
    if hashlib.sha256(zeroed).hexdigest().encode() != digest:
        raise ArtifactError(f"{path} is damaged (its SHA-256 of itself differs); restore the model folder.")


def _verify(folder: Path, name: str, expected: str, *, keep: bool) -> bytes | None:
    """Verify a file, if it is there, and return its bytes if they are to be kept."""
    if Path(name).name != name:
        raise ArtifactError(f"{folder / MANIFEST} lists {name!r}, which is not a file of its folder; restore it.")
    path = folder / name
    content = None
    try:
        if keep:
            with open_regular(path) as file:
                content = file.read()
            found = hashlib.sha256(content).hexdigest()
        else:
            found = sha256(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ArtifactError(f"{path} cannot be read ({error.strerror}); restore the model folder.") from error
    if found != expected:
        raise differs(path)
    return content


def differs(path: Path) -> ArtifactError:
    """Describe a file that has another checksum than the manifest beside it says."""
    return ArtifactError(f"{path} is not the file that {MANIFEST} describes (its SHA-256 differs); restore it.")
