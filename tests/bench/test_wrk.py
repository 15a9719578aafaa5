import json
import re
from pathlib import Path

import pytest

from bench import wrk
from bench.errors import BenchError

OUTPUT = """Running 2s test @ http://127.0.0.1:8000/sentiment
  1 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     3.77ms    1.22ms  31.62ms   92.31%
    Req/Sec     8.53k   601.34     9.18k    85.00%
  Latency Distribution
     50%  500.00us
     75%    3.74ms
     90%    4.52ms
     99%    1.20s
  16984 requests in 2.00s, 5.31MB read
Requests/sec:   8488.11
Transfer/sec:      2.65MB
"""


def load(monkeypatch: pytest.MonkeyPatch, output: str) -> wrk.Answers:
    monkeypatch.setattr(wrk, "run", lambda _: output)
    return wrk.load("http://a", Path("script.lua"), connections=32, seconds=2, core=1)


def test_what_wrk_says_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load(monkeypatch, OUTPUT) == wrk.Answers(count=16_984, rate=8488.11, median=0.5, late=1200)


@pytest.mark.parametrize(
    ("late", "milliseconds"), [("900.00us", 0.9), ("1.20ms", 1.2), ("1.20s", 1200), ("1.50m", 90_000)]
)
def test_latencies_are_in_milliseconds(monkeypatch: pytest.MonkeyPatch, late: str, milliseconds: float) -> None:
    assert load(monkeypatch, OUTPUT.replace("1.20s", late)).late == pytest.approx(milliseconds)


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        (f"{OUTPUT}  Non-2xx or 3xx responses: 7\n", "Not every request was answered by http://a: Non-2xx or 3xx"),
        (f"{OUTPUT}  Socket errors: connect 0, read 1\n", "Not every request was answered by http://a: Socket errors"),
        (OUTPUT.replace("99%", "98%"), "wrk did not say ' 99%'; is it another version?"),
        (OUTPUT.replace("1.20s", "1.20h"), "wrk said '99%    1.20h'; is it another version?"),
    ],
)
def test_a_measurement_that_went_wrong_counts_for_nothing(
    monkeypatch: pytest.MonkeyPatch, output: str, sentence: str
) -> None:
    with pytest.raises(BenchError) as caught:
        load(monkeypatch, output)
    assert str(caught.value).startswith(sentence)


def test_the_script_posts_the_bodies(tmp_path: Path) -> None:
    document = {"text": 'a "b" ]] \\ é'}
    binary = wrk.Body(b'\0"\xff\n', {"Content-Type": "application/octet-stream", "X-Length": "2"})
    wrk.write_script(tmp_path / "script.lua", [wrk.Body.json(document), binary])
    script = (tmp_path / "script.lua").read_text()
    contents = [
        bytes(int(code) for code in re.findall(r"\\(\d{3})", line))
        for line in script.splitlines()
        if "wrk.format" in line
    ]
    assert json.loads(contents[0]) == document
    assert contents[1] == binary.content
    assert '{["Content-Type"] = "application/octet-stream", ["X-Length"] = "2"}' in script
