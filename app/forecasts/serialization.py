"""Forecasts, and what is known of a model, as the routes answer them."""

import json
from collections.abc import Sequence
from itertools import accumulate
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.forecasts.bounds import bounds
from app.forecasts.forecaster import Forecast, Forecaster
from app.forecasts.schemas import ForecastDetails, ForecastInfo, ForecastRequest, LayerInfo

DECIMALS: Final = 4
"""Of the numbers that are answered, but for small ones."""
SMALL: Final = 0.1
DIGITS: Final = 6
"""Of numbers below :data:`SMALL`, as what is measured in a large unit is."""
_ROWS_AT_ONCE: Final = 1_000
"""Steps that are written at once: while ``json`` writes, no other thread runs Python."""


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


def forecast_json(
    forecaster: Forecaster,
    forecasts: Sequence[Forecast],
    *,
    intervals: bool = False,
    warnings: Sequence[str] = (),
) -> str:
    """Return a :class:`ForecastResponse` as JSON, without the time that building and validating one takes.

    Args:
        forecaster: The model.
        forecasts: What it gave, at least one.
        intervals: Whether its intervals, if it has any, are wanted.
        warnings: What there is to warn of.
    """
    steps = list(map(len, forecasts))
    together = np.concatenate(forecasts)
    serving = forecaster.serving
    found = "null"
    if intervals and serving.intervals is not None:
        lower, upper = bounds(serving.intervals, together.reshape(len(steps), *serving.intervals.shape))
        found = _object(
            coverage=_json(serving.intervals.coverage),
            lower=_nested(lower.reshape(together.shape), steps),
            upper=_nested(upper.reshape(together.shape), steps),
        )
    return _object(
        predictions=_nested(together, steps),
        features=_json([output.name for output in serving.outputs]),
        steps=_json(serving.step_names(max(steps))),
        unit=_json(", ".join(dict.fromkeys(output.unit for output in serving.outputs))),
        intervals=found,
        warnings=_json(list(warnings)),
    )


def values_of(forecaster: Forecaster, sequences: int, observations: int, *, intervals: bool) -> int:
    """Return how many numbers :func:`forecast_json` writes.

    Args:
        forecaster: The model.
        sequences: How many sequences it is asked about.
        observations: How many these have, all together.
        intervals: Whether its intervals, if it has any, are wanted.
    """
    serving = forecaster.serving
    steps = observations if serving.steps is None else sequences * len(serving.steps)
    numbers = 3 if intervals and serving.intervals is not None else 1
    return steps * len(serving.outputs) * numbers


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _object(**fields: str) -> str:
    """Return a JSON object of fields that are JSON already."""
    return "{" + ",".join(f'"{name}":{value}' for name, value in fields.items()) + "}"


def _nested(values: NDArray[np.floating[Any]], steps: Sequence[int]) -> str:
    """Return values of shape (all steps, outputs), rounded, as JSON: a list for each sequence."""
    # Rounded all at once: NumPy takes as long for a few numbers as for a thousand.
    exact = values.astype(np.float64)
    # What is added turns -0.0 into 0.0.
    rounded = np.round(exact, DECIMALS) + 0.0
    small = (np.abs(exact) < SMALL) & (exact != 0)
    if small.any():
        rounded[small] = [float(f"{value:.{DIGITS}g}") for value in exact[small].tolist()]
    rows = rounded.tolist()
    lists = [rows[end - length : end] for length, end in zip(steps, accumulate(steps), strict=True)]
    count = max(1, _ROWS_AT_ONCE // max(steps))
    parts = (_json(lists[start : start + count])[1:-1] for start in range(0, len(lists), count))
    return f"[{','.join(parts)}]"
