"""The routes of word vectors: they translate between HTTP and the spaces."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Annotated, Final, TypeVar

import numpy as np
from fastapi import APIRouter, Depends, Path, Query
from starlette.responses import Response

from app.artifacts.registry import UnknownName
from app.http.dependencies import Part
from app.http.json_routes import Body, JSONBody, JSONRoute, json_response
from app.http.problems import MAX_ERRORS, Problem, responses
from app.http.schemas import FieldError
from app.vectors.expression import ExpressionError, parse
from app.vectors.projection import project
from app.vectors.schemas import (
    MAX_WORDS,
    AnalogyRequest,
    AnalogyResponse,
    ExcludeInputs,
    Neighbor,
    NeighborsResponse,
    Normalize,
    Point,
    ProjectionRequest,
    ProjectionResponse,
    RestrictVocab,
    SimilarityResponse,
    SpaceInfo,
    SpaceName,
    SpacesResponse,
    Topn,
    VectorResponse,
)
from app.vectors.service import EXPLAINED, VectorsService
from app.vectors.space import NoDirection, SimilarWord, UnknownWord, VectorSpace
from app.vectors.spellings import closest

Result = TypeVar("Result")

Service = Annotated[VectorsService, Depends(Part(VectorsService))]


class WordsBody(JSONBody[Body]):
    """A dependency: a body with two lists of words at most, each of which its schema limits too."""

    def __init__(self, model: type[Body], field: str) -> None:
        super().__init__(model, field, lambda _settings: 2 * MAX_WORDS)


router = APIRouter(tags=["vectors"])
json_router = APIRouter(tags=["vectors"], route_class=JSONRoute)

WORD_CHARACTERS: Final = 1_000
"""Of a word in an address."""

Space = Annotated[str, Path(description="Name of the space, one of `GET /vectors`.", examples=["glove"])]
Word = Annotated[
    str,
    Path(
        max_length=WORD_CHARACTERS,
        description="The word, looked up as it is, then in lower case; `/` in it as `%2F`.",
        examples=["cold"],
    ),
]
QueryWord = Annotated[str, Query(min_length=1, max_length=WORD_CHARACTERS, description="A word.", examples=["cold"])]
Expression = Annotated[
    str,
    Query(
        min_length=1,
        max_length=1_000,
        description="Words with `+` and `-` between them. A space will do for `+`, which in an address means one.",
        examples=["queen - king + man"],
    ),
]


@router.get("/vectors", summary="The spaces of word vectors")
async def spaces(service: Service) -> SpacesResponse:
    """List the spaces that are loaded, where they come from, and under which licence."""
    return SpacesResponse(
        spaces=[
            SpaceInfo(
                name=space.name,
                words=len(space),
                dimensions=space.dimensions,
                source=space.about.source,
                licence=space.about.licence,
            )
            for space in service.spaces
        ]
    )


@router.get("/vectors/{space}/similarity", summary="How near two words are", responses=responses(404, 422, 429, 503))
async def similarity(service: Service, space: Space, a: QueryWord, b: QueryWord) -> SimilarityResponse:
    """Return the cosine of the angle between two words.

    The vector of the word *similarity* itself is at `/vectors/{space}/Similarity`.
    """
    chosen = _space(service, space)

    def work() -> SimilarityResponse:
        return SimilarityResponse(
            a=_spelling(chosen, a), b=_spelling(chosen, b), similarity=round(chosen.similarity(a, b), 8)
        )

    return await _run(service, chosen, {"query/a": [a], "query/b": [b]}, work)


@router.get(
    "/vectors/{space}/{word:path}/neighbors",
    summary="The words nearest to a word",
    responses=responses(404, 422, 429, 503),
)
async def neighbors(service: Service, space: Space, word: Word, topn: Topn = 10) -> NeighborsResponse:
    """Return the words nearest to a word by cosine, without the word itself."""
    chosen = _space(service, space)

    def work() -> NeighborsResponse:
        found = chosen.neighbors(word, topn)
        return NeighborsResponse(word=_spelling(chosen, word), results=_neighbors(found))

    return await _run(service, chosen, {"path/word": [word]}, work, topn)


@router.get("/vectors/{space}/{word:path}", summary="The vector of a word", responses=responses(404, 422, 429, 503))
async def vector(service: Service, space: Space, word: Word) -> VectorResponse:
    """Return a word's vector, the vector's length, and the word's rank by frequency."""
    chosen = _space(service, space)

    def work() -> VectorResponse:
        row = chosen.row(word)
        values = chosen.vector(row)
        return VectorResponse(
            word=chosen.vocabulary[row],
            rank=row + 1,
            norm=round(float(np.linalg.norm(values.astype(np.float64))), 6),
            # By way of the text, so that 0.55 does not become 0.550000011920929.
            vector=[float(str(value)) for value in values],
        )

    return await _run(service, chosen, {"path/word": [word]}, work)


