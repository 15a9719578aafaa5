"""The Large Movie Review Dataset v1.0 (Maas et al., ACL 2011): fetched and verified, or read from a folder.

Three forms hold the same reviews: the official archive, the folder it unpacks to, and Parquet files named
``train.parquet``, ``test.parquet`` and ``unsup.parquet`` with the columns ``id``, ``movie``, ``text`` and (but
for unsup) ``label``. Whatever the form, a split comes out in the same order, with the same checksum.
"""

import gzip
import hashlib
import os
import re
import tarfile
import zlib
from collections.abc import Container, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Final, Literal, NamedTuple

import httpx
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from app.artifacts.manifest import sha256
from training.errors import TrainingError

URL: Final = "https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz"
ARCHIVE_SHA256: Final = "c40f74a18d3b61f90feba1e17730e0d38e8b97c05fde7008942e91923d1658fe"
NAME: Final = "Large Movie Review Dataset v1.0"
REFERENCE: Final = "Maas et al., *Learning Word Vectors for Sentiment Analysis*, ACL 2011"
REVIEWS_SHA256: Final = frozenset(
    {
        "717cc57d763cfa586fc027af3a5612335c55e761d8c47ae6699f2212814b18e6",
        "218e447fe89057f70c33da854c8fb7d8d8894611eacde156118b7abe28b81ed2",
        "b18805d358db01f8a287494927e8778d68b08960a4afcfd2d559aa4d4fb9ea3c",
    }
)
"""The checksums of the three splits as published; see :attr:`Reviews.sha256`."""

Split = Literal["train", "test", "unsup"]
_FOLDERS: Final[dict[Split, tuple[str, ...]]] = {
    "train": ("train/neg", "train/pos"),
    "test": ("test/neg", "test/pos"),
    "unsup": ("train/unsup",),
}
_TITLE: Final = re.compile(r"/title/(tt\d+)")


class DataError(TrainingError):
    """The data set cannot be had or read."""


class Review(NamedTuple):
    """One review: its id (``pos/0_9``), the IMDb title it is about, its text, and 1 for positive or 0."""

    id: str
    movie: str
    text: str
    label: int

    @property
    def stars(self) -> int:
        """The author's rating, 1 to 4 or 7 to 10; 0 if the review has no label.

        Raises:
            DataError: The id does not end with it.
        """
        stars = self.id.partition("_")[2]
        if not stars.isdecimal():
            raise DataError(f"The id {self.id} of a review does not end with its rating.")
        return int(stars)


@dataclass(frozen=True)
class Reviews:
    """Reviews of one split, in the order of their ids.

    Attributes:
        rows: The reviews. Unlabelled ones have the label -1.
        corpus: What they are of, as cards and manifests name it.
    """

    rows: Sequence[Review]
    corpus: str = "reviews without a name"

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def texts(self) -> list[str]:
        """The texts, as published, ``<br />`` and all."""
        return [row.text for row in self.rows]

    @cached_property
    def labels(self) -> NDArray[np.int8]:
        """The labels, shape (n,)."""
        return np.array([row.label for row in self.rows], dtype=np.int8)

    @property
    def movies(self) -> list[str]:
        """The title each review is about."""
        return [row.movie for row in self.rows]

    @cached_property
    def sha256(self) -> str:
        """Checksum of ids, movies, labels and texts, the same for every form of the data."""
        digest = hashlib.sha256()
        for row in self.rows:
            digest.update("\0".join([row.id, row.movie, str(row.label), row.text, ""]).encode())
        return digest.hexdigest()

    def take(self, indices: NDArray[np.intp]) -> "Reviews":
        """Return the reviews at the indices, in that order."""
        return Reviews([self.rows[index] for index in indices], self.corpus)

    def require_ratings(self) -> None:
        """Make sure that each review's stars are known, before anything is built on them.

        Raises:
            DataError: An id does not end with the rating.
        """
        for row in self.rows:
            _ = row.stars

    def sample(self, size: int, seed: int) -> "Reviews":
        """Return ``size`` random reviews (all, if there are fewer), in the order of their ids.

        Raises:
            DataError: The sample is so small that it has one label only.
        """
        if size >= len(self):
            return self
        sample = self.take(np.sort(np.random.default_rng(seed).choice(len(self), size, replace=False)))
        if len(set(sample.labels)) != len(set(self.labels)):
            raise DataError(f"A sample of {size} reviews does not have both labels; take more.")
        return sample

    def split_by_movie(self, fraction: float, seed: int) -> tuple["Reviews", "Reviews"]:
        """Hold out about ``fraction`` of the reviews so that no movie is on both sides.

        Returns:
            The reviews to train on, and those held out.

        Raises:
            DataError: There are too few movies for two sides.
        """
        titles = sorted(set(self.movies))
        np.random.default_rng(seed).shuffle(titles)
        sizes = dict.fromkeys(titles, 0)
        for movie in self.movies:
            sizes[movie] += 1
        before = np.cumsum([sizes[title] for title in titles]) - [sizes[title] for title in titles]
        held = {title for title, start in zip(titles, before, strict=True) if start < fraction * len(self)}
        if not 0 < len(held) < len(titles):
            raise DataError(f"Reviews of {len(titles)} movies are too few to hold some out; take more.")
        mask = np.array([movie in held for movie in self.movies], dtype=bool)
        return self.take(np.flatnonzero(~mask)), self.take(np.flatnonzero(mask))


