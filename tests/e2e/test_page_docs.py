"""The page of the API, and how all pages fit, in a real browser."""

import json
import re
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.conftest import ROOT
from tests.e2e.visiting import Browse, Visit

WIDTHS = (320, 768, 1280, 3840)
SHIFTS = """() => new Promise((resolve) => {
  let sum = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) sum += entry.value;
  }).observe({ type: "layout-shift", buffered: true });
  setTimeout(() => resolve(sum), 300);
})"""


def opened(visit: Visit, operation: str) -> Locator:
    visit.open(f"docs#{operation}")
    node = visit.find(operation)
    expect(node.get_by_role("button", name="Send")).to_be_visible()
    return node


def test_operations_are_grouped_as_the_readme_has_them(visit: Visit) -> None:
    visit.open("docs")
    groups = visit.find("docs-operations").locator("h2")
    expect(groups.first).to_be_visible()
    headings = re.findall(r"^##+ (.+)$", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert set(groups.all_text_contents()) <= set(headings)


@pytest.mark.parametrize(
    ("operation", "media_type", "answer"),
    [
        ("classify", "application/x-www-form-urlencoded", '"label": "positive"'),
        ("classify", "multipart/form-data", '"label": "positive"'),
        ("classify", "text/plain", '"label": "positive"'),
        ("classify_batch", "text/csv", "id,text,label,score,warnings,error"),
        ("classify_batch", "application/x-ndjson", '"label"'),
        ("classify_batch", "multipart/form-data", "id,text,label,score,warnings,error"),
    ],
)
def test_what_is_sent_is_what_is_chosen(visit: Visit, operation: str, media_type: str, answer: str) -> None:
    node = opened(visit, operation)
    node.get_by_label("Media type").select_option(media_type)
    with visit.page.expect_request("**/sentiment**") as asked:
        node.get_by_role("button", name="Send").click()
    assert asked.value.headers["content-type"].startswith(media_type)
    expect(node.get_by_role("status")).to_have_text("Status 200")
    expect(node.get_by_label("The answer")).to_contain_text(answer)


def test_a_form_is_shown_as_a_form(visit: Visit) -> None:
    node = opened(visit, "classify")
    example = node.get_by_label("Example of application/x-www-form-urlencoded")
    expect(example).to_have_text("text=A+wonderful+film%2C+I+loved+every+moment.")
    example = node.get_by_label("Example of multipart/form-data")
    expect(example).to_have_text("text=A wonderful film, I loved every moment.")


def test_a_request_is_copied_as_curl(browse: Browse, tmp_path: Path) -> None:
    visit = browse(permissions=["clipboard-read", "clipboard-write"])
    node = opened(visit, "classify")
    (tmp_path / "rows.csv").write_text("id,text\n1,Superb acting.\n")

    def copied() -> str:
        node.get_by_role("button", name="Copy as curl").click()
        expect(node.get_by_role("status")).to_have_text("Copied.")
        return str(visit.page.evaluate("navigator.clipboard.readText()"))

    def run(command: str) -> str:
        shell = ["bash", "-c", f"{command} --silent --show-error"]
        return subprocess.run(shell, cwd=tmp_path, capture_output=True, text=True, check=True).stdout

    node.get_by_label("Body").fill('{"text": "It\'s \\"dull\\" $HOME"}')
    assert json.loads(run(copied())) == visit.ask("/sentiment", {"text": 'It\'s "dull" $HOME'})
    for media_type in ("multipart/form-data", "text/plain", "application/x-www-form-urlencoded"):
        node.get_by_label("Media type").select_option(media_type)
        assert json.loads(run(copied()))["label"] == "positive"
    node = opened(visit, "classify_batch")
    node.get_by_label("Media type").select_option("multipart/form-data")
    assert run(copied()).startswith("id,text,label,score,warnings,error\n1,Superb acting.,positive,")


@pytest.mark.parametrize("place", ["#sentiment", "#inside", "#vectors", "#forecasts", "docs"])
def test_a_page_fits_from_a_small_phone_to_a_wall(browse: Browse, place: str) -> None:
    visit = browse()
    visit.open(place)
    expect(visit.page.locator("svg, .word, details.operation").first).to_be_attached()
    for width in WIDTHS:
        visit.page.set_viewport_size({"width": width, "height": 900})
        assert visit.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), width
        if width == WIDTHS[-1]:
            assert visit.page.evaluate("parseFloat(getComputedStyle(document.documentElement).fontSize)") > 24


@pytest.mark.parametrize("viewport", [{"width": 1280, "height": 800}, {"width": 360, "height": 740}], ids=str)
def test_nothing_shifts_while_the_page_loads(browse: Browse, viewport: dict[str, int]) -> None:
    visit = browse(viewport=viewport)
    visit.open()
    expect(visit.find("sentiment-why")).to_have_attribute("aria-busy", "false")
    assert visit.page.evaluate(SHIFTS) == 0
