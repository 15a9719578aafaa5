import numpy as np
import pytest

from app.sentiment.tokenizer import Tokenizer
from training.sentiment.distillation.corpus import Corpus
from training.sentiment.distillation.out_of_fold import TeacherLogits
from training.sentiment.general import corpora, targets, texts, vocabulary
from training.sentiment.general.corpora import FurtherCorpora
from training.sentiment.general.recipe import SHARES
from training.sentiment.general.texts import GeneralTexts, Kind, blended

pytestmark = pytest.mark.usefixtures("few_joined")


def laid_out(films: Corpus, further: FurtherCorpora, *without: str) -> tuple[GeneralTexts, Tokenizer]:
    side, _ = corpora.split(further, frozenset(films.held_out.movies), 0.3)
    words = [phrase.text for phrase in further.phrases] + [comment.text for comment in further.comments]
    tokenizer = vocabulary.extended(films.tokenizer, words, [], 200)
    logits = TeacherLogits(
        np.full(len(films.reviews), 2.0), np.zeros(len(films.held_out)), np.full(len(films.unlabelled), -1.0)
    )
    found = GeneralTexts.of(films, logits, further, side, tokenizer, label=0.75, without=without, seed=1)
    return found, tokenizer


def test_there_are_texts_of_each_kind_but_single_sentences(films: Corpus, further: FurtherCorpora) -> None:
    found, _ = laid_out(films, further)
    assert set(found.kinds) == set(SHARES) - {"review sentences"}
    for kind in found.kinds.values():
        assert len(kind) == len(kind.targets) > 0
        np.testing.assert_allclose(kind.targets.sum(axis=1), 1)
    assert found.sentences


def test_the_targets_of_reviews_are_labels_softened_by_what_the_first_stage_says(
    films: Corpus, further: FurtherCorpora
) -> None:
    found, _ = laid_out(films, further)
    of_label = {label: targets.of_review(np.array([0.75 * label + 0.25 / (1 + np.exp(-2.0))]))[0] for label in (0, 1)}
    expected = np.stack([of_label[label] for label in films.reviews.labels.tolist()])
    np.testing.assert_allclose(found.kinds["labelled"].targets, expected)
    np.testing.assert_allclose(
        found.kinds["unlabelled"].targets,
        np.repeat(targets.of_review(np.array([1 / (1 + np.e)])), len(films.unlabelled), axis=0),
    )


@pytest.mark.parametrize(
    ("without", "gone"),
    [
        ("sst", {"treebank sentences", "treebank phrases", "neutral treebank phrases"}),
        ("edited", {"edited"}),
        ("products", {"products", "product titles"}),
        ("emotions", {"comments"}),
        ("written", {"written", "everyday phrases"}),
    ],
)
def test_a_corpus_can_be_left_out(films: Corpus, further: FurtherCorpora, without: str, gone: set[str]) -> None:
    found, _ = laid_out(films, further, without)
    assert set(found.kinds) == set(SHARES) - {"review sentences"} - gone


def test_an_edited_review_has_the_other_label(films: Corpus, further: FurtherCorpora) -> None:
    found, _ = laid_out(films, further)
    answers = found.kinds["edited"].targets.argmax(axis=1)
    assert ((answers[::2] == 0) == (answers[1::2] == 2)).all()


def test_a_product_is_read_with_its_title_and_without(films: Corpus, further: FurtherCorpora) -> None:
    found, tokenizer = laid_out(films, further)
    side, _ = corpora.split(further, frozenset(), 0.3)
    first = side.products[0]
    expected = [tokenizer.encode(text).ids[1:] for text in (first.text, f"{first.title}. {first.text}")]
    assert [row.tolist() for row in found.kinds["products"].rows[:2]] == expected


def test_joined_texts_are_long_and_most_are_neutral(films: Corpus, further: FurtherCorpora) -> None:
    found, _ = laid_out(films, further)
    joined = found.kinds["joined"]
    assert len(joined) == texts.JOINED
    assert max(map(len, joined.rows)) > max(map(len, found.kinds["comments"].rows))
    assert 0.4 < (joined.targets.argmax(axis=1) == 1).mean() < 0.8


def test_what_teachers_say_is_mixed_in_by_its_weight() -> None:
    kind = Kind([np.arange(3, dtype=np.int32)], np.array([[1.0, 0.0, 0.0]]))
    np.testing.assert_allclose(blended(kind, np.array([[0.0, 0.5, 0.5]]), 0.2).targets, [[0.8, 0.1, 0.1]])


def test_the_texts_are_the_same_each_time(films: Corpus, further: FurtherCorpora) -> None:
    one, other = (laid_out(films, further)[0].kinds["joined"] for _ in range(2))
    assert [row.tolist() for row in one.rows] == [row.tolist() for row in other.rows]
