"""The model card of a sentiment model: ``README.md`` and its plots."""

from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from training import plots
from training.figures import Figures
from training.sentiment import Trained

LECTURE_TEST_ACCURACY: Final = 0.8694
"""What the lecture prints in its section 5, after its third epoch."""

_CARD: Final = """# sentiment-{name}

Tells whether an English text, such as a film review, is positive or negative. Embedding({vocabulary_size:,} ×
{embedding_dim}) → LSTM({units}) → Dense(1, sigmoid), trained with `python -m training sentiment --recipe {name}
--seed {seed}` on the Large Movie Review Dataset v1.0 (Maas et al., *Learning Word Vectors for Sentiment Analysis*,
ACL 2011).

| on {reviews:,} test reviews | this model | the lecture's |
|---|---|---|
| accuracy | **{accuracy:.4f}** | {lecture:.4f} |
| area under the ROC curve | {roc_auc:.4f} | |
| log loss | {log_loss:.4f} | 0.3089 |
| Brier score | {brier_score:.4f} | |
| expected calibration error | {calibration_error:.4f} | |

The ONNX graph gives the same probabilities as Keras to {largest_difference:.1e} on these {texts:,} reviews;
{labels_that_differ} labels differ.

## How it was trained
{training:,} reviews of the train split were fitted; {validation:,} reviews, of movies that are not among those,
chose epoch {best_epoch} of {epochs} by their loss. The test split was read once, for the table above.

Text is lower-cased, stripped of punctuation and split at spaces; the {vocabulary_size:,} most frequent ids stay, others
become `<unknown>`. Reviews are padded in front and cut in front to {maxlen} ids. Batches of {batch_size}, Adam with a
learning rate of {learning_rate}, binary cross-entropy.

| epoch | loss | accuracy | held-out loss | held-out accuracy |
|---|---|---|---|---|
{rows}

![Learning curve](learning-curve.png)

## How good it is
![Confusion matrix](confusion-matrix.png) ![ROC curve](roc-curve.png)

![Reliability diagram](reliability-diagram.png)

## Limits
It knows two answers, and gives one of them to anything: a neutral text, another language, a recipe for soup. It
learnt from whole reviews of films, {maxlen} words of padding included; single words and short sentences are not what
it has seen, and its answers to them are less reliable. It does not recognise irony. Where `tokens.unknown` is close
to `tokens.count`, the answer means little.
"""


def write(
    folder: Path,
    trained: Trained,
    figures: Figures,
    parity: dict[str, Any],
    labels: NDArray[np.int8],
    probabilities: NDArray[np.float32],
) -> None:
    """Write the card and its plots into a model folder.

    Args:
        folder: The model folder.
        trained: The model.
        figures: What was measured on the test reviews.
        parity: How far ONNX and Keras are apart, by :class:`training.model_folder.Parity`.
        labels: The labels of the test reviews, shape (n,).
        probabilities: What the model gave for them, shape (n,).
    """
    state, recipe = trained.state, trained.recipe
    plots.learning_curve(state.history, state.best_epoch, folder / "learning-curve.png")
    plots.confusion_matrix(figures, folder / "confusion-matrix.png")
    plots.roc_curve(labels, probabilities, folder / "roc-curve.png")
    plots.reliability_diagram(labels, probabilities, folder / "reliability-diagram.png")
    rows = "\n".join(
        f"| {number} | {epoch['loss']:.4f} | {epoch['accuracy']:.4f} | {epoch['val_loss']:.4f} "
        f"| {epoch['val_accuracy']:.4f} |"
        for number, epoch in enumerate(state.history, start=1)
    )
    values: dict[str, Any] = {**vars(recipe), **figures.model_dump(), **parity, **trained.sizes}
    values |= {"lecture": LECTURE_TEST_ACCURACY, "seed": trained.seed, "best_epoch": state.best_epoch, "rows": rows}
    text = _CARD.format_map(values)
    (folder / "README.md").write_text(text, encoding="utf-8")
