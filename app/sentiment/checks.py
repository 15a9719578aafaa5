"""What requests ask of the sentiment service, checked: what cannot be done becomes a problem document."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, Final

from starlette.responses import Response

from app.artifacts.registry import UnknownName
from app.http.json_routes import too_many
from app.http.problems import Problem
from app.http.schemas import FieldError
from app.sentiment.classifier import Classifier, Timing
from app.sentiment.estimates import SECONDS_AN_ID
from app.sentiment.labels import Labels, LabelsError, choose
from app.sentiment.refusals import TextTooLong, TooManyWords
from app.sentiment.service import ExplainTiming, SentimentService

TOO_MUCH: Final = (TextTooLong, TooManyWords)


def find_model(service: SentimentService, name: str | None, version: str | None = None, where: str = "#") -> Classifier:
    """Return the model of a name, or the default.

    Args:
        service: The service.
        name: The name, if the request gives one.
        version: The version that it has to have, if the request gives one.
        where: Where the request gives them.

    Raises:
        Problem: 404 if there is no such model, or it is served in another version.
    """
    try:
        model = service.models.get(name)
    except UnknownName as error:
        wrong = FieldError(pointer=f"{where}/model", detail="is not a model")
        raise Problem(404, str(error), errors=[wrong]) from error
    if version is not None and version != model.version:
        detail = f"is not served; the version of {model.name} that is served is {model.version}"
        wrong = FieldError(pointer=f"{where}/version", detail=detail)
        raise Problem(404, f"The version {version[:40]!r} {detail}.", errors=[wrong])
    return model


def choose_labels(model: Classifier, wanted: Sequence[str] | None, pointer: str = "#/labels") -> Labels:
    """Return the labels to choose from: those that a request wants, or all of the model.

    Raises:
        Problem: 422 if the model cannot choose from these.
    """
    if wanted is None:
        return model.labels
    try:
        return choose(model.labels, wanted)
    except LabelsError as error:
        wrong = FieldError(pointer=pointer, detail=str(error))
        raise Problem(422, f"The choice of labels {error}.", errors=[wrong]) from error


def limit_items(service: SentimentService, items: Sequence[Any], field: str) -> None:
    """Refuse more texts or sequences than a request may have: 422.

    Args:
        service: The service.
        items: The texts or sequences.
        field: The field of the body that holds them; a path with ``/`` if it lies deeper.
    """
    limit = service.settings.max_texts
    if len(items) > limit:
        raise too_many(field, len(items), limit)


def limit_ids(service: SentimentService, sequences: Sequence[Sequence[int]], field: str = "sequences") -> int:
    """Return how many token ids sequences have together, which must not be too many: 422."""
    ids, limit = sum(map(len, sequences)), service.settings.max_ids
    if ids > limit:
        raise too_many(field, ids, limit, "ids")
    return ids


def limit_characters(service: SentimentService, texts: Sequence[str]) -> int:
    """Return how many characters texts have together, which must not be too many."""
    characters, limit = sum(map(len, texts)), service.settings.max_characters
    if characters > limit:
        raise too_many("texts", characters, limit, "characters")
    return characters


async def require_known_ids(
    service: SentimentService,
    model: Classifier,
    sequences: Sequence[Sequence[int]],
    ids: int,
    field: str = "sequences",
) -> None:
    """Refuse token ids that a model does not know: 422; in a thread, if there are many.

    Args:
        service: The service.
        model: The model.
        sequences: Sequences of ids, none of them empty.
        ids: How many they are together.
        field: The field of the body that holds them.
    """
    check = partial(_check_known_ids, model, sequences, field)
    await service.compute.call(check, seconds=ids * SECONDS_AN_ID)


def _check_known_ids(model: Classifier, sequences: Sequence[Sequence[int]], field: str) -> None:
    for index, sequence in enumerate(sequences):
        if max(sequence) >= model.serving.vocabulary_size:
            detail = f"has an id that {model.name} does not know; its ids end at {model.serving.vocabulary_size - 1}"
            error = FieldError(pointer=f"#/{field}/{index}", detail=detail)
            raise Problem(422, f"Sequence {index} {detail}.", errors=[error])


def check_known_id(model: Classifier, ids: Sequence[int]) -> None:
    """Do the same for the ids of one text, and point at the id."""
    known = model.serving.vocabulary_size
    place = next((place for place, number in enumerate(ids) if number >= known), None)
    if place is not None:
        detail = f"is {ids[place]}, which {model.name} does not know; its ids end at {known - 1}"
        raise Problem(422, f"An id {detail}.", errors=[FieldError(pointer=f"#/ids/{place}", detail=detail)])


def choose_units(model: Classifier, wanted: Sequence[int] | None, ids: int) -> Sequence[int]:
    """Return the units whose gates are asked for: those that a request wants, or all.

    Args:
        model: The model.
        wanted: The units, if the request names some.
        ids: How many ids it reads.

    Raises:
        Problem: 422 if the model is not of one LSTM layer, does not read so many ids, or has no such unit, or a unit is
            named twice: an answer would be as long as somebody likes.
    """
    network = model.engine.network
    if network is None:
        detail = f"names {model.name}, which is not of one LSTM layer; ask another of `GET /models`"
        raise Problem(422, f"The model {detail}.", errors=[FieldError(pointer="#/model", detail=detail)])
    if ids > model.serving.maxlen:
        detail = f"has {ids:,} ids; {model.name} reads {model.serving.maxlen:,} at most"
        raise Problem(422, f"The list `ids` {detail}.", errors=[FieldError(pointer="#/ids", detail=detail)])
    units = network.layer.units
    for place, unit in enumerate(wanted or ()):
        if unit >= units:
            detail = f"is {unit}, but {model.name} has the units 0 to {units - 1}"
            raise Problem(422, f"A unit {detail}.", errors=[FieldError(pointer=f"#/units/{place}", detail=detail)])
    if wanted is not None and len(set(wanted)) < len(wanted):
        place = next(place for place, unit in enumerate(wanted) if unit in wanted[:place])
        detail = f"is {wanted[place]}, which is named before; name each unit once"
        raise Problem(422, f"A unit {detail}.", errors=[FieldError(pointer=f"#/units/{place}", detail=detail)])
    return range(units) if wanted is None else wanted


@contextmanager
def refusing(field: str) -> Iterator[None]:
    """Answer 422 where a text of a field is too long, or all have too many words to be explained."""
    try:
        yield
    except TOO_MUCH as error:
        raise too_much(error, field) from error


def too_much(error: TextTooLong | TooManyWords, field: str) -> Problem:
    """Describe what :func:`refusing` refuses, to code that has no time for a context manager."""
    pointer = f"#/{field}" if error.index is None else f"#/{field}/{error.index}"
    return Problem(422, str(error), errors=[FieldError(pointer=pointer, detail=error.detail)])


def timed(response: Response, timing: Timing | ExplainTiming) -> Response:
    """Add the header that tells what the steps took."""
    value = f"tokenize;dur={timing.tokenize * 1000:.3f}, predict;dur={timing.predict * 1000:.3f}"
    if isinstance(timing, ExplainTiming):
        value += f", explain;dur={timing.explain * 1000:.3f}"
    response.raw_headers.append((b"server-timing", value.encode()))
    return response
