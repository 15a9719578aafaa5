"""The codes of warnings: why an answer may mean little."""

from typing import Final, Literal

WarningCode = Literal["no_words", "truncated", "not_english", "unknown_words"]
Warnings = tuple[WarningCode, ...]
"""What there is to warn of, each code once, in the order above."""

NO_WORDS: Final = "no_words"
TRUNCATED: Final = "truncated"
NOT_ENGLISH: Final = "not_english"
UNKNOWN_WORDS: Final = "unknown_words"
MEANINGS: Final[dict[WarningCode, str]] = {
    NO_WORDS: "the text has no word",
    TRUNCATED: "it is longer than the model reads",
    NOT_ENGLISH: "it is likely in another language than the model's, or no language at all",
    UNKNOWN_WORDS: "the model does not know most of its words",
}
"""What each code says, as the rest of a sentence."""
