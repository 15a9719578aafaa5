"""All sentiment models beside what needs no network: a word list, and a linear model trained in the same run."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from app.sentiment.classifier import KIND, Classifier
from app.sentiment.labels import BINARY, NEGATIVE, NEUTRAL, POSITIVE, Labels
from training.corpora.imdb import Reviews
from training.errors import TrainingError
from training.sentiment.card import plots
from training.sentiment.card.tables import table
from training.sentiment.evaluation import choice, development
from training.sentiment.evaluation.bag_of_words import BagOfWords
from training.sentiment.evaluation.development import DevelopmentSet
from training.sentiment.evaluation.figures import Figures, measure
from training.sentiment.evaluation.short_texts import ShortTexts
from training.sentiment.recipes import LECTURE, SPLIT_SEED

README: Final = "README.md"
PLOT: Final = "comparison.png"
VADER: Final = "VADER"
LINEAR: Final = "bag of words"
QUARTERS: Final = 4
HELD_OUT: Final = LECTURE.validation

_VADER_NEUTRAL: Final = 0.05
"""Compound scores nearer to 0 than this are neutral, its authors say."""

Answer = Callable[[Sequence[str]], NDArray[np.floating[Any]]]
"""Texts to a number for each label, the larger the more probable; shape (n, labels)."""


class NoModelsError(TrainingError):
    """There is nothing to compare with the baselines."""


@dataclass(frozen=True)
class Contender:
    """A classifier to compare.

    Attributes:
        name: Its name.
        what: What it is, in a few words.
        answer: What it gives for each of its labels.
        gives_probabilities: Whether these are meant as probabilities.
        labels: Its labels; negative and positive are among them.
    """

    name: str
    what: str
    answer: Answer
    gives_probabilities: bool = True
    labels: Labels = BINARY

    def predict(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return what it gives for positive, among negative and positive, from 0 to 1; shape (n,)."""
        return choice.among(self.answer(texts), self.labels, BINARY)[:, BINARY.index(POSITIVE)]


@dataclass(frozen=True)
class Measured:
    """What was measured of a contender.

    Attributes:
        contender: Which.
        scores: What it gave for the test reviews, shape (n,).
        figures: How good that is.
        milliseconds: A review, all at once on as many threads as it takes by itself.
        by_length: The accuracy on each quarter of the reviews, the shortest first.
        short: The accuracy on each kind of short texts.
        sets: The accuracy on each development set by its name, and the macro-F1 where there are three labels; those
            whose labels it does not have are left out.
    """

    contender: Contender
    scores: NDArray[np.floating[Any]]
    figures: Figures
    milliseconds: float
    by_length: Sequence[float]
    short: Sequence[float]
    sets: Mapping[str, tuple[float, float | None]]


def contenders(models: Sequence[Path], train: Reviews) -> Iterator[Contender]:
    """Yield the baselines and every model folder, each made ready only when its turn comes.

    Args:
        models: The model folders.
        train: The train split. The linear model learns from the movies that the networks learn from.

    Raises:
        app.artifacts.manifest.ArtifactError: A model folder cannot be used.
    """
    yield Contender(
        VADER, "a list of 7,500 words with rules (Hutto and Gilbert 2014)", vader, False, (NEGATIVE, NEUTRAL, POSITIVE)
    )
    kept, _ = train.split_by_movie(HELD_OUT, SPLIT_SEED)
    linear = BagOfWords.fit(kept.texts, kept.labels)
    yield Contender(LINEAR, "logistic regression on 1–3-grams, weighted by naive Bayes", _sides(linear.predict))
    for folder in models:
        classifier = Classifier(folder)
        what = f"the model of models/{folder.name}"
        yield Contender(classifier.name, what, _answer(classifier), labels=classifier.labels)


def model_folders(models: Path) -> list[Path]:
    """Return the folders of sentiment models in a folder, by name.

    Raises:
        NoModelsError: There are none.
    """
    found = sorted(models.glob(f"{KIND}-*"))
    if not found:
        raise NoModelsError(f"There is no model folder {KIND}-… in {models}; train one or name another --models.")
    return found


def vader(texts: Sequence[str]) -> NDArray[np.float64]:
    """Return what VADER gives for negative, neutral and positive; shape (n, 3).

    Its compound score c, from −1 to 1, makes (1 − c) / 2 for negative and (1 + c) / 2 for positive; the one for neutral
    is the larger where c is within ±0.05, where its authors call a text neutral.
    """
    analyzer = SentimentIntensityAnalyzer()
    bar = tqdm(texts, desc=VADER, unit="text", leave=False)
    positive = np.array([(1 + analyzer.polarity_scores(text)["compound"]) / 2 for text in bar])
    return np.stack([1 - positive, np.full(len(positive), (1 + _VADER_NEUTRAL) / 2), positive], axis=1)


def compare(
    found: Iterator[Contender], test: Reviews, short: Mapping[str, ShortTexts], sets: Sequence[DevelopmentSet] = ()
) -> list[Measured]:
    """Measure each contender on the test reviews, on kinds of short texts, and on the development sets."""
    return [_measured(contender, test, short, sets) for contender in found]


