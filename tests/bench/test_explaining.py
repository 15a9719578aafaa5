from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from app.sentiment.classifier import Classifier
from bench import explaining
from bench.explaining import ATTRIBUTE, PREDICT, STEPS, _curves, _methods, _Network, _texts, deletion_curve
from bench.options import Options
from tests import toys

WEIGHTS = np.array([0.0, 0.0, 0.0, 5.0, -4.0, 3.0, -2.0, 1.0])
"""What each id adds to the log-odds."""
IDS = [1, 5, 4, 3, 7, 6]


def log_odds(texts: Sequence[Sequence[int]]) -> NDArray[np.float64]:
    return np.array([WEIGHTS[list(ids)].sum() for ids in texts])


def options(folder: Path) -> Options:
    return Options(folder, folder / "nothing", rounds=1, seconds=1, texts=3)


@pytest.mark.parametrize("side", [1, -1])
def test_words_go_in_the_order_of_what_they_contribute_to_the_side_of_the_text(side: int) -> None:
    curve = deletion_curve(lambda texts: side * log_odds(texts), IDS, side * WEIGHTS[IDS[1:]])
    assert curve.shape == (STEPS + 1,)
    # After each fifth of the steps a word is gone: 5, 3, 1, then those that are against.
    assert curve[[0, 4, 8, 12, 16, 20]].tolist() == [0, 5, 8, 9, 7, 3]
    assert (curve == deletion_curve(log_odds, IDS, WEIGHTS[IDS[1:]])).all()


def test_no_order_is_better_than_the_true_one() -> None:
    true = {"true": lambda ids: WEIGHTS[list(ids)[1:]], "reverse": lambda ids: -WEIGHTS[list(ids)[1:]]}
    curves = _curves(log_odds, [IDS, [1, 3, 6]], true)
    assert (curves["true"] >= curves["reverse"]).all()
    assert explaining._area(curves["true"]) > 4 > 1 > explaining._area(curves["reverse"])
    assert curves["true"][-1] == curves["reverse"][-1] == 3  # the mean of 3 and of 3


def test_gradients_are_those_of_the_log_odds(tmp_path: Path) -> None:
    """Integrated, they add up to the difference from a text of unknown words."""
    folder = tmp_path / "sentiment-windows"
    toys.write_window_model(folder)
    classifier = Classifier(folder)
    assert classifier.attribution is not None
    network = _Network(options(folder), np.array([-1.0, 0, 1]))
    for length in (4, 6, 13, 24):
        ids = [1, *np.random.default_rng(length).integers(3, 20, length - 1).tolist()]
        found = network.gradient_times_input(ids, points=400)
        assert found.shape == (length - 1,)
        odds = explaining._log_odds(classifier, [ids, [1, *[2] * (length - 1)]])
        assert found.sum() == pytest.approx(odds[0] - odds[1], abs=0.02)


def test_a_gradient_is_a_slope(tmp_path: Path) -> None:
    folder = tmp_path / "sentiment-windows"
    toys.write_window_model(folder)
    network = _Network(options(folder), np.array([-1.0, 0, 1]))
    table = network._embedding.get_weights()[0]
    ids = [1, *range(3, 15)]  # three windows of four words, where five have room
    for from_unknown in (False, True):
        found = network.gradient_times_input(ids, from_unknown=from_unknown)
        for place in (1, 6, 12):
            changed = table.copy()
            changed[ids[place]] += 1e-2 * (table[ids[place]] - (table[2] if from_unknown else 0))
            network._embedding.set_weights([changed])
            odds = []
            for vectors in (changed, table):
                network._embedding.set_weights([vectors])
                states = network._both(network._embedding(network._windows(np.array([ids])))).numpy()
                odds.append(np.maximum(states.max(axis=(0, 1)), 0) @ network.slopes / network.divisor(len(ids)))
            assert (odds[0] - odds[1]) / 1e-2 == pytest.approx(found[place - 1], abs=0.02)


@pytest.mark.slow
def test_every_method_has_a_contribution_for_each_word(tmp_path: Path) -> None:
    folder = tmp_path / "sentiment-windows"
    toys.write_window_model(folder)
    classifier = Classifier(folder)
    methods = _methods(options(folder), classifier)
    assert len(methods) == 8
    for ids in ([1, 3, 4, 5], [1, *range(3, 16)]):
        for name, method in methods.items():
            found = method(ids)
            assert found.shape == (len(ids) - 1,), name
            assert np.isfinite(found).all()


def test_a_model_that_reads_no_windows_is_explained_by_leaving_out_alone(models_dir: Path) -> None:
    folder = models_dir / "sentiment-tiny"
    found = explaining.measure(options(folder))
    assert set(found.tables[0].rows) == {"reviews", "sentences"}
    assert set(found.tables[0].contenders) == {"leave-one-out", "random order"}
    assert found.figures == []
    assert "3 made-up reviews and 3 made-up sentences" in found.method


def test_texts_are_the_same_each_time(models_dir: Path) -> None:
    classifier = Classifier(models_dir / "sentiment-tiny")
    one, other = (_texts(options(models_dir / "sentiment-tiny"), classifier) for _ in range(2))
    assert one == other
    assert [len(texts) for texts in one[1].values()] == [3, 3]


def test_the_attribution_is_measured_against_a_prediction() -> None:
    (figure,) = explaining._time_figures({"235 words": {PREDICT: 2.0, ATTRIBUTE: 1.0}})
    assert figure.value == 0.5
