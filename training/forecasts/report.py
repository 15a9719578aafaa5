"""The forecasts of a folder of model folders in one table: how good each is, beside the best that needs no network."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from app.artifacts.manifest import MANIFEST, read_manifest
from app.forecasts.forecaster import KIND
from training.errors import TrainingError
from training.forecasts.figures import MODEL, TOO_LITTLE, decimals

_HEAD: Final = (
    "forecast", "of", "measure", "best baseline", "baseline", "network", "difference", "95 % interval",
    "coverage of 80 %",
)  # fmt: skip


class ReportError(TrainingError):
    """There is nothing to report on."""


def table(models: Path) -> str:
    """Return the table, in Markdown, a line for each model and output, from the manifests alone.

    Args:
        models: The folder of model folders.

    Raises:
        ReportError: There is no forecast with such figures in it.
        app.artifacts.manifest.ArtifactError: A model folder is damaged.
    """
    rows = [_HEAD, *_rows(models)]
    if len(rows) == 1:
        raise ReportError(f"{models} holds no forecast that says how it was measured; train some, or name an --output.")
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines) + "\n"


def _rows(models: Path) -> Iterator[tuple[str, ...]]:
    for path in sorted(models.glob(f"{KIND}-*/{MANIFEST}")):
        manifest = read_manifest(path.parent)
        figures = manifest.figures
        for output, against in figures.get("against_best", {}).items():
            yield _row(manifest.name, output, figures, against)


def _row(name: str, output: str, figures: Mapping[str, Any], against: Mapping[str, Any]) -> tuple[str, ...]:
    scores, interval = figures["scores"][output], against["interval"]
    coverage = (figures["coverage"] or {}).get(output)
    baseline = scores[against["baseline"]]
    digits = decimals(baseline)
    none = TOO_LITTLE if figures.get("held_out") else "by heart"
    return (
        name,
        output,
        figures["measure"],
        against["baseline"],
        f"{baseline:.{digits}f}",
        f"{scores[MODEL]:.{digits}f}",
        f"{against['difference']:+.{digits}f}",
        none if interval is None else f"{interval[0]:+.{digits}f} to {interval[1]:+.{digits}f}",
        "–" if coverage is None else f"{min(coverage):.3f} to {max(coverage):.3f}",
    )
