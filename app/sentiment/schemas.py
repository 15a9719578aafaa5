"""Request and response models of the sentiment routes."""

from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, ConfigDict, Field, ValidationInfo

from app.http.schemas import NAME_CHARACTERS, Schema
from app.sentiment.codes import MEANINGS, WarningCode
from app.sentiment.labels import FEWEST, MOST
from app.sentiment.side import Side

MOST_STEPS: Final = 100
"""Token ids that are looked into at once."""
MOST_UNITS: Final = 4_096

Text = Annotated[str, Field(min_length=1)]
TokenId = Annotated[int, Field(ge=0, le=2**31 - 1)]
ModelName = Annotated[
    str | None,
    Field(
        max_length=NAME_CHARACTERS,
        description="Name of the model to ask, one of `GET /models`; by default the default model.",
    ),
]

ModelVersion = Annotated[
    str | None,
    Field(
        max_length=NAME_CHARACTERS,
        description="Version of the model that has to answer, one of `GET /models`; 404 if it is served in another.",
        json_schema_extra={"examples": ["2.3.0"]},
    ),
]


def _split(value: Any, info: ValidationInfo) -> Any:
    """Take a list apart that a form sends as one string. In JSON a list is a list."""
    return value.split(",", MOST) if isinstance(value, str) and info.mode != "json" else value


_Names = Annotated[
    list[str],
    # What is wrong with a choice is said where the model's labels are known.
    Field(max_length=MOST, json_schema_extra={"minItems": FEWEST, "uniqueItems": True}),
    BeforeValidator(_split),
]
LabelChoice = Annotated[
    _Names | None,
    Field(
        description="Labels to choose from, some of those that the model has: `probabilities` are then of these alone, "
        "in proportion; by default all of them. In a form, one field with commas: `negative,positive`.",
        json_schema_extra={"examples": [["negative", "positive"]]},
    ),
]
Probability = Annotated[float, Field(ge=0, le=1)]
ByLabel = Annotated[
    dict[str, Probability],
    Field(description="A number for each label, in the model's order. They add up to 1, but for rounding."),
]
Sequence = Annotated[list[TokenId], Field(fail_fast=True)]
Sequences = Annotated[list[Sequence], Field(min_length=1, fail_fast=True)]
"""Refused at the first item that is wrong: to complain of a hundred thousand takes long."""
Texts = Annotated[list[Text], Field(min_length=1)]

_RESULT: dict[str, Any] = {
    "label": "positive",
    "score": 0.945189,
    "probabilities": {"negative": 0.009285, "neutral": 0.045525, "positive": 0.945189},
    "tokens": {"count": 7, "unknown": 0, "truncated": False},
    "warnings": [],
    "model": "sentiment-best",
    "version": "2.3.0",
}
EXPLAINED: Final[dict[str, Any]] = {
    "label": "positive",
    "score": 0.904686,
    "probabilities": {"negative": 0.020679, "neutral": 0.074635, "positive": 0.904686},
    "tokens": {"count": 2, "unknown": 0, "truncated": False},
    "warnings": [],
    "model": "sentiment-best",
    "version": "2.3.0",
    "words": [
        {"text": "Superb", "start": 0, "end": 6, "contribution": 3.433144},
        {"text": "acting", "start": 7, "end": 13, "contribution": 0.331418},
    ],
    "sentences": [{"start": 0, "end": 14, "label": "positive", "score": 0.904686}],
}
"""What `Superb acting.` gets when it is explained."""


def _example(*values: dict[str, Any], strict: bool = False) -> ConfigDict:
    config = ConfigDict(json_schema_extra={"examples": list(values)})
    return ConfigDict(**config, extra="forbid", strict=True) if strict else config


class SentimentRequest(Schema):
    """A text to classify."""

    model_config = _example(
        {"text": "A wonderful film, I loved every moment."}, {"text": "Superb acting.", "explain": True}, strict=True
    )

    text: Text = Field(description="The text, in English; at least one character.")
    model: ModelName = None
    version: ModelVersion = None
    labels: LabelChoice = None
    explain: bool = Field(False, description="Also tell what each word contributes, and classify each sentence.")


class TokenCounts(Schema):
    """What the model saw of the text."""

    count: int = Field(ge=0, description="Number of words in the text.")
    unknown: int = Field(
        ge=0,
        description="How many of them are not in the model's vocabulary. If all are, the answer means little.",
    )
    truncated: bool = Field(description="Whether the text is longer than the model reads; it reads the end then.")


