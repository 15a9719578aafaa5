"""The page in a real browser, against the real server with the committed models."""

import csv
import gzip
import io
import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Error, Locator, Response, Route, expect

from tests.e2e.conftest import COMMITTED, Service, serving
from tests.e2e.visiting import LOOKS, SCREENSHOTS, Browse, Visit, barriers
from tests.folders import put_model

TABS = {
    "sentiment": "#sentiment-reading .word",
    "inside": "#inside-chart svg",
    "vectors": "#vectors-plot svg",
    "forecasts": "#forecasts-charts svg",
}
"""The tabs, and what is there once they have asked for all that they show."""
ROWS = [
    ("kettle", "It boils fast and looks lovely on the shelf."),
    ("kettle", "It leaks; I sent it back."),
    ("a lamp", "It is a lamp."),
    ("a lamp", ""),
]
"""Of a small table: what is written of, and what."""
SIDES = ("other", "positive", "negative")
"""How three sentences, of which one is neutral, are underlined."""


def body_of(response: Response) -> Any:
    """What an answer says. The browser need not keep it once the address has changed; then it is asked for again."""
    try:
        return response.json()
    except Error:
        return httpx.post(response.url, json=response.request.post_data_json).json()


def shown(reading: Locator) -> str:
    """The marked text, without what is said to screen readers only."""
    script = "node => { const copy = node.cloneNode(true);"
    script += " copy.querySelectorAll('.hidden').forEach(one => one.remove()); return copy.textContent; }"
    return str(reading.evaluate(script))


# ---------------------------------------------------------------- sentiment


def test_typing_shows_the_verdict(visit: Visit) -> None:
    for text in ("A wonderful film, I loved every moment.", "What a waste of two hours."):
        visit.find("sentiment-text").fill("")
        expect(visit.find("sentiment-answer")).to_be_hidden()
        visit.find("sentiment-text").press_sequentially(text)
        answer = visit.ask("/sentiment", {"text": text})
        expect(visit.find("sentiment-label")).to_have_text(answer["label"])
        expect(visit.find("sentiment-score")).to_have_text(f"{100 * answer['score']:.1f} %")
        expect(visit.find("sentiment-tokens")).to_contain_text(f"{answer['tokens']['count']} words")


@pytest.mark.parametrize(
    ("text", "warnings"),
    [
        ("A wonderful film, I loved every moment.", []),
        ("Das Essen war leider kalt und niemand hat sich entschuldigt.", ["This does not look like English"]),
        ("asdfgh", ["The model does not know most of these words"]),
        ("...", ["There is no word in this text"]),
        ("asdf qwer zxcv " * 350, ["only its last 1,025 tokens count", "This does not look like English"]),
    ],
    ids=["none", "German", "unknown", "no word", "two"],
)
def test_warnings_stand_beside_the_verdict(visit: Visit, text: str, warnings: list[str]) -> None:
    visit.refusals = ("status of 422",)  # what is too long to be explained
    visit.find("sentiment-text").fill(text)
    answer = visit.ask("/sentiment", {"text": text})
    expect(visit.find("sentiment-score")).to_have_text(f"{100 * answer['score']:.1f} %")
    shown = visit.find("sentiment-warnings")
    expect(shown).to_have_attribute("aria-live", "polite")
    expect(shown.get_by_role("listitem")).to_have_count(len(warnings))
    for at, warning in enumerate(warnings):
        expect(shown.get_by_role("listitem").nth(at)).to_contain_text(warning)
    expect(visit.page.locator("[aria-busy=true]")).to_have_count(0)  # what is old is pale
    end = time.monotonic() + 60
    while visit.page.evaluate("document.getAnimations().length"):
        assert time.monotonic() < end
        visit.page.wait_for_timeout(20)
    assert barriers(visit.page) == []


def test_a_warning_is_not_read_out_again_for_each_letter(visit: Visit) -> None:
    visit.find("sentiment-text").fill("asdf qwer zxcv")
    item = visit.find("sentiment-warnings").get_by_role("listitem")
    expect(item).to_have_count(1)
    item.evaluate("node => { node.dataset.first = 1; }")
    visit.find("sentiment-text").fill("asdf qwer zxcv uiop")
    expect(visit.find("sentiment-tokens")).to_contain_text("4 words")
    expect(item).to_have_attribute("data-first", "1")
    visit.find("sentiment-text").fill("A wonderful film")
    expect(item).to_have_count(0)


def test_fast_typing_ends_on_the_last_text(browse: Browse) -> None:
    visit = browse()
    # The answer to a longer text comes when it is let go, and cannot be called back.
    visit.page.add_init_script(
        """const real = fetch;
        let asked = 0;
        const gone = new Promise((resolve) => { window.letGo = resolve; });
        window.fetch = async (url, { signal, ...options } = {}) => {
          asked += String(url).endsWith("/sentiment") && !options.body.includes('"explain"');
          document.documentElement.dataset.asked = asked;
          const response = await real(url, options);
          if ((options.body?.length ?? 0) > 120) {
            await gone;
            setTimeout(() => { document.documentElement.dataset.late = 1; }, 100);
          }
          return response;
        };"""
    )
    visit.open()
    root = visit.page.locator("html")
    expect(root).to_have_attribute("data-asked", "1")
    visit.find("sentiment-text").fill("awful, terrible, boring " * 5)
    expect(root).to_have_attribute("data-asked", "2")
    visit.find("sentiment-text").fill("A wonderful film")
    expect(visit.find("sentiment-label")).to_have_text("positive")
    visit.page.evaluate("letGo()")
    expect(root).to_have_attribute("data-late", "1")
    expect(visit.find("sentiment-label")).to_have_text("positive")
    assert shown(visit.find("sentiment-reading")) == "A wonderful film"

    before = int(root.get_attribute("data-asked") or 0)
    # All letters in one go of the event loop, however slow the machine is.
    visit.find("sentiment-text").evaluate(
        """(node, text) => {
          for (let end = 1; end <= text.length; end++) {
            node.value = text.slice(0, end);
            node.dispatchEvent(new InputEvent("input", { bubbles: true }));
          }
        }""",
        "What a waste of two hours",
    )
    expect(visit.find("sentiment-label")).to_have_text("negative")
    assert int(root.get_attribute("data-asked") or 0) <= before + 3


