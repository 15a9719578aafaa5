import httpx

from tests.conftest import Serve


def test_health_is_ok(client: httpx.Client) -> None:
    for path in ("/health/live", "/health/ready"):
        response = client.get(path)
        assert (response.status_code, response.json()) == (200, {"status": "ok"})


def test_models_are_listed_with_their_figures(client: httpx.Client) -> None:
    (model,) = client.get("/models").json()["models"]
    assert model["name"] == "sentiment-tiny"
    assert model["default"] is True
    assert model["engine"] == "onnx"
    assert (model["vocabulary_size"], model["maxlen"]) == (24, 12)
    assert 0.5 < model["figures"]["test"]["accuracy"] <= 1


def test_the_tensorflow_engine_serves_the_same(client: httpx.Client, serve: Serve) -> None:
    reference = serve(engine="tensorflow")
    assert reference.get("/models").json()["models"][0]["engine"] == "tensorflow"
    for text in ("a superb film", "dull " * 30, "zebra"):
        one, other = (c.post("/sentiment", json={"text": text}).json() for c in (client, reference))
        assert abs(one["probabilities"]["positive"] - other["probabilities"]["positive"]) < 1e-5
        assert one["tokens"] == other["tokens"]


def sample(metrics: str, name: str, *labels: str) -> float:
    return sum(
        float(line.rpartition(" ")[2])
        for line in metrics.splitlines()
        if line.startswith(f"{name}{{") and all(label in line for label in labels)
    )


def test_metrics_count_requests_by_route_and_the_two_steps(serve: Serve) -> None:
    client = serve()
    for _ in range(3):
        client.post("/sentiment", json={"text": "a superb film"})
    client.post("/sentiment/batch", json={"texts": ["dull", "dull", "superb"]})
    client.post("/sentiment", json={"text": 1})
    for path in ("/nothing", "/nothing/else"):
        client.get(path)
    response = client.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain; version=")
    text = response.text
    count = "http_request_duration_seconds_count"
    assert sample(text, count, 'method="POST"', 'route="/sentiment"', 'status="200"') == 3
    assert sample(text, count, 'route="/sentiment"', 'status="422"') == 1
    assert sample(text, count, 'route="/sentiment/batch"') == 1
    assert sample(text, count, 'route="unmatched"', 'status="404"') == 2
    assert "/nothing" not in text
    for step in ("tokenize", "predict"):
        assert sample(text, f"sentiment_{step}_seconds_count", 'model="sentiment-tiny",version="1.0.0"') == 4
        assert sample(text, f"sentiment_{step}_seconds_sum", 'model="sentiment-tiny"') > 0
    assert sample(text, "sentiment_texts_total") == 6
