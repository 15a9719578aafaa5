"""All texts that are trained on, kind by kind, with their targets."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from app.sentiment.sentences import split_sentences
from app.sentiment.tokenizer import Tokenizer
from training.sentiment.distillation import phrases as film_phrases
from training.sentiment.distillation.corpus import Corpus
from training.sentiment.distillation.material import LONGEST_SENTENCE, SHORTEST_SENTENCE
from training.sentiment.distillation.out_of_fold import TeacherLogits
from training.sentiment.general import phrases, targets
from training.sentiment.general.corpora import FurtherCorpora, Split
from training.sentiment.general.recipe import EDITED, EMOTIONS, PRODUCTS, TREEBANK, WRITTEN
from training.sentiment.general.targets import Target, Targets
from training.sentiment.general.variants import Neighbours, variants

JOINED: Final = 6_000
"""Long texts of several comments and sentences: without them, no long text would be neutral."""
_LONGEST_JOINED: Final = 14
_NEUTRAL_JOINED: Final = 0.6
"""Share of the joined texts in which all is neutral."""

REVIEW_SENTENCES, PRODUCT_SENTENCES, OTHER_COMMENTS = "review sentences", "product sentences", "other comments"
EDITED_SENTENCES: Final = "edited sentences"
MOST_SENTENCES: Final = 120_000
_OF_A_TEXT: Final = 4

VARIANTS: Final = {"treebank sentences": 8, "product titles": 4, "comments": 4, "written": 20}
"""How many variants are tried of each text of these kinds."""

_CORPUS_OF: Final = {
    "treebank sentences": TREEBANK,
    "treebank phrases": TREEBANK,
    "neutral treebank phrases": TREEBANK,
    "edited": EDITED,
    "products": PRODUCTS,
    "product titles": PRODUCTS,
    "comments": EMOTIONS,
    "written": WRITTEN,
    "everyday phrases": WRITTEN,
}
"""The corpus of each kind but those of films and the joined ones."""


@dataclass(frozen=True)
class Kind:
    """Texts of one kind.

    Attributes:
        texts: n texts.
        targets: What is to be answered, shape (n, 3).
    """

    texts: Sequence[str]
    targets: Targets

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, Target]]) -> "Kind":
        """Take texts, each with its target."""
        texts, wanted = zip(*pairs, strict=True)
        return cls(texts, targets.array(list(wanted)))


@dataclass(frozen=True)
class GeneralTexts:
    """The texts, and those whose targets are what teachers predict.

    Attributes:
        kinds: The texts by the names of :data:`training.sentiment.general.recipe.SHARES`.
        unlabelled: Texts without targets, by their names there: single sentences of reviews, comments that are
            neither for nor against something, nor neutral, and variants of short texts.
    """

    kinds: Mapping[str, Kind]
    unlabelled: Mapping[str, Sequence[str]]

    @classmethod
    def of(
        cls,
        corpus: Corpus,
        films: TeacherLogits,
        further: FurtherCorpora,
        side: Split,
        *,
        label: float,
        without: Sequence[str],
        neighbours: Neighbours,
        seed: int,
    ) -> "GeneralTexts":
        """Lay out the texts to train on.

        Args:
            corpus: The reviews of films.
            films: What the film network and its teachers say of them.
            further: The other corpora; of these, the sentences of our own are read.
            side: The side of the other corpora that is trained on.
            label: Weight of the label in the target of a labelled review.
            without: Corpora to leave out.
            neighbours: What words are replaced by in variants.
            seed: Of the joined texts, the choice of sentences, and the variants.
        """
        softened = label * corpus.reviews.labels + (1 - label) * expit(films.reviews)
        kinds = {
            "labelled": Kind(corpus.reviews.texts, targets.of_review(softened)),
            "unlabelled": Kind(corpus.unlabelled.texts, targets.of_review(expit(films.unlabelled))),
        }
        labelled_phrases = film_phrases.labelled()
        kinds["film phrases"] = Kind(
            [text for text, _ in labelled_phrases],
            targets.of_review(np.array([target for _, target in labelled_phrases])),
        )
        further_kinds = {
            name: Kind.of(pairs) for name, pairs in _further(further, side).items() if _CORPUS_OF[name] not in without
        }
        kinds |= further_kinds
        polar = ("comments", "treebank sentences", "written")
        joinable = [further_kinds[name] for name in polar if name in further_kinds]
        if joinable:
            kinds["joined"] = _joined(joinable, np.random.default_rng(seed))
        tokenizer, random = corpus.tokenizer, np.random.default_rng(seed)
        reviews = [*corpus.reviews.texts, *corpus.unlabelled.texts]
        unlabelled = {REVIEW_SENTENCES: _sentences(reviews, tokenizer, MOST_SENTENCES, random)}
        if PRODUCTS not in without:
            bought = [one.text for one in side.products]
            unlabelled[PRODUCT_SENTENCES] = _sentences(bought, tokenizer, MOST_SENTENCES, random)
        if EMOTIONS not in without:
            unlabelled[OTHER_COMMENTS] = [one.text for one in side.comments if one.polarity is None]
        if EDITED not in without:
            pairs = [text for one in side.pairs for text in (one.original, one.edited)]
            unlabelled[EDITED_SENTENCES] = _sentences(pairs, tokenizer, MOST_SENTENCES, random)
        for name, times in VARIANTS.items():
            if name in kinds:
                unlabelled[f"varied {name}"] = variants(kinds[name].texts, times, neighbours, random)
        return cls(kinds, unlabelled)


def _sentences(texts: Sequence[str], tokenizer: Tokenizer, most: int, random: np.random.Generator) -> list[str]:
    """Choose sentences, of each text no more than one in four, that are neither very short nor long."""
    found: list[str] = []
    for index in random.permutation(len(texts)):
        text = texts[index]
        spans = split_sentences(text, tokenizer.rule)
        for number in random.permutation(len(spans))[: -(-len(spans) // _OF_A_TEXT)]:
            sentence = text[slice(*spans[number])].strip()
            if SHORTEST_SENTENCE <= len(tokenizer.rule.split(sentence)) <= LONGEST_SENTENCE:
                found.append(sentence)
        if len(found) >= most:
            return found[:most]
    return found


def _further(corpora: FurtherCorpora, side: Split) -> dict[str, list[tuple[str, Target]]]:
    whole = [(phrase.text, targets.TREEBANK[phrase.label]) for phrase in side.phrases if phrase.whole]
    parts = dict.fromkeys((phrase.text, phrase.label) for phrase in side.phrases if not phrase.whole)
    edited = targets.EDITED
    return {
        "treebank sentences": whole,
        "treebank phrases": [(text, targets.TREEBANK[label]) for text, label in parts if label != 2],
        "neutral treebank phrases": [(text, targets.TREEBANK[label]) for text, label in parts if label == 2],
        "edited": [
            pair
            for one in side.pairs
            for pair in ((one.original, edited[one.original_label]), (one.edited, edited[1 - one.original_label]))
        ],
        "products": [
            (text, targets.RATINGS[one.rating])
            for one in side.products
            for text in (one.text, f"{one.title}. {one.text}")
        ],
        "product titles": [(one.title, targets.TITLES[one.label]) for one in side.products],
        "comments": [(one.text, targets.POLARITIES[one.polarity]) for one in side.comments if one.polarity is not None],
        "written": [(one.text, targets.LABELS[one.label]) for one in corpora.written],
        "everyday phrases": phrases.labelled(),
    }


def _joined(kinds: Sequence[Kind], random: np.random.Generator) -> Kind:
    """Join neutral texts, and texts of one polarity with neutral ones, into long ones."""
    texts = [text for kind in kinds for text in kind.texts]
    answers = np.concatenate([kind.targets for kind in kinds])
    of_label = [np.flatnonzero(answers.argmax(axis=1) == label) for label in range(3)]
    neutral = of_label[1]
    joined: list[tuple[str, Target]] = []
    for _ in range(JOINED):
        count = int(random.integers(2, _LONGEST_JOINED + 1))
        chosen = random.choice(neutral, count)
        target = targets.NEUTRAL
        if random.random() >= _NEUTRAL_JOINED:
            label = int(random.choice([0, 2]))
            polar = int(random.integers((count + 1) // 2, count + 1))
            chosen[random.permutation(count)[:polar]] = random.choice(of_label[label], polar)
            target = targets.POLARITIES["negative" if label == 0 else "positive"]
        joined.append((" ".join(texts[index] for index in chosen), target))
    return Kind.of(joined)


def blended(kind: Kind, answers: NDArray[np.floating], weight: float) -> Kind:
    """Mix what teachers say of the texts of a kind, shape (n, 3), into their targets with a weight from 0 to 1."""
    return Kind(kind.texts, (1 - weight) * kind.targets + weight * answers)
