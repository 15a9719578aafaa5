"""Forecast from observations: the JSON that POST /forecasts takes on standard input, its answer on standard output."""

import argparse
import sys

from pydantic import ValidationError

from app.artifacts.manifest import MANIFEST
from app.files.sources import STANDARD_INPUT, InputError, open_source
from app.forecasts.forecaster import KIND, Forecaster, Misshapen
from app.forecasts.schemas import ForecastRequest
from app.forecasts.serialization import forecast_json
from app.settings import Settings, settings_from


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument("name", metavar="NAME", help="which forecast, such as air-pollution")


def run(arguments: argparse.Namespace) -> None:
    """Answer the request on standard input.

    Args:
        arguments: Those of :func:`add_arguments`, and settings by their names.

    Raises:
        InputError: There is no such forecast, or what was read is no request for it.
        app.settings.SettingsError: A setting is wrong.
        app.artifacts.manifest.ArtifactError: The model cannot be used.
    """
    forecaster = _load(settings_from(arguments), arguments.name)
    request = _read()
    try:
        forecasts = forecaster.forecast(request.sequences)
    except Misshapen as error:
        raise InputError(str(error)) from error
    sys.stdout.write(forecast_json(forecaster, forecasts) + "\n")


def _load(settings: Settings, name: str) -> Forecaster:
    names = [path.parent.name for path in sorted(settings.models_dir.glob(f"{KIND}-*/{MANIFEST}"))]
    if f"{KIND}-{name}" not in names:
        there = ", ".join(found.removeprefix(f"{KIND}-") for found in names) or "none"
        raise InputError(f"There is no forecast {name!r} in {settings.models_dir}; there is: {there}.")
    return Forecaster(settings.models_dir / f"{KIND}-{name}")


def _read() -> ForecastRequest:
    with open_source(STANDARD_INPUT) as source, source.reading():
        if source.is_terminal:
            sys.stderr.write('Type {"sequences": [[[…], …]]}; Ctrl-D ends.\n')
        body = source.stream.read()
    try:
        return ForecastRequest.model_validate_json(body)
    except ValidationError as error:
        # It imports FastAPI, which takes longer than a forecast.
        from app.http.problems import invalid_fields

        raise InputError(str(invalid_fields(error))) from error
