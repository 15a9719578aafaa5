"""The model card of the recipe ``best``, to be filled in by :mod:`training.sentiment.card.card`."""

from collections.abc import Mapping
from typing import Final

_CARD: Final = """# sentiment-{name}

Tells whether an English text, such as a film review or a sentence of one, is positive or negative.
Embedding({vocabulary_size:,} × {word_vectors[vector_size]}) → Bidirectional(LSTM({student[units]})) → maximum of each
feature over time → Dense(1, sigmoid), trained with `python -m training sentiment --recipe {name} --seed {seed}` on
{corpus}.

| on {reviews:,} test reviews | |
|---|---|
| accuracy | **{accuracy:.4f}** |
| area under the ROC curve | {roc_auc:.4f} |
| log loss | {log_loss:.4f} |
| Brier score | {brier_score:.4f} |
| expected calibration error | {calibration_error:.4f} |

The ONNX graph gives the same probabilities as Keras to {largest_difference:.1e} on these {texts:,} reviews;
{labels_that_differ} labels differ. `python -m training report` compares it with other models and baselines, on short
texts too.

## How it was trained
{training:,} reviews of the train split and {unlabelled[reviews]:,} reviews without labels were learnt from;
{validation:,} reviews, of movies that are not among the former, were held out. The test split was read once, for the
table above.

1. Two teachers predicted all of them out of fold, never having seen the label of the review they predicted: a logistic
   regression on 1–3-grams (`training/sentiment/evaluation/bag_of_words.py`), and one on paragraph vectors that predict
   n-grams (`training/sentiment/distillation/paragraph_teacher.py`). Stacking, a logistic regression on their logits,
   combines the two.
2. Assistants, LSTMs too, were trained on the labels and on these predictions, and predicted each review and each single
   sentence. Further generations were trained on the teachers and the assistants before them.
3. The network was trained on all of them: windows of {student[window]} words of the reviews, single sentences, and
   phrases in which a negation decides. The target of a labelled review is {label:.0%} its label; the rest is what the
   teachers predicted.

| teacher | accuracy on the held-out reviews |
|---|---|
TEACHERS

The rows *all* are stacked by a regression on these very reviews, with at most four coefficients: that flatters them a
little.

Text is split into words and marks by the rule `reviews` (`app/sentiment/rules.py`): *didn't* is *did* and *n't*; `!`,
`?` and emoticons are words of their own. The {vocabulary_size:,} most frequent ids stay, others become `<unknown>`. Of
longer texts, the last {maxlen:,} words count. The weights are the moving average over the steps, after
{student[epochs]} epochs.

{epochs_table}

![Learning curve](learning-curve.png)

## How good it is
![Confusion matrix](confusion-matrix.png) ![ROC curve](roc-curve.png)

![Reliability diagram](reliability-diagram.png)

## Limits
It reads English, and learnt from reviews of films: of another language, or of a text about something else, it knows
little more than which words praise and which blame. It knows two answers and gives one of them to anything; a neutral
text gets some probability in the middle or, by chance, at an end. It does not recognise irony. Negations that it has
not met are mistaken for their contrary. Where `tokens.unknown` is close to `tokens.count`, the answer means little.
"""


def card(teachers: Mapping[str, float]) -> str:
    """Return the card, a format string.

    Args:
        teachers: The accuracy of each teacher on the held-out reviews, by name.
    """
    return _CARD.replace("TEACHERS", "\n".join(f"| {name} | {accuracy:.4f} |" for name, accuracy in teachers.items()))
