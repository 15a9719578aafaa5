"""Parameters of a header (RFC 9110, section 5.6.6), read in time that grows with its length alone.

The standard library's ``email`` takes time that grows with the square of it, and fails on malformed parameters of
RFC 2231.
"""

import re
from typing import Final

from app.http.headers import MOST_PARAMETERS

_PARAMETER: Final = re.compile(r';\s*([\w!#$%&\'*+.^`|~-]+)=(?:"((?:[^"\\]|\\.)*)"|([^;"\s]*))\s*')
_ESCAPED: Final = re.compile(r"\\(.)")
_EXTENDED: Final = re.compile(r"[\w-]*'[\w-]*'")
"""What stands in front of a value by RFC 8187: a charset and a language."""


def parameters(header: str) -> dict[str, str]:
    """Return the first parameters of a header by their names, in lower case, up to the first that is malformed.

    Of an extended one, ``name*=utf-8''value``, the value is given under ``name`` as it stands.
    """
    found: dict[str, str] = {}
    position = max(header.find(";"), 0)
    for _ in range(MOST_PARAMETERS):
        match = _PARAMETER.match(header, position)
        if match is None:
            break
        name, quoted, plain = match.groups()
        value = _ESCAPED.sub(r"\1", quoted) if quoted is not None else plain
        if name.endswith("*"):
            name, value = name[:-1], _EXTENDED.sub("", value, count=1)
        found.setdefault(name.lower(), value)
        position = match.end()
    return found
