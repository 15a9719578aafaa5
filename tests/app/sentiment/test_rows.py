import asyncio
import contextlib
import csv
import gzip
import io
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

import httpx
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.main import create_app
from app.settings import Settings
from tests.asgi import ask
from tests.conftest import Serve

PATH: Final = "/sentiment/batch"
NDJSON: Final = "application/x-ndjson"
PARQUET: Final = "application/vnd.apache.parquet"
TEXTS: Final = ["A wonderful film!", "awful", "a great day"]

Rows = list[dict[str, str]]


def packed(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)  # the same each time, as tests are named after it


def post(
    client: httpx.Client, content: bytes | str, media_type: str, query: str = "", **headers: str
) -> httpx.Response:
    given = {"Content-Type": media_type, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return client.post(PATH + query, content=content, headers=given)


def labels(client: httpx.Client, texts: list[str] = TEXTS) -> list[str]:
    return [one["label"] for one in client.post(PATH, json={"texts": texts}).json()["results"]]


def results(answer: httpx.Response) -> list[Any]:
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


def table(answer: httpx.Response, delimiter: str = ",") -> Rows:
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text, newline=""), delimiter=delimiter))


# Formats.


def test_lines_of_json(client: httpx.Client) -> None:
    lines = [json.dumps({"text": TEXTS[0], "id": 7}), json.dumps(TEXTS[1]), "", json.dumps({"text": TEXTS[2]})]
    answer = post(client, "\n".join(lines), NDJSON)
    assert answer.headers["content-type"] == NDJSON
    expected = client.post(PATH, json={"texts": TEXTS}).json()["results"]
    assert results(answer) == expected


def test_csv_comes_back_with_columns_more(client: httpx.Client) -> None:
    answer = post(client, f'id,text\r\n1,{TEXTS[0]}\r\n2,"{TEXTS[1]}"\r\n', "text/csv; charset=utf-8")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.text.count("\r\n") == 3
    rows = table(answer)
    assert [(row["id"], row["text"], row["label"]) for row in rows] == [
        ("1", TEXTS[0], "positive"),
        ("2", TEXTS[1], "negative"),
    ]
    scores = [one["score"] for one in client.post(PATH, json={"texts": TEXTS[:2]}).json()["results"]]
    assert [float(row["score"]) for row in rows] == scores
    assert {row["error"] for row in rows} == {""}


def test_tsv(client: httpx.Client) -> None:
    rows = table(post(client, f"text\tid\n{TEXTS[1]}\t2\n", "text/tab-separated-values"), "\t")
    assert [(row["id"], row["label"]) for row in rows] == [("2", "negative")]


def test_lines_of_text(client: httpx.Client) -> None:
    answer = post(client, "".join(f"{text}\n" for text in TEXTS), "text/plain")
    assert [line.split()[0] for line in answer.text.splitlines()] == labels(client)


def parquet() -> bytes:
    output = io.BytesIO()
    pq.write_table(pa.table({"id": [1, 2, 3], "text": [TEXTS[0], None, TEXTS[1]]}), output)
    return output.getvalue()


def test_parquet(client: httpx.Client) -> None:
    answer = post(client, parquet(), PARQUET)
    found = pq.read_table(io.BytesIO(answer.content)).to_pylist()
    assert [(row["id"], row["label"], row["error"]) for row in found] == [
        (1, "positive", None),
        (2, None, "The text is empty."),
        (3, "negative", None),
    ]


def test_parquet_that_unpacks_to_far_more_than_it_is(client: httpx.Client) -> None:
    output = io.BytesIO()
    long = pa.DictionaryArray.from_arrays(pa.array([0] * 10, pa.int32()), pa.array(["a" * 20_000_000]))
    pq.write_table(pa.table({"text": ["awful"] * 10, "id": long}), output, compression="zstd", store_schema=False)
    assert len(output.getvalue()) < 4_000
    for query, accept in (("", PARQUET), ("?column=id", NDJSON)):
        answer = post(client, output.getvalue(), PARQUET, query, accept=accept)
        assert answer.status_code == 422
        assert answer.json()["detail"] == "The file becomes more than 100 times larger when it is unpacked."
    assert len(results(post(client, output.getvalue(), PARQUET, accept=NDJSON))) == 10