class SentimentResponse(Schema):
    """The sentiment of a text."""

    model_config = _example(_RESULT)

    label: str = Field(description="The most probable label: `negative` or `positive`, or one of the model's own.")
    score: Probability = Field(description="The probability of `label`.")
    probabilities: ByLabel
    tokens: TokenCounts = Field(description="How much of the text the model saw.")
    warnings: list[WarningCode] = Field(
        description="Why the answer may mean little; empty where there is nothing to warn of. "
        + "; ".join(f"`{code}`: {meaning}" for code, meaning in MEANINGS.items())
        + ".",
        json_schema_extra={"uniqueItems": True},
    )
    model: str = Field(description="Name of the model that answered.")
    version: str = Field(description="Version of the model that answered.")


class WordResponse(Schema):
    """What a word of the text contributes."""

    text: str = Field(description="The word as it stands in the text.")
    start: int = Field(ge=0, description="Where it starts in the text, in Unicode code points from 0.")
    end: int = Field(ge=1, description="Where it ends: the place after its last code point.")
    contribution: float = Field(
        description="How much the log-odds, to base e, fall without the word: those of `positive` against `negative` "
        "if both are to choose from, else of the answer's `label` against all others. Above 0 for a word that speaks "
        "for it, below 0 for one that speaks against it. Without the word means that it is left out (leave-one-out "
        "attribution); or, in a text that the model reads in several windows, that it is one that the model does not "
        "know, and that no other part of the text makes up for it (occlusion of each memory cell). 0 for a word that "
        "the model does not read because the text is truncated.",
    )


class SentenceResponse(Schema):
    """The sentiment of a sentence of the text, by itself."""

    start: int = Field(ge=0, description="Where the sentence starts in the text, in Unicode code points from 0.")
    end: int = Field(ge=1, description="Where it ends: the place after its last code point.")
    label: str = Field(description="The most probable label of the sentence.")
    score: Probability = Field(description="The probability of `label`.")


class ExplainedResponse(SentimentResponse):
    """The sentiment of a text, of its words and of its sentences."""

    model_config = _example(EXPLAINED)

    words: list[WordResponse] = Field(description="Every word of the text, in order.")
    sentences: list[SentenceResponse] = Field(
        description="Every sentence of the text that has a word, in order. They do not overlap."
    )


class BatchRequest(Schema):
    """Texts to classify."""

    model_config = _example({"texts": ["A wonderful film.", "I want a refund; I was so bored!"]}, strict=True)

    texts: Texts = Field(description="The texts, each of at least one character.")
    model: ModelName = None
    version: ModelVersion = None
    labels: LabelChoice = None
    explain: bool = Field(False, description="Also tell what each word contributes, and classify each sentence.")
    on_error: Literal["fail", "continue"] = Field(
        "fail",
        description="What a text does that cannot be classified, as it is empty, too long or no string: `fail` refuses "
        "the request; with `continue` that text gets an `error` in place of its result.",
    )


class TolerantBatchRequest(BatchRequest):
    """Texts to classify, of which some may be wrong."""

    texts: Annotated[list[Any], Field(min_length=1)] = Field(description="The texts.")
    on_error: Literal["continue"]


class RowFailure(Schema):
    """Why a text has no result."""

    model_config = _example({"error": "The text is empty."})

    error: str = Field(description="A sentence that says what is wrong.")


class BatchResponse(Schema):
    """The sentiment of each text."""

    model_config = _example({"results": [_RESULT]})

    results: list[SentimentResponse] = Field(description="One result a text, in the order of the texts.")


class ExplainedBatchResponse(Schema):
    """The sentiment of each text, of its words and of its sentences."""

    model_config = _example({"results": [EXPLAINED]})

    results: list[ExplainedResponse] = Field(description="One result a text, in the order of the texts.")


class TolerantBatchResponse(Schema):
    """The sentiment of each text, or why it has none."""

    model_config = _example({"results": [_RESULT, {"error": "The text is empty."}]})

    results: list[ExplainedResponse | SentimentResponse | RowFailure] = Field(
        description="One result a text, in the order of the texts."
    )


class TokenizeRequest(Schema):
    """Texts to turn into token ids."""

    model_config = _example(
        {"texts": ["This movie was awful", "I loved every moment of this movie!"], "fit": True}, strict=True
    )

    texts: Texts = Field(description="The texts, each of at least one character.")
    fit: bool = Field(
        False,
        description="Fit a new vocabulary on these texts, as Keras' `Tokenizer` does, instead of using the model's. "
        "Word ids begin at 1 then, and nothing is put in front of a text.",
    )
    model: ModelName = None
    version: ModelVersion = None


