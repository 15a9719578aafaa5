import asyncio
from collections import Counter

import pytest

from app.main import create_app
from bench import generated
from bench.generated import Answer
from bench.mutations import Mutations, operations

DOCUMENT = create_app().openapi()


def test_each_operation_is_tried_with_each_of_its_examples() -> None:
    found = operations(DOCUMENT)
    described = {(method.upper(), path) for path, methods in DOCUMENT["paths"].items() for method in methods}
    assert {(one.method, one.path) for one in found} == described
    with_bodies = {one.path for one in found if one.bodies}
    assert with_bodies == {path for path, methods in DOCUMENT["paths"].items() if "requestBody" in str(methods)}
    mutations = Mutations(DOCUMENT)
    made = [mutations.one() for _ in range(2_000)]
    assert {(one.operation.method, one.operation.path) for one in made} == described


def test_what_is_made_is_well_framed_and_mostly_different() -> None:
    mutations = Mutations(DOCUMENT, seed=1)
    contents = [mutations.one().content for _ in range(500)]
    for content in contents:
        head, _, body = content.partition(b"\r\n\r\n")
        lengths = [line for line in head.split(b"\r\n") if line.startswith(b"Content-Length: ")]
        assert [int(line[16:]) for line in lengths] == [len(body)] or (not lengths and not body)
    assert len(set(contents)) > 400
    again = Mutations(DOCUMENT, seed=1)
    assert [again.one().content for _ in range(500)] == contents


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (Answer(200, {}, closes=False), None),
        (Answer(422, {"content-type": "application/problem+json"}, closes=False), None),
        (Answer(503, {"retry-after": "3", "content-type": "application/problem+json"}, closes=False), None),
        (Answer(503, {"content-type": "application/problem+json"}, closes=False), "status 503"),
        (Answer(500, {"content-type": "application/problem+json"}, closes=False), "status 500"),
        (Answer(404, {"content-type": "text/plain"}, closes=False), "status 404 without a problem document"),
        (Answer(200, {}, closes=True, cut=True), "status 200, cut short without a reason"),
    ],
)
def test_what_is_a_failure(answer: Answer, failure: str | None) -> None:
    assert answer.failure("GET") == failure


def test_an_error_on_head_has_no_document() -> None:
    assert Answer(404, {}, closes=False).failure("HEAD") is None


@pytest.mark.parametrize(("row", "failures"), [(b"Fine,\n", 20), (b",It ends here. What follows is not read.\n", 0)])
def test_rows_that_end_early_say_why(row: bytes, failures: int) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n" % (len(row), row))
        writer.close()

    async def measured() -> generated.Found:
        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            return await generated.send(server.sockets[0].getsockname()[1], DOCUMENT, 20)

    assert asyncio.run(measured()).failures.total() == failures


def test_failures_are_counted() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        if next(turns):
            writer.write(b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()

    async def measured() -> generated.Found:
        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            return await generated.send(server.sockets[0].getsockname()[1], DOCUMENT, 40)

    turns = iter([True, False] * 20)
    found = asyncio.run(measured())
    assert found.statuses == Counter({500: 20})
    assert found.failures["status 500"] == 20
    assert found.failures.total() == 40
    assert [figure.value for figure in generated.figures(found, 1.0)] == [40, 40, 1.0]
