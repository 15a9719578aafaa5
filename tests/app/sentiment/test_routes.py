import concurrent.futures
import json
import re
from pathlib import Path
from typing import Any

import httpx
import keras
import pytest
from scipy.special import logit

from app.sentiment.schemas import ExplainedBatchResponse, ExplainedResponse, SentimentResponse
from tests import toys
from tests.conftest import Serve

LECTURE = ["This movie was awful", "I loved every moment of this movie!", "I want a refund; I was so bored!"]
TEXT = "What a brilliant film, I don't regret it. Really brilliant!"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def test_a_text_is_classified(client: httpx.Client) -> None:
    response = client.post("/sentiment", json={"text": TEXT})
    assert response.status_code == 200
    answer = response.json()
    positive = answer["probabilities"]["positive"]
    assert positive > 0.9
    assert answer == {
        "label": "positive",
        "score": positive,
        "probabilities": {"negative": pytest.approx(1 - positive), "positive": positive},
        "tokens": {"count": 10, "unknown": answer["tokens"]["unknown"], "truncated": False},
        "warnings": [],
        "model": "sentiment-tiny",
        "version": "1.0.0",
    }
    negative = client.post("/sentiment", json={"text": TEXT.replace("brilliant", "boring")}).json()
    assert negative["label"] == "negative"
    assert negative["score"] == negative["probabilities"]["negative"] > 0.5


def test_server_timing_tells_both_steps(client: httpx.Client) -> None:
    timing = client.post("/sentiment", json={"text": TEXT}).headers["server-timing"]
    assert re.fullmatch(r"tokenize;dur=\d+\.\d{3}, predict;dur=\d+\.\d{3}", timing)
    assert "server-timing" in client.post("/sentiment/batch", json={"texts": [TEXT]}).headers


@pytest.mark.parametrize(
    "arguments",
    [
        {"json": {"text": TEXT, "model": "sentiment-tiny"}},
        {"json": {"text": TEXT, "model": None}},
        {"content": TEXT.encode(), "headers": {"Content-Type": "text/plain"}},
        {"content": TEXT.encode("utf-16"), "headers": {"Content-Type": 'text/plain; charset="UTF-16"'}},
        {"data": {"text": TEXT}},
        {"data": {"model": "sentiment-tiny", "text": TEXT}},
        {"files": {"text": (None, TEXT)}},
        {"files": {"text": ("review.txt", TEXT), "model": (None, "sentiment-tiny")}},
        {"content": b"text=" + TEXT.encode(), "headers": FORM},
        {"content": TEXT.encode(), "headers": FORM},
        {"content": json.dumps({"text": TEXT}).encode(), "headers": FORM},
    ],
    ids=range(11),
)
def test_a_text_is_taken_in_every_form(client: httpx.Client, arguments: dict[str, Any]) -> None:
    expected = client.post("/sentiment", json={"text": TEXT}).json()
    assert client.post("/sentiment", **arguments).json() == expected


@pytest.mark.parametrize(
    "arguments",
    [
        {"content": b"txt=hello", "headers": FORM},
        {"content": b"txt=two words\n", "headers": FORM},
        {"content": b"txt=hello&text=a", "headers": FORM},
        {"files": {"txt": (None, "hello")}},
    ],
    ids=range(4),
)
def test_a_form_with_an_unknown_field_is_told_which_there_are(client: httpx.Client, arguments: dict[str, Any]) -> None:
    response = client.post("/sentiment", **arguments)
    assert response.status_code == 422
    document = response.json()
    assert document["detail"] == (
        "The form has a field 'txt', but its fields are `text`, `model`, `version`, `labels`, `explain`."
    )
    assert {"pointer": "#/txt", "detail": "is not a known field"} in document["errors"]


@pytest.mark.parametrize("text", ["a = b, a fine film", "rating=5\na fine film", "What if 2=3? A fine film", "=)", "x"])
def test_a_text_that_does_not_begin_as_a_field_is_a_text(client: httpx.Client, text: str) -> None:
    expected = client.post("/sentiment", json={"text": text}).json()
    assert client.post("/sentiment", content=text.encode(), headers=FORM).json() == expected


