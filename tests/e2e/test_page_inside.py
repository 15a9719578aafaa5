"""The tab that looks into the model, in a real browser."""

import re
from typing import Any

import pytest
from playwright.sync_api import Route, expect

from tests.e2e.visiting import Browse, Visit, barriers

TEXT = "A wonderful film, but the qqqq ending is awful."
PAD = 3
MODELS = {"sentiment-lecture": 1, "sentiment-best": 2}
"""The models, and in how many directions they read."""


def look(visit: Visit, model: str, text: str = TEXT) -> None:
    visit.open("#inside")
    visit.find("inside-model").select_option(model)
    visit.find("inside-text").fill(text)
    last = re.findall(r"\w+", text)[-1]
    expect(visit.find("inside-chart").locator("tbody th").last).to_have_text(re.compile(f"{last}|\\."))


def row_of(visit: Visit, model: str, text: str = TEXT) -> list[int]:
    (ids,) = visit.ask("/tokenize", {"texts": [text], "model": model})["sequences"]
    return [*[0] * PAD, *ids]


def activations(visit: Visit, model: str, unit: int) -> dict[str, Any]:
    body = {"ids": row_of(visit, model), "model": model, "units": [unit]}
    found: dict[str, Any] = visit.ask("/activations", body)
    return found


def signed(value: float) -> str:
    return f"{value:+.3f}".replace("-", "−")


@pytest.mark.parametrize("model", MODELS)
def test_states_and_gates_are_drawn(visit: Visit, model: str) -> None:
    look(visit, model)
    maps = visit.find("inside-maps").locator("canvas")
    expect(maps).to_have_count(MODELS[model])
    visit.find("inside-unit").fill("7")
    gates = visit.find("inside-gates")
    expect(gates.locator("h3").first).to_have_text("Unit 7" if MODELS[model] == 1 else "Unit 7, reading forward")
    found = activations(visit, model, 7)
    for at, direction in enumerate(found["directions"]):
        rows = gates.locator("tbody").nth(at).locator("tr")
        expect(rows).to_have_count(len(direction["hidden"]))
        for step in (PAD, len(direction["hidden"]) - 1):
            numbers = [direction[name][step][0] for name in ("forget", "input", "candidate", "cell", "output")]
            expect(rows.nth(step).locator("td")).to_have_text(
                [signed(value) for value in [*numbers, direction["hidden"][step][7]]]
            )
        # No bar where the padding is skipped.
        skipped = found["skipped"]
        expect(gates.locator("svg").nth(at).locator("rect")).to_have_count(6 * (len(direction["hidden"]) - skipped))
    masks = visit.find("inside-masks")
    expect(masks).to_contain_text("skips its padding" if found["skipped"] else "reads its padding too")
    assert barriers(visit.page) == []


def test_a_click_on_the_map_chooses_a_unit(visit: Visit) -> None:
    look(visit, "sentiment-lecture")
    canvas = visit.find("inside-maps").locator("canvas")
    expect(canvas).to_be_visible()
    box = canvas.bounding_box()
    assert box
    row = box["height"] / 64
    canvas.click(position={"x": box["width"] / 2, "y": 20.5 * row})
    expect(visit.find("inside-unit")).to_have_value("20")
    expect(visit.find("inside-gates").locator("h3")).to_have_text("Unit 20")
    expect(visit.page).to_have_url(re.compile("unit=20"))
    canvas = visit.find("inside-maps").locator("canvas")
    canvas.hover(position={"x": box["width"] - 15, "y": 20.5 * row})
    last = activations(visit, "sentiment-lecture", 20)["directions"][0]["hidden"][-1][20]
    expect(visit.find("inside-maps").locator(".said")).to_have_text(f"Unit 20 after “awful”: {signed(last)}")
    visit.find("inside-unit").fill("999")  # beyond the last one
    expect(visit.find("inside-gates").locator("h3")).to_have_text("Unit 63")


