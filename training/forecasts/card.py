"""The card of a forecast: ``README.md`` and its plot."""

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from app.forecasts.serving import ForecastServing
from training.forecasts import plots
from training.forecasts.figures import ACCURACY, FEWEST_BLOCKS, MODEL, TOO_LITTLE, Difference, ForecastFigures, decimals
from training.forecasts.network import TrainedForecast
from training.forecasts.parity import ForecastParity
from training.forecasts.recipes import Baseline
from training.forecasts.series import Array, Splits

PLOT: Final = "forecasts.png"

_CARD: Final = """# {name}

{verdict}

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

{baselines}

| forecast | best baseline | difference | 95 % interval |
|---|---|---|---|
{differences}

{bootstrap}{coverage}{collapse}

![Forecasts and truth]({plot})

## How it was trained

`{command}`, seed {seed}: Adam at {learning_rate} falling along a cosine, batches of
{batch_size}, {epochs} epochs of {steps_an_epoch:,} steps; epoch {best_epoch} had the least loss on the validation
examples and is kept.{stretches} The layers of the network stand between two of Keras' `Normalization`, which bring
what is observed to mean 0 and deviation 1, and the forecasts back to their units: so it takes and gives natural
units, and so does the ONNX graph. The graph gives what Keras gives to a relative {difference:.1e}, on {compared:,}
random sequences
of random lengths.

| layer | parameters |
|---|---|
{layers}

## Limits

{limits}"""

_STRETCHES: Final = (
    " It learns from stretches of {all} observations, forecasting after each of the last {last}: that is as many "
    "windows in the time of two."
)
_SIMULATED_EXAMPLES: Final = (
    "It learnt from {training:,} examples; its epoch was chosen on {validation:,} of another simulation, and all that "
    "is measured below is of {test:,} of a third one, which chose nothing."
)
_OWN_EXAMPLES: Final = (
    "It learnt from {training:,} examples, its epoch was chosen on {validation:,} whose steps come after theirs, and "
    "all that is measured below is of {test:,} whose steps come last. No {time} that is forecast in one part is "
    "forecast in another; what is observed before may reach back."
)
_ALL: Final = (
    "It learnt from {training} examples; its epoch was chosen on the same ones, and the table is of them too: they are "
    "too few to hold any out. It shows that the network can represent them, and nothing about other cities."
)

_BASELINES: Final[Mapping[Baseline, str]] = {
    "persistence": "*persistence* says that the last value goes on",
    "mean": "the *mean* is that of the training",
    "seasonal mean": "the *seasonal mean* is that of the days around it, of all years of the training",
    "ridge regression": (
        "*ridge regression* is the best straight line through all observations of the window and the mean and deviation"
        " of each feature, its penalty chosen on the validation examples"
    ),
    "majority class": "the *majority class* is that of the training",
    "logistic regression": (
        "*logistic regression* reads all observations of the window and the mean and deviation of each feature, its"
        " penalty chosen on the validation examples"
    ),
}
_BOOTSTRAP: Final = (
    "The best baseline is the one that is best on these very examples. The interval is of a paired bootstrap of "
    "{blocks}: what follows each other is alike, and counts less than as many examples of their own would."
)
_NO_BOOTSTRAP: Final = (
    "Of three examples by heart there is no interval, and a straight line through twelve numbers fits them as well."
)
_TOO_FEW_BLOCKS: Final = (
    "The best baseline is the one that is best on these very examples. What follows each other is alike, so an "
    "interval would be of stretches as long as a window with all its steps; {fewest} of them are the fewest to draw "
    "from, and less was held out. Take more rows or fewer observations to be told more."
)
_COVERAGE: Final = """

## How sure it is

A request with `"intervals": true` gets bounds for each number. Where the truth lay was read off the training examples,
for each step and feature by the size of the forecast, and the bounds were then moved by one share of their width until
80 of 100 validation examples lay between them (conformalized quantile regression; Romano, Patterson and Candès, 2019,
by parts of the forecast). Where a value cannot fall below a least one, the lower bound rests there, and all that is
outside lies above. On the held-out examples, of 100 so many lay between:

| | {steps} |
|---|{rules}|
{rows}

That holds on average; it is calibrated for {observations} observations, and promises nothing for fewer."""
_PROBABILITY: Final = """

## How sure it is

It forecasts the probability of a class. Held against what came, its Brier score on the held-out examples is
{brier:.4f}, and that of always saying how frequent the class was in the training {base:.4f}; 0 is perfect."""
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
    "The data are simulated, with seasons, memory and causes that resemble the real ones, and with structure that a "
    "recurrent network can find and a line cannot: `training/forecasts/{module}.py` says which. It knows nothing of "
    "any real place or person. Any number of observations is taken, but it was trained on {observations}: the fewer "
    "there are, the more it falls back to the mean."
)
_OWN: Final = (
    "It was measured on one stretch of one series, the last, and what holds there need not go on. Any number of "
    "observations is taken, but it was trained on {observations}."
)
_LECTURE: Final = (
    "It knows three examples by heart. Any number of observations is taken, as the weights do not depend on it, but "
    "what it makes of others than those of the lecture means nothing."
)
_MODULES: Final = {"weather": "weather", "mountain": "avalanches", "heartbeats": "heartbeats"}


