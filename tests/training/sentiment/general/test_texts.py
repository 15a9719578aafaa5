import numpy as np
import pytest

from training.sentiment.distillation.corpus import Corpus
from training.sentiment.distillation.material import LONGEST_SENTENCE, SHORTEST_SENTENCE
from training.sentiment.distillation.out_of_fold import TeacherLogits
from training.sentiment.general import corpora, targets, texts
from training.sentiment.general.corpora import FurtherCorpora
from training.sentiment.general.recipe import BEST, SHARES
from training.sentiment.general.texts import GeneralTexts, Kind, blended
from training.sentiment.general.variants import Neighbours

VECTORS = {word: np.array([1, place], np.float32) for place, word in enumerate(("great", "lovely", "broken", "awful"))}
pytestmark = pytest.mark.usefixtures("few_joined")


def laid_out(films: Corpus, further: FurtherCorpora, *without: str) -> GeneralTexts:
    side, _ = corpora.split(further, frozenset(films.held_out.movies), 0.3)
    logits = TeacherLogits(
        np.full(len(films.reviews), 2.0), np.zeros(len(films.held_out)), np.full(len(films.unlabelled), -1.0)
    )
    neighbours = Neighbours.of(list(VECTORS), VECTORS)
    return GeneralTexts.of(films, logits, further, side, label=0.75, without=without, neighbours=neighbours, seed=1)


def test_there_are_texts_of_each_kind(films: Corpus, further: FurtherCorpora) -> None:
    found = laid_out(films, further)
    assert set(found.kinds) == set(SHARES)
    assert set(found.kinds) | set(found.unlabelled) == set(BEST.varied.shares)
    for kind in found.kinds.values():
        assert len(kind.texts) == len(kind.targets) > 0
        np.testing.assert_allclose(kind.targets.sum(axis=1), 1)


def test_sentences_are_of_the_texts_and_neither_very_short_nor_long(films: Corpus, further: FurtherCorpora) -> None:
    unlabelled = laid_out(films, further).unlabelled
    read = "\n".join([*films.reviews.texts, *films.unlabelled.texts])
    assert unlabelled["review sentences"]
    for sentence in unlabelled["review sentences"]:
        assert sentence in read
        assert SHORTEST_SENTENCE <= len(films.tokenizer.rule.split(sentence)) <= LONGEST_SENTENCE
    bought = "\n".join(one.text for one in further.products)
    assert all(sentence in bought for sentence in unlabelled["product sentences"])


def test_there_are_no_more_sentences_than_wanted(
    films: Corpus, further: FurtherCorpora, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(texts, "MOST_SENTENCES", 7)
    assert len(laid_out(films, further).unlabelled["review sentences"]) == 7


def test_comments_without_polarity_have_no_targets_of_their_own(films: Corpus, further: FurtherCorpora) -> None:
    side, _ = corpora.split(further, frozenset(films.held_out.movies), 0.3)
    other = laid_out(films, further).unlabelled["other comments"]
    assert other == [one.text for one in side.comments if one.polarity is None]


def test_the_targets_of_reviews_are_labels_softened_by_what_the_first_stage_says(
    films: Corpus, further: FurtherCorpora
) -> None:
    found = laid_out(films, further)
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
    found = laid_out(films, further, without)
    assert set(SHARES) - set(found.kinds) == gone


def test_an_edited_review_has_the_other_label(films: Corpus, further: FurtherCorpora) -> None:
    found = laid_out(films, further)
    answers = found.kinds["edited"].targets.argmax(axis=1)
    assert ((answers[::2] == 0) == (answers[1::2] == 2)).all()


def test_a_product_is_read_with_its_title_and_without(films: Corpus, further: FurtherCorpora) -> None:
    found = laid_out(films, further)
    side, _ = corpora.split(further, frozenset(), 0.3)
    first = side.products[0]
    assert list(found.kinds["products"].texts[:2]) == [first.text, f"{first.title}. {first.text}"]


def test_joined_texts_are_long_and_most_are_neutral(films: Corpus, further: FurtherCorpora) -> None:
    found = laid_out(films, further)
    joined = found.kinds["joined"]
    assert len(joined.texts) == texts.JOINED
    assert max(map(len, joined.texts)) > max(map(len, found.kinds["comments"].texts))
    assert 0.4 < (joined.targets.argmax(axis=1) == 1).mean() < 0.8


def test_what_teachers_say_is_mixed_in_by_its_weight() -> None:
    kind = Kind(["It broke."], np.array([[1.0, 0.0, 0.0]]))
    np.testing.assert_allclose(blended(kind, np.array([[0.0, 0.5, 0.5]]), 0.2).targets, [[0.8, 0.1, 0.1]])


def test_the_texts_are_the_same_each_time(films: Corpus, further: FurtherCorpora) -> None:
    one, other = (laid_out(films, further) for _ in range(2))
    assert one.kinds["joined"].texts == other.kinds["joined"].texts
    assert one.unlabelled == other.unlabelled


@pytest.mark.parametrize(
    ("without", "gone"),
    [
        ("sst", {"varied treebank sentences"}),
        ("edited", {"edited sentences"}),
        ("products", {"product sentences", "varied product titles"}),
        ("emotions", {"other comments", "varied comments"}),
        ("written", {"varied written"}),
    ],
)
def test_no_texts_without_targets_are_of_a_corpus_that_is_left_out(
    films: Corpus, further: FurtherCorpora, without: str, gone: set[str]
) -> None:
    every = set(laid_out(films, further).unlabelled)
    assert every - set(laid_out(films, further, without).unlabelled) == gone