def test_the_map_has_the_colours_of_the_states(visit: Visit) -> None:
    visit.refusals = ("willReadFrequently",)  # a canvas that is read is slow
    look(visit, "sentiment-lecture")
    expect(visit.find("inside-maps").locator("canvas")).to_be_visible()
    found = activations(visit, "sentiment-lecture", 0)["directions"][0]["hidden"]
    last = found[-1]
    strongest = [last.index(max(last)), last.index(min(last))]
    # Of the last column, the middle of the rows of the largest and of the least state.
    pixel = """(canvas, [row, rows]) => {
      const x = canvas.width - 14 * devicePixelRatio - 1;
      return [...canvas.getContext("2d").getImageData(x, (row + 0.5) / rows * canvas.height, 1, 1).data].slice(0, 3);
    }"""
    canvas = visit.find("inside-maps").locator("canvas")
    high, low = (canvas.evaluate(pixel, [unit, len(last)]) for unit in strongest)
    assert high[1] > high[0]  # green is above red
    assert low[0] > low[1]  # and here below


def test_boxes_of_padding_are_dragged(visit: Visit) -> None:
    look(visit, "sentiment-lecture")
    boxes = visit.find("inside-row").locator(".pad")
    expect(boxes).to_have_count(PAD)
    box = boxes.first.bounding_box()
    assert box
    mouse = visit.page.mouse
    mouse.move(box["x"] + 5, box["y"] + 5)
    mouse.down()
    mouse.move(box["x"] + 5 + 4 * box["width"], box["y"] + 5, steps=4)
    mouse.up()
    expect(boxes).to_have_count(PAD + 4)
    mouse.move(box["x"] + 300, box["y"] + 5)
    expect(boxes).to_have_count(PAD + 4)
    visit.find("inside-padding").select_option("post")
    expect(visit.find("inside-row").locator("li").last).to_have_class("pad")


def test_each_step_has_something_to_do(visit: Visit) -> None:
    visit.open("#inside")
    headings = visit.find("inside-answer").locator("h2")
    expect(headings).to_have_text([re.compile(f"^{step}. ") for step in range(1, 6)])
    visit.page.get_by_role("button", name="Try a word that it does not know").click()
    expect(visit.find("inside-tokens").locator(".unknown")).to_have_count(1)
    for name, last in (("Try twelve boxes before", "li"), ("Try them behind", "li.pad")):
        visit.page.get_by_role("button", name=name).click()
        expect(visit.find("inside-row").locator(".pad")).to_have_count(12)
        expect(visit.find("inside-row").locator(f"{last}:last-child")).to_have_count(1)
    for name, word in (("Try a text full of “not”", "not"), ("Try a text that changes its mind", "brilliant")):
        visit.page.get_by_role("button", name=name).click()
        expect(visit.find("inside-tokens")).to_contain_text(word)
        expect(visit.find("inside-chart")).to_contain_text(word)
    visit.page.go_back()
    expect(visit.find("inside-text")).to_have_value(re.compile("not bad"))


def test_a_long_text_is_looked_into_in_part(browse: Browse) -> None:
    visit = browse()
    look(visit, "sentiment-best", "A superb film, and a dull plot. " * 40)
    expect(visit.find("inside-row").locator("li")).to_have_count(100)
    expect(visit.find("inside-windows")).to_contain_text("It reads windows")
    expect(visit.find("inside-gates").locator("tbody").first.locator("tr")).to_have_count(100)


def test_the_row_stays_where_the_model_is_not_looked_into(visit: Visit) -> None:
    visit.refusals = ("status of 403",)
    detail = "The activations are not for everybody."

    def refuse(route: Route) -> None:
        route.fulfill(status=403, json={"detail": detail})

    visit.page.route("**/activations", refuse)
    visit.open("#inside")
    expect(visit.find("inside-problem")).to_have_text(detail)
    expect(visit.find("inside-row").locator("li").first).to_be_visible()
    expect(visit.find("inside-tokens").locator("li").first).to_be_visible()
    expect(visit.find("inside-looked")).to_be_hidden()
    visit.page.unroute("**/activations")
    visit.find("inside-text").fill(TEXT)
    expect(visit.find("inside-looked")).to_be_visible()
    expect(visit.find("inside-maps").locator("canvas").first).to_be_visible()
