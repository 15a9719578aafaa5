"""Classify texts with `tritonclient.http` and its `aio`, as its users do; prints JSON.

python use_tritonclient.py 127.0.0.1:8000 "A wonderful film." "What a waste of two hours."
"""

import asyncio
import json
import sys
from importlib.metadata import version
from typing import Any

import numpy as np
import tritonclient.http as triton
import tritonclient.http.aio as aio
from tritonclient.utils import InferenceServerException

address, *texts = sys.argv[1:]
MODEL = "sentiment-best"


def values(result: Any) -> dict[str, Any]:
    label, score, probabilities = (result.as_numpy(name) for name in ("label", "score", "probabilities"))
    names = [one.decode() if isinstance(one, bytes) else one for one in label.tolist()]
    return {"label": names, "score": score.tolist(), "probabilities": probabilities.tolist(), "dtype": str(score.dtype)}


def tensor(kind: Any, array: Any, binary: bool = True) -> Any:
    found = kind("text", list(array.shape), "BYTES")
    found.set_data_from_numpy(array, binary_data=binary)
    return found


array = np.array([text.encode() for text in texts], dtype=np.object_)
names = ("label", "score", "probabilities")
found: dict[str, Any] = {"version": version("tritonclient")}
client = triton.InferenceServerClient(address)
found["live"] = client.is_server_live()
found["ready"] = client.is_server_ready()
found["model_ready"] = client.is_model_ready(MODEL)
found["no_model_ready"] = client.is_model_ready("sentiment-none")
found["server"] = client.get_server_metadata()
found["metadata"] = client.get_model_metadata(MODEL)
version_of_model = found["metadata"]["versions"][0]
found["version_ready"] = client.is_model_ready(MODEL, version_of_model)
result = client.infer(MODEL, [tensor(triton.InferInput, array)], request_id="7")
found["binary"] = values(result)
found["id"] = result.get_response()["id"]
found["column"] = values(client.infer(MODEL, [tensor(triton.InferInput, array.reshape(-1, 1))]))
found["version_named"] = values(client.infer(MODEL, [tensor(triton.InferInput, array)], version_of_model))
wish = [triton.InferRequestedOutput(name, binary_data=False) for name in names]
found["json"] = values(client.infer(MODEL, [tensor(triton.InferInput, array, binary=False)], outputs=wish))
wish = [triton.InferRequestedOutput(name, binary_data=True) for name in names]
gzipped: dict[str, Any] = {"outputs": wish, "request_compression_algorithm": "gzip"}
found["gzip"] = values(client.infer(MODEL, [tensor(triton.InferInput, array)], **gzipped))
found["async"] = values(client.async_infer(MODEL, [tensor(triton.InferInput, array)]).get_result())
chosen: dict[str, Any] = {"parameters": {"labels": "negative,positive"}}
found["chosen"] = client.infer(MODEL, [tensor(triton.InferInput, array)], **chosen).as_numpy("probabilities").tolist()
try:
    client.infer("sentiment-none", [tensor(triton.InferInput, array)])
except InferenceServerException as error:
    found["error"] = error.message()
client.close()


async def ask() -> None:
    async with aio.InferenceServerClient(address) as client:
        found["aio_ready"] = await client.is_server_ready()
        found["aio"] = values(await client.infer(MODEL, [tensor(aio.InferInput, array)]))
        inputs = [tensor(aio.InferInput, array, binary=False)]
        outputs = [aio.InferRequestedOutput(name, binary_data=False) for name in names]
        found["aio_json"] = values(await client.infer(MODEL, inputs, outputs=outputs))


asyncio.run(ask())
print(json.dumps(found))
