"""The recipe ``best`` from beginning to end.

1. The film network: :mod:`training.sentiment.distillation`, on reviews of films alone, with two labels.
2. Teachers go on from its weights, with three labels, on texts of all corpora, which they read in windows.
3. The student, a smaller network, is trained on the same texts and on what the teachers say of them: of the unlabelled
   reviews, of single sentences, and of texts whose labels are uncertain.

Reading in windows: see :mod:`app.sentiment.windows`.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from app.sentiment.labels import NEGATIVE, POSITIVE
from app.sentiment.tokenizer import Tokenizer
from training.checkpoint import Arrays, Checkpoint
from training.corpora.imdb import Reviews
from training.sentiment.distillation import corpus as film_corpus
from training.sentiment.distillation import inference
from training.sentiment.distillation import train as films
from training.sentiment.distillation.corpus import Corpus, Ids, encoded
from training.sentiment.distillation.network import Network
from training.sentiment.distillation.out_of_fold import Logits, TeacherLogits
from training.sentiment.evaluation import development
from training.sentiment.evaluation.development import DevelopmentSet
from training.sentiment.general import corpora, targets, vocabulary
from training.sentiment.general.corpora import FurtherCorpora
from training.sentiment.general.learner import GeneralLearner
from training.sentiment.general.material import GeneralMaterial
from training.sentiment.general.recipe import (
    EDITED,
    EMOTIONS,
    LABELS,
    PRODUCTS,
    TREEBANK,
    WRITTEN,
    GeneralRecipe,
    NetworkRecipe,
)
from training.sentiment.general.texts import GeneralTexts, Kind, blended
from training.sentiment.recipes import SPLIT_SEED
from training.vectors import glove

UNCERTAIN: Final = (
    "treebank sentences",
    "treebank phrases",
    "neutral treebank phrases",
    "products",
    "product titles",
    "comments",
)
"""Kinds whose labels are mixed with what the teachers say."""
REVIEW_SENTENCES: Final = "review sentences"
MOST_SENTENCES: Final = 150_000
_EMBEDDING, _LSTM = "embedding", "lstm"


@dataclass(frozen=True)
class Films:
    """What comes of the first stage.

    Attributes:
        embedding: The film network's word vectors, shape (vocabulary, dimensions).
        lstm: The weights of its LSTM.
        answers: What it and its teachers say together of each review; of labelled ones the teachers alone, out of fold.
    """

    embedding: NDArray[np.float32]
    lstm: list[NDArray[np.float32]]
    answers: TeacherLogits

    @classmethod
    def of(cls, arrays: Arrays) -> "Films":
        """Read them from the arrays of a checkpoint."""
        lstm = [arrays[name] for name in sorted(arrays) if name.startswith(_LSTM)]
        answers = TeacherLogits(*(arrays[name] for name in TeacherLogits.__annotations__))
        return cls(arrays[_EMBEDDING], lstm, answers)

    def widened(self, vectors: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Return the weights of the same network for vectors of more dimensions, of which the LSTM reads none yet."""
        more = vectors.shape[1] - self.embedding.shape[1]
        # Each direction has a kernel, a recurrent kernel and a bias.
        lstm = [
            np.pad(array, ((0, more), (0, 0))) if index % 3 == 0 else array for index, array in enumerate(self.lstm)
        ]
        return [vectors, *lstm]


@dataclass(frozen=True)
class General:
    """The network that is kept, and how it came about.

    Attributes:
        tokenizer: What turns texts into ids.
        network: The student.
        history: Its figures after each epoch.
        teachers: Figures of the teachers and of all together, by their names.
        development: The sets that these figures are of.
    """

    tokenizer: Tokenizer
    network: Network
    history: list[dict[str, float]]
    teachers: dict[str, dict[str, float]]
    development: Sequence[DevelopmentSet]


