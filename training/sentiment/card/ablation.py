"""What each corpus gives: trainings of the recipe ``best`` without some, recorded for its card."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from app.artifacts.manifest import Manifest, read_manifest
from training.corpora.imdb import REVIEWS_SHA256
from training.errors import TrainingError
from training.sentiment.card.tables import table
from training.sentiment.general.recipe import BEST, PARTS

FILE: Final = Path(__file__).with_name("ablation.json")
"""Written by ``python -m training ablation``."""
_OTHER_FIGURES: Final = ("loss", "val_loss", "val_accuracy")
"""What the history of an epoch has beside the figures of the development sets."""

_SECTION: Final = """## What each corpus gives
Accuracy on the development sets, and macro-F1 where it says so, of trainings without a corpus, beside one with all of
them. {training} Each is a single training: differences of less than a point may be chance.

{table}

"""


class AblationError(TrainingError):
    """The trainings cannot be compared."""


@dataclass(frozen=True)
class AblationRun:
    """A training.

    Attributes:
        without: The corpora that it did without.
        figures: What was measured on the development sets, by name.
    """

    without: list[str]
    figures: dict[str, float]


@dataclass(frozen=True)
class Ablation:
    """Trainings that differ in their corpora alone.

    Attributes:
        training: How they were trained, if it is not as the recipe says: a sentence.
        reviews: The checksum of the reviews that they read; ``None`` if it is not known: then all that are published.
        runs: The trainings, the one with all corpora first.
    """

    training: str | None
    reviews: str | None
    runs: list[AblationRun]


def record(sources: Sequence[Path], training: str | None = None) -> Ablation:
    """Write the figures of several trainings to :data:`FILE`, which the card reads.

    Args:
        sources: Of each training, its model folder; or a JSON file with ``without``, a list, and ``figures``, an object
            with the accuracy on each development set by its name, such as a row of the history that
            :func:`training.sentiment.general.train.make` returns.
        training: How they were trained, if it is not as the recipe says: a sentence.

    Raises:
        AblationError: They differ in more than the corpora, none has all of them, or a file is none of these.
        app.artifacts.manifest.ArtifactError: A folder is damaged.
    """
    found = [_of_folder(source) if source.is_dir() else _of_file(source) for source in sources]
    runs = [run for run, *_ in found]
    left_out = [tuple(run.without) for run in runs]
    if left_out.count(()) != 1 or len(set(left_out)) < len(runs):
        raise AblationError("One of the trainings must be of all corpora, and each of the others without other ones.")
    known = [(recipe, reviews) for _, recipe, reviews in found if recipe is not None]
    if any(one != known[0] for one in known):
        raise AblationError("The trainings must be of one recipe and the same data, but for the corpora.")
    recipe, reviews = known[0] if known else (None, None)
    if training is None and recipe != _comparable(TypeAdapter(type(BEST)).dump_python(BEST, mode="json")):
        raise AblationError("These are not trainings of the recipe best as it is; say by --training what they are.")
    ordered = sorted(runs, key=lambda run: [PARTS.index(name) for name in run.without])
    result = Ablation(training, reviews, ordered)
    FILE.write_bytes(TypeAdapter(Ablation).dump_json(result, indent=2) + b"\n")
    return result


def load() -> Ablation | None:
    """Return the trainings that were recorded, if there are any."""
    return TypeAdapter(Ablation).validate_json(FILE.read_bytes()) if FILE.is_file() else None


def section(manifest: Manifest) -> str:
    """Return the section of a card; it is empty if no trainings on the data of this model were recorded."""
    found, reviews = load(), manifest.data["train"]["sha256"]
    known = found is not None and (reviews == found.reviews if found.reviews else reviews in REVIEWS_SHA256)
    if found is None or not known or manifest.recipe["name"] != BEST.name or manifest.recipe["without"]:
        return ""
    how = f"They were trained for this table, not as the recipe says: {found.training}" if found.training else ""
    names = [name for name in found.runs[0].figures if all(name in run.figures for run in found.runs)]
    rows = [
        [f"without {', '.join(run.without)}" if run.without else "all corpora"]
        + [f"{run.figures[name]:.3f}" for name in names]
        for run in found.runs
    ]
    return _SECTION.format(training=how, table=table(["", *names], rows)).replace(" \n", "\n")


def _of_folder(folder: Path) -> tuple[AblationRun, dict[str, Any] | None, str | None]:
    manifest = read_manifest(folder)
    try:
        figures = {one["name"]: one["accuracy"] for one in manifest.figures["development"]}
        figures |= {
            f"{one['name']}, macro-F1": one["macro_f1"]
            for one in manifest.figures["development"]
            if len(one["labels"]) > 2
        }
        run = AblationRun(list(manifest.recipe["without"]), figures)
    except KeyError as error:
        raise AblationError(f"{folder} is not a model of the recipe {BEST.name}.") from error
    return run, _comparable(manifest.recipe), manifest.data["train"]["sha256"]


def _of_file(path: Path) -> tuple[AblationRun, None, None]:
    try:
        run = TypeAdapter(AblationRun).validate_python(json.loads(path.read_bytes()))
    except (OSError, ValueError, ValidationError) as error:
        raise AblationError(f"{path} is neither a model folder nor a JSON file of without and figures.") from error
    unknown = next((name for name in run.without if name not in PARTS), None)
    if unknown is not None:
        raise AblationError(f"{path} names {unknown!r}, which is none of {', '.join(PARTS)}.")
    figures = {name: value for name, value in run.figures.items() if name not in _OTHER_FIGURES}
    return AblationRun(run.without, figures), None, None


def _comparable(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """Return a recipe but for what trainings of one ablation differ in."""
    return {name: value for name, value in recipe.items() if name not in ("without", "seed", "best_epoch")}
