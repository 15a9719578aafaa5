import re
from itertools import pairwise
from time import perf_counter

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.sentiment.rules import KERAS, REVIEWS, RULES, Rule
from app.sentiment.sentences import split_sentences

PIECES = st.sampled_from(
    [
        "good",
        "Bad",
        "Mr",
        "e",
        "I",
        "7",
        "<br />",
        "<BR>",
        "…",
        "\r\n",
        "\xa0",
        "😀",
        "\u202e",
        "שלום",
        "n't",
        ":)",
        *".!?'\")]”  \n\t",
    ]
)


def sentences(text: str, rule: Rule = KERAS) -> list[str]:
    return [text[start:end] for start, end in split_sentences(text, rule)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \n ", []),
        ("... !!! <br />", []),
        ("No end", ["No end"]),
        ("One. Two! Three? Four… Five", ["One.", "Two!", "Three?", "Four…", "Five"]),
        ("Why?! Because...\tReally.", ["Why?!", "Because...", "Really."]),
        ("“Go.” He went. (Alone!) 'No!' [Yes.]", ["“Go.”", "He went.", "(Alone!)", "'No!'", "[Yes.]"]),
        ("One<br /><br />two<BR>three\r\n\r\nfour\nfive", ["One", "two", "three", "four", "five"]),
        ("It costs 7.50, at www.example.org!now. Yes", ["It costs 7.50, at www.example.org!now.", "Yes"]),
        ("Mr. and Mrs. Smith vs. Dr. No. Good.", ["Mr. and Mrs. Smith vs. Dr. No.", "Good."]),
        ("J. R. R. Tolkien, e.g. in the U.S. version. Long.", ["J. R. R. Tolkien, e.g. in the U.S. version.", "Long."]),
        (
            "(Prof. X) and Messrs. A and B. So did I. I didn't. End",
            ["(Prof. X) and Messrs. A and B. So did I.", "I didn't.", "End"],
        ),
        ("Seen by Mr.\nSmith", ["Seen by Mr.", "Smith"]),
        ("Seen.<br />Mr. Smith<br>J. R. Tolkien", ["Seen.", "Mr. Smith", "J. R. Tolkien"]),
        ("Was it Mr.? Or Mr... Smith", ["Was it Mr.?", "Or Mr...", "Smith"]),
        ("Great 😀! סרט נהדר. \u202eyes", ["Great 😀!", "סרט נהדר.", "\u202eyes"]),
    ],
)
def test_sentences_are_found(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("... <br />", []),
        ("!!!", ["!!!"]),
        ("Great! ! Why?<br />?? End :)", ["Great!", "!", "Why?", "??", "End :)"]),
        ("Great! 😀", ["Great!", "😀"]),
    ],
)
def test_a_mark_that_is_a_word_is_a_sentence(text: str, expected: list[str]) -> None:
    assert sentences(text, REVIEWS) == expected


@given(st.lists(PIECES, max_size=30).map("".join) | st.text())
@example("good…\xa0bad")
@example("a.\r b")
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_sentences_are_in_order_and_cover_every_word(rule: Rule, text: str) -> None:
    spans = split_sentences(text, rule)
    for start, end in spans:
        assert 0 <= start < end <= len(text)
        assert text[start:end] == text[start:end].strip()
        assert rule.spans(text[start:end])
    assert all(end <= start for (_, end), (start, _) in pairwise(spans))
    breaks = [match.span() for match in re.finditer(r"<br\s*/?>", text, re.IGNORECASE)]
    for start, end in rule.spans(text):
        word = text[start:end]
        inner = (end - len(word.lstrip()), start + len(word.rstrip()))
        holders = [span for span in spans if span[0] <= inner[0] and inner[1] <= span[1]]
        if any(left <= start and end <= right for left, right in breaks):
            assert not holders
        elif word.strip():
            assert len(holders) == 1


@pytest.mark.parametrize("piece", ["!", '."', "a. ", "e.g.", "<br ", ".\xa0", '"', " "])
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_no_text_takes_long(rule: Rule, piece: str) -> None:
    start = perf_counter()
    split_sentences(piece * (1_000_000 // len(piece)), rule)
    assert perf_counter() - start < 10
