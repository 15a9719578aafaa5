"""Phrases of our own making on everyday subjects: what negations, wishes and outcomes do to obvious words.

They are those of :mod:`training.sentiment.distillation.phrases` for people, things and services instead of films.
"""

from collections.abc import Iterator
from itertools import product
from typing import Final

from training.sentiment.evaluation import everyday, short_texts
from training.sentiment.general.targets import NEGATED_BLAME, NEGATED_PRAISE, NEGATIVE, NEUTRAL, POSITIVE, Target

_GLAD: Final = (
    "happy", "pleased", "satisfied", "impressed", "delighted", "thrilled", "glad", "excited", "grateful", "thankful",
    "comfortable", "content", "convinced", "amazed", "proud", "relieved",
)  # fmt: skip
_SORRY: Final = (
    "angry", "upset", "disappointed", "annoyed", "frustrated", "unhappy", "sad", "bored", "worried", "disgusted",
    "furious", "miserable", "unimpressed", "dissatisfied", "fed up", "ashamed",
)  # fmt: skip
_GOOD: Final = (
    "good", "great", "excellent", "wonderful", "fantastic", "amazing", "perfect", "lovely", "nice", "friendly",
    "helpful", "reliable", "fast", "clean", "comfortable", "delicious", "fresh", "useful", "easy to use", "polite",
    "solid", "worth the money", "professional", "affordable", "accurate",
)  # fmt: skip
_BAD: Final = (
    "bad", "terrible", "awful", "horrible", "poor", "rude", "slow", "dirty", "useless", "broken", "overpriced",
    "unreliable", "disgusting", "unhelpful", "confusing", "noisy", "faulty", "cheap and flimsy", "late", "unfriendly",
    "defective", "a rip-off", "buggy", "uncomfortable", "annoying",
)  # fmt: skip
_THINGS: Final = (
    "service", "food", "app", "phone", "room", "delivery", "product", "staff", "hotel", "update", "support", "coffee",
    "flight", "driver", "website", "meal", "quality", "camera", "manager", "book", "game", "place", "course",
)  # fmt: skip

_FEELING: Final = ("I am {0}", "I'm so {0}", "We were {0}", "I'm very {0} with the {1}", "Really {0} with this {1}")
_NO_FEELING: Final = (
    "I am not {0}", "I'm not {0} at all", "We were not {0}", "I'm not very {0} with the {1}", "Not {0} with this {1}",
    "I can't say I'm {0}",
)  # fmt: skip
_PLAIN: Final = (
    "the {1} is {0}", "The {1} was really {0}!", "{0} {1}", "very {0}", "I found the {1} {0}", "such a {0} {1}",
)  # fmt: skip
_NEGATED: Final = (
    "the {1} is not {0}", "The {1} wasn't {0} at all", "not a {0} {1}", "not {0}", "far from {0}",
    "anything but {0}", "The {1} is hardly {0}", "I would not call this {1} {0}", "nothing {0} about the {1}",
)  # fmt: skip

_CLEAR: Final = {
    POSITIVE: (
        "I can't thank you enough for the {}", "I can't recommend the {} enough", "couldn't be happier with the {}",
        "no complaints about the {}", "nothing wrong with the {}", "the {} works perfectly now", "best {} ever",
        "the problem with the {} is solved, thank you", "I can't fault the {}", "the {} did not disappoint",
        "the {} is better than I expected", "I'd choose this {} again any time", "hard to find a flaw in the {}",
        "thanks for the quick help with the {}", "never had a problem with the {}", "5 stars for the {}",
        "the {} exceeded my expectations", "I have never had a better {}", "glad I tried this {}", "love the {}",
        "the {} is worth every penny", "10/10 {}", "could not ask for a better {}",
    ),
    NEGATIVE: (
        "I can't recommend the {}", "I couldn't be more disappointed with the {}", "many complaints about the {}",
        "something is wrong with the {}", "the {} does not work anymore", "worst {} ever",
        "the problem with the {} is still not solved", "the {} let me down", "the {} is worse than I expected",
        "I won't choose this {} again", "hard to find anything good in the {}", "still no help with the {}",
        "nothing but problems with the {}", "1 star for the {}", "zero stars for the {}", "I have never had a worse {}",
        "the {} fell short of my expectations", "I regret trying this {}", "the {} is not worth a penny",
        "I want my money back for the {}", "2/10 {}", "I hate the {}", "stay away from this {}",
    ),
    NEUTRAL: (
        "where is the {}?", "I have a question about the {}", "the {} is on the left", "it's a {}", "this is the {}",
        "which {} do you mean?", "please send me the details of the {}", "the {} is okay", "the {} is average",
        "the {} starts at nine", "can you tell me about the {}?", "the {} was moved to Monday", "is there a {}?",
        "I ordered the {} on Tuesday", "the {} is neither good nor bad", "do you know this {}?", "we discussed the {}",
        "the {} comes in three sizes", "it is the same {} as last year",
    ),
}  # fmt: skip


_WHAT: Final = ("it", "this", "them", "him", "her", "you guys", "that place", "these people")
_ENOUGH: Final = (
    "I can't recommend {0} enough", "can't recommend {0} highly enough", "I cannot recommend {0} enough!",
    "I couldn't recommend {0} more", "I can't praise {0} enough", "can't thank {0} enough", "I can't get enough of {0}",
    "we can't say enough good things about {0}", "I couldn't be happier with {0}", "couldn't ask for more from {0}",
)  # fmt: skip
_NOT_AT_ALL: Final = (
    "I can't recommend {0}", "can't recommend {0} to anyone", "I cannot recommend {0} at all!",
    "I couldn't recommend {0} to a friend", "I can't praise {0} for anything", "can't thank {0} for this mess",
    "I've had enough of {0}", "we can't say anything good about {0}", "I couldn't be less happy with {0}",
    "I expected more from {0}",
)  # fmt: skip
"""What differs from those above by little."""


def labelled() -> list[tuple[str, Target]]:
    """Return the phrases, each once, with its target; none is among those that models are measured with."""
    measured = {plainly(text) for text in [*short_texts.phrases().texts, *everyday.load().texts]}
    return [(text, target) for text, target in dict(_phrases()).items() if plainly(text) not in measured]


def plainly(text: str) -> str:
    """Return a text without what does not tell phrases apart."""
    return " ".join(text.lower().replace("’", "'").strip(" .!?").split())


def _phrases() -> Iterator[tuple[str, Target]]:
    for words, templates, target in (
        (_GLAD, _FEELING, POSITIVE),
        (_GLAD, _NO_FEELING, NEGATED_PRAISE),
        (_SORRY, _FEELING, NEGATIVE),
        (_SORRY, _NO_FEELING, NEGATED_BLAME),
        (_GOOD, _PLAIN, POSITIVE),
        (_GOOD, _NEGATED, NEGATED_PRAISE),
        (_BAD, _PLAIN, NEGATIVE),
        (_BAD, _NEGATED, NEGATED_BLAME),
    ):
        for place, word in enumerate(words):
            for number, template in enumerate(templates):
                thing = _THINGS[(place * len(templates) + number) % len(_THINGS)]
                yield template.format(word, thing), target
    for sentence, what in product(_ENOUGH, _WHAT):
        yield sentence.format(what), POSITIVE
    for sentence, what in product(_NOT_AT_ALL, _WHAT):
        yield sentence.format(what), NEGATIVE
    for target, sentences in _CLEAR.items():
        for sentence in sentences:
            yield from ((sentence.format(thing), target) for thing in _THINGS)
