"""Text to token ids: the rule of Keras' ``Tokenizer``, fitted in training and loaded in serving.

Lower-case, turn :data:`FILTERS` into spaces, split on spaces. A word's id is its rank by frequency in the
training texts (ties in order of first appearance), shifted past the reserved ids.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from app.artifacts import ArtifactError

FILTERS: Final = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'
PADDING: Final = "<pad>"
START: Final = "<start>"
UNKNOWN: Final = "<unknown>"
RESERVED: Final = (PADDING, START, UNKNOWN)
"""Ids 0, 1 and 2, as in ``keras.datasets.imdb``."""
PLAIN: Final = (PADDING,)
"""The reserved ids of a bare Keras ``Tokenizer``: words begin at 1, unknown words are dropped."""

_RULE: Final = {"lower": True, "filters": FILTERS, "split": " "}
_DROPPED: Final = -1
"""Stands for unknown words in a tokenizer that has no id for them."""
_TO_SPACES: Final = bytes.maketrans(FILTERS.encode(), b" " * len(FILTERS))
_WORD: Final = re.compile(f"[^ {re.escape(FILTERS)}]+")


def _split(text: str) -> list[str]:
    """Split a text into words, and an empty one wherever two spaces meet.

    The filters are ASCII, so they may be replaced in UTF-8: that is five times as fast as ``str.translate`` on a text
    that has a single character beyond ASCII.
    """
    return (
        text.lower().encode("utf-8", "surrogatepass").translate(_TO_SPACES).decode("utf-8", "surrogatepass").split(" ")
    )


def split_words(text: str) -> list[str]:
    r"""Split a text into words, as Keras' ``text_to_word_sequence`` does.

    Only the space separates: ``\r``, ``\xa0`` and other blanks stay part of a word, as they do in Keras.
    """
    return [word for word in _split(text) if word]


def word_spans(text: str) -> list[tuple[int, int]]:
    """Find the words that :func:`split_words` makes of a text.

    Nothing needs to be lower-cased for that: no character becomes one that separates words, or ceases to be one.

    Returns:
        Start and end of each word in the text as it stands, in code points.
    """
    return [match.span() for match in _WORD.finditer(text)]


def count_words(texts: Iterable[str]) -> dict[str, int]:
    """Count the words of all texts; keys are in order of first appearance."""
    counts: dict[str, int] = {}
    for text in texts:
        for word in split_words(text):
            counts[word] = counts.get(word, 0) + 1
    return counts


class _Lookup(dict[str, int]):
    """Words to ids, and any other word to one id; C code all the way, where ``dict.get`` takes half as long again."""

    def __init__(self, word_index: dict[str, int], unknown: int) -> None:
        super().__init__(word_index)
        self._unknown = unknown

    def __missing__(self, word: str) -> int:
        return self._unknown


class Encoding(NamedTuple):
    """A text as ids.

    Attributes:
        ids: The token ids, with the start id in front if the tokenizer has one; not padded, not truncated.
        words: How many words the text has.
        unknown: How many of them are not in the vocabulary.
    """

    ids: list[int]
    words: int
    unknown: int


class Tokenizer:
    """A vocabulary and the rule that splits texts into its words."""

    def __init__(self, words: Sequence[str], reserved: Sequence[str] = RESERVED) -> None:
        """Build the tokenizer.

        Args:
            words: The vocabulary, most frequent first. ``words[0]`` gets the id ``len(reserved)``.
            reserved: Names of the ids before the words: :data:`RESERVED` or :data:`PLAIN`.

        Raises:
            ValueError: A word stands twice, or is one that the rule can never produce.
        """
        self.words = tuple(words)
        self.reserved = tuple(reserved)
        self.word_index = {word: index for index, word in enumerate(self.words, start=len(self.reserved))}
        if len(self.word_index) != len(self.words):
            raise ValueError("a word stands twice in the vocabulary")
        for word in self.words:
            if split_words(word) != [word]:
                raise ValueError(f"{word!r} is not a word that the tokenizer's rule can produce")
        self._start = [self.reserved.index(START)] if START in self.reserved else []
        self._unknown = self.reserved.index(UNKNOWN) if UNKNOWN in self.reserved else _DROPPED
        self._lookup = _Lookup(self.word_index, self._unknown).__getitem__

    @classmethod
    def fit(
        cls, texts: Iterable[str], vocabulary_size: int | None = None, reserved: Sequence[str] = RESERVED
    ) -> "Tokenizer":
        """Learn the vocabulary of the texts.

        Args:
            texts: The training texts.
            vocabulary_size: Number of ids, the reserved ones included; ``None`` keeps every word.
            reserved: See :meth:`__init__`.
        """
        counts = count_words(texts)
        ranked = sorted(counts, key=counts.__getitem__, reverse=True)
        return cls(ranked if vocabulary_size is None else ranked[: vocabulary_size - len(reserved)], reserved)

    @property
    def vocabulary_size(self) -> int:
        """Number of ids: the reserved ones and the words."""
        return len(self.reserved) + len(self.words)

    def encode(self, text: str) -> Encoding:
        """Turn a text into ids."""
        ids = list(map(self._lookup, filter(None, _split(text))))
        words, unknown = len(ids), ids.count(self._unknown)
        if self._unknown == _DROPPED:
            ids = [index for index in ids if index != _DROPPED]
        return Encoding(self._start + ids, words, unknown)

    def decode(self, ids: Iterable[int]) -> Iterator[str]:
        """Name each id: the word, or the reserved name.

        Raises:
            IndexError: An id is not in the vocabulary.
        """
        names = self.reserved + self.words
        for index in ids:
            if index < 0:
                raise IndexError(f"{index} is not an id")
            yield names[index]

    def save(self, path: Path) -> None:
        """Write the artifact: rule, reserved ids and vocabulary as JSON, a word a line."""
        document = {"rule": _RULE, "reserved": self.reserved, "words": self.words}
        path.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> "Tokenizer":
        """Read an artifact that :meth:`save` wrote.

        Raises:
            ArtifactError: The file is missing, not such an artifact, or of another rule.
        """
        try:
            document: Any = json.loads(path.read_text(encoding="utf-8"))
            rule, reserved, words = document["rule"], document["reserved"], document["words"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ArtifactError(f"{path} is not a tokenizer artifact ({error!r}); train the model again.") from error
        if rule != _RULE:
            raise ArtifactError(f"{path} splits text by another rule than this version; train the model again.")
        if reserved not in (list(RESERVED), list(PLAIN)) or not isinstance(words, list):
            raise ArtifactError(f"{path} names other reserved ids than this version; train the model again.")
        try:
            return cls(words, reserved)
        except (ValueError, AttributeError, TypeError) as error:
            raise ArtifactError(f"{path} has a broken vocabulary: {error}; train the model again.") from error