def test_words_are_shaded_and_sentences_underlined(visit: Visit) -> None:
    text = "😀😀 Superb cast, e\u0301lan! Awful 🎬 plot!\nهذا film"
    answer = visit.ask("/sentiment", {"text": text, "explain": True})
    visit.find("sentiment-text").fill(text)
    reading = visit.find("sentiment-reading")
    expect(reading).to_contain_text("Superb")
    strongest = max(abs(word["contribution"]) for word in answer["words"])
    marked = [word for word in answer["words"] if abs(word["contribution"]) >= 0.04 * strongest]
    words = reading.locator(".word")
    assert words.all_text_contents() == [text[word["start"] : word["end"]] for word in marked]
    for at, word in enumerate(marked):
        kind = "negative" if word["contribution"] < 0 else "positive"
        expect(words.nth(at)).to_have_class(f"word {kind}")
        expect(words.nth(at)).to_have_attribute("title", f"{word['contribution']:+.3f}".replace("-", "−"))
    sentences = reading.locator(".sentence")
    assert [shown(one) for one in sentences.all()] == [text[one["start"] : one["end"]] for one in answer["sentences"]]
    for at, sentence in enumerate(answer["sentences"]):
        tone = "other" if sentence["label"] == "neutral" else sentence["label"]
        expect(sentences.nth(at)).to_have_class(f"sentence {tone}")
        expect(sentences.nth(at)).to_contain_text(f"{sentence['label']}, {100 * sentence['score']:.1f} %")


@pytest.mark.parametrize(
    "text",
    [
        "<script>window.ran = 1</script> <img src=x onerror='window.ran = 1'> a superb <b>film</b>",
        "😴👩‍👩‍👧‍👦🇮🇹 superb 🎬",
        "فيلم رائع \u202eevitagen\u202c superb שלום",
        "a superb film\r\n\twith \u0000 and &amp; &lt;i&gt;",
        "A superb film, and then " + "words without end, " * 5200,
        "A superb film, and then " + "words without end, " * 18_000,
    ],
    ids=["markup", "emoji", "right-to-left", "control", "100 kB", "340 kB"],
)
def test_any_text_is_shown_as_text(visit: Visit, text: str) -> None:
    visit.refusals = ("status of 422",)  # what is too long to be explained
    visit.find("sentiment-text").fill(text)
    typed = text.replace("\r\n", "\n")
    answer = visit.ask("/sentiment", {"text": typed})
    expect(visit.find("sentiment-tokens")).to_contain_text(f"{answer['tokens']['count']:,} words")
    expect(visit.find("sentiment-why")).to_have_attribute("aria-busy", "false")
    assert shown(visit.find("sentiment-reading")) == typed
    assert visit.page.evaluate("window.ran") is None
    assert visit.find("sentiment-reading").locator("script, img, b, i").count() == 0
    if len(text) > 300_000:
        expect(visit.find("sentiment-note")).to_contain_text("at most 50,000 are explained")
    visit.find("tab-inside").click()
    expect(visit.find("inside-chart").locator("svg")).to_be_visible()
    assert visit.page.evaluate("window.ran") is None


def test_examples_are_there_to_click(visit: Visit) -> None:
    examples = visit.find("sentiment-examples").get_by_role("button")
    for at in range(examples.count()):
        text = examples.nth(at).inner_text()
        examples.nth(at).click()
        expect(visit.find("sentiment-text")).to_have_value(text)
        answer = visit.ask("/sentiment", {"text": text})
        expect(visit.find("sentiment-score")).to_have_text(f"{100 * answer['score']:.1f} %")


def test_the_request_can_be_copied(browse: Browse) -> None:
    visit = browse(permissions=["clipboard-read", "clipboard-write"])
    visit.open()
    text = "It's \"superb\",\n$HOME `date` \\ 'film' 😀 </script>"
    answer = visit.ask("/sentiment", {"text": text, "explain": True})
    visit.find("sentiment-text").fill(text)
    visit.find("sentiment-program").locator("summary").click()
    expect(visit.find("sentiment-snippets")).to_contain_text("$HOME")

    def copied(name: str) -> str:
        button = visit.page.get_by_role("button", name=f"Copy {name}")
        button.click()
        expect(visit.find("sentiment-snippets").locator(".row", has=button)).to_contain_text("Copied.")
        return str(visit.page.evaluate("navigator.clipboard.readText()"))

    command = copied("curl")
    shell = ["bash", "-c", f"{command} --silent"]
    ended = subprocess.run(shell, capture_output=True, text=True, check=True)
    assert json.loads(ended.stdout) == answer
    call = copied("fetch")
    assert visit.page.evaluate(f"(async () => {{ {call} return answer; }})()") == answer
    program = [sys.executable, "-c", f"{copied('Python')}\nprint(json.dumps(answer))"]
    assert json.loads(subprocess.run(program, capture_output=True, text=True, check=True).stdout) == answer


def test_the_models_can_be_switched(visit: Visit) -> None:
    chosen = visit.find("sentiment-model")
    expect(chosen).to_have_value("sentiment-best")
    expect(visit.find("sentiment-snippets")).to_contain_text("sentiment-best")
    expect(visit.page.locator("[aria-busy=true]")).to_have_count(0)  # nothing is under way
    with visit.page.expect_response("**/sentiment") as answered:
        chosen.select_option("sentiment-lecture")
    assert body_of(answered.value)["model"] == "sentiment-lecture"
    expect(visit.find("sentiment-snippets")).to_contain_text("sentiment-lecture")


