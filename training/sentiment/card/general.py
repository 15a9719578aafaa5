"""The model card of the recipe ``best``, to be filled in by :mod:`training.sentiment.card.card`."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from pydantic import TypeAdapter

from app.artifacts.manifest import Manifest
from training.sentiment.card import ablation, remarks, sections
from training.sentiment.card.tables import table
from training.sentiment.evaluation.bias import AxisShift
from training.sentiment.evaluation.calibration import Calibration
from training.sentiment.evaluation.development import SetFigures
from training.sentiment.evaluation.error_analysis import ErrorAnalysis, Group
from training.sentiment.general.recipe import EDITED, EMOTIONS, IMDB, MINILM, PRODUCTS, TREEBANK, WRITTEN


class CorpusTerms(NamedTuple):
    """Where a corpus is from.

    Attributes:
        title: What it is.
        reference: Who published it.
        held_out: What was held out together.
        terms: Under which terms.
    """

    title: str
    reference: str
    held_out: str
    terms: str


TERMS: Final[Mapping[str, CorpusTerms]] = {
    IMDB: CorpusTerms(
        "reviews of films on IMDb: the Large Movie Review Dataset v1.0",
        "Maas et al., ACL 2011",
        "movie",
        "free for research, with a citation",
    ),
    TREEBANK: CorpusTerms(
        "sentences of film reviews and their phrases: the Stanford Sentiment Treebank",
        "Socher et al., EMNLP 2013",
        "split",
        "none stated; published for research",
    ),
    EDITED: CorpusTerms(
        "reviews that people edited until their verdict turned",
        "Kaushik, Hovy and Lipton, ICLR 2020",
        "split, and the movies held out of IMDb",
        "Apache-2.0",
    ),
    PRODUCTS: CorpusTerms(
        "reviews of products on Amazon: the Multi-Domain Sentiment Dataset 2.0",
        "Blitzer, Dredze and Pereira, ACL 2007",
        "product",
        "none stated; published for research",
    ),
    EMOTIONS: CorpusTerms(
        "comments on Reddit with their emotions: GoEmotions",
        "Demszky et al., ACL 2020",
        "split",
        "Apache-2.0",
    ),
    WRITTEN: CorpusTerms("short texts of everyday life", "written for this repository", "–", "this repository's"),
}

_CARD: Final = """# sentiment-{name}

Tells whether an English text is negative, neutral or positive: a message, a comment, a review of anything, or a
sentence of one. Embedding({parts[size][vocabulary_size]:,} × {parts[size][dimensions]}) → in windows of
{student[window]} words, Bidirectional(LSTM({student[units]})) → maximum of each feature over time → Dense(3, softmax),
trained with `python -m training sentiment --recipe {name}{parts[without]} --seed {seed}` on {corpus}
and the corpora below. A request that names `"labels": ["negative", "positive"]` has it choose among these two.

| on {reviews:,} test reviews, negative or positive | |
|---|---|
| accuracy | **{accuracy:.4f}** |
| area under the ROC curve | {roc_auc:.4f} |
| log loss | {log_loss:.4f} |
| Brier score | {brier_score:.4f} |
| expected calibration error | {calibration_error:.4f} |

The test split was read once, for this table, the one of errors and the last line of the one on calibration. The ONNX
graph gives the same probabilities as Keras, of all labels, to {largest_difference:.1e} on these {texts:,} reviews;
{labels_that_differ} labels differ. `python -m training report --corpora DIR` compares it with other models and
baselines.

{parts[development]}
{parts[coverage]}
## How it was trained
1. *Films.* On {training:,} labelled reviews and {unlabelled[reviews]:,} without labels: two teachers, a linear model on
   1–3-grams and one on paragraph vectors that predict n-grams, predicted all reviews out of fold, by movie, in
   {films[folds]} folds. {parts[assistants]} were trained on the labels and on what those before
   them predict, also of single sentences; then a bidirectional LSTM of {films[student][units]} units, which is where
   the next stage begins.
