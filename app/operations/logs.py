"""Logs: one JSON object a line, on standard output."""

import json
import logging
import os
import sys
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from time import time
from typing import Any, Final, TextIO

from app.operations.tracing import trace_fields


class JSONFormatter(logging.Formatter):
    """A log record as a JSON object: time, level, logger, message, the ids of the span, and the exception, if any."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line = {
            "time": _time(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **trace_fields(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)


class LogHandler(logging.StreamHandler[TextIO]):
    """Writes records. Where that fails, since a disk is full or a pipe closed, it says nothing: there is nowhere to."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name is logging's
        """Tell of an error in the record itself, such as a wrong format, and of no other."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)


_LINE: Final = (
    '{"time": "%s", "level": "info", "logger": "app.requests", "message": "request", "request_id": "%s", '
    '"milliseconds": %s, %s\n'
)


class RequestLog:
    """One line a request, written past ``logging``, whose records cost as much as tokenizing a review."""

    def __init__(self, level: str, *, traced: bool = False) -> None:
        """Make it.

        Args:
            level: Least severe log line to write.
            traced: Whether requests have spans, whose ids their lines get.
        """
        self._enabled = level in {"debug", "info"}
        self._traced = traced

    def write(self, request_id: str, method: str, route: str, status: int, seconds: float, client: str | None) -> None:
        """Write the line of a request, if requests are logged at this level.

        Args:
            request_id: As echoed to the client, of characters that JSON need not escape.
            method: Of the request.
            route: The template of its path, as the path itself and the query may hold words of a text.
            status: Of the answer.
            seconds: From the first byte of the request to the last of its answer.
            client: Its address.
        """
        if self._enabled:
            fields = _fields(method, route, status, client)
            if self._traced:
                fields = "".join(f'"{name}": "{value}", ' for name, value in trace_fields().items()) + fields
            milliseconds = round(seconds * 1000, 3)
            line = _LINE % (_time(time()), request_id, milliseconds, fields)
            with suppress(OSError):  # A full disk or a closed pipe under the log fails no request.
                sys.stdout.write(line)
                sys.stdout.flush()


@lru_cache(maxsize=1024)
def _fields(method: str, route: str, status: int, client: str | None) -> str:
    """Return what many requests have in common, as JSON; serialized anew it would cost each of them 4 %."""
    return json.dumps({"method": method, "route": route, "status": status, "client": client})[1:]


def _time(seconds: float) -> str:
    """Format a time since the epoch as RFC 3339 has it, in UTC, with milliseconds."""
    whole = int(seconds)
    return f"{_second(whole)}.{int((seconds - whole) * 1000):03d}+00:00"


@lru_cache(maxsize=2)
def _second(whole: int) -> str:
    return datetime.fromtimestamp(whole, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def finish() -> None:
    """Write what is left of the log, at the end of the process.

    Where that fails, Python would fail again when it flushes standard output itself, and end with status 120.
    """
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def configuration(level: str) -> dict[str, Any]:
    """Return what ``logging.config.dictConfig`` and Uvicorn's ``log_config`` take."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": JSONFormatter}},
        "handlers": {"stdout": {"()": LogHandler, "stream": "ext://sys.stdout", "formatter": "json"}},
        "root": {"handlers": ["stdout"], "level": "WARNING"},
        "loggers": {"uvicorn": {"level": level.upper()}, "uvicorn.access": {"level": "CRITICAL"}},
    }