def test_the_list_of_models_follows_the_service(browse: Browse, tmp_path: Path) -> None:
    folder = tmp_path / "models"
    put_model(folder / "sentiment-lecture", "sentiment-lecture")
    variables = {"MODELS_DIR": str(folder), "DEFAULT_MODEL": "sentiment-lecture", "RELOAD_SECONDS": "0.1"}
    with serving(tmp_path / "log.jsonl", **variables) as running:
        visit = browse(running.url)
        visit.open()
        chosen = visit.find("sentiment-model")
        expect(chosen.locator("option")).to_have_count(1)

        put_model(folder / "sentiment-mine" / "1", "sentiment-mine")
        _wait_for_models(running, {"sentiment-lecture": "1.0.0", "sentiment-mine": "1"})
        chosen.focus()
        expect(chosen.locator("option")).to_have_text(["sentiment-lecture", "sentiment-mine"])
        expect(chosen).to_have_value("sentiment-lecture")
        chosen.select_option("sentiment-mine")
        expect(visit.find("sentiment-snippets")).to_contain_text("sentiment-mine")

        put_model(folder / "sentiment-mine" / "2", "sentiment-mine")
        _wait_for_models(running, {"sentiment-lecture": "1.0.0", "sentiment-mine": "2"})
        expect(visit.page.locator("[aria-busy=true]")).to_have_count(0)  # nothing is under way
        with visit.page.expect_response("**/sentiment") as answered:  # of a new version, the answer is another
            visit.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        assert body_of(answered.value)["version"] == "2"

        shutil.rmtree(folder / "sentiment-mine")
        _wait_for_models(running, {"sentiment-lecture": "1.0.0"})
        expect(visit.page.locator("[aria-busy=true]")).to_have_count(0)
        with visit.page.expect_response("**/sentiment") as answered:
            visit.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        assert body_of(answered.value)["model"] == "sentiment-lecture"
        expect(chosen.locator("option")).to_have_count(1)


def _wait_for_models(service: Service, versions: dict[str, str]) -> None:
    end = time.monotonic() + 120
    while {one["name"]: one["version"] for one in httpx.get(f"{service.url}/models").json()["models"]} != versions:
        assert time.monotonic() < end
        time.sleep(0.05)


# ---------------------------------------------------------------- models of other labels


