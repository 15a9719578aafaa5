"""Classify texts with `kserve.InferenceRESTClient`, V1 and V2, as its users do; prints JSON.

python use_kserve.py http://127.0.0.1:8000 "A wonderful film." "What a waste of two hours."
"""

import asyncio
import json
import sys
from importlib.metadata import version
from typing import Any

import httpx
import numpy as np
from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig
from kserve.protocol.infer_type import RequestedOutput

url, *texts = sys.argv[1:]
MODEL = "sentiment-best"


def values(response: Any) -> dict[str, Any]:
    return {output.name: output.as_numpy().tolist() for output in response.outputs}


def request(binary: bool, outputs: list[Any] | None = None) -> Any:
    array = np.array([text.encode() for text in texts], dtype=np.object_)
    tensor = InferInput(name="text", shape=[len(texts)], datatype="BYTES")
    tensor.set_data_from_numpy(array, binary_data=binary)
    return InferRequest(model_name=MODEL, infer_inputs=[tensor], request_id="7", request_outputs=outputs)


async def ask() -> dict[str, Any]:
    found: dict[str, Any] = {"version": version("kserve")}
    async with InferenceRESTClient(RESTConfig(protocol="v2")) as client:
        found["live"] = await client.is_server_live(url)
        found["ready"] = await client.is_server_ready(url)
        found["model_ready"] = await client.is_model_ready(url, MODEL)
        found["no_model_ready"] = await client.is_model_ready(url, "sentiment-none")
        found["json"] = values(await client.infer(url, request(binary=False), model_name=MODEL))
        found["binary"] = values(await client.infer(url, request(binary=True), model_name=MODEL))
        outputs = [RequestedOutput(name, parameters={"binary_data": True}) for name in ("label", "score")]
        found["binary_outputs"] = values(await client.infer(url, request(True, outputs), model_name=MODEL))
    async with InferenceRESTClient(RESTConfig(protocol="v1")) as client:
        found["v1_model_ready"] = await client.is_model_ready(url, MODEL)
        found["v1"] = await client.infer(url, {"instances": texts}, model_name=MODEL)
        found["v1_ids"] = await client.infer(url, {"instances": [[1, 5, 6]]}, model_name=MODEL)
        try:
            await client.infer(url, {"instances": texts}, model_name="sentiment-none")
        except httpx.HTTPStatusError as error:
            found["v1_status"] = error.response.status_code
    return found


print(json.dumps(asyncio.run(ask())))
