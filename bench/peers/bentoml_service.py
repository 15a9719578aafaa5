"""BentoML serving the same model, as its documentation shows: a service class with an API method."""

# BentoML lives in an environment of its own, where mypy does not look.
# mypy: disable-error-code="import-not-found,untyped-decorator"

import os
from pathlib import Path

import bentoml

from app.sentiment.classifier import Classifier
from app.sentiment.schemas import SentimentResponse
from bench.peers.answers import answer


@bentoml.service(workers=1)
class Sentiment:
    """Text to sentiment."""

    def __init__(self) -> None:
        self.classifier = Classifier(Path(os.environ["BENCH_MODEL"]))

    @bentoml.api
    async def sentiment(self, text: str) -> SentimentResponse:
        """Classify a text; ``async`` spares it BentoML's thread pool, which makes it faster here."""
        return answer(self.classifier.classify(text)[0], self.classifier.name)
