"""The sentiment models that are committed: what they say of themselves is true."""

import json
from dataclasses import asdict
from pathlib import Path

import keras
import numpy as np
import pytest
from keras.src.legacy.preprocessing.text import Tokenizer as KerasTokenizer
from numpy.typing import NDArray
from scipy.special import logit

import app.sentiment.windows  # noqa: F401 - Keras finds its layers once they are imported
from app.sentiment.classifier import Classifier
from app.sentiment.engines import dropping_masks
from app.sentiment.explanation import explain
from app.sentiment.labels import BINARY
from app.sentiment.rules import EVERYDAY, KERAS, REVIEWS, Rule
from app.sentiment.tokenizer import Tokenizer
from app.settings import Settings
from tests.conftest import ROOT
from training.corpora import imdb
from training.sentiment import recipes
from training.sentiment.card import lecture as lecture_card
from training.sentiment.general.recipe import GeneralRecipe

MODELS = ROOT / "models"
LECTURE = MODELS / "sentiment-lecture"
RULES = {"sentiment-best": EVERYDAY, "sentiment-lecture": KERAS}

WRITTEN = [
    "A wonderful film. The story is moving, the cast is superb and I loved every minute of it.",
    "A terrible waste of time.<br /><br />The plot is awful, the acting is bad & I was so bored that I left.",
    "I don't know what they were thinking; it's neither good nor bad (and that's a shame).",
    "Café, naïve \u2014 \u201cquotes\u201d, \x85 and \xa0 blanks\r\nare part of words, as in Keras.",
    "long " * 700 + "but good",
    "",
]
ODD = [
    *WRITTEN,
    " \t\n",
    "zzz qqqq unheard-of",
    "good",
    "I didn’t, couldn‘t and won`t :-( 😀👎🏽 !!!??",
    "film\x00 \ud800 \u202e שלום İstanbul",
    "wonderful " * 2000,
    "not " * 1024,
    "!" * 1500,
]


@pytest.fixture(scope="module", params=sorted(path.name for path in MODELS.glob("sentiment-*")))
def folder(request: pytest.FixtureRequest) -> Path:
    return MODELS / str(request.param)


@pytest.fixture(scope="module")
def classifier(folder: Path) -> Classifier:
    return Classifier(folder)


@pytest.fixture(scope="module")
def lecture() -> Classifier:
    return Classifier(LECTURE)


def keras_probabilities(folder: Path, sequences: list[list[int]]) -> NDArray[np.float32]:
    """Predict from ids with Keras alone, its padding and its model: positive is the last label of both models."""
    with dropping_masks():
        model = keras.models.load_model(folder / "model.keras")
        padded = keras.utils.pad_sequences(sequences, maxlen=model.input_shape[1])
        probabilities: NDArray[np.float32] = model.predict(padded, verbose=0, batch_size=250)[:, -1]
    return probabilities


def keras_ids(texts: list[str], keras_tokenizer: KerasTokenizer) -> list[list[int]]:
    """Number words as people do who follow the lecture: with Keras' tokenizer."""
    return [
        [1, *(rank + 2 if rank <= 9997 else 2 for rank in ranks)] for ranks in keras_tokenizer.texts_to_sequences(texts)
    ]


def test_there_are_the_default_and_the_lectures_model() -> None:
    assert {path.name for path in MODELS.glob("sentiment-*")} == set(RULES)
    assert Settings.model_fields["default_model"].default in RULES


def test_every_file_of_a_model_has_its_checksum(folder: Path, classifier: Classifier) -> None:
    # Reading the folder verified them.
    assert {path.name for path in folder.iterdir()} == {"manifest.json", *classifier.manifest.files}
    assert classifier.name == folder.name


def test_a_model_splits_text_by_its_rule(folder: Path, classifier: Classifier) -> None:
    assert classifier.tokenizer.rule is RULES[folder.name]


def test_its_card_has_the_figures_of_its_manifest(folder: Path, classifier: Classifier) -> None:
    card = (folder / "README.md").read_text(encoding="utf-8")
    figures = classifier.manifest.figures["test"]
    assert card.startswith(f"# {folder.name}\n")
    for name in ("accuracy", "roc_auc", "log_loss", "brier_score", "calibration_error"):
        assert f"{figures[name]:.4f}" in card
    for plot in folder.glob("*.png"):
        assert f"]({plot.name})" in card


def test_its_figures_are_of_all_test_reviews(classifier: Classifier) -> None:
    figures = classifier.manifest.figures
    assert figures["test"]["reviews"] == 25_000
    assert sum(map(sum, figures["test"]["confusion_matrix"])) == 25_000
    assert figures["onnx_against_keras"]["texts"] == 25_000
    assert figures["onnx_against_keras"]["largest_difference"] < 1e-5
    assert figures["onnx_against_keras"]["labels_that_differ"] == 0


def test_odd_texts_get_what_keras_gives_them(folder: Path, classifier: Classifier) -> None:
    expected = keras_probabilities(folder, [classifier.tokenizer.encode(text).ids for text in ODD])
    found, _ = classifier.classify_all(ODD)
    np.testing.assert_allclose([one.probability("positive") for one in found], expected, rtol=0, atol=1e-5)
    one_by_one = [classifier.classify(text)[0].probability("positive") for text in ODD]
    np.testing.assert_allclose(one_by_one, expected, rtol=0, atol=1e-5)


def test_keras_serves_it_without_a_warning(folder: Path, classifier: Classifier) -> None:
    # Warnings are errors here.
    reference, _ = Classifier(folder, "tensorflow").classify_all(ODD)
    found, _ = classifier.classify_all(ODD)
    expected = [one.probability("positive") for one in reference]
    np.testing.assert_allclose([one.probability("positive") for one in found], expected, rtol=0, atol=1e-5)


