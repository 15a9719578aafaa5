"""What the service computes inside of a model is what Keras' layers compute."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import keras
import numpy as np
import pytest
from numpy.typing import NDArray

from app.client import Client
from app.loaded import Loaded
from app.main import create_app
from app.operations.metrics import Metrics
from app.sentiment.classifier import Classifier
from app.sentiment.recurrence import LstmTrace
from app.settings import Settings
from tests import toys
from tests.asgi import ask, full
from tests.conftest import ROOT

IDS = [1, 4, 9, 2, 17, 6, 5, 11, 3, 8]
COMMITTED = ROOT / "models"
CLOSE = 1e-5


@pytest.fixture(scope="module")
def tiny(models_dir: Path) -> Classifier:
    return Classifier(models_dir / "sentiment-tiny")


@pytest.fixture(scope="module")
def windows(window_models_dir: Path) -> Classifier:
    return Classifier(window_models_dir / "sentiment-windows")


def cells(layer: keras.layers.LSTM, vectors: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    """The states and gates of a Keras layer after each vector, by Keras' own cell and its weights."""
    states = [np.zeros((1, layer.units), np.float32)] * 2
    found: dict[str, list[Any]] = {name: [] for name in LstmTrace._fields}
    kernel, recurrent, bias = layer.get_weights()
    for vector in vectors:
        sums = np.split(vector @ kernel + np.asarray(states[0])[0] @ recurrent + bias, 4)
        for name, values in zip(("input", "forget", "candidate", "output"), sums, strict=True):
            function = keras.activations.tanh if name == "candidate" else keras.activations.sigmoid
            found[name].append(np.asarray(function(values)))
        _, states = layer.cell(vector[None], states)
        found["hidden"].append(np.asarray(states[0])[0])
        found["cell"].append(np.asarray(states[1])[0])
    return {name: np.array(values) for name, values in found.items()}


def assert_same(trace: LstmTrace, expected: dict[str, NDArray[np.float32]]) -> None:
    for name, values in expected.items():
        np.testing.assert_allclose(getattr(trace, name), values, atol=CLOSE, err_msg=name)


def lecture_cells(folder: Path, ids: list[int], maxlen: int) -> dict[str, NDArray[np.float32]]:
    model = keras.models.load_model(folder / "model.keras", compile=False)
    embedding, lstm = model.layers[:2]
    row = [*[0] * (maxlen - len(ids)), *ids]
    return {name: values[-len(ids) :] for name, values in cells(lstm, embedding.get_weights()[0][row]).items()}


@pytest.mark.parametrize("ids", [IDS, [0, 0, 0, *IDS[:3]], [*IDS[:3], 0, 0], [0], [5]], ids=str)
def test_a_model_of_the_lecture_reads_as_keras_layers_do(tiny: Classifier, models_dir: Path, ids: list[int]) -> None:
    found = tiny.activations(ids)
    assert (found.windows, found.skipped, len(found.directions)) == ((0,), 0, 1)
    assert_same(found.directions[0], lecture_cells(models_dir / "sentiment-tiny", ids, tiny.serving.maxlen))


@pytest.mark.parametrize("count", [1, 2, 6, 7, 12, 23])
def test_a_model_of_windows_reads_as_keras_layers_do(windows: Classifier, window_models_dir: Path, count: int) -> None:
    model = keras.models.load_model(window_models_dir / "sentiment-windows" / "model.keras", compile=False)
    ids = [1, *(3 + place % 20 for place in range(count - 1))]
    cut, embedding, both = model.layers[:3]
    padded = np.array([[*[0] * (windows.serving.maxlen - count), *ids]], np.int32)
    parts: tuple[list[Any], list[Any]] = ([], [])
    begins: list[int] = []
    for window in np.asarray(cut(padded)):
        tokens = window[window > 0]
        if not len(tokens):
            continue
        vectors = embedding.get_weights()[0][tokens]
        kept = slice(1 if begins else 0, None)
        begins.append(sum(len(part["hidden"]) for part in parts[0]))
        forward = cells(both.forward_layer, vectors)
        backward = {name: values[::-1] for name, values in cells(both.backward_layer, vectors[::-1]).items()}
        for way, expected in zip(parts, (forward, backward), strict=True):
            way.append({name: values[kept] for name, values in expected.items()})
    found = windows.activations([0, 0, *ids])
    assert found.skipped == 2
    assert list(found.windows) == [2 + begin for begin in begins]
    for trace, way in zip(found.directions, parts, strict=True):
        assert all(not array[:2].any() for array in trace)
        read = LstmTrace(*(array[2:] for array in trace))
        assert_same(read, {name: np.concatenate([part[name] for part in way]) for name in LstmTrace._fields})