def test_a_form_is_decoded(client: httpx.Client) -> None:
    expected = client.post("/sentiment", json={"text": "a + b = 100% brilliant\nfilm & story"}).json()
    body = b"text=a+%2B+b+%3D+100%25+brilliant%0Afilm+%26+story"
    assert client.post("/sentiment", content=body, headers=FORM).json() == expected


@pytest.mark.parametrize(
    ("accept", "plain"),
    [
        ("text/plain", True),
        ("Text/Plain; charset=utf-8".lower(), True),
        ("text/plain, */*;q=0.1", True),
        ("text/plain;q=0.9, application/json", False),
        ("text/plain;q=0, application/json", False),
        ("text/plain;q=x", False),
        ("text/html, */*", False),
        ("", False),
        ("*/*", False),
    ],
)
def test_the_answer_comes_in_the_form_that_is_asked_for(client: httpx.Client, accept: str, plain: bool) -> None:
    response = client.post("/sentiment", json={"text": TEXT}, headers={"Accept": accept})
    if plain:
        assert response.headers["content-type"].startswith("text/plain")
        assert re.fullmatch(r"positive 0\.\d{4}\n", response.text)
    else:
        assert response.json()["label"] == "positive"


@pytest.mark.parametrize(
    ("text", "warnings"),
    [
        ("A brilliant film", []),
        ("…!", ["unknown_words"]),
        ("!", ["no_words"]),
        ("zebra", ["unknown_words"]),
        ("ein zebra und noch ein zebra", ["not_english"]),
        ("zebra " * 12, ["truncated", "not_english"]),
    ],
)
def test_every_answer_says_what_there_is_to_warn_of(client: httpx.Client, text: str, warnings: list[str]) -> None:
    assert client.post("/sentiment", json={"text": text}).json()["warnings"] == warnings
    explained = client.post("/sentiment", json={"text": text, "explain": True}).json()
    assert ExplainedResponse.model_validate(explained).warnings == warnings
    results = client.post("/sentiment/batch", json={"texts": ["film", text]}).json()["results"]
    assert [result["warnings"] for result in results] == [[], warnings]
    plain = client.post("/sentiment", json={"text": text}, headers={"Accept": "text/plain"}).text
    assert plain.endswith("\n")
    assert plain.split()[2:] == ([",".join(warnings)] if warnings else [])


def test_a_long_text_gets_the_answer_of_its_end(client: httpx.Client) -> None:
    long = client.post("/sentiment", json={"text": "awful plot " * 20_000 + "brilliant " * 12}).json()
    end = client.post("/sentiment", json={"text": "brilliant " * 12}).json()
    assert long["tokens"]["truncated"]
    assert long["probabilities"] == end["probabilities"]


def test_a_batch_is_answered_in_order(client: httpx.Client) -> None:
    texts = [" ".join([*toys.GOOD, *toys.BAD, *toys.THINGS][: n % 18 + 1]) for n in range(700)]
    results = client.post("/sentiment/batch", json={"texts": texts}).json()["results"]
    assert len(results) == len(texts)
    for text, result in zip(texts[:40], results, strict=False):
        single = client.post("/sentiment", json={"text": text}).json()
        assert result["tokens"] == single["tokens"]
        assert result["score"] == pytest.approx(single["score"], abs=2e-6)
    assert results[:18] == results[18:36] == results[-2 * 18 - 700 % 18 : -18 - 700 % 18]


