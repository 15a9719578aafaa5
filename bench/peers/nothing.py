"""FastAPI endpoints with the service's schemas that do nothing: what the framework alone costs."""

import sys
from typing import Annotated, Final

import uvicorn
from fastapi import FastAPI, Path

from app.forecasts.schemas import ForecastRequest, ForecastResponse
from app.sentiment.classifier import Classification
from app.sentiment.labels import BINARY
from app.sentiment.schemas import SentimentRequest, SentimentResponse
from bench.peers.answers import answer

ANSWER: Final = answer(Classification(BINARY, (0.026877, 0.973123), 12, 0, truncated=False), "none")
FORECAST: Final = ForecastResponse(
    predictions=[[[110.0]]], features=["air pollution"], steps=["day+1"], unit="µg/m³", intervals=None, warnings=[]
)

app = FastAPI()


@app.post("/sentiment", response_model=SentimentResponse)
async def sentiment(_body: SentimentRequest) -> SentimentResponse:
    """Give the same answer to every text."""
    return ANSWER


@app.post("/forecasts/{name}", response_model=ForecastResponse)
async def forecast(_body: ForecastRequest, _name: Annotated[str, Path(alias="name")]) -> ForecastResponse:
    """Give the same answer to all observations."""
    return FORECAST


if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]), loop="uvloop", http="httptools", access_log=False)