def make(
    recipe: GeneralRecipe,
    reviews: Reviews,
    unlabelled: Reviews,
    further: FurtherCorpora,
    *,
    seed: int,
    checkpoint: Checkpoint,
) -> General:
    """Go through all stages. The results of each are kept in the checkpoint, and found there by the next attempt.

    Args:
        recipe: What to do.
        reviews: IMDb's train split, or a sample of it.
        unlabelled: Its unsup split, or a sample of it.
        further: The other corpora.
        seed: Of everything random.
        checkpoint: Where the results are kept.

    Raises:
        training.checkpoint.Interrupted: A signal came while a network was trained; its state is saved.
        training.checkpoint.CheckpointError: The checkpoint cannot be used.
    """
    left_out = frozenset(pair.imdb_id for pair in further.pairs if pair.split == "dev")
    corpus = film_corpus.read(
        reviews,
        unlabelled,
        vocabulary_size=recipe.films.vocabulary_size,
        validation=recipe.films.validation,
        split_seed=SPLIT_SEED,
        left_out=left_out,
    )
    first = Films.of(checkpoint.kept("films", partial(_films, recipe, corpus, seed, checkpoint)))
    side, held_out = corpora.split(further, frozenset(corpus.held_out.movies), recipe.held_out_products)
    english = glove.read()
    tokenizer = vocabulary.extended(
        corpus.tokenizer, _other_texts(further, side, recipe.without), english.words, recipe.vocabulary_size
    )
    by_word = dict(zip(english.words, english.matrix, strict=True))
    vectors = vocabulary.vectors(first.embedding, tokenizer, by_word)
    sets = [*development.held_out(corpus.held_out, held_out), *development.written()]
    measure = partial(figures, tokenizer=tokenizer, sets=sets, maxlen=recipe.maxlen)
    texts = GeneralTexts.of(
        corpus, first.answers, further, side, tokenizer, label=recipe.label, without=recipe.without, seed=seed
    )

    def trained(how: NetworkRecipe, part: str, kinds: dict[str, Kind], start: Sequence[NDArray[np.float32]]) -> Network:
        material = GeneralMaterial.of(kinds)
        embedding, *rest = start
        learner = GeneralLearner(replace(how, seed=how.seed + seed), embedding, material, rest)
        histories[part] = learner.learn(checkpoint.part(part), measure)
        return learner.network

    histories: dict[str, list[dict[str, float]]] = {}
    networks = [
        trained(
            how,
            f"teacher-{number}",
            dict(texts.kinds),
            first.widened(vocabulary.beside(vectors, tokenizer, by_word)) if how.english else [vectors, *first.lstm],
        )
        for number, how in enumerate(recipe.teachers, start=1)
    ]
    teachers = {f"teacher {number}": histories[f"teacher-{number}"][-1] for number in range(1, len(networks) + 1)}
    rows = {name: kind.rows for name, kind in texts.kinds.items() if name == "unlabelled" or name in UNCERTAIN}
    random = np.random.default_rng(seed)
    sentences = [texts.sentences[index] for index in random.permutation(len(texts.sentences))[:MOST_SENTENCES]]
    rows |= {REVIEW_SENTENCES: sentences, "held out": [encoded(tokenizer, text) for text in corpus.held_out.texts]}
    rows |= {_of(one): [encoded(tokenizer, text) for text in one.texts] for one in sets}
    answers = checkpoint.kept("answers", partial(_answers, recipe, networks, rows))
    teachers["teachers together"] = _figures(sets, [answers[_of(one)] for one in sets])

    kinds = {
        name: blended(kind, answers[name], 1 - recipe.label) if name in UNCERTAIN else kind
        for name, kind in texts.kinds.items()
    }
    stacked = _stacked(corpus, first.answers, answers)
    kinds["unlabelled"] = Kind(kinds["unlabelled"].rows, targets.of_review(expit(stacked)))
    kinds[REVIEW_SENTENCES] = Kind(sentences, answers[REVIEW_SENTENCES].astype(np.float64))
    dimensions = first.embedding.shape[1]
    learnt = [network.embedding.get_weights()[0][:, :dimensions] for network in networks]
    embedding = vocabulary.compressed(np.mean(learnt, axis=0), recipe.compressed)
    if recipe.student.english:
        embedding = vocabulary.beside(embedding, tokenizer, by_word)
    network = trained(recipe.student, "student", kinds, [embedding])
    parts = ["student"]
    for number, finish in enumerate(recipe.finishes, start=1):
        parts.append(f"finish-{number}")
        weights = [array for layer in network.layers for array in layer.get_weights()]
        network = trained(finish, parts[-1], kinds, weights)
    history = [epoch for part in parts for epoch in histories[part]]
    return General(tokenizer, network, history, teachers, sets)


