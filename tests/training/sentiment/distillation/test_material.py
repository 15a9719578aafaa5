from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.sentiment.distillation.corpus import START_ID
from training.sentiment.distillation.material import LONGEST_SENTENCE, Batch, Material, Pieces

SENTENCE, PHRASE = 10_000, 20_000
"""What the targets of sentences and phrases start from, so that each piece says by its target which one it is."""
FIRST_ID: Final = 5


class Shown(NamedTuple):
    """A piece that was shown: its number among its kind, and where it stands."""

    number: int
    start: int
    length: int


def pieces(starts: Sequence[int], lengths: Sequence[int], first_target: int) -> Pieces:
    found = Pieces.at(np.array(starts, np.int64), np.array(lengths, np.int64))
    return found.with_targets(np.arange(len(starts), dtype=np.float64) + first_target)


def material(documents: Sequence[int], sentences: Sequence[tuple[int, int]], phrases: Sequence[int]) -> Material:
    """Texts of these lengths, every id of which is another, so that it tells where it stands."""
    rows = [*documents, *phrases]
    starts = (np.cumsum(rows) - rows).tolist()
    count = len(documents)
    return Material(
        np.arange(sum(rows), dtype=np.int32) + FIRST_ID,
        pieces(starts[:count], documents, 0),
        pieces([start for start, _ in sentences], [length for _, length in sentences], SENTENCE),
        pieces(starts[count:], phrases, PHRASE),
    )


def epoch(
    material: Material,
    *,
    seed: int,
    window: int = 64,
    sentences: float = 0.25,
    phrases: int = 1,
    batch_size: int = 8,
) -> list[Batch]:
    random = np.random.default_rng(seed)
    return list(
        material.epoch(window=window, sentences=sentences, phrases=phrases, batch_size=batch_size, random=random)
    )


def shown(batches: Sequence[Batch]) -> dict[int, list[Shown]]:
    """What the batches hold, by kind."""
    found: dict[int, list[Shown]] = {0: [], SENTENCE: [], PHRASE: []}
    for ids, targets in batches:
        assert (ids[:, 0] == START_ID).all()
        assert ids.dtype == np.int32
        assert (np.diff(ids[:, 1:], axis=1) == 1).all()
        for row, target in zip(ids.tolist(), targets.tolist(), strict=True):
            kind = max(first for first in found if first <= target)
            found[kind].append(Shown(int(target) - kind, row[1] - FIRST_ID, len(row) - 1))
    return found


@st.composite
def materials(draw: st.DrawFn) -> Material:
    documents = draw(st.lists(st.integers(0, 120) | st.integers(0, 3), min_size=1, max_size=20))
    phrases = draw(st.lists(st.integers(1, 12), min_size=1, max_size=20))
    rows = sum(documents) + sum(phrases)
    places = st.tuples(st.integers(0, rows - 1), st.integers(1, 9)).filter(lambda place: sum(place) <= rows)
    return material(documents, draw(st.lists(places, max_size=20)), phrases)


@given(materials(), st.integers(1, 100), st.floats(0, 3), st.integers(1, 3), st.integers(1, 5), st.integers(0, 9))
def test_an_epoch_shows_a_window_of_each_document_some_sentences_and_all_phrases(
    material: Material, window: int, share: float, times: int, batch_size: int, seed: int
) -> None:
    batches = epoch(material, seed=seed, window=window, sentences=share, phrases=times, batch_size=batch_size)
    found = shown(batches)
    starts, lengths = material.documents.starts, material.documents.lengths
    assert sorted(piece.number for piece in found[0]) == np.flatnonzero(lengths).tolist()
    for number, start, length in found[0]:
        assert starts[number] <= start
        assert start + length <= starts[number] + lengths[number]
        most = min(lengths[number], window)
        assert length == (most if most <= LONGEST_SENTENCE else most // 16 * 16)
    numbers = [piece.number for piece in found[SENTENCE]]
    assert len(numbers) == len(set(numbers)) == min(round(share * len(starts)), len(material.sentences))
    assert sorted(piece.number for piece in found[PHRASE]) == sorted([*range(len(material.phrases))] * times)
    for kind, where in ((SENTENCE, material.sentences), (PHRASE, material.phrases)):
        for number, start, length in found[kind]:
            assert (start, length) == (where.starts[number], where.lengths[number])
    for ids, targets in batches:
        assert len(ids) == len(targets)
        length = ids.shape[1] - 1
        assert 1 <= len(ids) <= batch_size * (4 if length <= 25 else 2 if length <= 64 else 1)


MATERIAL: Final = material([300, 20, 50, 41] * 50, [(20 * number, 7) for number in range(100)], [2, 3, 4])


def test_the_random_numbers_decide_an_epoch() -> None:
    one, same, other = (epoch(MATERIAL, seed=seed) for seed in (1, 1, 2))
    assert [batch.ids.tolist() for batch in one] == [batch.ids.tolist() for batch in same]
    assert [batch.targets.tolist() for batch in one] == [batch.targets.tolist() for batch in same]
    assert shown(one) != shown(other)


def test_the_batches_of_an_epoch_are_in_random_order() -> None:
    lengths = [batch.ids.shape[1] for batch in epoch(MATERIAL, seed=1, batch_size=4)]
    assert len(set(lengths)) > 4
    assert lengths != sorted(lengths)


def test_a_third_of_the_windows_are_at_the_end_and_the_others_anywhere() -> None:
    long = material([300] * 600, [], [2])
    windows = shown(epoch(long, seed=3))[0]
    room = 300 - 64
    offsets = np.array([start - 300 * number for number, start, _ in windows])
    assert (offsets == room).mean() == pytest.approx(1 / 3, abs=0.08)
    others = offsets[offsets < room]
    assert others.min() < 20
    assert others.max() > room - 20
    assert others.mean() == pytest.approx(room / 2, abs=15)


def test_pieces_are_joined_taken_and_given_targets() -> None:
    one, other = pieces([0, 4], [4, 2], 1), pieces([9], [3], 7)
    joined = Pieces.joined([one, other])
    assert len(joined) == 3
    taken = joined.take(np.array([2, 0]))
    assert (taken.starts.tolist(), taken.lengths.tolist(), taken.targets.tolist()) == ([9, 0], [3, 4], [7, 1])
    again = taken.with_targets(np.array([0.25, 0.75]))
    assert (again.starts.tolist(), again.targets.tolist()) == ([9, 0], [0.25, 0.75])
    assert again.targets.dtype == np.float32
    assert np.isnan(Pieces.at(one.starts, one.lengths).targets).all()
