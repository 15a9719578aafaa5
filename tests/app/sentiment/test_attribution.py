import shutil
import tracemalloc
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import keras
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import expit

from app.artifacts.manifest import ArtifactError, parse_manifest, write_manifest
from app.sentiment.attribution import ATTRIBUTION_FILE, COUNTED_WINDOWS, Attribution, States, Weights
from app.sentiment.classifier import Classifier
from app.sentiment.engines import EngineName, dropping_masks
from app.sentiment.labels import BINARY
from tests import toys

GRADIENT: Final = np.array([-0.75, 1.0, -0.25])
UNKNOWN: Final = 2
Floats = NDArray[np.float64]


@pytest.fixture(scope="module")
def folder(window_models_dir: Path) -> Path:
    return window_models_dir / "sentiment-windows"


@pytest.fixture(scope="module")
def classifier(folder: Path) -> Classifier:
    return Classifier(folder)


@pytest.fixture(scope="module")
def reference(folder: Path) -> Classifier:
    return Classifier(folder, "tensorflow")


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(folder, tmp_path / folder.name))


def attribution_of(classifier: Classifier) -> Attribution:
    assert classifier.attribution is not None
    return classifier.attribution


def contributions(classifier: Classifier, ids: Sequence[int], gradient: Floats = GRADIENT) -> list[float]:
    _, states = classifier.engine.predict_with_states(ids)
    found: list[float] = attribution_of(classifier).contributions(states, len(ids), gradient).tolist()
    return found


def tokens(length: int, seed: int = 0) -> list[int]:
    return [1, *np.random.default_rng(seed).integers(3, 20, length - 1).tolist()]


