from collections.abc import Sequence

import pytest

from app.sentiment.rules import EVERYDAY
from app.sentiment.tokenizer import Tokenizer
from tests.training.sentiment.own.conftest import ROWS
from training.corpora.own import OwnTexts, ReadFile, Row
from training.sentiment.own import inspection
from training.sentiment.own.inspection import Finding, Inspected


def texts(rows: Sequence[Row], unlabelled: int = 0) -> OwnTexts:
    return OwnTexts(rows, [ReadFile("mine.csv", "", len(rows), unlabelled, "text", "label")], {})


def look(*extra: Row, test: Sequence[Row] | None = None) -> Inspected:
    return inspection.inspect(texts([*ROWS, *extra]), None if test is None else texts(test))


def found(inspected: Inspected) -> dict[str, Finding]:
    return {one.name: one for one in inspected.findings if one.rows}


def test_nothing_is_found_in_clean_rows() -> None:
    assert found(look()) == {}
    assert look().fatal is None


def test_what_is_found_is_in_the_table_with_a_sentence_each() -> None:
    bad = [
        Row("mine.csv:61", "", "positive"),
        Row("mine.csv:62", ROWS[0].text.upper(), ROWS[0].label),
        Row("mine.csv:63", ROWS[1].text, "positive"),
        *(Row(f"mine.csv:{64 + number}", f"so so {number}", "meh") for number in range(3)),
        Row("mine.csv:67", "odd", "MEH"),
        Row("mine.csv:68", "odder", "MEH"),
        Row("mine.csv:69", "oddest", "MEH"),
    ]
    inspected = look(*bad)
    assert {name: one.rows for name, one in found(inspected).items()} == {
        "no text": 1,
        "duplicates": 2,
        "contradictions": 2,
        "labels with few rows": 6,
        "labels alike": 6,
    }
    assert len(inspected.train) == len(ROWS) + len(bad) - 1
    table = inspection.table(inspected)
    assert "negative                       30" in table
    assert "- no text: 1 row has no text; left out (mine.csv:61)." in table
    assert "- contradictions: 2 rows have a text that stands with another label too; no model gets both right" in table
    assert "'meh' has 3, 'MEH' has 3; with fewer than 20 rows a label is hardly learnt" in table
    assert table.count("\n- ") == 5


def test_rows_that_are_in_the_test_rows_too_are_not_trained_on() -> None:
    test = [ROWS[0]._replace(id="test.csv:1", group=None), Row("test.csv:2", "new", "negative", "customer 2")]
    inspected = look(test=test)
    assert found(inspected)["in test too"].examples == ["mine.csv:1"]
    assert found(inspected)["group in test too"].rows == 4
    assert len(inspected.train) == 55
    assert inspected.test is not None
    assert len(inspected.test) == 2


def test_a_label_that_stands_in_its_texts_leaks() -> None:
    leaking = [Row(f"x:{number}", f"Rating: positive, {number}", "positive") for number in range(20)]
    one = found(look(*leaking))["label in the text"]
    assert one.rows == 20
    assert "40% of the texts of 'positive' name it, of the others 0.0%" in one.sentence


def test_a_label_that_stands_in_all_texts_does_not_leak() -> None:
    both = [Row(f"x:{number}", f"negative or positive, {number}", ROWS[number].label) for number in range(40)]
    assert "label in the text" not in found(look(*both))


def test_one_label_for_nearly_all_is_lopsided() -> None:
    rows = [*ROWS[:4], *(Row(f"x:{number}", f"more {number}", "positive") for number in range(60))]
    one = found(inspection.inspect(texts(rows), None))["lopsided"]
    assert one.sentence.startswith("97% of the rows are 'positive':")


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (ROWS[::2], "there is nothing to tell apart"),
        (ROWS[:3], "a training begins with 20 rows"),
        ([*ROWS, Row("x:1", "alone", "odd")], "'odd' has 1; each label needs 3 rows at the very least"),
    ],
)
def test_some_rows_cannot_be_trained_on(rows: Sequence[Row], said: str) -> None:
    fatal = inspection.inspect(texts(rows), None).fatal
    assert fatal is not None
    assert said in fatal.sentence


def test_test_rows_cannot_have_labels_of_their_own() -> None:
    fatal = look(test=[Row("test.csv:1", "new", "odd")]).fatal
    assert fatal is not None
    assert fatal.sentence == "odd cannot be learnt: no row to train on has it."


def test_rows_without_labels_are_counted() -> None:
    assert (
        found(inspection.inspect(texts(ROWS, unlabelled=7), None))["no label"].sentence
        == "7 rows have no label; left out."
    )


def test_a_base_that_does_not_know_the_words_is_named() -> None:
    base = Tokenizer(["the", "was"], rule=EVERYDAY)
    one = found(inspection.inspect(texts(ROWS), None, base))["words unknown to the base"]
    assert "does not know 67% of the words; if the texts are not English, --recipe lecture or best" in one.sentence
