import re
from typing import Final

import numpy as np
import pytest

from training.sentiment.distillation import phrases
from training.sentiment.distillation.phrases import BAD, GOOD, labelled
from training.sentiment.evaluation import short_texts

LABELLED: Final = dict(labelled())


def plainly(text: str) -> str:
    return " ".join(re.findall(r"[\w']+", text.lower().replace("’", "'")))


def test_no_phrase_is_one_that_is_measured_with() -> None:
    measured_with = {plainly(text) for text in short_texts.phrases().texts}
    assert [text for text in LABELLED if plainly(text) in measured_with] == []


def test_phrases_that_are_measured_with_are_left_out_however_they_are_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written = short_texts.ShortTexts(["VERY superb!", "I don’t like it."], np.array([1, 0], np.int8))
    assert {"very superb", "I don't like it"} <= LABELLED.keys()
    monkeypatch.setattr(short_texts, "phrases", lambda: written)
    assert LABELLED.keys() - dict(labelled()).keys() == {"very superb", "I don't like it"}


def test_each_phrase_is_there_once() -> None:
    assert len(labelled()) == len(LABELLED) > 1000


def test_targets_are_probabilities_of_both_kinds_and_never_certain() -> None:
    targets = np.array(list(LABELLED.values()))
    assert ((targets > 0) & (targets < 1)).all()
    assert (targets != 0.5).all()
    assert (targets > 0.5).mean() == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize(("words", "praise"), [(GOOD, True), (BAD, False)])
def test_a_negation_turns_a_word_around(words: tuple[str, ...], praise: bool) -> None:
    for word in words:
        for text in (f"very {word}", f"simply {word}"):
            assert (LABELLED[text] > 0.5) == praise
        for text in (f"not very {word}", f"it wasn't {word}", f"hardly {word}", f"I don't think it is {word}"):
            assert (LABELLED[text] < 0.5) == praise


@pytest.mark.parametrize(
    ("text", "positive"),
    [
        ("a gem", True),
        ("not a gem", False),
        ("this isn't a mess", True),
        ("what a mess!", False),
        ("I love this film", True),
        ("nobody will love this film", False),
        ("I don't despise it", True),
        ("I regret renting it", False),
        ("I don't regret renting it", True),
        ("not worth renting it", False),
        ("it couldn't be funnier", True),
        ("it could be funnier", False),
        ("it could not be duller", False),
        ("not good but bad", False),
        ("not bad but good", True),
    ],
)
def test_the_answer_to_a_phrase(text: str, positive: bool) -> None:
    assert (LABELLED[text] > 0.5) == positive


def test_what_is_not_bad_is_less_than_good() -> None:
    assert 0.5 < phrases.NEGATED_BLAME < phrases.CLEAR < 1
    assert 0 < 1 - phrases.CLEAR < phrases.NEGATED_PRAISE < 0.5