def cut(ids: Sequence[int], window: int) -> list[list[int]]:
    """Where the tokens of each window are among all; its front, the start id of further windows, is −1."""
    inner = len(ids) - 1
    used = max(1, -(-inner // window))
    own = -(-inner // used)
    places = [list(range(1 + begin, 1 + min(begin + own, inner))) for begin in range(0, inner, own)]
    return [[0 if at == 0 else -1, *window_places] for at, window_places in enumerate(places)]


def by_the_book(folder: Path, ids: Sequence[int], gradient: Floats) -> Floats:
    """What each token contributes, in loops and double precision: no maximum is shared by windows."""
    weights = Weights.load(folder / ATTRIBUTION_FILE)
    with dropping_masks():
        vectors = (
            keras.models.load_model(folder / "model.keras", compile=False).layers[1].get_weights()[0].astype(float)
        )
    dense = weights.dense if weights.dense.shape[1] > 1 else np.pad(weights.dense, ((0, 0), (1, 0)))
    assert weights.length_power > 0
    counted = min(len(ids), COUNTED_WINDOWS * int(weights.window))
    slopes = (dense @ gradient / counted ** float(weights.length_power)).reshape(2, -1)
    units = slopes.shape[1]
    found = np.zeros(len(ids))

    def step(direction: int, x: Floats, h: Floats, c: Floats) -> tuple[Floats, Floats]:
        z = x @ weights.kernel[direction] + h @ weights.recurrent[direction] + weights.bias[direction]
        i, f, g, o = np.split(z, 4)
        c = expit(f) * c + expit(i) * np.tanh(g)
        return expit(o) * np.tanh(c), c

    for direction in (0, 1):
        windows = [places[:: -1 if direction else 1] for places in cut(ids, int(weights.window))]
        runs = []
        for places in windows:
            h, c = np.zeros(units), np.zeros(units)
            run = []
            for place in places:
                before = h, c
                x = vectors[ids[place] if place >= 0 else 1]
                h, c = step(direction, x, h, c)
                run.append((place, x, *before, h))
            runs.append(run)
        for unit in range(units):
            value, window, last = max(
                (state[unit], window, at) for window, run in enumerate(runs) for at, (*_, state) in enumerate(run)
            )
            if value <= 0:
                continue
            for at in range(last + 1):
                place = runs[window][at][0]
                # Read on to the maximum, with the states h as they were: only the cell of the unit itself changes.
                c = runs[window][at][3]
                for then in range(at, last + 1):
                    _, x, h, _, _ = runs[window][then]
                    state, c = step(direction, vectors[UNKNOWN] if then == at else x, h, c)
                    c = np.where(np.arange(units) == unit, c, runs[window][then + 1][3] if then < last else c)
                if place >= 0:
                    found[place] += slopes[direction, unit] * (value - max(state[unit], 0))
    return found


@pytest.mark.parametrize("length", [*range(2, 14), 23, 24, 25, 40])
def test_it_is_what_the_maxima_lose_cell_by_cell(folder: Path, classifier: Classifier, length: int) -> None:
    ids = tokens(length, seed=length)
    expected = by_the_book(folder, ids, GRADIENT)
    # What the start ids contribute is shared by the windows.
    np.testing.assert_allclose(contributions(classifier, ids)[1:], expected[1:], atol=2e-6)
    assert np.abs(expected[1:]).max() > 0.1


def test_a_word_may_stand_in_front(folder: Path, classifier: Classifier) -> None:
    """That of a text whose start is cut off does; its states forward are not those of the start id."""
    ids = tokens(24)[1:]
    np.testing.assert_allclose(contributions(classifier, ids), by_the_book(folder, ids, GRADIENT), atol=2e-6)


@pytest.mark.parametrize("length", [9, 20])
def test_a_sigmoid_is_positive_against_negative(tmp_path: Path, length: int) -> None:
    toys.write_window_model(tmp_path / "sentiment-sigmoid", BINARY)
    classifier = Classifier(tmp_path / "sentiment-sigmoid")
    gradient = np.array([-1.0, 1.0])
    expected = by_the_book(tmp_path / "sentiment-sigmoid", tokens(length), gradient)
    np.testing.assert_allclose(contributions(classifier, tokens(length), gradient)[1:], expected[1:], atol=2e-6)


def test_it_is_what_keras_gives_for_an_unknown_word_where_units_do_not_speak_to_each_other(tmp_path: Path) -> None:
    folder = tmp_path / "sentiment-deaf"
    toys.write_window_model(folder, recurrent=0.0)
    classifier = Classifier(folder, "tensorflow")
    weights = Weights.load(folder / ATTRIBUTION_FILE)
    ids = tokens(18)

    def states(ids: Sequence[int]) -> NDArray[np.float32]:
        return classifier.engine.predict_with_states(ids)[1].states

    whole = states(ids)
    steps, _, windows, units = whole.shape
    flat = whole.transpose(1, 3, 0, 2).reshape(2 * units, -1)
    at, highest = flat.argmax(axis=1), np.maximum(flat.max(axis=1), 0)
    expected = []
    for place in range(1, len(ids)):
        other = states([*ids[:place], UNKNOWN, *ids[place + 1 :]]).transpose(1, 3, 0, 2).reshape(2 * units, -1)
        left = np.maximum(other[np.arange(2 * units), at], 0)
        expected.append((highest - left) @ weights.dense @ GRADIENT / len(ids) ** float(weights.length_power))
    assert (steps, windows) == (6, 4)
    np.testing.assert_allclose(contributions(classifier, ids)[1:], expected, atol=2e-6)


def test_unknown_words_contribute_nothing(classifier: Classifier) -> None:
    ids = tokens(22)
    ids[3:12] = [UNKNOWN] * 9
    found = contributions(classifier, ids)
    assert found[3:12] == [0] * 9
    assert found[2] != 0
    assert contributions(classifier, [1, *[UNKNOWN] * 20])[1:] == [0] * 20


def test_windows_that_say_the_same_contribute_the_same(classifier: Classifier) -> None:
    ids = [1, *[5, 9, 4, 4, 7] * 4]
    found = np.array(contributions(classifier, ids)[1:]).reshape(4, 5)
    np.testing.assert_allclose(found, np.tile(found[:1], (4, 1)), atol=1e-7)
    alone = np.array(contributions(classifier, ids[:6])[1:])
    # The temperature of the longer text is higher.
    longer, shorter = map(attribution_of(classifier).divisor, (len(ids), 6))
    assert longer > 1.1 * shorter
    np.testing.assert_allclose(found.sum(axis=0) * longer, alone * shorter, atol=1e-6)


def test_a_text_without_maxima_has_no_contributions(classifier: Classifier) -> None:
    states = States(np.ones((3, 2, 6), np.float32), np.zeros((3, 2, 2, 4), np.float32))
    assert attribution_of(classifier).contributions(states, 5, GRADIENT).tolist() == [0] * 5


def test_contributions_are_linear_in_the_gradient(classifier: Classifier) -> None:
    ids = tokens(24)
    parts = [np.array(contributions(classifier, ids, row)) for row in np.eye(3)]
    np.testing.assert_allclose(contributions(classifier, ids), GRADIENT @ parts, atol=1e-5)


@pytest.mark.parametrize("length", [2, 6, 7, 11, 13, 24])
def test_both_engines_give_the_same_states(classifier: Classifier, reference: Classifier, length: int) -> None:
    ids = tokens(length)
    one, other = (each.engine.predict_with_states(ids) for each in (classifier, reference))
    np.testing.assert_allclose(one[0], other[0], atol=1e-6)
    for found, expected in zip(one[1], other[1], strict=True):
        assert found.shape == expected.shape
        own = -(-(length - 1) // found.shape[-2 if found.ndim == 3 else 2])
        assert len(found) == own + 1
    np.testing.assert_allclose(one[1].states, other[1].states, atol=1e-6)


def test_probabilities_are_those_without_states(classifier: Classifier, reference: Classifier) -> None:
    ids = tokens(19)
    for one in (classifier, reference):
        assert one.engine.predict_with_states(ids)[0] == pytest.approx(one.engine.predict_one(ids), abs=1e-7)
    assert classifier.engine.predict_one(ids) == pytest.approx(reference.engine.predict_one(ids), abs=1e-6)


def test_a_text_of_several_windows_is_longer_than_one(classifier: Classifier) -> None:
    covered = [length for length in range(1, 25) if attribution_of(classifier).covers(length)]
    assert covered == list(range(toys.WINDOW + 2, 25))


@pytest.mark.parametrize("same", [False, True])
def test_the_longest_text_takes_little_memory(same: bool) -> None:
    """Of 1,025 tokens and 64 units each way; where all windows say the same, each of them has all maxima."""
    random = np.random.default_rng(0)
    steps, windows, dimensions, units = 33, 32, 100, 64

    def normal(*shape: int) -> NDArray[np.float32]:
        return random.normal(0, 0.1, shape).astype(np.float32)

    attribution = Attribution(
        Weights(
            normal(2, dimensions, 4 * units),
            normal(2, units, 4 * units),
            normal(2, 4 * units),
            normal(2 * units, 3),
            normal(dimensions),
            np.array(32),
            normal(3),
            np.array(0.2, np.float32),
        )
    )
    states = States(normal(steps, windows, dimensions), normal(steps, 2, windows, units))
    if same:
        states = States(*(np.ascontiguousarray(np.broadcast_to(array[:1], array.shape)) for array in states))
        states.states[:] = states.states[:, :, :1]
    tracemalloc.start()
    found = attribution.contributions(states, 1025, GRADIENT)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.shape == (1025,)
    assert peak < (25e6 if same else 4e6)


# ---------------------------------------------------------------- the artifact


def test_the_weights_come_back_as_they_were_saved(folder: Path, tmp_path: Path) -> None:
    weights = Weights.load(folder / ATTRIBUTION_FILE)
    weights.save(tmp_path / ATTRIBUTION_FILE)
    assert (tmp_path / ATTRIBUTION_FILE).read_bytes() == (folder / ATTRIBUTION_FILE).read_bytes()


def test_folders_from_before_there_was_a_power_are_served(tmp_path: Path) -> None:
    folder = tmp_path / "sentiment-old"
    toys.write_window_model(folder, length_power=0.0)
    before = contributions(Classifier(folder), tokens(20))
    broken(folder, output_bias=None, length_power=None)
    classifier = Classifier(folder)
    assert attribution_of(classifier).divisor(20) == 1
    assert contributions(classifier, tokens(20)) == before


def broken(copy: Path, **changes: Any) -> Path:
    """Change arrays of the artifact, or leave out those that are ``None``, and have the manifest agree."""
    path = copy / ATTRIBUTION_FILE
    arrays = {**Weights.load(path)._asdict(), **changes}
    np.savez(path, **{name: array for name, array in arrays.items() if array is not None})
    write_manifest(copy, parse_manifest(copy))
    return path


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"kernel": None}, "has no weights for attribution .*kernel.*; train the model again"),
        ({"bias": np.array([[{}]], dtype=object)}, "has no weights for attribution"),
        ({"bias": np.zeros((2, 15), np.float32)}, "has weights that do not fit together"),
        ({"kernel": np.zeros((2, 5, 16), np.float32)}, "has weights that do not fit together"),
        ({"recurrent": np.zeros((1, 4, 16), np.float32)}, "has weights that do not fit together"),
        ({"dense": np.zeros((6, 3), np.float32)}, "has weights that do not fit together"),
        ({"dense": np.zeros(8, np.float32)}, "has weights that do not fit together"),
        ({"dense": np.zeros((), np.float32)}, "has weights that do not fit together"),
        ({"unknown": np.zeros((6, 1), np.float32)}, "has weights that do not fit together"),
        ({"unknown": np.zeros(6)}, "has weights that do not fit together"),
        ({"window": np.array([5])}, "has weights that do not fit together"),
        ({"window": np.array(0)}, "has weights that do not fit together"),
        ({"window": np.array(5.0)}, "has weights that do not fit together"),
        ({"output_bias": np.zeros(2, np.float32)}, "has weights that do not fit together"),
        ({"output_bias": np.full(3, np.nan, np.float32)}, "has weights that do not fit together"),
        ({"length_power": np.zeros(1, np.float32)}, "has weights that do not fit together"),
        ({"length_power": np.array(np.inf, np.float32)}, "has weights that do not fit together"),
        ({"length_power": np.array(0.1, np.float32)}, "has the weights of another model; restore the model folder"),
        (
            {"output_bias": np.array([1, 0, 0], np.float32)},
            "has the weights of another model; restore the model folder",
        ),
        (
            {"dense": np.zeros((8, 1), np.float32), "output_bias": np.zeros(1, np.float32)},
            "has the weights of another model; restore the model folder",
        ),
        (
            {
                "kernel": np.zeros((2, 6, 8), np.float32),
                "recurrent": np.zeros((2, 2, 8), np.float32),
                "bias": np.zeros((2, 8), np.float32),
                "dense": np.zeros((4, 3), np.float32),
            },
            "has the weights of another model; restore the model folder",
        ),
        (
            {"kernel": np.zeros((2, 7, 16), np.float32), "unknown": np.zeros(7, np.float32)},
            "has the weights of another model; restore the model folder",
        ),
    ],
    ids=range(22),
)
def test_an_artifact_that_is_none_is_refused(copy: Path, changes: dict[str, Any], reason: str) -> None:
    path = broken(copy, **changes)
    with pytest.raises(ArtifactError, match=reason) as caught:
        Classifier(copy)
    assert str(caught.value).startswith(str(path))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"weights", b"\x93NUMPY", None])