class TokenizeResponse(Schema):
    """Texts as token ids."""

    model_config = _example(
        {
            "sequences": [[1, 2, 3, 4], [5, 6, 7, 8, 9, 1, 2]],
            "tokens": [
                ["this", "movie", "was", "awful"],
                ["i", "loved", "every", "moment", "of", "this", "movie"],
            ],
            "vocabulary_size": 9,
            "word_index": {"this": 1, "movie": 2, "was": 3, "awful": 4},
        }
    )

    sequences: list[list[int]] = Field(description="The ids of each text, neither padded nor truncated.")
    tokens: list[list[str]] = Field(description="What each id stands for: a word, `<start>` or `<unknown>`.")
    vocabulary_size: int = Field(
        description="Number of ids that the model knows; with `fit`, the number of different words, as in the lecture."
    )
    word_index: dict[str, int] | None = Field(
        None, description="With `fit`, the id of each word, the most frequent first."
    )


class PadRequest(Schema):
    """Sequences to bring to one length."""

    model_config = _example({"sequences": [[2, 3, 4, 5], [1, 6, 7, 8, 9, 2, 3]], "maxlen": 8}, strict=True)

    sequences: Sequences = Field(description="Sequences of token ids, of any length.")
    maxlen: int | None = Field(
        None, ge=1, le=100_000, description="Length to bring them to; by default that of the longest one."
    )
    padding: Side = Field("pre", description="Fill before (`pre`) or after (`post`) a sequence that is too short.")
    truncating: Side = Field("pre", description="Cut the start (`pre`) or the end (`post`) of one that is too long.")
    value: int = Field(0, ge=-(2**31), le=2**31 - 1, description="The id to fill with.")


class PadResponse(Schema):
    """Sequences of one length."""

    model_config = _example({"padded": [[0, 0, 0, 0, 2, 3, 4, 5], [0, 1, 6, 7, 8, 9, 2, 3]], "shape": [2, 8]})

    padded: list[list[int]] = Field(description="The sequences, in order.")
    shape: list[int] = Field(min_length=2, max_length=2, description="Number of sequences, and their length.")


class PredictRequest(Schema):
    """Token ids to classify."""

    model_config = _example({"sequences": [[1, 14, 20, 16], [0, 0, 1, 14]]}, strict=True)

    sequences: Annotated[list[Annotated[Sequence, Field(min_length=1)]], Field(min_length=1, fail_fast=True)] = Field(
        description="Sequences of token ids, as `/tokenize` gives them, or padded in front by `/pad`. Each is read as "
        "if padded, or truncated, to the model's `maxlen`."
    )
    model: ModelName = None
    version: ModelVersion = None


class PredictResponse(Schema):
    """The probabilities of each sequence."""

    model_config = _example(
        {"probabilities": [[0.1, 0.25, 0.65], [0.3, 0.6, 0.1]], "model": "sentiment-best", "version": "2.3.0"},
        {"probabilities": [0.612345, 0.534567], "model": "sentiment-lecture", "version": "1.0.0"},
    )

    probabilities: list[Probability] | list[list[Probability]] = Field(
        description="For each sequence, in order: the probability that it is positive, for a model of `negative` and "
        "`positive`; for others, the probability of each label, in the order of `labels` in `GET /models`."
    )
    model: str = Field(description="Name of the model that answered.")
    version: str = Field(description="Version of the model that answered.")


class ActivationsRequest(Schema):
    """Token ids to look into the model with."""

    model_config = _example(
        {"ids": [1, 14, 20, 16], "model": "sentiment-lecture", "units": [7]}, {"ids": [0, 0, 1, 14]}, strict=True
    )

    ids: Annotated[Sequence, Field(min_length=1, max_length=MOST_STEPS)] = Field(
        description="Token ids, as `/tokenize` gives them, or padded by `/pad`. They are read as `/predict` reads a "
        "sequence: padded in front, or truncated, to the model's `maxlen`."
    )
    units: Annotated[list[Annotated[int, Field(ge=0)]], Field(max_length=MOST_UNITS, fail_fast=True)] | None = Field(
        None,
        description="Units, from 0, of each direction whose cells and gates to give; by default all.",
        json_schema_extra={"examples": [[7]]},
    )
    model: ModelName = None
    version: ModelVersion = None


_Steps = list[list[float]]


class DirectionActivations(Schema):
    """What an LSTM computes as it reads in one direction. All are lists of one list an id, with a number a unit."""

    direction: Literal["forward", "backward"] = Field(description="Where it reads to: `backward` begins with the end.")
    hidden: _Steps = Field(description="h, the state of each of the model's units after each id, from −1 to 1.")
    cell: _Steps = Field(description="c, the memory of each unit of `units` after each id.")
    input: _Steps = Field(description="Input gate, from 0 to 1: how much of the candidate goes into the cell.")
    forget: _Steps = Field(description="Forget gate, from 0 to 1: how much of the cell before is kept.")
    candidate: _Steps = Field(description="What would be written into the cell, from −1 to 1.")
    output: _Steps = Field(description="Output gate, from 0 to 1: how much of the cell shows in h.")


