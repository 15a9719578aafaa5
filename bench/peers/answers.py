"""The answer that all peers give: the service's own schema."""

from app.sentiment.classifier import Classification
from app.sentiment.schemas import Probabilities, SentimentResponse, TokenCounts


def answer(classification: Classification, model: str) -> SentimentResponse:
    """Describe a classification."""
    positive = classification.probability
    return SentimentResponse(
        label=classification.label,
        score=classification.score,
        probabilities=Probabilities(negative=1 - positive, positive=positive),
        tokens=TokenCounts(
            count=classification.words, unknown=classification.unknown, truncated=classification.truncated
        ),
        model=model,
    )
