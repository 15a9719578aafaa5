"""Models of three and of five labels, all the way from the graph to HTTP."""

import asyncio
import json
import math
import shutil
from pathlib import Path
from typing import Any

import httpx
import keras
import numpy as np
import pytest

from app.artifacts.manifest import MANIFEST, ArtifactError, signed
from app.sentiment.batching import DynamicBatcher
from app.sentiment.classifier import Classification, Classifier
from app.sentiment.explanation import explain
from app.sentiment.labels import LabelsError, choose
from app.sentiment.schemas import BatchResponse, ExplainedResponse, PredictResponse, SentimentResponse
from tests import toys
from tests.conftest import Serve

THREE, FIVE = tuple(toys.THREE_LABELS), tuple(toys.FIVE_LABELS)
TEXTS = ["", "zzz", "What a superb plot.", "What a plain film.", "dull " * 30, "awful passable lovely film"]


@pytest.fixture(scope="module")
def three(labelled_models_dir: Path) -> Classifier:
    return Classifier(labelled_models_dir / "sentiment-three")


@pytest.fixture(scope="module")
def five(labelled_models_dir: Path) -> Classifier:
    return Classifier(labelled_models_dir / "sentiment-five")


@pytest.fixture(scope="module")
def client(serve: Serve, labelled_models_dir: Path) -> httpx.Client:
    return serve(models_dir=labelled_models_dir, default_model="sentiment-three")


@pytest.fixture
def copy(labelled_models_dir: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(labelled_models_dir / "sentiment-three", tmp_path / "sentiment-three"))


def name_labels(folder: Path, labels: list[str]) -> None:
    document = json.loads((folder / MANIFEST).read_text())
    document["serving"]["labels"] = labels
    (folder / MANIFEST).write_bytes(signed(document))


# ---------------------------------------------------------------- labels and their choice


def test_a_choice_is_in_the_order_of_the_model() -> None:
    assert choose(THREE, ["positive", "negative"]) == ("negative", "positive")
    assert choose(THREE, THREE[::-1]) == THREE


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        (["negative", "glad"], "names 'glad', which the model does not have; it has negative, neutral, positive"),
        (["neutral", "neutral"], "names a label twice"),
        (["neutral"], "names fewer than two"),
        ([], "names fewer than two"),
    ],
)
def test_a_choice_that_is_none_says_why(wanted: list[str], reason: str) -> None:
    with pytest.raises(LabelsError, match=reason):
        choose(THREE, wanted)


def test_of_equally_probable_labels_the_last_is_the_answer() -> None:
    assert Classification(THREE, (0.4, 0.2, 0.4), 1, 0, truncated=False).label == "positive"
    assert Classification(THREE, (0.4, 0.4, 0.2), 1, 0, truncated=False).label == "neutral"
    assert Classification(("negative", "positive"), (0.5, 0.5), 1, 0, truncated=False).label == "positive"


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        (
            ["negative", "positive"],
            "names the labels negative, positive, for which a model has 1 output, not 3; restore",
        ),
        (["a", "b", "c", "d"], "names the labels a, b, c, d, for which a model has 4 outputs, not 3; restore"),
        (["a", "b", "b"], "lacks settings for serving"),
        (["a", "b", 'c"'], "lacks settings for serving"),
        (["a", "b", "c,d"], "lacks settings for serving"),
        (["a"], "lacks settings for serving"),
    ],
)
@pytest.mark.parametrize("engine", ["onnx", "tensorflow"])
def test_a_manifest_with_other_labels_than_the_model_is_refused(
    copy: Path, labels: list[str], reason: str, engine: Any
) -> None:
    name_labels(copy, labels)
    with pytest.raises(ArtifactError, match=reason) as caught:
        Classifier(copy, engine)
    assert str(caught.value).startswith(str(copy / MANIFEST))


def test_a_single_output_stands_for_negative_and_positive_alone(models_dir: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(models_dir / "sentiment-tiny", tmp_path / "sentiment-tiny"))
    name_labels(folder, ["positive", "negative"])
    with pytest.raises(
        ArtifactError, match="names the labels positive, negative, for which a model has 2 outputs, not 1;"
    ):
        Classifier(folder)