def test_the_lectures_little_example_comes_out_to_the_digit(client: httpx.Client) -> None:
    fitted = client.post("/tokenize", json={"texts": LECTURE, "fit": True}).json()
    assert fitted["vocabulary_size"] == 14
    words = "i this movie was awful loved every moment of want a refund so bored"
    assert fitted["word_index"] == {word: index for index, word in enumerate(words.split(" "), start=1)}
    assert fitted["tokens"][0] == ["this", "movie", "was", "awful"]
    padded = client.post("/pad", json={"sequences": fitted["sequences"]}).json()
    assert padded["shape"] == [3, 8]
    assert padded["padded"] == [
        [0, 0, 0, 0, 2, 3, 4, 5],
        [0, 1, 6, 7, 8, 9, 2, 3],
        [1, 10, 11, 12, 1, 4, 13, 14],
    ]


def test_tokens_are_those_of_the_model(client: httpx.Client) -> None:
    answer = client.post("/tokenize", json={"texts": ["Film? Zebra!", " "]}).json()
    assert answer["tokens"] == [["<start>", "film", "<unknown>"], ["<start>"]]
    assert answer["sequences"][1] == [1]
    assert answer["vocabulary_size"] == 24
    assert "word_index" not in answer


@pytest.mark.parametrize(
    ("padding", "truncating"), [("pre", "pre"), ("pre", "post"), ("post", "pre"), ("post", "post")]
)
def test_padding_is_that_of_keras(client: httpx.Client, padding: str, truncating: str) -> None:
    sequences = [[1, 2, 3], [], [4, 5, 6, 7, 8, 9]]
    body = {"sequences": sequences, "maxlen": 4, "padding": padding, "truncating": truncating, "value": -7}
    expected = keras.utils.pad_sequences(sequences, 4, padding=padding, truncating=truncating, value=-7)
    assert client.post("/pad", json=body).json() == {"padded": expected.tolist(), "shape": [3, 4]}


def test_the_steps_one_by_one_give_the_answer_of_sentiment(client: httpx.Client, models_dir: Path) -> None:
    texts = [TEXT, "zebra", "dull " * 40, "a superb cast"]
    sequences = client.post("/tokenize", json={"texts": texts}).json()["sequences"]
    padded = client.post("/pad", json={"sequences": sequences, "maxlen": 12}).json()["padded"]
    answer = client.post("/predict", json={"sequences": padded}).json()
    assert answer["model"] == "sentiment-tiny"
    direct = [client.post("/sentiment", json={"text": text}).json()["probabilities"]["positive"] for text in texts]
    model = keras.models.load_model(models_dir / "sentiment-tiny" / "model.keras")
    expected = model.predict(keras.utils.pad_sequences(sequences, 12), verbose=0)[:, 0]
    assert answer["probabilities"] == pytest.approx(direct, abs=1e-5)
    assert answer["probabilities"] == pytest.approx(expected, abs=1e-5)
    unpadded = client.post("/predict", json={"sequences": sequences}).json()
    assert unpadded["probabilities"] == pytest.approx(direct, abs=1e-5)


def test_one_sequence_is_predicted_at_once(client: httpx.Client) -> None:
    one = client.post("/predict", json={"sequences": [[1, 3, 4]]}).json()["probabilities"]
    two = client.post("/predict", json={"sequences": [[1, 3, 4], [1]]}).json()["probabilities"]
    assert one[0] == pytest.approx(two[0], abs=2e-6)


def test_the_answer_written_by_hand_is_that_of_the_schema(client: httpx.Client) -> None:
    for text in (TEXT, "zebra", "dull " * 40, " "):
        content = client.post("/sentiment", json={"text": text}).content
        assert SentimentResponse.model_validate_json(content).model_dump_json().encode() == content


def test_texts_that_come_together_get_their_own_answers(client: httpx.Client) -> None:
    texts = [f"{word} {thing} zebra " * 40 for word in (*toys.GOOD, *toys.BAD) for thing in toys.THINGS[:3]]
    expected = [client.post("/sentiment", json={"text": text}).json()["score"] for text in texts]
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = pool.map(
            lambda text: httpx.post(client.base_url.join("/sentiment"), json={"text": text}).json(), texts
        )
    assert [answer["score"] for answer in answers] == pytest.approx(expected, abs=2e-6)