class ActivationsResponse(Schema):
    """What a model computes inside as it reads token ids."""

    model_config = _example(
        {
            "directions": [
                {
                    "direction": "forward",
                    "hidden": [[0.1, -0.2], [0.3, -0.1]],
                    "cell": [[-0.4], [-0.2]],
                    "input": [[0.5], [0.6]],
                    "forget": [[0.9], [0.8]],
                    "candidate": [[-0.3], [0.2]],
                    "output": [[0.5], [0.5]],
                }
            ],
            "units": [1],
            "probabilities": [0.51, 0.55],
            "windows": [0],
            "skipped": 0,
            "model": "sentiment-lecture",
            "version": "1.0.0",
        }
    )

    directions: list[DirectionActivations] = Field(description="`forward`, and `backward` where a model has both.")
    units: list[int] = Field(description="The units whose cells and gates are given, in this order.")
    probabilities: list[Probability] | list[list[Probability]] = Field(
        description="What `/predict` answers for the ids up to each one, as if they ended there."
    )
    windows: list[int] = Field(
        description="Where the windows begin that the model reads by themselves, as indices of the ids; each begins "
        "with an empty memory. A model that does not read in windows has one."
    )
    skipped: int = Field(
        ge=0, description="How many ids in front are padding that the model masks; what they would compute is 0."
    )
    model: str = Field(description="Name of the model that answered.")
    version: str = Field(description="Version of the model that answered.")


class FeedbackRequest(Schema):
    """A text, and the label that it should have had."""

    model_config = _example({"text": "I want a refund; I was so bored!", "label": "negative"}, strict=True)

    text: Text = Field(description="The text, as it was classified.")
    label: str = Field(max_length=NAME_CHARACTERS, description="The label that is right, one of the model's.")
    model: ModelName = None


class FeedbackResponse(Schema):
    """What was kept beside the text."""

    model_config = _example({"label": "negative", "model": "sentiment-best", "version": "2.3.0"})

    label: str = Field(description="The label.")
    model: str = Field(description="Name of the model that it is about.")
    version: str = Field(description="Version of the model that is served now.")


class ModelInfo(Schema):
    """A sentiment model that is loaded."""

    name: str = Field(description="Name to put into a request's `model`.")
    default: bool = Field(description="Whether it answers when a request names no model.")
    version: str = Field(
        description="The version that is served: the number of its folder, or else what its manifest says."
    )
    versions: list[str] = Field(
        description="All versions that its folder has, the lowest first, whether they can be served or not; just the "
        "one that is served where it has no folders of versions."
    )
    engine: str = Field(description="What computes: `onnx` or `tensorflow`.")
    labels: list[str] = Field(description="The labels that it tells apart, in the order of its probabilities.")
    vocabulary_size: int = Field(description="Number of token ids it knows.")
    maxlen: int = Field(description="Number of tokens it reads at most.")
    trained_on: str = Field(description="The data set.")
    figures: dict[str, Any] = Field(description="What was measured when it was trained, by split.")


class RefusedFolder(Schema):
    """A model folder that is not served."""

    folder: str = Field(description="The folder, or the file in it that is wrong, below that of all models.")
    error: str = Field(description="A sentence that says what is wrong, and what to do.")


class ModelsResponse(Schema):
    """The sentiment models that are loaded."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "models": [
                        {
                            "name": "sentiment-best",
                            "default": True,
                            "version": "2.3.0",
                            "versions": ["2.3.0"],
                            "engine": "onnx",
                            "labels": ["negative", "neutral", "positive"],
                            "vocabulary_size": 26000,
                            "maxlen": 1025,
                            "trained_on": "Large Movie Review Dataset v1.0",
                            "figures": {"test": {"reviews": 25000, "accuracy": 0.92276}},
                        }
                    ],
                    "refused": [
                        {
                            "folder": "sentiment-mine/2",
                            "error": "sentiment-mine/2/model.onnx is not the file that manifest.json describes (its "
                            "SHA-256 differs); restore it.",
                        }
                    ],
                }
            ]
        }
    )

    models: list[ModelInfo] = Field(description="One entry a model.")
    refused: list[RefusedFolder] = Field(
        description="Folders that are not served as they are now. What was served before goes on."
    )
