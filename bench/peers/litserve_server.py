"""LitServe serving the same model, as its documentation shows: setup, decode, predict, encode."""

# LitServe lives in an environment of its own, where mypy does not look.
# mypy: disable-error-code="import-not-found,misc"

import os
import sys
from pathlib import Path
from typing import Any

import litserve

from app.sentiment.classifier import Classification, Classifier
from bench.peers.answers import answer


class SentimentAPI(litserve.LitAPI):
    """Text to sentiment."""

    def setup(self, _device: str) -> None:
        """Load the model, once in the worker."""
        self.classifier = Classifier(Path(os.environ["BENCH_MODEL"]))

    def decode_request(self, request: dict[str, Any]) -> str:
        """Take the text out of the JSON object."""
        text: str = request["text"]
        return text

    def predict(self, text: str) -> Classification:
        """Classify the text."""
        return self.classifier.classify(text)[0]

    def encode_response(self, output: Classification) -> dict[str, Any]:
        """Make the JSON object that the service answers."""
        return answer(output, self.classifier.name).model_dump()


if __name__ == "__main__":
    server = litserve.LitServer(SentimentAPI(api_path="/sentiment"), accelerator="cpu", workers_per_device=1)
    server.run(host="127.0.0.1", port=int(sys.argv[1]), num_api_servers=1, generate_client_file=False)
