"""Damaged model folders: each is refused in one sentence, even where whoever damaged it signed it anew."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from app.artifacts.manifest import MANIFEST, ArtifactError, parse_manifest, sha256, signed
from app.forecasts.forecaster import Forecaster
from app.sentiment.classifier import Classifier
from app.vectors.folder import load_folder
from tests.e2e.conftest import COMMITTED, ROOT, environment

Damage = Callable[[Path], None]

LOADERS: dict[str, Callable[[Path], object]] = {
    "sentiment-best": Classifier,
    "forecast-air-pollution": Forecaster,
    "vectors-imdb-word2vec": load_folder,
}


def copied(name: str, folder: Path) -> Path:
    return Path(shutil.copytree(COMMITTED / name, folder / name, ignore=shutil.ignore_patterns("*.png", "*.keras")))


def sign(folder: Path, **changes: Any) -> None:
    document = json.loads((folder / MANIFEST).read_bytes())
    document["files"] = {name: sha256(folder / name) for name in document["files"] if (folder / name).exists()}
    for name, value in changes.items():
        *path, last = name.split("__")
        place = document
        for part in path:
            place = place[part]
        place[last] = value
    (folder / MANIFEST).write_bytes(signed(document))


def setting(**changes: Any) -> Damage:
    return lambda folder: sign(folder, **changes)


def text(name: str, change: Callable[[bytes], bytes]) -> Damage:
    def damage(folder: Path) -> None:
        (folder / name).write_bytes(change((folder / name).read_bytes()))
        sign(folder)

    return damage


def array(name: str, change: Callable[[Any], Any]) -> Damage:
    def damage(folder: Path) -> None:
        np.save(folder / name, change(np.load(folder / name)))
        sign(folder)

    return damage


def weights(name: str, change: Callable[[Any], Any]) -> Damage:
    def damage(folder: Path) -> None:
        arrays = dict(np.load(folder / "attribution.npz"))
        arrays[name] = change(arrays[name])
        np.savez(folder / "attribution.npz", **arrays)
        sign(folder)

    return damage


def graph(change: Callable[[Any], None]) -> Damage:
    def damage(folder: Path) -> None:
        model = onnx.load(folder / "model.onnx")
        change(model)
        onnx.save(model, folder / "model.onnx")
        sign(folder)

    return damage


def of_another(name: str) -> Damage:
    def damage(folder: Path) -> None:
        shutil.copy(COMMITTED / name / "model.onnx", folder)
        sign(folder)

    return damage


def rename_output(model: Any) -> None:
    old = model.graph.output[0].name
    model.graph.output[0].name = "other"
    for node in model.graph.node:
        node.output[:] = ["other" if name == old else name for name in node.output]


def no_numbers(model: Any) -> None:
    for initializer in model.graph.initializer:
        if initializer.data_type == onnx.TensorProto.FLOAT and initializer.dims:
            values = np.full(list(initializer.dims), np.nan, np.float32)
            initializer.CopyFrom(onnx.numpy_helper.from_array(values, initializer.name))


SENTIMENT: dict[str, Damage] = {
    "another kind": setting(kind="forecast"),
    "data without a name": setting(data={}),
    "length as text": setting(serving__maxlen="5"),
    "huge length": setting(serving__maxlen=10**12),
    "two labels": setting(serving__labels=["negative", "positive"]),
    "another size of the vocabulary": setting(serving__vocabulary_size=9),
    "nested tokenizer": text("tokenizer.json", lambda _: b"[" * 100_000),
    "cut tokenizer": text("tokenizer.json", lambda old: old[:-100]),
    "word that is twice there": text("tokenizer.json", lambda old: old.replace(b'"the",', b'"and",', 1)),
    "cut graph": text("model.onnx", lambda old: old[: len(old) // 2]),
    "output of another name": graph(rename_output),
    "no numbers": graph(no_numbers),
    "graph of another model": of_another("sentiment-lecture"),
    "another window": weights("window", lambda _: np.int64(7)),
    "kernel without numbers": weights("kernel", lambda old: old * np.nan),
    "another kernel": weights("kernel", lambda old: -old),
    "other recurrent weights": weights("recurrent", lambda old: old / 2),
    "other dense weights": weights("dense", lambda old: -old),
    "another unknown word": weights("unknown", lambda old: old + 1),
}
FORECAST: dict[str, Damage] = {
    "another kind": setting(kind="sentiment"),
    "data without a name": setting(data={}),
    "steps in the past": setting(serving__steps=[-5]),
    "another example": setting(serving__example=[[1.0]]),
    "example beyond all numbers": setting(serving__example=[[1e300] * 3]),
    "no numbers": graph(no_numbers),
    "output of another name": graph(rename_output),
    "graph of another model": of_another("forecast-rain-next-8"),
}
VECTORS: dict[str, Damage] = {
    "another kind": setting(kind="forecast"),
    "words that are no UTF-8": text("words.txt", lambda old: b"\xff" + old[1:]),
    "word that is twice there": text("words.txt", lambda old: old.split(b"\n")[1] + old[old.index(b"\n") :]),
    "order of floats": array("order.npy", lambda old: old.astype(float)),
    "reversed order": array("order.npy", lambda old: old[::-1]),
    "order beyond the words": array("order.npy", lambda old: old + 10**6),
    "values that are no numbers": array("vectors.npy", lambda old: old * np.nan),
    "integers": array("vectors.npy", lambda old: old.astype(int)),
    "texts": array("vectors.npy", lambda old: old.astype(str)),
    "fewer rows": array("vectors.npy", lambda old: old[:-1]),
}
CASES = [
    pytest.param(name, damage, id=f"{name}: {title}")
    for name, damages in zip(LOADERS, (SENTIMENT, FORECAST, VECTORS), strict=True)
    for title, damage in damages.items()
]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(("name", "damage"), CASES)
def test_what_was_damaged_and_signed_anew_is_refused_in_a_sentence(tmp_path: Path, name: str, damage: Damage) -> None:
    folder = copied(name, tmp_path)
    damage(folder)
    with pytest.raises(ArtifactError) as caught:
        LOADERS[name](folder)
    assert str(caught.value).endswith(".")
    assert str(folder) in str(caught.value)


@pytest.mark.parametrize("name", LOADERS)
def test_what_was_signed_anew_and_not_damaged_loads(tmp_path: Path, name: str) -> None:
    folder = copied(name, tmp_path)
    sign(folder)
    LOADERS[name](folder)


def test_every_flipped_bit_of_a_manifest_is_found(tmp_path: Path) -> None:
    content = (COMMITTED / "vectors-glove" / MANIFEST).read_bytes()
    for place in range(len(content)):
        for bit in range(8):
            damaged = bytearray(content)
            damaged[place] ^= 1 << bit
            (tmp_path / MANIFEST).write_bytes(damaged)
            with pytest.raises(ArtifactError, match=r"\.$"):
                parse_manifest(tmp_path)


def test_the_service_says_so_and_does_not_start(tmp_path: Path) -> None:
    for name in ("sentiment-best", "vectors-imdb-word2vec"):
        copied(name, tmp_path)
    path = tmp_path / "sentiment-best" / MANIFEST
    path.write_bytes(path.read_bytes().replace(b'"version": "2', b'"version": "3'))
    command = [sys.executable, "-m", "app", "serve"]
    variables = environment(MODELS_DIR=str(tmp_path))
    done = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, timeout=300)
    assert done.returncode == 2
    assert done.stderr == f"error: {path} is damaged (its SHA-256 of itself differs); restore the model folder.\n"
