"""What the command line sets."""

import sys
from dataclasses import dataclass
from pathlib import Path

from bench.paths import OUTPUT


@dataclass(frozen=True)
class Options:
    """How to measure.

    Attributes:
        model: The model folder. What only compares tokenizers is measured on :data:`bench.paths.LECTURE`.
        data: Folder with ``train.parquet`` and ``test.parquet``; without the test reviews made-up ones are used.
        rounds: How often the contenders take turns.
        seconds: Seconds of load a turn.
        revision: What this checkout is compared with, as git names it.
        texts: How many reviews, and how many sentences, are explained.
        soak_seconds: Seconds of mixed traffic.
        output: Folder that plots are drawn into.
        requests: How many requests are made up.
    """

    model: Path
    data: Path
    rounds: int
    seconds: int
    revision: str | None = None
    texts: int = 500
    soak_seconds: int = 1800
    output: Path = OUTPUT
    requests: int = 100_000

    def say(self, message: str) -> None:
        """Tell on standard error how far the benchmark is."""
        sys.stderr.write(f"  {message}\n")
        sys.stderr.flush()
