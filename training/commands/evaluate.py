"""``python -m training evaluate``."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from training.commands import arguments
from training.commands.arguments import add_columns
from training.corpora.imdb import DataError
from training.folders import require_writable

if TYPE_CHECKING:
    from training.sentiment.evaluation.labelled import Comparison, LabelledFigures, PartFigures

_DESCRIPTION = """Measure a model on labelled texts of your own, as the service would answer them: accuracy, macro-F1,
calibration, the confusion matrix, and figures of parts. TensorFlow is not needed."""


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    command = commands.add_parser(
        "evaluate", help="measure a model on labelled texts of your own", description=_DESCRIPTION
    )
    command.set_defaults(run=_evaluate)
    command.add_argument("model", type=Path, nargs="?", metavar="MODEL", help="a model folder")
    command.add_argument(
        "--compare",
        type=Path,
        nargs=2,
        metavar=("A", "B"),
        help="two model folders to compare, instead of MODEL: McNemar's exact test, and the interval of a paired "
        "bootstrap of the difference of their accuracies",
    )
    command.add_argument(
        "--data", type=Path, nargs="+", required=True, metavar="FILE", help="CSV, TSV, JSON Lines or Parquet; or .gz"
    )
    add_columns(command)
    command.add_argument("--by", metavar="COLUMN", help="give figures for each value of this column, too")
    command.add_argument(
        "--plot",
        type=arguments.folder,
        metavar="FILE",
        default=arguments.ROOT / "build" / "evaluation.png",
        help="where to write the plot (default: build/evaluation.png)",
    )
    command.add_argument("--json", action="store_true", help="write the figures as JSON")


def _evaluate(options: argparse.Namespace) -> None:
    folders = _folders(options)
    plot: Path = options.plot
    if plot.suffix.lower() not in (".png", ".svg", ".pdf"):
        raise DataError(f"The plot {plot} should end in .png, .svg or .pdf.")
    require_writable(plot, "--plot")

    # Imported late: pyarrow, scikit-learn and Matplotlib take seconds.
    from app.sentiment.classifier import Classifier
    from training.corpora import own
    from training.sentiment.card import labelled_plots
    from training.sentiment.evaluation import labelled, served

    models = [Classifier(folder) for folder in folders]
    texts = own.read(options.data, arguments.columns(options, part=options.by))
    arguments.say_columns(texts)
    some = served.labelled(texts, models)
    if some.names != models[0].labels:
        sys.stderr.write(f"The models choose among {', '.join(some.names)}, the labels of the rows.\n")
    if len(some.texts) < len(texts):
        sys.stderr.write(f"{len(texts) - len(some.texts):,} of {len(texts):,} rows have no text and are left out.\n")
    found = [served.probabilities(model, some.texts.texts, some.names) for model in models]
    figures = [labelled.measure(some.labels, one, some.names) for one in found]
    values = [row.part for row in some.texts.rows]
    parts = [labelled.parts(some.labels, one, values) if options.by else [] for one in found]
    compared = labelled.compare(some.labels, *found) if len(found) == 2 else None

    names = [model.name for model in models]
    if len({*names}) < len(names):
        names = [str(folder) for folder in folders]
    plot.parent.mkdir(parents=True, exist_ok=True)
    labelled_plots.evaluation(dict(zip(names, figures, strict=True)), dict(zip(names, parts, strict=True)), plot)
    if options.json:
        document = {
            "models": [
                {"name": name, **asdict(one), "parts": [asdict(part) for part in some_parts]}
                for name, one, some_parts in zip(names, figures, parts, strict=True)
            ],
            "comparison": None if compared is None else asdict(compared),
        }
        sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    else:
        for name, one, some_parts in zip(names, figures, parts, strict=True):
            sys.stdout.write(_text(name, one, some_parts))
        if compared is not None:
            sys.stdout.write(_comparison(names, compared))
    sys.stderr.write(f"wrote {plot}\n")


def _folders(options: argparse.Namespace) -> list[Path]:
    if (options.model is None) == (options.compare is None):
        raise DataError("Name either one MODEL or two with --compare A B.")
    return [options.model] if options.compare is None else options.compare


def _text(name: str, figures: "LabelledFigures", parts: "Sequence[PartFigures]") -> str:
    low, high = figures.interval
    width = max(map(len, [*figures.labels, "label"]))
    lines = [
        f"{name}: {figures.rows:,} rows",
        f"accuracy {figures.accuracy:.4f} ({low:.4f} to {high:.4f}), macro-F1 {figures.macro_f1:.4f}, log loss "
        f"{figures.log_loss:.4f}, calibration error {figures.calibration_error:.4f}",
        "",
        f"{'label':<{width}} {'rows':>8} {'precision':>10} {'recall':>8} {'F1':>8}",
        *(
            f"{one.label:<{width}} {one.rows:>8,} {one.precision:>10.4f} {one.recall:>8.4f} {one.f1:>8.4f}"
            for one in figures.of_label
        ),
        "",
        "rows by true label (down) and predicted one (across)",
        f"{'':<{width}} " + " ".join(f"{label[:14]:>14}" for label in figures.labels),
        *(
            f"{label:<{width}} " + " ".join(f"{count:>14,}" for count in row)
            for label, row in zip(figures.labels, figures.confusion_matrix, strict=True)
        ),
        "",
        "probability of the label, and how often it is right",
        *(f"{one.confidence:.3f}  {one.accuracy:.3f}  {one.texts:>8,} rows" for one in figures.bins),
        "",
    ]
    if parts:
        width = max(len(part.name) for part in parts)
        lines += [
            f"{part.name:<{width}} {part.rows:>8,} rows  accuracy {part.accuracy:.4f} "
            f"({part.interval[0]:.4f} to {part.interval[1]:.4f})  macro-F1 {part.macro_f1:.4f}"
            for part in parts
        ]
        lines.append("")
    return "\n".join(lines) + "\n"


def _comparison(names: "Sequence[str]", found: "Comparison") -> str:
    first, second = names
    verdict = found.verdict.replace("the first", first).replace("the second", second)
    return (
        f"{second} against {first}: accuracy {found.difference:+.4f} (95 % interval {found.interval[0]:+.4f} to "
        f"{found.interval[1]:+.4f}, paired bootstrap); {found.only_second:,} rows right by {second} alone, "
        f"{found.only_first:,} by {first} alone; McNemar's exact test p = {found.p_value:.4g}: {verdict}.\n"
    )
