"""The recipe ``best`` from beginning to end.

1. The film network: :mod:`training.sentiment.distillation`, on reviews of films alone, with two labels.
2. Teachers go on from its weights, with three labels, on texts of all corpora, which they read in windows. A pretrained
   transformer is trained on such texts beside them: :mod:`training.sentiment.encoder`.
3. The student is one of the teachers, pruned, and trained on the same texts and on what all teachers say of them: of
   the unlabelled reviews, of single sentences, and of texts whose labels are uncertain. Another begins at the same
   weights and reads variants of short texts too. What is kept is the mean of the weights of both (Wortsman et al.,
   *Model soups*, ICML 2022).

Reading in windows: see :mod:`app.sentiment.windows`.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Final

import keras
import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from app.sentiment.labels import NEGATIVE, POSITIVE
from app.sentiment.tokenizer import Tokenizer
from training.checkpoint import Arrays, Checkpoint, identity
from training.corpora.imdb import Reviews
from training.sentiment.distillation import corpus as film_corpus
from training.sentiment.distillation import inference
from training.sentiment.distillation import train as films
from training.sentiment.distillation.corpus import Corpus, Ids, encoded
from training.sentiment.distillation.network import Network
from training.sentiment.distillation.out_of_fold import Logits, TeacherLogits
from training.sentiment.encoder import inference as encoder_inference
from training.sentiment.encoder import pretrained, word_pieces
from training.sentiment.encoder.network import Encoder
from training.sentiment.encoder.pretrained import Pretrained
from training.sentiment.evaluation import development
from training.sentiment.evaluation.development import DevelopmentSet
from training.sentiment.general import corpora, targets, vocabulary
from training.sentiment.general.corpora import FurtherCorpora
from training.sentiment.general.learner import GeneralLearner, network_of
from training.sentiment.general.material import GeneralMaterial
from training.sentiment.general.pruning import Weights, pruned
from training.sentiment.general.recipe import (
    EDITED,
    EMOTIONS,
    LABELS,
    MINILM,
    PRODUCTS,
    TREEBANK,
    WRITTEN,
    GeneralRecipe,
    NetworkRecipe,
)
from training.sentiment.general.targets import Targets
from training.sentiment.general.texts import GeneralTexts, blended
from training.sentiment.general.variants import Neighbours
from training.sentiment.recipes import SPLIT_SEED
from training.vectors import glove

UNCERTAIN: Final = (
    "treebank sentences",
    "treebank phrases",
    "products",
    "product titles",
    "comments",
)
"""Kinds whose labels are mixed with what the teachers say."""
HELD_OUT: Final = "held out"
FILM_STAGE: Final = "sentiment-films"
"""Its checkpoint is named after it."""
_EMBEDDING, _LSTM = "embedding", "lstm"
_READ_FOR_PRUNING: Final = 4_000
"""Texts of each kind on which units are compared."""

Rows = Mapping[str, Sequence[Ids]]
"""The ids of texts, by their kind."""


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
        history: The figures after each epoch of the one that reads variants; the last ones, but for the loss, are those
            of the network that is kept.
        teachers: Figures of the teachers and of all together, and of the two students, by their names.
        development: The sets that these figures are of.
    """

    tokenizer: Tokenizer
    network: Network
    history: list[dict[str, float]]
    teachers: dict[str, dict[str, float]]
    development: Sequence[DevelopmentSet]


