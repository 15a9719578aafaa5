"""The client that waits. Generated from ``asynchronous.py``: edit that file, then ``make format``."""

from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Any, Final, Literal, Self, overload

import httpx

from app.client import synchronous_flow as flow
from app.client.messages import Answer, ServiceError, authorization, characters, path_of, read
from app.forecasts.schemas import ForecastDetails, ForecastResponse, ForecastsResponse
from app.operations.schemas import Health
from app.sentiment.schemas import (
    ActivationsResponse,
    BatchResponse,
    ExplainedBatchResponse,
    ExplainedResponse,
    FeedbackResponse,
    ModelsResponse,
    PadResponse,
    PredictResponse,
    RowFailure,
    SentimentResponse,
    TokenizeResponse,
    TolerantBatchResponse,
)
from app.sentiment.side import Side
from app.vectors.schemas import (
    AnalogyResponse,
    NeighborsResponse,
    ProjectionResponse,
    SimilarityResponse,
    SpacesResponse,
    VectorResponse,
)

BASE_URL: Final = "http://127.0.0.1:8000"
TIMEOUT: Final = 30.0
SPACE: Final = "glove"
BLOCK: Final = 256
"""Texts of a request of a stream."""
BLOCK_CHARACTERS: Final = 2**20
"""And its characters, about: the service refuses a body of 16 MiB."""
REQUESTS: Final = 4
"""Requests of a stream under way at once."""
RETRIES: Final = 20
"""How often a block of a stream is sent again to a service that is too busy."""


