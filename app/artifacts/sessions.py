"""ONNX graphs: opened alike everywhere, on one thread a call, and given rows of similar length at once."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Final

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from app.artifacts.manifest import ArtifactError

SLACK: Final = 1.5
TOKENS: Final = 4_096
"""Steps of the rows of a run, so that long texts take no more memory than others."""
BATCH: Final = 12
"""Rows a run. More rows than this spill the work of an LSTM of 64 units out of the processor's nearest cache."""


def open_graph(path: Path, content: bytes | None = None) -> onnxruntime.InferenceSession:
    """Open a graph.

    Args:
        path: Its file.
        content: The bytes of the file, where they have been read already.

    Raises:
        ArtifactError: It cannot be served.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # The arena would keep what the longest batch took, some 40 MB, and saves no time that can be measured.
    options.enable_cpu_mem_arena = False
    try:
        with nullcontext(path) if content is None else _in_memory(content) as file:
            return onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise ArtifactError(f"{path} is not a graph that can be served ({error}); train the model again.") from error


@contextmanager
def _in_memory(content: bytes) -> Iterator[str | bytes]:
    """Give a graph a path for the block, where that can be had.

    ONNX Runtime reads a file in less time than bytes, and lets Python's other threads go on meanwhile.
    """
    if not hasattr(os, "memfd_create"):  # of Linux alone
        yield content
        return
    with os.fdopen(os.memfd_create("graph"), "wb") as file:
        file.write(content)
        file.flush()
        yield f"/proc/self/fd/{file.fileno()}"


def check_graph(path: Path, session: onnxruntime.InferenceSession, inputs: set[str], outputs: set[str]) -> None:
    """Check the names of what a graph takes and gives.

    Args:
        path: Its file, for the message.
        session: The graph.
        inputs: All that it takes.
        outputs: What it gives, among others.

    Raises:
        ArtifactError: They are others.
    """
    taken, given = ({node.name for node in nodes} for nodes in (session.get_inputs(), session.get_outputs()))
    if taken != inputs or not outputs <= given:
        names = ", ".join(sorted(taken)), ", ".join(sorted(given))
        raise ArtifactError(f"{path} takes {names[0]} and gives {names[1]}, unlike a model of ours; restore it.")


def batches(lengths: NDArray[np.int32], size: int = BATCH) -> Iterator[NDArray[np.intp]]:
    """Share sequences out into runs of rows of similar length.

    All rows of a run take as long as its longest: where that is more than :data:`SLACK` times the shortest, what the
    short ones gain from company is less than what they lose.

    Args:
        lengths: Length of each sequence, shape (n,).
        size: Rows a run at most.

    Returns:
        The indices of each run, the shortest first.
    """
    order = np.argsort(lengths, kind="stable")
    ordered = lengths[order]
    start = 0
    while start < len(order):
        end = int(np.searchsorted(ordered, ordered[start] * SLACK + 8, side="right"))
        end = min(end, start + size)
        while end - start > 1 and (end - start) * ordered[end - 1] > TOKENS:
            end -= 1
        yield order[start:end]
        start = end
