from dataclasses import replace
from itertools import chain
from typing import Any, Final, NoReturn

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit

from tests.training.sentiment.distillation.tiny import RECIPE, document
from training.checkpoint import Checkpoint
from training.sentiment.distillation import (
    inference,
    linear_teacher,
    paragraph_teacher,
    phrases,
    student,
    train,
    word_vectors,
)
from training.sentiment.distillation.corpus import Corpus
from training.sentiment.distillation.material import LONGEST_SENTENCE, SHORTEST_SENTENCE, Material
from training.sentiment.distillation.out_of_fold import TeacherLogits
from training.sentiment.distillation.recipe import FILMS
from training.sentiment.distillation.texts import CONTEXT, StudentTexts
from training.sentiment.distillation.train import AssistantLogits, Distilled, distil

SEED: Final = 2
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    return Checkpoint(tmp_path_factory.mktemp("best") / "checkpoint", {"seed": SEED})


@pytest.fixture(scope="module")
def distilled(corpus: Corpus, checkpoint: Checkpoint) -> Distilled:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(student, "WARM_UP", 5)
        return distil(RECIPE, corpus, seed=SEED, checkpoint=checkpoint)


def test_it_goes_from_beginning_to_end(corpus: Corpus, distilled: Distilled) -> None:
    assert [set(row) for row in distilled.history] == [{"loss", "val_loss", "val_accuracy"}] * RECIPE.student.epochs
    generations = [f"{who} generation {number}" for number in (1, 2) for who in ("assistants of", "all up to")]
    assert list(distilled.teachers) == ["linear model", "paragraph vectors", "both", *generations]
    assert distilled.teachers["linear model"] > 0.9
    assert all(0 <= accuracy <= 1 for accuracy in distilled.teachers.values())
    assert distilled.held_out.shape == (len(corpus.held_out),)
    assert np.isfinite(distilled.held_out).all()


def test_what_it_says_of_the_held_out_reviews_is_the_students(corpus: Corpus, distilled: Distilled) -> None:
    read = [one.ids for one in corpus.documents["held_out"]]
    np.testing.assert_array_equal(distilled.held_out, inference.predict(distilled.network, read, RECIPE.maxlen))
    accuracy = ((distilled.held_out >= 0) == corpus.held_out.labels).mean()
    assert distilled.history[-1]["val_accuracy"] == pytest.approx(accuracy, abs=1e-6)


def test_each_stage_leaves_its_results(distilled: Distilled, checkpoint: Checkpoint) -> None:
    assert distilled.history
    assert sorted(path.name for path in checkpoint.folder.iterdir()) == [
        "assistant-1a",
        "assistant-1a.npz",
        "assistant-1b",
        "assistant-1b.npz",
        "assistant-2a",
        "assistant-2a.npz",
        "linear.npz",
        "paragraphs.npz",
        "student",
        "student.npz",
        "word-vectors.npz",
    ]


