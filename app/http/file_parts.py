"""The file of a multipart form (RFC 7578), piece by piece as it comes."""

from typing import Final

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser

from app.http.parameters import parameters
from app.http.problems import Problem

_MOST_PARTS: Final = 16
_MOST_FIELD_BYTES: Final = 8_192
"""Of a field that stands in front of the file."""
_MOST_BYTES_BEFORE: Final = 2**16
"""Of the form in front of the file."""
_MOST_BLANK_LINES: Final = 64
"""In front of the file; each takes a step of its own."""
_BLANK_LINE: Final = b"\r\n\r\n"


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
        self._before = b""
        self._fed = self._blank_lines = 0
        self._file: _FileData | None = None
        self._form_ended = False
        self._boundary = boundary.encode("latin-1", "replace")
        try:
            self._parser = MultipartParser(
                self._boundary,
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

    def feed(self, data: bytes) -> bytes:
        """Read a piece of the form and return what of it is the file's.

        Raises:
            Problem: 400 if it is no such form.
        """
        while self._file is None and data:
            data = self._feed_parser(data)
        return b"" if self._file is None else self._file.feed(data)

    def _feed_parser(self, data: bytes) -> bytes:
        """Pass on what the heads of parts end with, at most: behind it, the file may begin. Return the rest."""
        end = (self._before + data).find(_BLANK_LINE)
        piece = data if end < 0 else data[: end + len(_BLANK_LINE) - len(self._before)]
        self._before = (self._before + piece)[1 - len(_BLANK_LINE) :] if end < 0 else b""
        self._fed += len(piece)
        self._blank_lines += end >= 0
        if self._fed > _MOST_BYTES_BEFORE or self._blank_lines > _MOST_BLANK_LINES:
            raise _unreadable("there is too much in front of its file")
        try:
            self._parser.write(piece)
        except FormParserError as error:
            raise _unreadable(str(error).rstrip(".")) from error
        return data[len(piece) :]

    def finish(self) -> None:
        """Say that the form has come to its end.

        Raises:
            Problem: 400 if it is cut, or has no file.
        """
        if self._file is None and self._form_ended:
            raise _unreadable("it has no file; send one as in `curl -F file=@reviews.csv`")
        if self._file is None or not self._file.ended:
            raise _unreadable("its end is missing")

    # What the parser calls.

    def _begin(self) -> None:
        self._parts += 1
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
        if "filename" in disposition:
            self.filename = disposition["filename"] or "file"
            content_type = self._headers.get("content-type", "")
            self.media_type = content_type.partition(";")[0].strip().lower()
            self.charset = parameters(content_type).get("charset", "")
            self._file = _FileData(self._boundary)

    def _add(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]
        if len(self._field) > _MOST_FIELD_BYTES:
            raise _unreadable("a field in front of the file is too long")

    def _end_part(self) -> None:
        name = parameters(self._headers.get("content-disposition", "")).get("name")
        if name is not None:
            self.fields[name] = self._field.decode("utf-8", "replace")

    def _end(self) -> None:
        self._form_ended = True


class _FileData:
    """The bytes of the file, up to the boundary. The parser goes through them byte by byte where they are like it.

    Attributes:
        ended: Whether the form has come to its end.
    """

    def __init__(self, boundary: bytes) -> None:
        self._delimiter = b"\r\n--" + boundary
        self._rest = b""
        self.ended = False

    def feed(self, data: bytes) -> bytes:
        """Return what is the file's for sure.

        Raises:
            Problem: 400 if the boundary stands in it, or another part follows.
        """
        if self.ended:
            return b""
        data = self._rest + data
        found = data.find(self._delimiter)
        if found < 0:
            # Its last bytes may be how the delimiter begins.
            sure = data.rfind(b"\r", max(0, len(data) - len(self._delimiter)))
            sure = len(data) if sure < 0 else sure
            self._rest = data[sure:]
            return data[:sure]
        behind = data[found + len(self._delimiter) :][:2]
        self._rest = data[found:] if len(behind) < 2 else b""
        if behind == b"--":
            self.ended = True
        elif behind[:1] in (b"\r", b" ", b"\t"):
            raise _unreadable("something follows the file; send one file, and fields in front of it")
        elif len(behind) == 2:
            raise _unreadable("its boundary stands in the file")
        return data[:found]


def _unreadable(reason: str) -> Problem:
    return Problem(400, f"The form cannot be read: {reason}.")
