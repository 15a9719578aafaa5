"""A client of the service: every route a method, every answer a model, every error a :class:`ServiceError`."""

from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Generic, Literal, Self, TypeVar, overload
from urllib.parse import quote

import httpx
from pydantic import BaseModel, ValidationError

from app.forecasts.schemas import ForecastDetails, ForecastResponse, Forecasts
from app.http.schemas import FieldError, ProblemDetails
from app.operations.schemas import Health, Models
from app.sentiment.schemas import (
    BatchResponse,
    ExplainedResponse,
    PadResponse,
    PredictResponse,
    SentimentResponse,
    TokenizeResponse,
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

Answer = TypeVar("Answer", bound=BaseModel)

BASE_URL: Final = "http://127.0.0.1:8000"
TIMEOUT: Final = 30.0
SPACE: Final = "glove"


class ServiceError(Exception):
    """The service did not do what it was asked.

    Attributes:
        status: The HTTP status code.
        title: The name of the status.
        detail: A sentence that says what went wrong.
        errors: The fields of the request that are wrong.
        request_id: Under which the request stands in the service's log.
    """

    def __init__(self, problem: ProblemDetails, request_id: str | None = None) -> None:
        super().__init__(f"{problem.status} {problem.title}: {problem.detail}")
        self.status = problem.status
        self.title = problem.title
        self.detail = problem.detail
        self.errors: list[FieldError] = problem.errors or []
        self.request_id = request_id


class Client:
    """Asks the service and waits for the answer. Safe to use from several threads.

    All methods but :meth:`ready` raise :class:`ServiceError` if the service answers with an error, and
    ``httpx.TransportError`` if it does not answer.
    """

    def __init__(
        self,
        base_url: str = BASE_URL,
        *,
        timeout: float | httpx.Timeout = TIMEOUT,
        transport: httpx.BaseTransport | None = None,
        http: httpx.Client | None = None,
    ) -> None:
        """Make a client; nothing is sent yet.

        Args:
            base_url: Where the service is.
            timeout: Seconds to wait for the service, at each step of a request.
            transport: What carries the requests, for tests and proxies.
            http: An httpx client to use, with its own base URL and timeout; the other arguments do not matter then,
                and it is left open.
        """
        self._http = http or httpx.Client(base_url=base_url, timeout=timeout, transport=transport)
        self._owns_http = http is None

    @overload
    def sentiment(self, text: str, model: str | None = None, explain: Literal[False] = False) -> SentimentResponse: ...

    @overload
    def sentiment(self, text: str, model: str | None = None, *, explain: Literal[True]) -> ExplainedResponse: ...

    def sentiment(self, text: str, model: str | None = None, explain: bool = False) -> SentimentResponse:
        """Classify a text.

        Args:
            text: The text; not empty.
            model: Name of the model to ask; by default the service's default model.
            explain: Also tell how much each word counts, and classify each sentence; the answer is an
                :class:`ExplainedResponse` then.
        """
        return self._send(_sentiment(text, model, explain))

    def sentiment_batch(self, texts: Sequence[str], model: str | None = None) -> BatchResponse:
        """Classify texts; the results are in their order."""
        return self._send(_sentiment_batch(texts, model))

    def tokenize(self, texts: Sequence[str], fit: bool = False, model: str | None = None) -> TokenizeResponse:
        """Turn texts into token ids.

        Args:
            texts: The texts; none empty.
            fit: Fit a new vocabulary on these texts instead of using the model's.
            model: Name of the model whose vocabulary to use.
        """
        return self._send(_tokenize(texts, fit, model))

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
        return self._send(_pad(sequences, maxlen, padding, truncating, value))

    def predict(self, sequences: Sequence[Sequence[int]], model: str | None = None) -> PredictResponse:
        """Return the probability that each sequence of token ids is positive."""
        return self._send(_predict(sequences, model))

    def models(self) -> Models:
        """List the models that the service has loaded."""
        return self._send(_MODELS)

    def vectors(self) -> SpacesResponse:
        """List the spaces of word vectors that the service has loaded."""
        return self._send(_SPACES)

    def vector(self, word: str, space: str = SPACE) -> VectorResponse:
        """Return the vector of a word, the vector's length, and the word's rank by frequency."""
        return self._send(_vector(word, space))

    def neighbors(self, word: str, space: str = SPACE, topn: int = 10) -> NeighborsResponse:
        """Return the words nearest to a word, nearest first."""
        return self._send(_neighbors(word, space, topn))

    def similarity(self, a: str, b: str, space: str = SPACE) -> SimilarityResponse:
        """Return the cosine of the angle between two words."""
        return self._send(_similarity(a, b, space))

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
        return self._send(_projection(words, space, dimensions, normalize))

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
        return self._send(_analogies(positive, negative, space, topn, normalize, exclude_inputs, restrict_vocab))

    def forecasts(self) -> Forecasts:
        """List the forecasts that the service has loaded."""
        return self._send(_FORECASTS)

    def forecast_details(self, name: str) -> ForecastDetails:
        """Return all that is known of a forecast, with an example of what it reads."""
        return self._send(_forecast_details(name))

    def forecast(self, name: str, sequences: Sequence[Sequence[Sequence[float]]]) -> ForecastResponse:
        """Forecast what follows sequences of observations.

        Args:
            name: Name of the forecast.
            sequences: Sequences of any length; an observation is one number for each feature that the forecast reads.
        """
        return self._send(_forecast(name, sequences))

    def ready(self) -> bool:
        """Whether the service answers, and is ready for requests."""
        try:
            self._send(_READY)
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

    def _send(self, call: "_Call[Answer]") -> Answer:
        return call.read(self._http.request(call.method, call.path, params=call.query, json=call.body))


class AsyncClient:
    """The same as :class:`Client` for asyncio: each method is awaited."""

    def __init__(
        self,
        base_url: str = BASE_URL,
        *,
        timeout: float | httpx.Timeout = TIMEOUT,
        transport: httpx.AsyncBaseTransport | None = None,
        http: httpx.AsyncClient | None = None,
    ) -> None:
        """See :class:`Client`."""
        self._http = http or httpx.AsyncClient(base_url=base_url, timeout=timeout, transport=transport)
        self._owns_http = http is None

    @overload
    async def sentiment(
        self, text: str, model: str | None = None, explain: Literal[False] = False
    ) -> SentimentResponse: ...

    @overload
    async def sentiment(self, text: str, model: str | None = None, *, explain: Literal[True]) -> ExplainedResponse: ...

    async def sentiment(self, text: str, model: str | None = None, explain: bool = False) -> SentimentResponse:
        """See :meth:`Client.sentiment`."""
        return await self._send(_sentiment(text, model, explain))

    async def sentiment_batch(self, texts: Sequence[str], model: str | None = None) -> BatchResponse:
        """See :meth:`Client.sentiment_batch`."""
        return await self._send(_sentiment_batch(texts, model))

    async def tokenize(self, texts: Sequence[str], fit: bool = False, model: str | None = None) -> TokenizeResponse:
        """See :meth:`Client.tokenize`."""
        return await self._send(_tokenize(texts, fit, model))

    async def pad(
        self,
        sequences: Sequence[Sequence[int]],
        maxlen: int | None = None,
        padding: Side = "pre",
        truncating: Side = "pre",
        value: int = 0,
    ) -> PadResponse:
        """See :meth:`Client.pad`."""
        return await self._send(_pad(sequences, maxlen, padding, truncating, value))

    async def predict(self, sequences: Sequence[Sequence[int]], model: str | None = None) -> PredictResponse:
        """See :meth:`Client.predict`."""
        return await self._send(_predict(sequences, model))

    async def models(self) -> Models:
        """See :meth:`Client.models`."""
        return await self._send(_MODELS)

    async def vectors(self) -> SpacesResponse:
        """See :meth:`Client.vectors`."""
        return await self._send(_SPACES)

    async def vector(self, word: str, space: str = SPACE) -> VectorResponse:
        """See :meth:`Client.vector`."""
        return await self._send(_vector(word, space))

    async def neighbors(self, word: str, space: str = SPACE, topn: int = 10) -> NeighborsResponse:
        """See :meth:`Client.neighbors`."""
        return await self._send(_neighbors(word, space, topn))

    async def similarity(self, a: str, b: str, space: str = SPACE) -> SimilarityResponse:
        """See :meth:`Client.similarity`."""
        return await self._send(_similarity(a, b, space))

    async def projection(
        self, words: Sequence[str], space: str = SPACE, dimensions: int = 2, normalize: bool = False
    ) -> ProjectionResponse:
        """See :meth:`Client.projection`."""
        return await self._send(_projection(words, space, dimensions, normalize))

    async def analogies(
        self,
        positive: Sequence[str] = (),
        negative: Sequence[str] = (),
        space: str = SPACE,
        topn: int = 10,
        normalize: bool = True,
        exclude_inputs: bool = True,
        restrict_vocab: int | None = None,
    ) -> AnalogyResponse:
        """See :meth:`Client.analogies`."""
        call = _analogies(positive, negative, space, topn, normalize, exclude_inputs, restrict_vocab)
        return await self._send(call)

    async def forecasts(self) -> Forecasts:
        """See :meth:`Client.forecasts`."""
        return await self._send(_FORECASTS)

    async def forecast_details(self, name: str) -> ForecastDetails:
        """See :meth:`Client.forecast_details`."""
        return await self._send(_forecast_details(name))

    async def forecast(self, name: str, sequences: Sequence[Sequence[Sequence[float]]]) -> ForecastResponse:
        """See :meth:`Client.forecast`."""
        return await self._send(_forecast(name, sequences))

    async def ready(self) -> bool:
        """See :meth:`Client.ready`."""
        try:
            await self._send(_READY)
        except (ServiceError, httpx.TransportError):
            return False
        return True

    async def close(self) -> None:
        """Close the connections."""
        if self._owns_http:
            await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _send(self, call: "_Call[Answer]") -> Answer:
        return call.read(await self._http.request(call.method, call.path, params=call.query, json=call.body))


@dataclass(frozen=True)
class _Call(Generic[Answer]):
    """A request, and the model of its answer. Without a body it is a GET."""

    path: str
    answer: type[Answer]
    body: dict[str, Any] | None = None
    query: dict[str, Any] | None = None

    @property
    def method(self) -> str:
        return "GET" if self.body is None else "POST"

    def read(self, response: httpx.Response) -> Answer:
        request_id = response.headers.get("x-request-id")
        if not response.is_success:
            raise ServiceError(_problem(response), request_id)
        try:
            return self.answer.model_validate_json(response.content)
        except ValidationError as error:
            sentence = f"The answer to {response.url} is not one of this service; is the base URL right?"
            raise ServiceError(_described(response, sentence), request_id) from error


_MODELS: Final = _Call("/models", Models)
_SPACES: Final = _Call("/vectors", SpacesResponse)
_FORECASTS: Final = _Call("/forecasts", Forecasts)
_READY: Final = _Call("/health/ready", Health)


def _sentiment(text: str, model: str | None, explain: bool) -> _Call[SentimentResponse]:
    answer = ExplainedResponse if explain else SentimentResponse
    return _Call("/sentiment", answer, _body(text=text, model=model, explain=explain or None))


def _sentiment_batch(texts: Sequence[str], model: str | None) -> _Call[BatchResponse]:
    return _Call("/sentiment/batch", BatchResponse, _body(texts=texts, model=model))


def _tokenize(texts: Sequence[str], fit: bool, model: str | None) -> _Call[TokenizeResponse]:
    return _Call("/tokenize", TokenizeResponse, _body(texts=texts, fit=fit, model=model))


def _pad(
    sequences: Sequence[Sequence[int]], maxlen: int | None, padding: Side, truncating: Side, value: int
) -> _Call[PadResponse]:
    options = {"maxlen": maxlen, "padding": padding, "truncating": truncating, "value": value}
    return _Call("/pad", PadResponse, _body(sequences=sequences, **options))


def _predict(sequences: Sequence[Sequence[int]], model: str | None) -> _Call[PredictResponse]:
    return _Call("/predict", PredictResponse, _body(sequences=sequences, model=model))


def _vector(word: str, space: str) -> _Call[VectorResponse]:
    return _Call(f"/vectors/{_part(space)}/{_part(word)}", VectorResponse)


def _neighbors(word: str, space: str, topn: int) -> _Call[NeighborsResponse]:
    return _Call(f"/vectors/{_part(space)}/{_part(word)}/neighbors", NeighborsResponse, query={"topn": topn})


def _similarity(a: str, b: str, space: str) -> _Call[SimilarityResponse]:
    return _Call(f"/vectors/{_part(space)}/similarity", SimilarityResponse, query={"a": a, "b": b})


def _projection(words: Sequence[str], space: str, dimensions: int, normalize: bool) -> _Call[ProjectionResponse]:
    body = _body(words=words, dimensions=dimensions, normalize=normalize)
    return _Call(f"/vectors/{_part(space)}/projection", ProjectionResponse, body)


def _analogies(
    positive: Sequence[str],
    negative: Sequence[str],
    space: str,
    topn: int,
    normalize: bool,
    exclude_inputs: bool,
    restrict_vocab: int | None,
) -> _Call[AnalogyResponse]:
    words = {"positive": list(positive), "negative": list(negative)}
    options = {"normalize": normalize, "exclude_inputs": exclude_inputs, "restrict_vocab": restrict_vocab}
    return _Call("/analogies", AnalogyResponse, _body(**words, space=space, topn=topn, **options))


def _part(text: str) -> str:
    return quote(text, safe="")


def _forecast_details(name: str) -> _Call[ForecastDetails]:
    return _Call(f"/forecasts/{quote(name, safe='')}", ForecastDetails)


def _forecast(name: str, sequences: Sequence[Sequence[Sequence[float]]]) -> _Call[ForecastResponse]:
    return _Call(f"/forecasts/{quote(name, safe='')}", ForecastResponse, _body(sequences=sequences))


def _body(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _problem(response: httpx.Response) -> ProblemDetails:
    """Read the problem document of an error, or describe one of a proxy that sent none."""
    try:
        return ProblemDetails.model_validate_json(response.content)
    except ValidationError:
        return _described(response, response.text.strip()[:200] or f"{response.url} says nothing more.")


def _described(response: httpx.Response, sentence: str) -> ProblemDetails:
    return ProblemDetails(
        type="about:blank", title=response.reason_phrase, status=response.status_code, detail=sentence
    )