@pytest.fixture(scope="module")
def labelled(labelled_models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The service with models of two, three and five labels."""
    folder = tmp_path_factory.mktemp("labelled")
    for path in (*labelled_models_dir.iterdir(), COMMITTED / "sentiment-lecture"):
        (folder / path.name).symlink_to(path)
    log = folder / "log.jsonl"
    with serving(log, MODELS_DIR=str(folder), DEFAULT_MODEL="sentiment-three") as running:
        yield running


def test_every_label_has_a_bar(browse: Browse, labelled: Service) -> None:
    visit = browse(labelled.url)
    visit.open()
    text = "What a plain film. What a superb cast. What a dull plot."
    for model in ("sentiment-three", "sentiment-five"):
        visit.find("sentiment-model").select_option(model)
        visit.find("sentiment-text").fill(text)
        answer = visit.ask("/sentiment", {"text": text, "model": model})
        expect(visit.find("sentiment-label")).to_have_text(answer["label"])
        rows = [f"{label} {100 * share:.1f} %" for label, share in answer["probabilities"].items()]
        bars = visit.find("sentiment-bars").locator("li")
        expect(bars).to_have_text([re.compile(rf"^{re.escape(row).replace(re.escape(' '), ' ?', 1)}$") for row in rows])
        widths = bars.locator(".bar div").evaluate_all("all => all.map(one => one.style.getPropertyValue('--share'))")
        assert [float(width) for width in widths] == list(answer["probabilities"].values())
        expect(visit.find("sentiment-scale")).to_be_hidden()
    visit.find("sentiment-model").select_option("sentiment-lecture")
    expect(visit.find("sentiment-scale")).to_be_visible()
    expect(visit.find("sentiment-bars")).to_be_hidden()


def test_words_speak_for_the_label_or_between_positive_and_negative(browse: Browse, labelled: Service) -> None:
    visit = browse(labelled.url)
    visit.open()
    reading = visit.find("sentiment-reading")
    visit.find("sentiment-text").fill("What a plain film. What a superb cast. What a dull plot.")
    expect(reading.locator(".word", has_text="superb")).to_have_class("word positive")
    expect(reading.locator(".word", has_text="dull")).to_have_class("word negative")
    expect(reading.locator(".sentence")).to_have_class([re.compile(f"^sentence {kind}$") for kind in SIDES])
    expect(visit.find("sentiment-legend")).to_contain_text("more positive or more negative")
    expect(visit.find("sentiment-legend")).to_contain_text("log-odds of “positive” against “negative”")

    visit.find("sentiment-model").select_option("sentiment-five")
    body: dict[str, Any] = {"text": "Gloomy, then merry", "model": "sentiment-five", "explain": True}
    visit.find("sentiment-text").fill(body["text"])
    answer = visit.ask("/sentiment", body)
    label, words = answer["label"], {word["text"]: word["contribution"] for word in answer["words"]}
    expect(visit.find("sentiment-legend")).to_contain_text(f"more {label} or less {label}")
    assert words["merry"] * words["Gloomy"] < 0
    for word in ("merry", "Gloomy"):
        side = "against" if words[word] < 0 else "for"
        expect(reading.locator(".word", has_text=word)).to_have_class(f"word {side}")
    assert barriers(visit.page) == []


def test_the_probability_of_each_label_after_each_word(browse: Browse, labelled: Service) -> None:
    visit = browse(labelled.url)
    visit.open("#inside")
    visit.find("inside-model").select_option("sentiment-three")
    visit.find("inside-text").fill("What a superb film")
    chart = visit.find("inside-chart")
    expect(chart).to_contain_text("Probability of “positive” for the text up to each word")
    (ids,) = visit.ask("/tokenize", {"texts": ["What a superb film"]})["sequences"]
    ids = [0, 0, 0, *ids]
    rows = visit.ask("/predict", {"sequences": [ids[: end + 1] for end in range(len(ids))]})["probabilities"]
    for at, label in enumerate(("negative", "neutral", "positive")):
        visit.find("inside-label").select_option(label)
        expect(chart).to_contain_text(f"Probability of “{label}”")
        expect(chart.locator("tbody td")).to_have_text([f"{100 * row[at]:.1f} %" for row in rows])
    visit.find("inside-model").select_option("sentiment-lecture")
    expect(visit.find("inside-labels")).to_be_hidden()
    expect(chart).to_contain_text("is positive")


# ---------------------------------------------------------------- a whole file


def choose(visit: Visit, name: str, content: bytes, *, start: bool = True) -> None:
    visit.find("file-input").set_input_files({"name": name, "mimeType": "", "buffer": content})
    if start:
        visit.find("file-start").click()


def downloaded(visit: Visit) -> tuple[str, bytes]:
    """The name and the content of the file that is offered in the end."""
    with visit.page.expect_download() as download:
        visit.find("file-download").click()
    return download.value.suggested_filename, download.value.path().read_bytes()


def classified(visit: Visit, *texts: str, **options: Any) -> list[dict[str, Any]]:
    return list(visit.ask("/sentiment/batch", {"texts": texts, **options})["results"])


def test_a_table_comes_back_with_columns_more(visit: Visit) -> None:
    good, bad = 'A "superb" film,\r\nreally', "Das Essen war leider kalt und niemand hat sich entschuldigt."
    rows = [
        ["id", "Review", "label"],
        ["1", good, "ours"],
        ["2", "too", "many", "fields"],
        ["3", "", ""],
        ["4", bad, "é"],
    ]
    file = io.StringIO(newline="")
    csv.writer(file).writerows(rows)
    content = b"\xef\xbb\xbf" + file.getvalue().encode()

    choose(visit, "reviews.csv", content, start=False)
    expect(visit.find("file-column")).to_have_value("1")
    expect(visit.find("file-preview").locator("tbody tr")).to_have_count(4)
    expect(visit.find("file-preview").locator("td.chosen").first).to_contain_text("superb")
    expect(visit.find("file-labels").get_by_role("checkbox")).to_have_count(3)
    assert barriers(visit.page) == []
    visit.find("file-start").press("Enter")
    expect(visit.find("file-download")).to_be_focused()
    expect(visit.find("file-rows")).to_have_text("4 rows, 2 errors")
    expect(visit.find("file-tally").locator("li").last).to_have_text(re.compile(r"error ?2 \(50\.0 %\)"))
    answers = classified(visit, good, bad)
    labels = [one["label"] for one in answers]
    said = ", ".join(f"{labels.count(label)} {label}" for label in answers[0]["probabilities"])
    expect(visit.find("file-said")).to_have_text(f"Done. 4 rows, {said}, 2 errors.")
    expect(visit.find("file-preview").locator("tbody tr").nth(1)).to_contain_text("The row has 4 fields, the header 3.")
    assert barriers(visit.page) == []

    name, found = downloaded(visit)
    assert name == "reviews-classified.csv"
    assert found.startswith(b"\xef\xbb\xbfid,Review,label,predicted_label,score,warnings,error\r\n")
    columns = [[one["label"], str(one["score"]), ",".join(one["warnings"]), ""] for one in answers]
    assert list(csv.reader(io.StringIO(found.decode("utf-8-sig"), newline="")))[1:] == [
        [*rows[1], *columns[0]],
        ["2", "too", "many", "", "", "", "The row has 4 fields, the header 3."],
        ["3", "", "", "", "", "", "The text is empty."],
        [*rows[4], *columns[1]],
    ]
    assert columns[1][2] == "not_english"


def test_the_column_the_model_and_the_labels_are_chosen(visit: Visit) -> None:
    choose(visit, "points.csv", b"comment;other\nA superb film;What a dull plot\n", start=False)
    visit.find("file-column").select_option("other")
    visit.find("file-labels").get_by_label("neutral").uncheck()
    visit.find("file-labels").get_by_label("negative").uncheck()
    visit.find("file-start").click()
    expect(visit.find("file-problem")).to_have_text("Choose two labels or more.")
    visit.find("file-labels").get_by_label("negative").check()
    visit.find("file-start").click()
    (answer,) = classified(visit, "What a dull plot", labels=["negative", "positive"])
    row = f"A superb film;What a dull plot;negative;{answer['score']};;"
    assert downloaded(visit)[1].decode() == f"comment;other;label;score;warnings;error\n{row}\n"
    expect(visit.find("file-problem")).to_be_hidden()

    visit.find("sentiment-model").select_option("sentiment-lecture")
    expect(visit.find("file-labels")).to_be_hidden()
    with visit.page.expect_request("**/sentiment/batch") as asked:
        visit.find("file-start").click()
    assert asked.value.post_data_json == {
        "texts": ["What a dull plot"], "model": "sentiment-lecture", "on_error": "continue"
    }  # fmt: skip
    expect(visit.find("file-download")).to_be_visible()


def test_json_lines_keep_their_fields(visit: Visit) -> None:
    lines = [
        '{"n": 12345678901234567890, "body": "A superb film", "error": 1}',
        '{"body": 3}',
        "oops",
        "",
        r'{"body": "half \ud83d"}',
        '{"title": "x"}',
        '"What a waste"',
    ]
    choose(visit, "notes.jsonl.gz", gzip.compress("\n".join(lines).encode()))
    name, found = downloaded(visit)
    assert name == "notes-classified.jsonl"
    answers = classified(visit, "A superb film", "half \ufffd", "What a waste")
    none = dict.fromkeys(("label", "score", "warnings", "predicted_error"))
    kept = [{key: one[key] for key in ("label", "score", "warnings")} | {"predicted_error": None} for one in answers]
    assert [json.loads(line) for line in found.decode().splitlines()] == [
        {"n": 12345678901234567890, "body": "A superb film", "error": 1, **kept[0]},
        {"body": 3, **none, "warnings": [], "predicted_error": "The text is not a string."},
        {"line": "oops", **none, "warnings": [], "predicted_error": "The line is not JSON."},
        {"body": "half \ud83d", **kept[1]},
        {"title": "x", **none, "warnings": [], "predicted_error": "The object has no field “body”."},
        {"text": "What a waste", **kept[2]},
    ]


def test_a_text_a_line_comes_back_as_a_line_each(visit: Visit) -> None:
    choose(visit, "comments.txt", b"A superb film\r\n\r\nDas Essen war kalt, und niemand hat uns geholfen.")
    first, last = classified(visit, "A superb film", "Das Essen war kalt, und niemand hat uns geholfen.")
    assert downloaded(visit)[1].decode() == (
        f"{first['label']} {first['score']:.4f}\r\nerror: The text is empty.\r\n"
        f"{last['label']} {last['score']:.4f} not_english\r\n"
    )


def test_a_large_file_is_classified_in_order_and_can_be_stopped(visit: Visit) -> None:
    rows = 6_000
    words = ("superb", "dull", "plain")
    texts = [f"What a {words[at % 3]} film it was, {at}" for at in range(rows)]
    content = "".join(f"{at}\t{text}\n" for at, text in enumerate(texts)).encode()
    waiting: list[Route] = []
    asked = 0

    def hold(route: Route) -> None:
        """Let some parts through, and keep the others from being answered until the file is stopped."""
        nonlocal asked
        asked += 1
        if asked <= 4:
            route.continue_()
        else:
            waiting.append(route)

    visit.page.route("**/sentiment/batch", hold)
    choose(visit, "many.tsv", b"id\ttext\n" + content)
    bar = visit.find("file-bar")
    expect(visit.find("file-rate")).to_have_text(re.compile(r"\d rows a second\."))
    expect(visit.find("file-input")).to_be_disabled()
    expect(visit.find("file-rows")).to_have_text(re.compile(r"^\s*[1-9]"))
    assert 0 < bar.evaluate("node => node.value / node.max") < 1
    visit.find("file-stop").click()
    expect(visit.find("file-download")).to_contain_text("rows that are done")
    expect(visit.find("file-said")).to_contain_text("Stopped.")
    done = int(re.sub(r"\D.*", "", visit.find("file-rows").inner_text().replace(",", "")))
    stopped = downloaded(visit)[1].decode().splitlines()
    assert 0 < done < rows
    assert done % 256 == 0
    assert len(stopped) == 1 + done
    assert [line.split("\t")[1] for line in stopped[1:]] == texts[:done]

    visit.page.unroute("**/sentiment/batch")
    visit.find("file-start").click()
    expect(visit.find("file-said")).to_contain_text("Done. 6,000 rows", timeout=180_000)
    whole = [line.split("\t") for line in downloaded(visit)[1].decode().splitlines()[1:]]
    assert [(row[0], row[1]) for row in whole] == [(str(at), text) for at, text in enumerate(texts)]
    for at in (0, 300, rows - 1):
        assert whole[at][2] == classified(visit, texts[at])[0]["label"]


def test_a_busy_service_is_asked_again_when_it_says(visit: Visit) -> None:
    visit.refusals = ("status of 503", "status of 429")
    asked: list[float] = []
    statuses = [503, 429]

    def busy(route: Route) -> None:
        asked.append(time.monotonic())
        if not statuses:
            return route.continue_()
        body = json.dumps({"detail": "The service is busy."})
        return route.fulfill(status=statuses.pop(0), headers={"Retry-After": "2"}, body=body)

    visit.page.route("**/sentiment/batch", busy)
    choose(visit, "one.txt", b"A superb film\n")
    expect(visit.find("file-rate")).to_have_text("The service is busy. It is asked again in 2 seconds.")
    assert downloaded(visit)[1].startswith(b"positive ")
    assert len(asked) == 3
    assert all(later - earlier > 1.9 for earlier, later in pairwise(asked))
    expect(visit.find("file-problem")).to_be_hidden()


def test_what_is_too_much_at_once_is_asked_in_parts(browse: Browse, tmp_path: Path) -> None:
    with serving(tmp_path / "log.jsonl", MAX_BODY_BYTES="2000", MAX_TEXTS="50") as small:
        visit = browse(small.url)
        visit.refusals = ("status of 413", "status of 422")
        visit.open()
        choose(visit, "many.txt", b"".join(b"Fine\n" for _ in range(150)) + b"x" * 3000 + b"\nGood\n")
        lines = downloaded(visit)[1].decode().splitlines()
        assert len(lines) == 152
        assert [at for at, line in enumerate(lines) if line.startswith("error: ")] == [150]


def test_what_the_service_refuses_ends_a_file(visit: Visit) -> None:
    visit.refusals = ("status of 500",)
    count = 0

    def refuse(route: Route) -> None:
        nonlocal count
        count += 1
        if "999" in (route.request.post_data or ""):
            return route.fulfill(status=500, body=json.dumps({"detail": "Something broke."}))
        return route.continue_()

    visit.page.route("**/sentiment/batch", refuse)
    choose(visit, "numbers.txt", b"".join(b"Good, %d\n" % at for at in range(3000)))
    expect(visit.find("file-problem")).to_have_text("Something broke.")
    expect(visit.find("file-download")).to_contain_text("with the 768 rows that are done")
    assert len(downloaded(visit)[1].splitlines()) == 768
    assert count <= 6


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("photo.png", b"x", "“photo.png” is of no format that is read here."),
        ("rows.parquet", b"x", "The command line reads Parquet"),
        ("empty.csv", b"", "“empty.csv” is empty."),
        ("names.csv", b"text,id\n", "“names.csv” has a row of column names, and none below it."),
        ("none.csv", b" , \n1,2\n", "“none.csv” has no header"),
        ("latin.csv", b"text\nCaf\xe9 noir\n", "“latin.csv” is not text in UTF-8."),
        ("array.jsonl", b'[\n{"text": "x"\n}]\n', "“array.jsonl” is not JSON Lines"),
        ("cut.csv.gz", gzip.compress(b"text\nGood\n")[:-12], "“cut.csv.gz” is gzipped, but damaged"),
        ("open.csv", b'text\nGood\n"Bad\nWorse\n', "Row 3 opens a quote that is never closed."),
    ],
    ids=lambda value: value if isinstance(value, str) and "." in value[:12] else "",
)
def test_a_file_that_cannot_be_read_is_told(visit: Visit, name: str, content: bytes, sentence: str) -> None:
    choose(visit, name, content, start=False)
    expect(visit.find("file-problem")).to_contain_text(sentence)
    expect(visit.find("file-chosen")).to_be_hidden()
    choose(visit, "good.csv", b"text\nGood\n")
    expect(visit.find("file-problem")).to_be_hidden()
    assert downloaded(visit)[0] == "good-classified.csv"


def test_what_was_read_before_a_file_went_wrong_is_classified(visit: Visit) -> None:
    content = b"text\n" + b"Good\n" * 20_000 + b"Caf\xe9\n"

    def answer(route: Route) -> None:
        result = {"label": "positive", "score": 0.9, "warnings": []}
        texts = json.loads(route.request.post_data or "")["texts"]
        route.fulfill(json={"results": [result for _ in texts]})

    visit.page.route("**/sentiment/batch", answer)
    choose(visit, "late.csv", content)
    expect(visit.find("file-problem")).to_contain_text("is not text in UTF-8", timeout=60_000)
    expect(visit.find("file-said")).to_contain_text("Ended early.")
    rows = downloaded(visit)[1].splitlines()[1:]
    assert len(rows) > 16_000
    assert set(rows) == {b"Good,positive,0.9,,"}


def test_a_file_can_be_dropped(visit: Visit) -> None:
    drop = """(node, text) => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File([text], "dropped.txt"));
      for (const type of ["dragover", "drop"]) {
        const event = new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true });
        node.dispatchEvent(event);
        if (!event.defaultPrevented) throw new Error("the browser would open the file in place of the page");
      }
    }"""
    visit.find("tab-vectors").click()
    visit.page.locator("h1").evaluate(drop, "A superb film")
    expect(visit.find("panel-sentiment")).to_be_visible()
    expect(visit.find("file-name")).to_have_text("dropped.txt, 13 bytes")
    visit.find("file-start").click()
    assert downloaded(visit)[1].startswith(b"positive ")


def test_the_key_is_asked_for_once(browse: Browse, tmp_path: Path) -> None:
    with serving(tmp_path / "log.jsonl", API_KEYS="secret") as guarded:
        visit = browse(guarded.url)
        visit.refusals = ("status of 401",)
        visit.open()
        visit.find("api-key").fill("secret")
        visit.page.get_by_role("button", name="Use it").click()
        expect(visit.find("sentiment-label")).to_be_visible()
        choose(visit, "one.txt", b"A superb film\n")
        assert downloaded(visit)[1].startswith(b"positive ")


@pytest.mark.parametrize("end", ["last", ",", '""', "last\r"])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_pieces_of_csv_of_any_size_are_read_as_python_reads_them(visit: Visit, size: int, end: str) -> None:
    content = 'a,"b ""q""\r\nx",c\r\n\r\n1,,"" x\r"",\n,\n"q"z,y"y,"é😀"\r\n"",' + end
    parse = """async ([content, size]) => {
      const { CsvParser } = await import("/web/csv.js");
      const parser = new CsvParser(",");
      const found = [];
      for (let at = 0; at < content.length; at += size) found.push(...parser.push(content.slice(at, at + size)));
      return [...found, ...parser.end()];
    }"""
    expected = [row for row in csv.reader(io.StringIO(content, newline="")) if row]
    assert visit.page.evaluate(parse, [content, size]) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("reviews.csv", "reviews-classified.csv"),
        ("my.reviews.csv", "my.reviews-classified.csv"),
        ("reviews.jsonl.gz", "reviews-classified.jsonl"),
        ("reviews", "reviews-classified"),
        (".csv", ".csv-classified"),
    ],
)
def test_the_result_is_named_after_the_file(visit: Visit, name: str, expected: str) -> None:
    call = 'async (name) => (await import("/web/result.js")).resultName(name)'
    assert visit.page.evaluate(call, name) == expected


def test_what_was_under_way_is_given_before_a_broken_row_is_told(visit: Visit) -> None:
    give = """async () => {
      const { inOrder } = await import("/web/batches.js");
      async function* rows() {
        yield* [1, 2, 3, 4];
        throw new Error("a broken row");
      }
      const found = [];
      try {
        for await (const [row, squared] of inOrder(rows(), async (row) => row * row, 3)) found.push([row, squared]);
      } catch (error) {
        found.push(error.message);
      }
      return found;
    }"""
    assert visit.page.evaluate(give) == [[1, 1], [2, 4], [3, 9], [4, 16], "a broken row"]


@pytest.mark.parametrize("look", LOOKS)
def test_a_file_is_open_to_all_and_fits(browse: Browse, look: str) -> None:
    visit = browse(**LOOKS[look], reduced_motion="reduce")
    visit.open("#file")
    content = "id,name_of_the_product,text,stars\n" + "\n".join(
        f"{at},{name},{text},{at % 5}" for at, (name, text) in enumerate(ROWS)
    )
    choose(visit, "reviews.csv", content.encode())
    expect(visit.find("file-download")).to_be_visible()
    assert visit.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert barriers(visit.page) == []
    visit.find("file").screenshot(path=SCREENSHOTS / f"file-{look}.png")


# ---------------------------------------------------------------- inside the model


def test_tokens_and_the_probability_after_each_word(visit: Visit) -> None:
    text = "A wonderful film, but the qqqq ending is awful."
    visit.find("sentiment-text").fill(text)
    visit.find("tab-inside").click()
    expect(visit.find("inside-text")).to_have_value(text)
    found = visit.ask("/tokenize", {"texts": [text]})
    (ids,), (tokens,) = found["sequences"], found["tokens"]
    expect(visit.find("inside-tokens").locator("li")).to_have_text(
        [f"{token} {number}" for token, number in zip(tokens, ids, strict=True)]
    )
    chart = visit.find("inside-chart")
    dots = chart.locator("circle title")
    # Three boxes of padding come first.
    row = [0, 0, 0, *ids]
    names = ["·", "·", "·", *tokens]
    prefixes = [row[: end + 1] for end in range(len(row))]
    probabilities = visit.ask("/predict", {"sequences": prefixes})["probabilities"]
    whole = visit.ask("/sentiment", {"text": text})
    label = list(whole["probabilities"]).index(whole["label"])
    shown_ones = [row[label] for row in probabilities]
    expect(dots).to_have_text([f"{name}: {100 * found:.1f} %" for name, found in zip(names, shown_ones, strict=True)])
    assert shown_ones[-1] == pytest.approx(whole["score"], abs=1e-5)
    assert chart.locator("tbody tr").count() == len(row)
    name = f"Probability of “{whole['label']}” for the text up to each word"
    assert chart.get_by_role("img", name=name).is_visible()


def test_padding_can_be_tried(visit: Visit) -> None:
    visit.find("tab-inside").click()
    visit.find("inside-text").fill("A wonderful film")
    row = visit.find("inside-row").locator("li > span")
    (found,) = visit.ask("/tokenize", {"texts": ["A wonderful film"]})["sequences"]
    ids = list(map(str, found))
    expect(row).to_have_text(["0"] * 3 + ids)
    visit.find("inside-maxlen").fill("20")
    expect(row).to_have_text(["0"] * 16 + ids)
    visit.find("inside-padding").select_option("post")
    expect(row).to_have_text(ids + ["0"] * 16)
    visit.find("inside-maxlen").fill("2")
    expect(row).to_have_text(ids[2:])
    visit.find("inside-truncating").select_option("post")
    expect(row).to_have_text(ids[:2])
    expect(visit.find("sentiment-text")).to_have_value("A wonderful film")


# ---------------------------------------------------------------- tabs that are loaded later


@pytest.mark.parametrize("tab", ["inside", "vectors", "forecasts"])
def test_a_tab_is_not_there_before_it_listens(browse: Browse, tab: str) -> None:
    visit = browse()
    held: list[Route] = []
    visit.page.route(f"**/web/{tab}.js", lambda route: held.append(route))
    visit.open()
    visit.find(f"tab-{tab}").click()
    expect(visit.find(f"tab-{tab}")).to_have_attribute("aria-selected", "true")
    expect(visit.find("panel-sentiment")).to_be_hidden()
    expect(visit.find(f"panel-{tab}")).to_be_hidden()
    visit.find("tab-sentiment").click()
    visit.find(f"tab-{tab}").click()
    for route in held:
        route.continue_()
    expect(visit.find(f"panel-{tab}")).to_be_visible()


def test_the_values_of_a_link_are_those_of_a_tab_that_comes_later(browse: Browse) -> None:
    visit = browse()
    held: list[Route] = []
    visit.page.route("**/web/inside.js", lambda route: held.append(route))
    visit.open("#inside&text=A+wonderful+film&maxlen=9")
    expect(visit.find("sentiment-text")).to_have_value("A wonderful film")
    held.pop().continue_()
    expect(visit.find("inside-maxlen")).to_have_value("9")
    assert visit.page.url.endswith("#inside&text=A+wonderful+film&maxlen=9")


# ---------------------------------------------------------------- word vectors


def test_an_analogy_is_answered_by_every_space(visit: Visit) -> None:
    visit.find("tab-vectors").click()
    for name, word in zip("abc", ("king", "queen", "man"), strict=True):
        visit.find(f"vectors-{name}").fill(word)
    cards = visit.find("vectors-analogies").locator("section")
    expect(cards.first.locator("bdi").first).to_have_text("woman")
    spaces = [space["name"] for space in httpx.get(f"{visit.url}/vectors").json()["spaces"]]
    assert cards.locator("h3").all_text_contents() == spaces
    question = {"positive": ["queen", "man"], "negative": ["king"], "topn": 6}
    for at, space in enumerate(spaces):
        results = visit.ask("/analogies", {**question, "space": space})["results"]
        expect(cards.nth(at).locator("bdi")).to_have_text([found["word"] for found in results])

    plot = visit.find("vectors-plot")
    expect(plot.locator(".name")).to_have_text(["king", "queen", "man", "woman", "uncle", "aunt", "boy", "girl"])
    expect(plot.locator(".arrow")).to_have_count(2)
    expect(plot.locator("desc")).to_contain_text("An arrow from man to woman.")

    visit.find("vectors-way").select_option("lecture")
    question |= {"normalize": False, "exclude_inputs": False, "space": spaces[0]}
    results = visit.ask("/analogies", question)["results"]
    expect(cards.first.locator("bdi")).to_have_text([found["word"] for found in results])
    assert "man" in {found["word"] for found in results}


def test_neighbours_in_every_space(visit: Visit) -> None:
    visit.find("tab-vectors").click()
    visit.find("vectors-word").fill("Cold")
    cards = visit.find("vectors-neighbors").locator("section")
    spaces = [space["name"] for space in httpx.get(f"{visit.url}/vectors").json()["spaces"]]
    expect(cards.locator("h3")).to_have_text(spaces)
    for at, space in enumerate(spaces):
        results = httpx.get(f"{visit.url}/vectors/{space}/cold/neighbors?topn=6").json()["results"]
        expect(cards.nth(at).locator("bdi")).to_have_text([found["word"] for found in results])


def test_an_unknown_word_is_told_with_the_closest_spellings(visit: Visit) -> None:
    visit.refusals = ("status of 404",)
    visit.find("tab-vectors").click()
    expect(visit.find("vectors-plot").locator("svg")).to_be_visible()
    visit.find("vectors-b").fill("womann")
    for card in visit.find("vectors-analogies").locator("section").all():
        name = card.locator("h3").inner_text()
        expect(card).to_contain_text(f"“womann” is not a word of {name}; the closest are woman")
    expect(visit.find("vectors-plot-note")).to_contain_text("Not in glove: womann.")
    visit.find("vectors-word").fill("<b>awfull</b>")
    expect(visit.find("vectors-neighbors").locator("section").first).to_contain_text("“<b>awfull</b>” is not a word")


# ---------------------------------------------------------------- forecasts


def is_forecast(name: str, response: Response) -> bool:
    """Whether this answers a forecast; the first tab's text may still be waiting for its answer."""
    return response.request.method == "POST" and response.url.endswith(f"/forecasts/{name}")


