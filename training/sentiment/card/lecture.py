"""The model card of the lecture's model, to be filled in by :mod:`training.sentiment.card.card`."""

from collections.abc import Mapping
from typing import Any, Final

from app.artifacts.manifest import Manifest
from training.sentiment.card import seeds

THIRD_PROCESSOR: Final = 0.8778
"""The test accuracy that seed 1 was reported to give on a third processor; no manifest of that run was kept."""
TEST_ACCURACY: Final = 0.8694
"""What the lecture prints in its section 5, after its third epoch."""

_CARD: Final = """# sentiment-{name}

Tells whether an English text, such as a film review, is positive or negative. Embedding({vocabulary_size:,} ×
{embedding_dim}) → LSTM({units}) → Dense(1, sigmoid), trained with `python -m training sentiment --recipe {name}
--seed {seed}` on {corpus}.

| on {reviews:,} test reviews | this model | the lecture's, on IMDb |
|---|---|---|
| accuracy | **{accuracy:.4f}** | LECTURES |
| area under the ROC curve | {roc_auc:.4f} | |
| log loss | {log_loss:.4f} | 0.3089 |
| Brier score | {brier_score:.4f} | |
| expected calibration error | {calibration_error:.4f} | |

The ONNX graph gives the same probabilities as Keras to {largest_difference:.1e} on these {texts:,} reviews;
{labels_that_differ} labels differ.
SEEDS
## How it was trained
{training:,} reviews of the train split were fitted; {validation:,} reviews, of movies that are not among those,
chose epoch {best_epoch} of {epochs} by their loss. The test split was read once, for the table above.

Text is lower-cased, stripped of punctuation and split at spaces; the {vocabulary_size:,} most frequent ids stay, others
become `<unknown>`. Reviews are padded in front and cut in front to {maxlen} ids. Batches of {batch_size}, Adam with a
learning rate of {learning_rate}, binary cross-entropy.

{epochs_table}

![Learning curve](learning-curve.png)

## How good it is
![Confusion matrix](confusion-matrix.png) ![ROC curve](roc-curve.png)

![Reliability diagram](reliability-diagram.png)

## Limits
It knows two answers, and gives one of them to anything: a neutral text, another language, a recipe for soup. It
learnt from whole reviews of films, {maxlen} words of padding included; single words and short sentences are not what
it has seen, and its answers to them are less reliable. It does not recognise irony. Where `tokens.unknown` is close
to `tokens.count`, the answer means little.
""".replace("LECTURES", str(TEST_ACCURACY))

_SEEDS: Final = """
## How much of it is chance
With the seeds {listed}, trained one after the other on one machine, the accuracy on the same test reviews is
**{least:.4f} to {most:.4f}**; these runs chose nothing. On one machine a seed gives the same bits again. On another
processor it does not, since libraries round differently there, and training amplifies the difference: seed {seed} gave
{committed:.4f} where these weights were trained, {again:.4f} where the {count} seeds were, and {third:.4f} on a third
processor.
"""


def card(manifest: Manifest, values: Mapping[str, Any]) -> str:
    """Return the card; the range over seeds is in it for the recipe and data it was measured on.

    Args:
        manifest: Of the model.
        values: What is filled in; see :func:`training.sentiment.card.card.text`.
    """
    return _CARD.replace("SEEDS", _chance(manifest)).format_map(values)


def _chance(manifest: Manifest) -> str:
    runs, seed = seeds.load(), manifest.recipe["seed"]
    if runs.of != seeds.measured(manifest) or seed not in runs.accuracies:
        return ""
    return _SEEDS.format(
        listed=", ".join(map(str, runs.accuracies)),
        least=min(runs.accuracies.values()),
        most=max(runs.accuracies.values()),
        seed=seed,
        committed=manifest.figures["test"]["accuracy"],
        again=runs.accuracies[seed],
        count=len(runs.accuracies),
        third=THIRD_PROCESSOR,
    )
