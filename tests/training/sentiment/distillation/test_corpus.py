from dataclasses import replace
from typing import Final

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.sentiment.rules import REVIEWS
from app.sentiment.sentences import split_sentences
from app.sentiment.tokenizer import Tokenizer
from tests.training.sentiment.distillation import tiny
from training.sentiment.distillation import corpus as module
from training.sentiment.distillation.corpus import START_ID, UNKNOWN_ID, Corpus, document

TOKENIZER: Final = Tokenizer(["good", "bad", "!", "n't", "☺"], rule=REVIEWS)
PIECES: Final = st.sampled_from(
    ["good", "Bad", "isn't", "Mr", "e", "I", "<br />", "…", "\r\n", "\xa0", "😀", ":)", *".!?'\")]”  \n"]
)


@given(st.lists(PIECES, max_size=30).map("".join) | st.text())
@example("")
@example("Good. :) Bad!<br /><br />It isn't good")
def test_a_document_is_the_ids_of_its_sentences_one_after_the_other(text: str) -> None:
    found = document(TOKENIZER, text)
    sentences = [TOKENIZER.encode(text[start:end]).ids[1:] for start, end in split_sentences(text, REVIEWS)]
    assert [found.sentence(index).tolist() for index in range(len(found.bounds) - 1)] == sentences
    assert found.ids.tolist() == [index for sentence in sentences for index in sentence]
    assert (found.bounds[0], found.bounds[-1]) == (0, len(found.ids))
    assert (np.diff(found.bounds) > 0).all()
    assert START_ID not in found.ids
    assert found.ids.dtype == found.bounds.dtype == np.int32


@given(st.lists(st.sampled_from(["good", "bad.", "isn't", "fine!", "☺", "good?"]), max_size=20).map(" ".join))
def test_sentences_lose_no_word_of_a_text(text: str) -> None:
    assert document(TOKENIZER, text).ids.tolist() == TOKENIZER.encode(text).ids[1:]


def test_words_beyond_the_vocabulary_are_the_unknown_one() -> None:
    assert document(TOKENIZER, "Good film. Bad!").ids.tolist() == [3, UNKNOWN_ID, 4, 5]


def test_no_movie_is_both_held_out_and_learnt_from(corpus: Corpus) -> None:
    assert set(corpus.reviews.movies) & set(corpus.held_out.movies) == set()
    everything = tiny.reviews("train", 200, movies=40, seed=1)
    assert sorted([*corpus.reviews.rows, *corpus.held_out.rows]) == everything.rows
    assert len(corpus.held_out) == pytest.approx(0.2 * len(everything), abs=5)


def test_every_review_is_a_document_of_its_own(corpus: Corpus) -> None:
    for name in ("reviews", "held_out", "unlabelled"):
        texts = getattr(corpus, name).texts
        assert len(corpus.documents[name]) == len(texts)
        for text, found in zip(texts, corpus.documents[name], strict=True):
            assert found.ids.tolist() == document(corpus.tokenizer, text).ids.tolist()


def test_the_tokenizer_splits_by_the_rule_for_reviews_and_knows_all_texts(corpus: Corpus) -> None:
    assert corpus.tokenizer.rule is REVIEWS
    assert {"n't", "!", "wonderful"} <= set(corpus.tokenizer.words)
    train, unlabelled = (tiny.reviews(kind, 8, movies=4, seed=1) for kind in ("train", "unsup"))
    rare = replace(unlabelled, rows=[row._replace(text="zeppelin " * 100) for row in unlabelled.rows])
    read = module.read(train, rare, vocabulary_size=5, validation=0.3, split_seed=1)
    assert read.tokenizer.words[0] == "zeppelin"
    assert read.tokenizer.vocabulary_size == 5
