"""Models that come, change, are damaged and go while a process serves them."""

import asyncio
import gc
import logging
import os
import shutil
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.artifacts import manifest as manifests
from app.artifacts.manifest import MANIFEST, ArtifactError, parse_manifest, write_manifest
from app.artifacts.registry import UnknownName
from app.artifacts.versions import CURRENT, use_version
from app.loaded import Loaded
from app.operations.metrics import Metrics
from app.sentiment.classifier import Classifier
from app.sentiment.registry import SentimentModels
from app.sentiment.tokenizer import Tokenizer
from app.settings import Settings
from tests.folders import COMMITTED, LECTURE, put_model

MINE = "sentiment-mine"
TEXT = "A wonderful film."

Damage = Callable[[Path], None]


@pytest.fixture
def models_dir(tmp_path: Path) -> Path:
    """A folder with the version 1 of one model."""
    put_model(tmp_path / MINE / "1", MINE)
    return tmp_path


@pytest.fixture
def models(models_dir: Path) -> SentimentModels:
    return SentimentModels(models_dir, MINE)


def version(models: SentimentModels, name: str = MINE) -> str:
    return models.get(name).version


def settle(models: SentimentModels) -> bool:
    """Look until what there is has settled, and say whether anything changed."""
    changed = [models.reload() for _ in range(3)]
    return any(changed)


def test_a_folder_is_served_once_it_has_settled(models: SentimentModels, models_dir: Path) -> None:
    before = models.get(MINE)
    put_model(models_dir / "sentiment-other", "sentiment-other")
    assert not models.reload()
    with pytest.raises(UnknownName):
        models.get("sentiment-other")
    assert models.reload()
    assert version(models, "sentiment-other") == "1.0.0"
    assert models.get(MINE) is models.default is before
    assert not models.reload()


def test_the_highest_version_is_served_or_the_one_that_is_named(models: SentimentModels, models_dir: Path) -> None:
    for number in ("2", "10"):
        put_model(models_dir / MINE / number, MINE)
    assert settle(models)
    assert (version(models), models.versions(MINE)) == ("10", ["1", "2", "10"])
    use_version(models_dir / MINE, "2")
    assert models.reload()  # a name that was written is complete
    assert version(models) == models.default.version == "2"
    (models_dir / MINE / CURRENT).unlink()
    assert models.reload()
    assert version(models) == "10"
    shutil.rmtree(models_dir / MINE / "10")
    assert models.reload()
    assert version(models) == "2"


def test_what_is_served_at_the_start_is_the_same(models_dir: Path) -> None:
    broken = put_model(models_dir / MINE / "3", MINE)
    (broken / "model.onnx").unlink()
    put_model(models_dir / MINE / "2", MINE)
    models = SentimentModels(models_dir, MINE)
    assert version(models) == "2"
    (refusal,) = models.refused
    assert (refusal.path, refusal.sentence) == (broken, f"{broken}/model.onnx is missing; restore the model folder.")
    use_version(models_dir / MINE, "1")
    assert version(SentimentModels(models_dir, MINE)) == "1"
    (models_dir / MINE / CURRENT).write_text("7")
    with pytest.raises(ArtifactError, match=r"the version 7, which is not there \(there is: 1, 2, 3\); run .*use "):
        SentimentModels(models_dir, MINE)
    assert version(models) == "2"


def test_a_version_that_is_named_and_is_not_there_changes_nothing(models: SentimentModels, models_dir: Path) -> None:
    (models_dir / MINE / CURRENT).write_text("2\n")
    assert not settle(models)
    (refusal,) = models.refused
    assert refusal.path == models_dir / MINE / CURRENT
    put_model(models_dir / MINE / "2", MINE)
    assert settle(models)
    assert (version(models), models.refused) == ("2", [])


