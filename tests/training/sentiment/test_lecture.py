from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tensorflow.keras.preprocessing.sequence import pad_sequences
from tensorflow.keras.preprocessing.text import Tokenizer as KerasTokenizer

from app.sentiment.tokenizer import Tokenizer
from tests.training import dataset
from tests.training.conftest import TINY
from training.checkpoint import Checkpoint, identity
from training.corpora import imdb
from training.corpora.imdb import Reviews
from training.fitting import History, shuffled
from training.sentiment import lecture
from training.sentiment.encoding import encode
from training.sentiment.lecture import build, train
from training.sentiment.recipes import LECTURE, SPLIT_SEED, LectureRecipe

REAL_DATA = Path(__file__).resolve().parents[4] / "shared" / "imdb"
TRAIN = Reviews(dataset.rows("train"))
HISTORY = History([{"loss": 0.4000004, "val_loss": 0.5}, {"loss": 0.3, "val_loss": 0.6}])


def test_the_recipe_of_the_lecture() -> None:
    model = build(LECTURE, LECTURE.vocabulary_size)
    assert [type(layer).__name__ for layer in model.layers] == ["Embedding", "LSTM", "Dense"]
    assert [weight.shape for weight in model.get_weights()] == [
        (10000, 50), (50, 256), (64, 256), (256,), (64, 1), (1,),
    ]  # fmt: skip
    assert model.input_shape == (None, 500)
    assert model.layers[0].mask_zero is False
    assert model.layers[2].activation.__name__ == "sigmoid"
    assert model.loss == "binary_crossentropy"
    assert type(model.optimizer).__name__ == "Adam"
    assert float(model.optimizer.learning_rate.numpy()) == pytest.approx(0.001)
    assert (LECTURE.padding, LECTURE.truncating) == ("pre", "pre")
    assert (LECTURE.batch_size, LECTURE.epochs) == (128, 3)


def keras_ids(tokenizer: Any, recipe: LectureRecipe, texts: list[str]) -> Any:
    """What Keras alone makes of texts; its ids of words and of unknown ones are shifted past the start."""
    sequences = [[1, *(index + 1 for index in ids)] for ids in tokenizer.texts_to_sequences(texts)]
    return pad_sequences(sequences, recipe.maxlen, padding=recipe.padding, truncating=recipe.truncating)


def keras_tokenizer(recipe: LectureRecipe, texts: list[str]) -> Any:
    tokenizer = KerasTokenizer(num_words=recipe.vocabulary_size - 1, oov_token="<unknown>")
    tokenizer.fit_on_texts(texts)
    return tokenizer


@given(
    st.lists(st.text(st.sampled_from("ab AB.ü'\n"), max_size=20), min_size=1, max_size=6),
    st.integers(4, 9),
    st.integers(1, 12),
    st.sampled_from(["pre", "post"]),
    st.sampled_from(["pre", "post"]),
)
def test_texts_become_what_keras_makes_of_them(
    texts: list[str], vocabulary_size: int, maxlen: int, padding: Any, truncating: Any
) -> None:
    recipe = replace(TINY, vocabulary_size=vocabulary_size, maxlen=maxlen, padding=padding, truncating=truncating)
    others = [*texts, "c a b c", ""]
    found = encode(Tokenizer.fit(texts, vocabulary_size), recipe, others)
    np.testing.assert_array_equal(found, keras_ids(keras_tokenizer(recipe, texts), recipe, others))


@pytest.mark.skipif(not REAL_DATA.is_dir(), reason=f"there are no real reviews in {REAL_DATA}")
def test_real_reviews_become_what_keras_makes_of_them() -> None:
    reviews = imdb.load("train", REAL_DATA).sample(1500, seed=3)
    fitted, others = reviews.texts[::3], reviews.texts
    tokenizer, theirs = Tokenizer.fit(fitted, LECTURE.vocabulary_size), keras_tokenizer(LECTURE, fitted)
    kept = sorted(theirs.word_index, key=theirs.word_index.get)[1 : LECTURE.vocabulary_size - 2]
    assert list(tokenizer.words) == kept
    found, expected = encode(tokenizer, LECTURE, others), keras_ids(theirs, LECTURE, others)
    assert found.shape == (1500, 500)
    assert found.max() == LECTURE.vocabulary_size - 1
    np.testing.assert_array_equal(found, expected)


@pytest.mark.skipif(not REAL_DATA.is_dir(), reason=f"there are no real reviews in {REAL_DATA}")
def test_the_real_reviews_are_whole() -> None:
    reviews = imdb.load("test", REAL_DATA)
    assert len(reviews) == 25_000
    assert np.bincount(reviews.labels).tolist() == [12_500, 12_500]


def test_training_fits_the_vocabulary_and_holds_out_movies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given_to_fit: dict[str, Any] = {}

    def fit(_model: Any, training: Any, validation: Any, **settings: Any) -> History:
        given_to_fit.update(settings, training=training, validation=validation)
        return HISTORY

    monkeypatch.setattr(lecture, "fit", fit)
    trained = train(TINY, TRAIN, seed=9, checkpoint=tmp_path)
    kept, held = TRAIN.split_by_movie(TINY.validation, SPLIT_SEED)
    for name, side in (("training", kept), ("validation", held)):
        np.testing.assert_array_equal(given_to_fit[name].inputs, encode(trained.tokenizer, TINY, side.texts))
        np.testing.assert_array_equal(given_to_fit[name].targets, side.labels)
    assert trained.data == {"training": len(kept), "validation": len(held)}
    assert trained.history == [{"loss": 0.4, "val_loss": 0.5}, {"loss": 0.3, "val_loss": 0.6}]
    assert (trained.best_epoch, trained.calibration) == (1, None)
    assert given_to_fit["epochs"] == 2
    for found, expected in zip(given_to_fit["order"](1), shuffled(len(kept), 8, 9)(1), strict=True):
        np.testing.assert_array_equal(found, expected)
    assert given_to_fit["checkpoint"] == Checkpoint(tmp_path, identity(TINY, [TRAIN.sha256], 9))
    assert trained.tokenizer.words == Tokenizer.fit(TRAIN.texts, TINY.vocabulary_size).words
    assert trained.model.layers[0].input_dim == trained.tokenizer.vocabulary_size <= TINY.vocabulary_size


def test_the_seed_decides_the_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lecture, "fit", lambda *_, **__: HISTORY)
    one, same, other = (train(TINY, TRAIN, seed=seed, checkpoint=tmp_path).model.get_weights() for seed in (1, 1, 2))
    for first, second in zip(one, same, strict=True):
        np.testing.assert_array_equal(first, second)
    assert not np.array_equal(one[0], other[0])