@pytest.mark.parametrize("name", ["sentiment-lecture", "sentiment-best"])
def test_the_committed_models_read_as_keras_layers_do(name: str) -> None:
    classifier = Classifier(COMMITTED / name)
    ids = list(classifier.tokenizer.encode("A wonderful film, but the plot isn't good! " * 9).ids)[:100]
    found = classifier.activations(ids)
    if name == "sentiment-lecture":
        assert_same(found.directions[0], lecture_cells(COMMITTED / name, ids, classifier.serving.maxlen))
        return
    # The hidden states are those that the graph computes, which are Keras'.
    states = classifier.engine.predict_with_states(ids)[1].states
    _, ways, number, _ = states.shape
    assert number > 1
    for way in range(ways):
        first = states[:, way, 0]
        rest = states[1:, way, 1:].swapaxes(0, 1).reshape(-1, first.shape[1])
        expected = np.concatenate([first, rest])[: len(ids)]
        np.testing.assert_allclose(found.directions[way].hidden, expected, atol=CLOSE)


def test_both_engines_agree(models_dir: Path, window_models_dir: Path) -> None:
    for folder in (models_dir / "sentiment-tiny", window_models_dir / "sentiment-windows"):
        served, reference = Classifier(folder).activations(IDS), Classifier(folder, "tensorflow").activations(IDS)
        assert served[1:] == reference[1:]
        for one, other in zip(served.directions, reference.directions, strict=True):
            assert_same(one, other._asdict())


def test_the_answer_has_states_gates_and_the_running_probability(client: httpx.Client, tiny: Classifier) -> None:
    answer = client.post("/activations", json={"ids": IDS, "units": [3, 0]}).json()
    found = tiny.activations(IDS).directions[0]
    (direction,) = answer["directions"]
    assert (direction["direction"], answer["units"], answer["windows"], answer["skipped"]) == (
        "forward",
        [3, 0],
        [0],
        0,
    )
    np.testing.assert_allclose(direction["hidden"], found.hidden, atol=1e-6)
    for name in LstmTrace._fields[1:]:
        np.testing.assert_allclose(direction[name], getattr(found, name)[:, [3, 0]], atol=1e-6)
    sequences = [IDS[: end + 1] for end in range(len(IDS))]
    assert answer["probabilities"] == client.post("/predict", json={"sequences": sequences}).json()["probabilities"]
    with Client(str(client.base_url)) as service:
        assert service.activations(IDS, [3, 0]).model_dump() == answer
        assert np.shape(service.activations(IDS).directions[0].forget) == (len(IDS), toys.RECIPE.units)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"ids": []}, "#/ids"),
        ({"ids": [1] * 101}, "#/ids"),
        ({"ids": [1] * 13}, "#/ids"),
        ({"ids": [24]}, "#/ids/0"),
        ({"ids": [-1]}, "#/ids/0"),
        ({"ids": [1], "units": [5]}, "#/units/0"),
        ({"ids": [1], "units": [0, -1]}, "#/units/1"),
        ({"ids": [1], "units": [0, 1, 0]}, "#/units/2"),
        ({"ids": [1, 99_999_999]}, "#/ids/1"),
        ({"ids": [1], "model": "none"}, "#/model"),
    ],
    ids=str,
)
def test_what_cannot_be_read_is_refused(client: httpx.Client, body: dict[str, Any], pointer: str) -> None:
    answer = client.post("/activations", json=body)
    assert answer.status_code == (404 if "model" in body else 422)
    assert [one["pointer"] for one in answer.json()["errors"]] == [pointer]


@pytest.fixture
def loaded() -> Iterator[Loaded]:
    found = Loaded.load(Settings.model_validate({"models_dir": COMMITTED, "max_waiting_seconds": 1}), Metrics())
    yield found
    found.compute.close()


def test_a_model_of_another_kind_is_refused(loaded: Loaded) -> None:
    loaded.sentiment.models.default.engine.network = None  # type: ignore[misc]
    answer = ask(create_app(loaded.settings, loaded), lambda client: client.post("/activations", json={"ids": [1]}))
    assert answer.status_code == 422
    assert "sentiment-best, which is not of one LSTM layer" in answer.json()["detail"]
    with pytest.raises(ValueError, match="is not of one LSTM layer"):
        loaded.sentiment.models.default.activations([1])


def test_a_long_one_is_refused_where_all_places_are_taken(loaded: Loaded) -> None:
    async def work(client: httpx.AsyncClient) -> list[int]:
        long, short = ({"ids": [5] * count, "units": []} for count in (100, 2))
        with full(loaded.compute):
            busy = await client.post("/activations", json=long)
            inline = await client.post("/activations", json=short)
        answered = await client.post("/activations", json=long)
        return [busy.status_code, inline.status_code, answered.status_code]

    assert ask(create_app(loaded.settings, loaded), work) == [503, 200, 200]
    assert loaded.compute.admission.brief.seconds == loaded.compute.admission.long.seconds == 0
