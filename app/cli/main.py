"""``python -m app``: serve the models, or classify texts, do arithmetic on words and forecast without a server.

And look at the models themselves: which there are, whether they can be served, and in which version.
"""

import argparse
import gc
import sys
from collections.abc import Sequence

from app import __version__
from app.artifacts.manifest import ArtifactError
from app.artifacts.registry import UnknownName
from app.cli import analogy, classify, forecast, models
from app.files.errors import InputError
from app.settings import SECRET, Settings, SettingsError
from app.vectors.space import NoDirection, UnknownWord


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status.

    Returns:
        0, or 1 for a check that found something, 2 with a sentence on standard error, or 130 after Ctrl-C.
    """
    parsed = _parser().parse_args(arguments)
    try:
        status: int | None = parsed.run(parsed)
    except (ArtifactError, SettingsError, InputError, UnknownName, UnknownWord, NoDirection) as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    except KeyboardInterrupt:
        return 130
    return status or 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m app", description=__doc__)
    parser.add_argument("--version", action="version", version=f"sentiment-service {__version__}")
    commands = parser.add_subparsers(required=True, metavar="command")

    serving = commands.add_parser("serve", help="start the HTTP service", description="Start the HTTP service.")
    serving.set_defaults(run=_serve)
    for name in Settings.model_fields:
        if name not in SECRET:
            _add_setting(serving, name)

    classifying = commands.add_parser("classify", help="classify texts", description=classify.__doc__)
    classifying.set_defaults(run=classify.run)
    classify.add_arguments(classifying)
    for name in ("models_dir", "engine", "threads"):
        _add_setting(classifying, name)

    calculating = commands.add_parser("analogy", help="a is to b as c is to what?", description=analogy.__doc__)
    calculating.set_defaults(run=analogy.run)
    analogy.add_arguments(calculating)
    for name in ("models_dir", "vectors_files"):
        _add_setting(calculating, name)

    forecasting = commands.add_parser("forecast", help="forecast from observations", description=forecast.__doc__)
    forecasting.set_defaults(run=forecast.run)
    forecast.add_arguments(forecasting)
    _add_setting(forecasting, "models_dir")

    looking = commands.add_parser("models", help="look at the models, and choose versions", description=models.__doc__)
    for command in models.add_arguments(looking):
        for name in ("models_dir", "engine"):
            _add_setting(command, name)
    return parser


def _serve(arguments: argparse.Namespace) -> None:
    # What is imported and loaded stays, and to look through it for garbage takes a fifth of the start. Once all is
    # loaded, the app has the collector begin.
    gc.disable()
    # FastAPI and Uvicorn take longer to import than a text takes to classify.
    from app.cli import serve

    serve.run(arguments)


def _add_setting(parser: argparse.ArgumentParser, name: str) -> None:
    field = Settings.model_fields[name]
    help_text = f"{field.description} Environment: {name.upper()}; default: {field.default}."
    parser.add_argument(f"--{name.replace('_', '-')}", metavar="VALUE", help=help_text.replace("%", "%%"))
