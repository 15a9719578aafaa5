"""The side of a sequence: where padding fills, and where truncation cuts."""

from typing import Literal

Side = Literal["pre", "post"]