@json_router.post(
    "/vectors/{space}/projection",
    summary="Words as points of a plot",
    response_model=ProjectionResponse,
    responses=responses(400, 404, 413, 415, 422, 429, 503),
)
async def projection(
    body: Annotated[ProjectionRequest, Depends(WordsBody(ProjectionRequest, "words"))],
    service: Service,
    space: Space,
) -> Response:
    """Bring words down to two or three dimensions by principal component analysis (PCA)."""
    chosen = _space(service, space)

    def work() -> Response:
        vectors = chosen.vectors(body.words)
        if body.normalize:
            norms = np.linalg.norm(vectors, axis=1, keepdims=True)
            vectors /= np.where(norms > 0, norms, 1)
        found = project(vectors, body.dimensions)
        points = zip(body.words, found.coordinates.round(6).tolist(), strict=True)
        return json_response(
            ProjectionResponse(
                points=[Point(word=_spelling(chosen, word), coordinates=point) for word, point in points],
                explained_variance_ratio=found.explained_variance_ratio.round(6).tolist(),
            )
        )

    return await _run(service, chosen, {"words": body.words}, work)


@json_router.post(
    "/analogies",
    summary="Arithmetic on words",
    response_model=AnalogyResponse,
    responses=responses(400, 404, 413, 415, 422, 429, 503),
)
async def analogies(
    body: Annotated[AnalogyRequest, Depends(WordsBody(AnalogyRequest, "positive"))], service: Service
) -> Response:
    """Return the words nearest to the sum of some words less others: *queen* − *king* + *man* is near *woman*.

    By default this is gensim's `most_similar`: unit vectors are added, and the words that are given are left out of
    the results. With `normalize` and `exclude_inputs` false it is the lecture's: vectors as they are, nothing left
    out.
    """
    return json_response(await _analogy(service, body, {"positive": body.positive, "negative": body.negative}))


@router.get("/analogies", summary="Arithmetic on words, as people type it", responses=responses(404, 422, 429, 503))
async def typed_analogy(
    service: Service,
    expression: Expression,
    space: SpaceName = "glove",
    topn: Topn = 10,
    normalize: Normalize = True,
    exclude_inputs: ExcludeInputs = True,
    restrict_vocab: RestrictVocab = None,
) -> AnalogyResponse:
    """Return the words nearest to a sum such as `queen - king + man`."""
    chosen = _space(service, space, "query/space")
    try:
        positive, negative = await service.read(
            lambda: parse(expression, chosen.__contains__), words=len(expression.split())
        )
    except ExpressionError as error:
        raise Problem(422, str(error), errors=[FieldError(pointer="#/query/expression", detail=str(error))]) from error
    body = AnalogyRequest.model_construct(
        positive=positive,
        negative=negative,
        space=space,
        topn=topn,
        normalize=normalize,
        exclude_inputs=exclude_inputs,
        restrict_vocab=restrict_vocab,
    )
    return await _analogy(service, body, {"query/expression": [*positive, *negative]})


async def _analogy(
    service: VectorsService, body: AnalogyRequest, fields: Mapping[str, Sequence[str]]
) -> AnalogyResponse:
    space = _space(service, body.space, "space")
    if not body.positive and not body.negative:
        detail = "needs a word, or `negative` does"
        raise Problem(422, f"The list `positive` {detail}.", errors=[FieldError(pointer="#/positive", detail=detail)])

    def work() -> AnalogyResponse:
        found = space.most_similar(
            body.positive,
            body.negative,
            topn=body.topn,
            normalize=body.normalize,
            exclude_inputs=body.exclude_inputs,
            restrict_vocab=body.restrict_vocab,
        )
        return AnalogyResponse(
            space=space.name,
            positive=[_spelling(space, word) for word in body.positive],
            negative=[_spelling(space, word) for word in body.negative],
            results=_neighbors(found),
        )

    return await _run(service, space, fields, work, body.topn)


def _space(service: VectorsService, name: str, field: str = "path/space") -> VectorSpace:
    try:
        return service.spaces.get(name)
    except UnknownName as error:
        raise Problem(404, str(error), errors=[FieldError(pointer=f"#/{field}", detail="is not a space")]) from error


async def _run(
    service: VectorsService,
    space: VectorSpace,
    fields: Mapping[str, Sequence[str]],
    work: Callable[[], Result],
    results: int = 0,
) -> Result:
    """Do the work on the words in some fields of a request, which asks for so many of the nearest words."""

    def described() -> Result:
        try:
            return work()
        except NoDirection as error:
            raise Problem(422, str(error)) from error

    every = [word for words in fields.values() for word in words]
    try:
        return await service.run(described, space, every, results)
    except UnknownWord as error:
        raise await service.spell(partial(_problem, space, fields, error), every) from error


def _problem(space: VectorSpace, fields: Mapping[str, Sequence[str]], first: UnknownWord) -> Problem:
    return Problem(404, str(first), errors=list(islice(_unknown(space, fields, first), MAX_ERRORS)))


def _unknown(space: VectorSpace, fields: Mapping[str, Sequence[str]], first: UnknownWord) -> Iterator[FieldError]:
    known_spellings = {first.word: first.spellings}
    for field, words in fields.items():
        for index, word in enumerate(words):
            if word in space:
                continue
            detail = f"is not a word of {space.name}"
            if word not in known_spellings and len(known_spellings) < EXPLAINED:
                known_spellings[word] = closest(word, space.vocabulary)
            if spellings := known_spellings.get(word):
                detail = f"{detail}; the closest are {', '.join(spellings)}"
            yield FieldError(pointer=f"#/{field}" if "/" in field else f"#/{field}/{index}", detail=detail)


def _spelling(space: VectorSpace, word: str) -> str:
    return space.vocabulary[space.row(word)]


def _neighbors(found: Sequence[SimilarWord]) -> list[Neighbor]:
    return [Neighbor(word=word, similarity=round(similarity, 8)) for word, similarity in found]
