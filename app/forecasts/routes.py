"""The forecast routes: they translate between HTTP and the forecasters."""

from time import perf_counter
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path
from starlette.responses import Response

from app.artifacts.registry import UnknownName
from app.forecasts.forecaster import Forecaster, Misshapen
from app.forecasts.schemas import ForecastDetails, ForecastRequest, ForecastResponse, ForecastsResponse
from app.forecasts.serialization import forecast_details, forecast_info, forecast_json, values_of
from app.forecasts.service import ForecastService
from app.forecasts.warnings import warnings
from app.http.dependencies import Part
from app.http.json_routes import JSONBody, JSONRoute
from app.http.json_values import Values
from app.http.problems import Problem, responses
from app.http.schemas import FieldError
from app.settings import Settings

Name = Annotated[str, Path(description="Name of a forecast, one of `GET /forecasts`.", examples=["air-pollution"])]

MOST_FEATURES: Final = 8
"""Numbers of an observation, on average; the training takes no series of more columns."""

Service = Annotated[ForecastService, Depends(Part(ForecastService))]

router = APIRouter(tags=["forecasts"])
json_router = APIRouter(tags=["forecasts"], route_class=JSONRoute)


def _most_values(settings: Settings) -> int:
    """Return how many values a body may have: at most as many sequences as observations, and their numbers."""
    return settings.max_observations * (2 + MOST_FEATURES)


class ForecastBody(JSONBody[ForecastRequest]):
    """A dependency: the body, whose far too many observations are refused before they take the time to parse."""

    def __init__(self) -> None:
        super().__init__(ForecastRequest, "sequences", _most_values)

    def too_many(self, _values: Values, largest: int) -> Problem:
        """See :meth:`JSONBody.too_many`."""
        return _too_many(largest // (2 + MOST_FEATURES))


@router.get("/forecasts", summary="The forecasts that are loaded")
async def forecasts(service: Service) -> ForecastsResponse:
    """List the forecasts: what they observe and forecast, with which network, and how well."""
    return ForecastsResponse(forecasts=[forecast_info(forecaster) for forecaster in service.forecasters])


@router.get("/forecasts/{name}", summary="All about a forecast", responses=responses(404))
async def details(service: Service, name: Name) -> ForecastDetails:
    """Describe a forecast, with the parameters of its layers and a request that it answers."""
    return forecast_details(_forecaster(service, name))


@json_router.post(
    "/forecasts/{name}",
    summary="Forecast from observations",
    response_model=ForecastResponse,
    responses=responses(400, 404, 413, 415, 422, 429, 503),
)
async def forecast(body: Annotated[ForecastRequest, Depends(ForecastBody())], service: Service, name: Name) -> Response:
    """Forecast what follows sequences of observations, or what goes with each observation."""
    forecaster = _forecaster(service, name)
    observations = sum(map(len, body.sequences))
    if observations > service.settings.max_observations:
        raise _too_many(service.settings.max_observations)

    def work() -> Response:
        start = perf_counter()
        found = forecaster.forecast(body.sequences)
        seconds = perf_counter() - start
        told = warnings(forecaster, body.sequences, intervals=body.intervals)
        content = forecast_json(forecaster, found, intervals=body.intervals, warnings=told)
        response = Response(content, media_type="application/json")
        response.raw_headers.append((b"server-timing", b"predict;dur=%.3f" % (seconds * 1000)))
        return response

    try:
        return await service.run(
            work,
            observations=observations,
            sequences=len(body.sequences),
            values=values_of(forecaster, len(body.sequences), observations, intervals=body.intervals),
        )
    except Misshapen as error:
        pointer = f"#/sequences/{error.sequence}/{error.row}"
        raise Problem(422, str(error), errors=[FieldError(pointer=pointer, detail=error.detail)]) from error


def _too_many(limit: int) -> Problem:
    detail = f"has more than {limit:,} observations, the most that are taken at once"
    return Problem(422, f"The list `sequences` {detail}.", errors=[FieldError(pointer="#/sequences", detail=detail)])


def _forecaster(service: ForecastService, name: str) -> Forecaster:
    try:
        return service.forecasters.get(name)
    except UnknownName as error:
        raise Problem(404, str(error)) from error
