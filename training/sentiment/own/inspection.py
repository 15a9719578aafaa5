"""What there is to know of labelled texts before a model is trained on them."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from app.sentiment.tokenizer import Tokenizer
from training.corpora.own import OwnTexts, Row
from training.sentiment.own.split import plainly

FEW: Final = 20
"""Of fewer rows, a label cannot be learnt and its figures say little."""
FEWEST_ROWS: Final = 3
"""Of each label: one to train on, one to choose by, and one to test with."""
LEAST: Final = 20
"""Rows with which a training begins."""
_LOPSIDED: Final = 0.9
_LEAKS: Final = 0.2
"""Share of a label's texts that name it, from which on that is worth a word,"""
_TIMES: Final = 5
"""if it is so many times as large as that of the others."""
_UNKNOWN: Final = 0.3
_SHOWN: Final = 5


@dataclass(frozen=True)
class Finding:
    """Something that was looked for.

    Attributes:
        name: What.
        rows: How many rows it is about.
        sentence: What was found and what becomes of it.
        examples: Ids of some of the rows.
        fatal: Whether nothing can be trained.
    """

    name: str
    rows: int
    sentence: str
    examples: Sequence[str] = ()
    fatal: bool = False


@dataclass(frozen=True)
class Inspected:
    """Rows that were looked at.

    Attributes:
        findings: What was found, worst first; also what was looked for and not found, with no rows.
        train: The rows to train on, or to part.
        test: The rows to test with, if they are given.
    """

    findings: Sequence[Finding]
    train: OwnTexts
    test: OwnTexts | None

    @property
    def fatal(self) -> Finding | None:
        """The first reason for which nothing can be trained."""
        return next((one for one in self.findings if one.fatal), None)


def inspect(train: OwnTexts, test: OwnTexts | None, base: Tokenizer | None = None) -> Inspected:
    """Look at rows, and leave out those that would do harm: empty ones, and those that are in the test rows too.

    Args:
        train: The rows to train on, of which some may be held out later.
        test: The rows to test with, if they are given.
        base: The tokenizer of the model that is to be adapted.
    """
    every = [*train.rows, *(test.rows if test else ())]
    empty = [row for row in every if not row.text]
    train = _with_text(train)
    test = None if test is None else _with_text(test)
    taken = {plainly(text) for text in test.texts} if test else set()
    across = [row for row in train.rows if plainly(row.text) in taken]
    train = train.take([row for row in train.rows if plainly(row.text) not in taken])
    groups = {row.group for row in test.rows if row.group is not None} if test else set()
    split_groups = [row for row in train.rows if row.group in groups]
    train = train.take([row for row in train.rows if row.group not in groups or row.group is None])
    unlabelled = sum(file.unlabelled for file in [*train.files, *(test.files if test else ())])

    findings = [
        *_labels(train, test),
        _finding("no text", empty, "{} no text; left out."),
        Finding(
            "no label",
            unlabelled,
            f"{_counted(unlabelled)} no label; left out.",
        ),
        _finding("in test too", across, "{} the text of a test row and are left out of training."),
        _finding("group in test too", split_groups, "{} a group that test rows have and are left out of training."),
        *_repeated(train),
        _lopsided(train),
        _leaks(train),
        *([] if base is None else [_unknown(train, base)]),
    ]
    return Inspected(findings, train, test)


