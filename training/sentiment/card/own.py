"""The card of a model of the user's own texts."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from app.artifacts.manifest import Manifest
from training.sentiment.card.tables import epochs, table

_HEAD: Final = """# {name}

Tells {labels} apart. Trained with `python -m training sentiment --recipe {recipe} --data {files}` on {train:,} labelled
rows{began}.

| on {test:,} test rows | this model | linear model |{base_head}
|---|---|---|{base_rule}
| accuracy | **{accuracy:.4f}** ({low:.4f} to {high:.4f}) | {linear[accuracy]:.4f} |{base_accuracy}
| macro-F1 | {macro_f1:.4f} | {linear[macro_f1]:.4f} |{base_cell}
| log loss | {log_loss:.4f} | {linear[log_loss]:.4f} |{base_cell}
| expected calibration error | {calibration_error:.4f} | {linear[calibration_error]:.4f} |{base_cell}

The test rows are {where}; they chose nothing. {verdict}

The ONNX graph gives the same probabilities as Keras to {parity[largest_difference]:.1e} on {parity[texts]:,} of these
rows; {parity[labels_that_differ]} labels differ.
"""
_BETTER: Final = (
    "The linear model is logistic regression on words and word pairs, weighted by naive Bayes (Wang and Manning, ACL "
    "2012), and was trained on the same rows. The network beats its accuracy by {difference:.4f}, with a 95 % interval "
    "by the paired bootstrap of {low:+.4f} to {high:+.4f}; McNemar's exact test gives p = {p_value:.3g}."
)
_WORSE: Final = (
    "The linear model is logistic regression on words and word pairs, weighted by naive Bayes (Wang and Manning, ACL "
    "2012), and was trained on the same rows. **The network does not beat it here**: the difference is "
    "{difference:+.4f}, with a 95 % interval by the paired bootstrap of {low:+.4f} to {high:+.4f}; McNemar's exact "
    "test gives p = {p_value:.3g}. For these texts the linear model is the better choice, unless more rows change that."
)
_WHERE: Final = {True: "a share of the data that was held out, group by group", False: "a file of their own"}


def card(manifest: Manifest) -> str:
    """Return the card, which follows from the manifest alone."""
    sections = [
        _head(manifest),
        _labels(manifest),
        _calibration(manifest),
        _trained(manifest),
        _curve(manifest),
        _errors(manifest),
        _limits(manifest),
    ]
    return "\n".join(section for section in sections if section)


def curve_points(manifest: Manifest) -> list[tuple[int, float, float]]:
    """Return the learning curve: rows trained on, accuracy of the network, accuracy of the linear model."""
    figures = manifest.figures
    points = [(point["rows"], point["network"], point["linear"]) for point in figures["curve"]]
    last = (manifest.data["train"]["rows"], figures["test"]["accuracy"], figures["linear"]["accuracy"])
    return [*points, last]


def _head(manifest: Manifest) -> str:
    figures, recipe = manifest.figures, manifest.recipe
    test, against = figures["test"], figures["against_linear"]
    low, high = against["interval"]
    verdict = (_BETTER if against["difference"] > 0 else _WORSE).format(**{**against, "low": low, "high": high})
    base, compared = recipe["own"]["base"], figures["against_base"]
    before = {"base_head": "", "base_rule": "", "base_accuracy": "", "base_cell": ""}
    if base is not None and compared is not None:
        before = {
            "base_head": f" {base['name']} |",
            "base_rule": "---|",
            "base_accuracy": f" {test['accuracy'] - compared['difference']:.4f} |",
            "base_cell": " |",
        }
        verdict += (
            f" Against {base['name']} as it was, the difference is {compared['difference']:+.4f} "
            f"({compared['interval'][0]:+.4f} to {compared['interval'][1]:+.4f}; p = {compared['p_value']:.3g})."
        )
    return _HEAD.format(
        name=manifest.name,
        labels=_listed([f"`{label}`" for label in recipe["own"]["labels"]]),
        recipe=recipe["name"],
        files=" ".join(file["name"] for file in manifest.data["files"]),
        train=manifest.data["train"]["rows"],
        began="" if base is None else f", beginning with {base['name']} {base['version']} (trained on {base['data']})",
        test=test["rows"],
        low=test["interval"][0],
        high=test["interval"][1],
        linear=figures["linear"],
        parity=figures["onnx_against_keras"],
        where=_WHERE[manifest.data["test"]["held_out"]],
        verdict=verdict,
        **{name: test[name] for name in ("accuracy", "macro_f1", "log_loss", "calibration_error")},
        **before,
    )


def _labels(manifest: Manifest) -> str:
    test = manifest.figures["test"]
    of_label = [
        [one["label"], f"{one['rows']:,}", *(f"{one[name]:.4f}" for name in ("precision", "recall", "f1"))]
        for one in test["of_label"]
    ]
    matrix = [
        [f"**{label}**", *(f"{count:,}" for count in row)]
        for label, row in zip(test["labels"], test["confusion_matrix"], strict=True)
    ]
    head = ["label", "test rows", "precision", "recall", "F1"]
    return (
        f"## Label by label\n{table(head, of_label)}\n\n"
        f"How many test rows of each label (down) were given which (across):\n\n"
        f"{table(['', *test['labels']], matrix)}\n\n![Confusion matrix](confusion-matrix.png)\n"
    )


def _calibration(manifest: Manifest) -> str:
    found = manifest.figures["calibration"]
    if found is None:
        return ""
    sets = {**found["sets"], "test rows": found["test"]}
    rows = [
        [
            name,
            f"{one['texts']:,}",
            *(f"{one[f'{figure}_{when}']:.4f}" for figure in ("log_loss", "error") for when in ("before", "after")),
        ]
        for name, one in sets.items()
        if one is not None
    ]
    head = ["", "rows", "log loss before", "after", "calibration error before", "after"]
    used = (
        "so the logits are divided by it: it is part of the weights of the last layer"
        if found["used"]
        else "so it is left out"
    )
    return (
        "## Calibration\n"
        f"The temperature with the least log loss is {found['temperature']:.3f} (Guo et al., ICML 2017), fitted on the "
        f"{', '.join(found['fitted_on'])} and judged by cross-fitting; the log loss goes from "
        f"{found['log_loss_before']:.4f} to {found['log_loss_after']:.4f}, {used}. Of few rows, the calibration error "
        f"is chance for the most part.\n\n{table(head, rows)}\n\n![Reliability diagram](reliability-diagram.png)\n"
    )


def _trained(manifest: Manifest) -> str:
    recipe, data, figures = manifest.recipe, manifest.data, manifest.figures
    lines = ["## How it was trained"]
    rows, training, validation = (data["train"][name] for name in ("rows", "training", "validation"))
    if not validation:
        chosen_by = "what is chosen was chosen by cross-validation on them"
    elif training < rows:
        chosen_by = f"{validation:,} others were held out to choose by"
    else:
        chosen_by = f"{validation:,} of them were held out at first, to choose by"
    lines.append(f"{training:,} rows were trained on; {chosen_by}.")
    if data["findings"]:
        found = ", ".join(f"{one['name']}: {one['rows']:,}" for one in data["findings"])
        lines.append(f"Found before (rows): {found}.")
    chosen = figures.get("chosen")
    if chosen is not None:
        lines.append(f"\nOf what was tried, *{_how(chosen)}* had the least log loss on rows that it did not see:\n")
        tried = [[_how(one), f"{one['log_loss']:.4f}", f"{one['accuracy']:.4f}"] for one in figures["candidates"]]
        lines.append(table(["what is changed", "log loss", "accuracy"], tried))
        if recipe["own"]["base"] is not None:
            lines.append(f"\n{figures['new_words']:,} words were added to those of the base.")
    history = figures["epochs"]
    if history and "val_loss" in history[0]:
        lines.append(f"\n{epochs(history)}")
    lines.append(
        f"\nSeed {recipe['seed']}; the versions of libraries and the checksums of the data are in the manifest.\n"
    )
    return "\n".join(lines)


def _how(chosen: Mapping[str, Any]) -> str:
    if not chosen["epochs"]:
        return f"{chosen['changed']}, variance {chosen['variance']:g}" if chosen["variance"] else chosen["changed"]
    return (
        f"{chosen['changed']}, learning rate {chosen['rate']:g}, {chosen['epochs']} "
        f"epoch{'' if chosen['epochs'] == 1 else 's'}, {chosen['share']:.0%} of the way"
    )


def _curve(manifest: Manifest) -> str:
    if not manifest.figures["curve"]:
        return ""
    rows = [[f"{rows:,}", f"{network:.4f}", f"{linear:.4f}"] for rows, network, linear in curve_points(manifest)]
    return (
        "## Learning curve\nAccuracy on the same test rows after training on a part of the rows, each time by what was "
        f"chosen for all.\n\n{table(['rows', 'network', 'linear model'], rows)}\n\n"
        "![Learning curve](learning-curve.png)\n"
    )


def _errors(manifest: Manifest) -> str:
    errors = manifest.figures["errors"]
    if not errors:
        return "## What it gets wrong\nNone of the test rows.\n"
    quoted = "text" in errors[0]
    rows = [
        [
            f"`{error['row']}`",
            error["label"],
            error["predicted"],
            f"{error['probability']:.4f}",
            *([" ".join(error["text"].split())] if quoted else []),
        ]
        for error in errors
    ]
    head = ["row", "label", "predicted", "probability", *(["text"] if quoted else [])]
    return (
        "## What it gets wrong\nThe errors with the largest probability. A label may be wrong, too: look at the rows."
        f"\n\n{table(head, rows)}\n"
    )


def _limits(manifest: Manifest) -> str:
    language = manifest.serving.get("language")
    knows = "English, as its base is" if language == "en" else "what is in the rows it was trained on"
    return (
        "## Limits\n"
        f"Its language is {knows}. It gives one of its labels to any text, also to one that has nothing to do with "
        "those it learnt from; where `tokens.unknown` is close to `tokens.count`, the answer means little.\n"
    )


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
