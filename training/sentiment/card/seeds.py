"""The test accuracy of one recipe over several seeds: recorded from model folders, shown in the lecture's card."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter

from app.artifacts.manifest import Manifest, read_manifest
from training import environment
from training.errors import TrainingError

FILE: Final = Path(__file__).with_name("lecture_seeds.json")
"""Written by ``python -m training seeds``."""


class SeedsError(TrainingError):
    """The model folders are not of one recipe, trained on the same data with different seeds."""


@dataclass(frozen=True)
class SeedRuns:
    """Trainings that differ in their seed alone.

    Attributes:
        of: Their recipe and data, as :func:`measured` returns them.
        processor: Where they were trained; see :func:`training.environment.processor`.
        accuracies: The accuracy on the test reviews, by seed.
    """

    of: dict[str, Any]
    processor: dict[str, Any]
    accuracies: dict[int, float]


def measured(manifest: Manifest) -> dict[str, Any]:
    """Return the recipe of a model, without what the seed decides, and the checksums of its data."""
    recipe = {name: value for name, value in manifest.recipe.items() if name not in ("seed", "best_epoch")}
    return {"recipe": recipe, **{split: manifest.data[split]["sha256"] for split in ("train", "test")}}


def record(folders: Sequence[Path]) -> SeedRuns:
    """Write the figures of several trainings, made on this machine, to :data:`FILE`, which the card reads.

    Args:
        folders: The model folders.

    Raises:
        SeedsError: They differ in more than the seed, or two have the same.
        app.artifacts.manifest.ArtifactError: A folder is damaged.
    """
    manifests = [read_manifest(folder) for folder in folders]
    of = measured(manifests[0])
    accuracies = {int(manifest.recipe["seed"]): float(manifest.figures["test"]["accuracy"]) for manifest in manifests}
    if len(accuracies) < len(manifests) or any(measured(manifest) != of for manifest in manifests):
        raise SeedsError("The folders must be of one recipe and the same data, each with a seed of its own.")
    runs = SeedRuns(of, environment.processor(), dict(sorted(accuracies.items())))
    FILE.write_bytes(TypeAdapter(SeedRuns).dump_json(runs, indent=2) + b"\n")
    return runs


def load() -> SeedRuns:
    """Return the runs that were recorded."""
    return TypeAdapter(SeedRuns).validate_json(FILE.read_bytes())
