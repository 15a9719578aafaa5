"""The service that tutorials teach: a ``def`` endpoint, Keras' text functions if it has them, ``model.predict``."""

import os
import sys
from pathlib import Path

import keras
import uvicorn
from fastapi import FastAPI

from app.artifacts.manifest import read_manifest
from app.sentiment.classifier import Classification
from app.sentiment.engines import dropping_masks
from app.sentiment.labels import Labels
from app.sentiment.schemas import SentimentRequest, SentimentResponse
from app.sentiment.tokenizer import Tokenizer
from bench import keras_models
from bench.peers.answers import answer
from bench.splitting import splitter

folder = Path(os.environ["BENCH_MODEL"])
model = keras_models.load(folder)
labels: Labels = tuple(read_manifest(folder).serving["labels"])
tokenizer = Tokenizer.load(folder / "tokenizer.json")
split, word_index = splitter(tokenizer), tokenizer.word_index
maxlen = model.input_shape[1]

app = FastAPI()


@app.post("/sentiment", response_model=SentimentResponse)
def sentiment(body: SentimentRequest) -> SentimentResponse:
    """Split, pad, predict."""
    words = split(body.text)
    sequence = [1] + [word_index.get(word, 2) for word in words]
    padded = keras.utils.pad_sequences([sequence], maxlen=maxlen)
    with dropping_masks():
        probabilities = model.predict(padded, verbose=0)[0].tolist()
    if len(probabilities) == 1:
        probabilities = [1 - probabilities[0], *probabilities]
    classification = Classification(labels, probabilities, len(words), sequence.count(2), len(sequence) > maxlen)
    return answer(classification, folder.name)


if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]), access_log=False)
