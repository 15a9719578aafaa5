"""A series of the user's own: what is read of it, and what is refused in one sentence."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from training.forecasts import own
from training.forecasts.own import OwnSeries, SeriesError, Wish

ROWS = 300


def written(tmp_path: Path, text: str, name: str = "weather.csv") -> Path:
    path = tmp_path / name
    path.write_text(text)
    return path


def lines(count: int = ROWS) -> list[str]:
    return [f"2024-{row},{row % 7},{20 + row % 5 - 3 * (row % 2)}" for row in range(count)]


def csv(count: int = ROWS, header: str = "date,rain,temperature") -> str:
    return "\n".join([header, *lines(count)]) + "\n"


def refused(path: Path, *targets: str, **options: list[str]) -> str:
    with pytest.raises(SeriesError) as caught:
        own.read(path, targets or ("rain",), **options)  # type: ignore[arg-type]
    message = str(caught.value)
    assert message.endswith(".")
    assert "\n" not in message
    return message


def test_a_series_is_read_without_the_column_that_says_when(tmp_path: Path) -> None:
    series = own.read(written(tmp_path, csv()), ["rain"])
    assert (series.name, list(series.columns), list(series.left_out)) == (
        "weather.csv",
        ["rain", "temperature"],
        ["date"],
    )
    assert series.values.shape == (ROWS, 2)
    assert series.column("rain")[:9].tolist() == [0, 1, 2, 3, 4, 5, 6, 0, 1]
    assert series.time == "step"


@pytest.mark.parametrize(("column", "time"), [("YEAR", "year"), ("Day", "day"), ("timestamp", "step")])
def test_the_name_of_that_column_names_the_steps(tmp_path: Path, column: str, time: str) -> None:
    path = written(tmp_path, csv(header=f"{column},rain,temperature"))
    assert own.read(path, ["rain"]).time == time
    assert own.read(path, ["rain"], time="week").time == "week"


@pytest.mark.parametrize(
    ("header", "when"),
    [
        ("date", lambda row: f"{2000 + row // 300}-{1 + row // 25 % 12:02}-{1 + row % 25:02}"),
        ("timestamp", lambda row: f"{2000 + row // 300}-01-01T00:{row // 60:02}:{row % 60:02}Z"),
        ("time", lambda row: f"{row // 60:02}:{row % 60:02}"),
        ("index", str),
        ("day,year", lambda row: f"{row % 30},{2000 + row // 30}"),
    ],
)
def test_a_file_with_the_newest_row_first_is_read_from_its_end(
    tmp_path: Path, header: str, when: Callable[[int], str]
) -> None:
    rows = [f"{when(row)},{row}" for row in range(ROWS)]
    ascending, descending = (
        own.read(written(tmp_path, "\n".join([f"{header},rain", *some]) + "\n"), ["rain"])
        for some in (rows, rows[::-1])
    )
    assert ascending.values[:, 0].tolist() == descending.values[:, 0].tolist() == [*range(ROWS)]
    assert (ascending.turned, descending.turned) == (False, True)


@pytest.mark.parametrize("middle", ["2050", "soon", ""])
def test_rows_that_are_not_in_order_of_time_stay_where_they_are(tmp_path: Path, middle: str) -> None:
    rows = [f"{2000 - row},{row}" for row in range(ROWS)]
    rows[5] = f"{middle},5"
    series = own.read(written(tmp_path, "\n".join(["date,rain", *rows]) + "\n"), ["rain"])
    assert not series.turned
    assert series.values[:, 0].tolist() == [*range(ROWS)]


def test_features_can_be_named(tmp_path: Path) -> None:
    path = written(tmp_path, csv())
    assert list(own.read(path, ["rain"], ["temperature"]).columns) == ["rain", "temperature"]
    assert list(own.read(path, ["rain"], ["rain"]).columns) == ["rain"]


def test_other_formats_are_read(tmp_path: Path) -> None:
    expected = own.read(written(tmp_path, csv()), ["rain"]).values
    rows = [dict(zip(("date", "rain", "temperature"), line.split(","), strict=True)) for line in lines()]
    objects = [{name: value if name == "date" else float(value) for name, value in row.items()} for row in rows]
    jsonl = written(tmp_path, "\n".join(map(json.dumps, objects)), "weather.jsonl")
    zipped = tmp_path / "weather.tsv.gz"
    zipped.write_bytes(gzip.compress(csv().replace(",", "\t").encode()))
    for path in (jsonl, zipped):
        np.testing.assert_array_equal(own.read(path, ["rain"]).values, expected)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("2024-7,0,", "2024-7,Oslo,", "weather.csv, row 8: the column 'rain' holds 'Oslo', which is no number"),
        ("2024-7,0,", "2024-7,,", "weather.csv, row 8: the column 'rain' is empty"),
        ("2024-7,0,", "2024-7,NaN,", "row 8: the column 'rain' is empty"),
        ("2024-7,0,", "2024-7,inf,", "row 8: the column 'rain' holds inf, which is beyond"),
        ("2024-7,0,", "2024-7,0,0,", "line 9: the row has 4 fields, the header 3"),
        ("date,rain", "rain,rain", "has two columns named 'rain'"),
        ("date,rain", "place,rain", "row 1: the column 'place' holds '2024-0', which is no number; name the columns"),
        ("date,rain", "date,snow", "'rain'"),
    ],
)
def test_what_is_no_series_of_numbers_is_refused(tmp_path: Path, old: str, new: str, reason: str) -> None:
    assert reason in refused(written(tmp_path, csv().replace(old, new, 1)))


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    assert "There is no" in refused(tmp_path / "none.csv")
    assert "does not say a format" in refused(written(tmp_path, "", "weather.txt"))
    assert "is empty" in refused(written(tmp_path, ""))
    assert "has no row" in refused(written(tmp_path, "date,rain\n"))
    assert "'snow'" in refused(written(tmp_path, csv()), features=["snow"])


def series(rows: int = ROWS) -> OwnSeries:
    values = np.stack([np.arange(rows) % 7, np.arange(rows) - 5.0], axis=1)
    return OwnSeries("a.csv", "0" * 64, ["rain", "height"], values, [], "day")


def test_the_examples_are_parted_in_time() -> None:
    recipe, splits = own.prepare(series(), Wish("mine", ["rain"], 3))
    assert (recipe.title, recipe.observations, recipe.steps) == ("rain in the next 3 days", 30, (1, 2, 3))
    assert splits.training.inputs.shape[1:] == (30, 2)
    assert splits.training.days.max() < splits.validation.days.min() <= splits.validation.days.max()
    assert splits.validation.days.max() < splits.test.days.min()
    assert own.describe(series(), Wish("mine", ["rain"], 3), splits)["name"] == "a.csv, 300 rows"


def test_what_was_never_negative_is_not_forecast_so() -> None:
    assert own.prepare(series(), Wish("mine", ["rain"], 1))[0].activation == "relu"
    assert own.prepare(series(), Wish("mine", ["rain", "height"], 1))[0].activation == "linear"


def test_the_seasonal_mean_needs_a_season() -> None:
    assert "seasonal mean" not in own.prepare(series(), Wish("mine", ["rain"], 1))[0].baselines
    recipe, _ = own.prepare(series(), Wish("mine", ["rain"], 1, season=7))
    assert (recipe.season, "seasonal mean" in recipe.baselines) == (7, True)


@pytest.mark.parametrize(
    ("rows", "wish", "reason"),
    [
        (80, Wish("mine", ["rain"], 3), "80 rows, which gives 38 windows of 8 rows and 3 ahead to learn from, and 60"),
        (300, Wish("mine", ["rain"], 50), "11 windows of 30 rows and 50 ahead to choose by, and 20 are needed"),
        (300, Wish("mine", ["rain"], 3, observations=200), "-"),
        (3, Wish("mine", ["rain"], 3), "--steps should be far fewer than these"),
    ],
)
def test_too_few_rows_are_refused(rows: int, wish: Wish, reason: str) -> None:
    with pytest.raises(SeriesError) as caught:
        own.prepare(series(rows), wish)
    assert reason in str(caught.value)


@pytest.mark.parametrize(("target", "reason"), [("rain", "there is nothing to forecast"), ("height", "says nothing")])
def test_a_column_that_stands_still_is_refused(target: str, reason: str) -> None:
    still = series()
    still.values[:, 0] = 4
    with pytest.raises(SeriesError, match=reason):
        own.prepare(still, Wish("mine", [target], 1))


def changed(values: NDArray[np.float64]) -> OwnSeries:
    return OwnSeries("a.csv", "0" * 64, [f"c{column}" for column in range(values.shape[1])], values, [], "day")


NOISE = np.random.default_rng(0).normal(size=(ROWS, 9))
LATE = NOISE[:, :1].copy()
LATE[20 : ROWS * 7 // 10] = 0.1


@pytest.mark.parametrize(
    ("values", "wish", "reason"),
    [
        (np.full((ROWS, 1), 0.1), Wish("mine", ["c0"], 1), "has one value in all rows to learn from"),
        (1e9 + NOISE[:, :1], Wish("mine", ["c0"], 1), "subtract a constant from it first"),
        (np.hstack([NOISE[:, :1], 1e7 + NOISE[:, 1:2]]), Wish("mine", ["c0"], 1), "'c1' changes so little"),
        (LATE, Wish("mine", ["c0"], 1), "has one value in all examples to learn from"),
        (NOISE, Wish("mine", ["c0"], 1), "9 columns to read, and 8 are the most"),
        (NOISE[:, :1], Wish("mine", ["c0", "c0"], 1), "names 'c0' twice"),
        (NOISE[:, :1], Wish("mine", ["c0"], 99999999999999999999), "--steps should be far fewer"),
        (NOISE[:, :1], Wish("mine", ["c0"], 1, observations=10**20), "--observations should be far fewer"),
        (NOISE[:, :1], Wish("mine", ["c0"], 1, season=181), "180 rows to learn from, fewer than a season of 181"),
    ],
)
def test_what_nothing_can_be_trained_on_is_refused(values: NDArray[np.float64], wish: Wish, reason: str) -> None:
    with pytest.raises(SeriesError) as caught:
        own.prepare(changed(values), wish)
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_series_in_small_or_large_numbers_is_taken() -> None:
    for factor in (1e-9, 1e9):
        own.prepare(changed(factor * NOISE[:, :1]), Wish("mine", ["c0"], 1, season=180))


def test_what_is_held_out_does_not_choose_the_activation() -> None:
    values = np.abs(NOISE[:, :1])
    for row, activation in ((ROWS - 1, "relu"), (ROWS * 7 // 10, "linear")):
        negative = values.copy()
        negative[row] = -1
        assert own.prepare(changed(negative), Wish("mine", ["c0"], 1))[0].activation == activation


def test_a_number_of_too_many_digits_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, '{"rain": 1}\n{"rain": ' + "9" * 400 + "}\n", "weather.jsonl")
    assert "row 2: the column 'rain' holds a number of too many digits" in refused(path)