def test_parquet_in_a_gzipped_body_may_grow_less(client: httpx.Client) -> None:
    text = np.random.default_rng(0).bytes(50_000).hex()
    output = io.BytesIO()
    pq.write_table(pa.table({"text": [text] * 120}), output, compression="none", store_schema=False)
    assert 100_000 < len(output.getvalue()) < 105_000
    assert len(results(post(client, output.getvalue(), PARQUET, accept=NDJSON))) == 120
    answer = post(client, packed(output.getvalue()), PARQUET, accept=NDJSON, content_encoding="gzip")
    assert answer.status_code == 422
    assert answer.json()["detail"] == "The file becomes more than 50 times larger when it is unpacked."


def test_a_gzipped_file_in_a_gzipped_form(client: httpx.Client) -> None:
    form = httpx.Request("POST", client.base_url, files={"file": ("a.csv.gz", packed(b"text\nawful\n"))})
    answer = post(client, form.read(), form.headers["content-type"])
    assert table(answer)[0]["label"] == "negative"
    answer = post(client, packed(form.read()), form.headers["content-type"], content_encoding="gzip")
    assert answer.status_code == 415
    assert answer.json()["detail"] == "The body is gzipped, and so is the file in it; send one of them as it is."


def test_a_text_in_parquet_that_is_too_long_is_an_error_of_its_row(client: httpx.Client) -> None:
    output = io.BytesIO()
    pq.write_table(pa.table({"text": ["awful", np.random.default_rng(0).bytes(2_500_000).hex()]}), output)
    found = results(post(client, output.getvalue(), PARQUET, accept=NDJSON))
    assert found[0]["label"] == "negative"
    assert found[1] == {"error": "The text has 5,000,000 bytes; at most 1,000,000 characters are taken."}


def test_parquet_that_is_too_wide(client: httpx.Client) -> None:
    output = io.BytesIO()
    pq.write_table(pa.table({"text": ["awful"], **{f"c{index}": [1] for index in range(1_000)}}), output)
    answer = post(client, output.getvalue(), PARQUET)
    assert answer.status_code == 422
    assert "has more than 1,000 columns" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("name", "content", "separator"),
    [
        ("a.csv", b"text\nawful\n", ","),
        ("a.TSV", b"id\ttext\n1\tawful\n", "\t"),
        ("a.csv.gz", packed(b"text\nawful\n"), ","),
    ],
)
def test_a_form_with_a_file(name: str, content: bytes, separator: str, client: httpx.Client) -> None:
    answer = client.post(PATH, files={"file": (name, content)})
    assert [row["label"] for row in table(answer, separator)] == ["negative"]


def test_a_form_with_lines(client: httpx.Client) -> None:
    for name, content in (("a.ndjson", b'"awful"\n'), ("a.jsonl", b'{"text": "awful"}'), ("a", b'"awful"')):
        answer = client.post(PATH, files={"file": (name, content, NDJSON)})
        assert [one["label"] for one in results(answer)] == ["negative"]
    assert client.post(PATH, files={"file": ("a.txt", b"awful")}).text.startswith("negative ")
    answer = client.post(PATH, files={"file": ("a.parquet", parquet())}, headers={"Accept": NDJSON})
    assert [one.get("label") for one in results(answer)] == ["positive", None, "negative"]


def test_fields_of_a_form_are_options(client: httpx.Client) -> None:
    answer = client.post(PATH, data={"column": "review"}, files={"file": ("a.csv", b"review\nawful\n")})
    assert [row["label"] for row in table(answer)] == ["negative"]


# What is answered.


@pytest.mark.parametrize("accept", [NDJSON, f"{NDJSON}, text/csv;q=0.5", "application/ndjson"])
def test_results_of_csv_as_lines_of_json(accept: str, client: httpx.Client) -> None:
    answer = post(client, f"text,id\n{TEXTS[0]},1\n\n,2\n", "text/csv", Accept=accept)
    assert answer.headers["content-type"] == NDJSON
    assert [one.get("label") for one in results(answer)] == ["positive", None]