@dataclass(frozen=True)
class Prepared:
    """What the second and the third stage read.

    Attributes:
        recipe: What to do.
        seed: Of everything random.
        checkpoint: Where the results of stages are kept.
        corpus: The reviews of films.
        first: What comes of the first stage.
        tokenizer: The extended one.
        english: Vectors of words of English.
        texts: The texts to train on.
        sets: The texts to measure with.
    """

    recipe: GeneralRecipe
    seed: int
    checkpoint: Checkpoint
    corpus: Corpus
    first: Films
    tokenizer: Tokenizer
    english: Mapping[str, NDArray[np.float32]]
    texts: GeneralTexts
    sets: Sequence[DevelopmentSet]

    def encode(self, texts: Sequence[str]) -> list[Ids]:
        """Return the ids of texts."""
        return [encoded(self.tokenizer, text) for text in texts]

    def train(
        self, how: NetworkRecipe, part: str, rows: Rows, wanted: Mapping[str, Targets], start: Weights
    ) -> tuple[Network, list[dict[str, float]]]:
        """Train a network.

        Args:
            how: Its recipe.
            part: The name of its checkpoint.
            rows: The ids of all texts.
            wanted: What is to be answered for those that it reads.
            start: Its first word vectors and LSTM, and the last layer, if that is not to be drawn.
        """
        how = replace(how, seed=how.seed + self.seed)
        network = network_of(how, start[0], start[1:])
        learner = GeneralLearner(how, network, GeneralMaterial.of(rows, wanted), window=how.window)
        history = learner.learn(self.checkpoint.part(part), self.measured)
        return network, history

    @cached_property
    def _measured_rows(self) -> list[list[Ids]]:
        return [self.encode(one.texts) for one in self.sets]

    def measured(self, network: Network) -> dict[str, float]:
        """Return the figures of a network on the development sets."""
        rows = self._measured_rows
        found = inference.probabilities(network, [ids for part in rows for ids in part], self.recipe.maxlen)
        return figures(self.sets, np.split(found, np.cumsum([len(part) for part in rows])[:-1]))


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
        training.sentiment.encoder.pretrained.MissingWeights: The transformer's weights are missing.
    """
    transformer = None if MINILM in recipe.without else pretrained.find()
    prepared = _prepared(recipe, reviews, unlabelled, further, seed, checkpoint)
    texts = prepared.texts
    every = {name: kind.texts for name, kind in texts.kinds.items()} | dict(texts.unlabelled)
    rows = {name: prepared.encode(some) for name, some in every.items()}
    wanted = {name: kind.targets for name, kind in texts.kinds.items()}
    networks, measured = _teachers(prepared, rows, wanted)

    asked = {name: every[name] for name in (*UNCERTAIN, *texts.unlabelled) if name in every}
    asked |= {_of(one): one.texts for one in prepared.sets}
    answers = checkpoint.kept("answers", partial(_answers, prepared, networks, rows, asked))
    measured["networks together"] = figures(prepared.sets, [answers[_of(one)] for one in prepared.sets])
    if transformer is not None:
        others = checkpoint.kept("encoder-answers", partial(_encoder_answers, prepared, transformer, asked))
        measured["encoder"] = figures(prepared.sets, [others[_of(one)] for one in prepared.sets])
        weight = recipe.encoder.weight
        answers |= {name: (1 - weight) * answers[name] + weight * other for name, other in others.items()}
    measured["teachers together"] = figures(prepared.sets, [answers[_of(one)] for one in prepared.sets])

    wanted |= {
        name: blended(kind, answers[name], 1 - recipe.uncertain_label).targets
        for name, kind in texts.kinds.items()
        if name in UNCERTAIN
    }
    wanted["unlabelled"] = targets.of_review(expit(_stacked(prepared.corpus, prepared.first.answers, answers)))
    wanted |= {name: answers[name].astype(np.float64) for name in texts.unlabelled}
    start = _pruned(prepared, networks[recipe.pruned - 1], rows)
    network, alone = prepared.train(recipe.student, "student", rows, wanted, start)
    other, history = prepared.train(recipe.varied, "varied", rows, wanted, start)
    measured |= {"student": alone[-1], "student on variants": history[-1]}
    _average(network, other, recipe.varied_weight)
    history = [*history[:-1], {**history[-1], **prepared.measured(network)}]
    return General(prepared.tokenizer, network, history, measured, prepared.sets)


def _prepared(
    recipe: GeneralRecipe,
    reviews: Reviews,
    unlabelled: Reviews,
    further: FurtherCorpora,
    seed: int,
    checkpoint: Checkpoint,
) -> Prepared:
    """Go through the first stage, part what is held out, and lay out the texts."""
    corpus = film_corpus.read(
        reviews,
        unlabelled,
        vocabulary_size=recipe.films.vocabulary_size,
        validation=recipe.films.validation,
        split_seed=SPLIT_SEED,
        left_out=frozenset(pair.imdb_id for pair in further.pairs if pair.split == "dev"),
    )
    # Its checkpoint is its own, as trainings that leave a corpus out begin with the same network.
    read = [reviews.sha256, unlabelled.sha256, further.sha256[EDITED]]
    stage = Checkpoint.of(checkpoint.folder.parent, FILM_STAGE, identity(recipe.films, read, seed))
    first = Films.of(stage.kept("films", partial(_films, recipe, corpus, seed, stage)))
    side, held_out = corpora.split(further, frozenset(corpus.held_out.movies), recipe.held_out_products)
    english = glove.read()
    tokenizer = vocabulary.extended(
        corpus.tokenizer, _other_texts(further, side, recipe.without), english.words, recipe.vocabulary_size
    )
    by_word = dict(zip(english.words, english.matrix, strict=True))
    texts = GeneralTexts.of(
        corpus,
        first.answers,
        further,
        side,
        label=recipe.label,
        without=recipe.without,
        neighbours=Neighbours.of(tokenizer.words, by_word),
        seed=seed,
    )
    sets = [*development.held_out(corpus.held_out, held_out), *development.written()]
    return Prepared(recipe, seed, checkpoint, corpus, first, tokenizer, by_word, texts, sets)


def _teachers(
    prepared: Prepared, rows: Rows, wanted: Mapping[str, Targets]
) -> tuple[list[Network], dict[str, dict[str, float]]]:
    """Train the networks of the second stage; return them with their figures."""
    first, tokenizer, english = prepared.first, prepared.tokenizer, prepared.english
    vectors = vocabulary.vectors(first.embedding, tokenizer, english)
    networks: list[Network] = []
    measured: dict[str, dict[str, float]] = {}
    for number, how in enumerate(prepared.recipe.teachers, start=1):
        start = first.widened(vocabulary.beside(vectors, tokenizer, english)) if how.english else [vectors, *first.lstm]
        network, history = prepared.train(how, f"teacher-{number}", rows, wanted, start)
        networks.append(network)
        measured[f"teacher {number}"] = history[-1]
    return networks, measured


def _answers(prepared: Prepared, networks: Sequence[Network], rows: Rows, asked: Mapping[str, Sequence[str]]) -> Arrays:
    """Return the mean of the networks' probabilities of each text, shape (n, 3), by its kind."""
    sys.stderr.write("The teachers predict all texts.\n")
    read = {name: rows[name] if name in rows else prepared.encode(texts) for name, texts in asked.items()}
    read |= {"unlabelled": rows["unlabelled"], HELD_OUT: prepared.encode(prepared.corpus.held_out.texts)}
    return {
        name: np.mean([inference.probabilities(one, ids, prepared.recipe.maxlen) for one in networks], axis=0)
        for name, ids in read.items()
    }


