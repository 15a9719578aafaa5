"""Headers of a request, read where a request is too short for Starlette's mapping of them to pay."""

from starlette.types import Scope


def header(scope: Scope, name: bytes) -> str:
    """Return the value of a header, those of several with commas between them, in a third of the time of the mapping.

    Args:
        scope: The request.
        name: In lower case.

    Returns:
        Empty if there is no such header.
    """
    values = [value for found, value in scope["headers"] if found == name]
    text: str = b", ".join(values).decode("latin-1")
    return text