@pytest.mark.parametrize(
    "accept", ["*/*", "text/csv", "text/*", "text/csv, application/x-ndjson", "text/plain;q=0.1, */*"]
)
def test_the_format_that_was_sent_is_preferred(accept: str, client: httpx.Client) -> None:
    answer = post(client, "text\nawful\n", "text/csv", Accept=accept)
    assert answer.headers["content-type"].startswith("text/csv")


def test_results_as_lines_of_text(client: httpx.Client) -> None:
    answer = post(client, '"awful"\n""\n', NDJSON, Accept="text/plain")
    first, second = answer.text.splitlines()
    assert first.startswith("negative 0.")
    assert second == "error: The text is empty."


def test_a_format_that_there_is_not(client: httpx.Client) -> None:
    assert post(client, '"awful"', NDJSON, Accept="image/png").status_code == 406
    assert post(client, "awful", "application/xml").status_code == 415
    assert client.post(PATH, files={"file": ("a.doc", b"awful")}).status_code == 415


def test_explained_rows(client: httpx.Client) -> None:
    (one,) = results(post(client, '"A great day."', NDJSON, "?explain=true"))
    assert one == client.post("/sentiment", json={"text": "A great day.", "explain": True}).json()


def test_options(client: httpx.Client) -> None:
    (row,) = table(post(client, "label,review\nx,awful\n", "text/csv", "?column=review&prefix=p_"))
    assert (row["label"], row["p_label"], row["p_error"]) == ("x", "negative", "")
    (one,) = results(post(client, '{"review": "awful"}', NDJSON, "?column=review&labels=positive,negative"))
    assert sorted(one["probabilities"]) == ["negative", "positive"]


@pytest.mark.parametrize(
    ("query", "status", "detail"),
    [
        ("?model=none", 404, "There is no"),
        ("?labels=a,b", 422, "The choice of labels"),
        ("?colum=text", 422, "#/query/colum is not a known parameter"),
        ("?explain=maybe", 422, "#/query/explain"),
        ("?column=review&prefix=p_", 422, "has no column 'review'; it has 'text', 'label'"),
        ("", 422, "has a column 'label' already"),
    ],
)
def test_wrong_options(query: str, status: int, detail: str, client: httpx.Client) -> None:
    answer = post(client, "text,label\nawful,x\n", "text/csv", query)
    assert answer.status_code == status
    assert detail in answer.json()["detail"]


# Rows that are wrong.


def test_what_is_wrong_with_a_row_is_said_in_its_place(client: httpx.Client) -> None:
    lines = [
        b'"awful"',
        b'""',
        b"{",
        b"1",
        b"{}",
        b'"\xff"',
        b'{"text": null}',
        b'"great"',
        b"[" * 50_000,
        b"[" * 100_000,
    ]
    found = results(post(client, b"\n".join(lines), NDJSON))
    assert [one.get("label") for one in found] == ["negative", *[None] * 6, "positive", None, None]
    assert [one["error"].split(":")[0] for one in found if "error" in one] == [
        "The text is empty.",
        "The line is not JSON",
        "The text is not a string.",
        "The object has no field 'text'.",
        "The line is not JSON",
        "The text is empty.",
        "The line is not JSON",
        "The line has far more values than a text.",
    ]


def test_rows_of_csv_with_other_fields_than_the_header(client: httpx.Client) -> None:
    rows = table(post(client, b"id,text\n1\n2,awful,3\n3,\xff\n4,great\n", "text/csv"))
    assert [row["id"] for row in rows] == ["1", "2", "3", "4"]
    assert [row["error"] for row in rows] == [
        "The row has 1 fields, the header 2.",
        "The row has 3 fields, the header 2.",
        "The text is not valid UTF-8.",
        "",
    ]


def test_a_text_that_is_too_long(serve: Serve) -> None:
    found = results(post(serve(max_characters=10), '"awful"\n"awful awful"\n', NDJSON))
    assert found[1]["error"] == "The text has 11 characters; at most 10 are taken."


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_line_ends_and_marks(ending: str, client: httpx.Client) -> None:
    content = "\ufeff" + ending.join(["text", "awful", '"great,', 'great"', ""])
    assert [row["label"] for row in table(post(client, content.encode(), "text/csv"))] == ["negative", "positive"]


