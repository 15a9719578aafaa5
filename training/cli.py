"""``python -m training``: make the models and the vector spaces that the service serves."""

import argparse
import sys
from collections.abc import Sequence

from app import __version__
from app.artifacts.manifest import ArtifactError
from training.checkpoint import Interrupted
from training.commands import card, evaluate, forecasts, report, sentiment, vectors
from training.errors import TrainingError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Returns:
        The exit status: 0; 2 with a sentence on standard error; 130 after an interrupt.
    """
    parsed = parser().parse_args(arguments)
    try:
        parsed.run(parsed)
    except (TrainingError, ArtifactError) as error:
        return _failed(str(error))
    except ModuleNotFoundError as error:
        return _failed(f"The module {error.name} is not installed; pip install -e '.[training]' brings it.")
    except Interrupted as interrupt:
        sys.stderr.write(f"\n{interrupt} The same command goes on from there.\n")
        return 130
    except KeyboardInterrupt:
        sys.stderr.write("\nInterrupted.\n")
        return 130
    return 0


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands; it imports nothing that trains, so that help comes at once."""
    made = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    made.add_argument("--version", action="version", version=f"sentiment-service {__version__}")
    commands = made.add_subparsers(required=True, metavar="command")
    for module in (sentiment, evaluate, vectors, forecasts, report, card):
        module.add(commands)
    return made


def _failed(sentence: str) -> int:
    sys.stderr.write(f"error: {sentence}\n")
    return 2
