import json
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from keras.src.legacy.preprocessing.text import Tokenizer as KerasTokenizer
from keras.src.legacy.preprocessing.text import text_to_word_sequence

from app.artifacts.manifest import MANIFEST, ArtifactError, Manifest, read_manifest, signed, write_manifest
from app.sentiment.classifier import Classifier
from app.sentiment.classifier import _strip_padding as strip_padding
from app.sentiment.engines import EngineName
from tests import toys

TEXTS = st.lists(
    st.lists(st.sampled_from([*toys.GOOD, *toys.BAD, *toys.THINGS, "unheard", "a", "!"])).map(" ".join) | st.text(),
    min_size=1,
    max_size=20,
)


@pytest.fixture(scope="module")
def folder(models_dir: Path) -> Path:
    return models_dir / "sentiment-tiny"


@pytest.fixture(scope="module")
def classifier(folder: Path) -> Classifier:
    return Classifier(folder)


@pytest.fixture(scope="module")
def model(folder: Path) -> keras.Model:
    return keras.models.load_model(folder / "model.keras")


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(folder, tmp_path / "sentiment-tiny"))


@given(st.integers(0, 3_001), st.lists(st.integers(0, 9), max_size=20))
def test_padding_in_front_is_cut_but_for_the_last_id(zeros: int, rest: list[int]) -> None:
    ids = [0] * zeros + rest
    first = next((place for place, number in enumerate(ids) if number), len(ids) - 1)
    assert strip_padding(ids) == ids[max(first, 0) :]


def keras_ids(texts: list[str], vocabulary_size: int) -> list[list[int]]:
    """Ids as people make them who follow the lecture: Keras' tokenizer on the training texts, shifted by hand."""
    tokenizer = KerasTokenizer()
    tokenizer.fit_on_texts(toys.reviews().texts)
    words = vocabulary_size - 3
    sequences = []
    for text in texts:
        ranks = (tokenizer.word_index.get(w, words + 1) for w in text_to_word_sequence(text))
        sequences.append([1, *(rank + 2 if rank <= words else 2 for rank in ranks)])
    return sequences


@given(TEXTS)
@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_raw_texts_get_what_keras_gives_them(classifier: Classifier, model: keras.Model, texts: list[str]) -> None:
    sequences = keras_ids(texts, classifier.serving.vocabulary_size)
    padded = keras.utils.pad_sequences(sequences, maxlen=classifier.serving.maxlen)
    expected = model.predict(padded, verbose=0)[:, 0]
    single = [classifier.classify(text)[0].probability("positive") for text in texts]
    together = [found.probability("positive") for found in classifier.classify_all(texts)[0]]
    assert single == pytest.approx(expected, abs=1e-5)
    assert together == pytest.approx(expected, abs=1e-5)
    assert classifier.predict(sequences)[:, 1] == pytest.approx(expected, abs=1e-5)
    assert classifier.predict(padded.tolist())[:, 1] == pytest.approx(expected, abs=1e-5)


@given(st.lists(st.lists(st.integers(0, 20), min_size=1, max_size=30), min_size=1, max_size=40))
@settings(deadline=None, max_examples=30)
def test_ids_of_any_length_get_what_keras_gives_them(
    classifier: Classifier, model: keras.Model, sequences: list[list[int]]
) -> None:
    padded = keras.utils.pad_sequences(sequences, maxlen=classifier.serving.maxlen)
    expected = model.predict(padded, verbose=0)[:, 0]
    assert classifier.predict(sequences)[:, 1] == pytest.approx(expected, abs=1e-5)


def test_the_tensorflow_engine_agrees(classifier: Classifier, folder: Path) -> None:
    texts = ["", "a wonderful film", "dull " * 30, "unheard of", "brilliant brilliant awful"]
    reference = Classifier(folder, "tensorflow")
    assert reference.engine_name == "tensorflow"
    found, expected = classifier.classify_all(texts)[0], reference.classify_all(texts)[0]
    for one, other in zip(found, expected, strict=True):
        assert one.probability("positive") == pytest.approx(other.probability("positive"), abs=1e-5)
        assert one[2:] == other[2:]
    assert reference.predict([]).shape == (0, 2)
    assert reference.classify("superb")[0].probability("positive") == pytest.approx(
        classifier.classify("superb")[0].probability("positive"), abs=1e-5
    )


def test_it_learnt_what_it_was_taught(classifier: Classifier) -> None:
    good, timing = classifier.classify("What a brilliant story, I don't regret it. Really brilliant!")
    bad, _ = classifier.classify("What a boring story, I don't regret it. Really boring!")
    assert (good.label, bad.label) == ("positive", "negative")
    assert good.score == good.probability("positive")
    assert bad.score == 1 - bad.probability("positive")
    assert timing.tokenize > 0
    assert timing.predict > 0


@pytest.mark.parametrize(
    ("text", "words", "unknown", "truncated", "warnings"),
    [
        ("", 0, 0, False, ["no_words"]),
        (" \n ", 0, 0, False, ["no_words"]),
        ("wonderful zebra", 2, 1, False, []),
        ("zebra crossing", 2, 2, False, ["unknown_words"]),
        ("film " * 11, 11, 0, False, []),
        ("film " * 12, 12, 0, True, ["truncated"]),
        ("zebra " * 12, 12, 12, True, ["truncated", "not_english"]),
    ],
)
def test_it_says_what_it_saw(
    classifier: Classifier, text: str, words: int, unknown: int, truncated: bool, warnings: list[str]
) -> None:
    found, _ = classifier.classify(text)
    assert (found.words, found.unknown, found.truncated) == (words, unknown, truncated)
    assert list(found.warnings) == warnings
    assert classifier.classify_all([text])[0][0][2:] == found[2:]