def _encoder_answers(prepared: Prepared, transformer: Pretrained, asked: Mapping[str, Sequence[str]]) -> Arrays:
    """Train the transformer; return its probabilities of each text, shape (n, 3), by its kind."""
    how = replace(prepared.recipe.encoder, seed=prepared.recipe.encoder.seed + prepared.seed)
    kinds = {name: kind for name, kind in prepared.texts.kinds.items() if how.shares.get(name)}
    encode = partial(word_pieces.encode, transformer.tokenizer)
    keras.utils.set_random_seed(how.seed)
    encoder = Encoder(transformer.read(), len(LABELS))
    measured = [encode(one.texts) for one in prepared.sets]

    def measure(network: Encoder) -> dict[str, float]:
        found = [encoder_inference.probabilities(network, ids, how.longest) for ids in measured]
        return figures(prepared.sets, found)

    rows = {name: encode(kind.texts) for name, kind in kinds.items()}
    material = GeneralMaterial.of(rows, {name: kind.targets for name, kind in kinds.items()})
    GeneralLearner(how, encoder, material).learn(prepared.checkpoint.part("encoder"), measure)
    return {name: encoder_inference.probabilities(encoder, encode(texts), how.longest) for name, texts in asked.items()}


def _pruned(prepared: Prepared, teacher: Network, rows: Rows) -> Weights:
    """Return the student's first weights."""
    recipe, random = prepared.recipe, np.random.default_rng(prepared.seed)
    some = [
        rows[name][index]
        for name in prepared.texts.kinds
        for index in random.permutation(len(rows[name]))[:_READ_FOR_PRUNING]
    ]
    counts = np.bincount(np.concatenate(some), minlength=prepared.tokenizer.vocabulary_size)
    features = inference.features(teacher, some)
    weights = [array for layer in teacher.layers for array in layer.get_weights()]
    return pruned(weights, features, counts, units=recipe.student.units, dimensions=recipe.dimensions)


def _average(network: Network, other: Network, weight: float) -> None:
    """Set the weights of a network to their mean with those of another one."""
    for layer, same in zip(network.layers, other.layers, strict=True):
        pairs = zip(layer.get_weights(), same.get_weights(), strict=True)
        layer.set_weights([(1 - weight) * ours + weight * theirs for ours, theirs in pairs])


def figures(sets: Sequence[DevelopmentSet], found: Sequence[NDArray[np.floating]]) -> dict[str, float]:
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
    distilled = films.distil(recipe.films, corpus, seed=seed, checkpoint=checkpoint)
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


def _stacked(corpus: Corpus, first: TeacherLogits, answers: Arrays) -> Logits:
    """Combine the first stage and the teachers by a regression on the held-out reviews; logits of the unlabelled."""

    def evidence(name: str) -> Logits:
        odds = np.log(np.maximum(answers[name], np.finfo(np.float32).tiny))
        return np.asarray(odds[:, LABELS.index(POSITIVE)] - odds[:, LABELS.index(NEGATIVE)], np.float64)

    known = np.stack([first.held_out, evidence(HELD_OUT)], axis=1)
    regression = LogisticRegression().fit(known, corpus.held_out.labels)
    return np.asarray(regression.decision_function(np.stack([first.unlabelled, evidence("unlabelled")], axis=1)))
