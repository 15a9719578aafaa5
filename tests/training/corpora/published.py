"""Small files in the form in which corpora are published, made by the tests."""

import hashlib
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from training.corpora.files import Official


def write_folder(folder: Path, texts: Mapping[str, str]) -> Path:
    """Write each text under its name, and return the folder."""
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    return folder


def write_zip(path: Path, texts: Mapping[str, str]) -> Path:
    """Write a zip file with one folder more around the texts, and return its path."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in texts.items():
            archive.writestr(f"outer/{name}", text)
    return path


def write_tar(path: Path, folder: Path) -> Path:
    """Pack a folder's contents into a tar.gz file, and return its path."""
    with tarfile.open(path, "w:gz") as archive:
        archive.add(folder, ".")
    return path


def write_parquet(path: Path, columns: Mapping[str, list[Any]]) -> Path:
    """Write a Parquet file, and return its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(dict(columns)), path)
    return path.parent


def of(official: Official, texts: Mapping[str, str]) -> Official:
    """Return what would be published if these were the texts."""
    sums: dict[str, str | None] = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()}
    return official._replace(sha256=sums)