def test_a_manifest_that_names_no_language_is_of_none(models_dir: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(models_dir / "sentiment-tiny", tmp_path / "sentiment-tiny"))
    manifest = read_manifest(folder)
    assert manifest.serving["language"] == "en"
    for serving in ({"language": None}, {}):
        rest = {name: value for name, value in manifest.serving.items() if name != "language"}
        write_manifest(folder, manifest.model_copy(update={"serving": {**rest, **serving}}))
        classifier = Classifier(folder)
        assert classifier.serving.language is None
        assert classifier.classify("zebra " * 3)[0].warnings == ("unknown_words",)
    write_manifest(folder, manifest.model_copy(update={"serving": {**manifest.serving, "language": "de"}}))
    with pytest.raises(ArtifactError, match="such as language"):
        Classifier(folder)


def test_no_texts_get_no_answers(classifier: Classifier) -> None:
    assert classifier.classify_all([])[0] == []
    assert classifier.predict([]).shape == (0, 2)


FILES = ["model.onnx", "model.keras", "tokenizer.json", "README.md", "roc-curve.png", MANIFEST]


@pytest.mark.parametrize(
    ("name", "engine"),
    [("model.onnx", "onnx"), ("model.keras", "tensorflow"), ("tokenizer.json", "onnx"), (MANIFEST, "onnx")],
)
def test_a_missing_file_is_named(copy: Path, name: str, engine: EngineName) -> None:
    (copy / name).unlink()
    with pytest.raises(ArtifactError, match=f"{name} (is missing|cannot be read)"):
        Classifier(copy, engine)


def test_what_serving_does_not_read_may_be_absent(copy: Path) -> None:
    for path in copy.iterdir():
        if path.name not in ("model.onnx", "tokenizer.json", MANIFEST):
            path.unlink()
    assert len(list(copy.iterdir())) == 3
    assert Classifier(copy).name == "sentiment-tiny"


@pytest.mark.parametrize("name", [name for name in FILES if name != MANIFEST])
@pytest.mark.parametrize("where", [0.0, 0.5, 1.0])
def test_a_flipped_byte_is_found(copy: Path, name: str, where: float) -> None:
    content = bytearray((copy / name).read_bytes())
    content[int(where * (len(content) - 1))] ^= 1
    (copy / name).write_bytes(content)
    with pytest.raises(ArtifactError, match=f"{name} is not the file that manifest.json describes"):
        Classifier(copy)


def damage_manifest(folder: Path, **changes: object) -> None:
    path = folder / MANIFEST
    document = json.loads(path.read_text())
    path.write_bytes(signed({**document, **changes}))


def write_checksums_anew(folder: Path) -> None:
    write_manifest(folder, Manifest.model_validate_json((folder / MANIFEST).read_bytes()))


def test_the_tokenizer_of_another_model_is_refused(copy: Path) -> None:
    other = json.loads((copy / "tokenizer.json").read_text())
    other["words"] = other["words"][::-1]
    (copy / "tokenizer.json").write_text(json.dumps(other))
    write_checksums_anew(copy)
    with pytest.raises(ArtifactError, match=r"tokenizer\.json is the tokenizer of another model"):
        Classifier(copy)


def test_a_tokenizer_of_another_size_is_refused_by_the_reference_too(copy: Path) -> None:
    other = json.loads((copy / "tokenizer.json").read_text())
    other["words"].pop()
    (copy / "tokenizer.json").write_text(json.dumps(other))
    write_checksums_anew(copy)
    with pytest.raises(ArtifactError, match=r"tokenizer\.json has 23 ids, its model 24"):
        Classifier(copy, "tensorflow")


def test_a_graph_that_is_none_is_refused(copy: Path) -> None:
    (copy / "model.onnx").write_bytes(b"not a graph")
    write_checksums_anew(copy)
    with pytest.raises(ArtifactError, match=r"model\.onnx is not a graph"):
        Classifier(copy)


def test_a_manifest_without_settings_for_serving_is_refused(copy: Path) -> None:
    damage_manifest(copy, serving={"maxlen": 12})
    with pytest.raises(ArtifactError, match=r"manifest\.json lacks settings"):
        Classifier(copy)


def test_a_manifest_that_does_not_list_the_graph_is_refused(copy: Path) -> None:
    files = dict(read_manifest(copy).files)
    del files["model.onnx"]
    damage_manifest(copy, files=files)
    with pytest.raises(ArtifactError, match=r"no model\.onnx"):
        Classifier(copy)


def test_probabilities_do_not_depend_on_the_company(classifier: Classifier) -> None:
    texts = [f"{word} {thing} " * n for n, (word, thing) in enumerate(zip(toys.GOOD, toys.THINGS, strict=True))] * 20
    together = np.array([found.probability("positive") for found in classifier.classify_all(texts)[0]])
    alone = np.array([classifier.classify(text)[0].probability("positive") for text in texts])
    assert np.abs(together - alone).max() < 1e-6
