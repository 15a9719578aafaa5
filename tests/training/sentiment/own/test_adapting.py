from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.sentiment.labels import Labels
from tests.training.sentiment.own.conftest import ROWS, TINY_ADAPT
from training.checkpoint import Checkpoint
from training.sentiment.distillation.corpus import encoded
from training.sentiment.own import adapting, network_base, split
from training.sentiment.own.adapting import ALL_WEIGHTS, BIASES, LAST_LAYER, LabelledIds
from training.sentiment.own.base import Base, BaseError
from training.sentiment.own.network import WindowNetwork

NAMES: Labels = ("negative", "positive")


def examples(base: Base, names: Labels = NAMES) -> LabelledIds:
    labels = np.array([NAMES.index(row.label) for row in ROWS], np.intp)
    return LabelledIds([encoded(base.tokenizer, row.text) for row in ROWS], labels, split.groups(ROWS), names)


def accuracy(base: Base, weights: list[np.ndarray[tuple[int, ...], np.dtype[np.float32]]], some: LabelledIds) -> float:
    network = WindowNetwork(weights, base.window)
    return float(np.mean(network.logits(network.maxima(some.ids)).argmax(axis=1) == some.labels))


def test_a_base_learns_the_rows_and_says_what_it_tried(base: Base) -> None:
    some = examples(base)
    found = adapting.adapt(TINY_ADAPT, base, some, seed=1)
    assert accuracy(base, found.weights, some) > 0.9
    assert {one.changed for one in found.candidates} == {BIASES, LAST_LAYER, ALL_WEIGHTS}
    assert len(found.candidates) == 5 + 8 * 2
    assert found.chosen == min(found.candidates, key=lambda one: one.log_loss)
    assert found.cross_validated
    assert found.scored.logits.shape == (60, 2)
    assert [array.shape for array in found.weights[:-2]] == [array.shape for array in base.weights[:-2]]


def test_the_same_seed_gives_the_same_weights(base: Base) -> None:
    first, second = (adapting.adapt(TINY_ADAPT, base, examples(base), seed=2) for _ in range(2))
    for one, other in zip(first.weights, second.weights, strict=True):
        np.testing.assert_array_equal(one, other)


def test_of_many_rows_some_are_held_out_to_choose_by(base: Base, tmp_path: Path) -> None:
    recipe = replace(TINY_ADAPT, cross_validated=10, validation=0.25, trial=20, rates=(0.05, 0.001), epochs=6)
    some = examples(base)
    found = adapting.adapt(recipe, base, some, seed=1, checkpoint=Checkpoint(tmp_path / "checkpoint", {"seed": 1}))
    assert not found.cross_validated
    assert len(found.scored.labels) == 16
    assert found.chosen.rate == 0.05
    assert len(found.history) == 6
    assert {"loss", "val_loss", "val_accuracy"} <= {*found.history[0]}
    assert accuracy(base, found.weights, some) > 0.9
    all_rows = adapting.repeat(recipe, base, some, found.chosen, seed=1)
    for one, other in zip(found.weights, all_rows, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_words_are_added_behind_those_of_the_base_and_change_no_answer(base: Base) -> None:
    texts = ["wonderful zeppelin soup", "Wonderful zeppelins", "wonderfuuuul soup rarity"]
    more = base.with_words(texts, most=10, rare=2)
    assert more.tokenizer.words == (*base.tokenizer.words, "wonderful")
    assert more.tokenizer.encode("zeppelin").unknown == 1
    for text in texts:
        before, after = (
            (network := WindowNetwork(one.weights, one.window)).logits(network.maxima([encoded(one.tokenizer, text)]))
            for one in (base, more)
        )
        np.testing.assert_allclose(after, before, atol=1e-6)


def test_rows_of_the_last_layer_are_those_of_the_labels_of_the_same_name(base: Base) -> None:
    weights, known = base.for_labels(("Positive", "neg", "refund"))
    kernel, bias = base.weights[-2:]
    np.testing.assert_array_equal(weights[-2][:, :2], kernel[:, [2, 0]])
    assert not weights[-2][:, 2].any()
    assert weights[-1].tolist() == [*bias[[2, 0]].tolist(), 0.0]
    assert known.tolist() == [True, True, False]


def test_a_folder_is_read_as_it_was_written(base: Base, base_folder: Path) -> None:
    read = network_base.load(base_folder)
    assert (read.labels, read.window, read.tokenizer.words) == (base.labels, base.window, base.tokenizer.words)
    for one, other in zip(read.weights, base.weights, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_model_of_another_shape_is_no_base(trained_folder: Path) -> None:
    with pytest.raises(BaseError, match="cannot be adapted, since it does not read texts in windows; name another"):
        network_base.load(trained_folder)