def figures(network: Network, *, tokenizer: Tokenizer, sets: Sequence[DevelopmentSet], maxlen: int) -> dict[str, float]:
    """Measure a network on the development sets."""
    texts = [encoded(tokenizer, text) for one in sets for text in one.texts]
    found = inference.probabilities(network, texts, maxlen)
    parts = np.split(found, np.cumsum([len(one.texts) for one in sets])[:-1])
    return _figures(sets, parts)


def _figures(sets: Sequence[DevelopmentSet], found: Sequence[NDArray[np.floating]]) -> dict[str, float]:
    """Return the accuracy on each set; ``val_loss`` and ``val_accuracy`` are those of the first one."""
    measured: dict[str, float] = {}
    for one, probabilities in zip(sets, found, strict=True):
        chosen = one.chosen(probabilities, LABELS)
        measured[one.name] = round(development.accuracy(one, chosen), 4)
        if one.among == LABELS:
            measured[f"{one.name}, macro-F1"] = round(development.macro_f1(one, chosen), 4)
        if one is sets[0]:
            likelihood = chosen[np.arange(len(chosen)), one.labels]
            measured["val_loss"] = round(float(-np.log(np.maximum(likelihood, 1e-12)).mean()), 6)
            measured["val_accuracy"] = round(development.accuracy(one, chosen), 6)
    return measured


def _films(recipe: GeneralRecipe, corpus: Corpus, seed: int, checkpoint: Checkpoint) -> Arrays:
    distilled = films.distil(recipe.films, corpus, seed=seed, checkpoint=checkpoint.part("films"))
    lstm = {f"{_LSTM}-{index}": array for index, array in enumerate(distilled.network.lstm.get_weights())}
    return {_EMBEDDING: distilled.network.embedding.get_weights()[0], **lstm, **vars(distilled.answers)}


def _other_texts(further: FurtherCorpora, side: corpora.Split, without: Sequence[str]) -> list[str]:
    """Return what is read beside reviews of films, from whose words the vocabulary is extended."""
    texts = {
        TREEBANK: [phrase.text for phrase in side.phrases if phrase.whole],
        EDITED: [text for pair in side.pairs for text in (pair.original, pair.edited)],
        PRODUCTS: [text for one in side.products for text in (one.title, one.text)],
        EMOTIONS: [comment.text for comment in side.comments],
        # Our own are few and matter: each of their words is known.
        WRITTEN: [one.text for one in further.written] * vocabulary.RARE,
    }
    return [text for name, found in texts.items() if name not in without for text in found]


def _of(found: DevelopmentSet) -> str:
    """Name the teachers' answers for a development set; some kinds of texts to train on have the same name."""
    return f"development: {found.name}"


def _answers(recipe: GeneralRecipe, networks: Sequence[Network], rows: Mapping[str, Sequence[Ids]]) -> Arrays:
    """Return the mean of the networks' probabilities of each text, shape (n, 3), for each kind of texts."""
    sys.stderr.write("The teachers predict all texts.\n")
    return {
        name: np.mean([inference.probabilities(network, texts, recipe.maxlen) for network in networks], axis=0)
        for name, texts in rows.items()
    }


def _stacked(corpus: Corpus, first: TeacherLogits, answers: Arrays) -> Logits:
    """Combine the first stage and the teachers by a regression on the held-out reviews; logits of the unlabelled."""

    def evidence(name: str) -> Logits:
        odds = np.log(np.maximum(answers[name], np.finfo(np.float32).tiny))
        return np.asarray(odds[:, LABELS.index(POSITIVE)] - odds[:, LABELS.index(NEGATIVE)], np.float64)

    known = np.stack([first.held_out, evidence("held out")], axis=1)
    regression = LogisticRegression().fit(known, corpus.held_out.labels)
    return np.asarray(regression.decision_function(np.stack([first.unlabelled, evidence("unlabelled")], axis=1)))