def load(split: Split, source: Path | None = None) -> Reviews:
    """Read a split.

    Args:
        split: Which reviews.
        source: The archive, its unpacked folder, or a folder of Parquet files. By default the official
            archive, downloaded on first use.

    Raises:
        DataError: The source is missing, cut, or has no such reviews.
    """
    source = fetch() if source is None else source
    if source.is_file():
        rows = _read_archive(source, split)
    elif not source.is_dir():
        raise DataError(f"There is no folder or archive {source}.")
    elif (source / f"{split}.parquet").is_file():
        rows = _read_parquet(source / f"{split}.parquet")
    else:
        root = source / "aclImdb" if (source / "aclImdb").is_dir() else source
        rows = _read_folder(root, split)
    if not rows:
        raise DataError(f"There are no {split} reviews in {source}.")
    if split != "unsup" and {row.label for row in rows} != {0, 1}:
        raise DataError(f"The {split} reviews in {source} are not of both labels, positive and negative.")
    reviews = Reviews(sorted(rows))
    return replace(reviews, corpus=NAME if reviews.sha256 in REVIEWS_SHA256 else f"the reviews in {source.name}")


def cache_folder() -> Path:
    """Where downloads are kept: ``$XDG_CACHE_HOME/sentiment-service``, by default under ``~/.cache``."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sentiment-service"


def fetch(url: str = URL, checksum: str | None = ARCHIVE_SHA256, folder: Path | None = None) -> Path:
    """Download the archive once, with a progress bar; later calls return the cached file.

    Args:
        url: Where it is.
        checksum: Its SHA-256; ``None`` if only those of the files in it are known.
        folder: Where it is kept, by default :func:`cache_folder`.

    Raises:
        DataError: It cannot be fetched, or what came is not the official archive. Nothing is left behind then.
    """
    path = (folder or cache_folder()) / url.rsplit("/", 1)[-1]
    if path.exists():
        return path
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _download(url, partial)
        found = sha256(partial)
        if checksum is not None and found != checksum:
            raise DataError(f"{url} did not send the official archive: its SHA-256 is {found}, not {checksum}.")
        partial.replace(path)
    except (httpx.HTTPError, OSError) as error:
        raise DataError(f"{url} could not be downloaded to {path}: {error or type(error).__name__}.") from error
    finally:
        with suppress(OSError):
            partial.unlink()
    return path


def _download(url: str, path: Path) -> None:
    plain = {"Accept-Encoding": "identity"}
    with (
        httpx.stream("GET", url, headers=plain, follow_redirects=True, timeout=30) as response,
        path.open("wb") as file,
    ):
        response.raise_for_status()
        total = int(response.headers.get("Content-Length", 0)) or None
        with tqdm(total=total, unit="B", unit_scale=True, desc=path.name.split(".")[0]) as bar:
            for chunk in response.iter_raw(1 << 18):
                file.write(chunk)
                bar.update(len(chunk))


def _read_parquet(path: Path) -> list[Review]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
        ids, movies, texts = (table[name].cast(pa.large_string()) for name in ("id", "movie", "text"))
        labels = table["label"].cast(pa.int8()).to_pylist() if "label" in table.column_names else [-1] * len(table)
        if ids.null_count or movies.null_count or texts.null_count:
            raise DataError(f"{path} has reviews without an id, a movie or a text.")
        columns = ids.to_pylist(), movies.to_pylist(), texts.to_pylist(), labels
    except (pa.ArrowException, KeyError, OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} is not a Parquet file of reviews: {sentence(error)}.") from error
    return [Review(*row) for row in zip(*columns, strict=True)]


def _read_folder(root: Path, split: Split) -> list[Review]:
    rows: list[Review] = []
    for folder in _FOLDERS[split]:
        if not (root / folder).is_dir():
            raise DataError(f"There is no folder {root / folder}, nor a file {root / split}.parquet.")
        urls = root / _urls_file(folder)
        if not urls.is_file():
            raise DataError(f"There is no file {urls}, which says what movie each review is about.")
        texts = {path.stem: _read_text(path) for path in (root / folder).glob("*.txt")}
        rows += _reviews(folder, texts, _read_text(urls), root)
    return rows


def _read_text(path: Path) -> str:
    try:
        return path.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} is not a UTF-8 text: {sentence(error)}.") from error


def _read_archive(path: Path, split: Split) -> list[Review]:
    texts: dict[str, dict[str, str]] = {folder: {} for folder in _FOLDERS[split]}
    urls: dict[str, str] = {}
    try:
        with gzip.open(path) as file, tarfile.open(fileobj=file, mode="r:") as archive:
            for name, content in _text_members(archive, {*texts, *map(_urls_file, texts)}):
                folder, _, stem = name.removesuffix(".txt").rpartition("/")
                if folder in texts:
                    texts[folder][stem] = content
                else:
                    urls[name] = content
            file.read()  # To the end, where the checksum of the whole stands.
    except (tarfile.TarError, EOFError, OSError, UnicodeDecodeError, zlib.error) as error:
        raise DataError(f"{path} is cut or not the archive of reviews: {sentence(error)}.") from error
    rows: list[Review] = []
    for folder, found in texts.items():
        if found and _urls_file(folder) not in urls:
            raise DataError(f"{path} lacks aclImdb/{_urls_file(folder)}.")
        rows += _reviews(folder, found, urls.get(_urls_file(folder), ""), path)
    return rows


def _text_members(archive: tarfile.TarFile, wanted: Container[str]) -> Iterator[tuple[str, str]]:
    """Yield the path below ``aclImdb/`` and the text of each text file that is wanted, or whose folder is."""
    for member in archive:
        name = member.name.removeprefix("./").removeprefix("aclImdb/")
        is_wanted = name in wanted or (name.endswith(".txt") and name.rpartition("/")[0] in wanted)
        file = archive.extractfile(member) if is_wanted else None
        if file is not None:
            yield name, file.read().decode()


def _urls_file(folder: str) -> str:
    split, _, kind = folder.partition("/")
    return f"{split}/urls_{kind}.txt"


def _reviews(folder: str, texts: dict[str, str], urls: str, source: Path) -> Iterator[Review]:
    """Join texts, named ``number_rating``, with the list whose line ``number`` is the URL of the movie."""
    kind = folder.rpartition("/")[2]
    label = {"neg": 0, "pos": 1}.get(kind, -1)
    titles = [_TITLE.search(line) for line in urls.splitlines()]
    for stem, text in texts.items():
        number = stem.partition("_")[0]
        title = titles[int(number)] if number.isdecimal() and int(number) < len(titles) else None
        if title is None:
            raise DataError(f"{source} has a review {folder}/{stem}.txt of no known movie.")
        yield Review(f"{kind}/{stem}", title[1], text, label)


def sentence(error: Exception) -> str:
    """Return the first line of an error's message, without a full stop; the name of its class, if it has none."""
    return str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
