"""The routes of word vectors over HTTP, and what they refuse."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
import pytest

from app.compute import INLINE_SECONDS, Compute
from app.main import create_app
from app.settings import Settings
from app.vectors.registry import VectorSpaces
from app.vectors.service import EXPLAINED, SECONDS_A_LETTER, SECONDS_A_RESULT, SECONDS_A_WORD, VectorsService
from app.vectors.space import VectorSpace
from tests import asgi, toys
from tests.app.test_bad_input import problem
from tests.conftest import Serve

Result = TypeVar("Result")

MANY_WORDS = 1 + int(INLINE_SECONDS / SECONDS_A_WORD)
"""That make long work."""
MANY_RESULTS = 1 + int(INLINE_SECONDS / SECONDS_A_RESULT)
"""The same of the nearest words."""


def ask(client: httpx.Client, **body: Any) -> httpx.Response:
    return client.post("/analogies", json={"space": "toy", **body})


def words(response: httpx.Response) -> list[str]:
    assert response.status_code == 200, response.text
    return [found["word"] for found in response.json()["results"]]


def pointers(response: httpx.Response, status: int) -> list[str]:
    return [error["pointer"] for error in problem(response, status)["errors"]]


def test_the_spaces(client: httpx.Client) -> None:
    space = {"name": "toy", "words": 11, "dimensions": 4, "source": "the tests", "licence": "none"}
    assert client.get("/vectors").json() == {"spaces": [space]}


@pytest.mark.parametrize("word", ["king", "and/or", "New-York", "😀"])
def test_a_vector(client: httpx.Client, word: str) -> None:
    answer = client.get(f"/vectors/toy/{quote(word, safe='')}").json()
    assert answer["word"] == word
    assert answer["vector"] == toys.WORDS[word]
    assert answer["rank"] == list(toys.WORDS).index(word) + 1
    assert answer["norm"] == pytest.approx(sum(value**2 for value in toys.WORDS[word]) ** 0.5, abs=1e-6)


def test_a_word_with_a_slash_as_it_is(client: httpx.Client) -> None:
    assert client.get("/vectors/toy/and/or").json()["word"] == "and/or"
    assert client.get("/vectors/toy/and/or/neighbors").json()["word"] == "and/or"


def test_upper_case(client: httpx.Client) -> None:
    assert client.get("/vectors/toy/KING").json()["word"] == "king"
    assert ask(client, positive=["QUEEN", "Man"], negative=["King"]).json()["positive"] == ["queen", "man"]


def test_neighbors(client: httpx.Client) -> None:
    answer = client.get("/vectors/toy/king/neighbors", params={"topn": 3}).json()
    assert answer["word"] == "king"
    assert len(answer["results"]) == 3
    assert "king" not in [found["word"] for found in answer["results"]]
    similarities = [found["similarity"] for found in answer["results"]]
    assert similarities == sorted(similarities, reverse=True)
    nearest = answer["results"][0]
    params = {"a": "king", "b": nearest["word"]}
    assert client.get("/vectors/toy/similarity", params=params).json() == {**params, "similarity": similarities[0]}


@pytest.mark.parametrize("dimensions", [2, 3])
@pytest.mark.parametrize("normalize", [False, True])
def test_projection(client: httpx.Client, dimensions: int, normalize: bool) -> None:
    body = {"words": ["King", "queen", "man", "nothing"], "dimensions": dimensions, "normalize": normalize}
    answer = client.post("/vectors/toy/projection", json=body).json()
    assert [point["word"] for point in answer["points"]] == ["king", "queen", "man", "nothing"]
    assert {len(point["coordinates"]) for point in answer["points"]} == {dimensions}
    assert len(answer["explained_variance_ratio"]) == dimensions
    assert sum(answer["explained_variance_ratio"]) <= 1 + 1e-6


def test_analogies(client: httpx.Client) -> None:
    answer = ask(client, positive=["queen", "man"], negative=["king"], topn=3).json()
    assert answer["results"][0]["word"] == "woman"
    assert len(answer["results"]) == 3
    assert (answer["space"], answer["positive"], answer["negative"]) == ("toy", ["queen", "man"], ["king"])


def test_the_lectures_convention_keeps_the_inputs(client: httpx.Client) -> None:
    question = {"positive": ["king"], "normalize": False}
    assert words(ask(client, **question, exclude_inputs=False))[0] == "king"
    assert "king" not in words(ask(client, **question, exclude_inputs=True))


def test_unit_vectors_and_vectors_as_they_are_differ(client: httpx.Client) -> None:
    question = {"positive": ["the", "girl"], "exclude_inputs": False, "topn": 1}
    assert words(ask(client, **question, normalize=True)) != words(ask(client, **question, normalize=False))


def test_a_restricted_vocabulary(client: httpx.Client) -> None:
    assert set(words(ask(client, positive=["king"], restrict_vocab=2))) == {"the", "man"}


@pytest.mark.parametrize(
    "query",
    [
        "queen%20-%20king%20%2B%20man",
        "queen%20-%20king%20+%20man",
        "queen+-+king+%2B+man",
        "queen-king%2Bman",
        "QUEEN%20%E2%88%92%20King%20man",
    ],
)
def test_expressions_as_browsers_and_people_write_them(client: httpx.Client, query: str) -> None:
    typed = client.get(f"/analogies?expression={query}&space=toy")
    assert typed.json() == ask(client, positive=["queen", "man"], negative=["king"]).json()


def test_options_of_a_typed_analogy(client: httpx.Client) -> None:
    options = {"topn": 2, "normalize": False, "exclude_inputs": False, "restrict_vocab": 5}
    typed = client.get("/analogies", params={"expression": "queen", "space": "toy", **options})
    assert typed.json() == ask(client, positive=["queen"], **options).json()


@pytest.mark.parametrize(
    "option", [{"topn": 2}, {"normalize": False}, {"exclude_inputs": False}, {"restrict_vocab": 3}], ids=str
)
def test_each_option_of_a_typed_analogy_counts(client: httpx.Client, option: dict[str, Any]) -> None:
    typed = client.get("/analogies", params={"expression": "the + girl", "space": "toy", **option})
    assert typed.json() == ask(client, positive=["the", "girl"], **option).json()
    assert words(typed) != words(ask(client, positive=["the", "girl"]))


@pytest.mark.parametrize("word", ["kign", "new york", "😃", "x" * 1000, "\u202e", "naïve"])
def test_a_word_that_is_not_in_the_space(client: httpx.Client, word: str) -> None:
    path = f"/vectors/toy/{quote(word, safe='')}"
    assert pointers(client.get(path), 404) == ["#/path/word"]
    assert pointers(client.get(f"{path}/neighbors"), 404) == ["#/path/word"]
    assert pointers(client.get("/vectors/toy/similarity", params={"a": "king", "b": word}), 404) == ["#/query/b"]
    assert pointers(client.post("/vectors/toy/projection", json={"words": ["man", word]}), 404) == ["#/words/1"]
    assert pointers(ask(client, positive=["man"], negative=["king", word]), 404) == ["#/negative/1"]


def test_the_closest_spellings_are_told(client: httpx.Client) -> None:
    found = problem(ask(client, positive=["quene", "man"], negative=["kinng"]), 404)
    assert found["detail"] == "There is no word 'quene' in toy; the closest spellings are queen."
    assert found["errors"] == [
        {"pointer": "#/positive/0", "detail": "is not a word of toy; the closest are queen"},
        {"pointer": "#/negative/0", "detail": "is not a word of toy; the closest are king"},
    ]


def test_many_unknown_words_do_not_get_as_many_complaints(client: httpx.Client) -> None:
    assert len(pointers(ask(client, positive=["kinng"] * 500, negative=["qeen"] * 500), 404)) == 10


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "#/positive"),
        ({"positive": [], "negative": []}, "#/positive"),
        ({"positive": ["king"] * 10_000}, "#/positive"),
        ({"negative": ["king"] * 1_001}, "#/negative"),
        ({"positive": ["king"], "topn": 0}, "#/topn"),
        ({"positive": ["king"], "topn": 10**9}, "#/topn"),
        ({"positive": ["king"], "topn": "3"}, "#/topn"),
        ({"positive": ["king"], "restrict_vocab": 0}, "#/restrict_vocab"),
        ({"positive": ["king"], "normalize": "yes"}, "#/normalize"),
        ({"positive": ["king"], "exclude": True}, "#/exclude"),
        ({"positive": "king"}, "#/positive"),
        ({"positive": [1]}, "#/positive/0"),
        ({"positive": [""]}, "#/positive/0"),
        ({"positive": ["x" * 1001]}, "#/positive/0"),
        ({"positive": [None]}, "#/positive/0"),
    ],
)
def test_bad_questions(client: httpx.Client, body: dict[str, Any], pointer: str) -> None:
    assert pointers(ask(client, **body), 422) == [pointer]


@pytest.mark.parametrize(
    "body",
    [
        {"positive": ["king"], "negative": ["KING"]},
        {"positive": ["nothing"]},
        {"positive": ["king"], "negative": ["king"], "normalize": False, "exclude_inputs": False},
    ],
)
def test_words_that_cancel_each_other_out(client: httpx.Client, body: dict[str, Any]) -> None:
    assert "cancel each other out" in problem(ask(client, **body), 422)["detail"]


def test_a_space_that_does_not_exist(client: httpx.Client) -> None:
    sentence = "There is no such vector space; there is toy."
    for path in ("/vectors/glov/king", "/vectors/glov/king/neighbors", "/vectors/glov/similarity?a=b&b=c"):
        found = problem(client.get(path), 404)
        assert (found["detail"], found["errors"][0]["pointer"]) == (sentence, "#/path/space")
    assert pointers(client.post("/vectors/glov/projection", json={"words": ["a", "b"]}), 404) == ["#/path/space"]
    assert pointers(ask(client, positive=["king"], space="glov"), 404) == ["#/space"]
    assert pointers(client.get("/analogies?expression=king&space=glov"), 404) == ["#/query/space"]
    assert problem(client.get("/analogies?expression=king"), 404)["detail"] == sentence


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("", "#/query/expression"),
        ("expression=", "#/query/expression"),
        ("expression=%20", "#/query/expression"),
        ("expression=king%20-", "#/query/expression"),
        ("expression=king%20-%20-%20man", "#/query/expression"),
        ("expression=king&topn=0", "#/query/topn"),
        ("expression=king&topn=1000000000", "#/query/topn"),
        ("expression=king&topn=many", "#/query/topn"),
        ("expression=king&normalize=perhaps", "#/query/normalize"),
    ],
)
def test_bad_expressions(client: httpx.Client, query: str, pointer: str) -> None:
    assert pointers(client.get(f"/analogies?{query}{'&' if query else ''}space=toy"), 422) == [pointer]


@pytest.mark.parametrize("topn", ["0", "-1", "1001", "1000000000", "ten", "1.5", ""])
def test_bad_numbers_of_neighbours(client: httpx.Client, topn: str) -> None:
    assert pointers(client.get(f"/vectors/toy/king/neighbors?topn={topn}"), 422) == ["#/query/topn"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "#/words"),
        ({"words": []}, "#/words"),
        ({"words": ["king"]}, "#/words"),
        ({"words": ["king"] * 1001}, "#/words"),
        ({"words": ["king", "man"], "dimensions": 1}, "#/dimensions"),
        ({"words": ["king", "man"], "dimensions": 4}, "#/dimensions"),
    ],
)
def test_bad_projections(client: httpx.Client, body: dict[str, Any], pointer: str) -> None:
    assert pointers(client.post("/vectors/toy/projection", json=body), 422) == [pointer]


def test_a_projection_of_one_word_is_told_that_it_needs_two(client: httpx.Client) -> None:
    (error,) = client.post("/vectors/toy/projection", json={"words": ["king"]}).json()["errors"]
    assert error == {"pointer": "#/words", "detail": "must have at least 2 items; it has 1"}
    (error,) = client.post("/vectors/toy/projection", json={"words": []}).json()["errors"]
    assert error == {"pointer": "#/words", "detail": "must have at least 2 items; it has 0"}


def test_similarity_needs_two_words(client: httpx.Client) -> None:
    assert pointers(client.get("/vectors/toy/similarity?a=king"), 422) == ["#/query/b"]
    assert pointers(client.get("/vectors/toy/similarity?a=king&b="), 422) == ["#/query/b"]


def test_paths_and_methods_that_there_are_not(client: httpx.Client) -> None:
    assert problem(client.post("/vectors/toy/king", json={}), 405)
    assert problem(client.get("/vectors/toy"), 404)
    assert problem(client.post("/vectors/{space}/projection", json={"words": ["a", "b"]}), 404)
    assert problem(client.get("/vectors/toy/"), 404)


def test_a_file_of_ones_own(serve: Serve, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("own") / "own.txt"
    path.write_text("a 1 0\nb 0 1\nc 1 1\n")
    client = serve(vectors_files=[path])
    assert [space["name"] for space in client.get("/vectors").json()["spaces"]] == ["toy", "own"]
    assert words(client.post("/analogies", json={"space": "own", "positive": ["a", "b"]})) == ["c"]


def test_an_unknown_word_of_an_expression_is_pointed_at_in_the_address(client: httpx.Client) -> None:
    answer = client.get("/analogies", params={"expression": "queen - kinf + mam", "space": "toy"})
    assert pointers(answer, 404) == ["#/query/expression", "#/query/expression"]
    assert [error["detail"].split(" ")[0] for error in answer.json()["errors"]] == ["is", "is"]
    assert "'kinf'" in answer.json()["detail"] or "'mam'" in answer.json()["detail"]


@pytest.mark.parametrize("route", ["", "/neighbors"])
def test_a_word_of_an_address_is_no_longer_than_others(client: httpx.Client, route: str) -> None:
    word = quote("\u0300" * 500 + "\u0316" * 501, safe="")
    assert pointers(client.get(f"/vectors/toy/{word}{route}"), 422) == ["#/path/word"]


def test_words_are_not_looked_up_twice(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_up = []
    known = VectorSpace.__contains__

    def noted(space: VectorSpace, word: str) -> bool:
        looked_up.append(word)
        return known(space, word)

    monkeypatch.setattr(VectorSpace, "__contains__", noted)
    assert ask(client, positive=["THE"] * MANY_WORDS, negative=["MAN"]).status_code == 200
    assert ask(client, positive=["THE"], negative=["MAN"]).status_code == 200
    assert looked_up == []


def test_closest_spellings_are_looked_for_in_a_thread_if_that_takes_long(models_dir: Path) -> None:
    app = create_app(Settings.model_validate({"models_dir": models_dir, "default_model": "sentiment-tiny"}))
    long = [letter * 40 for letter in "abcde"]

    async def work(client: httpx.AsyncClient) -> None:
        async def status(*words: str) -> int:
            return (await client.post("/analogies", json={"space": "toy", "positive": words})).status_code

        with asgi.full(app.state.loaded.compute):
            assert [await status("a"), await status(*long)] == [404, 503]
        assert await status(*long) == 404

    asgi.ask(app, work)


def test_what_spellings_take_is_estimated_by_the_letters_of_the_longest_words() -> None:
    estimated = []

    class Noted(Compute):
        async def call(self, function: Callable[[], Result], *, seconds: float) -> Result:
            estimated.append(seconds)
            return await super().call(function, seconds=0)

    service = VectorsService(VectorSpaces(Path(), []), Noted(1))
    assert asyncio.run(service.spell(lambda: "done", ["a", *["b" * 100] * EXPLAINED])) == "done"
    assert estimated == [pytest.approx(EXPLAINED * 40 * SECONDS_A_LETTER + (EXPLAINED + 1) * SECONDS_A_WORD)]


def test_work_that_is_long_for_its_words_or_its_results_waits_for_room_in_threads(models_dir: Path) -> None:
    app = create_app(Settings.model_validate({"models_dir": models_dir, "default_model": "sentiment-tiny"}))
    nearest, typed = "/vectors/toy/king/neighbors", "/analogies?space=toy"

    async def statuses(client: httpx.AsyncClient, results: int, words: int) -> list[int]:
        expression = "man-girl " * words
        answers = [
            await client.get(nearest, params={"topn": results}),
            await client.get(f"{typed}&expression=king&topn={results}"),
            await client.post("/analogies", json={"space": "toy", "positive": ["king"], "topn": results}),
            await client.post("/analogies", json={"space": "toy", "positive": ["king"] * words}),
            await client.get("/analogies", params={"space": "toy", "expression": expression}),
        ]
        return [answer.status_code for answer in answers]

    async def work(client: httpx.AsyncClient) -> None:
        with asgi.full(app.state.loaded.compute):
            assert await statuses(client, MANY_RESULTS, MANY_WORDS) == [503] * 5
            assert await statuses(client, 10, 1) == [200] * 5
        assert await statuses(client, MANY_RESULTS, MANY_WORDS) == [200] * 5

    asgi.ask(app, work)


def test_an_expression_of_many_words_is_read_in_a_thread(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    threads = []
    known = VectorSpace.__contains__

    def noted(space: VectorSpace, word: str) -> bool:
        threads.append(threading.current_thread())
        return known(space, word)

    monkeypatch.setattr(VectorSpace, "__contains__", noted)
    for words in (1, MANY_WORDS):
        query = {"space": "toy", "expression": "king " * words}
        assert client.get("/analogies", params=query).status_code == 200
    loop, *_, thread = threads
    assert thread is not loop
