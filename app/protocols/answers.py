"""Texts of a request, classified and, if wished, explained."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

from app.sentiment.checks import TOO_MUCH, too_much
from app.sentiment.classifier import Classification, Classifier, Timing
from app.sentiment.explanation import Explained
from app.sentiment.labels import Labels
from app.sentiment.serialization import explanation_json
from app.sentiment.service import ExplainTiming, SentimentService

Result = TypeVar("Result")


class Answer(NamedTuple):
    """What was found of a text.

    Attributes:
        classification: The classification.
        explanation: JSON, an object with ``words`` and ``sentences``; empty if no explanation was asked for.
    """

    classification: Classification
    explanation: str


class Task(NamedTuple):
    """What is to be done.

    Attributes:
        model: By which model.
        labels: The labels to choose from.
        explain: Whether to explain the answers.
        field: The field of the body that holds the texts, for messages.
    """

    model: Classifier
    labels: Labels
    explain: bool
    field: str


async def answer_texts(
    service: SentimentService, task: Task, texts: Sequence[str], convert: Callable[[Sequence[Answer]], Result]
) -> tuple[list[Result], Timing | ExplainTiming]:
    """Classify texts: one in the event loop, together with those of other requests; several in threads.

    Args:
        service: The service.
        task: What to do with them.
        texts: At least one.
        convert: Called with the answers to each slice of the texts.

    Returns:
        What ``convert`` gave, in order, and the seconds that the steps took.

    Raises:
        app.http.problems.Problem: 422 if a text is too long, or they have too many words to be explained.
        app.compute.Busy: Too much work waits, of this client or in all.
    """
    try:
        if task.explain or len(texts) > 1:
            return await _answer_several(service, task, texts, convert)
        classification, timing = await service.classify(task.model, texts[0], task.labels)
    except TOO_MUCH as error:
        raise too_much(error, task.field) from error
    return [convert([Answer(classification, "")])], timing


async def _answer_several(
    service: SentimentService, task: Task, texts: Sequence[str], convert: Callable[[Sequence[Answer]], Result]
) -> tuple[list[Result], Timing | ExplainTiming]:
    def convert_found(found: Sequence[Classification]) -> Result:
        return convert([Answer(one, "") for one in found])

    def convert_explained(part: Sequence[str], found: Sequence[Explained]) -> Result:
        pairs = zip(part, found, strict=True)
        return convert([Answer(one.classification, explanation_json(one.explanation, text)) for text, one in pairs])

    if task.explain:
        return await service.explain_all(task.model, texts, task.labels, convert_explained)
    return await service.classify_all(task.model, texts, task.labels, convert_found)
