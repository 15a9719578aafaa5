"""The first tab in a real browser: verdict, explanation, link, history, comparison, snippets."""

import csv
import io
import json
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.e2e.conftest import serving
from tests.e2e.visiting import Browse, Visit, barriers

GOOD = "A wonderful film, I loved every moment."
BAD = "What a waste of two hours."
LONG = "The plot was dull, I was bored, and nothing happened. " * 60


def ready(visit: Visit) -> None:
    """Wait until nothing that is shown is old."""
    for name in ("verdict", "why"):
        expect(visit.find(f"sentiment-{name}")).to_have_attribute("aria-busy", "false")


def type_text(visit: Visit, text: str) -> None:
    visit.find("sentiment-text").fill(text)
    expect(visit.find("sentiment-text")).to_have_value(text)
    ready(visit)


def top(node: Locator) -> float:
    box = node.bounding_box()
    assert box
    return box["y"]


def hold_explanations(page: Page) -> list[Route]:
    """Keep requests for explanations waiting; return those that wait."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        if '"explain":true' in (route.request.post_data or ""):
            held.append(route)
        else:
            route.continue_()

    page.route("**/sentiment", hold)
    return held


# ---------------------------------------------------------------- verdict first


def test_the_verdict_does_not_wait_for_the_explanation(visit: Visit) -> None:
    ready(visit)
    held = hold_explanations(visit.page)
    visit.find("sentiment-text").fill(BAD)
    expect(visit.find("sentiment-label")).to_have_text("negative")
    expect(visit.find("sentiment-verdict")).to_have_attribute("aria-busy", "false")
    expect(visit.find("sentiment-why")).to_have_attribute("aria-busy", "true")
    while held:
        held.pop().continue_()
    ready(visit)
    expect(visit.find("sentiment-reading")).to_contain_text("waste")


def test_an_old_answer_looks_old_from_the_first_letter(visit: Visit) -> None:
    type_text(visit, GOOD)
    visit.page.route("**/sentiment", lambda _: None)  # no answer comes
    visit.find("sentiment-text").press_sequentially("!")
    for name in ("verdict", "why"):
        expect(visit.find(f"sentiment-{name}")).to_have_attribute("aria-busy", "true")
        expect(visit.find(f"sentiment-{name}")).to_have_css("opacity", "0.45")
    # The request for the new text is there at once, as no answer is needed for it.
    expect(visit.find("sentiment-snippets")).to_contain_text(f"{GOOD}!")


def test_the_page_comes_back_with_the_service(browse: Browse, tmp_path: Path) -> None:
    with serving(tmp_path / "log.jsonl") as service:
        port = str(urlsplit(service.url).port)
        visit = browse(service.url)
        visit.refusals = ("ERR_CONNECTION_REFUSED",)
        visit.open()
        ready(visit)
    visit.find("sentiment-text").fill(BAD)
    expect(visit.find("sentiment-problem")).to_contain_text("cannot be reached")
    with serving(tmp_path / "again.jsonl", PORT=port):
        expect(visit.find("sentiment-label")).to_have_text("negative", timeout=30_000)
        expect(visit.find("sentiment-problem")).to_be_hidden()
        ready(visit)


def test_a_verdict_stays_where_only_the_explanation_fails(visit: Visit) -> None:
    visit.refusals = ("status of 503",)
    ready(visit)

    def refuse(route: Route) -> None:
        if '"explain":true' in (route.request.post_data or ""):
            route.fulfill(status=503, json={"detail": "Too much work waits."}, headers={"Retry-After": "60"})
        else:
            route.continue_()

    visit.page.route("**/sentiment", refuse)
    visit.find("sentiment-text").fill(BAD)
    expect(visit.find("sentiment-problem")).to_have_text("Too much work waits.")
    expect(visit.find("sentiment-label")).to_have_text("negative")
    expect(visit.find("sentiment-verdict")).to_be_visible()


def test_the_verdict_stands_beside_the_text_or_above_the_fold(browse: Browse) -> None:
    wide = browse(viewport={"width": 1280, "height": 800})
    phone = browse(viewport={"width": 360, "height": 640})
    for visit in (wide, phone):
        visit.open()
        ready(visit)
        box = visit.find("sentiment-verdict").bounding_box()
        assert box
        assert box["y"] + box["height"] <= visit.page.evaluate("innerHeight")
    assert top(wide.find("sentiment-verdict")) < top(wide.find("sentiment-examples"))
    text, verdict = (wide.find(f"sentiment-{name}").bounding_box() for name in ("text", "verdict"))
    assert text
    assert verdict
    assert verdict["x"] >= text["x"] + text["width"]


@pytest.mark.parametrize(
    ("text", "doubt"),
    [
        (GOOD, ""),
        ("Das Essen war leider kalt und niemand hat sich entschuldigt.", "Not English."),
        ("...", "No words."),
        ("asdfgh", "Unknown words."),
    ],
)
def test_a_doubt_is_the_verdict(visit: Visit, text: str, doubt: str) -> None:
    type_text(visit, text)
    expect(visit.find("sentiment-doubt")).to_have_text(doubt)
    expect(visit.find("sentiment-verdict")).to_have_class(
        re.compile("doubt" if doubt else r"verdict (negative|positive|other)$")
    )
    expect(visit.find("sentiment-guess")).to_have_text("The model’s guess:" if doubt else "")


@pytest.mark.parametrize(
    ("shares", "doubt", "tone"),
    [((0.4, 0.15, 0.45), "Unsure.", "doubt"), ((0.1, 0.7, 0.2), "", "other"), ((0.1, 0.2, 0.7), "", "positive")],
)
def test_unsure_and_neutral_are_said(visit: Visit, shares: tuple[float, ...], doubt: str, tone: str) -> None:
    ready(visit)

    def answer(route: Route) -> None:
        labels = ("negative", "neutral", "positive")
        score = max(shares)
        body = {
            "label": labels[shares.index(score)],
            "score": score,
            "probabilities": dict(zip(labels, shares, strict=True)),
            "tokens": {"count": 1, "unknown": 0, "truncated": False},
            "warnings": [],
            "words": [],
            "sentences": [],
            "model": "sentiment-best",
            "version": "2.1.0",
        }
        route.fulfill(json=body)

    visit.page.route("**/sentiment", answer)
    visit.find("sentiment-text").fill("A lamp")
    expect(visit.find("sentiment-score")).to_have_text(f"{100 * max(shares):.1f} %")
    expect(visit.find("sentiment-doubt")).to_have_text(doubt)
    expect(visit.find("sentiment-verdict")).to_have_class(f"card verdict {tone}")


# ---------------------------------------------------------------- why


def test_a_sure_long_text_is_shaded_by_its_strongest_word(visit: Visit) -> None:
    type_text(visit, LONG)
    words = visit.find("sentiment-reading").locator(".word")
    assert words.count() > 0
    strengths = [
        float(one) for one in words.evaluate_all("all => all.map(n => n.style.getPropertyValue('--strength'))")
    ]
    assert max(strengths) == 1
    answer = visit.ask("/sentiment", {"text": LONG, "explain": True})
    strongest = max(answer["words"], key=lambda word: abs(word["contribution"]))
    legend = visit.find("sentiment-legend")
    expect(legend).to_contain_text("log-odds of “positive” against “negative”")
    expect(legend).to_contain_text(f"“{strongest['text']}”")


def test_an_underline_does_not_break_at_words(visit: Visit) -> None:
    type_text(visit, GOOD)
    sentence = visit.find("sentiment-reading").locator(".sentence")
    expect(sentence).to_have_css("text-decoration-line", "none")
    assert sentence.locator(".word").count() > 1
    # One strip of background below all words of the line, in the pixels too.
    image = sentence.screenshot()
    row = visit.page.evaluate(BOTTOM_ROW, [*image])
    assert len({tuple(pixel) for pixel in row[4:-4]}) == 1


BOTTOM_ROW = """async (bytes) => {
  const image = await createImageBitmap(new Blob([new Uint8Array(bytes)]));
  const canvas = new OffscreenCanvas(image.width, image.height);
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const row = context.getImageData(0, image.height - 1, image.width, 1).data;
  return Array.from({ length: image.width }, (_, at) => [...row.slice(4 * at, 4 * at + 3)]);
}"""
"""The colours of the lowest pixels of a picture."""


@pytest.mark.parametrize("model", ["sentiment-best", "sentiment-lecture"])
def test_a_break_of_a_review_is_shown_as_one(visit: Visit, model: str) -> None:
    visit.find("sentiment-model").select_option(model)
    type_text(visit, "A superb film.<br /><br />What a dull plot.<br>Fine <b>cast</b>.")
    reading = visit.find("sentiment-reading")
    expect(reading.locator("br")).to_have_count(3)
    expect(reading).not_to_contain_text("<br")
    expect(reading).to_contain_text("<b>cast</b>")


# ---------------------------------------------------------------- a link one can send


def test_a_link_holds_text_model_tab_and_inputs(browse: Browse) -> None:
    visit = browse(permissions=["clipboard-read", "clipboard-write"])
    visit.open()
    text = "Tom & Jerry: 100 % superb? #1 = 😀 é +"
    type_text(visit, text)
    visit.find("sentiment-model").select_option("sentiment-lecture")
    visit.find("sentiment-copy").click()
    expect(visit.find("sentiment-link-said")).to_have_text("Copied.")
    link = visit.page.evaluate("navigator.clipboard.readText()")
    assert urlsplit(link).query == ""
    assert parse_qs(urlsplit(link).fragment.partition("&")[2])["text"] == [text]

    other = browse()
    other.page.goto(link)
    expect(other.find("sentiment-text")).to_have_value(text)
    expect(other.find("sentiment-model")).to_have_value("sentiment-lecture")
    other.find("tab-inside").click()
    expect(other.find("inside-text")).to_have_value(text)
    expect(other.find("inside-model")).to_have_value("sentiment-lecture")
    other.find("inside-maxlen").fill("40")
    expect(other.page).to_have_url(re.compile("#inside&.*maxlen=40"))
    third = browse()
    third.page.goto(other.page.url)
    expect(third.find("panel-inside")).to_be_visible()
    expect(third.find("inside-maxlen")).to_have_value("40")
    expect(third.find("inside-text")).to_have_value(text)


def test_the_way_to_a_whole_file_keeps_model_and_comparison(visit: Visit) -> None:
    visit.open("#sentiment&text=A+superb+film&model=sentiment-lecture&with=sentiment-best")
    ready(visit)
    address = visit.page.url
    visit.page.get_by_role("link", name="Classify a whole file").click()
    expect(visit.find("file-title")).to_be_in_viewport()
    expect(visit.page).to_have_url(address)
    expect(visit.find("sentiment-model")).to_have_value("sentiment-lecture")
    expect(visit.find("sentiment-other")).to_have_value("sentiment-best")
    expect(visit.find("sentiment-text")).to_have_value("A superb film")


def test_the_text_goes_into_no_log(browse: Browse, tmp_path: Path) -> None:
    with serving(tmp_path / "log.jsonl") as service:
        visit = browse(service.url)
        visit.open("#sentiment&text=confidential+words")
        expect(visit.find("sentiment-text")).to_have_value("confidential words")
        ready(visit)
        assert "confidential" not in service.log.read_text()


def test_back_goes_back(visit: Visit) -> None:
    first = visit.find("sentiment-text").input_value()
    type_text(visit, GOOD)
    visit.find("sentiment-text").blur()
    type_text(visit, BAD)
    visit.find("tab-vectors").click()
    visit.find("vectors-a").fill("boy")
    visit.find("vectors-a").blur()
    visit.find("tab-inside").click()
    visit.page.go_back()
    expect(visit.find("panel-vectors")).to_be_visible()
    expect(visit.find("vectors-a")).to_have_value("boy")
    visit.page.go_back()
    expect(visit.find("vectors-a")).to_have_value("man")
    visit.page.go_back()
    expect(visit.find("panel-sentiment")).to_be_visible()
    for text in (BAD, GOOD, first):
        expect(visit.find("sentiment-text")).to_have_value(text)
        if text != first:
            visit.page.go_back()
    visit.page.go_forward()
    expect(visit.find("sentiment-text")).to_have_value(GOOD)
    ready(visit)
    expect(visit.find("sentiment-label")).to_have_text("positive")


def test_the_last_text_is_kept_for_the_tab(visit: Visit) -> None:
    long = BAD * 2000
    for text in (BAD, long):
        type_text(visit, text)
        visit.page.goto("about:blank")
        visit.open()
        expect(visit.find("sentiment-text")).to_have_value(text)
    visit.refusals = ("status of 422",)
    visit.find("sentiment-copy").click()
    expect(visit.find("sentiment-link-said")).to_contain_text("too long for a link")


# ---------------------------------------------------------------- two models, and what was tried


def test_two_models_side_by_side(visit: Visit) -> None:
    text = "not bad at all"
    type_text(visit, text)
    visit.find("sentiment-other").select_option("sentiment-lecture")
    comparison = visit.find("sentiment-comparison")
    expect(comparison).to_be_visible()
    answers = {
        model: visit.ask("/sentiment", {"text": text, "model": model, "explain": True})
        for model in ("sentiment-best", "sentiment-lecture")
    }
    said = "; ".join(f"{name} says {one['label']}, {100 * one['score']:.1f} %" for name, one in answers.items())
    expect(visit.find("sentiment-difference")).to_have_text(f"They differ: {said}.")
    expect(visit.find("sentiment-sides").locator("h3")).to_have_text(list(answers))
    expect(visit.find("sentiment-differing").locator("thead th")).to_have_text(["Word", *answers])
    first = visit.find("sentiment-differing").locator("tbody tr").first
    expect(first.locator("th")).to_have_text("bad")
    expect(visit.page).to_have_url(re.compile("with=sentiment-lecture"))
    assert barriers(visit.page) == []
    visit.page.reload()
    expect(visit.find("sentiment-other")).to_have_value("sentiment-lecture")
    expect(comparison).to_be_visible()
    visit.find("sentiment-other").select_option("")
    expect(comparison).to_be_hidden()


def test_words_that_models_take_apart_differently_are_compared_whole(visit: Visit) -> None:
    visit.open("#sentiment&with=sentiment-lecture&text=It+isn%27t+bad%21+%F0%9F%98%80+%3A%29")
    words = visit.find("sentiment-differing").locator("tbody th")
    expect(words.filter(has_text="isn't")).to_have_count(1)
    assert set(words.all_text_contents()) <= {"It", "isn't", "bad!", "😀", ":)"}


def test_the_texts_that_were_tried_can_be_downloaded(visit: Visit) -> None:
    texts = ['A "superb" film,\nreally', BAD]
    for count, text in enumerate(texts, 1):
        type_text(visit, text)
        expect(visit.find("tried-table").locator("tbody tr")).to_have_count(count)
    with visit.page.expect_download() as download:
        visit.find("tried-download").click()
    rows = list(csv.DictReader(io.StringIO(download.value.path().read_text(), newline="")))
    assert [row["text"] for row in rows][:2] == texts[::-1]
    for row in rows:
        answer = visit.ask("/sentiment", {"text": row["text"]})
        assert (row["label"], float(row["score"]), row["model"]) == (answer["label"], answer["score"], answer["model"])
    visit.find("tried-clear").click()
    expect(visit.find("tried")).to_be_hidden()


def test_a_downloaded_text_is_no_formula(visit: Visit) -> None:
    text = '=HYPERLINK("http://example.org", "superb")'
    type_text(visit, text)
    expect(visit.find("tried-table").locator("tbody tr")).to_have_count(1)
    with visit.page.expect_download() as download:
        visit.find("tried-download").click()
    (row,) = csv.DictReader(io.StringIO(download.value.path().read_text(), newline=""))
    assert row["text"] == f"'{text}"


def test_an_erased_text_was_not_tried(visit: Visit) -> None:
    ready(visit)
    visit.page.clock.install()
    visit.find("sentiment-text").fill("Superb")
    visit.page.clock.run_for(100)
    ready(visit)
    visit.find("sentiment-text").fill("")
    visit.page.clock.run_for(5000)
    expect(visit.find("tried")).to_be_hidden()


# ---------------------------------------------------------------- from other programs


def test_a_text_that_reads_like_a_constant_stays_a_text(visit: Visit) -> None:
    visit.find("sentiment-program").locator("summary").click()
    code = visit.find("sentiment-snippets").get_by_role("group", name="Python").locator("code")
    for text in ("true", "false", "null", "constructor", "toString"):
        visit.find("sentiment-text").fill(text)
        expect(code).to_contain_text(f'json.dumps({{"text": "{text}", "model": "sentiment-best", "explain": True}})')


def test_the_request_for_200_kilobytes_works_word_for_word(browse: Browse, tmp_path: Path) -> None:
    visit = browse(permissions=["clipboard-read", "clipboard-write"])
    visit.refusals = ("status of 422",)
    visit.page.set_default_timeout(60_000)  # to lay out so much takes a browser on a busy machine long
    visit.open()
    text = 'It\'s "dull", \\ $HOME é😀 ' * 8000 + "\nfine"
    assert len(text.encode()) > 200_000
    visit.find("sentiment-model").select_option("sentiment-lecture")
    # As if it were pasted: a browser takes long to type so much.
    paste = "(area, text) => { area.value = text; area.dispatchEvent(new Event('input')); }"
    visit.find("sentiment-text").evaluate(paste, text)
    visit.find("sentiment-program").locator("summary").click()
    with visit.page.expect_download() as download:
        visit.page.get_by_role("link", name="Download request.json").click()
    download.value.save_as(tmp_path / "request.json")
    body = json.loads((tmp_path / "request.json").read_text())
    assert body == {"text": text, "model": "sentiment-lecture", "explain": True}
    answer = httpx.post(f"{visit.url}/sentiment", json=body, timeout=60).json()

    def copied(name: str) -> str:
        button = visit.page.get_by_role("button", name=f"Copy {name}")
        button.click()
        expect(visit.find("sentiment-snippets").locator(".row", has=button)).to_contain_text("Copied.")
        return str(visit.page.evaluate("navigator.clipboard.readText()"))

    def run(*command: str) -> object:
        ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        return json.loads(ended.stdout)

    assert run("bash", "-c", f"{copied('curl')} --silent") == answer
    # The explanation of so many words is refused, which urllib raises as an error.
    (tmp_path / "request.json").write_text(json.dumps({**body, "explain": False}))
    plain = run("bash", "-c", f"{copied('curl')} --silent")
    assert run(sys.executable, "-c", f"{copied('Python')}\nprint(json.dumps(answer))") == plain
    node = f"(async () => {{ {copied('fetch')} console.log(JSON.stringify(answer)); }})()"
    assert run("node", "-e", node) == plain


def test_a_visitor_needs_three_clicks_at_most(visit: Visit) -> None:
    """What a first visit is for, each by what is on the page."""
    # Why: none. To a colleague: one. The two models: one choice. A file: one dialog, and one button.
    ready(visit)
    expect(visit.find("sentiment-reading").locator(".word").first).to_be_visible()
    visit.page.get_by_role("button", name="Copy a link to this").click()
    expect(visit.find("sentiment-link")).to_be_visible()
    visit.page.get_by_label("Compare with the model").select_option("sentiment-lecture")
    expect(visit.find("sentiment-comparison")).to_be_visible()
    chooser = visit.page.get_by_label("Choose a file, or drop it anywhere on this page")
    chooser.set_input_files({"name": "one.txt", "mimeType": "text/plain", "buffer": b"A superb film\n"})
    visit.page.get_by_role("button", name="Classify the file").click()
    expect(visit.find("file-download")).to_be_visible()