def test_an_explanation_is_added_to_the_answer(client: httpx.Client) -> None:
    text = "What a brilliant film! Boring music, though 😀."
    response = client.post("/sentiment", json={"text": text, "explain": True})
    answer = response.json()
    plain = client.post("/sentiment", json={"text": text}).json()
    assert {name: value for name, value in answer.items() if name not in {"words", "sentences"}} == plain
    assert client.post("/sentiment", json={"text": text, "explain": False}).json() == plain
    found = [word["text"] for word in answer["words"]]
    assert found == [text[word["start"] : word["end"]] for word in answer["words"]]
    assert found == ["What", "a", "brilliant", "film", "Boring", "music", "though", "😀"]
    for word in answer["words"]:
        without = client.post("/sentiment", json={"text": text[: word["start"]] + text[word["end"] :]}).json()
        lost = logit(plain["probabilities"]["positive"]) - logit(without["probabilities"]["positive"])
        assert word["contribution"] == pytest.approx(lost, abs=1e-3)
    assert [text[one["start"] : one["end"]] for one in answer["sentences"]] == [
        "What a brilliant film!",
        "Boring music, though 😀.",
    ]
    for one in answer["sentences"]:
        alone = client.post("/sentiment", json={"text": text[one["start"] : one["end"]]}).json()
        assert (one["label"], one["score"]) == (alone["label"], pytest.approx(alone["score"], abs=2e-6))


@pytest.mark.parametrize(
    "arguments",
    [
        {"data": {"text": TEXT, "explain": "true"}},
        {"content": b"explain=true&text=" + TEXT.encode(), "headers": FORM},
        {"files": {"text": ("review.txt", TEXT), "explain": (None, "true")}},
        {"content": json.dumps({"text": TEXT, "explain": True}).encode(), "headers": FORM},
    ],
    ids=range(4),
)
def test_an_explanation_is_given_in_every_form(client: httpx.Client, arguments: dict[str, Any]) -> None:
    assert client.post("/sentiment", **arguments).json()["words"][2]["text"] == "brilliant"


def test_a_form_may_do_without_an_explanation(client: httpx.Client) -> None:
    assert "words" not in client.post("/sentiment", data={"text": TEXT, "explain": "false"}).json()


def test_plain_text_has_no_room_for_an_explanation(client: httpx.Client) -> None:
    response = client.post("/sentiment", json={"text": TEXT, "explain": True}, headers={"Accept": "text/plain"})
    assert re.fullmatch(r"positive 0\.\d{4}\n", response.text)


def test_server_timing_tells_what_explaining_took(client: httpx.Client) -> None:
    timing = client.post("/sentiment", json={"text": TEXT, "explain": True}).headers["server-timing"]
    assert re.fullmatch(r"tokenize;dur=\d+\.\d{3}, predict;dur=\d+\.\d{3}, explain;dur=\d+\.\d{3}", timing)


def test_the_explanation_written_by_hand_is_that_of_the_schema(client: httpx.Client) -> None:
    for text in (TEXT, "zebra", '"dull" \\ \x00\x1f \u2028 😀 ' * 9, " "):
        content = client.post("/sentiment", json={"text": text, "explain": True}).content
        assert json.loads(ExplainedResponse.model_validate_json(content).model_dump_json()) == json.loads(content)
        assert b"-0.0," not in content.replace(b"}", b",")


@pytest.fixture(scope="module")
def windows(serve: Serve, window_models_dir: Path) -> httpx.Client:
    return serve(models_dir=window_models_dir, default_model="sentiment-windows")


