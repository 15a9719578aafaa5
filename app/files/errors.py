"""What can be wrong with a file. Every message is one sentence: what, and where."""

from collections.abc import Sequence
from typing import Final

_MANY: Final = 50
NAME_CHARACTERS: Final = 50
"""Characters of a name that a message repeats: it may stand in the answer to each row."""


class InputError(Exception):
    """The input cannot be read, or the output not written. The message is one sentence: what, and where."""


class UnknownColumn(InputError):
    """A table has no column of that name. The message lists those it has."""

    def __init__(self, where: str, column: str, columns: Sequence[str]) -> None:
        """Describe it.

        Args:
            where: What to call the table.
            column: The column that it does not have.
            columns: Those that it has.
        """
        names = ", ".join(repr(name[:NAME_CHARACTERS]) for name in columns[:_MANY]) or "none"
        more = f" and {len(columns) - _MANY} more" if len(columns) > _MANY else ""
        super().__init__(f"{where} has no column {column[:NAME_CHARACTERS]!r}; it has {names}{more}.")


class ColumnTaken(InputError):
    """A table has a column already that is to be added; to overwrite it could lose what somebody labelled by hand.

    Attributes:
        where: What to call the table, with the line if not all rows have the same columns.
        column: The column.
    """

    def __init__(self, where: str, column: str) -> None:
        super().__init__(f"{where} has a column {column!r} already; it is not overwritten.")
        self.where = where
        self.column = column


def reason(error: Exception) -> str:
    """Return what an exception says, to stand in the midst of a sentence."""
    return getattr(error, "strerror", None) or str(error).rstrip(".")
