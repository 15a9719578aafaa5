"""``python -m training card`` and ``seeds``: the texts of cards, from figures that were measured before."""

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
