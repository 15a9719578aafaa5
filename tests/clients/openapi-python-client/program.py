"""Calls the service through what openapi-python-client makes of its document, and prints what it gets."""

import json
import sys

from sentiment_client import Client
from sentiment_client.api.forecasts import forecast
from sentiment_client.api.sentiment import classify, classify_batch
from sentiment_client.api.vectors import analogies, neighbors
from sentiment_client.models import (
    AnalogyRequest,
    AnalogyResponse,
    BatchRequest,
    BatchResponse,
    ExplainedResponse,
    ForecastRequest,
    ForecastResponse,
    NeighborsResponse,
    ProblemDetails,
    SentimentRequest,
    SentimentResponse,
)

client = Client(base_url=sys.argv[1], raise_on_unexpected_status=True)

text = classify.sync(client=client, body=SentimentRequest(text="A wonderful film, I loved every moment."))
assert isinstance(text, SentimentResponse)
explained = classify.sync(client=client, body=SentimentRequest(text="Superb acting.", explain=True))
assert isinstance(explained, ExplainedResponse)
batch = classify_batch.sync(client=client, body=BatchRequest(texts=["Superb acting.", "I was so bored!"]))
assert isinstance(batch, BatchResponse)
analogy = analogies.sync(client=client, body=AnalogyRequest(positive=["queen", "man"], negative=["king"], topn=1))
assert isinstance(analogy, AnalogyResponse)
near = neighbors.sync("glove", "cold", client=client, topn=2)
assert isinstance(near, NeighborsResponse)
days = [[10.0, 25.0, 60.0], [13.0, 10.0, 80.0], [9.0, 5.0, 90.0], [7.0, 0.0, 100.0]]
predicted = forecast.sync("air-pollution", client=client, body=ForecastRequest(sequences=[days]))
assert isinstance(predicted, ForecastResponse)
refused = classify.sync(client=client, body=SentimentRequest(text=""))
assert isinstance(refused, ProblemDetails)

label: str = text.label
score: float = text.score
sys.stdout.write(
    json.dumps(
        {
            "label": label,
            "score": score,
            "words": [word.text for word in explained.words],
            "labels": [result.label for result in batch.results],
            "analogy": analogy.results[0].word,
            "neighbors": len(near.results),
            "forecast": predicted.predictions,
            "pointers": [error.pointer for error in refused.errors or []],
        }
    )
)
