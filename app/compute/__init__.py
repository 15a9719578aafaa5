"""Where work runs, and how much of it is taken: on the event loop if it is short, else in threads, shortest first."""

from app.compute.admission import INLINE_SECONDS, Busy, is_short
from app.compute.compute import Compute

__all__ = ["INLINE_SECONDS", "Busy", "Compute", "is_short"]
