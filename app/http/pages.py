"""Static files of the page: the folder `web`, read at import, and sent without comments and indentation."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from app.http.compression import gzipped, takes_gzip
from app.http.headers import MOST_CHOICES

FOLDER: Final = Path(__file__).resolve().parent.parent / "web"
MEDIA_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
# Comments on lines of their own, blank lines and indentation; no string of these files goes over several lines.
_LEFT_OUT: Final = re.compile(r"^[ \t]*(?:/\*.*?\*/|//[^\n]*)[ \t]*\n|^[ \t]*\n|^[ \t]+", re.MULTILINE | re.DOTALL)
_STYLE: Final = re.compile(r'<link rel="stylesheet" href="([\w./]+)"')
_ENTRY: Final = re.compile(r'<script type="module" src="web/([\w.]+)"')
_IMPORT: Final = re.compile(r'^(?:import|export) .*?"\./([\w.]+)";$', re.MULTILINE)
_HEADERS: Final = {
    # Kept, but asked for again each time, which the ETag makes cheap: a new release is seen at once.
    "Cache-Control": "no-cache",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}


@dataclass(frozen=True)
class File:
    """A file as it is sent.

    Attributes:
        content: What it holds.
        compressed: The same, gzipped.
        headers: Those of the answer.
    """

    content: bytes
    compressed: bytes
    headers: Mapping[str, str]

    def response(self, request: Request) -> Response:
        """Answer a request for the file: with nothing but 304, if the client has it already."""
        headers = {**self.headers, "Vary": "Accept-Encoding"}
        content = self.content
        if takes_gzip(request.scope):
            # Another representation has another tag (RFC 9110, section 8.8.3.3).
            headers |= {"Content-Encoding": "gzip", "ETag": f'{self.headers["ETag"][:-1]}-gzip"'}
            content = self.compressed
        tags = request.headers.get("if-none-match", "").split(",", MOST_CHOICES)
        known = (tag.strip().removeprefix("W/") for tag in tags)
        if not {headers["ETag"], "*"}.isdisjoint(known):
            kept = {name: value for name, value in headers.items() if not name.startswith("Content-T")}
            return Response(status_code=304, headers=kept)
        return Response(content, headers=headers)


def read(folder: Path) -> dict[str, File]:
    """Read the files of a folder that are of a known media type, by their names."""
    files = {}
    for path in folder.iterdir():
        if path.suffix in MEDIA_TYPES:
            content = _LEFT_OUT.sub("", path.read_text(encoding="utf-8")).encode()
            tag = f'"{sha256(content).hexdigest()[:32]}"'
            headers = {"Content-Type": MEDIA_TYPES[path.suffix], "ETag": tag, **_HEADERS}
            files[path.name] = File(content, gzipped(content), headers)
    for name, file in files.items():
        if name.endswith(".html"):
            # Nothing is drawn before the style is there. Then the modules: a browser finds out about them level by
            # level; told at once, it asks for all at once.
            page = file.content.decode()
            links = [f'<{style}>; rel="preload"; as="style"' for style in _STYLE.findall(page)]
            links += [f'<web/{module}>; rel="modulepreload"' for module in imported(_ENTRY.findall(page), files)]
            files[name] = replace(file, headers={**file.headers, "Link": ", ".join(links)})
    return files


def imported(modules: Iterable[str], files: Mapping[str, File]) -> list[str]:
    """Return the names of modules and of all that they import, but for what they load later."""
    found = list(modules)
    for name in found:
        found += [one for one in _IMPORT.findall(files[name].content.decode()) if one not in found]
    return found


# Together they are smaller than any model; and a name that is looked up in a dictionary leads nowhere else.
FILES: Final = read(FOLDER)
# A page is at its own path only: the addresses in it are relative to that, so that they hold behind a proxy too.
ASSETS: Final = {name: file for name, file in FILES.items() if not name.endswith(".html")}

router = APIRouter(include_in_schema=False)


@router.api_route("/", methods=["GET", "HEAD"])
async def page(request: Request) -> Response:
    """Return the page to try everything."""
    return FILES["index.html"].response(request)


@router.api_route("/docs", methods=["GET", "HEAD"])
async def docs(request: Request) -> Response:
    """Return the page that shows the OpenAPI document."""
    return FILES["docs.html"].response(request)


@router.api_route("/web/{name}", methods=["GET", "HEAD"])
async def asset(request: Request, name: str) -> Response:
    """Return a file that the pages need."""
    if name not in ASSETS:
        raise HTTPException(404)
    return ASSETS[name].response(request)
