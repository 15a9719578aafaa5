"""Logs: one JSON object a line, on standard output."""

import json
import logging
from datetime import UTC, datetime
from typing import Any, Final

FIELDS: Final = "fields"
"""Attribute of a log record that holds its further fields: ``log.info("…", extra={FIELDS: {…}})``."""


class JSONFormatter(logging.Formatter):
    """A log record as a JSON object: time, level, logger, message, and the record's further fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line.update(getattr(record, FIELDS, {}))
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=True)


def configuration(level: str) -> dict[str, Any]:
    """Return what ``logging.config.dictConfig`` and Uvicorn's ``log_config`` take."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": JSONFormatter}},
        "handlers": {"stdout": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": "json"}},
        "root": {"handlers": ["stdout"], "level": "WARNING"},
        "loggers": {
            "app": {"level": level.upper()},
            "uvicorn": {"level": level.upper()},
            "uvicorn.access": {"level": "CRITICAL"},
        },
    }
