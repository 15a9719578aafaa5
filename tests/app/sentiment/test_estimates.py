from pathlib import Path

import pytest

from app.compute import is_short
from app.compute.admission import BRIEF_SECONDS
from app.sentiment import estimates
from app.sentiment.classifier import Classifier


def test_the_estimate_follows_what_is_read(models_dir: Path, window_models_dir: Path) -> None:
    """A text of one window costs a prediction for each word; a longer one two, and its sentences; without windows, the
    first holds for every text."""
    windows = Classifier(window_models_dir / "sentiment-windows")
    tiny = Classifier(models_dir / "sentiment-tiny")

    def expected(model: Classifier, words: int, *predicted: int) -> float:
        """What it takes to split a text, and to predict texts of so many words."""
        splitting = 2 * estimates.tokenizing(len("film" * (words - 1)))
        return splitting + sum(estimates.predicting(model, one) for one in predicted)

    def explaining(model: Classifier, words: int) -> float:
        return estimates.explaining(model, "film" * (words - 1))

    most = windows.serving.maxlen
    assert explaining(windows, 4) == pytest.approx(expected(windows, 4, *[4] * 5, 4))
    assert explaining(windows, 20) == pytest.approx(expected(windows, 20, *[20] * 2, 20))
    assert explaining(windows, 1000) == pytest.approx(expected(windows, 1000, *[most] * 2, 1000))
    assert explaining(tiny, 10) == pytest.approx(expected(tiny, 10, *[10] * 11, 10))
    assert explaining(tiny, 1000) == pytest.approx(expected(tiny, 1000, *[12] * 13, 1000))


@pytest.mark.parametrize("sentence", ["! ", "a\n", "好\n"])
def test_each_sentence_of_an_explained_text_takes_its_time(models_dir: Path, sentence: str) -> None:
    tiny = Classifier(models_dir / "sentiment-tiny")
    one, many = (estimates.explaining(tiny, sentence * count) for count in (1, 10_001))
    assert many - one > 10_000 * estimates.SECONDS_A_SENTENCE


def test_many_short_texts_are_no_short_work(models_dir: Path) -> None:
    model = Classifier(models_dir / "sentiment-tiny")
    assert 10_000 * estimates.reading(model, 1) > BRIEF_SECONDS


def test_each_mark_is_counted_as_a_word_and_as_the_end_of_a_sentence(models_dir: Path) -> None:
    tiny = Classifier(models_dir / "sentiment-tiny")
    assert estimates.explaining(tiny, "!" * 100_000) > 5 * estimates.explaining(tiny, "a" * 100_000)


@pytest.mark.parametrize("character", ["\N{SMILING FACE WITH OPEN MOUTH}", "\N{CJK UNIFIED IDEOGRAPH-597D}"])
def test_a_word_may_be_one_character(models_dir: Path, character: str) -> None:
    tiny = Classifier(models_dir / "sentiment-tiny")
    assert estimates.explaining(tiny, character * 3_000) > 2 * estimates.explaining(tiny, "a" * 3_000)


def test_unknown_words_are_no_short_work(models_dir: Path) -> None:
    model = Classifier(models_dir / "sentiment-tiny")
    assert not is_short(estimates.reading(model, 64_000))


def test_slices_are_short_in_texts_and_in_time() -> None:
    assert estimates.cut_into_slices([0.0] * 600) == [slice(0, 256), slice(256, 512), slice(512, 600)]
    assert estimates.cut_into_slices([0.05, 0.05, 0.05, 9, 0.01]) == [
        slice(0, 2),
        slice(2, 3),
        slice(3, 4),
        slice(4, 5),
    ]
