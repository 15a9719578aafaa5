"""The tokenizer against Keras' own."""

from functools import partial
from typing import Any, Final

from tensorflow.keras.preprocessing.text import Tokenizer as KerasTokenizer

from app.sentiment.tokenizer import RESERVED, UNKNOWN, Tokenizer
from bench.figures import Figure, Result, Table
from bench.options import Options
from bench.paths import LECTURE
from bench.rounds import interleave, stopwatch
from bench.texts import Writer

WORDS: Final = 235
CALLS: Final = 200
OWN, KERAS = "Tokenizer.encode", "Keras' texts_to_sequences"

METHOD: Final = (
    f"A text of {WORDS} words to ids, with the vocabulary of `{LECTURE.name}` in both; beside them the tokenizer of "
    "`{model}`, whose rule is `{rule}`. They take turns; the best of {rounds} rounds counts for each."
)


def measure(options: Options) -> Result:
    """Measure the time for a review."""
    own, served = (Tokenizer.load(folder / "tokenizer.json") for folder in (LECTURE, options.model))
    text = Writer(own.words).text(WORDS)
    other = keras_tokenizer(own.words)
    stopwatches = {
        OWN: stopwatch(partial(own.encode, text), CALLS),
        KERAS: stopwatch(partial(other.texts_to_sequences, [text]), CALLS),
        f"Tokenizer.encode of {options.model.name}": stopwatch(partial(served.encode, text), CALLS),
    }
    found = {name: min(seconds) for name, seconds in interleave(stopwatches, options.rounds).items()}
    return Result(
        METHOD.format(model=options.model.name, rule=served.rule.name, rounds=options.rounds),
        [Figure(f"Tokenizer.encode over Keras' Tokenizer, {WORDS} words", found[KERAS] / found[OWN])],
        [Table("microseconds a text", {f"{WORDS} words": {name: s * 1e6 for name, s in found.items()}})],
    )


def keras_tokenizer(words: tuple[str, ...]) -> Any:
    """Return a Keras tokenizer with this vocabulary, whose ids are one less than the service's.

    Keras gives unknown words the id 1 and counts words from 2; the service has an id for the start before them.
    """
    tokenizer = KerasTokenizer(oov_token=UNKNOWN)
    tokenizer.word_index = {UNKNOWN: 1, **{word: index for index, word in enumerate(words, start=len(RESERVED) - 1)}}
    return tokenizer