def test_clear_reviews_get_clear_answers(classifier: Classifier) -> None:
    good, bad, *_ = (classifier.classify(text)[0].probability("positive") for text in WRITTEN)
    assert good > 0.9
    assert bad < 0.1


@pytest.mark.parametrize("text", WRITTEN[:2])
def test_without_its_most_positive_word_a_text_loses_what_that_contributed(classifier: Classifier, text: str) -> None:
    whole = classifier.classify(text)[0]
    top = max(explain(classifier, text).explanation.words, key=lambda word: word.contribution)
    without = classifier.classify(text[: top.start] + text[top.end :])[0]
    tokens, attribution = len(classifier.tokenizer.encode(text).ids), classifier.attribution
    # Both at the temperature of the whole text.
    cooler = 1 if attribution is None else attribution.divisor(tokens - 1) / attribution.divisor(tokens)
    log_odds, other = (logit(one.among(BINARY).probability("positive")) for one in (whole, without))
    lost = log_odds - other * cooler
    assert lost == pytest.approx(top.contribution, abs=1e-4)


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
    words = explain(classifier, text).explanation.words
    top = max(words, key=lambda word: sign * word.contribution)
    assert text[top.start : top.end] == clear
    assert sign * top.contribution > 0


def test_it_is_as_good_on_the_held_out_movies_as_it_says(classifier: Classifier, real_data: Path) -> None:
    train = imdb.load("train", real_data)
    assert train.sha256 == classifier.manifest.data["train"]["sha256"]
    recipe = recipes.RECIPES[classifier.manifest.recipe["name"]]
    validation = recipe.films.validation if isinstance(recipe, GeneralRecipe) else recipe.validation
    kept, held = train.split_by_movie(validation, recipes.SPLIT_SEED)
    assert not set(kept.movies) & set(held.movies)
    assert len(held) == classifier.manifest.data["train"]["validation"]
    answers = [one.among(BINARY) for one in classifier.classify_all(held.texts)[0]]
    found = np.array([one.probability("positive") for one in answers])
    accuracy = np.mean((found >= 0.5) == held.labels)
    assert accuracy == pytest.approx(classifier.manifest.figures["validation"]["accuracy"], abs=1e-6)


def test_its_recipe_is_still_the_one_that_trained_it(classifier: Classifier) -> None:
    trained = classifier.manifest.recipe
    recipe = json.loads(json.dumps(asdict(recipes.RECIPES[trained["name"]])))
    assert trained == {**recipe, "seed": trained["seed"], "best_epoch": trained["best_epoch"]}


def vocabulary(real_data: Path, splits: tuple[imdb.Split, ...], size: int, rule: Rule) -> tuple[str, ...]:
    texts = [text for split in splits for text in imdb.load(split, real_data).texts]
    return Tokenizer.fit(texts, size, rule=rule).words


def test_the_lectures_vocabulary_was_fitted_on_the_training_texts(lecture: Classifier, real_data: Path) -> None:
    assert vocabulary(real_data, ("train",), 10_000, KERAS) == lecture.tokenizer.words


def test_the_best_models_vocabulary_was_fitted_on_the_unlabelled_texts_too(real_data: Path) -> None:
    best = Classifier(MODELS / "sentiment-best")
    words = vocabulary(real_data, ("train", "unsup"), 20_000, REVIEWS)
    assert words == best.tokenizer.words[: len(words)]


# ---------------------------------------------------------------- the lecture's model


def test_the_lectures_model_reaches_the_lectures_accuracy(lecture: Classifier) -> None:
    assert lecture.manifest.figures["test"]["accuracy"] >= lecture_card.TEST_ACCURACY


def test_it_is_the_lectures_network(lecture: Classifier) -> None:
    model = keras.models.load_model(LECTURE / "model.keras")
    assert [type(layer).__name__ for layer in model.layers] == ["Embedding", "LSTM", "Dense"]
    assert [weights.shape for weights in model.get_weights()] == [
        (10_000, 50),
        (50, 256),
        (64, 256),
        (256,),
        (64, 1),
        (1,),
    ]
    assert lecture.serving.model_dump() == {
        "vocabulary_size": 10_000,
        "maxlen": 500,
        "padding": "pre",
        "truncating": "pre",
        "labels": ("negative", "positive"),
        "language": "en",
    }


def test_texts_of_our_own_get_what_the_lecture_gives_them(lecture: Classifier) -> None:
    tokenizer = KerasTokenizer(oov_token="<unknown>")
    tokenizer.word_index = {"<unknown>": 20_000} | {w: n for n, w in enumerate(lecture.tokenizer.words, start=1)}
    found = [lecture.classify(text)[0].probability("positive") for text in WRITTEN]
    assert found == pytest.approx(keras_probabilities(LECTURE, keras_ids(WRITTEN, tokenizer)), abs=1e-5)


def test_real_reviews_get_what_the_lecture_gives_them(lecture: Classifier, real_data: Path) -> None:
    train = imdb.load("train", real_data)
    keras_tokenizer = KerasTokenizer()
    keras_tokenizer.fit_on_texts(train.texts)
    assert list(keras_tokenizer.word_index)[:9997] == list(lecture.tokenizer.words)
    texts = train.sample(500, seed=3).texts
    expected = keras_probabilities(LECTURE, keras_ids(texts, keras_tokenizer))
    found = np.array([one.probability("positive") for one in lecture.classify_all(texts)[0]])
    assert np.abs(found - expected).max() < 1e-5
    assert np.array_equal(found >= 0.5, expected >= 0.5)
