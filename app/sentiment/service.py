"""The service behind the sentiment routes: the loaded models, and where their work is done."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from time import perf_counter
from typing import Final, NamedTuple, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from app.compute import Compute, is_short
from app.operations.metrics import Metrics, ModelMetrics
from app.priority import TURN
from app.sentiment.activations import Activations
from app.sentiment.batching import DynamicBatcher
from app.sentiment.classifier import Classification, Classifier, Timing
from app.sentiment.estimates import (
    SECONDS_AN_ID,
    activating,
    cut_into_slices,
    estimating,
    explaining,
    predicting,
    reading,
    tokenizing,
)
from app.sentiment.explanation import Explained, explain_all
from app.sentiment.feedback import FeedbackFile, NotWritten
from app.sentiment.labels import Labels
from app.sentiment.refusals import TextTooLong, TooManyWords
from app.sentiment.registry import SentimentModels
from app.sentiment.tokenizer import Encoding
from app.settings import Settings

Result = TypeVar("Result")

SECONDS_A_LINE: Final = 0.001
"""Of appending feedback to its file."""
SECONDS_A_WRITTEN_CHARACTER: Final = 5e-8
"""Of writing a character of it as JSON."""
LEAVE_ONE_OUT_SHARE: Final = 50
"""Where each word of a text of any length costs a prediction, so many times fewer words are explained."""


class ExplainTiming(NamedTuple):
    """Seconds that the steps took."""

    tokenize: float
    predict: float
    explain: float


class _Served(NamedTuple):
    """What belongs to a model while it is served: what runs short texts together, and where its work is counted."""

    batcher: DynamicBatcher
    metrics: ModelMetrics


class SentimentService:
    """The sentiment models of a process.

    Attributes:
        models: The models.
        compute: Where the work is done.
        settings: The limits.
    """

    def __init__(self, models: SentimentModels, compute: Compute, metrics: Metrics, settings: Settings) -> None:
        """Serve models; see the attributes.

        Raises:
            app.settings.SettingsError: The file for feedback cannot be written.
        """
        path, most = settings.feedback_file, settings.feedback_max_bytes
        self._feedback = None if path is None else FeedbackFile(path, most)
        self.models = models
        self.compute = compute
        self.settings = settings
        self._metrics = metrics
        self._served = self._serve_all()

    @classmethod
    def load(cls, settings: Settings, compute: Compute, metrics: Metrics) -> Self:
        """Load the models that the settings name.

        Raises:
            app.artifacts.manifest.ArtifactError: One of them cannot be used.
            app.settings.SettingsError: The file for feedback cannot be written.
        """
        models = SentimentModels(settings.models_dir, settings.default_model, settings.engine)
        return cls(models, compute, metrics, settings)

    def reload(self, *, at_once: bool = False) -> bool:
        """See :meth:`app.artifacts.registry.Registry.reload`."""
        changed = self.models.reload(at_once=at_once)
        if changed:
            self._served = self._serve_all()
        return changed

    @property
    def takes_feedback(self) -> bool:
        """Whether there is a file for feedback."""
        return self._feedback is not None

    async def keep_feedback(self, model: Classifier, text: str, label: str) -> None:
        """Keep a text with the label that it should have had; in a thread, as a disk may take its time.

        Raises:
            TextTooLong: It has more characters than are taken.
            app.sentiment.feedback.NoRoom: The file or the disk is full.
            app.sentiment.feedback.NotWritten: The file cannot be written, or there is none.
            app.compute.Busy: Too much work waits, of this client or in all.
        """
        self._limit_length(text)
        if self._feedback is None:
            raise NotWritten("This service keeps no feedback.")
        work = partial(self._feedback.append, text, label, model.id)
        seconds = SECONDS_A_LINE + len(text) * SECONDS_A_WRITTEN_CHARACTER
        await self.compute.run(work, seconds=seconds)

    def refused(self) -> list[tuple[str, str]]:
        """Return the folders that are not served, by their paths below that of all models, and why they are not."""
        above = f"{self.settings.models_dir}/"
        return [(str(one.path).removeprefix(above), one.sentence.replace(above, "")) for one in self.models.refused]

    def _serve_all(self) -> Mapping[Classifier, _Served]:
        return {model: self._serve(model) for model in self.models}

    def _serve(self, model: Classifier) -> _Served:
        metrics = self._metrics.of_model(model.name, model.version, model.labels)
        return _Served(DynamicBatcher(model, self.compute.spans), metrics)

    def _of(self, model: Classifier) -> _Served:
        """Return what belongs to a model; made anew for one that is let go while a request still asks it."""
        return self._served.get(model) or self._serve(model)

    async def classify(self, model: Classifier, text: str, labels: Labels) -> tuple[Classification, Timing]:
        """Classify a text as one of some labels of the model.

        Raises:
            TextTooLong: It has more characters than are taken.
            app.compute.Busy: Too much work waits, of this client or in all.
        """
        seconds = reading(model, len(text))
        if is_short(seconds):
            with self.compute.inline(seconds) as place:
                found, timing = await self._of(model).batcher.classify(text, place.due)
        else:
            self._limit_length(text)
            found, timing = await self.compute.run(partial(self._classify, model, text), seconds=seconds)
        classification = found.among(labels)
        self._observe(model, classification, timing)
        return classification, timing

    def _classify(self, model: Classifier, text: str) -> tuple[Classification, Timing]:
        classification, timing = model.classify(text)
        self._trace(tokenize=timing.tokenize, predict=timing.predict)
        return classification, timing

    async def explain(self, model: Classifier, text: str, labels: Labels) -> tuple[Explained, ExplainTiming]:
        """Classify a text as one of some labels of the model, and explain the answer.

        Raises:
            TextTooLong: It has more characters than are taken.
            TooManyWords: It has more than are explained.
            app.compute.Busy: Too much work waits, of this client or in all.
        """
        self._limit_length(text)

        def work() -> tuple[list[Explained], ExplainTiming]:
            encodings, seconds = _encode(model, [text])
            self._trace(tokenize=seconds)
            self._limit_words(model, encodings, batch=False)
            return self._explain(model, [text], encodings, seconds, labels)

        ((explained,), timing) = await self.compute.call(work, seconds=explaining(model, text))
        return explained, timing

    async def explain_all(
        self,
        model: Classifier,
        texts: Sequence[str],
        labels: Labels,
        convert: Callable[[Sequence[str], Sequence[Explained]], Result],
    ) -> tuple[list[Result], ExplainTiming]:
        """Classify texts and explain the answers, several threads at once.

        Args:
            model: The model.
            texts: The texts.
            labels: Those of the model's labels to choose from.
            convert: Called in the threads with each slice of the texts and what was found of them.

        Returns:
            What ``convert`` gave, in order, and the seconds of processor time.

        Raises:
            TextTooLong: They have more characters than are taken.
            TooManyWords: They have more than are explained.
            app.compute.Busy: Too much work waits, of this client or in all.
        """
        self._limit_together(texts)

        def estimate() -> list[float]:
            return [explaining(model, text) for text in texts]

        seconds = await self.compute.call(estimate, seconds=estimating(texts))
        slices = cut_into_slices(seconds)

        def work(part: slice, found: tuple[list[Encoding], float]) -> tuple[Result, ExplainTiming]:
            explained, timing = self._explain(model, texts[part], *found, labels)
            return convert(texts[part], explained), timing

        with self.compute.place(sum(seconds)) as place:
            first = [tokenizing(sum(map(len, texts[part]))) for part in slices]
            encode = [self.compute.step("tokenize", partial(_encode, model, texts[part])) for part in slices]
            encoded = await place.run(encode, first)
            self._limit_words(model, [encoding for encodings, _ in encoded for encoding in encodings], batch=True)
            parts = await place.run(
                [partial(work, part, found) for part, found in zip(slices, encoded, strict=True)],
                [sum(seconds[part]) for part in slices],
            )
        timings = zip(*(timing for _, timing in parts), strict=True)
        return [result for result, _ in parts], ExplainTiming(*map(sum, timings))

    def _explain(
        self,
        model: Classifier,
        texts: Sequence[str],
        encodings: Sequence[Encoding],
        tokenizing_seconds: float,
        labels: Labels,
    ) -> tuple[list[Explained], ExplainTiming]:
        explained, seconds = explain_all(model, texts, encodings, labels)
        self._trace(predict=seconds.predict, explain=seconds.explain)
        timing = Timing(tokenizing_seconds, seconds.predict)
        self._observe_all(model, [one.classification for one in explained], timing)
        return explained, ExplainTiming(tokenizing_seconds, *seconds)

    def _limit_words(self, model: Classifier, encodings: Sequence[Encoding], *, batch: bool) -> None:
        limit = self.settings.max_explained_words
        if model.attribution is None:
            limit = max(1, limit // LEAVE_ONE_OUT_SHARE)
        words = sum(encoding.words for encoding in encodings)
        if words > limit:
            raise TooManyWords(words, limit, batch=batch)

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
            convert: Called in the threads with what was found of each slice of the texts.

        Returns:
            What ``convert`` gave, in order, and the seconds of processor time.

        Raises:
            TextTooLong: One of them has more characters than are taken.
            app.compute.Busy: Too much work waits, of this client or in all.
        """
        self._limit_lengths(texts)
        seconds = [reading(model, len(text)) for text in texts]
        slices = cut_into_slices(seconds)

        def work(part: slice) -> tuple[Result, Timing]:
            all_labels, timing = model.classify_all(texts[part])
            self._trace(tokenize=timing.tokenize, predict=timing.predict)
            found = [one.among(labels) for one in all_labels]
            self._observe_all(model, found, timing)
            return convert(found), timing

        with self.compute.place(sum(seconds)) as place:
            parts = await place.run([partial(work, part) for part in slices], [sum(seconds[part]) for part in slices])
        tokenize, predict = (sum(seconds) for seconds in zip(*(timing for _, timing in parts), strict=True))
        return [result for result, _ in parts], Timing(tokenize, predict)

    async def classify_rows(
        self, model: Classifier, texts: Sequence[str], labels: Labels, convert: Callable[[Classification], Result]
    ) -> list[Result]:
        """Classify texts of a stream, none too long, in one thread: others of the stream are in other threads.

        Args:
            model: The model.
            texts: The texts.
            labels: Those of the model's labels to choose from.
            convert: Called in the thread with what was found of each text.

        Raises:
            app.compute.Busy: Too much work waits, of this client or in all.
        """

        def work() -> list[Result]:
            all_labels, timing = model.classify_all(texts, TURN)
            self._trace(tokenize=timing.tokenize, predict=timing.predict)
            with TURN:
                found = [one.among(labels) for one in all_labels]
                self._observe_all(model, found, timing)
                return list(map(convert, found))

        seconds = sum(reading(model, len(text)) for text in texts)
        with self.compute.place(seconds, brief=False) as place:
            return (await place.run([work], [seconds]))[0]

    async def explain_rows(
        self,
        model: Classifier,
        texts: Sequence[str],
        labels: Labels,
        convert: Callable[[str, Explained | TooManyWords], Result],
    ) -> list[Result]:
        """Classify texts of a stream and explain the answers, as :meth:`classify_rows` does.

        Args:
            model: The model.
            texts: The texts.
            labels: Those of the model's labels to choose from.
            convert: Called in the thread with each text and what was found of it, or why it is not explained.

        Raises:
            app.compute.Busy: Too much work waits, of this client or in all.
        """

        def explained(text: str) -> Explained | TooManyWords:
            encodings, seconds = _encode(model, [text])
            self._trace(tokenize=seconds)
            try:
                self._limit_words(model, encodings, batch=False)
            except TooManyWords as error:
                return error
            return self._explain(model, [text], encodings, seconds, labels)[0][0]

        seconds = [explaining(model, text) for text in texts]
        with self.compute.place(sum(seconds), brief=False) as place:
            work = [partial(lambda text: convert(text, explained(text)), text) for text in texts]
            return await place.run(work, seconds)

    async def predict(self, model: Classifier, sequences: Sequence[Sequence[int]]) -> NDArray[np.float64]:
        """Return a probability of each label for each sequence of token ids, several threads at once.

        Args:
            model: The model.
            sequences: See :meth:`Classifier.predict`.

        Returns:
            Shape (n, labels).

        Raises:
            app.compute.Busy: Too much work waits, of this client or in all.
        """
        maxlen = model.serving.maxlen
        seconds = [predicting(model, min(len(ids), maxlen)) + len(ids) * SECONDS_AN_ID for ids in sequences]
        if is_short(sum(seconds)):
            return self.compute.step("predict", partial(model.predict, sequences))()
        slices = cut_into_slices(seconds)
        with self.compute.place(sum(seconds)) as place:
            parts = await place.run(
                [self.compute.step("predict", partial(model.predict, sequences[part])) for part in slices],
                [sum(seconds[part]) for part in slices],
            )
        return np.concatenate(parts)

    async def activations(
        self,
        model: Classifier,
        ids: Sequence[int],
        units: Sequence[int],
        convert: Callable[[Activations, NDArray[np.float64]], Result],
    ) -> Result:
        """Look into a model of one LSTM layer as it reads token ids.

        Args:
            model: The model.
            ids: See :meth:`Classifier.activations`.
            units: Those that are asked for.
            convert: Called where the work is done with what was found, and with the probabilities of the labels after
                each id, shape (ids, labels).

        Raises:
            app.compute.Busy: Too much work waits, of this client or in all.
        """

        def work() -> Result:
            return convert(model.activations(ids), model.predict([ids[: end + 1] for end in range(len(ids))]))

        seconds = activating(model, len(ids), len(units))
        return await self.compute.call(self.compute.step("predict", work), seconds=seconds)

    def _limit_length(self, text: str, index: int | None = None) -> None:
        if len(text) > self.settings.max_characters:
            raise TextTooLong(len(text), self.settings.max_characters, index=index)

    def _limit_lengths(self, texts: Sequence[str]) -> None:
        for index, text in enumerate(texts):
            self._limit_length(text, index)

    def _limit_together(self, texts: Sequence[str]) -> None:
        characters, limit = sum(map(len, texts)), self.settings.max_characters
        if characters > limit:
            raise TextTooLong(characters, limit, together=True)

    def _trace(self, **steps: float) -> None:
        """Note, where the steps of requests are noted, the seconds of steps in a row, the last of which ends now."""
        spans = self.compute.spans
        if spans is None:
            return
        start = perf_counter() - sum(steps.values())
        for name, seconds in steps.items():
            spans.record(name, start, seconds)
            start += seconds

    def _observe(self, model: Classifier, classification: Classification, timing: Timing) -> None:
        metrics = self._of(model).metrics
        metrics.observe_steps(*timing)
        metrics.count_label(classification.label)

    def _observe_all(self, model: Classifier, classifications: Sequence[Classification], timing: Timing) -> None:
        metrics = self._of(model).metrics
        metrics.observe_steps(*timing)
        for label, count in Counter(one.label for one in classifications).items():
            metrics.count_label(label, count)


def _encode(model: Classifier, texts: Sequence[str]) -> tuple[list[Encoding], float]:
    """Turn texts into ids, and say how many seconds that took."""
    start = perf_counter()
    return [model.tokenizer.encode(text) for text in texts], perf_counter() - start
