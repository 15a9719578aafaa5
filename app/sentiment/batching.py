"""Texts that arrive at the same moment, classified together."""

import asyncio
from collections.abc import Sequence
from itertools import accumulate
from time import perf_counter
from typing import Final

from app.sentiment.classifier import Classification, Classifier, Timing

ROWS: Final = 8
"""Texts a run, so that other requests get their turn after some hundred microseconds, if the texts are sentences."""
IDS: Final = 2_048
"""Ids a run, so that they get it after some ten milliseconds, if the texts are long."""

_Found = tuple[Sequence[float], float]
"""The probability of each label, and the seconds that the run took which gave it."""
_Waiting = tuple[Sequence[int], asyncio.Future[_Found]]


class DynamicBatcher:
    """Runs a model on what is waiting as soon as the event loop has nothing older to do.

    Nothing waits for a timer: a text that comes alone is run at once. Texts whose requests were read in the same
    round of the event loop are run together, at most :data:`ROWS` of them and :data:`IDS` ids at a time. That pays
    even for a sentence: among the other work of a request, each run begins with cold caches, and takes four times as
    long as it does in a loop of its own.
    """

    def __init__(self, model: Classifier) -> None:
        self._model = model
        self._waiting: list[_Waiting] = []

    async def classify(self, text: str) -> tuple[Classification, Timing]:
        """Classify a text, as :meth:`Classifier.classify` does.

        The time of predicting is that of the run that the text was part of, without the wait for its turn.
        """
        start = perf_counter()
        encoding = self._model.tokenizer.encode(text)
        ids = self._model.truncate(encoding.ids)
        tokenize = perf_counter() - start
        probabilities, predict = await self._predict(ids)
        return self._model.classification(encoding, probabilities), Timing(tokenize, predict)

    async def _predict(self, ids: Sequence[int]) -> _Found:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[_Found] = loop.create_future()
        self._waiting.append((ids, future))
        if len(self._waiting) == 1:
            loop.call_soon(self._run, loop)
        return await future

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        totals = accumulate(len(ids) for ids, _ in self._waiting[:ROWS])
        count = max(1, sum(total <= IDS for total in totals))
        batch, self._waiting = self._waiting[:count], self._waiting[count:]
        if self._waiting:
            loop.call_soon(self._run, loop)
        start = perf_counter()
        try:
            if len(batch) == 1:
                rows = [self._model.engine.predict_one(batch[0][0])]
            else:
                rows = self._model.engine.predict([ids for ids, _ in batch]).tolist()
        except Exception as error:  # noqa: BLE001 - whatever it is, those who wait are told
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
            return
        seconds = perf_counter() - start
        for (_, future), probabilities in zip(batch, rows, strict=True):
            if not future.done():
                future.set_result((probabilities, seconds))