class Client:
    """Asks the service and waits for the answer. Safe to use from several threads.

    All methods but :meth:`ready` raise :class:`ServiceError` if the service answers with an error, and
    ``httpx.TransportError`` if it does not answer.
    """

    def __init__(
        self,
        base_url: str = BASE_URL,
        *,
        api_key: str | None = None,
        timeout: float | httpx.Timeout = TIMEOUT,
        transport: httpx.BaseTransport | None = None,
        http: httpx.Client | None = None,
    ) -> None:
        """Make a client; nothing is sent yet.

        Args:
            base_url: Where the service is.
            api_key: One of the service's keys, if it asks for one.
            timeout: Seconds to wait for the service, at each step of a request.
            transport: What carries the requests, for tests and proxies.
            http: An httpx client to use, with its own base URL, headers and timeout; the other arguments do not matter
                then, and it is left open.
        """
        self._http = http or httpx.Client(
            base_url=base_url, headers=authorization(api_key), timeout=timeout, transport=transport
        )
        self._owns_http = http is None

    @overload
    def sentiment(
        self,
        text: str,
        model: str | None = None,
        explain: Literal[False] = False,
        *,
        labels: Sequence[str] | None = None,
    ) -> SentimentResponse: ...

    @overload
    def sentiment(
        self, text: str, model: str | None = None, *, explain: Literal[True], labels: Sequence[str] | None = None
    ) -> ExplainedResponse: ...

    def sentiment(
        self, text: str, model: str | None = None, explain: bool = False, *, labels: Sequence[str] | None = None
    ) -> SentimentResponse:
        """Classify a text.

        Args:
            text: The text; not empty.
            model: Name of the model to ask; by default the service's default model.
            explain: Also tell what each word contributes, and classify each sentence; the answer is an
                :class:`ExplainedResponse` then.
            labels: Labels to choose from, some of those that the model has; by default all of them.
        """
        answer = ExplainedResponse if explain else SentimentResponse
        return self._post("/sentiment", answer, text=text, model=model, labels=labels, explain=explain or None)

    @overload
    def sentiment_batch(
        self,
        texts: Sequence[str],
        model: str | None = None,
        explain: Literal[False] = False,
        *,
        labels: Sequence[str] | None = None,
    ) -> BatchResponse: ...

    @overload
    def sentiment_batch(
        self,
        texts: Sequence[str],
        model: str | None = None,
        *,
        explain: Literal[True],
        labels: Sequence[str] | None = None,
    ) -> ExplainedBatchResponse: ...

    def sentiment_batch(
        self,
        texts: Sequence[str],
        model: str | None = None,
        explain: bool = False,
        *,
        labels: Sequence[str] | None = None,
    ) -> BatchResponse | ExplainedBatchResponse:
        """Classify texts; the results are in their order.

        Args:
            texts: The texts; none empty.
            model: Name of the model to ask; by default the service's default model.
            explain: Also tell what each word contributes, and classify each sentence; the answer is an
                :class:`ExplainedBatchResponse` then.
            labels: Labels to choose from, some of those that the model has; by default all of them.
        """
        given = {"texts": texts, "model": model, "labels": labels}
        if explain:
            return self._post("/sentiment/batch", ExplainedBatchResponse, **given, explain=True)
        return self._post("/sentiment/batch", BatchResponse, **given)

    def sentiment_stream(
        self,
        texts: flow.Texts,
        model: str | None = None,
        explain: bool = False,
        *,
        labels: Sequence[str] | None = None,
        block: int = BLOCK,
        requests: int = REQUESTS,
        retries: int = RETRIES,
        progress: Callable[[int], object] | None = None,
    ) -> Iterator[ExplainedResponse | SentimentResponse | RowFailure]:
        """Classify any number of texts, in blocks of which several are under way; the results are in their order.

        No more of the texts is read, and no more of the results kept, than is under way. A block that the service is
        too busy for is sent again when it says.

        Args:
            texts: The texts, as they come.
            model: Name of the model to ask; by default the service's default model.
            explain: Also explain each answer; the results are :class:`ExplainedResponse` then.
            labels: Labels to choose from, some of those that the model has; by default all of them.
            block: Texts a request.
            requests: Requests under way at once.
            retries: How often a block is sent again.
            progress: Called with the number of texts that have their results, after each block.

        Returns:
            A result a text; for one that cannot be classified, since it is empty or too long, why.
        """
        given = {"model": model, "labels": labels, "explain": explain or None, "on_error": "continue"}

        def send(some: list[str]) -> list[ExplainedResponse | SentimentResponse | RowFailure]:
            try:
                answer = self._post_again(
                    retries, "/sentiment/batch", TolerantBatchResponse, texts=[*map(characters, some)], **given
                )
            except ServiceError as error:
                if not error.is_of_texts:
                    raise
                if len(some) == 1:
                    return [RowFailure(error=error.detail)]
                half = len(some) // 2
                return [*send(some[:half]), *send(some[half:])]
            return answer.results

        done = 0
        for results in flow.in_order(send, flow.blocks(texts, block, BLOCK_CHARACTERS), requests):
            done += len(results)
            if progress is not None:
                progress(done)
            for result in results:
                yield result

    def tokenize(self, texts: Sequence[str], fit: bool = False, model: str | None = None) -> TokenizeResponse:
        """Turn texts into token ids.

        Args:
            texts: The texts; none empty.
            fit: Fit a new vocabulary on these texts instead of using the model's.
            model: Name of the model whose vocabulary to use.
        """
        return self._post("/tokenize", TokenizeResponse, texts=texts, fit=fit, model=model)

    def pad(
        self,
        sequences: Sequence[Sequence[int]],
        maxlen: int | None = None,
        padding: Side = "pre",
        truncating: Side = "pre",
        value: int = 0,
    ) -> PadResponse:
        """Pad and truncate sequences to one length.

        Args:
            sequences: Sequences of ids, of any length.
            maxlen: Length to bring them to; by default that of the longest one.
            padding: Fill before or after a sequence that is too short.
            truncating: Cut the start or the end of a sequence that is too long.
            value: The id to fill with.
        """
        return self._post(
            "/pad",
            PadResponse,
            sequences=sequences,
            maxlen=maxlen,
            padding=padding,
            truncating=truncating,
            value=value,
        )

    def predict(self, sequences: Sequence[Sequence[int]], model: str | None = None) -> PredictResponse:
        """Return the probability that each sequence of token ids is positive."""
        return self._post("/predict", PredictResponse, sequences=sequences, model=model)

    def activations(
        self, ids: Sequence[int], units: Sequence[int] | None = None, model: str | None = None
    ) -> ActivationsResponse:
        """Look into a model of one LSTM layer as it reads token ids.

        Args:
            ids: At most 100 ids.
            units: Units of each direction whose cells and gates to give; by default all.
            model: Name of the model; by default the service's default model.
        """
        return self._post("/activations", ActivationsResponse, ids=ids, units=units, model=model)

    def feedback(self, text: str, label: str, model: str | None = None) -> FeedbackResponse:
        """Say which label a text should have had.

        Args:
            text: The text; not empty.
            label: One of the model's labels.
            model: Name of the model that classified it; by default the service's default model.
        """
        return self._post("/feedback", FeedbackResponse, text=text, label=label, model=model)

    def models(self) -> ModelsResponse:
        """List the models that the service has loaded."""
        return self._get("/models", ModelsResponse)

    def vectors(self) -> SpacesResponse:
        """List the spaces of word vectors that the service has loaded."""
        return self._get("/vectors", SpacesResponse)

    def vector(self, word: str, space: str = SPACE) -> VectorResponse:
        """Return the vector of a word, the vector's length, and the word's rank by frequency."""
        return self._get(path_of("vectors", space, word), VectorResponse)

    def neighbors(self, word: str, space: str = SPACE, topn: int = 10) -> NeighborsResponse:
        """Return the words nearest to a word, nearest first."""
        return self._get(path_of("vectors", space, word, "neighbors"), NeighborsResponse, topn=topn)

    def similarity(self, a: str, b: str, space: str = SPACE) -> SimilarityResponse:
        """Return the cosine of the angle between two words."""
        return self._get(path_of("vectors", space, "similarity"), SimilarityResponse, a=a, b=b)

    def projection(
        self, words: Sequence[str], space: str = SPACE, dimensions: int = 2, normalize: bool = False
    ) -> ProjectionResponse:
        """Bring words down to 2 or 3 dimensions, for a plot.

        Args:
            words: At least two words.
            space: Name of the space.
            dimensions: Axes of the plot.
            normalize: Project unit vectors.
        """
        path = path_of("vectors", space, "projection")
        return self._post(path, ProjectionResponse, words=words, dimensions=dimensions, normalize=normalize)

    def analogies(
        self,
        positive: Sequence[str] = (),
        negative: Sequence[str] = (),
        space: str = SPACE,
        topn: int = 10,
        normalize: bool = True,
        exclude_inputs: bool = True,
        restrict_vocab: int | None = None,
    ) -> AnalogyResponse:
        """Return the words nearest to a sum of words, nearest first.

        Args:
            positive: Words to add.
            negative: Words to subtract.
            space: Name of the space.
            topn: How many words at most.
            normalize: Add unit vectors; else the vectors as they are.
            exclude_inputs: Leave the words that are given out of the results.
            restrict_vocab: Look for results among the so many most frequent words only.
        """
        return self._post(
            "/analogies",
            AnalogyResponse,
            positive=list(positive),
            negative=list(negative),
            space=space,
            topn=topn,
            normalize=normalize,
            exclude_inputs=exclude_inputs,
            restrict_vocab=restrict_vocab,
        )

    def forecasts(self) -> ForecastsResponse:
        """List the forecasts that the service has loaded."""
        return self._get("/forecasts", ForecastsResponse)

    def forecast_details(self, name: str) -> ForecastDetails:
        """Return all that is known of a forecast, with an example of what it reads."""
        return self._get(path_of("forecasts", name), ForecastDetails)

    def forecast(
        self, name: str, sequences: Sequence[Sequence[Sequence[float]]], *, intervals: bool = False
    ) -> ForecastResponse:
        """Forecast what follows sequences of observations.

        Args:
            name: Name of the forecast.
            sequences: Sequences of any length; an observation is one number for each feature that the forecast reads.
            intervals: Whether to say between which bounds the truth lies.
        """
        path = path_of("forecasts", name)
        return self._post(path, ForecastResponse, sequences=sequences, intervals=intervals or None)

    def ready(self) -> bool:
        """Whether the service answers, and is ready for requests."""
        try:
            self._get("/health/ready", Health)
        except (ServiceError, httpx.TransportError):
            return False
        return True

    def close(self) -> None:
        """Close the connections."""
        if self._owns_http:
            self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()

    def _get(self, path: str, answer: type[Answer], /, **query: Any) -> Answer:
        return read(self._http.get(path, params=query), answer)

    def _post_again(self, retries: int, path: str, answer: type[Answer], /, **body: Any) -> Answer:
        """Send the fields that are not ``None``, and again, up to so many times, if the service is too busy."""
        for _ in range(retries):
            try:
                return self._post(path, answer, **body)
            except ServiceError as error:
                if error.retry_after is None:
                    raise
                wait = error.retry_after
            flow.sleep(wait)
        return self._post(path, answer, **body)

    def _post(self, path: str, answer: type[Answer], /, **body: Any) -> Answer:
        """Send the fields that are not ``None``."""
        given = {name: value for name, value in body.items() if value is not None}
        return read(self._http.post(path, json=given), answer)
