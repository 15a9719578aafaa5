"""Forecast from observations: the JSON that POST /forecasts takes on standard input, its answer on standard output."""

import argparse
import sys

from pydantic import ValidationError

from app.files.errors import InputError
from app.files.sources import STANDARD_INPUT, open_source
from app.forecasts.forecaster import Misshapen
from app.forecasts.registry import Forecasters
from app.forecasts.schemas import ForecastRequest
from app.forecasts.serialization import forecast_json
from app.forecasts.warnings import warnings
from app.settings import settings_from


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument("name", metavar="NAME", help="which forecast, such as air-pollution")


def run(arguments: argparse.Namespace) -> None:
    """Answer the request on standard input.

    Args:
        arguments: Those of :func:`add_arguments`, and settings by their names.

    Raises:
        InputError: What was read is no request for the forecast.
        app.settings.SettingsError: A setting is wrong.
        app.artifacts.registry.UnknownName: There is no such forecast.
        app.artifacts.manifest.ArtifactError: The model cannot be used.
    """
    name = arguments.name
    forecaster = Forecasters(settings_from(arguments).models_dir, only=name).get(name)
    request = _read()
    try:
        forecasts = forecaster.forecast(request.sequences)
    except Misshapen as error:
        raise InputError(str(error)) from error
    told = warnings(forecaster, request.sequences, intervals=request.intervals)
    sys.stdout.write(forecast_json(forecaster, forecasts, intervals=request.intervals, warnings=told) + "\n")


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
