"""Texts of a command that a service classifies elsewhere."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import httpx

from app.artifacts.versions import ModelId
from app.client import Client, ServiceError
from app.files.errors import InputError
from app.sentiment.classifier import Classification
from app.sentiment.schemas import RowFailure, SentimentResponse


class RemoteClassifier:
    """Has a service classify texts. Safe to use from several threads."""

    def __init__(self, client: Client, model: str | None, labels: Sequence[str] | None) -> None:
        """Ask nothing yet.

        Args:
            client: Of the service.
            model: Name of the model to ask; by default the service's default model.
            labels: Labels to choose from; by default all that the model has.
        """
        self._client = client
        self._model = model
        self._labels = labels

    def classify(self, texts: Sequence[str]) -> list[tuple[Classification, ModelId]]:
        """Classify texts.

        Returns:
            What was found of each, and which model answered.

        Raises:
            InputError: The service does not answer, or not as asked.
        """
        try:
            # The service takes no empty text; a blank is read alike.
            given = (text or " " for text in texts)
            found = self._client.sentiment_stream(given, self._model, labels=self._labels)
            return [_read(one) for one in found]
        except ServiceError as error:
            raise InputError(f"The service answers {error}") from error
        except httpx.HTTPError as error:
            raise InputError(f"The service does not answer ({error or type(error).__name__}).") from error


@contextmanager
def remote_classifier(
    url: str, api_key: str | None, model: str | None, labels: Sequence[str] | None
) -> Iterator[RemoteClassifier]:
    """Open connections to a service.

    Args:
        url: Where it is.
        api_key: One of its keys, if it asks for one.
        model: See :class:`RemoteClassifier`.
        labels: See there.

    Raises:
        InputError: That is no address.
    """
    try:
        client = Client(url, api_key=api_key)
    except (httpx.InvalidURL, ValueError) as error:
        raise InputError(f"--server {url} is no address of a service ({error}).") from error
    with client:
        yield RemoteClassifier(client, model, labels)


def _read(found: SentimentResponse | RowFailure) -> tuple[Classification, ModelId]:
    if isinstance(found, RowFailure):
        raise InputError(f"A text cannot be classified: {found.error}")
    probabilities, tokens = found.probabilities, found.tokens
    classification = Classification(
        tuple(probabilities), list(probabilities.values()), tokens.count, tokens.unknown, tokens.truncated,
        tuple(found.warnings),
    )  # fmt: skip
    return classification, ModelId(found.model, found.version)
