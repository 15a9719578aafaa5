"""The card of a forecast: ``README.md`` and its plot."""

import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from app.forecasts.serving import ForecastServing
from training.forecasts import data, plots
from training.forecasts.figures import ACCURACY, MODEL, ForecastFigures
from training.forecasts.network import TrainedForecast
from training.forecasts.parity import ForecastParity
from training.forecasts.series import Array, Splits

PLOT: Final = "forecasts.png"

_CARD: Final = """# {name}

{title}: {shape_in} → {shape_out}, the first dimension being that of the sequences.

| | |
|---|---|
| observed | {inputs} |
| forecast | {outputs} |
| for | {steps} |
| network | {architecture}, {parameters:,} parameters |
| data | {data} |

{examples}

| {measure} | {columns} |
|---|{rules}|
{rows}

{comparison}

![Forecasts and truth]({plot})

## How it was trained

`python -m training forecasts {name}`, seed {seed}: Adam at {learning_rate} falling along a cosine, batches of
{batch_size}, {epochs} epochs of {steps_an_epoch:,} steps; epoch {best_epoch} had the least loss on the validation
examples and is kept. The layers of the network stand between two of Keras' `Normalization`, which bring what is
observed to mean 0 and deviation 1, and the forecasts back to their units: so it takes and gives natural units, and so
does the ONNX graph. The graph gives what Keras gives to a relative {difference:.1e}, on {compared:,} random sequences
of random lengths.

| layer | parameters |
|---|---|
{layers}

## Limits

{limits}"""

_HELD_OUT: Final = (
    "It learnt from {training:,} examples, its epoch was chosen on {validation:,} that come after them in time, and "
    "the table is of {test:,} that come last. No {time} is in two of the three."
)
_ALL: Final = (
    "It learnt from {training} examples; its epoch was chosen on the same ones, and the table is of them too: they are "
    "too few to hold any out. It shows that the network can represent them, and nothing about other cities."
)
_COLLAPSE: Final = """

## Why the lecture's own fit collapses

The lecture prints 117.5, 117.5 and 75.0 for the targets 110, 125 and 75. Its inputs are not scaled: numbers up to 110
times weights around 0.5 give sums far beyond 9, where tanh is ±1 to the last digit of a `float32` and its gradient is
exactly 0. So the recurrent layer stops learning in its first steps, if it begins at all; the high learning rate of 0.5
pushes it there faster. Its two units can then tell at most four corners of a square apart. Paris and Berlin end in the
same corner, and the `Dense` layer, the only one that still learns, gives for a corner the mean of its targets:
(110 + 125) / 2 = 117.5. With the seed 33 that is what comes out, number for number. With 57 of the seeds from 0 to 59
it is worse: after 20 steps all three cities share a corner, and head for the mean of all, 103.3.
`tests/training/forecasts/test_cities.py` does both again.

Here the inputs have mean 0 and deviation 1, tanh stays where it bends, and the same layers with the same {parameters}
parameters reach the targets: {reached}."""

_SIMULATED: Final = (
    "The data are simulated, with seasons, memory and causes that resemble the real ones, and rules simple enough to "
    "be learnt by so small a network; it knows nothing of any real place or person. Any number of observations is "
    "taken, but it was trained on {observations}: the fewer there are, the more it falls back to the mean."
)
_LECTURE: Final = (
    "It knows three examples by heart. Any number of observations is taken, as the weights do not depend on it, but "
    "what it makes of others than those of the lecture means nothing."
)


def write(
    folder: Path,
    trained: TrainedForecast,
    serving: ForecastServing,
    splits: Splits,
    forecasts: Array,
    figures: ForecastFigures,
    parity: ForecastParity,
) -> None:
    """Write the card and its plot into a model folder.

    Args:
        folder: The model folder.
        trained: The model.
        serving: What its manifest says for serving.
        splits: Its examples.
        forecasts: What it gave for the test examples, shape (n, steps, outputs).
        figures: What was measured of them.
        parity: How far ONNX and Keras are apart.
    """
    recipe = trained.recipe
    plots.forecasts_and_truth(recipe, splits, forecasts, folder / PLOT)
    held_out = data.held_out(recipe)
    names = list(next(iter(figures.scores.values())))
    observations = "time" if recipe.steps is None else str(recipe.observations)
    steps = "time" if recipe.steps is None else str(len(recipe.steps))
    sizes = {name: len(getattr(splits, name)) for name in ("training", "validation", "test")}
    text = _CARD.format(
        name=recipe.name,
        title=recipe.title,
        shape_in=f"(n, {observations}, {len(recipe.inputs)})",
        shape_out=f"(n, {steps}, {len(recipe.outputs)})",
        inputs=", ".join(f"{feature.name} ({feature.unit})" for feature in recipe.inputs),
        outputs=", ".join(f"{feature.name} ({feature.unit})" for feature in recipe.outputs),
        steps="each observation" if recipe.steps is None else ", ".join(serving.step_names(recipe.observations)),
        architecture=serving.architecture,
        parameters=serving.parameters,
        data=data.NAMES[recipe.source],
        examples=(_HELD_OUT if held_out else _ALL).format(**sizes, time=recipe.time),
        measure=figures.measure,
        columns=" | ".join("this model" if name == MODEL else name for name in names),
        rules="|".join("---" for _ in names),
        rows="\n".join(_row(output, scores) for output, scores in figures.scores.items()),
        comparison=" ".join(_comparison(figures, output) for output in figures.scores) + _collapse(trained, forecasts),
        plot=PLOT,
        seed=recipe.seed,
        learning_rate=recipe.learning_rate,
        batch_size=recipe.batch_size,
        epochs=recipe.epochs,
        steps_an_epoch=recipe.repeats * -(-sizes["training"] // recipe.batch_size),
        best_epoch=trained.best_epoch,
        difference=parity.largest_relative_difference,
        compared=parity.inputs,
        layers="\n".join(f"| {layer.label} | {layer.formula} = {layer.parameters:,} |" for layer in serving.layers),
        limits=(_SIMULATED if held_out else _LECTURE).format(observations=recipe.observations),
    )
    (folder / "README.md").write_text("\n\n".join(map(_wrapped, text.split("\n\n"))) + "\n", encoding="utf-8")


def _wrapped(part: str) -> str:
    """Break the lines of a paragraph; headings, tables and pictures stay as they are."""
    return part if part.startswith(("#", "|", "!")) else textwrap.fill(part, 119)


def _row(output: str, scores: Mapping[str, float]) -> str:
    cells = (f"**{score:.3f}**" if name == MODEL else f"{score:.3f}" for name, score in scores.items())
    return f"| {output} | {' | '.join(cells)} |"


def _comparison(figures: ForecastFigures, output: str) -> str:
    name, score = figures.best_baseline(output)
    ours = figures.scores[output][MODEL]
    if figures.measure == ACCURACY:
        return f"Of all {output}, {ours:.1%} are told right, where the best baseline ({name}) gets {score:.1%}."
    return f"For {output} the error is {1 - ours / score:.1%} less than that of the best baseline, the {name}."


def _collapse(trained: TrainedForecast, forecasts: Array) -> str:
    if trained.recipe.source != "air pollution":
        return ""
    reached = ", ".join(f"{value:.2f}" for value in forecasts.ravel())
    return _COLLAPSE.format(parameters=trained.model.count_params(), reached=reached)
