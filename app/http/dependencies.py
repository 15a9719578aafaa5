"""FastAPI dependencies that give routes the parts of what the process has loaded."""

from typing import Generic, Protocol, TypeVar

from fastapi import Request

PartType = TypeVar("PartType")


class Parts(Protocol):
    """What ``app.state.loaded`` is."""

    def part(self, kind: type[PartType]) -> PartType:
        """Return the part of a type."""


class Part(Generic[PartType]):
    """A dependency: the part of a type, such as ``Annotated[Settings, Depends(Part(Settings))]``."""

    def __init__(self, kind: type[PartType]) -> None:
        self.kind = kind

    async def __call__(self, request: Request) -> PartType:
        """Return the part. A coroutine, as FastAPI calls plain functions in a thread."""
        return part_of(request, self.kind)


def part_of(request: Request, kind: type[PartType]) -> PartType:
    """Return the part of a type, to code that has the request at hand."""
    return loaded_by(request).part(kind)


def loaded_by(request: Request) -> Parts:
    """Return all parts."""
    loaded: Parts = request.scope["app"].state.loaded
    return loaded
