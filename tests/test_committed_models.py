"""The models that are committed: what they say of themselves is true."""

from pathlib import Path

import keras
import numpy as np
import pytest
from keras.src.legacy.preprocessing.text import Tokenizer as KerasTokenizer

from app.sentiment.classifier import Classifier
from app.sentiment.explanation import explain
from app.sentiment.tokenizer import Tokenizer
from tests.conftest import ROOT
from training import card, imdb, sentiment

FOLDER = ROOT / "models" / "sentiment-lecture"

REVIEWS = [
    "A wonderful film. The story is moving, the cast is superb and I loved every minute of it.",
    "A terrible waste of time.<br /><br />The plot is awful, the acting is bad & I was so bored that I left.",
    "I don't know what they were thinking; it's neither good nor bad (and that's a shame).",
    "Café, naïve \u2014 \u201cquotes\u201d, \x85 and \xa0 blanks\r\nare part of words, as in Keras.",
    "long " * 700 + "but good",
    "",
]


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return Classifier(FOLDER)


def predict(texts: list[str], keras_tokenizer: KerasTokenizer) -> list[float]:
    """Predict as people do who follow the lecture: Keras' tokenizer, Keras' padding, Keras' model."""
    sequences = [
        [1, *(rank + 2 if rank <= 9997 else 2 for rank in ranks)] for ranks in keras_tokenizer.texts_to_sequences(texts)
    ]
    model = keras.models.load_model(FOLDER / "model.keras")
    padded = keras.utils.pad_sequences(sequences, maxlen=500)
    return model.predict(padded, verbose=0, batch_size=250)[:, 0].tolist()  # type: ignore[no-any-return]


def test_its_figures_are_those_it_must_have(classifier: Classifier) -> None:
    figures = classifier.manifest.figures
    assert figures["test"]["reviews"] == 25_000
    assert figures["test"]["accuracy"] >= card.LECTURE_TEST_ACCURACY
    assert figures["onnx_against_keras"]["texts"] == 25_000
    assert figures["onnx_against_keras"]["largest_difference"] < 1e-5
    assert figures["onnx_against_keras"]["labels_that_differ"] == 0


def test_it_is_the_lectures_network(classifier: Classifier) -> None:
    model = keras.models.load_model(FOLDER / "model.keras")
    assert [type(layer).__name__ for layer in model.layers] == ["Embedding", "LSTM", "Dense"]
    assert [weights.shape for weights in model.get_weights()] == [
        (10_000, 50),
        (50, 256),
        (64, 256),
        (256,),
        (64, 1),
        (1,),
    ]
    assert classifier.serving.model_dump() == {
        "vocabulary_size": 10_000,
        "maxlen": 500,
        "padding": "pre",
        "truncating": "pre",
    }


def test_own_reviews_get_what_keras_gives_them(classifier: Classifier) -> None:
    tokenizer = KerasTokenizer(oov_token="<unknown>")
    tokenizer.word_index = {"<unknown>": 20_000} | {w: n for n, w in enumerate(classifier.tokenizer.words, start=1)}
    found = [classifier.classify(text)[0].probability for text in REVIEWS]
    assert found == pytest.approx(predict(REVIEWS, tokenizer), abs=1e-5)
    assert found[0] > 0.9
    assert found[1] < 0.1


@pytest.mark.parametrize("text", REVIEWS[:2])
def test_without_its_most_positive_word_a_text_loses_what_that_contributed(classifier: Classifier, text: str) -> None:
    probability = classifier.classify(text)[0].probability
    top = max(explain(classifier, text, probability).words, key=lambda word: word.contribution)
    assert top.contribution > 0
    without = classifier.classify(text[: top.start] + text[top.end :])[0].probability
    assert probability - without == pytest.approx(top.contribution, abs=1e-6)


@pytest.mark.parametrize(
    ("text", "clear", "sign"),
    [
        ("A wonderful film.", "wonderful", 1),
        ("Superb acting.", "Superb", 1),
        ("What an awful film.", "awful", -1),
        ("The plot is boring!", "boring", -1),
    ],
)
def test_the_one_clear_word_of_a_sentence_contributes_most(
    classifier: Classifier, text: str, clear: str, sign: int
) -> None:
    words = explain(classifier, text, classifier.classify(text)[0].probability).words
    top = max(words, key=lambda word: sign * word.contribution)
    assert text[top.start : top.end] == clear
    assert sign * top.contribution > 0


def test_real_reviews_get_what_keras_gives_them(classifier: Classifier, real_data: Path) -> None:
    train = imdb.load("train", real_data)
    assert train.sha256 == classifier.manifest.data["train"]["sha256"]
    keras_tokenizer = KerasTokenizer()
    keras_tokenizer.fit_on_texts(train.texts)
    assert list(keras_tokenizer.word_index)[:9997] == list(classifier.tokenizer.words)
    texts = train.sample(500, seed=3).texts
    expected = np.array(predict(texts, keras_tokenizer))
    found = np.array([classification.probability for classification in classifier.classify_all(texts)[0]])
    assert np.abs(found - expected).max() < 1e-5
    assert np.array_equal(found >= 0.5, expected >= 0.5)


def test_it_is_as_good_on_the_held_out_movies_as_it_says(classifier: Classifier, real_data: Path) -> None:
    train = imdb.load("train", real_data)
    recipe = sentiment.RECIPES[classifier.manifest.recipe["name"]]
    kept, held = train.split_by_movie(recipe.validation, sentiment.SPLIT_SEED)
    assert not set(kept.movies) & set(held.movies)
    assert len(held) == classifier.manifest.data["train"]["validation"]
    found = np.array([classification.probability for classification in classifier.classify_all(held.texts)[0]])
    accuracy = np.mean((found >= 0.5) == held.labels)
    assert accuracy == pytest.approx(classifier.manifest.figures["validation"]["accuracy"], abs=1e-6)


def test_its_vocabulary_was_fitted_on_the_training_texts(classifier: Classifier, real_data: Path) -> None:
    texts = imdb.load("train", real_data).texts
    assert Tokenizer.fit(texts, 10_000).words == classifier.tokenizer.words
