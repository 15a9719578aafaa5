"""Comments on Reddit with the emotions that readers found in them: GoEmotions.

Demszky et al., *GoEmotions: A Dataset of Fine-Grained Emotions*, ACL 2020.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal, NamedTuple

from training.corpora.files import Official, official_texts, parquet_rows
from training.corpora.imdb import DataError

_PLACE: Final = "https://raw.githubusercontent.com/google-research/google-research/master/goemotions/data"
OFFICIAL: Final = Official(
    "emotions",
    [f"{_PLACE}/train.tsv", f"{_PLACE}/dev.tsv"],
    {
        "train.tsv": "1c254a142be5c00e80d819b9ae1bbd36d94b2eeb8f4b1271846508d57e57d9c5",
        "dev.tsv": "575489c079c9de1097062a01738f998590d6b7ead66dd1c9fd1d2ba01fd8bc62",
    },
)
NEUTRAL: Final = "neutral"
EMOTIONS: Final = (
    "admiration", "amusement", "anger", "annoyance", "approval", "caring", "confusion", "curiosity", "desire",
    "disappointment", "disapproval", "disgust", "embarrassment", "excitement", "fear", "gratitude", "grief", "joy",
    "love", "nervousness", "optimism", "pride", "realization", "relief", "remorse", "sadness", "surprise", NEUTRAL,
)  # fmt: skip
"""As the published files number them."""
POSITIVE: Final = frozenset(
    (
        "admiration", "amusement", "approval", "caring", "desire", "excitement", "gratitude", "joy", "love",
        "optimism", "pride", "relief",
    )
)  # fmt: skip
NEGATIVE: Final = frozenset(
    (
        "anger", "annoyance", "disappointment", "disapproval", "disgust", "embarrassment", "fear", "grief",
        "nervousness", "remorse", "sadness",
    )
)  # fmt: skip
"""The groups of the paper; it calls confusion, curiosity, realization and surprise ambiguous."""

Split = Literal["train", "dev"]
Polarity = Literal["negative", "neutral", "positive"]
_SPLITS: Final[dict[str, Split]] = {"train.tsv": "train", "dev.tsv": "dev"}
_COLUMNS: Final = ("split", "text", "emotions")


class Comment(NamedTuple):
    """A comment.

    Attributes:
        split: ``train`` or ``dev``.
        text: The comment; names and religions stand as ``[NAME]`` and ``[RELIGION]``.
        emotions: One or more of :data:`EMOTIONS`.
    """

    split: Split
    text: str
    emotions: tuple[str, ...]

    @property
    def polarity(self) -> Polarity | None:
        """What all the emotions are, or ``neutral`` if there is none; ``None`` if they are of several kinds."""
        if self.emotions == (NEUTRAL,):
            return "neutral"
        if POSITIVE.issuperset(self.emotions):
            return "positive"
        return "negative" if NEGATIVE.issuperset(self.emotions) else None


def load(source: Path | None = None) -> list[Comment]:
    """Read the comments of both splits.

    Args:
        source: A folder with ``emotions.parquet`` or with the published files. By default these, from their place.

    Raises:
        DataError: The source is missing, or not this data set.
    """
    if source is not None and (path := source / f"{OFFICIAL.name}.parquet").is_file():
        rows = parquet_rows(path, _COLUMNS)
        return [Comment(row["split"], row["text"], tuple(row["emotions"])) for row in rows]
    return [
        comment for name, text in official_texts(OFFICIAL, source).items() for comment in _comments(_SPLITS[name], text)
    ]


def _comments(split: Split, text: str) -> Iterator[Comment]:
    for line in text.splitlines():
        try:
            comment, numbers, _ = line.split("\t")
            yield Comment(split, comment, tuple(EMOTIONS[int(number)] for number in numbers.split(",")))
        except (ValueError, IndexError) as error:
            raise DataError(
                f"This line of the {split} split of emotions has no text with emotions: {line[:80]!r}."
            ) from error
