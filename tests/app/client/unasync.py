"""Generate the synchronous client from the asynchronous one, as ``make format`` does before it formats."""

import re
from pathlib import Path
from typing import Final

CLIENT: Final = Path(__file__).resolve().parents[3] / "app" / "client"
SOURCE: Final = CLIENT / "asynchronous.py"
TARGET: Final = CLIENT / "synchronous.py"

_SUBSTITUTIONS: Final = (
    (
        r'^"""The client for asyncio\. .*"""$',
        '"""The client that waits. Generated from ``asynchronous.py``: edit that file, then ``make format``."""',
    ),
    (
        r"Asks the service, with asyncio: each method is awaited\.",
        "Asks the service and waits for the answer. Safe to use from several threads.",
    ),
    (r"\basync (?=def |with |for )", ""),
    (r"\bawait (?=(?:self|flow|send)\b)", ""),
    (r"\basynchronous_flow\b", "synchronous_flow"),
    (r"\bAsync(?=[A-Z])", ""),
    (r"import Iterator, Callable,", "import Callable, Iterator,"),
    (r"\baclose\b", "close"),
    (r"\b__a(?=enter__|exit__)", "__"),
)


def synchronous(source: str) -> str:
    """Return the synchronous form of an asynchronous module; its line breaks are left to the formatter.

    Raises:
        ValueError: A substitution found nothing to replace, or something asynchronous is left over.
    """
    for pattern, replacement in _SUBSTITUTIONS:
        source, count = re.subn(pattern, replacement, source, flags=re.MULTILINE)
        if not count:
            raise ValueError(f"nothing matches {pattern}")
    if left := re.search(r"\b(async|await)\b", source):
        raise ValueError(f"{left[0]!r} is left over: {source[left.start() :].splitlines()[0]}")
    return source


if __name__ == "__main__":
    TARGET.write_text(synchronous(SOURCE.read_text(encoding="utf-8")), encoding="utf-8")
