"""A tiny data set of our own reviews, and its three forms on disk."""

import gzip
import io
import tarfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from training.corpora.imdb import Review, Split

GOOD = ("wonderful", "lovely", "brilliant", "moving", "superb")
BAD = ("awful", "boring", "terrible", "dull", "clumsy")
TEXTS = (
    "What a {} film!<br /><br />I'd call it {}.",
    "Naïve? Yes; but {} \x85 and {}, from start to end.\r\n",
    "The cast is {} - the story, {}.\n\tSee it or don't.",
)


@dataclass(frozen=True)
class Written:
    """A review as it is published: a file, and a line in a list of titles."""

    split: Split
    kind: str
    number: int
    rating: int
    movie: str
    text: str

    @property
    def row(self) -> Review:
        label = {"neg": 0, "pos": 1, "unsup": -1}[self.kind]
        return Review(f"{self.kind}/{self.number}_{self.rating}", self.movie, self.text, label)

    @property
    def folder(self) -> str:
        return "train/unsup" if self.split == "unsup" else f"{self.split}/{self.kind}"


def _write(split: Split, kind: str, words: tuple[str, ...], rating: int, first_movie: int) -> list[Written]:
    texts = [text.format(word, word) for text, word in product(TEXTS, words)]
    return [
        Written(split, kind, number, rating, f"tt{first_movie + number // 3:07}", text)
        for number, text in enumerate(texts)
    ]


CORPUS = [
    *_write("train", "neg", BAD, 2, 100),
    *_write("train", "pos", GOOD, 9, 103),
    *_write("test", "neg", BAD[:3], 1, 900),
    *_write("test", "pos", GOOD[:3], 10, 901),
    *_write("unsup", "unsup", GOOD[:2] + BAD[:2], 0, 500),
]


def rows(split: Split, corpus: Iterable[Written] = CORPUS) -> list[Review]:
    """What a split must come out as."""
    return sorted(review.row for review in corpus if review.split == split)


def files(corpus: Iterable[Written] = CORPUS) -> dict[str, bytes]:
    """The content of each file of the published data set, by its path below `aclImdb/`."""
    contents = {"README": b"Not a review.", "train/labeledBow.feat": b"9 0:1\n"}
    titles: dict[str, dict[int, str]] = {}
    for review in corpus:
        contents[f"{review.folder}/{review.number}_{review.rating}.txt"] = review.text.encode()
        split, kind = review.folder.split("/")
        titles.setdefault(f"{split}/urls_{kind}.txt", {})[review.number] = review.movie
    for path, movies in titles.items():
        lines = [f"http://www.imdb.com/title/{movies[number]}/usercomments\n" for number in sorted(movies)]
        contents[path] = "".join(lines).encode()
    return contents


def write_folder(path: Path, contents: dict[str, bytes]) -> Path:
    for name, content in contents.items():
        file = path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return path


def write_archive(
    path: Path,
    contents: dict[str, bytes],
    prefix: str = "aclImdb/",
    compress: Callable[[bytes], bytes] = gzip.compress,
) -> Path:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name, content in contents.items():
            member = tarfile.TarInfo(prefix + name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    path.write_bytes(compress(file.getvalue()))
    return path


def write_parquet(path: Path, corpus: Sequence[Written] = CORPUS) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    splits: tuple[Split, ...] = ("train", "test", "unsup")
    for split in splits:
        reviews = [review for review in corpus if review.split == split]
        columns: dict[str, list[str] | list[int]] = {
            "id": [review.row.id for review in reviews],
            "movie": [review.movie for review in reviews],
            "text": [review.text for review in reviews],
        }
        if split != "unsup":
            columns["label"] = [review.row.label for review in reviews]
            columns["rating"] = [review.rating for review in reviews]
        pq.write_table(pa.table(columns), path / f"{split}.parquet")
    return path
