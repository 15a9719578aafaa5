"""Dynamic batching: texts whose requests arrive together are run together."""

import asyncio
from collections.abc import Sequence
from itertools import accumulate
from operator import itemgetter
from time import perf_counter
from typing import Final

from app.compute.spans import Spans
from app.sentiment.classifier import Classification, Classifier, Timing

ROWS: Final = 12
"""Texts a batch at most, so that a batch of sentences blocks the event loop for some hundred microseconds."""
IDS: Final = 2_048
"""Ids a batch at most, so that a batch of long texts blocks it for some ten milliseconds."""

_Prediction = tuple[Sequence[float], float, float]
"""The probability of each label, when the run began that gave it, and the seconds that it took."""
_Waiting = tuple[float, Sequence[int], asyncio.Future[_Prediction]]
"""When a text is due, its ids, and its prediction to come."""

_due = itemgetter(0)


class DynamicBatcher:
    """Runs a model on all waiting texts in the next iteration of the event loop.

    There is no timer: a text that comes alone runs at once. Texts whose requests were read in the same iteration run
    as one batch, of at most :data:`ROWS` texts and :data:`IDS` ids. That pays even for single sentences: between the
    other work of requests, each run begins with cold caches and takes four times as long as in a loop of its own.

    Where more wait than one batch holds, those that are due first go first.
    """

    def __init__(self, model: Classifier, spans: Spans | None = None) -> None:
        self._model = model
        self._spans = spans
        self._waiting: list[_Waiting] = []

    async def classify(self, text: str, due: float = 0.0) -> tuple[Classification, Timing]:
        """Classify a text, as :meth:`Classifier.classify` does.

        Args:
            text: The text.
            due: What is due first goes first; of texts that are due at once, the one that came first.

        Returns:
            What was found. The time of predicting is that of the whole batch, without the wait for it.
        """
        start = perf_counter()
        encoding = self._model.tokenizer.encode(text)
        ids = self._model.truncate(encoding.ids)
        tokenize = perf_counter() - start
        probabilities, begun, predict = await self._predict(ids, due)
        if self._spans is not None:
            waiting = start + tokenize
            self._spans.record("tokenize", start, tokenize)
            self._spans.record("wait", waiting, begun - waiting)
            self._spans.record("predict", begun, predict)
        return self._model.classification(text, encoding, probabilities), Timing(tokenize, predict)

    async def _predict(self, ids: Sequence[int], due: float) -> _Prediction:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[_Prediction] = loop.create_future()
        self._waiting.append((due, ids, future))
        if len(self._waiting) == 1:
            loop.call_soon(self._run, loop)
        return await future

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        self._waiting.sort(key=_due)
        totals = accumulate(len(ids) for _, ids, _ in self._waiting[:ROWS])
        count = max(1, sum(total <= IDS for total in totals))
        batch, self._waiting = self._waiting[:count], self._waiting[count:]
        if self._waiting:
            loop.call_soon(self._run, loop)
        start = perf_counter()
        try:
            if len(batch) == 1:
                rows = [self._model.engine.predict_one(batch[0][1])]
            else:
                rows = self._model.engine.predict([ids for _, ids, _ in batch]).tolist()
        except Exception as error:  # noqa: BLE001 - whatever it is, those who wait are told
            for *_, future in batch:
                if not future.done():
                    future.set_exception(error)
            return
        seconds = perf_counter() - start
        for (*_, future), probabilities in zip(batch, rows, strict=True):
            if not future.done():
                future.set_result((probabilities, start, seconds))
