"""The machine and the versions that a measurement holds for."""

import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Final

PACKAGES: Final = ("onnxruntime", "tensorflow_cpu", "keras", "numpy", "fastapi", "starlette", "uvicorn", "pydantic")


def describe() -> dict[str, str]:
    """Name processor, cores, memory, system, Python and packages; no names or paths of this very machine."""
    return {
        "processor": _processor(),
        "cores": str(len(os.sched_getaffinity(0))),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.machine()}",
        "Python": platform.python_version(),
        **{name: version(name) for name in PACKAGES},
    }


def busy() -> float:
    """Return how many processes wanted to run in the last minute, on average."""
    return os.getloadavg()[0]


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor() or "unknown"
