"""``python -m training report``."""

import argparse
import sys
from pathlib import Path

from training.commands import arguments
from training.commands.arguments import add_corpora, add_data, folder, positive
from training.corpora import imdb
from training.folders import require_writable

_DESCRIPTION = (
    "Compare all sentiment models with what needs no network: a word list, and a linear model trained in the same run."
)


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    command = commands.add_parser("report", help="compare the models and baselines", description=_DESCRIPTION)
    command.set_defaults(run=_report)
    add_data(command)
    add_corpora(
        command,
        nargs="?",
        default=argparse.SUPPRESS,
        help="add a table on the development sets, which are held out of the further corpora in this folder; without a "
        "folder, each corpus is downloaded once from its official place",
    )
    command.add_argument("--sample", type=positive, metavar="N", help="quick run: N training and N test reviews")
    command.add_argument(
        "--models",
        type=Path,
        metavar="DIR",
        default=arguments.ROOT / "models",
        help="folder of model folders (default: models)",
    )
    command.add_argument(
        "--output", type=folder, metavar="DIR", help="where to write the table and the plots (default: build/report)"
    )


def _report(options: argparse.Namespace) -> None:
    # Imported late: scikit-learn and Matplotlib take seconds.
    from training.sentiment.evaluation import development, edits, report, short_texts

    output: Path = options.output or arguments.ROOT / "build" / "report"
    require_writable(output / report.README)
    models = report.model_folders(options.models)
    train, test = imdb.load("train", options.data), imdb.load("test", options.data)
    sentences = short_texts.sentences(train)
    short = {"phrases": short_texts.phrases(), "edits": edits.edits()}
    if sentences is not None:
        short["sentences"] = sentences
    sets = development.load(train, options.corpora) if "corpora" in options else []
    if options.sample is not None:
        sets = [one.sample(options.sample, seed=0) for one in sets]
        train, test = (reviews.sample(options.sample, seed=0) for reviews in (train, test))
    rows = report.compare(report.contenders(models, train), test, short, sets)
    sys.stdout.write(f"{report.write(rows, test, short, output, sets)}\nwrote {output}\n")
