"""The answer to a batch of texts in JSON."""

import asyncio
from collections.abc import Sequence
from functools import partial
from itertools import chain
from typing import Any

from starlette.responses import Response
from starlette.types import Scope

from app.files.tables import RowError, Text
from app.http.compression import SHORTEST, gzipped, takes_gzip
from app.sentiment.classifier import Classification, Classifier, Timing
from app.sentiment.explanation import Explained
from app.sentiment.labels import Labels
from app.sentiment.row_stream import LONG, complaint
from app.sentiment.serialization import error_json, explained_json, sentiment_json
from app.sentiment.service import ExplainTiming, SentimentService


async def batch_results(
    service: SentimentService, model: Classifier, texts: Sequence[Any], labels: Labels, *, explain: bool, tolerant: bool
) -> tuple[str, Timing | ExplainTiming]:
    """Classify texts and return the results as JSON, in order, and the seconds that this took.

    Args:
        service: What classifies.
        model: The model that is asked.
        texts: The texts.
        labels: Those of the model's labels to choose from.
        explain: Whether the results are explained.
        tolerant: Whether texts may be anything, and those that are wrong have an error for a result.

    Raises:
        app.sentiment.refusals.TextTooLong: One of them, or all to be explained, have too many characters.
        app.sentiment.refusals.TooManyWords: They have more words than are explained.
        app.compute.Busy: Too much work waits, of this client or in all.
    """
    complaints: list[str] = []
    if tolerant:
        complaints = [complaint(_text(item), service.settings.max_characters) for item in texts]
        texts = [text for text, wrong in zip(texts, complaints, strict=True) if not wrong]
    results: list[list[str]] = []
    timing: Timing | ExplainTiming = Timing(0, 0)
    if explain and texts:

        def convert_explained(some: Sequence[str], found: Sequence[Explained]) -> list[str]:
            return list(map(partial(explained_json, model=model.id), found, some))

        results, timing = await service.explain_all(model, texts, labels, convert_explained)
    elif texts:

        def convert(found: Sequence[Classification]) -> list[str]:
            return list(map(partial(sentiment_json, model=model.id), found))

        results, timing = await service.classify_all(model, texts, labels, convert)
    good = chain.from_iterable(results)
    found = [error_json(wrong) if wrong else next(good) for wrong in complaints] if tolerant else good
    return f'{{"results":[{",".join(found)}]}}', timing


def _text(item: Any) -> Text:
    if isinstance(item, str):
        return item or None
    return RowError("the text is not a string.")


async def json_answer(scope: Scope, content: str) -> Response:
    """Answer with JSON, gzipped where the client takes that and it is long enough."""
    body = content.encode()
    headers = {"Vary": "Accept-Encoding"}
    if len(body) >= SHORTEST and takes_gzip(scope):
        # In a thread without admission: the work is done, and must not be refused now.
        body = await asyncio.to_thread(gzipped, body) if len(body) > LONG else gzipped(body)
        headers["Content-Encoding"] = "gzip"
    return Response(body, headers=headers, media_type="application/json")
