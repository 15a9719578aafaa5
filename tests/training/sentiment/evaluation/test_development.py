import json
from dataclasses import asdict

import numpy as np
import pytest

from app.sentiment.labels import BINARY
from tests.training.sentiment.general import tiny
from training.sentiment.evaluation import development
from training.sentiment.evaluation.development import EVERYDAY, DevelopmentSet, SetFigures
from training.sentiment.general import corpora
from training.sentiment.general.corpora import Split
from training.sentiment.general.recipe import LABELS

FOUND = DevelopmentSet("some", ["a", "b", "c", "d"], LABELS, np.array([0, 1, 2, 2]))
PROBABILITIES = np.array([[0.7, 0.2, 0.1], [0.2, 0.5, 0.3], [0.1, 0.6, 0.3], [0.0, 0.1, 0.9]])


def split() -> Split:
    return corpora.split(tiny.further(), frozenset(), 0.3)[1]


def test_the_sets_are_those_held_out_and_those_we_wrote() -> None:
    sets = [*development.held_out(tiny.reviews(), split()), *development.written()]
    assert [one.name for one in sets if not one.written] == [
        "IMDb movies", "Treebank sentences", "edited reviews", "products", "comments, polar", "comments",
    ]  # fmt: skip
    assert [one.name for one in sets if one.written] == ["phrases", "edits", "everyday, polar", "everyday"]
    names = {one.name: one for one in sets}
    for one in sets:
        assert len(one.texts) == len(one.labels) > 0
        assert one.labels.min() >= 0
        assert one.labels.max() < len(one.among)
        if one.part_of is not None:
            whole = names[one.part_of]
            assert set(one.texts) < set(whole.texts)
            answers = dict(zip(whole.texts, [whole.among[label] for label in whole.labels], strict=True))
            assert [one.among[label] for label in one.labels] == [answers[text] for text in one.texts]


def test_an_edited_review_has_the_other_label() -> None:
    held_out = split()
    (found,) = (one for one in development.held_out(tiny.reviews(), held_out) if one.name == "edited reviews")
    assert found.labels.tolist() == [1 - pair.original_label for pair in held_out.pairs]
    assert found.texts == [pair.edited for pair in held_out.pairs]


def test_a_set_without_texts_is_left_out() -> None:
    found = development.held_out(tiny.reviews(), Split([], [], [], []))
    assert [one.name for one in found] == ["IMDb movies"]


def test_the_figures_of_a_set() -> None:
    found = SetFigures.of(FOUND, PROBABILITIES)
    assert (found.name, found.texts, found.labels, found.written) == ("some", 4, list(LABELS), False)
    assert found.accuracy == 0.75
    assert found.macro_f1 == pytest.approx((1 + 2 / 3 + 2 / 3) / 3, abs=1e-6)
    assert [one.accuracy for one in found.coverage] == [1.0, 0.75, 0.75]
    assert json.loads(json.dumps(asdict(found))) == asdict(found)


def test_a_model_chooses_among_the_labels_of_a_set() -> None:
    polar = DevelopmentSet("polar", ["a", "b"], BINARY, np.array([0, 1]))
    found = polar.chosen(PROBABILITIES[1:3], LABELS)
    np.testing.assert_allclose(found, [[0.4, 0.6], [0.25, 0.75]])


def test_a_sample_keeps_texts_and_labels_together() -> None:
    some = DevelopmentSet("some", [str(n) for n in range(50)], LABELS, np.arange(50) % 3)
    found = some.sample(7, seed=1)
    assert len(found.texts) == 7
    assert found.labels.tolist() == [int(text) % 3 for text in found.texts]
    assert some.sample(50, seed=1) is some


def test_the_everyday_sentences_are_measured_by_kind() -> None:
    (found,) = (one for one in development.written() if one.name == EVERYDAY)
    right = np.eye(3)[found.labels]
    kinds = development.by_kind(found, right)
    assert [one.reviews for one in kinds] == [20] * 12
    assert {one.accuracy for one in kinds} == {1.0}
    right[:20] = np.eye(3)[(found.labels[:20] + 1) % 3]
    assert [one.accuracy for one in development.by_kind(found, right)] == [0.0, *[1.0] * 11]
