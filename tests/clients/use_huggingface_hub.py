"""Classify a text with `huggingface_hub`, as its users do; prints JSON.

python use_huggingface_hub.py http://127.0.0.1:8000 "A wonderful film."
"""

import asyncio
import json
import sys
from importlib.metadata import version
from typing import Any

from huggingface_hub import AsyncInferenceClient, InferenceClient
from huggingface_hub.errors import HfHubHTTPError

url, text = sys.argv[1:]


def pairs(scores: list[Any]) -> list[list[Any]]:
    return [[one.label, one.score] for one in scores]


found: dict[str, Any] = {"version": version("huggingface_hub")}
found["model"] = pairs(InferenceClient(model=f"{url}/hf/sentiment-best").text_classification(text))
found["base_url"] = pairs(InferenceClient(base_url=f"{url}/hf").text_classification(text))
found["top_k"] = pairs(InferenceClient(model=f"{url}/hf/sentiment-best").text_classification(text, top_k=1))
found["async"] = pairs(asyncio.run(AsyncInferenceClient(model=f"{url}/hf").text_classification(text)))
try:
    InferenceClient(model=f"{url}/hf/sentiment-none").text_classification(text)
except HfHubHTTPError as error:
    found["error"] = str(error)
print(json.dumps(found))
