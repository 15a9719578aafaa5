import numpy as np

from training.sentiment.evaluation import everyday, short_texts
from training.sentiment.general import phrases, targets


def test_none_is_among_those_that_models_are_measured_with() -> None:
    taught = {phrases.plainly(text) for text, _ in phrases.labelled()}
    measured = [*short_texts.phrases().texts, *everyday.load().texts]
    assert not taught & {phrases.plainly(text) for text in measured}


def test_each_stands_once_with_a_target_that_is_a_distribution() -> None:
    found = phrases.labelled()
    assert len({text for text, _ in found}) == len(found) > 1_000
    assert not any("{" in text for text, _ in found)
    answers = targets.array([target for _, target in found])
    np.testing.assert_allclose(answers.sum(axis=1), 1)
    assert set(answers.argmax(axis=1)) == {0, 1, 2}


def test_a_negation_turns_praise_into_blame() -> None:
    found = dict(phrases.labelled())
    assert found["very great"] == targets.POSITIVE
    assert found["not great"] == targets.NEGATED_PRAISE
    assert found["very rude"] == targets.NEGATIVE
    assert found["not rude"] == targets.NEGATED_BLAME


def test_case_marks_and_apostrophes_do_not_tell_phrases_apart() -> None:
    assert phrases.plainly(" I’m  not Happy!") == phrases.plainly("i'm not happy.")