def test_line_ends_that_are_mixed(client: httpx.Client) -> None:
    rows = table(post(client, b"text\r\nawful\ngreat\rawful\r\n", "text/csv"))
    assert [row["label"] for row in rows] == ["negative", "positive", "negative"]


@pytest.mark.parametrize("media_type", ["text/csv", "text/tab-separated-values", PARQUET])
def test_a_table_of_nothing(media_type: str, client: httpx.Client) -> None:
    assert post(client, b"", media_type).status_code == 422


@pytest.mark.parametrize("media_type", ["text/plain", NDJSON])
def test_no_lines(media_type: str, client: httpx.Client) -> None:
    assert post(client, b"", media_type).text == ""


def test_a_file_that_is_no_parquet(client: httpx.Client) -> None:
    answer = post(client, parquet()[:-3], PARQUET)
    assert answer.status_code == 422
    assert "The file cannot be read as Parquet" in answer.json()["detail"]


def test_a_parquet_file_that_is_too_large(serve: Serve) -> None:
    assert post(serve(max_spooled_bytes=100), parquet(), PARQUET).status_code == 413


@pytest.mark.parametrize(
    "body",
    [b"", b"--x\r\n", b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--x--\r\n", b"nothing", b"--x--\r\n"],
)
def test_forms_without_a_file(body: bytes, client: httpx.Client) -> None:
    answer = post(client, body, "multipart/form-data; boundary=x")
    assert answer.status_code == 400, answer.text
    assert answer.json()["detail"].startswith("The form cannot be read")


def test_a_form_without_a_boundary(client: httpx.Client) -> None:
    assert post(client, b"--x", "multipart/form-data").status_code == 400


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30), min_size=1, max_size=8))
@settings(max_examples=30)
def test_every_text_is_read_as_it_is(client: httpx.Client, texts: list[str]) -> None:
    output = io.StringIO(newline="")
    csv.writer(output).writerows([["text"], *([text] for text in texts)])
    rows = table(post(client, output.getvalue().encode(), "text/csv"))
    lines = results(post(client, "\n".join(map(json.dumps, texts)), NDJSON))
    expected = client.post(PATH, json={"texts": texts}).json()["results"]
    assert lines == expected
    if not any({"\r", "\0"} & set(text) for text in texts):
        assert [row["label"] for row in rows] == [one["label"] for one in expected]


# Streams.


@pytest.fixture
def connect(serve: Serve) -> Iterator[Callable[..., socket.socket]]:
    opened: list[socket.socket] = []

    def open_connection(media_type: str = NDJSON, *lines: str, **settings: object) -> socket.socket:
        url = serve(**settings).base_url
        connection = socket.create_connection((url.host, url.port or 0), timeout=60)
        opened.append(connection)
        fields = [f"POST {PATH} HTTP/1.1", "Host: a", f"Content-Type: {media_type}", *lines]
        connection.sendall("\r\n".join([*fields, "Transfer-Encoding: chunked", "", ""]).encode())
        return connection

    yield open_connection
    for one in opened:
        one.close()


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def read_until(connection: socket.socket, end: bytes) -> bytes:
    found = b""
    while end not in found:
        data = connection.recv(65_536)
        if not data:
            break
        found += data
    return found


@pytest.mark.parametrize(
    ("media_type", "head", "rows"),
    [
        (NDJSON, b"", [b'"awful"\n', b'"great"\n', b'"dull"\n']),
        ("text/csv", b"text\n", [b"awful\n", b'"great,\n', b'great"\n']),
        ("text/plain", b"", [b"awful\n", b"great\n", b"dull\n"]),
    ],
)
def test_a_row_is_answered_before_the_next_one_is_sent(
    media_type: str, head: bytes, rows: list[bytes], connect: Callable[..., socket.socket]
) -> None:
    connection = connect(media_type)
    connection.sendall(chunk(head + rows[0]) if head else chunk(rows[0]))
    assert b"negative" in read_until(connection, b"negative")
    connection.sendall(b"".join(map(chunk, rows[1:])))
    assert b"positive" in read_until(connection, b"positive")
    connection.sendall(b"0\r\n\r\n")
    assert read_until(connection, b"0\r\n\r\n").endswith(b"0\r\n\r\n")
    # The connection goes on.
    connection.sendall(b"GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n")
    assert b" 200 OK" in read_until(connection, b"}")


