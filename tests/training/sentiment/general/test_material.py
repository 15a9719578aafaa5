from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.sentiment.distillation.corpus import START_ID, Ids
from training.sentiment.distillation.material import Batch
from training.sentiment.general.material import GeneralMaterial
from training.sentiment.general.targets import Targets

FIRST_ID: Final = 5
WINDOW: Final = 32


def material(**lengths: Sequence[int]) -> GeneralMaterial:
    """Texts of these lengths by kind; each text has ids and a target of its own."""
    texts: dict[str, list[Ids]] = {}
    wanted: dict[str, Targets] = {}
    number = 0
    for name, of_kind in lengths.items():
        rows = [np.arange(length, dtype=np.int32) + FIRST_ID + 1_000 * (number + n) for n, length in enumerate(of_kind)]
        targets = np.zeros((len(rows), 3))
        targets[:, 2] = np.arange(number, number + len(rows))
        texts[name], wanted[name] = rows, targets
        number += len(rows)
    return GeneralMaterial.of(texts, wanted)


def epoch(
    found: GeneralMaterial, shares: dict[str, float], *, seed: int = 1, longest: int = 320, batch: int = 400
) -> list[Batch]:
    random = np.random.default_rng(seed)
    return list(found.epoch(shares, window=WINDOW, longest=longest, batch=batch, random=random))


def numbers(batches: Sequence[Batch]) -> Counter[int]:
    """How many times each text was shown, by its target, which must be that of its ids."""
    found: Counter[int] = Counter()
    for ids, targets in batches:
        assert (ids[:, 0] == START_ID).all()
        assert ids.shape[1] > 1
        assert targets.shape == (len(ids), 3)
        np.testing.assert_array_equal((ids[:, 1] - FIRST_ID) // 1_000, targets[:, 2])
        assert (np.diff(ids[:, 1:], axis=1) == 1).all()
        found.update(targets[:, 2].astype(int).tolist())
    return found


def test_each_kind_is_shown_as_often_as_its_share_says() -> None:
    found = material(one=[3] * 40, other=[40, 50] * 10, third=[9] * 10)
    shown = numbers(epoch(found, {"one": 0.5, "other": 2.0, "unheard-of": 1.0}))
    once = [number for number in shown if number < 40]
    assert len(once) == 20
    assert {shown[number] for number in once} == {1}
    assert {shown[number] for number in range(40, 60)} == {2}
    assert not any(number >= 60 for number in shown)


def test_a_share_of_more_than_one_is_all_and_some_once_more() -> None:
    shown = numbers(epoch(material(one=[3] * 40), {"one": 1.25}))
    assert sorted(shown.values()) == [1] * 30 + [2] * 10


def test_empty_texts_are_left_out() -> None:
    shown = numbers(epoch(material(one=[0, 2, 0, 3]), {"one": 1.0}))
    assert set(shown) == {1, 3}


@given(st.lists(st.integers(1, 400), min_size=1, max_size=30), st.integers(0, 9))
def test_texts_can_be_cut_into_windows_of_one_length(lengths: list[int], seed: int) -> None:
    batches = epoch(material(one=lengths), {"one": 1.0}, seed=seed)
    assert sum(numbers(batches).values()) == len(lengths)
    for ids, targets in batches:
        read = ids.shape[1] - 1
        windows = -(-read // WINDOW)
        assert read % windows == 0
        for number in targets[:, 2].astype(int):
            length = min(lengths[number], 320)
            # A long text loses up to what fills batches of one length, and a word a window.
            assert length - 16 - windows < read <= length


def test_a_third_of_long_texts_are_read_at_their_end() -> None:
    batches = epoch(material(one=[400] * 300), {"one": 1.0}, batch=100_000)
    ends = np.concatenate([(ids[:, -1] - FIRST_ID) % 1_000 for ids, _ in batches])
    assert (ends == 399).mean() == pytest.approx(1 / 3, abs=0.1)


def test_the_random_numbers_decide_what_is_shown_and_in_which_order() -> None:
    found = material(one=[3, 40, 70, 90] * 20)
    one, same, other = (epoch(found, {"one": 0.5}, seed=seed) for seed in (1, 1, 2))
    assert [batch.ids.tolist() for batch in one] == [batch.ids.tolist() for batch in same]
    assert [batch.ids.tolist() for batch in one] != [batch.ids.tolist() for batch in other]
    lengths = [batch.ids.shape[1] for batch in one]
    assert lengths != sorted(lengths)


def test_batches_have_about_as_many_tokens_as_is_said() -> None:
    batches = epoch(material(one=[63] * 200), {"one": 1.0}, batch=1_280)
    assert [len(batch.ids) for batch in batches[:5]] == [20] * 5
