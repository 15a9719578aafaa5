"""Forecasts, and what is known of a model, as the routes answer them."""

import json
from collections.abc import Sequence
from itertools import accumulate
from typing import Any, Final

import numpy as np

from app.forecasts.forecaster import Forecast, Forecaster
from app.forecasts.schemas import ForecastDetails, ForecastInfo, ForecastRequest, LayerInfo

DECIMALS: Final = 4
"""Of the numbers that are answered."""


def forecast_info(forecaster: Forecaster) -> ForecastInfo:
    """Describe a forecast."""
    return ForecastInfo(**_described(forecaster))


def forecast_details(forecaster: Forecaster) -> ForecastDetails:
    """Describe a forecast with its layers and an example."""
    serving = forecaster.serving
    layers = [
        LayerInfo(
            kind=layer.kind,
            units=layer.units,
            output_shape=[None, *([serving.observations] if layer.every_step else []), layer.units],
            formula=layer.formula,
            parameters=layer.parameters,
        )
        for layer in serving.layers
    ]
    example = ForecastRequest(sequences=[serving.example])
    return ForecastDetails(**_described(forecaster), layers=layers, example=example)


def _described(forecaster: Forecaster) -> dict[str, Any]:
    serving = forecaster.serving
    return {
        "name": forecaster.name,
        "title": serving.title,
        "inputs": serving.inputs,
        "outputs": serving.outputs,
        "input_shape": [None, serving.observations, len(serving.inputs)],
        "output_shape": [None, None if serving.steps is None else len(serving.steps), len(serving.outputs)],
        "steps": serving.step_names(serving.observations),
        "architecture": serving.architecture,
        "parameters": serving.parameters,
        "trained_on": forecaster.manifest.data["name"],
        "figures": forecaster.manifest.figures,
    }


def forecast_json(forecaster: Forecaster, forecasts: Sequence[Forecast]) -> str:
    """Return a :class:`ForecastResponse` as JSON, without the time that building and validating one takes.

    Args:
        forecaster: The model.
        forecasts: What it gave, at least one.
    """
    steps = list(map(len, forecasts))
    # Rounded all at once: NumPy takes as long for a few numbers as for a thousand.
    rows = np.round(np.concatenate(forecasts).astype(np.float64), DECIMALS).tolist()
    serving = forecaster.serving
    answer = {
        "predictions": [rows[end - length : end] for length, end in zip(steps, accumulate(steps), strict=True)],
        "features": [output.name for output in serving.outputs],
        "steps": serving.step_names(max(steps)),
        "unit": ", ".join(dict.fromkeys(output.unit for output in serving.outputs)),
    }
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":"))