def write(
    rows: Sequence[Measured],
    test: Reviews,
    short: Mapping[str, ShortTexts],
    folder: Path,
    sets: Sequence[DevelopmentSet] = (),
) -> str:
    """Write the tables and the plots into a folder, and return the tables; the second one if there are sets."""
    folder.mkdir(parents=True, exist_ok=True)
    first = _table(rows, list(short))
    scores = {row.contender.name: row.scores for row in rows}
    probabilities = {row.contender.name: row.scores for row in rows if row.contender.gives_probabilities}
    plots.comparison(test.labels, scores, probabilities, folder / PLOT)
    text = f"# Sentiment models, compared on {len(test):,} test reviews\n\n{first}\n\n{_NOTES}\n\n![Curves]({PLOT})\n"
    second = _table_of_sets(rows, sets) if sets else ""
    if second:
        text += f"\n# On the development sets\n\n{second}\n\n{_NOTES_ON_SETS}\n"
    (folder / README).write_text(text, encoding="utf-8")
    return f"{first}\n\n{second}" if second else first


_NOTES: Final = (
    "Accuracy with the half-width of its 95 % confidence interval; log loss and expected calibration error of those "
    "that give probabilities; the accuracy on the shortest, second, third and longest quarter of the reviews; the "
    "accuracy on short texts (`short_texts.py` and `edits.py` in `training/sentiment/evaluation/`); and the time, "
    "measured in this one run."
)


_NOTES_ON_SETS: Final = (
    "Accuracy, and macro-F1 where there are three labels. The sets are held out by movie, product or published split, "
    "or were written by ourselves (`training/sentiment/evaluation/development.py`); in brackets, how many texts each "
    "has. Where there are two labels, a model of three chooses among these; a model of two is not measured where there "
    "are three."
)


def _answer(classifier: Classifier) -> Answer:
    def answer(texts: Sequence[str]) -> NDArray[np.floating[Any]]:
        return np.array([found.probabilities for found in classifier.classify_all(texts)[0]])

    return answer


def _sides(positive: Answer) -> Answer:
    """Make probabilities of positive, shape (n,), probabilities of negative and positive."""

    def answer(texts: Sequence[str]) -> NDArray[np.floating[Any]]:
        found = positive(texts)
        return np.stack([1 - found, found], axis=1)

    return answer


def _measured(
    contender: Contender, test: Reviews, short: Mapping[str, ShortTexts], sets: Sequence[DevelopmentSet]
) -> Measured:
    start = perf_counter()
    scores = contender.predict(test.texts)
    seconds = perf_counter() - start
    right = (scores >= 0.5) == test.labels
    shortest_first = np.argsort([len(text) for text in test.texts], kind="stable")
    quarters = [float(right[part].mean()) for part in np.array_split(shortest_first, QUARTERS)]
    of_short = [float(((contender.predict(kind.texts) >= 0.5) == kind.labels).mean()) for kind in short.values()]
    of_sets = {one.name: _on(contender, one) for one in sets if set(one.among) <= set(contender.labels)}
    figures = measure(test.labels, scores)
    return Measured(contender, scores, figures, seconds / len(test) * 1e3, quarters, of_short, of_sets)


def _on(contender: Contender, one: DevelopmentSet) -> tuple[float, float | None]:
    found = one.chosen(contender.answer(one.texts), contender.labels)
    return development.accuracy(one, found), development.macro_f1(one, found) if one.among != BINARY else None


def _table_of_sets(rows: Sequence[Measured], sets: Sequence[DevelopmentSet]) -> str:
    cells = [
        [row.contender.name, *(_cell(*row.sets[one.name]) if one.name in row.sets else "" for one in sets)]
        for row in rows
    ]
    return table(["", *(f"{one.name} ({len(one.texts):,})" for one in sets)], cells)


def _cell(accuracy: float, macro_f1: float | None) -> str:
    return f"{accuracy:.3f}" if macro_f1 is None else f"{accuracy:.3f}; F1 {macro_f1:.3f}"


def _table(rows: Sequence[Measured], short: Sequence[str]) -> str:
    measured = ["accuracy", "area under ROC", "log loss", "calibration error", "by length", *short, "ms a review"]
    head = f"| | what it is | {' | '.join(measured)} |"
    return "\n".join([head, f"|---|---|{'---|' * len(measured)}", *map(_line, rows)])


def _line(row: Measured) -> str:
    figures = row.figures
    margin = 1.96 * (figures.accuracy * (1 - figures.accuracy) / figures.reviews) ** 0.5
    loss, error = f"{figures.log_loss:.4f}", f"{figures.calibration_error:.4f}"
    cells = [
        row.contender.name,
        row.contender.what,
        f"{figures.accuracy:.4f} ± {margin:.4f}",
        f"{figures.roc_auc:.4f}",
        *([loss, error] if row.contender.gives_probabilities else ["", ""]),
        " ".join(f"{accuracy:.3f}" for accuracy in row.by_length),
        *(f"{accuracy:.3f}" for accuracy in row.short),
        f"{row.milliseconds:.3f}",
    ]
    return f"| {' | '.join(cells)} |"