def test_many_rows_come_back_in_order(client: httpx.Client) -> None:
    count = 5_000
    texts = ["awful " * (index % 7 + 1) if index % 3 else "great" for index in range(count)]
    found = results(post(client, "\n".join(map(json.dumps, texts)), NDJSON))
    assert [one["label"] for one in found] == ["negative" if index % 3 else "positive" for index in range(count)]
    assert [one["tokens"]["count"] for one in found] == [len(text.split()) for text in texts]


def test_more_than_a_whole_body_may_have(serve: Serve) -> None:
    client = serve(max_body_bytes=1_000, max_held_bytes=2**16)
    assert len(results(post(client, '"awful"\n' * 50_000, NDJSON))) == 50_000


def test_a_row_that_does_not_end(serve: Serve, connect: Callable[..., socket.socket]) -> None:
    connection = connect(max_body_bytes=10_000)
    connection.sendall(chunk(b'"awful"\n') + chunk(b'"' + b"a" * 20_000))
    found = read_until(connection, b"longer than 10,000 bytes")
    assert b'"label":"negative"' in found
    assert b"longer than 10,000 bytes" in found
    # The end of the answer is missing, and the connection closed.
    rest = read_until(connection, b"never")
    assert not (found + rest).endswith(b"0\r\n\r\n")
    answer = post(serve(max_body_bytes=10_000), b'"' + b"a" * 20_000, NDJSON)
    assert (answer.status_code, "longer than" in answer.json()["detail"]) == (422, True)


def test_a_stream_that_stalls(connect: Callable[..., socket.socket]) -> None:
    connection = connect("text/csv", stream_seconds=0.5)
    connection.sendall(chunk(b"text\nawful\n"))
    found = read_until(connection, b"did not come in time")
    assert b"awful,negative," in found
    assert b"did not come in time" in found
    assert read_until(connection, b"never") == b"\r\n" or not found.endswith(b"0\r\n\r\n")


def test_a_stream_that_stalls_before_its_first_row(connect: Callable[..., socket.socket]) -> None:
    assert b" 408 " in read_until(connect("text/csv", stream_seconds=0.5), b"in time")


def test_a_client_that_never_reads_is_cut_off(connect: Callable[..., socket.socket]) -> None:
    connection = connect(answer_seconds=0.5, max_unread_bytes=2**16)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    rows = chunk(b'"awful"\n' * 5_000)

    def send() -> None:
        for _ in range(2_000):
            connection.sendall(rows)

    with pytest.raises(OSError, match=r"reset|Broken pipe"):
        send()


def test_streams_are_limited_and_a_client_that_hangs_up_gives_its_place_back(
    serve: Serve, connect: Callable[..., socket.socket]
) -> None:
    limits: dict[str, object] = {"max_streams": 2, "max_client_share": 0.5}
    first = connect(**limits)
    first.sendall(chunk(b'"awful"\n'))
    read_until(first, b"negative")
    url = serve(**limits)
    port = first.getpeername()[1]
    with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        answer = post(client, '"awful"', NDJSON)
        assert (answer.status_code, int(answer.headers["retry-after"]) >= 1) == (429, True)
        first.close()
        deadline = time.monotonic() + 60
        while post(client, '"awful"', NDJSON).status_code != 200:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    assert url


def broken_off(client: httpx.Client, *, statuses: tuple[int, ...] = (200, 422), **request: Any) -> bytes:
    """What is read of an answer until it breaks off."""
    found = b""
    with client.stream("POST", PATH, **request) as answer, contextlib.suppress(httpx.RemoteProtocolError):
        assert answer.status_code in statuses
        for part in answer.iter_bytes():
            found += part
    return found


# Compression.


def test_gzipped_rows(client: httpx.Client) -> None:
    body = packed(b'"awful"\n' * 1_000)
    assert len(results(post(client, body, NDJSON, Content_Encoding="gzip"))) == 1_000


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (packed(b'"awful"\n')[:-4], 200),
        (b'"awful"\n', 400),
        (packed(b'"awful"\n') + b"more", 400),
        (packed(b"a" * 20_000_000), 422),
    ],
)
def test_gzipped_rows_that_are_damaged(body: bytes, status: int, client: httpx.Client) -> None:
    headers = {"Content-Type": NDJSON, "Content-Encoding": "gzip"}
    found = broken_off(client, content=body, headers=headers, statuses=(status, 413))
    assert b"error" in found or b"detail" in found


