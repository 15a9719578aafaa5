"""Stages of a long training whose results are kept, so that what is done is not done again."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = dict[str, NDArray[Any]]


def kept(path: Path, make: Callable[[], Arrays]) -> Arrays:
    """Read the arrays that a stage gave, or go through it and write them.

    Args:
        path: An ``.npz`` file; it appears whole or not at all.
        make: The stage.
    """
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".part.npz")
        np.savez(partial, **make())  # type: ignore[arg-type]
        partial.replace(path)
    with np.load(path, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}
