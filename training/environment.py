"""Where a model is trained: versions of libraries, the processor, and the commit of the code."""

import os
import platform
import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

import numpy as np

ROOT: Final = Path(__file__).resolve().parent.parent
LIBRARIES: Final = (
    "gensim",
    "keras",
    "numpy",
    "onnx",
    "onnxruntime",
    "scikit-learn",
    "scipy",
    "tensorflow",
    "tensorflow-cpu",
)
"""Distributions whose versions may change what a training gives; those that are not installed are left out."""


def describe() -> dict[str, Any]:
    """Return what a manifest says of the machine that trained: ``python``, ``libraries``, ``processor``, ``commit``.

    The commit is followed by ``-dirty`` if a file differed from it, and ``None`` outside of a checkout.
    """
    return {
        "python": platform.python_version(),
        "libraries": {name: found for name in LIBRARIES if (found := _version(name)) is not None},
        "processor": processor(),
        "commit": commit(ROOT),
    }


def processor() -> dict[str, Any]:
    """Return the ``architecture``, the ``cores``, and the vector instructions that NumPy found, as ``features``."""
    extensions = np.show_config(mode="dicts")["SIMD Extensions"]
    features = [*extensions.get("baseline", []), *extensions.get("found", [])]
    return {"architecture": platform.machine(), "cores": os.cpu_count(), "features": features}


def commit(root: Path) -> str | None:
    """Return the commit that is checked out in a folder, if the folder is the top of a checkout."""
    git = shutil.which("git")
    if git is None or not (root / ".git").exists():
        return None
    command = [git, "-C", str(root), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    return done.stdout.strip() or None


def _version(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None