def test_answers_are_compressed_from_a_kilobyte_on(client: httpx.Client) -> None:
    few, many = ({"texts": ["awful"] * count} for count in (1, 50))
    assert "content-encoding" not in client.post(PATH, json=few).headers
    answer = client.post(PATH, json=many)
    assert answer.headers["content-encoding"] == "gzip"
    assert len(answer.json()["results"]) == 50
    assert int(answer.headers["content-length"]) < 1_000
    assert "content-encoding" not in client.post(PATH, json=many, headers={"Accept-Encoding": "gzip;q=0, br"}).headers
    assert post(client, '"awful"\n' * 50, NDJSON).headers["content-encoding"] == "gzip"
    assert "content-encoding" not in post(client, '"awful"\n', NDJSON, Accept_Encoding="identity").headers


# Batches in JSON.


def test_a_batch_goes_on_past_what_is_wrong(client: httpx.Client) -> None:
    body = {"texts": ["awful", "", 7, None, ["great"], "great"], "on_error": "continue"}
    found = client.post(PATH, json=body).json()["results"]
    assert [one.get("label") for one in found] == ["negative", None, None, None, None, "positive"]
    assert [one["error"] for one in found if "error" in one] == [
        "The text is empty.",
        *["The text is not a string."] * 3,
    ]


def test_a_batch_goes_on_explained(client: httpx.Client) -> None:
    found = client.post(PATH, json={"texts": ["awful", ""], "on_error": "continue", "explain": True}).json()["results"]
    assert found[0]["words"][0]["text"] == "awful"
    assert found[1] == {"error": "The text is empty."}


def test_a_batch_of_nothing_but_errors(client: httpx.Client) -> None:
    found = client.post(PATH, json={"texts": [""], "on_error": "continue"}).json()
    assert found == {"results": [{"error": "The text is empty."}]}


@pytest.mark.parametrize(
    "body",
    [
        {"texts": ["awful", ""]},
        {"texts": ["awful", ""], "on_error": "fail"},
        {"texts": ["awful", ""], "on_error": "ignore"},
        {"texts": [], "on_error": "continue"},
        {"texts": "awful", "on_error": "continue"},
        {"texts": [""], "on_error": "continue", "more": 1},
    ],
)
def test_what_is_wrong_with_the_batch_itself_fails_it(body: dict[str, Any], client: httpx.Client) -> None:
    assert client.post(PATH, json=body).status_code == 422


def test_options_of_the_query_are_for_a_batch_in_json_too(client: httpx.Client) -> None:
    (one,) = client.post(f"{PATH}?explain=true&labels=positive,negative", json={"texts": ["awful"]}).json()["results"]
    assert one["words"][0]["text"] == "awful"
    (one,) = client.post(f"{PATH}?explain=true", json={"texts": ["awful"], "explain": False}).json()["results"]
    assert "words" not in one
    answer = client.post(f"{PATH}?column=review", json={"texts": ["awful"]})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "#/query/column")


# What a review of the streams found.


@pytest.mark.parametrize("name", ["column", "prefix"])
def test_a_name_in_the_query_has_a_limit(name: str, client: httpx.Client) -> None:
    answer = post(client, b"{}\n", NDJSON, f"?{name}={'x' * 201}")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, f"#/query/{name}")
    (one,) = results(post(client, b"{}\n", NDJSON, f"?{name}={'x' * 200}"))
    assert one["error"].startswith("The object has no field")
    assert len(one["error"]) < 100