def test_every_forecast_is_drawn_with_its_layers(visit: Visit) -> None:
    visit.open("#forecasts")
    expect(visit.find("forecasts-layers").locator("tfoot")).to_be_visible()
    forecasts = httpx.get(f"{visit.url}/forecasts").json()["forecasts"]
    titles = list(dict.fromkeys(info["title"] for info in forecasts))
    tasks = visit.find("forecasts-tasks").get_by_role("button")
    expect(tasks).to_have_text(titles)
    for info in forecasts:
        details = httpx.get(f"{visit.url}/forecasts/{info['name']}").json()
        tasks.get_by_text(info["title"], exact=True).click()
        models = [one["name"] for one in forecasts if one["title"] == info["title"]]
        expect(visit.find("forecasts-name").locator("option")).to_have_count(len(models))
        with visit.page.expect_response(partial(is_forecast, info["name"])) as answered:
            visit.find("forecasts-name").select_option(info["name"])
        answer = body_of(answered.value)
        expect(visit.find("forecasts-layers").locator("tbody th")).to_have_text(
            [one["kind"] for one in details["layers"]]
        )
        expect(visit.find("forecasts-layers").locator("tfoot")).to_contain_text(f"{info['parameters']:,}")
        for layer in details["layers"]:
            expect(visit.find("forecasts-layers")).to_contain_text(layer["formula"])
        dashed = visit.find("forecasts-charts").locator(".dashed")
        expect(dashed).to_have_count(len(info["outputs"]))
        drawn = [re.compile(f"^{re.escape(step)}: ") for step in answer["steps"]]
        expect(dashed.first.locator("title")).to_have_text(drawn)


