"""MLServer serving the same model, as its documentation shows: a class with ``load`` and ``predict``."""

# MLServer lives in an environment of its own, where mypy does not look.
# mypy: disable-error-code="import-not-found,misc,no-any-return"

import os
import sys
import tempfile
from pathlib import Path

import numpy as np
from mlserver import MLModel
from mlserver.cli import main
from mlserver.codecs import NumpyCodec, StringCodec
from mlserver.types import InferenceRequest, InferenceResponse

from app.sentiment.classifier import Classifier


class Sentiment(MLModel):
    """Text to sentiment."""

    async def load(self) -> bool:
        """Load the model, once in the server."""
        self.classifier = Classifier(Path(os.environ["BENCH_MODEL"]))
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """Classify the texts."""
        texts = StringCodec.decode_input(payload.inputs[0])
        found = [self.classifier.classify(text)[0] for text in texts]
        probabilities = np.array([one.probabilities for one in found], dtype=np.float32)
        outputs = [
            StringCodec.encode_output("label", [one.label for one in found]),
            NumpyCodec.encode_output("score", probabilities.max(axis=1)),
            NumpyCodec.encode_output("probabilities", probabilities),
        ]
        return InferenceResponse(model_name=self.name, outputs=outputs)


if __name__ == "__main__":
    os.environ |= {
        "MLSERVER_HOST": "127.0.0.1",
        "MLSERVER_HTTP_PORT": sys.argv[1],
        "MLSERVER_GRPC_PORT": "0",
        "MLSERVER_METRICS_PORT": "0",
        "MLSERVER_PARALLEL_WORKERS": "0",
        "MLSERVER_MODEL_NAME": "sentiment",
        "MLSERVER_MODEL_IMPLEMENTATION": "bench.peers.mlserver_server.Sentiment",
    }
    with tempfile.TemporaryDirectory() as folder:
        sys.argv = ["mlserver", "start", folder]
        main()
