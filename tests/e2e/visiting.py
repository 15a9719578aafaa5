"""Visits of the page in a real browser, against the real server with the committed models."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request, expect, sync_playwright

from tests.conftest import ROOT

if TYPE_CHECKING:
    from tests.e2e.conftest import Service

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

expect.set_options(timeout=60_000)  # a busy machine is no failure

SCREENSHOTS = ROOT / "build" / "screenshots"
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"viewport": {"width": 1100, "height": 800}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1100, "height": 800}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 360, "height": 740}, "color_scheme": "light"},
}


@dataclass
class Visit:
    """A page that is open, and all that went wrong on it."""

    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)
    refusals: tuple[str, ...] = ()
    """What the browser itself will complain of, because the service refuses it."""

    def open(self, place: str = "") -> None:
        self.page.goto(f"{self.url}/{place}")

    def find(self, name: str) -> Locator:
        return self.page.locator(f"#{name}")

    def ask(self, path: str, body: dict[str, Any]) -> Any:
        return httpx.post(f"{self.url}{path}", json=body).json()

    def on_console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not any(text in message.text for text in self.refusals):
            self.complaints.append(message.text)

    def on_request(self, request: Request) -> None:
        if not request.url.startswith((f"{self.url}/", "data:")):
            self.complaints.append(f"asked for {request.url}")


Browse = Callable[..., Visit]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("the page is not tested: there is no Chromium on this machine")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        yield browser
        browser.close()


@pytest.fixture
def browse(browser: Browser, service: "Service") -> Iterator[Browse]:
    """Open pages of the service, or of another one; in the end nothing must have gone wrong on them."""
    visits: list[Visit] = []

    def start(url: str = service.url, **options: Any) -> Visit:
        page = browser.new_context(**{**LOOKS["light"], **options}).new_page()
        page.set_default_timeout(60_000)
        visit = Visit(page, url)
        page.on("console", visit.on_console)
        page.on("pageerror", lambda error: visit.complaints.append(str(error)))
        page.on("request", visit.on_request)
        visits.append(visit)
        return visit

    yield start
    for visit in visits:
        visit.page.context.close()
    assert [visit.complaints for visit in visits] == [[]] * len(visits)


@pytest.fixture
def visit(browse: Browse) -> Visit:
    visit = browse()
    visit.open()
    return visit


def barriers(page: Page) -> list[str]:
    """What axe-core finds that keeps somebody out, or stands in somebody's way."""
    violations = Axe().run(page).response["violations"]
    return [f"{one['impact']}, {one['id']}: {node['html'][:200]}" for one in violations for node in one["nodes"]]
