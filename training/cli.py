"""``python -m training``: make the models and the vector spaces that the service serves."""

import argparse
import sys
from collections.abc import Sequence

from app import __version__
from app.artifacts.manifest import ArtifactError
from training.commands import forecasts, report, sentiment, vectors
from training.corpora import imdb
from training.interruption import Interrupted
from training.vectors import glove


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Returns:
        The exit status: 0; 2 with a sentence on standard error; 130 after an interrupt.
    """
    parsed = _parser().parse_args(arguments)
    try:
        parsed.run(parsed)
    except (imdb.DataError, ArtifactError, glove.NotInstalled) as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    except Interrupted as interrupt:
        sys.stderr.write(f"\n{interrupt} The same command goes on from there.\n")
        return 130
    except KeyboardInterrupt:
        sys.stderr.write("\nInterrupted.\n")
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    parser.add_argument("--version", action="version", version=f"sentiment-service {__version__}")
    commands = parser.add_subparsers(required=True, metavar="command")
    for module in (sentiment, vectors, forecasts, report):
        module.add(commands)
    return parser