2. *Teachers.* {parts[teachers]} went on from its weights, with three outputs,
   on the texts of all corpora. Its vocabulary of {films[vocabulary_size]:,} grew to
   {parts[size][vocabulary_size]:,}: the words that these texts have twice or more, and frequent ones of English. The
   vector of a new word is what a ridge regression on its GloVe vector predicts (Pennington, Socher and Manning, EMNLP
   2014).{parts[encoder]}
3. *Student.* The network above began as teacher {pruned}, pruned to {student[units]} units and {dimensions}
   dimensions a word (the units that the labels weigh least were taken out, and the product of vectors and kernel was
   brought to a lower rank), and was trained in {parts[trainings]} on the same texts. Where labels are uncertain, those
   of sentences, phrases, products and comments, the target is {uncertain_label:.0%} label and the rest what the
   teachers say; unlabelled reviews, single sentences, comments without a polarity and variants of short texts have what
   the teachers say alone. In a variant, words are replaced by words near them, or it is a run of words, or halves of
   two texts (Tang et al., *Distilling Task-Specific Knowledge from BERT into Simple Neural Networks*, 2019). One
   student read no variants; another, from the same start, did, in {parts[varied]}. This model is the mean of the
   weights of both, with {varied_weight:.0%} of the second's (Wortsman et al., *Model soups*, ICML 2022).

Text is split into words and marks by the rule `everyday` (`app/sentiment/rules.py`): *didn't* is *did* and *n't*; `!`,
`?` and emoticons are words of their own, and a word that is not in the vocabulary is looked for in other spellings. Of
longer texts, the last {maxlen:,} tokens count. Windows are read on their own, each with the start id in front, in
training as in serving. The weights of each training are the moving average over its steps.

{parts[corpora]}

How many times an epoch shows each text of a kind (0.5: every other one, at random):

{parts[shares]}

{parts[teachers_table]}

The epochs of the student on variants; in the last row, what is held out was read by the mean of both:

{epochs_table}

![Learning curve](learning-curve.png)

{parts[ablation]}## How good it is on film reviews
![Confusion matrix](confusion-matrix.png) ![ROC curve](roc-curve.png)

![Reliability diagram](reliability-diagram.png)

