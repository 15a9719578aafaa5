"""All texts that the networks read, kind by kind, laid out in one long row of ids, with their targets."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from app.sentiment.tokenizer import Tokenizer
from training.sentiment.distillation import phrases as film_phrases
from training.sentiment.distillation.corpus import Corpus, Ids, document, encoded
from training.sentiment.distillation.material import LONGEST_SENTENCE, SHORTEST_SENTENCE
from training.sentiment.distillation.out_of_fold import TeacherLogits
from training.sentiment.general import phrases, targets
from training.sentiment.general.corpora import FurtherCorpora, Split
from training.sentiment.general.recipe import EDITED, EMOTIONS, PRODUCTS, TREEBANK, WRITTEN
from training.sentiment.general.targets import Targets

JOINED: Final = 6_000
"""Long texts of several comments and sentences: without them, no long text would be neutral."""
_LONGEST_JOINED: Final = 14
_NEUTRAL_JOINED: Final = 0.6
"""Share of the joined texts in which all is neutral."""

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
        rows: The ids of each text, without the start id.
        targets: What is to be answered, shape (n, 3).
    """

    rows: Sequence[Ids]
    targets: Targets

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True)
class GeneralTexts:
    """The texts, and what is needed to set the targets that teachers predict.

    Attributes:
        kinds: The texts by the names of :data:`training.sentiment.general.recipe.SHARES`.
        sentences: Single sentences of the reviews, labelled and not, without targets.
    """

    kinds: Mapping[str, Kind]
    sentences: Sequence[Ids]

    @classmethod
    def of(
        cls,
        corpus: Corpus,
        films: TeacherLogits,
        further: FurtherCorpora,
        side: Split,
        tokenizer: Tokenizer,
        *,
        label: float,
        without: Sequence[str],
        seed: int,
    ) -> "GeneralTexts":
        """Lay out the texts to train on.

        Args:
            corpus: The reviews of films.
            films: What the film network and its teachers say of them.
            further: The other corpora; of these, the sentences of our own are read.
            side: The side of the other corpora that is trained on.
            tokenizer: The extended one.
            label: Weight of the label in the target of a labelled review.
            without: Corpora to leave out.
            seed: Of the joined texts.
        """

        def encode(texts: Iterable[str]) -> list[Ids]:
            return [encoded(tokenizer, text) for text in texts]

        reviews = [document(tokenizer, text) for text in corpus.reviews.texts]
        unlabelled = [document(tokenizer, text) for text in corpus.unlabelled.texts]
        softened = label * corpus.reviews.labels + (1 - label) * expit(films.reviews)
        kinds = {
            "labelled": Kind([one.ids for one in reviews], targets.of_review(softened)),
            "unlabelled": Kind([one.ids for one in unlabelled], targets.of_review(expit(films.unlabelled))),
        }
        taught = film_phrases.labelled()
        positive = np.array([target for _, target in taught])
        kinds["film phrases"] = Kind(encode(text for text, _ in taught), targets.of_review(positive))
        further_kinds = {
            name: Kind(encode(text for text, _ in pairs), targets.array([target for _, target in pairs]))
            for name, pairs in _further(further, side).items()
            if _CORPUS_OF[name] not in without
        }
        kinds |= further_kinds
        polar = ("comments", "treebank sentences", "written")
        joinable = [further_kinds[name] for name in polar if name in further_kinds]
        if joinable:
            kinds["joined"] = _joined(joinable, np.random.default_rng(seed))
        sentences = [
            one.sentence(index)
            for one in (*reviews, *unlabelled)
            for index, length in enumerate(np.diff(one.bounds))
            if SHORTEST_SENTENCE <= length <= LONGEST_SENTENCE
        ]
        return cls(kinds, sentences)


def _further(corpora: FurtherCorpora, side: Split) -> dict[str, list[tuple[str, targets.Target]]]:
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
    rows = [row for kind in kinds for row in kind.rows]
    answers = np.concatenate([kind.targets for kind in kinds])
    of_label = [np.flatnonzero(answers.argmax(axis=1) == label) for label in range(3)]
    neutral = of_label[1]
    texts: list[Ids] = []
    wanted: list[targets.Target] = []
    for _ in range(JOINED):
        count = int(random.integers(2, _LONGEST_JOINED + 1))
        chosen = random.choice(neutral, count)
        target = targets.NEUTRAL
        if random.random() >= _NEUTRAL_JOINED:
            label = int(random.choice([0, 2]))
            polar = int(random.integers((count + 1) // 2, count + 1))
            chosen[random.permutation(count)[:polar]] = random.choice(of_label[label], polar)
            target = targets.POLARITIES["negative" if label == 0 else "positive"]
        texts.append(np.concatenate([rows[index] for index in chosen]))
        wanted.append(target)
    return Kind(texts, targets.array(wanted))


def blended(kind: Kind, answers: NDArray[np.floating], weight: float) -> Kind:
    """Mix what teachers say of the texts of a kind, shape (n, 3), into their targets with a weight from 0 to 1."""
    return Kind(kind.rows, (1 - weight) * kind.targets + weight * answers)
