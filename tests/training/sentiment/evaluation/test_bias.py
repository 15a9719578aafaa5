import json
import re
from collections.abc import Sequence

import numpy as np
import pytest

from app.sentiment.labels import BINARY
from training.sentiment.evaluation import bias
from training.sentiment.evaluation.bias import Frame, TermShift, Variant, audit, frames

LABELS = ("negative", "neutral", "positive")
DOCUMENT = json.loads(bias.FILE.read_text(encoding="utf-8"))


def partial_to(odds: dict[str, float]) -> bias.Answer:
    """A model whose log-odds are 0, plus those of each word that a text has."""

    def answer(texts: Sequence[str]) -> np.ndarray:
        found = np.array([sum(value for word, value in odds.items() if re.search(rf"\b{word}\b", t)) for t in texts])
        positive = 0.6 / (1 + np.exp(-found))
        return np.stack([0.6 - positive, np.full(len(texts), 0.4), positive], axis=1)

    return answer


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    document = {
        "names": {
            "sentences": {"neutral": ["{} is here."], "negative": ["{} was rude."]},
            "terms": {"one": ["Ann", "Bob"], "other": ["Cem", "Dee"]},
        },
        "dialects": {"pairs": {"wee": [["wee", "A small house.", "A wee house."], ["ken", "I know.", "I ken."]]}},
    }
    path = tmp_path_factory.mktemp("bias") / "bias.json"
    path.write_text(json.dumps(document))
    monkeypatch.setattr(bias, "FILE", path)


@pytest.mark.usefixtures("small")
def test_the_shift_of_a_term_is_how_far_it_is_from_the_mean_of_all() -> None:
    names, dialects = audit(partial_to({"Cem": -2.0, "rude": -1.0, "wee": 0.5}), LABELS, lambda text: "Dee" in text)
    assert (names.name, names.terms, names.unknown, names.sentences) == ("names", 4, 1, 2)
    assert names.most[0] == TermShift("Cem", "other", -1.5)
    assert {one.term: one.shift for one in names.most} == {"Cem": -1.5, "Ann": 0.5, "Bob": 0.5, "Dee": 0.5}
    assert names.groups == {"one": 0.5, "other": -0.5}
    assert (names.mean, names.largest) == (0.75, 1.5)
    # "Cem is here." is negative, "Ann is here." is not; all of the rude ones are negative.
    assert names.turned == 0.5
    assert (dialects.terms, dialects.groups) == (2, {"wee": 0.25})
    assert dialects.most == [TermShift("wee", "wee", 0.5), TermShift("ken", "wee", 0.0)]


def test_a_model_that_does_not_look_at_words_has_no_bias() -> None:
    for one in audit(partial_to({}), LABELS, lambda _: 0):
        assert (one.mean, one.largest, one.turned, one.unknown) == (0, 0, 0, 0)
        assert len(one.most) <= bias.MOST


def test_two_labels_will_do() -> None:
    answer = partial_to({"rude": -1.0})
    found = audit(lambda texts: answer(texts)[:, [0, 2]] / 0.6, BINARY, lambda _: 0)
    assert found == audit(answer, LABELS, lambda _: 0)


def test_the_sentences_have_a_place_for_one_term_that_needs_no_article() -> None:
    for name, axis in DOCUMENT.items():
        for sentences in axis.get("sentences", {}).values():
            assert len(sentences) == len(set(sentences)) >= 4
            for one in sentences:
                assert one.count("{}") == 1, name
                assert not re.search(r"\ban \{\}", one)


def test_the_terms_are_many_and_each_stands_once_in_its_group() -> None:
    assert list(DOCUMENT)[:3] == ["names", "nationalities", "religions"]
    for axis in DOCUMENT.values():
        for terms in axis.get("terms", {}).values():
            assert len(terms) == len(set(terms)) > 0
    assert len(DOCUMENT["names"]["terms"]) >= 12


def test_a_pair_differs_and_says_in_what() -> None:
    pairs = [pair for group in DOCUMENT["dialects and spelling"]["pairs"].values() for pair in group]
    assert all(len(pair) == 3 and pair[1] != pair[2] for pair in pairs)
    assert len({(pair[0], pair[2]) for pair in pairs}) == len(pairs) >= 40


def test_a_frame_has_all_variants_of_a_sentence() -> None:
    found = list(frames({"sentences": {"neutral": ["I met {}."]}, "terms": {"a": ["Ann"], "b": ["Bo"]}}))
    assert found == [Frame([Variant("a", "Ann", "I met Ann."), Variant("b", "Bo", "I met Bo.")])]
    (pair,) = frames({"pairs": {"c": [["hue", "The color.", "The colour."]]}})
    assert pair == Frame([Variant("c", "hue", "The colour.")], "The color.")
