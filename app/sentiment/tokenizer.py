"""Text to token ids: a vocabulary fitted in training and loaded in serving, as Keras' ``Tokenizer`` fits it.

A rule splits texts into words. A word's id is its rank by frequency in the training texts (ties in order of first
appearance), shifted past the reserved ids.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from app.artifacts.manifest import ArtifactError
from app.sentiment.rules import KERAS, RULES, Rule

PADDING: Final = "<pad>"
START: Final = "<start>"
UNKNOWN: Final = "<unknown>"
RESERVED: Final = (PADDING, START, UNKNOWN)
"""Ids 0, 1 and 2, as in ``keras.datasets.imdb``."""
PLAIN: Final = (PADDING,)
"""The reserved ids of a bare Keras ``Tokenizer``: words begin at 1, unknown words are dropped."""

_AT_ONCE: Final = 500
"""Words that are split at once when a vocabulary is checked."""
_DROPPED: Final = -1
"""Stands for unknown words in a tokenizer that has no id for them."""


def count_words(texts: Iterable[str], rule: Rule = KERAS) -> dict[str, int]:
    """Count the words of all texts; keys are in order of first appearance."""
    counts: dict[str, int] = {}
    for text in texts:
        for word in rule.split(text):
            counts[word] = counts.get(word, 0) + 1
    return counts


class _Lookup(dict[str, int]):
    """Words to ids, unknown words to one id. ``map`` calls its ``__getitem__`` 1.5 times as fast as ``dict.get``."""

    def __init__(self, word_index: dict[str, int], unknown: int, respelt: Callable[[str], Iterable[str]]) -> None:
        super().__init__(word_index)
        self._unknown = unknown
        self._respelt = respelt

    def __missing__(self, word: str) -> int:
        return next((self[other] for other in self._respelt(word) if other in self), self._unknown)


def _are_words(words: Sequence[str], rule: Rule) -> bool:
    """Whether the rule gives back each word as it is.

    Spaces separate words under any rule, so many can be split at once: word by word takes three times as long. To split
    all at once would keep Python's other threads waiting.
    """
    parts = (words[start : start + _AT_ONCE] for start in range(0, len(words), _AT_ONCE))
    return all(rule.split(" ".join(part)) == list(part) for part in parts)


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
    """A vocabulary and the pre-tokenizer that splits texts into its words."""

    def __init__(self, words: Sequence[str], reserved: Sequence[str] = RESERVED, rule: Rule = KERAS) -> None:
        """Build the tokenizer.

        Args:
            words: The vocabulary, most frequent first. ``words[0]`` gets the id ``len(reserved)``.
            reserved: Names of the ids before the words: :data:`RESERVED` or :data:`PLAIN`.
            rule: The pre-tokenizer.

        Raises:
            ValueError: A word stands twice, or is one that the rule can never produce.
        """
        self.words = tuple(words)
        self.reserved = tuple(reserved)
        self.rule = rule
        self.word_index = {word: index for index, word in enumerate(self.words, start=len(self.reserved))}
        if len(self.word_index) != len(self.words):
            raise ValueError("a word stands twice in the vocabulary")
        if not _are_words(self.words, rule):
            wrong = next(word for word in self.words if rule.split(word) != [word])
            raise ValueError(f"{wrong!r} is not a word that the tokenizer's rule can produce")
        self._start = [self.reserved.index(START)] if START in self.reserved else []
        self._unknown = self.reserved.index(UNKNOWN) if UNKNOWN in self.reserved else _DROPPED
        self._lookup = _Lookup(self.word_index, self._unknown, rule.respelt).__getitem__

    @classmethod
    def fit(
        cls,
        texts: Iterable[str],
        vocabulary_size: int | None = None,
        reserved: Sequence[str] = RESERVED,
        rule: Rule = KERAS,
    ) -> "Tokenizer":
        """Learn the vocabulary of the texts.

        Args:
            texts: The training texts.
            vocabulary_size: Number of ids, the reserved ones included; ``None`` keeps every word.
            reserved: See :meth:`__init__`.
            rule: See :meth:`__init__`.
        """
        counts = count_words(texts, rule)
        ranked = sorted(counts, key=counts.__getitem__, reverse=True)
        return cls(ranked if vocabulary_size is None else ranked[: vocabulary_size - len(reserved)], reserved, rule)

    @property
    def vocabulary_size(self) -> int:
        """Number of ids: the reserved ones and the words."""
        return len(self.reserved) + len(self.words)

    def encode(self, text: str) -> Encoding:
        """Turn a text into ids."""
        ids = list(map(self._lookup, self.rule.split(text)))
        words, unknown = len(ids), ids.count(self._unknown)
        if self._unknown == _DROPPED:
            ids = [index for index in ids if index != _DROPPED]
        return Encoding(self._start + ids, words, unknown)

    def decode(self, ids: Iterable[int]) -> Iterator[str]:
        """Name each id: the word, or the reserved name.

        Raises:
            IndexError: An id is not in the vocabulary.
        """
        first = len(self.reserved)
        for index in ids:
            if index < 0:
                raise IndexError(f"{index} is not an id")
            yield self.reserved[index] if index < first else self.words[index - first]

    def save(self, path: Path) -> None:
        """Write the artifact: rule, reserved ids and vocabulary as JSON, a word a line."""
        document = {"rule": self.rule.document, "reserved": self.reserved, "words": self.words}
        path.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path, content: bytes | None = None) -> "Tokenizer":
        """Read an artifact that :meth:`save` wrote.

        Args:
            path: Its file.
            content: The bytes of the file, where they have been read already.

        Raises:
            ArtifactError: The file is missing, not such an artifact, or of another rule.
        """
        try:
            document: Any = json.loads((path.read_bytes() if content is None else content).decode())
            described, reserved, words = document["rule"], document["reserved"], document["words"]
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise ArtifactError(f"{path} is not a tokenizer artifact ({error!r}); train the model again.") from error
        rule = next((known for known in RULES if known.document == described), None)
        if rule is None:
            raise ArtifactError(f"{path} splits text by another rule than this version; train the model again.")
        if reserved not in (list(RESERVED), list(PLAIN)) or not isinstance(words, list):
            raise ArtifactError(f"{path} names other reserved ids than this version; train the model again.")
        try:
            return cls(words, reserved, rule)
        except (ValueError, AttributeError, TypeError) as error:
            raise ArtifactError(f"{path} has a broken vocabulary: {error}; train the model again.") from error
