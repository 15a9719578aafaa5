"""A model whose tokenizer has the rule for reviews, through the routes and both engines."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import numpy as np
import pytest
from scipy.special import logit

from app.sentiment.classifier import Classifier
from app.sentiment.rules import REVIEWS
from app.sentiment.tokenizer import Tokenizer
from app.settings import Settings
from tests import toys
from tests.conftest import running
from training.sentiment import model_folder
from training.sentiment.distillation.network import Network
from training.sentiment.trained import Trained

TEXT = "Didn’t I say? It isn't dull :-) — “superb”!<br />I CAN`T wait 😀👎🏽"
WORDS = [
    "did", "n't", "i", "say", "?", "it", "is", "n't", "dull", "☺", "superb", "!",
    "i", "ca", "n't", "wait", "☺", "☹",
]  # fmt: skip
STANDING = [
    "Did", "n’t", "I", "say", "?", "It", "is", "n't", "dull", ":-)", "superb", "!",
    "I", "CA", "N`T", "wait", "😀", "👎",
]  # fmt: skip
RECIPE = replace(toys.RECIPE, name="reviews", maxlen=40)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model folder of a network of the same kind as the recipe `best`'s, with random weights."""
    folder = tmp_path_factory.mktemp("models") / "sentiment-reviews"
    tokenizer = Tokenizer(list(dict.fromkeys([*WORDS, *toys.GOOD, *toys.BAD])), rule=REVIEWS)
    vectors = np.random.default_rng(1).normal(size=(tokenizer.vocabulary_size, 6)).astype(np.float32)
    trained = Trained(
        recipe=RECIPE,
        seed=1,
        tokenizer=tokenizer,
        model=Network(vectors, 5).serving_model(RECIPE.maxlen),
        history=[{"loss": 0.7, "val_loss": 0.7, "val_accuracy": 0.5}],
        best_epoch=1,
        data={"training": 1, "validation": 1},
    )
    model_folder.write(trained, toys.reviews(), toys.reviews("Not {adjective}, that {thing}!"), folder)
    return folder


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[httpx.Client]:
    settings = Settings(models_dir=folder.parent, default_model=folder.name, port=0)
    with running(settings) as url, httpx.Client(base_url=url, timeout=30) as client:
        yield client


def test_words_are_those_of_the_rule(client: httpx.Client) -> None:
    answer = client.post("/tokenize", json={"texts": [TEXT, "n't", "…"]}).json()
    assert answer["tokens"] == [["<start>", *WORDS], ["<start>", "n't"], ["<start>"]]
    assert client.post("/sentiment", json={"text": TEXT}).json()["tokens"] == {
        "count": len(WORDS),
        "unknown": 0,
        "truncated": False,
    }


def test_an_explanation_says_where_the_words_stand(client: httpx.Client) -> None:
    answer = client.post("/sentiment", json={"text": TEXT, "explain": True}).json()
    assert [word["text"] for word in answer["words"]] == STANDING
    assert [TEXT[word["start"] : word["end"]] for word in answer["words"]] == STANDING
    sentences = [TEXT[one["start"] : one["end"]] for one in answer["sentences"]]
    assert sentences == ["Didn’t I say?", "It isn't dull :-) — “superb”!", "I CAN`T wait 😀👎🏽"]


def test_a_word_counts_what_is_lost_without_its_token(client: httpx.Client) -> None:
    answer = client.post("/sentiment", json={"text": TEXT, "explain": True}).json()
    ids = client.post("/tokenize", json={"texts": [TEXT]}).json()["sequences"][0]
    without = [ids[:place] + ids[place + 1 :] for place in range(1, len(ids))]
    probabilities = client.post("/predict", json={"sequences": without}).json()["probabilities"]
    found = [word["contribution"] for word in answer["words"]]
    whole = logit(answer["probabilities"]["positive"])
    assert found == pytest.approx([whole - logit(without) for without in probabilities], abs=1e-4)
    assert max(map(abs, found)) > 1e-3


def test_what_is_typed_in_another_way_gets_the_same_answer(client: httpx.Client) -> None:
    texts = ["It isn’t dull :)", "it isn't DULL 😀", "It isn‘t dull =)", "“It isn`t… dull” ☺️"]
    answers = client.post("/sentiment/batch", json={"texts": texts}).json()["results"]
    assert len({answer["score"] for answer in answers}) == 1
    assert {answer["tokens"]["count"] for answer in answers} == {5}


def test_the_steps_one_by_one_give_the_answer_of_sentiment(client: httpx.Client) -> None:
    texts = [TEXT, "not dull! " * 40, "zebra", "…"]
    sequences = client.post("/tokenize", json={"texts": texts}).json()["sequences"]
    padded = client.post("/pad", json={"sequences": sequences, "maxlen": RECIPE.maxlen}).json()["padded"]
    direct = [client.post("/sentiment", json={"text": text}).json()["probabilities"]["positive"] for text in texts]
    for ids in (sequences, padded):
        assert client.post("/predict", json={"sequences": ids}).json()["probabilities"] == pytest.approx(
            direct, abs=2e-6
        )


def test_a_vocabulary_that_is_fitted_is_that_of_keras(client: httpx.Client) -> None:
    answer = client.post("/tokenize", json={"texts": ["I don't! :)"], "fit": True}).json()
    assert answer["tokens"] == [["i", "don't"]]


def test_keras_loads_and_predicts_without_a_warning(folder: Path) -> None:
    # Warnings are errors here.
    reference = Classifier(folder, "tensorflow")
    texts = [TEXT, "", "not dull! " * 40, "zebra"]
    expected = [found.probability("positive") for found in reference.classify_all(texts)[0]]
    found = [found.probability("positive") for found in Classifier(folder).classify_all(texts)[0]]
    assert found == pytest.approx(expected, abs=1e-5)
    assert reference.classify(TEXT)[0].probability("positive") == pytest.approx(expected[0], abs=1e-6)
    assert np.ptp(expected) > 1e-3
