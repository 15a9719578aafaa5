"""The logits of many texts, by the engine that also serves the network: no padding, all cores."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.sentiment.engines import VOCABULARY_KEY, OnnxEngine
from app.sentiment.padding import truncate
from training.onnx_export import export
from training.sentiment.distillation.corpus import START_ID, Ids
from training.sentiment.distillation.network import Network
from training.sentiment.distillation.out_of_fold import Logits, logits

_PART: Final = 4096
"""Texts a thread takes at once."""
_ROWS: Final = 256
"""Texts of one length that are read together."""


def predict(network: Network, texts: Sequence[Ids], maxlen: int) -> Logits:
    """Return the logits of positive by a network with a single output, shape (n,).

    Args:
        network: The network.
        texts: Ids of each, without the start id, which is put in front.
        maxlen: Longer texts lose their beginning.
    """
    return logits(probabilities(network, texts, maxlen)[:, 1])


def probabilities(network: Network, texts: Sequence[Ids], maxlen: int) -> NDArray[np.float32]:
    """Return the probability of each label, shape (n, labels); the arguments are those of :func:`predict`."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "model.onnx")
        metadata = {VOCABULARY_KEY: str(network.embedding.input_dim)}
        export(network.serving_model(maxlen), path, padded_length=maxlen, metadata=metadata)
        engine = OnnxEngine(path, maxlen)

    def part(start: int) -> NDArray[np.float32]:
        some = texts[start : start + _PART]
        rows = engine.predict([truncate([START_ID, *ids.tolist()], maxlen, "pre") for ids in some])
        return rows.astype(np.float32)

    with ThreadPoolExecutor(os.cpu_count()) as threads:
        parts = list(threads.map(part, range(0, len(texts), _PART)))
    return np.concatenate([np.empty((0, max(2, engine.outputs)), np.float32), *parts])


def features(network: Network, texts: Sequence[Ids]) -> NDArray[np.float32]:
    """Return what the last layer of a network of windows reads of each text: the maxima over time, shape (n, features).

    Args:
        network: The network.
        texts: Ids of each, without the start id; as many windows of one length as fit are read of each.
    """
    found = np.empty((len(texts), network.dense.kernel.shape[0]), np.float32)
    groups: dict[int, list[int]] = {}
    for index, ids in enumerate(texts):
        groups.setdefault(network.whole_windows(len(ids)), []).append(index)
    for length, indices in groups.items():
        for first in range(0, len(indices), _ROWS):
            some = indices[first : first + _ROWS]
            rows = np.array([[START_ID, *texts[index][:length]] for index in some], np.int32)
            found[some] = network.features(rows)
    return found
