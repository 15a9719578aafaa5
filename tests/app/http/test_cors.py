import httpx
import pytest

from tests.conftest import Serve

PAGE = {"Origin": "https://page.example"}


@pytest.mark.parametrize("origins", ["*", "https://page.example, https://other.example"])
def test_a_page_on_another_origin_may_ask(serve: Serve, origins: str) -> None:
    client = serve(cors_origins=origins)
    preflight = client.options(
        "/sentiment",
        headers={
            **PAGE,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type, x-request-id",
        },
    )
    assert preflight.status_code == 200
    allowed = "*" if origins == "*" else PAGE["Origin"]
    assert preflight.headers["access-control-allow-origin"] == allowed
    assert "POST" in preflight.headers["access-control-allow-methods"]
    response = client.post("/sentiment", json={"text": "a superb film"}, headers=PAGE)
    assert response.headers["access-control-allow-origin"] == allowed
    exposed = response.headers["access-control-expose-headers"]
    assert "X-Request-ID" in exposed
    assert "Server-Timing" in exposed


def test_a_page_can_read_what_went_wrong(client: httpx.Client) -> None:
    for response in (client.post("/sentiment", json={}, headers=PAGE), client.get("/nothing", headers=PAGE)):
        assert response.headers["access-control-allow-origin"] == "*"


def test_a_page_of_no_listed_origin_may_not(serve: Serve) -> None:
    client = serve(cors_origins="https://other.example")
    response = client.post("/sentiment", json={"text": "a"}, headers=PAGE)
    assert "access-control-allow-origin" not in response.headers
    preflight = client.options("/sentiment", headers={**PAGE, "Access-Control-Request-Method": "POST"})
    assert preflight.status_code == 400