def test_the_example_of_a_forecast_can_be_edited(visit: Visit) -> None:
    visit.open("#forecasts")
    forecast = visit.find("forecasts-charts").locator(".dashed title")
    expect(forecast).to_have_text("day+1: 110")
    observations = visit.find("forecasts-observations")
    observations.fill("20 30 95\n22; 25; 105\n22, 22, 112\n\n")
    body = {"sequences": [[[20, 30, 95], [22, 25, 105], [22, 22, 112]]]}
    predicted = visit.ask("/forecasts/air-pollution", body)["predictions"][0][0][0]
    expect(forecast).to_have_text(f"day+1: {float(f'{predicted:.4g}'):g}")
    for wrong, sentence in {
        "1, 2, 3\n1, two, 3": "Line 2 has something that is no number.",
        "1, 2": "Line 1 has 2 numbers, but an observation has 3.",
        "\n": "There is no observation to forecast from.",
    }.items():
        observations.fill(wrong)
        expect(visit.find("forecasts-problem")).to_have_text(sentence)
        expect(forecast).to_be_hidden()
    visit.find("forecasts-reset").click()
    expect(forecast).to_have_text("day+1: 110")
    expect(visit.find("forecasts-problem")).to_be_hidden()


# ---------------------------------------------------------------- for everybody


