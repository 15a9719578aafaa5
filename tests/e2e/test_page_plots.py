"""The tabs of word vectors and of forecasts, in a real browser."""

import json
import re
from functools import partial
from itertools import combinations

import httpx
import pytest
from playwright.sync_api import Locator, Request, Route, expect

from tests.e2e.visiting import Browse, Visit, barriers

MANY = "uncle, aunt, boy, girl, prince, princess, father, mother, son, daughter, brother, sister, he, she"


def plotted(visit: Visit) -> Locator:
    visit.open("#vectors")
    spots = visit.find("vectors-plot").locator(".spot")
    expect(spots.first).to_be_visible()
    return spots


def place(visit: Visit, word: str) -> dict[str, float]:
    circle = visit.find("vectors-plot").get_by_role("button", name=f"{word}: its neighbours").locator("circle")
    return {name: float(circle.get_attribute(name) or "nan") for name in ("cx", "cy")}


# ---------------------------------------------------------------- word vectors


def test_labels_of_words_do_not_collide(browse: Browse) -> None:
    for width in (1100, 360):
        visit = browse(viewport={"width": width, "height": 800})
        visit.open("#vectors")
        visit.find("vectors-words").fill(MANY)
        names = visit.find("vectors-plot").locator(".name")
        expect(names.filter(has_text="daughter")).to_have_count(1)
        boxes = [box for box in (name.bounding_box() for name in names.all() if name.is_visible()) if box]
        assert len(boxes) > 8
        for one, other in combinations(boxes, 2):
            apart = one["x"] + one["width"] <= other["x"] + 2 or other["x"] + other["width"] <= one["x"] + 2
            over = one["y"] + one["height"] <= other["y"] + 2 or other["y"] + other["height"] <= one["y"] + 2
            assert apart or over


def test_a_point_shows_its_neighbours(visit: Visit) -> None:
    plotted(visit)
    visit.find("vectors-plot").get_by_role("button", name="uncle: its neighbours").click()
    expect(visit.find("vectors-word")).to_have_value("uncle")
    first = httpx.get(f"{visit.url}/vectors/glove/uncle/neighbors?topn=1").json()["results"][0]["word"]
    expect(visit.find("vectors-neighbors").locator("bdi").first).to_have_text(first)
    spot = visit.find("vectors-plot").get_by_role("button", name="aunt: its neighbours")
    spot.focus()
    spot.press("Enter")
    expect(visit.find("vectors-word")).to_have_value("aunt")


def test_the_plot_zooms_and_moves(visit: Visit) -> None:
    plotted(visit)
    before = place(visit, "uncle")
    visit.page.get_by_role("button", name="Zoom in").click()
    near = place(visit, "uncle")
    assert near != before
    plot = visit.find("vectors-plot").locator("svg.movable")
    box = plot.bounding_box()
    assert box
    mouse = visit.page.mouse
    mouse.move(box["x"] + 20, box["y"] + 20)
    mouse.down()
    mouse.move(box["x"] + 70, box["y"] + 50, steps=3)
    mouse.up()
    moved = place(visit, "uncle")
    assert (moved["cx"] - near["cx"], moved["cy"] - near["cy"]) == pytest.approx((50, 30), abs=1)
    mouse.wheel(0, 100)
    expect(visit.find("vectors-plot").locator(".spot").first).to_be_visible()
    visit.page.get_by_role("button", name="Show all").click()
    assert place(visit, "uncle") == before


def test_the_wheel_scrolls_where_there_is_nothing_to_zoom(visit: Visit) -> None:
    plotted(visit)
    wheel = """(node, deltaY) => !node.dispatchEvent(new WheelEvent("wheel", { deltaY, cancelable: true }))"""
    plot = visit.find("vectors-plot").locator("svg.movable")
    assert plot.evaluate(wheel, 100) is False
    assert plot.evaluate(wheel, -100) is True
    assert plot.evaluate(wheel, 100) is True


def test_words_are_added_and_a_crowded_label_shows_when_pointed_at(visit: Visit) -> None:
    spots = plotted(visit)
    before = spots.count()
    visit.find("vectors-words").fill(f"{MANY}, paris")
    expect(spots).to_have_count(before + 11)
    crowded = visit.find("vectors-plot").locator(".crowded")
    if crowded.count():
        expect(crowded.first.locator("text")).to_be_hidden()
        crowded.first.focus()
        expect(crowded.first.locator("text")).to_be_visible()


