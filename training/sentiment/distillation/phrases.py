"""Phrases of our own making with obvious labels, so that a student learns what a negation does.

In whole reviews the words around a negated one mostly have its label too, so a student can do without the negation;
here it cannot. The phrases that :mod:`training.sentiment.evaluation.short_texts` measures with are left out.
"""

from collections.abc import Iterator
from itertools import product
from typing import Final

from training.sentiment.evaluation import short_texts

CLEAR: Final = 0.95
"""The target of a phrase that is clearly positive; 1 minus this, of a negative one."""
NEGATED_PRAISE: Final = 0.1
NEGATED_BLAME: Final = 0.8
"""*Not bad* is less than *good* (Potts, *On the negativity of negation*, SALT 2010)."""

GOOD: Final = (
    "good", "great", "excellent", "wonderful", "superb", "brilliant", "fantastic", "amazing", "beautiful",
    "charming", "clever", "delightful", "enjoyable", "entertaining", "fascinating", "funny", "gripping",
    "hilarious", "impressive", "interesting", "lovely", "memorable", "moving", "original", "perfect",
    "powerful", "refreshing", "satisfying", "smart", "stunning", "terrific", "touching", "witty", "exciting",
    "engaging", "compelling", "believable", "convincing", "intelligent", "inspired", "fun", "likeable",
)  # fmt: skip
BAD: Final = (
    "bad", "awful", "terrible", "horrible", "boring", "dull", "stupid", "poor", "weak", "lame", "predictable",
    "pointless", "ridiculous", "annoying", "tedious", "dreadful", "disappointing", "silly", "mediocre",
    "unfunny", "cheesy", "pathetic", "bland", "clumsy", "confusing", "forgettable", "flat", "shallow", "slow",
    "wooden", "unconvincing", "laughable", "painful", "overrated", "messy", "lifeless", "pretentious",
)  # fmt: skip
GOOD_NOUNS: Final = ("gem", "delight", "treat", "pleasure", "triumph", "classic", "joy", "success", "winner")
BAD_NOUNS: Final = ("mess", "failure", "disappointment", "bore", "joke", "disgrace", "turkey", "dud", "insult")
GOOD_VERBS: Final = ("like", "love", "enjoy", "admire", "recommend", "appreciate", "care for")
BAD_VERBS: Final = ("hate", "dislike", "despise", "loathe", "regret", "mind")
GOOD_COMPARATIVES: Final = ("better", "funnier", "smarter", "scarier", "sweeter", "wittier")
BAD_COMPARATIVES: Final = ("worse", "duller", "sillier", "weaker", "dumber", "uglier")
DEEDS: Final = (
    "seeing it",
    "renting it",
    "buying it",
    "watching it",
    "going to see this",
    "spending the money on this",
)
THINGS: Final = ("film", "movie", "story", "plot", "script", "performance", "ending", "show")

_PLAIN: Final = (
    "{0}", "{0}!", "very {0}", "so {0}", "really {0}", "a {0} {1}", "this {1} is {0}", "the {1} was {0}",
    "I found it {0}", "it's {0} and {2}", "what a {0} {1}!", "a truly {0} {1}", "simply {0}", "{0}, {2}",
    "how {0} it is!",
)  # fmt: skip
_NEGATED: Final = (
    "not {0}", "not very {0}", "not {0} at all", "not a {0} {1}", "this is not a {0} {1}", "the {1} isn't {0}",
    "it wasn't {0}", "it is never {0}", "hardly {0}", "nothing {0} about it", "far from {0}", "neither {0} nor {2}",
    "anything but {0}", "the {1} isn’t {0} at all", "it's not {0} or {2}", "never {0} or {2}",
    "I don't think it is {0}", "I didn't find the {1} {0}", "nobody could call this {1} {0}", "not once was it {0}",
)  # fmt: skip


def labelled() -> list[tuple[str, float]]:
    """Return the phrases, each once, with its target, a probability of positive."""
    measured_with = {_plainly(text) for text in short_texts.phrases().texts}
    phrases = dict(_phrases())
    return [(text, target) for text, target in phrases.items() if _plainly(text) not in measured_with]


def _plainly(text: str) -> str:
    return text.lower().strip(" .!?").replace("’", "'")


def _phrases() -> Iterator[tuple[str, float]]:
    for words, plain, negated in ((GOOD, CLEAR, NEGATED_PRAISE), (BAD, 1 - CLEAR, NEGATED_BLAME)):
        for place, word in enumerate(words):
            thing, other = THINGS[place % len(THINGS)], words[(place + 7) % len(words)]
            yield from ((template.format(word, thing, other), plain) for template in _PLAIN)
            yield from ((template.format(word, thing, other), negated) for template in _NEGATED)
    for good, bad in zip(GOOD, BAD, strict=False):
        yield from _turned(good, bad, 1 - CLEAR)
        yield from _turned(bad, good, CLEAR)
    yield from _nouns()
    yield from _verbs()
    yield from _comparatives()


def _turned(expected: str, found: str, target: float) -> Iterator[tuple[str, float]]:
    yield f"I expected it to be {expected} but it was {found}", target
    yield f"not {expected} but {found}", target
    yield f"they say it is {expected}, I say it is {found}", target
    yield f"it should have been {expected} and is {found}", target


def _nouns() -> Iterator[tuple[str, float]]:
    for nouns, plain, negated in ((GOOD_NOUNS, CLEAR, NEGATED_PRAISE), (BAD_NOUNS, 1 - CLEAR, NEGATED_BLAME)):
        for noun in nouns:
            yield from ((template.format(noun), plain) for template in ("a {}", "what a {}!", "this is a {}"))
            yield from ((template.format(noun), negated) for template in ("not a {}", "no {}", "this isn't a {}"))


def _verbs() -> Iterator[tuple[str, float]]:
    for verbs, plain, negated in ((GOOD_VERBS, CLEAR, NEGATED_PRAISE), (BAD_VERBS[:-1], 1 - CLEAR, NEGATED_BLAME)):
        for verb, what in product(verbs, ("it", "this film", "the movie")):
            yield from ((f"{who} {verb} {what}", plain) for who in ("I", "you will", "everyone will"))
            yield from (
                (f"{who} {verb} {what}", negated) for who in ("I don't", "I did not", "you won't", "nobody will")
            )
    for deed in DEEDS:
        yield from ((f"{who} regret {deed}", 1 - CLEAR) for who in ("I", "I really", "you will"))
        yield from ((f"{who} regret {deed}", CLEAR) for who in ("I don't", "I did not", "you won't", "I'll never"))
        yield f"worth {deed}", CLEAR
        yield f"not worth {deed}", 1 - CLEAR
        yield f"isn't worth {deed}", 1 - CLEAR
        yield f"I didn't mind {deed}", NEGATED_BLAME


def _comparatives() -> Iterator[tuple[str, float]]:
    for words, exceeded, lacking in ((GOOD_COMPARATIVES, CLEAR, 0.2), (BAD_COMPARATIVES, 1 - CLEAR, 0.65)):
        for word, what in product(words, ("it", "the movie", "this")):
            yield from ((f"{what} {modal} be {word}", exceeded) for modal in ("couldn't", "could not", "can not"))
            yield f"{what} could be {word}", lacking
            yield f"I've never seen anything {word} than {what}", exceeded
