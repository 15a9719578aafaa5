"""``python -m training card``, ``seeds`` and ``ablation``: texts of cards, from figures that were measured before."""

import argparse
import sys
from pathlib import Path

from training.commands.arguments import folder

# The modules that write cards are imported by the commands: scikit-learn and Matplotlib take seconds.


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the commands."""
    command = commands.add_parser(
        "card",
        help="write the card of a sentiment model anew",
        description="Write README.md of a sentiment model anew from its manifest; the model and the plots stay.",
    )
    command.set_defaults(run=_card)
    command.add_argument("model", type=folder, metavar="DIR", help="the model folder")
    command = commands.add_parser(
        "seeds",
        help="record the accuracy over several seeds for the lecture's card",
        description="Record the test accuracy of trainings of one recipe with several seeds, made on this machine.",
    )
    command.set_defaults(run=_seeds)
    command.add_argument("models", type=Path, nargs="+", metavar="DIR", help="the model folder of each training")
    command = commands.add_parser(
        "ablation",
        help="record what each corpus gives, for the card of best",
        description="Record the figures of trainings of the recipe best, one with all corpora and others without some.",
    )
    command.set_defaults(run=_ablation)
    command.add_argument(
        "sources",
        type=Path,
        nargs="+",
        metavar="DIR",
        help='of each training the folder, or a JSON file: {"without": ["sst"], "figures": {"products": 0.87, …}}',
    )
    command.add_argument(
        "--training", metavar="TEXT", help="how they were trained, if not as the recipe says: a sentence for the card"
    )


def _card(options: argparse.Namespace) -> None:
    from training.sentiment.card import card

    card.rewrite(options.model)
    sys.stdout.write(f"wrote {options.model / card.README}\n")


def _seeds(options: argparse.Namespace) -> None:
    from training.sentiment.card import seeds

    runs = seeds.record(options.models)
    for seed, accuracy in runs.accuracies.items():
        sys.stdout.write(f"seed {seed}: test accuracy {accuracy:.4f}\n")
    sys.stdout.write(f"wrote {seeds.FILE}\n")


def _ablation(options: argparse.Namespace) -> None:
    from training.sentiment.card import ablation

    for run in ablation.record(options.sources, options.training).runs:
        figures = ", ".join(f"{name} {value:.4f}" for name, value in run.figures.items())
        sys.stdout.write(f"{'without ' + ', '.join(run.without) if run.without else 'all corpora'}: {figures}\n")
    sys.stdout.write(f"wrote {ablation.FILE}\n")
