"""How peers that use Keras split texts."""

from collections.abc import Callable

from tensorflow.keras.preprocessing.text import text_to_word_sequence

from app.sentiment.rules import KERAS
from app.sentiment.tokenizer import Tokenizer


def splitter(tokenizer: Tokenizer) -> Callable[[str], list[str]]:
    """Return Keras' own function where the rule is Keras'; it has none for another, which splits texts itself then."""
    split: Callable[[str], list[str]] = text_to_word_sequence if tokenizer.rule is KERAS else tokenizer.rule.split
    return split
