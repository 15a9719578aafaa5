"""The vector spaces that are committed: the lecture's tables, gensim's answers, and where they come from."""

from collections import Counter
from pathlib import Path

import keras
import numpy as np
import pytest
from gensim.models import KeyedVectors
from gensim.test.utils import datapath

from app.artifacts.manifest import read_manifest
from app.sentiment.tokenizer import Tokenizer
from app.vectors.folder import load_folder
from app.vectors.space import VectorSpace
from tests.conftest import ROOT
from training.corpora import imdb
from training.vectors import glove, word2vec

MODELS = ROOT / "models"

QUEEN_KING_MAN = """woman 0.8903914093971252  girl 0.8453726768493652  man 0.8301756381988525  her 0.7845831513404846
boy 0.7763065099716187  she 0.7619765400886536  herself 0.7597628831863403  blind 0.7296754717826843
mother 0.7230340242385864  blonde 0.713614284992218"""
GOOD_EVIL_COLD = """warm 0.7870427966117859  dry 0.7643216848373413  hot 0.750431478023529  cool 0.7491167187690735
weather 0.7476345896720886  getting 0.7447267770767212  good 0.7442173361778259  cold 0.7425146102905273
low 0.7231549024581909  little 0.7223491668701172"""
"""What the lecture prints in its section 4."""

QUESTIONS = 1000


@pytest.fixture(scope="module")
def space() -> VectorSpace:
    return load_folder(MODELS / "vectors-glove")


@pytest.fixture(scope="module")
def gensim() -> KeyedVectors:
    vectors = glove.read()
    keyed = KeyedVectors(vectors.matrix.shape[1])
    keyed.add_vectors(list(vectors.words), np.asarray(vectors.matrix))
    keyed.fill_norms()
    return keyed


@pytest.mark.parametrize(
    ("positive", "negative", "table"),
    [(["queen", "man"], ["king"], QUEEN_KING_MAN), (["good", "cold"], ["evil"], GOOD_EVIL_COLD)],
)
def test_the_tables_of_the_lecture(space: VectorSpace, positive: list[str], negative: list[str], table: str) -> None:
    found = space.most_similar(positive, negative, normalize=False, exclude_inputs=False)
    assert [word for word, _ in found] == table.split()[::2]
    assert [similarity for _, similarity in found] == pytest.approx([float(s) for s in table.split()[1::2]], abs=1e-6)


@pytest.mark.slow
def test_questions_of_gensims_file_get_gensims_answers(space: VectorSpace, gensim: KeyedVectors) -> None:
    lines = Path(datapath("questions-words.txt")).read_text().lower().splitlines()
    questions = [line.split() for line in lines if not line.startswith(":")]
    for a, b, c, _ in questions[:: len(questions) // QUESTIONS][:QUESTIONS]:
        expected = gensim.most_similar([b, c], [a])
        found = space.most_similar([b, c], [a])
        assert [word for word, _ in found] == [word for word, _ in expected]
        assert [s for _, s in found] == pytest.approx([s for _, s in expected], abs=1e-5)


def test_glove_is_that_of_the_package(space: VectorSpace) -> None:
    vectors = glove.read()
    assert list(space.vocabulary) == list(vectors.words)
    for row in (0, 1, 77_777, 399_999):
        assert space.vector(row).tolist() == vectors.matrix[row].tolist()
        assert space.row(vectors.words[row]) == row


def test_the_first_option_is_the_embedding_layer_of_the_model() -> None:
    space = load_folder(MODELS / "vectors-sentiment-lecture")
    model = keras.models.load_model(MODELS / "sentiment-lecture" / "model.keras", compile=False)
    tokenizer = Tokenizer.load(MODELS / "sentiment-lecture" / "tokenizer.json")
    (weights,) = model.layers[0].get_weights()
    assert list(space.vocabulary) == list(tokenizer.words)
    for word in ("the", "awful", tokenizer.words[-1]):
        assert space.vector(space.row(word)).tolist() == weights[tokenizer.word_index[word]].tolist()
    assert {word for word, _ in space.neighbors("awful", 5)} >= {"worst", "waste"}


def test_the_second_option_knows_what_words_mean() -> None:
    space = load_folder(MODELS / "vectors-imdb-word2vec")
    assert space.dimensions == word2vec.RECIPE.vector_size
    assert space.neighbors("awful", 1)[0].word == "terrible"
    assert space.most_similar(["queen", "man"], ["king"], topn=1)[0].word == "woman"


def test_the_second_option_was_learnt_from_reviews_that_are_not_of_test(real_data: Path) -> None:
    space = load_folder(MODELS / "vectors-imdb-word2vec")
    manifest = read_manifest(MODELS / "vectors-imdb-word2vec")
    reviews = [imdb.load(split, real_data) for split in word2vec.SPLITS]
    assert word2vec.SPLITS == ("train", "unsup")
    assert [manifest.data[split]["sha256"] for split in word2vec.SPLITS] == [found.sha256 for found in reviews]
    sentences = word2vec.Sentences([text for found in reviews for text in found.texts])
    counts = Counter(word for sentence in sentences for word in sentence)
    assert set(space.vocabulary) == {word for word, n in counts.items() if n >= manifest.recipe["min_count"]}
    ranked = [counts[word] for word in space.vocabulary]
    assert ranked == sorted(ranked, reverse=True)