def test_no_stage_is_gone_through_twice(
    corpus: Corpus, distilled: Distilled, checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    def again(*_: Any, **__: Any) -> NoReturn:
        raise AssertionError("once more")

    for module, name in (
        (linear_teacher, "predict"),
        (paragraph_teacher, "predict"),
        (word_vectors, "learn"),
        (train, "_assistant_logits"),
        (train, "_measured"),
        (student.Student, "_apply_gradients"),
    ):
        monkeypatch.setattr(module, name, again)
    same = distil(RECIPE, corpus, seed=SEED, checkpoint=checkpoint)
    np.testing.assert_array_equal(same.held_out, distilled.held_out)
    assert (same.history, same.teachers) == (distilled.history, distilled.teachers)


@pytest.mark.parametrize("name", ["1a", "1b", "2a"])
def test_assistants_answer_for_all_but_what_they_learnt_the_labels_of(
    corpus: Corpus, distilled: Distilled, checkpoint: Checkpoint, name: str
) -> None:
    assert distilled.history
    found = checkpoint.kept(f"assistant-{name}", dict)
    sizes = {"held_out": len(corpus.held_out), "unlabelled": len(corpus.unlabelled)}
    sizes["sentences"] = len(StudentTexts.of(corpus).sentences)
    assert {name: answers.shape for name, answers in found.items()} == {name: (size,) for name, size in sizes.items()}


def test_the_assistants_are_not_the_same(distilled: Distilled, checkpoint: Checkpoint) -> None:
    assert distilled.history
    one, other = (checkpoint.kept(f"assistant-{name}", dict) for name in ("1a", "1b"))
    assert not np.allclose(one["held_out"], other["held_out"], atol=1e-4)


def test_each_generation_learns_what_the_one_before_says_of_sentences(
    corpus: Corpus, distilled: Distilled, checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert distilled.history
    shown: list[Any] = []
    real = StudentTexts.material

    def material(self: StudentTexts, targets: Any, sentences: Any) -> Material:
        shown.append(sentences)
        return real(self, targets, sentences)

    monkeypatch.setattr(StudentTexts, "material", material)
    distil(RECIPE, corpus, seed=SEED, checkpoint=checkpoint)
    one, other, second = (checkpoint.kept(f"assistant-{name}", dict)["sentences"] for name in ("1a", "1b", "2a"))
    assert shown[:2] == [None, None]
    np.testing.assert_allclose(shown[2], (one + other) / 2)
    np.testing.assert_allclose(shown[3], second)


def test_every_network_has_a_seed_of_its_own() -> None:
    students = [*chain(*FILMS.assistants), FILMS.student]
    assert len({recipe.seed for recipe in students}) == len(students)
    assert all(recipe.window < FILMS.maxlen for recipe in students)


# What an LSTM reads.


def test_the_texts_are_the_reviews_to_learn_from_and_the_phrases(corpus: Corpus) -> None:
    texts = StudentTexts.of(corpus)
    read = [*corpus.documents["reviews"], *corpus.documents["unlabelled"]]
    assert len(texts.documents) == len(read)
    for start, length, one in zip(texts.documents.starts, texts.documents.lengths, read, strict=True):
        assert texts.ids[start : start + length].tolist() == one.ids.tolist()
    labelled = phrases.labelled()
    assert len(texts.phrases) == len(labelled)
    places = zip(texts.phrases.starts, texts.phrases.lengths, texts.phrases.targets, strict=True)
    for (start, length, target), (text, expected) in zip(places, labelled, strict=True):
        assert texts.ids[start : start + length].tolist() == corpus.tokenizer.encode(text).ids[1:]
        assert target == pytest.approx(expected)
    assert texts.ids.dtype == np.int32


@given(
    st.lists(st.lists(st.integers(1, 60), max_size=5), min_size=1, max_size=8),
    st.lists(st.lists(st.integers(1, 60), max_size=5), max_size=4),
)
def test_the_sentences_are_where_they_stand_in_their_review(
    corpus: Corpus, reviews: list[list[int]], unlabelled: list[list[int]]
) -> None:
    numbers = iter(range(100_000))
    sides = {
        name: [document([next(numbers) for _ in range(sum(lengths))], lengths) for lengths in side]
        for name, side in (("reviews", reviews), ("unlabelled", unlabelled))
    }
    texts = StudentTexts.of(replace(corpus, documents=sides))
    expected = [
        (number, one.sentence(index).tolist())
        for number, one in enumerate([*sides["reviews"], *sides["unlabelled"]])
        for index in range(len(one.bounds) - 1)
        if SHORTEST_SENTENCE <= len(one.sentence(index)) <= LONGEST_SENTENCE
    ]
    places = zip(texts.document_of, texts.sentences.starts, texts.sentences.lengths, strict=True)
    assert [(number, texts.ids[start : start + length].tolist()) for number, start, length in places] == expected


def test_a_sentence_is_shown_with_what_is_thought_of_itself_and_of_its_review(corpus: Corpus) -> None:
    texts = StudentTexts.of(corpus)
    targets = np.random.default_rng(1).random(len(texts.documents))
    thought = np.random.default_rng(2).normal(size=len(texts.sentences))
    alone, both = texts.material(targets, None), texts.material(targets, thought)
    np.testing.assert_allclose(alone.sentences.targets, targets[texts.document_of], rtol=1e-6)
    expected = thought + CONTEXT * logit(targets[texts.document_of])
    np.testing.assert_allclose(both.sentences.targets, expit(expected), rtol=1e-6)
    for material in (alone, both):
        np.testing.assert_allclose(material.documents.targets, targets, rtol=1e-6)
        np.testing.assert_array_equal(material.phrases.targets, texts.phrases.targets)
        np.testing.assert_array_equal(material.sentences.starts, texts.sentences.starts)


def test_the_label_counts_as_much_as_the_recipe_says(corpus: Corpus) -> None:
    random = np.random.default_rng(1)
    reviews, unlabelled = random.normal(size=len(corpus.reviews)), random.normal(size=len(corpus.unlabelled))
    answers = TeacherLogits(reviews, np.empty(0), unlabelled)
    found = train._targets(replace(RECIPE, label=0.7), corpus, answers)
    count = len(corpus.reviews)
    np.testing.assert_allclose(found[:count], 0.7 * corpus.reviews.labels + 0.3 * expit(reviews))
    np.testing.assert_allclose(found[count:], expit(unlabelled))
    assert ((found[:count] > 0.5) == corpus.reviews.labels).all()


def test_teachers_and_assistants_are_weighed_by_how_well_they_do_on_held_out_reviews(corpus: Corpus) -> None:
    random = np.random.default_rng(1)
    signs = 2.0 * corpus.held_out.labels - 1
    good, guessing, other = (kind * signs * 2 + random.normal(size=len(signs)) for kind in (1, 0, 0))
    unlabelled = [random.normal(size=len(corpus.unlabelled)) for _ in range(3)]
    reviews = random.normal(size=len(corpus.reviews))
    both = TeacherLogits(reviews, guessing, unlabelled[0])
    generations = [
        AssistantLogits(good, unlabelled[1], np.empty(0)),
        AssistantLogits(other, unlabelled[2], np.empty(0)),
    ]
    found = train._stacked(corpus, both, generations)
    assert found.reviews is reviews
    assert ((found.held_out > 0) == corpus.held_out.labels).mean() > 0.9
    assert np.corrcoef(found.unlabelled, unlabelled[1])[0, 1] > 0.9


def test_the_logits_of_several_assistants_are_their_mean() -> None:
    one, other = (
        AssistantLogits(*(np.array([value, 2 * value]) for value in values))
        for values in ((1.0, 2.0, 3.0), (3.0, 4.0, 5.0))
    )
    mean = AssistantLogits.mean([one, other])
    assert [getattr(mean, name).tolist() for name in ("held_out", "unlabelled", "sentences")] == [
        [2, 4],
        [3, 6],
        [4, 8],
    ]