def test_a_folder_that_is_still_being_copied_is_refused_only_when_it_has_settled(
    models: SentimentModels, models_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = models_dir / MINE / "2"
    folder.mkdir()
    for name in ("tokenizer.json", "model.onnx", MANIFEST):
        shutil.copy(models_dir / MINE / "1" / name, folder)
        assert not models.reload()
    assert not caplog.records
    assert models.refused == []
    assert models.reload()
    assert version(models) == "2"


def test_a_complaint_is_logged_once_and_is_over_when_the_folder_is_mended(
    models: SentimentModels, models_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = put_model(models_dir / MINE / "2", MINE)
    (folder / "model.onnx").rename(models_dir / "aside")
    for _ in range(4):
        assert not models.reload()
    assert [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR] == [
        f"{folder / 'model.onnx'} is missing; restore the model folder."
    ]
    (models_dir / "aside").rename(folder / "model.onnx")
    assert settle(models)
    assert (version(models), models.refused) == ("2", [])


def test_a_removed_folder_is_let_go_but_not_that_of_the_default(models: SentimentModels, models_dir: Path) -> None:
    other = put_model(models_dir / "sentiment-other", "sentiment-other")
    assert models.reload(at_once=True)
    shutil.rmtree(other)
    assert not models.reload()  # it may be about to come back
    assert models.reload()
    with pytest.raises(UnknownName, match=r"there is sentiment-mine\."):
        models.get("sentiment-other")
    (models_dir / MINE).rename(models_dir / "gone")
    assert not models.reload(at_once=True)
    assert models.get(None).name == MINE
    assert "the default model goes on without it" in models.refused[0].sentence
    (models_dir / "gone").rename(models_dir / MINE)
    assert not models.reload(at_once=True)
    assert models.refused == []


def test_all_goes_on_where_the_folder_of_models_is_gone(models: SentimentModels, models_dir: Path) -> None:
    other = models_dir.rename(models_dir.with_name("elsewhere"))
    assert not models.reload(at_once=True)
    assert version(models) == "1"
    assert models.refused[0].path == models_dir
    other.rename(models_dir)
    assert not models.reload(at_once=True)
    assert models.refused == []


def overwrite(name: str, change: Callable[[bytes], bytes]) -> Damage:
    def damage(folder: Path) -> None:
        (folder / name).write_bytes(change((folder / name).read_bytes()))

    return damage


def flipped(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def in_place_of(name: str, put: Callable[[Path], object]) -> Damage:
    def damage(folder: Path) -> None:
        (folder / name).unlink()
        put(folder / name)

    return damage


def signed_anew(**changes: Any) -> Damage:
    return lambda folder: write_manifest(folder, parse_manifest(folder).model_copy(update=changes))


def tokenizer_of_another(folder: Path) -> None:
    shutil.copy(COMMITTED / "sentiment-best" / "tokenizer.json", folder)
    signed_anew()(folder)


def graph_of_another(folder: Path) -> None:
    shutil.copy(COMMITTED / "forecast-heartbeat" / "model.onnx", folder)
    signed_anew()(folder)


def manifest_of_another(folder: Path) -> None:
    shutil.copy(LECTURE / MANIFEST, folder)


def emptied(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()


def swapped_for_a_loop(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.symlink_to(folder.name)


DAMAGES: dict[str, Damage] = {
    "half of the graph": overwrite("model.onnx", lambda old: old[: len(old) // 2]),
    "half of the tokenizer": overwrite("tokenizer.json", lambda old: old[: len(old) // 2]),
    "half of the manifest": overwrite(MANIFEST, lambda old: old[: len(old) // 2]),
    "bit of the graph": overwrite("model.onnx", flipped),
    "bit of the tokenizer": overwrite("tokenizer.json", flipped),
    "bit of the manifest": overwrite(MANIFEST, flipped),
    "no graph": lambda folder: (folder / "model.onnx").unlink(),
    "no tokenizer": lambda folder: (folder / "tokenizer.json").unlink(),
    "no manifest": lambda folder: (folder / MANIFEST).unlink(),
    "no file at all": emptied,
    "empty manifest": overwrite(MANIFEST, lambda _: b""),
    "empty graph": overwrite("model.onnx", lambda _: b""),
    "manifest of another format": overwrite(MANIFEST, lambda old: old.replace(b'"format": 1', b'"format": 2')),
    "manifest of another model": manifest_of_another,
    "manifest of another kind": signed_anew(kind="forecast"),
    "manifest without labels": signed_anew(serving={}),
    "manifest of a file elsewhere": overwrite(MANIFEST, lambda old: old.replace(b'"model.onnx"', b'"../model.onnx"')),
    "tokenizer of another model": tokenizer_of_another,
    "graph of another model": graph_of_another,
    "graph that is a folder": in_place_of("model.onnx", Path.mkdir),
    "graph that is a named pipe": in_place_of("model.onnx", os.mkfifo),
    "tokenizer that is a device": in_place_of("tokenizer.json", lambda path: path.symlink_to("/dev/zero")),
    "graph that is a link to itself": in_place_of("model.onnx", lambda path: path.symlink_to(path.name)),
    "folder that is a link to itself": swapped_for_a_loop,
    "binary as text": overwrite("tokenizer.json", lambda old: old.replace(b"\n", b"\r\n")),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_version_is_refused_in_a_sentence_and_the_old_one_goes_on(
    models: SentimentModels, models_dir: Path, damage: Damage
) -> None:
    folder = put_model(models_dir / MINE / "2", MINE)
    damage(folder)
    before = models.default
    assert not settle(models)
    assert models.default is before
    (refusal,) = models.refused
    assert refusal.path == folder
    assert str(folder) in refusal.sentence
    assert refusal.sentence.endswith(".")
    assert models.default.classify(TEXT)[0].label == "positive"


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_version_that_is_damaged_where_it_is_served_goes_on(
    models: SentimentModels, models_dir: Path, damage: Damage
) -> None:
    put_model(models_dir / MINE / "2", MINE)
    assert settle(models)
    before = models.default
    damage(models_dir / MINE / "2")
    assert not settle(models)
    assert models.default is before
    assert before.version == "2"
    assert len(models.refused) == 1


def test_a_folder_that_is_swapped_while_it_is_read_is_refused(
    models: SentimentModels, models_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = put_model(models_dir / MINE / "2", MINE)
    verify = manifests._verify

    def swap_then_verify(*arguments: Any, **options: Any) -> bytes | None:
        if arguments[1] == "tokenizer.json":
            shutil.copy(COMMITTED / "sentiment-best" / "tokenizer.json", folder)
        return verify(*arguments, **options)

    monkeypatch.setattr(manifests, "_verify", swap_then_verify)
    assert not models.reload(at_once=True)
    assert "tokenizer.json is not the file" in models.refused[0].sentence
    assert version(models) == "1"


def test_what_is_loaded_is_what_was_verified(
    models: SentimentModels, models_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = put_model(models_dir / MINE / "2", MINE)
    load = Tokenizer.load

    def damage_then_load(path: Path, content: bytes | None = None) -> Tokenizer:
        for name in ("tokenizer.json", "model.onnx"):
            (folder / name).write_bytes(b"damaged")
        return load(path, content)

    monkeypatch.setattr(Tokenizer, "load", damage_then_load)
    before = models.default.classify(TEXT)[0]
    assert models.reload(at_once=True)
    assert version(models) == "2"
    assert models.default.classify(TEXT)[0] == before


def test_a_name_that_another_folder_has_is_refused(models: SentimentModels, models_dir: Path) -> None:
    folder = put_model(models_dir / "sentiment-zz", MINE)
    assert not settle(models)
    sentence = f"{folder} holds a model {MINE}, as {models_dir / MINE / '1'} does; rename or remove one."
    assert [refusal.sentence for refusal in models.refused] == [sentence]


def test_a_name_is_free_again_when_the_other_folder_is_gone(models: SentimentModels, models_dir: Path) -> None:
    put_model(models_dir / "sentiment-other", "sentiment-other")
    settle(models)
    put_model(models_dir / "sentiment-zz", "sentiment-other")
    settle(models)
    shutil.rmtree(models_dir / "sentiment-other")
    assert settle(models)
    assert version(models, "sentiment-other") == "1.0.0"
    assert not models.refused


@pytest.mark.parametrize("name", ["sentiment-other", MINE])
def test_a_folder_that_is_renamed_is_served_from_its_new_place(
    models: SentimentModels, models_dir: Path, name: str
) -> None:
    if name != MINE:
        put_model(models_dir / name, name)
        settle(models)
    put = models_dir / MINE / "1" if name == MINE else models_dir / name
    put.rename(models_dir / "sentiment-renamed")
    if name == MINE:
        (models_dir / MINE).rmdir()
    settle(models)
    assert version(models, name) == "1.0.0"
    assert not models.refused


def test_what_failed_for_a_reason_that_passes_is_tried_again(
    models: SentimentModels, models_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> Tokenizer:
        raise MemoryError

    put_model(models_dir / MINE / "2", MINE)
    with monkeypatch.context() as patch:
        patch.setattr(Tokenizer, "load", full)
        settle(models)
    assert [refusal.sentence for refusal in models.refused] == [
        f"{models_dir / MINE / '2'} cannot be loaded (MemoryError()); restore the model folder."
    ]
    assert settle(models)
    assert version(models) == "2"


def test_a_folder_whose_first_version_is_being_written_is_passed_over(models_dir: Path) -> None:
    (models_dir / "sentiment-begun" / ".1.partial").mkdir(parents=True)
    models = SentimentModels(models_dir, MINE)
    assert [model.name for model in models] == [MINE]
    settle(models)
    assert not models.refused


@pytest.fixture
def loaded(models_dir: Path) -> Iterator[Loaded]:
    found = Loaded.load(Settings.model_validate({"models_dir": models_dir, "default_model": MINE}), Metrics())
    yield found
    found.compute.close()


def test_who_has_a_model_goes_on_with_it(loaded: Loaded, models_dir: Path) -> None:
    service = loaded.sentiment
    model = service.models.get(MINE)

    async def work() -> str:
        under_way = asyncio.create_task(service.classify_all(model, [TEXT] * 300, model.labels, len))
        await asyncio.sleep(0)
        put_model(models_dir / MINE / "2", MINE)
        assert await asyncio.to_thread(loaded.reload, True)
        assert sum((await under_way)[0]) == 300
        classification, _ = await service.classify(model, TEXT, model.labels)
        return classification.label

    assert asyncio.run(work()) == "positive"
    assert service.models.get(MINE).version == "2"
    counted = loaded.metrics.response().body
    for text in ('version="1"} 301.0', 'version="2"} 0.0'):
        assert f'sentiment_texts_total{{label="positive",model="{MINE}",{text}'.encode() in bytes(counted)


def test_what_is_let_go_leaves_memory(loaded: Loaded, models_dir: Path) -> None:
    service = loaded.sentiment

    async def ask() -> None:
        model = service.models.default
        await service.classify(model, TEXT, model.labels)

    asyncio.run(ask())
    left = weakref.ref(service.models.default)
    put_model(models_dir / MINE / "2", MINE)
    gc.disable()  # nothing of a model is in a circle, which would wait for the collector
    try:
        assert loaded.reload(True)
        assert left() is None
    finally:
        gc.enable()


def test_one_look_finds_what_changed_of_every_kind(loaded: Loaded, models_dir: Path) -> None:
    put_model(models_dir / MINE / "2", MINE)
    forecast = "forecast-flu-cases"
    shutil.copytree(COMMITTED / forecast, models_dir / forecast)
    assert loaded.reload(True)
    assert loaded.sentiment.models.get(MINE).version == "2"
    assert loaded.forecasts.forecasters.get("flu-cases").name == "flu-cases"


def test_a_classifier_knows_its_version_by_its_folder(models_dir: Path) -> None:
    assert Classifier(models_dir / MINE / "1").id == (MINE, "1")
    assert Classifier(LECTURE).id == ("sentiment-lecture", "1.0.0")