def test_a_manifest_without_labels_is_of_negative_and_positive(models_dir: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(models_dir / "sentiment-tiny", tmp_path / "sentiment-tiny"))
    document = json.loads((folder / MANIFEST).read_text())
    assert document["serving"].pop("labels") == ["negative", "positive"]
    (folder / MANIFEST).write_bytes(signed(document))
    assert Classifier(folder).labels == ("negative", "positive")


# ---------------------------------------------------------------- engine, classifier, batcher


@pytest.mark.parametrize("engine", ["onnx", "tensorflow"])
@pytest.mark.parametrize("name", ["three", "five"])
def test_probabilities_are_those_of_keras(labelled_models_dir: Path, name: str, engine: Any) -> None:
    folder = labelled_models_dir / f"sentiment-{name}"
    classifier = Classifier(folder, engine)
    sequences = [classifier.tokenizer.encode(text).ids for text in TEXTS]
    padded = keras.utils.pad_sequences(sequences, maxlen=classifier.serving.maxlen)
    expected = keras.models.load_model(folder / "model.keras").predict(padded, verbose=0)

    np.testing.assert_allclose(classifier.predict(sequences), expected, rtol=0, atol=1e-6)
    together = [found.probabilities for found in classifier.classify_all(TEXTS)[0]]
    np.testing.assert_allclose(together, expected, rtol=0, atol=1e-6)
    alone = [classifier.classify(text)[0].probabilities for text in TEXTS]
    np.testing.assert_allclose(alone, expected, rtol=0, atol=1e-6)
    assert classifier.predict([]).shape == (0, len(classifier.labels))


def test_every_label_is_learnt(three: Classifier, five: Classifier) -> None:
    for classifier, words in ((three, toys.THREE_LABELS), (five, toys.FIVE_LABELS)):
        for label, of_label in words.items():
            found, _ = classifier.classify(f"What a {of_label[0]} story.")
            assert found.label == label
            assert found.score == found.probability(label) > 0.9
            assert found.labels == tuple(words)


def test_the_batcher_gives_what_the_classifier_gives(three: Classifier) -> None:
    async def run() -> list[Classification]:
        batcher = DynamicBatcher(three)
        return [found for found, _ in await asyncio.gather(*map(batcher.classify, TEXTS))]

    for found, text in zip(asyncio.run(run()), TEXTS, strict=True):
        expected = three.classify(text)[0]
        assert found.label == expected.label
        assert found.probabilities == pytest.approx(expected.probabilities, abs=1e-6)


# ---------------------------------------------------------------- explanation


def log_odds(pro: float, contra: float) -> float:
    return math.log(pro / contra)


def test_words_contribute_to_positive_against_negative(three: Classifier) -> None:
    text = "What a superb but dull plot"
    whole = three.classify(text)[0]

    def of(found: Classification) -> float:
        return log_odds(found.probability("positive"), found.probability("negative"))

    words = explain(three, text).explanation.words

    for word in words:
        without = three.classify(text[: word.start] + text[word.end :])[0]
        assert word.contribution == pytest.approx(of(whole) - of(without), abs=1e-3)
    assert words[2].contribution > 1
    assert words[4].contribution < -1
    # Among these two, the odds are the same.
    among = explain(three, text, ("negative", "positive")).explanation.words
    assert [word.contribution for word in among] == pytest.approx([word.contribution for word in words])


def test_words_contribute_to_the_label_against_the_others(five: Classifier) -> None:
    text = "What a merry but gloomy plot"
    whole = five.classify(text)[0]

    def of(found: Classification, labels: tuple[str, ...]) -> float:
        others = sum(found.probability(label) for label in labels if label != label_of_text)
        return log_odds(found.probability(label_of_text), others)

    for labels in (FIVE, ("anger", "joy", "sadness")):
        chosen = whole.among(labels)
        label_of_text = chosen.label
        assert label_of_text in {"joy", "sadness"}
        words = explain(five, text, labels).explanation.words
        for word in words:
            without = five.classify(text[: word.start] + text[word.end :])[0]
            assert word.contribution == pytest.approx(of(whole, labels) - of(without, labels), abs=1e-3)
        assert max(word.contribution for word in words) > 1