def write(
    folder: Path,
    trained: TrainedForecast,
    serving: ForecastServing,
    splits: Splits,
    forecasts: Array,
    figures: ForecastFigures,
    parity: ForecastParity,
    data: Mapping[str, Any],
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
        data: What its manifest says of the data.
    """
    recipe = trained.recipe
    plots.forecasts_and_truth(recipe, serving, splits, forecasts, folder / PLOT)
    names = list(next(iter(figures.scores.values())))
    observations = "time" if recipe.steps is None else str(recipe.observations)
    steps = "time" if recipe.steps is None else str(len(recipe.steps))
    sizes = {name: len(getattr(splits, name)) for name in ("training", "validation", "test")}
    examples, limits = _ALL, _LECTURE
    if recipe.source in _MODULES:
        examples, limits = _SIMULATED_EXAMPLES, _SIMULATED
    elif recipe.source == "own":
        examples, limits = _OWN_EXAMPLES, _OWN
    text = _CARD.format(
        name=recipe.name,
        verdict=verdict(figures),
        title=recipe.title,
        shape_in=f"(n, {observations}, {len(recipe.inputs)})",
        shape_out=f"(n, {steps}, {len(recipe.outputs)})",
        inputs=", ".join(f"{feature.name} ({feature.unit})" for feature in recipe.inputs),
        outputs=", ".join(f"{feature.name} ({feature.unit})" for feature in recipe.outputs),
        steps="each observation" if recipe.steps is None else ", ".join(serving.step_names(recipe.observations)),
        architecture=serving.architecture,
        parameters=serving.parameters,
        data=data["name"],
        examples=examples.format(**sizes, time=recipe.time),
        measure=figures.measure,
        columns=" | ".join("this model" if name == MODEL else name for name in names),
        rules="|".join("---" for _ in names),
        rows="\n".join(_row(output, scores) for output, scores in figures.scores.items()),
        baselines=f"Beside it, {'; '.join(_BASELINES[name] for name in recipe.baselines)}.",
        differences="\n".join(_difference(figures, output, each) for output, each in figures.against_best.items()),
        bootstrap=_bootstrap(splits, figures),
        coverage=_sure(serving, splits, forecasts, figures),
        collapse=_collapse(trained, forecasts),
        plot=PLOT,
        command=data.get("command", f"python -m training forecasts {recipe.name}"),
        seed=recipe.seed,
        learning_rate=recipe.learning_rate,
        batch_size=recipe.batch_size,
        epochs=recipe.epochs,
        steps_an_epoch=trained.steps,
        stretches=_STRETCHES.format(all=recipe.observations + recipe.further, last=recipe.further + 1)
        if recipe.further
        else "",
        best_epoch=trained.best_epoch,
        difference=parity.largest_relative_difference,
        compared=parity.inputs,
        layers="\n".join(f"| {layer.label} | {layer.formula} = {layer.parameters:,} |" for layer in serving.layers),
        limits=limits.format(observations=recipe.observations, module=_MODULES.get(recipe.source)),
    )
    (folder / "README.md").write_text("\n\n".join(map(_wrapped, text.split("\n\n"))) + "\n", encoding="utf-8")


def verdict(figures: ForecastFigures) -> str:
    """Return the sentence that a card begins with: whether the network is worth its while."""
    against = figures.against_best
    if not figures.held_out:
        return "It knows three examples by heart, and shows how such a network is put together; it forecasts nothing."
    if not figures.is_sure:
        said = "; ".join(_unsure(figures, output, difference) for output, difference in against.items())
        return f"There is {TOO_LITTLE}: {said}."
    if figures.beats_baselines:
        parts = (_gain(figures, output, difference) for output, difference in against.items())
        return f"It beats every baseline on what was held out: {'; '.join(parts)}."
    lost = [(output, each) for output, each in against.items() if not each.is_clear]
    said = "; ".join(
        f"{each.baseline} is {'as good' if each.interval and each.interval[1] > 0 else 'better'} at {output}"
        for output, each in lost
    )
    return f"Something simpler does: {said}, by what was held out."


def _gain(figures: ForecastFigures, output: str, against: Difference) -> str:
    scores = figures.scores[output]
    ours, theirs = scores[MODEL], scores[against.baseline]
    low, high = against.interval or (0.0, 0.0)
    if figures.measure == ACCURACY:
        return (
            f"of all {output}, {ours:.1%} are told right, where the {against.baseline} gets {theirs:.1%} "
            f"({low:.1%} to {high:.1%} more)"
        )
    return (
        f"the error of {output} is {1 - ours / theirs:.1%} less than that of the best, the {against.baseline} "
        f"({low / theirs:.1%} to {high / theirs:.1%})"
    )


def _unsure(figures: ForecastFigures, output: str, against: Difference) -> str:
    scores = figures.scores[output]
    ours, theirs = scores[MODEL], scores[against.baseline]
    digits = decimals(theirs)
    return (
        f"the {figures.measure} of {output} is {ours:.{digits}f}, and that of the best that needs no network, the "
        f"{against.baseline}, {theirs:.{digits}f}"
    )


def _wrapped(part: str) -> str:
    """Break the lines of a paragraph; headings, tables and pictures stay as they are."""
    return part if part.startswith(("#", "|", "!")) else textwrap.fill(part, 119)


def _row(output: str, scores: Mapping[str, float]) -> str:
    digits = decimals(min((score for name, score in scores.items() if name != MODEL), default=0))
    cells = (f"**{score:.{digits}f}**" if name == MODEL else f"{score:.{digits}f}" for name, score in scores.items())
    return f"| {output} | {' | '.join(cells)} |"


def _difference(figures: ForecastFigures, output: str, against: Difference) -> str:
    digits = decimals(figures.scores[output][against.baseline])
    interval = TOO_LITTLE if figures.held_out else "–"
    if against.interval is not None:
        low, high = against.interval
        interval = f"{low:+.{digits}f} to {high:+.{digits}f}"
    return f"| {output} | {against.baseline} | {against.difference:+.{digits}f} | {interval} |"


def _bootstrap(splits: Splits, figures: ForecastFigures) -> str:
    if not figures.held_out:
        return _NO_BOOTSTRAP
    if not figures.is_sure:
        return _TOO_FEW_BLOCKS.format(fewest=FEWEST_BLOCKS)
    several = splits.test.series.max() > 0
    return _BOOTSTRAP.format(blocks="whole series" if several else "stretches of examples that follow each other")


def _sure(serving: ForecastServing, splits: Splits, forecasts: Array, figures: ForecastFigures) -> str:
    if serving.is_class:
        targets = splits.test.targets
        base = float(((targets - splits.training.targets.mean()) ** 2).mean())
        return _PROBABILITY.format(brier=float(((forecasts - targets) ** 2).mean()), base=base)
    if figures.coverage is None:
        return ""
    names = serving.step_names(serving.observations)
    return _COVERAGE.format(
        steps=" | ".join(names),
        rules="|".join("---" for _ in names),
        rows="\n".join(_shares(output, shares) for output, shares in figures.coverage.items()),
        observations=serving.observations,
    )


def _shares(output: str, shares: Sequence[float]) -> str:
    return f"| {output} | {' | '.join(f'{100 * share:.1f}' for share in shares)} |"


def _collapse(trained: TrainedForecast, forecasts: Array) -> str:
    if trained.recipe.source != "air pollution":
        return ""
    reached = ", ".join(f"{value:.2f}" for value in forecasts.ravel())
    return _COLLAPSE.format(parameters=trained.model.count_params(), reached=reached)
