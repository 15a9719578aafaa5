"""The answer that all peers give: the service's own schema."""

from app.sentiment.classifier import Classification
from app.sentiment.schemas import SentimentResponse, TokenCounts


def answer(classification: Classification, model: str) -> SentimentResponse:
    """Describe a classification."""
    return SentimentResponse(
        label=classification.label,
        score=classification.score,
        probabilities=dict(zip(classification.labels, classification.probabilities, strict=True)),
        tokens=TokenCounts(
            count=classification.words, unknown=classification.unknown, truncated=classification.truncated
        ),
        warnings=list(classification.warnings),
        model=model,
        version="1",
    )