def test_a_batch_is_explained_text_by_text(client: httpx.Client, windows: httpx.Client) -> None:
    words = [*toys.GOOD, *toys.BAD, *toys.THINGS]
    texts = [f"{words[n % 18]} {words[(7 * n + 1) % 18]}! zebra " * (1 + n % 9) for n in range(75)]
    texts[40] = " "
    for service in (client, windows):
        response = service.post(
            "/sentiment/batch", json={"texts": texts[:60] if service is client else texts, "explain": True}
        )
        results = response.json()["results"]
        for text, result in zip(texts, results, strict=False):
            alone = service.post("/sentiment", json={"text": text, "explain": True}).json()
            assert result.keys() == alone.keys()
            assert result["tokens"] == alone["tokens"]
            assert result["score"] == pytest.approx(alone["score"], abs=2e-6)
            contributions, expected = ([word.pop("contribution") for word in one["words"]] for one in (result, alone))
            assert contributions == pytest.approx(expected, abs=1e-3)
            assert result["words"] == alone["words"]
            scores, expected = ([one.pop("score") for one in each["sentences"]] for each in (result, alone))
            assert scores == pytest.approx(expected, abs=2e-6)
            assert result["sentences"] == alone["sentences"]
        plain = service.post("/sentiment/batch", json={"texts": texts, "explain": False}).json()["results"]
        assert plain == service.post("/sentiment/batch", json={"texts": texts}).json()["results"]
        for one, other in zip(results, plain, strict=False):
            assert {name: one[name] for name in other if name not in {"score", "probabilities"}} == {
                name: value for name, value in other.items() if name not in {"score", "probabilities"}
            }


def test_a_batch_is_explained_among_labels(windows: httpx.Client) -> None:
    texts = ["a superb film", "what a plain plot it is for a film, " * 3]
    body = {"texts": texts, "explain": True, "labels": ["negative", "neutral"]}
    found = ExplainedBatchResponse.model_validate(windows.post("/sentiment/batch", json=body).json()).results
    for text, result in zip(texts, found, strict=True):
        alone = windows.post("/sentiment", json={"text": text, "explain": True, "labels": body["labels"]}).json()
        assert list(result.probabilities) == body["labels"]
        contributions = [word["contribution"] for word in alone["words"]]
        assert [word.contribution for word in result.words] == pytest.approx(contributions, abs=1e-4)


def test_the_explained_batch_written_by_hand_is_that_of_the_schema(client: httpx.Client) -> None:
    texts = [TEXT, "zebra", '"dull" \\ \x00\x1f \u2028 😀 ' * 9, " "]
    content = client.post("/sentiment/batch", json={"texts": texts, "explain": True}).content
    assert json.loads(ExplainedBatchResponse.model_validate_json(content).model_dump_json()) == json.loads(content)


def test_server_timing_tells_what_explaining_a_batch_took(client: httpx.Client) -> None:
    timing = client.post("/sentiment/batch", json={"texts": [TEXT], "explain": True}).headers["server-timing"]
    assert re.fullmatch(r"tokenize;dur=\d+\.\d{3}, predict;dur=\d+\.\d{3}, explain;dur=\d+\.\d{3}", timing)


@pytest.mark.parametrize(
    "arguments",
    [
        {"content": TEXT.encode(), "headers": {"Content-Type": "text/plain"}},
        {"content": TEXT.encode(), "headers": FORM},
        {"data": {"text": TEXT}},
        {"files": {"text": (None, TEXT)}},
        {"json": {"text": TEXT}},
    ],
    ids=range(5),
)
def test_the_query_says_what_the_body_does_not(client: httpx.Client, arguments: dict[str, Any]) -> None:
    query = {"model": "sentiment-tiny", "labels": "positive,negative", "explain": "true"}
    answer = client.post("/sentiment", params=query, **arguments)
    assert answer.json() == client.post("/sentiment", json={"text": TEXT, "explain": True}).json()
    for name, value in {"model": "sentiment-none", "labels": "positive,odd", "explain": "perhaps"}.items():
        wrong = client.post("/sentiment", params={name: value}, **arguments)
        assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (
            404 if name == "model" else 422,
            f"#/{name}",
        )


def test_the_body_counts_more_than_the_query(client: httpx.Client) -> None:
    for arguments in ({"json": {"text": TEXT, "explain": False}}, {"data": {"text": TEXT, "explain": "false"}}):
        assert "words" not in client.post("/sentiment?explain=true", **arguments).json()