def test_a_file_that_is_no_archive_is_refused(copy: Path, content: bytes | None) -> None:
    with (copy / ATTRIBUTION_FILE).open("wb") as file:
        if content is None:
            np.save(file, np.zeros(3))
        else:
            file.write(content)
    write_manifest(copy, parse_manifest(copy))
    with pytest.raises(ArtifactError, match=f"{ATTRIBUTION_FILE} has no weights for attribution"):
        Classifier(copy)


def test_a_file_that_is_damaged_is_refused(copy: Path) -> None:
    content = bytearray((copy / ATTRIBUTION_FILE).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / ATTRIBUTION_FILE).write_bytes(content)
    with pytest.raises(ArtifactError, match=f"{ATTRIBUTION_FILE} is not the file that manifest.json describes"):
        Classifier(copy)


@pytest.mark.parametrize("listed", [False, True])
@pytest.mark.parametrize("engine", ["onnx", "tensorflow"])
def test_a_model_of_windows_needs_it(copy: Path, engine: EngineName, listed: bool) -> None:
    (copy / ATTRIBUTION_FILE).unlink()
    if not listed:
        write_manifest(copy, parse_manifest(copy))
    with pytest.raises(ArtifactError, match=ATTRIBUTION_FILE):
        Classifier(copy, engine)


def test_a_file_that_the_manifest_does_not_list_is_not_read(copy: Path) -> None:
    content = (copy / ATTRIBUTION_FILE).read_bytes()
    (copy / ATTRIBUTION_FILE).unlink()
    write_manifest(copy, parse_manifest(copy))
    (copy / ATTRIBUTION_FILE).write_bytes(content)
    with pytest.raises(ArtifactError, match=f"lists no {ATTRIBUTION_FILE}"):
        Classifier(copy)


@pytest.mark.parametrize("engine", ["onnx", "tensorflow"])
def test_another_model_does_not(models_dir: Path, engine: EngineName) -> None:
    classifier = Classifier(models_dir / "sentiment-tiny", engine)
    assert classifier.attribution is None
    assert ATTRIBUTION_FILE not in classifier.manifest.files
