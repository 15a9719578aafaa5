"""API keys: who may call."""

from collections.abc import Iterator, Sequence
from hashlib import sha256
from hmac import compare_digest
from typing import Annotated, Final

from fastapi import Request, Security
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer
from starlette.types import Scope

from app.compute.callers import CALLER, NamedCaller
from app.http.problems import Problem

_BEARER: Final = HTTPBearer(auto_error=False, scheme_name="Bearer", description="An API key.")
_HEADER: Final = APIKeyHeader(name="X-API-Key", auto_error=False, scheme_name="X-API-Key", description="The same.")
_SCHEME: Final = b"bearer"
_CHALLENGE: Final = 'Bearer realm="sentiment"'
_NAME_LENGTH: Final = 16


class KeyCheck:
    """A dependency: lets a request pass that carries a key.

    The key is compared by its SHA-256, with each that there is, in a time that does not depend on which one it is. Its
    owner is the client whose work is counted, from whatever address.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        """Take the keys.

        Args:
            keys: Those that may call, at least one.
        """
        self._digests = [sha256(key.encode()).digest() for key in keys]
        self._names = {digest: f"key {digest.hex()[:_NAME_LENGTH]}" for digest in self._digests}

    async def __call__(
        self,
        request: Request,
        # Read here by nobody: they are how OpenAPI learns of the two headers.
        _bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)],
        _header: Annotated[str | None, Security(_HEADER)],
    ) -> None:
        """Check a request.

        Raises:
            Problem: 401 if it carries no key, or a wrong one.
        """
        self.check(request.scope)

    def check(self, scope: Scope) -> None:
        """Do so without FastAPI."""
        given = list(_given(scope))
        for key in given:
            digest = sha256(key).digest()
            if sum([compare_digest(digest, one) for one in self._digests]):
                CALLER.set(NamedCaller(self._names[digest], CALLER.get().hung_up))
                return
        if given:
            raise _refused("The API key is not one of this service.", f'{_CHALLENGE}, error="invalid_token"')
        raise _refused("The request needs an API key: `Authorization: Bearer …` or `X-API-Key: …`.", _CHALLENGE)


def _given(scope: Scope) -> Iterator[bytes]:
    """Give the keys that a request carries."""
    for name, value in scope["headers"]:
        if name == b"x-api-key":
            yield value.strip()
        elif name == b"authorization":
            scheme, _, key = value.strip().partition(b" ")
            if scheme.lower() == _SCHEME:
                yield key.strip()


def _refused(sentence: str, challenge: str) -> Problem:
    return Problem(401, sentence, headers={"WWW-Authenticate": challenge})