def test_a_thread_does_not_outlive_its_client_for_long(connect: Callable[..., socket.socket]) -> None:
    limits: dict[str, object] = {"max_streams": 2, "max_client_share": 0.5, "max_compression_ratio": 10_000}
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.ndjson.gz"\r\n\r\n'
    bomb = connect("multipart/form-data; boundary=x", **limits)
    bomb.sendall(chunk(head + packed(b'"awful"\n' + b"\n" * 200_000_000)))
    time.sleep(0.5)
    port = bomb.getpeername()[1]
    bomb.close()
    deadline = time.monotonic() + 60
    with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        # The place is free again once the thread has ended.
        while post(client, '"awful"', NDJSON).status_code != 200:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    # The thread of the last answer ends a moment after it.
    while [thread for thread in threading.enumerate() if thread.name.startswith("rows")]:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_file_that_becomes_far_too_large_ends(client: httpx.Client) -> None:
    content = packed(b'"awful"\n' + b"\n" * 30_000_000)
    found = broken_off(client, files={"file": ("a.ndjson.gz", content)})
    assert b"becomes more than 100 times larger" in found


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        (b"text" + b"," * 1_500 + b"\na\n", "has more than 1,000 columns"),
        (b'text\nawful\n"' + b'ab\n","' * 1_000_000, "has a row of more than 2,000,000 characters"),
    ],
)
def test_tables_that_are_too_wide(content: bytes, detail: str, client: httpx.Client) -> None:
    assert detail.encode() in broken_off(client, content=content, headers={"Content-Type": "text/csv"})


def test_what_breaks_off_is_said_in_lines_too(client: httpx.Client) -> None:
    output = io.BytesIO()
    pq.write_table(pa.table({"text": ["awful", "great"] * 300}), output, row_group_size=200, compression="none")
    damaged = bytearray(output.getvalue())
    start = pq.ParquetFile(io.BytesIO(output.getvalue())).metadata.row_group(2).column(0).data_page_offset
    damaged[start : start + 8] = b"\xff" * 8
    found = broken_off(client, content=bytes(damaged), headers={"Content-Type": PARQUET, "Accept": NDJSON})
    assert json.loads(found.splitlines()[-1])["error"].startswith("The file cannot be read as Parquet")


def test_a_client_of_http_1_0_gets_no_chunks(client: httpx.Client) -> None:
    with socket.create_connection((client.base_url.host, client.base_url.port or 0), timeout=60) as connection:
        connection.sendall(
            b"POST /sentiment/batch HTTP/1.0\r\nContent-Type: text/plain\r\nContent-Length: 12\r\n\r\nawful\ngreat\n"
        )
        answer = read_until(connection, b"never")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"chunked" not in head.lower()
    assert [line.split()[0] for line in body.splitlines()] == [b"negative", b"positive"]


def test_what_stands_behind_the_file_is_refused(client: httpx.Client) -> None:
    parts: list[tuple[str, Any]] = [("file", ("a.csv", b"text\nawful\n")), ("column", (None, b"review"))]
    # Where the file came in a segment of its own, its rows have been answered.
    assert b"something follows the file" in broken_off(client, files=parts, statuses=(200, 400))
    answer = client.post(PATH, data={"nonsense": "1"}, files={"file": ("a.csv", b"text\nawful\n")})
    assert answer.status_code == 422


@pytest.mark.parametrize("media_type", ["text/plain; charset=utf-16", "text/csv; charset=latin-1"])
def test_another_charset_is_refused(media_type: str, client: httpx.Client) -> None:
    assert post(client, b"text\nawful\n", media_type).status_code == 415
    assert client.post(PATH, files={"file": ("a.txt", b"awful", media_type)}).status_code == 415


def test_rows_are_explained_in_lines_of_json_alone(client: httpx.Client) -> None:
    assert post(client, "text\nawful\n", "text/csv", "?explain=true").status_code == 422
    (one,) = results(post(client, "text\nawful\n", "text/csv", "?explain=true", Accept=NDJSON))
    assert one["words"]


def test_a_stream_leaves_no_task_behind() -> None:
    async def post_rows(client: httpx.AsyncClient) -> set[str]:
        before = asyncio.all_tasks()
        for _ in range(3):
            answer = await client.post(PATH, content=b'"good"\n', headers={"Content-Type": NDJSON})
            assert answer.status_code == 200
        for _ in range(10):  # what was cancelled ends in the next iterations of the loop
            await asyncio.sleep(0)
        return {str(task.get_coro()) for task in asyncio.all_tasks() - before}

    assert ask(create_app(Settings()), post_rows) == set()
