import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest
from numpy.typing import NDArray

from app.sentiment import batching
from app.sentiment.batching import ROWS, DynamicBatcher
from app.sentiment.classifier import Classifier

FOREVER = 60
"""Seconds after which who still waits was forgotten."""


@pytest.fixture
def model(models_dir: Path) -> Classifier:
    model = Classifier(models_dir / "sentiment-tiny")
    model.serving = model.serving.model_copy(update={"maxlen": 100})
    return model


class Spy:
    """An engine that notes how many texts it is given at once."""

    def __init__(self, error: Exception | None = None) -> None:
        self.quick, self.vocabulary_size, self.outputs, self.tokenizer_sha256 = True, 24, 1, None
        self.state_sizes = self.network = None
        self.runs: list[int] = []
        self._error = error

    def predict_one(self, ids: Sequence[int]) -> tuple[float, ...]:
        return tuple(self.predict([ids])[0].tolist())

    def predict_with_states(self, ids: Sequence[int]) -> NoReturn:
        raise NotImplementedError(ids)

    def predict(self, sequences: Sequence[Sequence[int]]) -> NDArray[np.float64]:
        self.runs.append(len(sequences))
        if self._error:
            raise self._error
        return np.array([(0, len(ids)) for ids in sequences], dtype=np.float64)


async def classify(model: Classifier, texts: list[str]) -> list[float]:
    batcher = DynamicBatcher(model)
    found = await asyncio.gather(*[batcher.classify(text) for text in texts])
    return [classification.probability("positive") for classification, _ in found]


def test_texts_that_come_together_run_together(model: Classifier) -> None:
    model.engine = spy = Spy()
    lengths = list(range(1, 2 * ROWS + 2))
    assert asyncio.run(classify(model, ["film " * (n - 1) for n in lengths])) == lengths
    assert spy.runs == [ROWS, ROWS, 1]


def test_long_texts_run_a_few_at_a_time(model: Classifier, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batching, "IDS", 20)
    model.engine = spy = Spy()
    lengths = [10, 10, 1, 25, 30, 5, 6, 7]
    assert asyncio.run(classify(model, ["film " * (n - 1) for n in lengths])) == lengths
    assert spy.runs == [2, 1, 1, 1, 3]


def test_a_text_that_comes_alone_does_not_wait(model: Classifier) -> None:
    model.engine = spy = Spy()
    assert asyncio.run(classify(model, ["film"])) == [2]
    assert spy.runs == [1]


def test_all_who_wait_are_told_of_an_error(model: Classifier) -> None:
    model.engine = Spy(RuntimeError("broken"))

    async def run() -> list[object]:
        batcher = DynamicBatcher(model)
        waiting = [batcher.classify("film " * 99) for _ in range(3)]
        async with asyncio.timeout(FOREVER):
            return list(await asyncio.gather(*waiting, return_exceptions=True))

    assert [str(found) for found in asyncio.run(run())] == ["broken"] * 3


def test_one_who_gave_up_does_not_spoil_it_for_the_others(model: Classifier) -> None:
    model.engine = Spy()

    async def run() -> float:
        batcher = DynamicBatcher(model)
        first, second = (asyncio.ensure_future(batcher.classify("film " * 99)) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        async with asyncio.timeout(FOREVER):
            return (await second)[0].probability("positive")

    assert asyncio.run(run()) == 100


def test_the_time_of_predicting_is_that_of_the_run_without_the_wait(model: Classifier) -> None:
    model.engine = Spy()

    async def run() -> list[float]:
        batcher = DynamicBatcher(model)
        found = await asyncio.gather(*[batcher.classify("film") for _ in range(ROWS + 1)])
        return [timing.predict for _, timing in found]

    seconds = asyncio.run(run())
    assert len(set(seconds[:ROWS])) == 1
    assert seconds[ROWS] != seconds[0]
    assert min(seconds) > 0


@pytest.mark.parametrize(("ids", "texts", "first"), [(batching.IDS, 2 * ROWS, ROWS), (6, ROWS, 3)])
def test_of_more_than_one_batch_those_that_are_due_go_first(
    model: Classifier, monkeypatch: pytest.MonkeyPatch, ids: int, texts: int, first: int
) -> None:
    """A batch is full by its texts, or by their ids."""
    monkeypatch.setattr(batching, "IDS", ids)
    model.engine = Spy()
    done: list[int] = []

    async def work() -> None:
        batcher = DynamicBatcher(model)

        async def one(number: int) -> None:
            await batcher.classify("film", due=-number)
            done.append(number)

        await asyncio.gather(*map(one, range(texts)))

    asyncio.run(work())
    assert sorted(done[:first]) == list(range(texts - first, texts))
