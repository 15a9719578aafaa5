"""Analogies: the service's vector space against gensim's ``KeyedVectors`` on the same matrix."""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any, Final

import numpy as np
from gensim.models import KeyedVectors
from gensim.test.utils import datapath

from app.vectors.folder import load_folder
from app.vectors.space import VectorSpace
from bench.figures import Figure, Result, Table
from bench.options import Options
from bench.rounds import interleave, stopwatch

QUESTIONS: Final = 1_000
"""Questions whose ten answers are compared one by one."""
TIMED: Final = 100
CALLS: Final = 50
TOPN: Final = 10
VOCABULARY: Final = 300_000
"""Words that gensim's evaluation looks at, by default and here."""
OURS, GENSIM, PRODUCT = "VectorSpace", "gensim", "NumPy product"
FILE: Final = "questions-words.txt"

METHOD: Final = (
    "GloVe (400,000 words of 50 dimensions), questions of gensim's own `{file}`: `most_similar(positive, negative)` of "
    "the service's space on one thread, of gensim's `KeyedVectors` on as many as it likes, and, for its time only, the "
    "product of the matrix and a vector in NumPy. {questions:,} questions are compared word by word, all of them for "
    "the accuracy, which is gensim's `evaluate_word_analogies` for gensim. The contenders take turns; the best of "
    "{rounds} rounds counts for each."
)

Question = Sequence[str]


def measure(options: Options) -> Result:
    """Compare the answers, the accuracy and the time."""
    space = load_folder(options.model.parent / "vectors-glove")
    keyed = _keyed(space)
    questions = _questions()
    sample = questions[:: len(questions) // QUESTIONS][:QUESTIONS]
    differing, largest = _compare(space, keyed, sample)
    options.say(f"{len(sample):,} questions: {differing} with other words, largest difference {largest:.1e}")
    ours, theirs = _accuracy(space, questions), float(keyed.evaluate_word_analogies(datapath(FILE))[0])
    options.say(f"accuracy {ours:.4f}, gensim {theirs:.4f}")
    times = _times(space, keyed, sample[:: QUESTIONS // TIMED], options)
    return Result(
        METHOD.format(file=FILE, questions=len(sample), rounds=options.rounds),
        [
            Figure("gensim over VectorSpace, a question", times[GENSIM] / times[OURS], at_least=5),
            Figure("the product alone over VectorSpace", times[PRODUCT] / times[OURS]),
            Figure("questions whose ten words differ from gensim's", differing, "", exactly=0),
            Figure("largest difference of a similarity", largest, "", below=1e-5),
            Figure(f"accuracy on all of {FILE}", ours, "", exactly=theirs),
        ],
        [Table("milliseconds a question", {"GloVe": {name: seconds * 1e3 for name, seconds in times.items()}})],
    )


def _keyed(space: VectorSpace) -> Any:
    matrix = np.array([space.vector(row) for row in range(len(space))])
    keyed = KeyedVectors(space.dimensions)
    keyed.add_vectors(list(space.vocabulary), matrix)
    keyed.fill_norms()
    return keyed


def _questions() -> list[Question]:
    """Return the questions of the file, in lower case, as GloVe's words are: a is to b as c is to the last one."""
    lines = Path(datapath(FILE)).read_text(encoding="utf-8").lower().splitlines()
    return [line.split() for line in lines if not line.startswith(":")]


def _compare(space: VectorSpace, keyed: Any, questions: Sequence[Question]) -> tuple[int, float]:
    """Return how many questions get other words, and how far the similarities are apart at most."""
    differing, largest = 0, 0.0
    for a, b, c, _ in questions:
        ours, theirs = space.most_similar([b, c], [a], topn=TOPN), keyed.most_similar([b, c], [a], topn=TOPN)
        differing += [word for word, _ in ours] != [word for word, _ in theirs]
        pairs = zip(ours, theirs, strict=True)
        largest = max(largest, *(abs(one.similarity - other) for one, (_, other) in pairs))
    return differing, largest


def _accuracy(space: VectorSpace, questions: Sequence[Question]) -> float:
    known = [question for question in questions if all(word in space for word in question)]
    known = [question for question in known if max(map(space.row, question)) < VOCABULARY]
    right = sum(
        space.most_similar([b, c], [a], topn=1, restrict_vocab=VOCABULARY)[0].word == answer
        for a, b, c, answer in known
    )
    return right / len(known)


def _times(space: VectorSpace, keyed: Any, questions: Sequence[Question], options: Options) -> dict[str, float]:
    matrix: Any = keyed.get_normed_vectors()
    vector = matrix[0].copy()
    contenders: dict[str, Callable[[], object]] = {
        OURS: _in_turn(space.most_similar, questions),
        GENSIM: _in_turn(keyed.most_similar, questions),
        PRODUCT: partial(np.dot, matrix, vector),
    }
    stopwatches = {name: stopwatch(function, CALLS) for name, function in contenders.items()}
    return {name: min(seconds) for name, seconds in interleave(stopwatches, options.rounds).items()}


def _in_turn(most_similar: Callable[..., object], questions: Sequence[Question]) -> Callable[[], object]:
    """Return a function that asks the next question each time it is called."""
    turns = cycle(questions)

    def ask() -> object:
        a, b, c, _ = next(turns)
        return most_similar([b, c], [a])

    return ask
