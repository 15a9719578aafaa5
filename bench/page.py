"""The page in a browser: how soon it shows a verdict after the last key, how it loads, whether it shades reviews."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import Final
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from bench.errors import BenchError
from bench.figures import Figure, Result
from bench.options import Options
from bench.servers import Server, service, two_cores
from training.corpora import imdb
from training.corpora.imdb import DataError

KEYS: Final = 60
LOADS: Final = 9
REVIEWS: Final = 120
FIRST_REVIEW: Final = 0
VIEWPORT: Final[ViewportSize] = {"width": 1280, "height": 800}
DEBOUNCE: Final = 60.0
"""Milliseconds without a key after which the page asks: ``DEBOUNCE`` of app/web/sentiment.js."""
SETTLE_MS: Final = 800
"""How long a page is watched for shifts of its layout after it is loaded."""
ANSWER_MS: Final = 60_000.0
EXPLAINED: Final = "#sentiment-why[aria-busy=false]"
TEXT: Final = "The music is lovely, but the plot is dull and the end is too long to be borne by anybody at all"
CHROMIUMS: Final = ("chromium", "chromium-browser", "google-chrome")

METHOD: Final = (
    "Chromium without a window, 1,280 × 800, and the service on loopback, on a core of its own. *After the last key*: "
    "{keys} words are typed, each after the verdict on the one before; from the key's event to the frame after the one "
    "that the verdict is drawn in, without the {debounce:.0f} ms for which the page waits for another key. *Largest "
    "contentful paint* and *layout shift* are the browser's own, of {loads} loads with an empty cache, until "
    "{settle} ms after. *Reviews without shading*: {reviews} consecutive test reviews of IMDb, typed in whole."
)

_WATCH: Final = """() => {
  window.found = { paint: 0, shift: 0 };
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) found.paint = entry.startTime;
  }).observe({ type: "largest-contentful-paint", buffered: true });
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) found.shift += entry.value;
  }).observe({ type: "layout-shift", buffered: true });
}"""
_TYPE: Final = """(text) => new Promise((resolve) => {
  const area = document.getElementById("sentiment-text");
  const verdict = document.getElementById("sentiment-verdict");
  area.value = text;
  const begun = performance.now();
  area.dispatchEvent(new Event("input"));
  const seen = new MutationObserver(() => {
    if (verdict.getAttribute("aria-busy") !== "false") return;
    seen.disconnect();
    requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now() - begun)));
  });
  seen.observe(verdict, { attributes: true, attributeFilter: ["aria-busy"] });
})"""


def measure(options: Options) -> Result:
    """Measure what a visitor waits for, and sees."""
    keys: list[float] = []
    paints: list[float] = []
    shifts: list[float] = []
    with _browser(options) as (browser, url):
        for _ in range(LOADS):
            paint, shift = _load(browser, url)
            paints.append(paint)
            shifts.append(shift)
        page = browser.new_page(viewport=VIEWPORT)
        page.goto(url)
        page.locator(EXPLAINED).wait_for(timeout=ANSWER_MS)
        words = TEXT.split()
        for count in range(KEYS):
            end = 1 + count % len(words)
            keys.append(page.evaluate(_TYPE, " ".join(words[:end])) - DEBOUNCE)
            page.locator(EXPLAINED).wait_for(timeout=ANSWER_MS)
        texts = _reviews(options)
        bare = sum(_shaded(page, text) == 0 for text in texts)
    return Result(
        METHOD.format(keys=KEYS, debounce=DEBOUNCE, loads=LOADS, settle=SETTLE_MS, reviews=REVIEWS),
        [
            Figure("verdict after the last key, median", median(keys), "ms", below=60),
            Figure("verdict after the last key, 95 % within", quantiles(keys, n=20)[-1], "ms"),
            Figure("largest contentful paint, median", median(paints), "ms", below=500),
            Figure("cumulative layout shift, worst", max(shifts), "", exactly=0),
            *([Figure(f"of {len(texts)} test reviews without shading", bare, "", exactly=0)] if texts else []),
        ],
    )


@contextmanager
def _browser(options: Options) -> Iterator[tuple[Browser, str]]:
    """Start the service and the browser."""
    path = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if path is None:
        raise BenchError("There is no Chromium on this machine; install Debian's package chromium.")
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        server = Server(service("service", options.model), two_cores()[0], Path(name))
        try:
            server.wait({"text": TEXT})
            parts = urlsplit(server.url)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=path)
                yield browser, f"{parts.scheme}://{parts.netloc}/"
                browser.close()
        finally:
            server.end()


def _load(browser: Browser, url: str) -> tuple[float, float]:
    """Return the milliseconds to the largest paint, and the shift of the layout."""
    context = browser.new_context(viewport=VIEWPORT)
    fresh = context.new_page()
    fresh.goto(url)
    fresh.evaluate(_WATCH)
    fresh.locator(EXPLAINED).wait_for(timeout=ANSWER_MS)
    fresh.wait_for_timeout(SETTLE_MS)
    found = fresh.evaluate("found")
    context.close()
    return found["paint"], found["shift"]


def _reviews(options: Options) -> list[str]:
    try:
        texts = imdb.load("test", options.data).texts
    except DataError:
        options.say("the test reviews are not on this machine, and none is typed")
        return []
    return list(texts[FIRST_REVIEW : FIRST_REVIEW + REVIEWS])


def _shaded(page: Page, text: str) -> int:
    """Return how many words of a text are shaded."""
    page.evaluate(_TYPE, text)
    page.locator(EXPLAINED).wait_for(timeout=ANSWER_MS)
    return page.locator("#sentiment-reading .word").count()
