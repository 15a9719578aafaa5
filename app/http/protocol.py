"""The HTTP protocol of Uvicorn, with one shape for errors from the first byte on."""

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from app.http.problems import Problem


class Protocol(HttpToolsProtocol):
    """Answers a malformed request, or an unknown method, with a problem document."""

    def send_400_response(self, msg: str) -> None:
        """Answer and close the connection, as no further request can be told apart on it."""
        response = Problem(400, f"{msg} The server speaks HTTP/1.1.", headers={"Connection": "close"}).response()
        headers = [*self.server_state.default_headers, *response.raw_headers]
        lines = [name + b": " + value + b"\r\n" for name, value in headers]
        self.transport.write(b"".join([STATUS_LINE[400], *lines, b"\r\n", response.body]))
        self.transport.close()