def test_an_emptied_field_clears_the_answer(visit: Visit) -> None:
    plotted(visit)
    for field, answer in (("b", "analogies"), ("word", "neighbors")):
        expect(visit.find(f"vectors-{answer}").locator("section").first).to_be_visible()
        visit.find(f"vectors-{field}").fill("")
        expect(visit.find(f"vectors-{answer}").locator("section")).to_have_count(0)
    visit.find("vectors-b").fill("woman")
    expect(visit.find("vectors-analogies").locator("bdi").first).to_have_text("queen")


@pytest.mark.parametrize("way", ["gensim", "lecture"])
def test_an_arrow_leads_to_the_answer_even_where_inputs_are_kept(visit: Visit, way: str) -> None:
    plotted(visit)
    visit.find("vectors-way").select_option(way)
    first = visit.find("vectors-analogies").locator("section").first.locator("bdi").first
    expect(first).to_have_text("queen" if way == "gensim" else "king")
    expect(visit.find("vectors-plot").locator("desc")).to_contain_text("An arrow from king to queen.")


def test_each_space_says_why_it_answers_so(visit: Visit) -> None:
    plotted(visit)
    cards = visit.find("vectors-analogies").locator("section")
    expect(cards).to_have_count(3)
    for card, words in zip(cards.all(), ("Wikipedia", "film reviews alone", "praise from blame"), strict=True):
        expect(card).to_contain_text(words)


def test_nearest_words_are_asked_again_of_a_busy_service(visit: Visit) -> None:
    visit.refusals = ("status of 503",)
    told: list[str] = []

    def busy(route: Route) -> None:
        told.append(route.request.url)
        if len(told) > 3:
            route.continue_()
            return
        route.fulfill(status=503, headers={"Retry-After": "1"}, json={"detail": "The service has no room."})

    visit.page.route("**/analogies", busy)
    visit.open("#vectors")
    expect(visit.find("vectors-analogies").locator("bdi").first).to_have_text("queen")
    expect(visit.find("vectors-analogies")).not_to_contain_text("no room")
    expect(visit.find("vectors-neighbors").locator("bdi").first).to_be_visible()
    expect(visit.find("vectors-neighbors")).not_to_contain_text("no room")
    expect(visit.find("vectors-problem")).to_be_hidden()


def test_what_one_part_of_the_vectors_tab_is_refused_stays_told_while_another_part_is_answered(visit: Visit) -> None:
    visit.refusals = ("status of 502",)
    visit.page.route("**/projection", lambda route: route.fulfill(status=502, body="<html>Bad gateway"))
    visit.open("#vectors")
    problem = visit.find("vectors-problem")
    expect(problem).to_contain_text("status 502")
    visit.find("vectors-word").fill("cold")
    expect(visit.find("vectors-neighbors").locator("section").first).to_be_visible()
    expect(problem).to_contain_text("status 502")
    visit.page.unroute("**/projection")
    expect(visit.find("vectors-plot").locator("svg")).to_be_visible()
    expect(problem).to_be_hidden()


# ---------------------------------------------------------------- forecasts


def is_forecast(name: str, request: Request) -> bool:
    return request.method == "POST" and request.url.endswith(f"/forecasts/{name}")


def choose(visit: Visit, task: str) -> None:
    visit.open("#forecasts")
    visit.find("forecasts-tasks").get_by_text(task, exact=True).click()


def test_a_forecast_is_asked_and_answered_in_words(visit: Visit) -> None:
    visit.open("#forecasts")
    expect(visit.find("forecasts-question")).to_have_text(
        "From 4 days of temperature, wind speed and air pollution: air pollution on the next day."
    )
    expect(visit.find("forecasts-answer")).to_have_text("Air pollution on the next day: 110 µg/m³.")
    expect(visit.find("forecasts-name").locator("option")).to_have_count(3)
    choose(visit, "Whether the next heartbeat is at risk")
    expect(visit.find("forecasts-answer")).to_have_text(re.compile(r"^\d+ % at risk\.$"))
    choose(visit, "Rain on the next eight days")
    expect(visit.find("forecasts-answer")).to_have_text(
        re.compile(r"^Rain: between .+ and .+ mm; most on day\+\d \(80 % of .+ mm\)\.$")
    )


def paste(visit: Visit, text: str) -> None:
    visit.find("forecasts-observations").evaluate(
        """(node, text) => {
          const clipboardData = new DataTransfer();
          clipboardData.setData("text/plain", text);
          node.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
        }""",
        text,
    )


