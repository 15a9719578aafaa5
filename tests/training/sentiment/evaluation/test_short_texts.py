import re
from pathlib import Path

from tests import toys
from training.corpora import imdb
from training.sentiment.evaluation import short_texts
from training.sentiment.recipes import LECTURE, SPLIT_SEED

NEGATION = re.compile(r"\b(not|never|no|nothing|without|hard|can't|don't|couldn't|won't|nor)\b", re.IGNORECASE)


def test_the_phrases_are_of_both_labels_and_turn_words_around() -> None:
    phrases = short_texts.phrases()
    assert len(phrases.texts) == len(set(phrases.texts)) == len(phrases.labels)
    assert 0.45 < phrases.labels.mean() < 0.55
    for label in (0, 1):
        texts = [text for text, of in zip(phrases.texts, phrases.labels, strict=True) if of == label]
        assert sum(NEGATION.search(text) is not None for text in texts) >= len(texts) / 3


def test_without_the_reviews_there_are_no_sentences() -> None:
    assert short_texts.sentences(toys.reviews()) is None


def test_the_sentences_are_of_held_out_movies(real_data: Path) -> None:
    train = imdb.load("train", real_data)
    sentences = short_texts.sentences(train)
    assert sentences is not None
    assert len(sentences.texts) > 300
    assert 0.4 < sentences.labels.mean() < 0.6
    _, held = train.split_by_movie(LECTURE.validation, SPLIT_SEED)
    assert all(any(text in review for review in held.texts) for text in sentences.texts)
    for text in sentences.texts:
        assert text == text.strip()
        assert 2 <= len(text.split()) <= 30
