"""The files of a corpus: fetched from their official place, or read from a folder or an archive."""

import hashlib
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from training.corpora.imdb import DataError, cache_folder, fetch, sentence

_BROKEN: Final = (OSError, EOFError, zlib.error, zipfile.BadZipFile, tarfile.TarError)


class Official(NamedTuple):
    """Where a corpus was published.

    Attributes:
        name: Of the corpus: the folder below the cache in which downloads are kept, and the stem of its Parquet file.
        urls: What is fetched: the files themselves, or an archive that holds them.
        sha256: Checksum of each file that is read, by its path in the archive or the last part of its URL; ``None``
            where it is not known, and the corpus checks what it reads by itself.
    """

    name: str
    urls: Sequence[str]
    sha256: Mapping[str, str | None]


def parquet_rows(path: Path, columns: Sequence[str]) -> list[dict[str, Any]]:
    """Read a Parquet file row by row.

    Args:
        path: The file.
        columns: Those that are needed; others are not read.

    Raises:
        DataError: It is not such a file, or a column is missing or has gaps.
    """
    try:
        table = pq.read_table(path, columns=list(columns))
        gaps = [name for name in columns if table[name].null_count]
    except (pa.ArrowException, KeyError, OSError) as error:
        raise DataError(f"{path} is not a Parquet file of {', '.join(columns)}: {sentence(error)}.") from error
    if gaps:
        raise DataError(f"{path} has rows without {' or '.join(gaps)}.")
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows


def official_texts(official: Official, source: Path | None) -> dict[str, str]:
    """Read the files as they were published, and verify them.

    Args:
        official: What was published where.
        source: A folder that holds them, in their folders or not, or the archive. By default they are downloaded on
            first use, with progress, to the cache.

    Returns:
        The text of each file, named as in ``official.sha256``.

    Raises:
        DataError: A file is missing, cannot be fetched, or is not the one that was published.
    """
    contents = _fetched(official) if source is None else _given(official, source)
    return {name: _verified(official, name, content) for name, content in contents.items()}


def checksum(rows: Iterable[object]) -> str:
    """Return a checksum of rows of a corpus: named tuples of texts and numbers."""
    digest = hashlib.sha256()
    for row in rows:
        digest.update(repr(row).encode())
    return digest.hexdigest()


def _fetched(official: Official) -> dict[str, bytes]:
    folder = cache_folder() / official.name
    if len(official.urls) == 1:
        return _given(official, fetch(official.urls[0], None, folder))
    found = [fetch(url, official.sha256[url.rsplit("/", 1)[-1]], folder) for url in official.urls]
    return {path.name: path.read_bytes() for path in found}


def _given(official: Official, source: Path) -> dict[str, bytes]:
    try:
        contents = {name: _content(source, name) for name in official.sha256}
    except _BROKEN as error:
        raise DataError(f"{source} is cut or not the archive of {official.name}: {sentence(error)}.") from error
    missing = [name for name, content in contents.items() if content is None]
    if missing:
        raise DataError(f"There is no {missing[0]} in {source}, nor a file {official.name}.parquet.")
    return {name: content for name, content in contents.items() if content is not None}


def _content(source: Path, name: str) -> bytes | None:
    """Read a file from a folder, a zip file or a tar file; ``None`` if there is none."""
    if source.is_dir():
        places = [source / name, source / name.rpartition("/")[2]]
        return next((place.read_bytes() for place in places if place.is_file()), None)
    if zipfile.is_zipfile(source):
        with zipfile.ZipFile(source) as archive:
            found = next((member for member in archive.namelist() if _names(member, name)), None)
            return None if found is None else archive.read(found)
    with tarfile.open(source) as tar:
        file = next((tar.extractfile(member) for member in tar if _names(member.name, name)), None)
        return None if file is None else file.read()


def _names(member: str, name: str) -> bool:
    return f"/{member}".endswith(f"/{name}")


def _verified(official: Official, name: str, content: bytes) -> str:
    found = hashlib.sha256(content).hexdigest()
    if official.sha256[name] not in (found, None):
        raise DataError(
            f"The file {name} of {official.name} is not the one that was published: "
            f"its SHA-256 is {found}, not {official.sha256[name]}."
        )
    return content.decode("utf-8", "replace")