def test_the_tabs_work_with_the_keyboard(visit: Visit) -> None:
    expect(visit.find("sentiment-answer")).to_be_visible()
    visit.page.keyboard.press("Tab")  # the link in the head of the page
    visit.page.keyboard.press("Tab")
    for key, tab in [
        ("", "sentiment"),
        ("ArrowRight", "inside"),
        ("End", "forecasts"),
        ("ArrowRight", "sentiment"),
        ("ArrowLeft", "forecasts"),
        ("Home", "sentiment"),
        ("ArrowRight", "inside"),
    ]:
        if key:
            visit.page.keyboard.press(key)
        expect(visit.find(f"tab-{tab}")).to_be_focused()
        expect(visit.find(f"tab-{tab}")).to_have_attribute("aria-selected", "true")
        # A tab is shown once it is loaded.
        shown_panels = visit.page.locator("[role=tabpanel]:visible")
        expect(shown_panels).to_have_count(1)
        expect(shown_panels).to_have_id(f"panel-{tab}")
    assert visit.page.url.endswith("#inside")
    visit.page.keyboard.press("Tab")
    expect(visit.find("panel-inside")).to_be_focused()
    for name in ("model", "text"):
        visit.page.keyboard.press("Tab")
        expect(visit.find(f"inside-{name}")).to_be_focused()
    visit.page.reload()
    expect(visit.find("panel-inside")).to_be_visible()


