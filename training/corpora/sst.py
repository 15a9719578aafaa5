"""The Stanford Sentiment Treebank: every phrase of sentences from film reviews, with the label that people gave it.

Socher et al., *Recursive Deep Models for Semantic Compositionality Over a Sentiment Treebank*, EMNLP 2013.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, Literal, NamedTuple

from training.corpora.files import Official, official_texts, parquet_rows
from training.corpora.imdb import DataError

OFFICIAL: Final = Official(
    "sst",
    ["https://nlp.stanford.edu/sentiment/trainDevTestTrees_PTB.zip"],
    {
        "trees/train.txt": None,
        "trees/dev.txt": "0e9336aed6e4730e19f58d00a77b3f0297efdb755f7b5e598c98a05e3f97ea40",
    },
)
SENTENCES: Final = {
    "train": "2ad3639678c94a7f6045a2505c41346c7de3519d2cb5ad08e49bae3a13a8aaa0",
    "dev": "93ddc437f106dc5911699747b5016adb285147ee01fb9550b2a9f8f5eb80f483",
}
"""Checksum of the sentences of each split, with their labels, by :func:`sentences_sha256`."""

NEUTRAL: Final = 2
"""The label in the middle."""

Split = Literal["train", "dev"]
_SPLITS: Final[tuple[Split, ...]] = ("train", "dev")
_NO_LETTER: Final = re.compile(r"[\W_]+")
_COLUMNS: Final = ("split", "whole", "text", "label")
_PIECE: Final = re.compile(r"\(|\)|[^\s()]+")
_SPELT: Final = {"-LRB-": "(", "-RRB-": ")", "-LSB-": "[", "-RSB-": "]", "``": '"', "''": '"', "\\/": "/", "\\*": "*"}
_ATTACHED: Final = re.compile(r" (n't|'(?:s|re|ve|ll|d|m)\b|[.,:;!?%)\]])", re.IGNORECASE)


class Phrase(NamedTuple):
    """A node of a parse tree.

    Attributes:
        split: ``train`` or ``dev``.
        text: The phrase, its words put together as people write them.
        label: 0 very negative, 1 negative, 2 neutral, 3 positive, 4 very positive.
        whole: Whether it is the sentence itself.
    """

    split: Split
    text: str
    label: int
    whole: bool


def load(source: Path | None = None) -> list[Phrase]:
    """Read the phrases of both splits, each once in its sentence.

    Args:
        source: A folder with ``sst.parquet`` or with the trees, or the archive. By default the official archive.

    Raises:
        DataError: The source is missing, or not the Treebank.
    """
    if source is not None and (path := source / f"{OFFICIAL.name}.parquet").is_file():
        return [_checked(Phrase(**row), path) for row in parquet_rows(path, _COLUMNS)]
    texts = official_texts(OFFICIAL, source)
    phrases = {split: list(_phrases(split, texts[f"trees/{split}.txt"])) for split in _SPLITS}
    for split, found in phrases.items():
        if sentences_sha256(found) != SENTENCES[split]:
            raise DataError(f"The {split} split of the Treebank has other sentences than were published.")
    return [phrase for found in phrases.values() for phrase in found]


def sentences_sha256(phrases: Iterable[Phrase]) -> str:
    """Return a checksum of the whole sentences and their labels, however words and marks are put together."""
    digest = hashlib.sha256()
    for phrase in phrases:
        if phrase.whole:
            digest.update(f"{_NO_LETTER.sub('', phrase.text.lower())} {phrase.label}\n".encode())
    return digest.hexdigest()


def _phrases(split: Split, trees: str) -> Iterator[Phrase]:
    for line in trees.splitlines():
        nodes = list(dict.fromkeys(_nodes(line)))
        whole, _ = nodes[-1]
        yield from (Phrase(split, text, label, text == whole) for text, label in nodes)


def _nodes(line: str) -> list[tuple[str, int]]:
    """Return text and label of each node of a tree ``(3 (2 It) (4 (2 's) (3 good)))``, the whole tree last.

    Raises:
        DataError: The line is not a tree.
    """
    nodes: list[tuple[str, int]] = []
    words: list[str] = []
    opened: list[tuple[int, int]] = []
    pieces = iter(_PIECE.findall(line))
    try:
        for piece in pieces:
            if piece == "(":
                opened.append((int(next(pieces)), len(words)))
            elif piece == ")":
                label, start = opened.pop()
                nodes.append((_text(words[start:]), label))
            else:
                words.append(piece)
    except (ValueError, IndexError, StopIteration) as error:
        raise DataError(f"This line of the Treebank is not a tree: {line[:80]!r}.") from error
    if opened or not nodes:
        raise DataError(f"This line of the Treebank is not a tree: {line[:80]!r}.")
    return nodes


def _text(words: list[str]) -> str:
    return _ATTACHED.sub(r"\1", " ".join(_SPELT.get(word, word) for word in words))


def _checked(phrase: Phrase, path: Path) -> Phrase:
    if phrase.split not in ("train", "dev") or phrase.label not in range(5):
        raise DataError(f"{path} has a phrase of the split {phrase.split!r} with the label {phrase.label!r}.")
    return phrase
