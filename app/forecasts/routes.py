"""The forecast routes: they translate between HTTP and the forecasters."""

from time import perf_counter
from typing import Annotated, Final

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from app.artifacts.registry import UnknownName
from app.compute import Workers
from app.forecasts.forecaster import Forecaster, Misshapen
from app.forecasts.registry import Forecasters
from app.forecasts.schemas import ForecastDetails, ForecastRequest, ForecastResponse, Forecasts
from app.forecasts.serialization import forecast_details, forecast_info, forecast_json
from app.http.bodies import Body, JSONRoute, parse_json, read_json
from app.http.problems import Problem, responses
from app.http.schemas import FieldError

INLINE_OBSERVATIONS: Final = 1_024
"""Forecasts from fewer observations take less than a millisecond and are made where the request is handled."""

Name = Annotated[str, Path(description="Name of a forecast, one of `GET /forecasts`.", examples=["air-pollution"])]

router = APIRouter(tags=["forecasts"])


class ForecastRoute(JSONRoute):
    """A route that turns far too many observations away before it takes the time to parse them."""

    async def read(self, request: Request, model: type[Body]) -> Body:
        """See :meth:`JSONRoute.read`."""
        body = await read_json(request)
        # The list of sequences, at most as many sequences as observations, and the observations.
        if body.count(b"[") > 1 + 2 * request.app.state.settings.max_observations:
            raise _too_many(request)
        return parse_json(model, body)


@router.get("/forecasts", summary="The forecasts that are loaded")
async def forecasts(request: Request) -> Forecasts:
    """List the forecasts: what they observe and forecast, with which network, and how well."""
    loaded: Forecasters = request.app.state.forecasts
    return Forecasts(forecasts=[forecast_info(forecaster) for forecaster in loaded])


@router.get("/forecasts/{name}", summary="All about a forecast", responses=responses(404))
async def details(request: Request, name: Name) -> ForecastDetails:
    """Describe a forecast, with the parameters of its layers and a request that it answers."""
    return forecast_details(_forecaster(request, name))


async def forecast(request: Request, body: ForecastRequest, name: Name) -> Response:
    """Forecast what follows sequences of observations, or what goes with each observation."""
    forecaster = _forecaster(request, name)
    observations = sum(map(len, body.sequences))
    if observations > request.app.state.settings.max_observations:
        raise _too_many(request)

    def work() -> Response:
        start = perf_counter()
        found = forecaster.forecast(body.sequences)
        seconds = perf_counter() - start
        response = Response(forecast_json(forecaster, found), media_type="application/json")
        response.raw_headers.append((b"server-timing", b"predict;dur=%.3f" % (seconds * 1000)))
        return response

    try:
        workers: Workers = request.app.state.workers
        return await workers.call(work, inline=observations <= INLINE_OBSERVATIONS)
    except Misshapen as error:
        pointer = f"#/sequences/{error.sequence}/{error.row}"
        raise Problem(422, str(error), errors=[FieldError(pointer=pointer, detail=error.detail)]) from error


router.add_api_route(
    "/forecasts/{name}",
    forecast,
    methods=["POST"],
    summary="Forecast from observations",
    response_model=ForecastResponse,
    responses=responses(400, 404, 413, 415, 422, 503),
    route_class_override=ForecastRoute,
)


def _too_many(request: Request) -> Problem:
    limit: int = request.app.state.settings.max_observations
    detail = f"has more than {limit:,} observations, the most that are taken at once"
    return Problem(422, f"The list `sequences` {detail}.", errors=[FieldError(pointer="#/sequences", detail=detail)])


def _forecaster(request: Request, name: str) -> Forecaster:
    loaded: Forecasters = request.app.state.forecasts
    try:
        return loaded.get(name)
    except UnknownName as error:
        raise Problem(404, str(error)) from error
