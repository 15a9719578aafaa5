"""What a visitor sees before the modules of the page have come."""

import pytest
from playwright.sync_api import Route, expect

from tests.e2e.visiting import Browse, Visit

FIRST = "A wonderful film, and I loved every moment."
"""How the text begins that is in the page as it is sent."""


def held(visit: Visit, place: str) -> Route:
    """Open the page at a place, and hold the module that begins."""
    routes: list[Route] = []
    visit.page.route("**/web/main.js", lambda route: routes.append(route))
    visit.page.goto(f"{visit.url}/{place}", wait_until="commit")
    while not routes:
        visit.page.wait_for_timeout(20)
    return routes[0]


def test_the_text_and_the_examples_are_seen_before_modules_come(browse: Browse) -> None:
    visit = browse()
    route = held(visit, "")
    text = visit.find("sentiment-text")
    expect(text).to_be_visible()
    assert text.input_value().startswith(FIRST)
    example = visit.find("sentiment-examples").locator("button").first
    expect(example).to_be_visible()
    route.continue_()
    expect(visit.find("sentiment-label")).to_have_text("positive")
    example.click()
    expect(text).to_have_value(example.text_content() or "")


@pytest.mark.parametrize("place", ["#sentiment&text=Dull", "#forecasts"])
def test_nothing_is_seen_that_is_not_meant(browse: Browse, place: str) -> None:
    visit = browse()
    route = held(visit, place)
    heading = visit.page.locator("h1")
    expect(heading).to_be_attached()
    expect(heading).to_be_hidden()
    route.continue_()
    expect(heading).to_be_visible()
    text = visit.find("sentiment-text")
    assert not (text.is_visible() and text.input_value().startswith(FIRST))


def test_a_text_that_the_tab_kept_is_seen_first(browse: Browse) -> None:
    visit = browse()
    visit.open()
    visit.find("sentiment-text").fill("Dull " * 2_000)
    expect(visit.find("sentiment-label")).to_have_text("negative")
    route = held(visit, "")
    expect(visit.page.locator("h1")).to_be_hidden()
    route.continue_()
    expect(visit.find("sentiment-text")).to_have_value("Dull " * 2_000)
    expect(visit.page.locator("h1")).to_be_visible()


def test_the_page_is_seen_though_its_modules_do_not_come(browse: Browse) -> None:
    visit = browse()
    route = held(visit, "#forecasts")
    expect(visit.page.locator("h1")).to_be_visible()
    route.continue_()
    expect(visit.find("panel-forecasts")).to_be_visible()