def test_a_service_that_cannot_be_reached_is_told(browse: Browse, tmp_path: Path) -> None:
    with serving(tmp_path / "log.jsonl") as service:
        visit = browse(service.url)
        visit.refusals = ("ERR_CONNECTION_REFUSED",)
        visit.open()
        expect(visit.find("sentiment-label")).to_have_text("positive")
    visit.find("sentiment-text").fill("A terrible film")
    expect(visit.find("sentiment-problem")).to_contain_text("The service cannot be reached.")
    expect(visit.find("sentiment-answer")).to_be_hidden()
    for tab in ("inside", "vectors", "forecasts"):
        visit.find(f"tab-{tab}").click()
        expect(visit.find(f"{tab}-problem")).to_contain_text("The service cannot be reached.")


def test_what_the_service_refuses_is_told_in_its_own_sentence(visit: Visit) -> None:
    visit.refusals = ("status of 503", "status of 502")
    detail = "The service is busy with other long requests; try again in a second."

    def busy(route: Route) -> None:
        route.fulfill(status=503, content_type="application/problem+json", body=json.dumps({"detail": detail}))

    visit.page.route("**/sentiment", busy)
    visit.find("sentiment-text").fill("A superb film")
    expect(visit.find("sentiment-problem")).to_have_text(detail)
    visit.page.unroute("**/sentiment")
    visit.page.route("**/sentiment", lambda route: route.fulfill(status=502, body="<html>Bad gateway"))
    visit.find("sentiment-text").fill("A superb film!")
    expect(visit.find("sentiment-problem")).to_contain_text("status 502")
    visit.page.unroute("**/sentiment")
    visit.find("sentiment-text").fill("A superb film.")
    expect(visit.find("sentiment-label")).to_have_text("positive")
    expect(visit.find("sentiment-problem")).to_be_hidden()


def open_all(details: Locator) -> None:
    details.evaluate_all("all => all.forEach(one => { one.open = true; })")


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("tab", TABS)
def test_a_tab_is_open_to_all_and_fits(browse: Browse, tab: str, look: str) -> None:
    visit = browse(**LOOKS[look], reduced_motion="reduce")
    visit.open(f"#{tab}")
    expect(visit.page.locator(TABS[tab]).first).to_be_visible()
    if tab == "vectors":
        expect(visit.find("vectors-neighbors").locator("section").first).to_be_visible()
        expect(visit.find("vectors-analogies").locator("section").first).to_be_visible()
    assert visit.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    visit.page.screenshot(path=SCREENSHOTS / f"{tab}-{look}.png", full_page=True)
    open_all(visit.page.locator("details"))
    assert barriers(visit.page) == []
    assert visit.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


# ---------------------------------------------------------------- the API


@pytest.mark.parametrize("look", LOOKS)
def test_the_api_is_shown_without_internet_access(browse: Browse, look: str) -> None:
    visit = browse(**LOOKS[look])
    visit.open("docs")
    operations = visit.page.locator("details.operation")
    expect(operations).to_have_count(32)
    visit.page.screenshot(path=SCREENSHOTS / f"docs-{look}.png", full_page=True)
    # All of them take axe-core seconds; the first has all that any of them has.
    opened = 19 if look == "light" else 1
    for operation in operations.all()[:opened]:
        open_all(operation)
    expect(visit.page.get_by_role("heading", name="Try it")).to_have_count(opened)
    for field_name in ("explain", "tokens.unknown", "words[].contribution"):
        expect(operations.first.locator("dt code").get_by_text(field_name, exact=True).first).to_be_attached()
    assert barriers(visit.page) == []
    assert visit.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_every_operation_can_be_tried_with_its_example(browse: Browse) -> None:
    visit = browse()
    visit.open("docs")
    expect(visit.page.locator("details.operation").first).to_be_visible()
    for operation in visit.page.locator("details.operation").all():
        operation.locator("summary").first.click()
        operation.get_by_role("button", name="Send").click()
        expect(operation.get_by_role("status")).to_have_text(re.compile("Status 20[01]"))
        assert operation.get_by_label("The answer").inner_text()
