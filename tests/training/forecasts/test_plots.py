from dataclasses import replace
from pathlib import Path

import numpy as np

from app.forecasts.layers import Layer
from app.forecasts.serving import Feature, ForecastServing
from training.forecasts.plots import forecasts_and_truth
from training.forecasts.recipes import RAIN_NEXT_DAY
from training.forecasts.series import Series, split


def test_dollar_signs_in_a_name_are_no_formula(tmp_path: Path) -> None:
    outputs = (Feature(name="costs in $ of \\bad$", unit="$"),)
    recipe = replace(RAIN_NEXT_DAY, outputs=outputs, observations=3)
    values = np.random.default_rng(0).normal(size=(100, 1)).astype(np.float32)
    splits = split(Series(values, values), 3, (1,))
    serving = ForecastServing(
        title=recipe.title,
        inputs=list(recipe.inputs),
        outputs=list(outputs),
        time="day",
        observations=3,
        steps=[1],
        layers=[Layer(kind="Dense", features=1, units=1, every_step=False)],
        example=[[1.0]],
    )
    forecasts_and_truth(recipe, serving, splits, splits.test.targets, tmp_path / "plot.png")
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")