def table(inspected: Inspected) -> str:
    """Return what was found, as a table of what was looked for and a sentence for each thing that was found."""
    train, test = inspected.train, inspected.test
    counts = Counter(row.label for row in train.rows)
    words = {label: [len(row.text.split()) for row in train.rows if row.label == label] for label in train.labels}
    others = Counter(row.label for row in test.rows) if test else Counter()
    labels = dict.fromkeys([*train.labels, *(test.labels if test else ())])
    lines = [f"{'label':<24} {'rows':>8} {'share':>7} {'words':>7}" + (f" {'test':>7}" if test else "")]
    for label in labels:
        middle = sorted(words.get(label) or [0])[len(words.get(label) or [0]) // 2]
        share = counts[label] / max(1, len(train))
        lines.append(
            f"{label:<24} {counts[label]:>8,} {share:>7.1%} {middle:>7}" + (f" {others[label]:>7,}" if test else "")
        )
    lines.append("")
    lines.append(f"{'looked for':<24} {'rows':>8}")
    lines += [f"{one.name:<24} {one.rows:>8,}" for one in inspected.findings]
    sentences = [one for one in inspected.findings if one.rows]
    if sentences:
        lines.append("")
    for one in sentences:
        where = f" ({', '.join(one.examples)}{', …' if one.rows > len(one.examples) else ''})" if one.examples else ""
        lines.append(f"- {one.name}: {one.sentence.removesuffix('.')}{where}.")
    return "\n".join(lines) + "\n"


def _counted(count: int) -> str:
    return f"{count:,} row has" if count == 1 else f"{count:,} rows have"


def _with_text(side: OwnTexts) -> OwnTexts:
    return side.take([row for row in side.rows if row.text])


def _finding(name: str, rows: Sequence[Row], sentence: str) -> Finding:
    return Finding(name, len(rows), sentence.format(_counted(len(rows))), [row.id for row in rows[:_SHOWN]])


def _labels(train: OwnTexts, test: OwnTexts | None) -> Iterable[Finding]:
    counts = Counter(row.label for row in train.rows)
    one_label = len(counts) < 2
    yield Finding(
        "one label only",
        len(train) if one_label else 0,
        "there is nothing to tell apart; is the right column named with --label?",
        fatal=one_label,
    )
    too_few = len(train) < LEAST
    yield Finding("too few rows", len(train) if too_few else 0, f"a training begins with {LEAST} rows.", fatal=too_few)
    rare = {label: count for label, count in counts.items() if count < FEWEST_ROWS}
    yield Finding(
        "labels too rare",
        sum(rare.values()),
        f"{', '.join(f'{label!r} has {count}' for label, count in rare.items())}; each label needs {FEWEST_ROWS} rows "
        "at the very least, so merge such labels with others or leave them out.",
        fatal=bool(rare),
    )
    few = {label: count for label, count in counts.items() if FEWEST_ROWS <= count < FEW}
    yield Finding(
        "labels with few rows",
        sum(few.values()),
        f"{', '.join(f'{label!r} has {count}' for label, count in few.items())}; with fewer than {FEW} rows a label is "
        "hardly learnt, and figures on it mean little.",
    )
    folded: dict[str, list[str]] = defaultdict(list)
    for label in counts:
        folded[label.casefold()].append(label)
    alike = [label for group in folded.values() if len(group) > 1 for label in group]
    yield Finding(
        "labels alike",
        sum(counts[label] for label in alike),
        f"{', '.join(map(repr, alike))} differ by case alone; they are taken for labels of their own.",
    )
    new = [] if test is None else [row for row in test.rows if row.label not in counts]
    yield Finding(
        "unknown test labels",
        len(new),
        f"{', '.join(sorted({row.label for row in new}))} cannot be learnt: no row to train on has it.",
        [row.id for row in new[:_SHOWN]],
        fatal=bool(new),
    )


def _repeated(train: OwnTexts) -> Iterable[Finding]:
    by_text: dict[str, list[Row]] = defaultdict(list)
    for row in train.rows:
        by_text[plainly(row.text)].append(row)
    again = [row for rows in by_text.values() for row in rows[1:]]
    yield _finding(
        "duplicates", again, "{} the text of an earlier row; rows of one text stay on one side of every split."
    )
    against = [row for rows in by_text.values() if len({row.label for row in rows}) > 1 for row in rows]
    yield _finding("contradictions", against, "{} a text that stands with another label too; no model gets both right.")


def _lopsided(train: OwnTexts) -> Finding:
    label, count = Counter(row.label for row in train.rows).most_common(1)[0] if train.rows else ("", 0)
    found = len(train.labels) >= 2 and count >= _LOPSIDED * len(train)
    share = count / max(1, len(train))
    sentence = f"{share:.0%} of the rows are {label!r}: who always says so is as often right, so look at the macro-F1."
    return Finding("lopsided", count if found else 0, sentence)


def _leaks(train: OwnTexts) -> Finding:
    found: list[Row] = []
    said: list[str] = []
    for label in train.labels:
        word = re.compile(rf"\b{re.escape(label).replace('_', '[ _-]')}\b", re.IGNORECASE)
        # "good" or "3" stand in texts anyway; what tells is how much more often they stand in those of their label.
        naming = [row for row in train.rows if word.search(row.text)]
        own = [row for row in naming if row.label == label]
        count = sum(row.label == label for row in train.rows)
        share, elsewhere = len(own) / count, (len(naming) - len(own)) / max(1, len(train) - count)
        if share >= _LEAKS and share >= _TIMES * elsewhere:
            found += own
            said.append(f"{share:.0%} of the texts of {label!r} name it, of the others {elsewhere:.1%}")
    sentence = (
        f"{'; '.join(said)}. A model that reads its answer in the text learns nothing else: take it out of the text."
    )
    return Finding("label in the text", len(found), sentence, [row.id for row in found[:_SHOWN]])


def _unknown(train: OwnTexts, base: Tokenizer) -> Finding:
    encodings = [base.encode(text) for text in train.texts]
    words, unknown = (sum(getattr(one, name) for one in encodings) for name in ("words", "unknown"))
    share = unknown / max(1, words)
    found = share >= _UNKNOWN
    sentence = (
        f"the base model does not know {share:.0%} of the words; if the texts are not English, --recipe "
        "lecture or best starts from nothing and works with any language that has spaces between its words."
    )
    return Finding("words unknown to the base", len(train) if found else 0, sentence)