def test_cells_of_a_spreadsheet_are_pasted(visit: Visit) -> None:
    visit.open("#forecasts")
    observations = visit.find("forecasts-observations")
    expect(observations).to_have_value(re.compile("^10, 25, 60"))
    paste(visit, "temperature\twind\tair\r\n20,5\t30\t95\r\n22\t25\t105,25\r\n")
    expect(observations).to_have_value("20.5, 30, 95\n22, 25, 105.25")
    visit.find("forecasts-column").select_option("air pollution")
    paste(visit, "70\n80\n90\n")
    expect(observations).to_have_value("20.5, 30, 70\n20.5, 30, 80\n22, 25, 90")
    body = {"sequences": [[[20.5, 30, 70], [20.5, 30, 80], [22, 25, 90]]]}
    predicted = visit.ask("/forecasts/air-pollution", body)["predictions"][0][0][0]
    expect(visit.find("forecasts-charts").locator(".dashed title")).to_have_text(
        f"day+1: {float(f'{predicted:.4g}'):g}"
    )
    choose(visit, "Rain on the next day")
    expect(visit.find("forecasts-paste")).to_be_hidden()
    paste(visit, "rain\n1,5\n0\n2\n")
    expect(observations).to_have_value("1.5\n0\n2")
    paste(visit, "no numbers at all")
    expect(observations).to_have_value("1.5\n0\n2")


def test_every_forecast_is_answered_with_its_interval_if_it_has_one(visit: Visit) -> None:
    answer = visit.find("forecasts-answer")
    charts = visit.find("forecasts-charts")
    without = []
    for one in httpx.get(f"{visit.url}/forecasts").json()["forecasts"]:
        name = one["name"]
        details = httpx.get(f"{visit.url}/forecasts/{name}").json()
        body = {"sequences": details["example"]["sequences"][:1], "intervals": True}
        given = visit.ask(f"/forecasts/{name}", body)
        is_asked = partial(is_forecast, name)
        with visit.page.expect_request(is_asked) as asked:
            visit.open(f"#forecasts&forecast={name}")
        expect(charts.locator(".dashed").first.locator("title")).to_have_text(
            [re.compile(f"^{re.escape(step)}: ") for step in given["steps"]]
        )
        expect(visit.find("forecasts-question")).to_contain_text(one["title"][1:])
        expect(visit.find("forecasts-problem")).to_be_hidden()
        expect(answer).to_be_visible()
        bounded = given.get("intervals") is not None
        assert ("intervals" in json.loads(asked.value.post_data or "")) == bounded
        expect(charts.locator(".band")).to_have_count(len(one["outputs"]) if bounded else 0)
        head = charts.locator("thead").first.locator("th")
        expect(head).to_have_count(4 if bounded else 2)
        if not bounded:
            without.append(name)
            expect(answer).not_to_contain_text("of such forecasts are within")
            continue
        expect(answer).to_contain_text("(80 % of such forecasts are within")
        expect(visit.find("forecasts-interval")).to_contain_text("80.0 %")
        if name == "rain-next-8":
            # Both bounds of eight days, and the last observation before them.
            points = charts.locator(".band").get_attribute("points") or ""
            assert len(points.split()) == 2 * 2 * 9
            assert barriers(visit.page) == []
    assert {"air-pollution-lstm", "flu-cases", "heartbeat"} <= set(without)


def test_a_link_opens_a_forecast_with_its_numbers(browse: Browse) -> None:
    visit = browse()
    choose(visit, "Flu cases on each day")
    observations = visit.find("forecasts-observations")
    expect(observations).to_have_value(re.compile("^10, 25, 50"))
    observations.fill("10, 25, 50\n13, 10, 70")
    expect(visit.page).to_have_url(re.compile("forecast=flu-cases&observations="))
    other = browse()
    other.page.goto(visit.page.url)
    expect(other.find("forecasts-observations")).to_have_value("10, 25, 50\n13, 10, 70")
    expect(other.find("forecasts-question")).to_contain_text("flu cases on each day")
    other.find("forecasts-reset").click()
    expect(other.find("forecasts-observations")).to_have_value(re.compile("\n7, 0, 95$"))
    other.page.go_back()
    expect(other.find("forecasts-observations")).to_have_value("10, 25, 50\n13, 10, 70")


def test_numbers_of_one_forecast_are_not_in_the_link_to_another(visit: Visit) -> None:
    choose(visit, "Flu cases on each day")
    observations = visit.find("forecasts-observations")
    expect(observations).to_have_value(re.compile("^10, 25, 50"))
    observations.fill("10, 25, 50\n13, 10, 70")
    expect(visit.page).to_have_url(re.compile("observations="))
    visit.find("forecasts-tasks").get_by_text("Rain on the next day", exact=True).click()
    expect(visit.page).to_have_url(re.compile("#forecasts&forecast=rain-next-day$"))