def test_a_probability_of_0_has_contributions_too(three: Classifier, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(three.engine, "predict", lambda texts: np.array([[0.0, 0.0, 1.0]] * len(texts)))
    monkeypatch.setattr(three, "predict", lambda sequences: np.array([[1.0, 0.0, 0.0]] * len(sequences)))

    words = explain(three, "superb film").explanation.words

    assert all(math.isfinite(word.contribution) for word in words)
    assert words[0].contribution > 100


def test_sentences_are_classified_among_the_chosen_labels(three: Classifier) -> None:
    text = "What a plain film. What a superb film."

    found = explain(three, text).explanation.sentences
    among = explain(three, text, ("negative", "positive")).explanation.sentences

    assert [sentence.classification.label for sentence in found] == ["neutral", "positive"]
    assert {sentence.classification.labels for sentence in among} == {("negative", "positive")}
    assert among[1].classification.label == "positive"


def test_a_text_without_words_is_explained(three: Classifier) -> None:
    assert explain(three, " ... ").explanation == ([], [])


# ---------------------------------------------------------------- HTTP


def post(client: httpx.Client, path: str, **body: object) -> Any:
    response = client.post(path, json=body)
    assert response.status_code == 200, response.text
    return response.json()


def test_the_answer_has_a_probability_for_each_label(client: httpx.Client, three: Classifier) -> None:
    answer = post(client, "/sentiment", text="What a plain film.")

    found = SentimentResponse.model_validate(answer)
    expected = three.classify("What a plain film.")[0]
    assert found.label == "neutral"
    assert list(found.probabilities) == list(THREE)
    assert list(found.probabilities.values()) == pytest.approx(expected.probabilities, abs=2e-6)
    assert found.score == found.probabilities["neutral"]


def test_five_labels_are_answered_too(client: httpx.Client) -> None:
    answer = post(client, "/sentiment", text="What a tearful film.", model="sentiment-five")

    assert answer["label"] == "sadness"
    assert list(answer["probabilities"]) == list(FIVE)


def test_plain_text_is_the_label_and_its_score(client: httpx.Client) -> None:
    response = client.post("/sentiment", json={"text": "What a plain film."}, headers={"Accept": "text/plain"})

    label, score = response.text.split()
    assert label == "neutral"
    assert 0.9 < float(score) <= 1


@pytest.mark.parametrize(
    "request_",
    [
        {"json": {"text": "What a plain film.", "labels": ["positive", "negative"]}},
        {"data": {"text": "What a plain film.", "labels": "positive,negative"}},
        {"files": {"text": (None, "What a plain film."), "labels": (None, "positive,negative")}},
    ],
    ids=["json", "urlencoded", "multipart"],
)
def test_a_request_may_choose_among_labels(client: httpx.Client, request_: dict[str, Any]) -> None:
    whole = post(client, "/sentiment", text="What a plain film.")["probabilities"]

    response = client.post("/sentiment", **request_)

    assert response.status_code == 200, response.text
    answer = response.json()
    assert list(answer["probabilities"]) == ["negative", "positive"]
    share = whole["positive"] / (whole["positive"] + whole["negative"])
    assert answer["probabilities"]["positive"] == pytest.approx(share, abs=0.01)
    assert answer["label"] == ("positive" if share >= 0.5 else "negative")


def test_an_explanation_over_http(client: httpx.Client) -> None:
    text = "What a superb film. What a plain film."

    found = ExplainedResponse.model_validate(post(client, "/sentiment", text=text, explain=True))
    among = post(client, "/sentiment", text=text, explain=True, labels=["negative", "neutral"])

    assert [sentence.label for sentence in found.sentences] == ["positive", "neutral"]
    assert [word.text for word in found.words] == text.replace(".", "").split()
    assert found.words[2].contribution == max(word.contribution for word in found.words)
    assert set(among["probabilities"]) == {"negative", "neutral"}
    assert {sentence["label"] for sentence in among["sentences"]} <= {"negative", "neutral"}


def test_a_batch(client: httpx.Client) -> None:
    texts = [f"What {words[0]} music." for words in toys.THREE_LABELS.values()]

    found = BatchResponse.model_validate(post(client, "/sentiment/batch", texts=texts)).results
    among = post(client, "/sentiment/batch", texts=texts, labels=["neutral", "negative"])["results"]

    assert [one.label for one in found] == list(THREE)
    assert [list(one["probabilities"]) for one in among] == [["negative", "neutral"]] * 3
    assert [one["label"] for one in among[:2]] == ["negative", "neutral"]


def test_a_prediction_is_a_row_of_probabilities(client: httpx.Client, three: Classifier) -> None:
    sequences = [three.tokenizer.encode(text).ids for text in TEXTS]

    found = PredictResponse.model_validate(post(client, "/predict", sequences=sequences)).probabilities

    np.testing.assert_allclose(np.array(found), three.predict(sequences), rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("labels", "detail"),
    [
        (["negative", "glad"], "names 'glad', which the model does not have; it has negative, neutral, positive"),
        (["neutral", "neutral"], "names a label twice"),
        (["neutral"], "names fewer than two"),
        ([], "names fewer than two"),
        (["neutral"] * 21, "at most 20 items"),
        ("negative,positive", "must be a list"),
        ([1, 2], "must be a string"),
    ],
)
@pytest.mark.parametrize(
    ("path", "text"), [("/sentiment", {"text": "film"}), ("/sentiment/batch", {"texts": ["film"]})]
)
def test_a_wrong_choice_is_refused(
    client: httpx.Client, path: str, text: dict[str, Any], labels: object, detail: str
) -> None:
    response = client.post(path, json={**text, "labels": labels})

    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    (error, *_) = response.json()["errors"]
    assert error["pointer"].startswith("#/labels")
    assert detail in error["detail"]


def test_the_models_list_their_labels(client: httpx.Client) -> None:
    models = client.get("/models").json()["models"]

    assert {model["name"]: model["labels"] for model in models} == {
        "sentiment-three": list(THREE),
        "sentiment-five": list(FIVE),
    }


def test_texts_are_counted_by_label(client: httpx.Client) -> None:
    def count() -> float:
        lines = client.get("/metrics").text.splitlines()
        start = 'sentiment_texts_total{label="surprise",model="sentiment-five",version="1.0.0"}'
        return sum(float(line.removeprefix(start)) for line in lines if line.startswith(start))

    before = count()
    post(client, "/sentiment", text="What an amazed cast.", model="sentiment-five")
    post(client, "/sentiment/batch", texts=["What an amazed cast."] * 2, model="sentiment-five")

    assert count() == before + 3


def test_the_document_describes_labels(client: httpx.Client) -> None:
    schemas = client.get("/openapi.json").json()["components"]["schemas"]

    answer = schemas["SentimentResponse"]["properties"]
    assert answer["label"]["type"] == "string"
    assert answer["probabilities"]["additionalProperties"] == {"type": "number", "minimum": 0, "maximum": 1}
    for name in ("SentimentRequest", "BatchRequest"):
        (choice,) = (one for one in schemas[name]["properties"]["labels"]["anyOf"] if one["type"] == "array")
        assert (choice["items"]["type"], choice["minItems"], choice["maxItems"]) == ("string", 2, 20)


def test_a_text_is_counted_as_the_chosen_label_that_was_answered(serve: Serve, labelled_models_dir: Path) -> None:
    client = serve(models_dir=labelled_models_dir, default_model="sentiment-three")

    answers = [
        post(client, "/sentiment", text="What a plain film.", labels=["negative", "positive"]),
        post(client, "/sentiment", text="What a plain film.", labels=["negative", "positive"], explain=True),
        *post(client, "/sentiment/batch", texts=["What a plain film."], labels=["negative", "positive"])["results"],
    ]
    rows = client.post(
        "/sentiment/batch?labels=negative,positive",
        content='{"text": "What a plain film."}',
        headers={"Content-Type": "application/x-ndjson"},
    )
    answers.append(rows.json())

    counted = client.get("/metrics").text
    (label,) = {answer["label"] for answer in answers}
    assert f'sentiment_texts_total{{label="{label}",model="sentiment-three",version="1.0.0"}} 4.0' in counted
    assert 'sentiment_texts_total{label="neutral",model="sentiment-three",version="1.0.0"} 0.0' in counted
