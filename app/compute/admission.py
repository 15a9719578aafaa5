"""Admission of work by what it costs: how many seconds of it may wait, in all and of one client.

Work is told apart by its estimated length, and each length has a limit of its own: whoever asks for little is never
refused because others asked for much.
"""

import math
from collections.abc import Callable
from time import monotonic
from typing import Final

INLINE_SECONDS: Final = 0.005
"""Work that takes no longer is done where the request is handled, though nothing else is handled meanwhile. Longer work
goes to a thread: that costs the handover and, as threads share the interpreter, the others' time all the same."""
BRIEF_SECONDS: Final = 0.25
"""Work that takes no longer has a thread of its own, beside those for all work."""
INLINE_SHARE: Final = 1 / 30
"""Of the limit, for work on the event loop: with the default, a second."""
BRIEF_SHARE: Final = 1 / 10
"""The same for brief work in threads."""

_LEARNING: Final = 0.2
"""Weight of the last measurement in the mean of how much longer work takes than was estimated."""
_SLOWEST: Final = 20.0
_MARGIN: Final = 1.5
"""By which ``Retry-After`` is longer than the wait that is expected."""
_LONGEST_PROMISE: Final = 2
"""Times that a full lane takes to be worked off: no client is told to wait longer, however many were told to wait."""
_ROUNDING: Final = 1e-9


class Busy(Exception):
    """Work is refused, since too much of it waits already.

    Attributes:
        retry_after: Seconds after which to try again; at least 1.
        own: Whether it is the client's own work that waits.
    """

    def __init__(self, retry_after: int, *, own: bool = False) -> None:
        waiting = "Too much of your own work is waiting" if own else "The service is busy with other requests"
        unit = "second" if retry_after == 1 else "seconds"
        super().__init__(f"{waiting}; try again in {retry_after} {unit}.")
        self.retry_after = retry_after
        self.own = own


def is_short(seconds: float) -> bool:
    """Whether work that is estimated to take so long is done on the event loop."""
    return seconds <= INLINE_SECONDS


class Lane:
    """Work of similar length that waits or is under way. Only the event loop's thread uses it.

    Attributes:
        seconds: How much there is, by the estimates.
    """

    def __init__(self, limit: float, share: float, threads: int, clock: Callable[[], float] = monotonic) -> None:
        """Make an empty lane.

        Args:
            limit: Estimated seconds that may wait; a single request may exceed it where nothing else waits.
            share: What part of that one client may have, from 0 to 1.
            threads: How many work it off.
            clock: Gives the seconds from any fixed time.
        """
        self.seconds = 0.0
        self._limit = limit
        self._share = limit * share
        self._threads = threads
        self._clock = clock
        self._of_caller: dict[str, float] = {}
        self._pace = 1.0
        self._measured = 0
        self._promised = 0.0

    def enter(self, caller: str, seconds: float) -> float:
        """Take work in.

        Args:
            caller: Whose it is.
            seconds: How long it takes, as an estimate.

        Returns:
            How much work that caller has here now.

        Raises:
            Busy: There is too much of this caller, or in all.
        """
        mine = self._of_caller.get(caller, 0.0)
        if mine and mine + seconds > self._share:
            raise Busy(self._retry_after(self._share, seconds), own=True)
        if self.seconds and self.seconds + seconds > self._limit:
            raise Busy(self._retry_after(self._limit, seconds))
        mine += seconds
        self._of_caller[caller] = mine
        self.seconds += seconds
        return mine

    def leave(self, caller: str, seconds: float) -> None:
        """Let work go that was taken in: it is done, or nobody wants it any more."""
        left = self._of_caller.pop(caller, 0.0) - seconds
        if left > _ROUNDING:
            self._of_caller[caller] = left
        self.seconds = self.seconds - seconds if self._of_caller else 0.0

    def learn(self, estimated: float, measured: float) -> None:
        """Note how long a piece of work took."""
        pace = min(measured / max(estimated, 1e-4), _SLOWEST)
        self._measured += 1
        self._pace += max(_LEARNING, 1 / self._measured) * (pace - self._pace)

    def _retry_after(self, limit: float, seconds: float) -> int:
        """Return after how many seconds there is room for work, behind those who were told to come back before.

        Whose work goes first is left open: the wait is until all work in the lane has become so little that there is
        room whoever it is of.
        """
        now, pace = self._clock(), self._pace * _MARGIN / self._threads
        room = now + (self.seconds - max(0.0, limit - seconds)) * pace
        latest = now + _LONGEST_PROMISE * self._limit * pace
        turn = min(max(room, self._promised), max(latest, room))
        self._promised = turn + seconds * pace
        return max(1, math.ceil(turn - now))


class Admission:
    """The lanes of a process."""

    def __init__(self, limit: float, share: float, threads: int) -> None:
        """Make the lanes.

        Args:
            limit: Estimated seconds of long work that may wait.
            share: What part of each lane one client may have, from 0 to 1.
            threads: How many do long work.
        """
        self.inline = Lane(limit * INLINE_SHARE, share, 1)
        self.brief = Lane(limit * BRIEF_SHARE, share, 1)
        self.long = Lane(limit, share, threads)

    def lane(self, seconds: float) -> Lane:
        """Return the lane for work in threads that takes so long."""
        return self.brief if seconds <= BRIEF_SECONDS else self.long

    @property
    def waiting(self) -> dict[str, float]:
        """The estimated seconds of work in each lane, by its name."""
        return {"inline": self.inline.seconds, "brief": self.brief.seconds, "long": self.long.seconds}
