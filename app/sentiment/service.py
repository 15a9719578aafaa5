"""The service behind the sentiment routes: the loaded models, and where their work is done."""

import asyncio
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Final, NamedTuple, Self, TypeVar

from app.compute import Compute, is_short
from app.operations.metrics import Metrics, ModelMetrics
from app.sentiment.batching import DynamicBatcher
from app.sentiment.classifier import Classification, Classifier, Timing
from app.sentiment.explanation import Explanation, explain
from app.sentiment.labels import Labels
from app.sentiment.registry import SentimentModels
from app.settings import Settings

Result = TypeVar("Result")

SECONDS_A_CHARACTER: Final = 2.5e-8
"""Of tokenizing, on one core. Rough estimates, which only tell short work from long."""
SECONDS_A_TOKEN: Final = 4e-6
"""Of predicting."""
CHARACTERS_A_WORD: Final = 4
"""At least, in ordinary text."""
SLICE: Final = 256
"""Texts that a worker thread takes at once, so that several threads share a large batch."""


class TooManyWords(ValueError):
    """A text has more words than are explained.

    Attributes:
        detail: What the text has, and what it may have.
    """

    def __init__(self, words: int, limit: int) -> None:
        self.detail = f"has {words:,} words; at most {limit:,} are explained"
        super().__init__(f"The text {self.detail}. Send it without `explain`, or in parts.")


class Explained(NamedTuple):
    """A text that was classified and explained, and the seconds that the two took."""

    classification: Classification
    explanation: Explanation
    timing: Timing
    seconds: float


@dataclass(frozen=True)
class SentimentService:
    """The sentiment models of a process.

    Attributes:
        models: The models.
        batchers: For each model, by its name, what runs short texts together.
        metrics: For each model, by its name, where its work is counted.
        compute: Where the work is done.
        settings: The limits.
    """

    models: SentimentModels
    batchers: Mapping[str, DynamicBatcher]
    metrics: Mapping[str, ModelMetrics]
    compute: Compute
    settings: Settings

    @classmethod
    def load(cls, settings: Settings, compute: Compute, metrics: Metrics) -> Self:
        """Load the models that the settings name.

        Raises:
            app.artifacts.manifest.ArtifactError: One of them cannot be used.
        """
        models = SentimentModels(settings.models_dir, settings.default_model, settings.engine)
        batchers = {model.name: DynamicBatcher(model) for model in models}
        counted = {model.name: metrics.of_model(model.name, model.labels) for model in models}
        return cls(models, batchers, counted, compute, settings)

    async def classify(self, model: Classifier, text: str, labels: Labels) -> tuple[Classification, Timing]:
        """Classify a text as one of some labels of the model.

        Raises:
            app.compute.Busy: It is long, and there is no place for it.
        """
        seconds = _reading(model, len(text))
        if is_short(seconds):
            found, timing = await self.batchers[model.name].classify(text)
        else:
            found, timing = await self.compute.call(partial(model.classify, text), seconds=seconds)
        classification = found.among(labels)
        self._observe(model, classification, timing)
        return classification, timing

    async def explain(self, model: Classifier, text: str, labels: Labels) -> Explained:
        """Classify a text as one of some labels of the model, and explain the answer.

        Raises:
            TooManyWords: It has more than the setting ``max_explained_words``.
            app.compute.Busy: It is long, and there is no place for it.
        """

        def work() -> Explained:
            found, timing = model.classify(text)
            classification = found.among(labels)
            if classification.words > self.settings.max_explained_words:
                raise TooManyWords(classification.words, self.settings.max_explained_words)
            start = perf_counter()
            explanation = explain(model, text, classification)
            return Explained(classification, explanation, timing, perf_counter() - start)

        words = 1 + len(text) // CHARACTERS_A_WORD
        explained = await self.compute.call(work, seconds=words * _reading(model, len(text)))
        self._observe(model, explained.classification, explained.timing)
        return explained

    async def classify_all(
        self,
        model: Classifier,
        texts: Sequence[str],
        labels: Labels,
        convert: Callable[[Sequence[Classification]], Result],
    ) -> tuple[list[Result], Timing]:
        """Classify texts, several threads at once.

        Args:
            model: The model.
            texts: The texts.
            labels: Those of the model's labels to choose from.
            convert: Called in the threads with what was found of each :data:`SLICE` of the texts.

        Returns:
            What ``convert`` gave, in order, and the seconds of processor time.

        Raises:
            app.compute.Busy: There is no place for it.
        """

        def work(part: Sequence[str]) -> tuple[Result, Timing]:
            all_labels, timing = model.classify_all(part)
            found = [one.among(labels) for one in all_labels]
            self.metrics[model.name].observe_steps(*timing)
            for label, count in Counter(one.label for one in found).items():
                self.metrics[model.name].count_label(label, count)
            return convert(found), timing

        with self.compute.place():
            slices = [texts[start : start + SLICE] for start in range(0, len(texts), SLICE)]
            parts = await asyncio.gather(*[self.compute.run(partial(work, part)) for part in slices])
        tokenize, predict = (sum(seconds) for seconds in zip(*(timing for _, timing in parts), strict=True))
        return [result for result, _ in parts], Timing(tokenize, predict)

    def _observe(self, model: Classifier, classification: Classification, timing: Timing) -> None:
        self.metrics[model.name].observe_steps(*timing)
        self.metrics[model.name].count_label(classification.label)


def tokenizing(characters: int) -> float:
    """Estimate the seconds that it takes to tokenize so many characters."""
    return characters * SECONDS_A_CHARACTER


def predicting(model: Classifier, tokens: int) -> float:
    """Estimate the seconds that a model takes to read so many tokens."""
    return tokens * SECONDS_A_TOKEN if model.engine.quick else math.inf


def _reading(model: Classifier, characters: int) -> float:
    tokens = min(1 + characters // CHARACTERS_A_WORD, model.serving.maxlen)
    return tokenizing(characters) + predicting(model, tokens)
