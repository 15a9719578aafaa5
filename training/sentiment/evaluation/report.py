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
from training.corpora.imdb import Reviews
from training.errors import TrainingError
from training.sentiment.card import plots
from training.sentiment.evaluation.bag_of_words import BagOfWords
from training.sentiment.evaluation.figures import Figures, measure
from training.sentiment.evaluation.short_texts import ShortTexts
from training.sentiment.recipes import LECTURE, SPLIT_SEED

README: Final = "README.md"
PLOT: Final = "comparison.png"
VADER: Final = "VADER"
LINEAR: Final = "bag of words"
QUARTERS: Final = 4
HELD_OUT: Final = LECTURE.validation

Predict = Callable[[Sequence[str]], NDArray[np.floating[Any]]]


class NoModelsError(TrainingError):
    """There is nothing to compare with the baselines."""


@dataclass(frozen=True)
class Contender:
    """A classifier to compare.

    Attributes:
        name: Its name.
        what: What it is, in a few words.
        predict: Texts to the probability that each is positive, or, if it gives none, to a score from 0 to 1.
        gives_probabilities: Whether they are meant as probabilities.
    """

    name: str
    what: str
    predict: Predict
    gives_probabilities: bool = True


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
    """

    contender: Contender
    scores: NDArray[np.floating[Any]]
    figures: Figures
    milliseconds: float
    by_length: Sequence[float]
    short: Sequence[float]


def contenders(models: Sequence[Path], train: Reviews) -> Iterator[Contender]:
    """Yield the baselines and every model folder, each made ready only when its turn comes.

    Args:
        models: The model folders.
        train: The train split. The linear model learns from the movies that the networks learn from.

    Raises:
        app.artifacts.manifest.ArtifactError: A model folder cannot be used.
    """
    yield Contender(VADER, "a list of 7,500 words with rules (Hutto and Gilbert 2014)", vader, False)
    kept, _ = train.split_by_movie(HELD_OUT, SPLIT_SEED)
    linear = BagOfWords.fit(kept.texts, kept.labels)
    yield Contender(LINEAR, "logistic regression on 1–3-grams, weighted by naive Bayes", linear.predict)
    for folder in models:
        classifier = Classifier(folder)
        yield Contender(classifier.name, f"the model of models/{folder.name}", _predict(classifier))


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
    """Return VADER's compound score of each text, brought from −1 … 1 to 0 … 1."""
    analyzer = SentimentIntensityAnalyzer()
    bar = tqdm(texts, desc=VADER, unit="review", leave=False)
    return np.array([(1 + analyzer.polarity_scores(text)["compound"]) / 2 for text in bar])


def compare(found: Iterator[Contender], test: Reviews, short: Mapping[str, ShortTexts]) -> list[Measured]:
    """Measure each contender on the test reviews, and on kinds of short texts."""
    return [_measured(contender, test, short) for contender in found]


def write(rows: Sequence[Measured], test: Reviews, short: Mapping[str, ShortTexts], folder: Path) -> str:
    """Write the table and the plots into a folder, and return the table."""
    folder.mkdir(parents=True, exist_ok=True)
    table = _table(rows, list(short))
    scores = {row.contender.name: row.scores for row in rows}
    probabilities = {row.contender.name: row.scores for row in rows if row.contender.gives_probabilities}
    plots.comparison(test.labels, scores, probabilities, folder / PLOT)
    text = f"# Sentiment models, compared on {len(test):,} test reviews\n\n{table}\n\n{_NOTES}\n\n![Curves]({PLOT})\n"
    (folder / README).write_text(text, encoding="utf-8")
    return table


_NOTES: Final = (
    "Accuracy with the half-width of its 95 % confidence interval; log loss and expected calibration error of those "
    "that give probabilities; the accuracy on the shortest, second, third and longest quarter of the reviews; the "
    "accuracy on short texts (`short_texts.py` and `edits.py` in `training/sentiment/evaluation/`); and the time, "
    "measured in this one run."
)


def _predict(classifier: Classifier) -> Predict:
    def predict(texts: Sequence[str]) -> NDArray[np.floating[Any]]:
        return np.array([found.probability("positive") for found in classifier.classify_all(texts)[0]])

    return predict


def _measured(contender: Contender, test: Reviews, short: Mapping[str, ShortTexts]) -> Measured:
    start = perf_counter()
    scores = contender.predict(test.texts)
    seconds = perf_counter() - start
    right = (scores >= 0.5) == test.labels
    shortest_first = np.argsort([len(text) for text in test.texts], kind="stable")
    quarters = [float(right[part].mean()) for part in np.array_split(shortest_first, QUARTERS)]
    of_short = [float(((contender.predict(kind.texts) >= 0.5) == kind.labels).mean()) for kind in short.values()]
    return Measured(contender, scores, measure(test.labels, scores), seconds / len(test) * 1e3, quarters, of_short)


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
