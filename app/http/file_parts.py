"""The file of a multipart form (RFC 7578), piece by piece as it comes."""

from typing import Final

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser

from app.http.parameters import parameters
from app.http.problems import Problem

_MOST_PARTS: Final = 16
_MOST_FIELD_BYTES: Final = 8_192
"""Of a field that stands in front of the file."""


class FilePart:
    """Finds the first part that has a file name; the fields in front of it are kept, what follows it is dropped.

    Attributes:
        filename: Name of the file; empty until its part begins.
        media_type: What the part says that it is, in lower case, without parameters.
        charset: The charset that it says, if it does.
        fields: The values of the fields in front of it, by their names.
    """

    def __init__(self, content_type: str) -> None:
        """Begin a form.

        Args:
            content_type: The header of the request, which names the boundary between the parts.

        Raises:
            Problem: 400 if it names none.
        """
        boundary = parameters(content_type).get("boundary")
        if not boundary:
            raise _unreadable("its `Content-Type` names no boundary")
        self.filename = ""
        self.media_type = ""
        self.charset = ""
        self.fields: dict[str, str] = {}
        self._parts = 0
        self._headers: dict[str, str] = {}
        self._header = b""
        self._value = b""
        self._field = b""
        self._blocks: list[bytes] = []
        self._in_file = False
        self._found = False
        self._ended = False
        try:
            self._parser = MultipartParser(
                boundary.encode("latin-1", "replace"),
                {
                    "on_part_begin": self._begin,
                    "on_header_field": self._add_to_header,
                    "on_header_value": self._add_to_value,
                    "on_header_end": self._end_header,
                    "on_headers_finished": self._end_head,
                    "on_part_data": self._add,
                    "on_part_end": self._end_part,
                    "on_end": self._end,
                },
            )
        except FormParserError as error:
            raise _unreadable(str(error)) from error

    def feed(self, data: bytes) -> list[bytes]:
        """Read a piece of the form and return what of it is the file's.

        Raises:
            Problem: 400 if it is no such form.
        """
        self._blocks = []
        try:
            self._parser.write(data)
        except FormParserError as error:
            raise _unreadable(str(error).rstrip(".")) from error
        return self._blocks

    def finish(self) -> None:
        """Say that the form has come to its end.

        Raises:
            Problem: 400 if it is cut, or has no file.
        """
        if not self._ended:
            raise _unreadable("its end is missing")
        if not self._found:
            raise _unreadable("it has no file; send one as in `curl -F file=@reviews.csv`")

    # What the parser calls.

    def _begin(self) -> None:
        self._parts += 1
        if self._found:
            raise _unreadable("something follows the file; send one file, and fields in front of it")
        if self._parts > _MOST_PARTS:
            raise _unreadable(f"it has more than {_MOST_PARTS} parts")
        self._headers = {}
        self._field = b""

    def _add_to_header(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _add_to_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        self._headers[self._header.decode("latin-1").lower()] = self._value.decode("utf-8", "replace")
        self._header = self._value = b""

    def _end_head(self) -> None:
        disposition = parameters(self._headers.get("content-disposition", ""))
        self._in_file = "filename" in disposition and not self._found
        if self._in_file:
            self._found = True
            self.filename = disposition["filename"] or "file"
            content_type = self._headers.get("content-type", "")
            self.media_type = content_type.partition(";")[0].strip().lower()
            self.charset = parameters(content_type).get("charset", "")

    def _add(self, data: bytes, start: int, end: int) -> None:
        if self._in_file:
            self._blocks.append(data[start:end])
        elif not self._found:
            self._field += data[start:end]
            if len(self._field) > _MOST_FIELD_BYTES:
                raise _unreadable("a field in front of the file is too long")

    def _end_part(self) -> None:
        name = parameters(self._headers.get("content-disposition", "")).get("name")
        if name is not None and not self._found:
            self.fields[name] = self._field.decode("utf-8", "replace")
        self._in_file = False

    def _end(self) -> None:
        self._ended = True


def _unreadable(reason: str) -> Problem:
    return Problem(400, f"The form cannot be read: {reason}.")
