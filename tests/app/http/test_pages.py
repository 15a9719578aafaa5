"""The pages as files: what is sent, to whom, and nothing else."""

import re
import socket
from pathlib import Path

import httpx
import pytest

from app.http.pages import ASSETS, FILES, FOLDER, imported

TABS = ("inside", "vectors", "forecasts")
ALL = ["/", "/docs", *sorted(f"/web/{name}" for name in ASSETS)]


def test_every_file_of_the_folder_is_served() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(FILES)


def test_what_a_visitor_loads_is_small() -> None:
    modules = set(imported(["first.js", "main.js"], FILES))
    tabs = {name for tab in TABS for name in imported([f"{tab}.js"], FILES)}
    later = {name for name in FILES if name.endswith(".js")} - modules - tabs - set(imported(["docs.js"], FILES))
    assert later == {"batches.js", "progress.js", "result.js", "tables.js"}
    assert not {f"{tab}.js" for tab in TABS} & modules
    first = modules | {"index.html", "style.css", "icon.svg"}
    assert sum(len(FILES[name].compressed) for name in first) < 40_000
    assert sum(len(FILES[name].compressed) for name in first | tabs) < 60_000
    assert sum(len(file.compressed) for file in FILES.values()) < 75_000
    assert sum(len(file.content) for file in FILES.values()) < 150_000


@pytest.mark.parametrize(("path", "entry"), [("/", "main"), ("/docs", "docs")])
def test_a_browser_is_told_at_once_of_all_modules_that_the_first_sight_needs(
    client: httpx.Client, path: str, entry: str
) -> None:
    response = client.get(path)
    assert response.headers["link"].startswith('<web/style.css>; rel="preload"; as="style"')
    links = re.findall(r'<web/(\w+\.js)>; rel="modulepreload"', response.headers["link"])
    asked, left = set(), {f"{entry}.js"}
    while left:
        name = left.pop()
        asked.add(name)
        module = client.get(f"/web/{name}").text
        left |= set(re.findall(r'(?m)^(?:import|export) [^;]*from "\./(\w+\.js)"', module)) - asked
    assert len(asked) > 5
    assert sorted(links) == sorted(asked)


@pytest.mark.parametrize("path", ALL)
def test_a_file_is_compressed_where_the_client_takes_that(client: httpx.Client, path: str) -> None:
    plain = client.get(path, headers={"Accept-Encoding": "identity"})
    compressed = client.get(path, headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in plain.headers
    assert compressed.headers["content-encoding"] == "gzip"
    assert int(compressed.headers["content-length"]) < max(300, len(plain.content))
    assert compressed.content == plain.content
    assert all("Accept-Encoding" in answer.headers["vary"] for answer in (plain, compressed))
    assert plain.headers["etag"] != compressed.headers["etag"]


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/docs", "text/html; charset=utf-8"),
        ("/web/style.css", "text/css; charset=utf-8"),
        ("/web/main.js", "text/javascript; charset=utf-8"),
        ("/web/icon.svg", "image/svg+xml"),
    ],
)
def test_media_types(client: httpx.Client, path: str, media_type: str) -> None:
    response = client.get(path)
    assert response.status_code == 200
    assert response.headers["content-type"] == media_type


@pytest.mark.parametrize("path", ALL)
def test_nothing_from_elsewhere_may_be_loaded(client: httpx.Client, path: str) -> None:
    headers = client.get(path).headers
    directives = set(headers["content-security-policy"].split("; "))
    assert directives == {
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "img-src 'self' data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    }
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("path", ALL)
def test_what_is_known_is_not_sent_again(client: httpx.Client, path: str) -> None:
    first = client.get(path)
    assert first.headers["cache-control"] == "no-cache"
    tag = first.headers["etag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = client.get(path, headers={"If-None-Match": known})
        assert again.status_code == 304
        assert again.content == b""
        assert again.headers["etag"] == tag
        assert "content-type" not in again.headers
    assert client.get(path, headers={"If-None-Match": '"other"'}).content == first.content


@pytest.mark.parametrize("path", ALL)
def test_head_is_get_without_the_body(client: httpx.Client, path: str) -> None:
    of_get, of_head = client.get(path), client.head(path)
    assert of_head.status_code == 200
    assert of_head.content == b""
    assert of_head.headers["content-length"] == of_get.headers["content-length"]
    assert of_head.headers["etag"] == of_get.headers["etag"]


@pytest.mark.parametrize(
    "path",
    [
        "/web",
        "/web/",
        "/web/nothing.js",
        "/web/../settings.py",
        "/web/%2e%2e/settings.py",
        "/web/..%2fsettings.py",
        "/web/%2e%2e%2fsettings.py",
        "/web/..%5csettings.py",
        "/web/./main.js",
        "/web//etc/passwd",
        "/web/%00",
        "/settings.py",
        "/index.html",
        "/web/index.html",
        "/redoc",
    ],
)
def test_there_is_nothing_else(client: httpx.Client, path: str) -> None:
    # Past httpx, which takes the dots out of a path itself.
    with socket.create_connection((client.base_url.host, client.base_url.port or 80), timeout=60) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: connection.recv(65_536), b""))
    assert answer.startswith(b"HTTP/1.1 404 ")
    assert b"content-type: application/problem+json" in answer.lower()


@pytest.mark.parametrize("path", sorted(FOLDER.iterdir()), ids=lambda path: path.name)
def test_a_file_is_sent_without_comments_and_indentation_and_is_the_same_otherwise(path: Path) -> None:
    sent = FILES[path.name].content.decode().splitlines()
    assert not [line for line in sent if re.match(r"\s|//|/\*|$", line)]
    lines = path.read_text().splitlines()
    assert sent == [line.lstrip() for line in lines if not re.match(r"\s*(//|/\*|$)|\s+\*(/| [^{]|$)", line)]


def test_no_string_of_a_module_goes_over_several_lines() -> None:
    for path in FOLDER.glob("*.js"):
        without = re.sub(r'"`"|\[\^`\]', "", path.read_text())
        assert not [line for line in without.splitlines() if line.count("`") % 2], path.name


def test_a_page_cannot_be_posted_to(client: httpx.Client) -> None:
    for path in ("/", "/docs", "/web/main.js"):
        response = client.post(path)
        assert response.status_code == 405
        assert response.headers["allow"] == "GET, HEAD"


def test_the_pages_are_not_in_the_document_of_the_api(client: httpx.Client) -> None:
    assert not {"/", "/docs", "/web/{name}"} & set(client.get("/openapi.json").json()["paths"])


@pytest.mark.parametrize("path", sorted(FOLDER.iterdir()), ids=lambda path: path.name)
def test_no_file_puts_text_into_the_page_as_html(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|\bstyle=|\son\w+=\"", text)
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", text)