{parts[calibration]}
{parts[bias]}
{parts[errors]}
## Limits
It reads English, mostly as it is written in North America. Irony is out of its reach: praise that means its contrary is
praise to it. It learnt *neutral* from what readers of Reddit comments and of parts of sentences called so, and from
facts, questions and requests: whether a text is neutral or mild is often a matter of taste, and the model is as unsure
as people are. A text that praises and blames has no label of its own; it gets that of the side that weighs more. Of a
text of one or two words it knows little more than what these words mostly say. Negations that it has not met are
mistaken for their contrary. What somebody feels is not what they say: it tells sentiment, not mood, intent or truth.
Where `tokens.unknown` is close to `tokens.count`, the answer means little.
"""


_ENCODER: Final = """ Beside them, a transformer
   that others pretrained, MiniLM of six layers (`all-MiniLM-L6-v2`, Apache-2.0: Wang et al., NeurIPS 2020; Reimers and
   Gurevych, EMNLP 2019), was trained in {trainings} on such texts, of which it reads {longest} word pieces. Of what the
   teachers say of short texts, {weight:.0%} is what it says. It is a teacher alone: nothing of it is served."""


def card(manifest: Manifest, values: Mapping[str, Any]) -> str:
    """Return the card.

    Args:
        manifest: Of the model.
        values: What is filled in; see :func:`training.sentiment.card.card.text`.
    """
    recipe, figures = manifest.recipe, manifest.figures
    development = TypeAdapter(list[SetFigures]).validate_python(figures["development"])
    kinds = TypeAdapter(list[Group]).validate_python(figures["everyday"])
    errors = TypeAdapter(ErrorAnalysis).validate_python(figures["errors"])
    parts = {
        "size": figures["network"],
        "encoder": _encoder(recipe),
        "trainings": _epochs(recipe["student"]["epochs"]),
        "varied": _epochs(recipe["varied"]["epochs"]),
        "without": f" --without {','.join(recipe['without'])}" if recipe["without"] else "",
        "development": sections.development(development, kinds),
        "coverage": sections.coverage(development),
        "assistants": _assistants(recipe["films"]["assistants"]),
        "teachers": _teachers(recipe["teachers"]),
        "corpora": _corpora(manifest.data["train"]),
        "shares": _shares(recipe),
        "teachers_table": _teachers_table(figures["teachers"], development),
        "ablation": ablation.section(manifest),
        "calibration": sections.calibration(TypeAdapter(Calibration).validate_python(figures["calibration"])),
        "bias": sections.bias(TypeAdapter(list[AxisShift]).validate_python(figures["bias"])),
        "errors": sections.errors(errors, remarks.load()),
    }
    return _CARD.format_map({**values, "parts": parts})


def _assistants(generations: Sequence[Sequence[Mapping[str, Any]]]) -> str:
    sizes = [f"{how['units']}" for generation in generations for how in generation]
    number = "One assistant" if len(sizes) == 1 else f"{len(sizes)} assistants"
    of = "one generation" if len(generations) == 1 else f"{len(generations)} generations"
    return f"{number} in {of}, LSTMs of {', '.join(sizes)} units,"


def _teachers(teachers: Sequence[Mapping[str, Any]]) -> str:
    number = "One network" if len(teachers) == 1 else f"{len(teachers)} networks"
    epochs = [_epochs(count) for count in sorted({how["epochs"] for how in teachers})]
    english = sum(bool(how["english"]) for how in teachers)
    beside = f", {english} of them with GloVe's vectors beside its own," if english else ""
    return f"{number} of the same size, trained in {' or '.join(epochs)} each{beside or ','}"


def _epochs(count: int) -> str:
    return "one epoch" if count == 1 else f"{count} epochs"


def _encoder(recipe: Mapping[str, Any]) -> str:
    if MINILM in recipe["without"]:
        return ""
    how = recipe["encoder"]
    return _ENCODER.format(**how, trainings=_epochs(how["epochs"]))


def _corpora(data: Mapping[str, Any]) -> str:
    head = ["corpus", "published by", "trained on", "held out", "together", "terms"]
    sizes = {IMDB: {"training": data["training"], "validation": data["validation"]}, **data["corpora"]}
    rows = [
        [
            TERMS[name].title,
            TERMS[name].reference,
            f"{size['training']:,}" if size["training"] else "left out",
            f"{size['validation']:,}" if size["validation"] else "–",
            TERMS[name].held_out,
            TERMS[name].terms,
        ]
        for name, size in sizes.items()
    ]
    return table(head, rows)


def _shares(recipe: Mapping[str, Any]) -> str:
    """Return a table with a column for each network; neighbours that read the same share one."""
    columns: dict[str, Mapping[str, float]] = {
        f"teacher {number}": how["shares"] for number, how in enumerate(recipe["teachers"], start=1)
    }
    if MINILM not in recipe["without"]:
        columns["MiniLM"] = recipe["encoder"]["shares"]
    columns |= {"student": recipe["student"]["shares"], "student on variants": recipe["varied"]["shares"]}
    heads: list[tuple[list[str], Mapping[str, float]]] = []
    for name, shares in columns.items():
        if heads and heads[-1][1] == shares:
            heads[-1][0].append(name)
        else:
            heads.append(([name], shares))
    kinds = dict.fromkeys(kind for shares in columns.values() for kind in shares)
    rows = [[kind, *(f"{shares[kind]:.2g}" if shares.get(kind) else "–" for _, shares in heads)] for kind in kinds]
    return table(["texts", *("; ".join(names) for names, _ in heads)], rows)


def _teachers_table(teachers: Mapping[str, Mapping[str, float]], development: Sequence[SetFigures]) -> str:
    rows = [
        [
            one.name,
            *(f"{figures[one.name]:.4f}" if one.name in figures else "–" for figures in teachers.values()),
            f"{one.accuracy:.4f}",
        ]
        for one in development
    ]
    return table(["accuracy", *teachers, "this model"], rows)
