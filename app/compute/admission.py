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

_MEMORIES: Final = (0.5, 10.0)
"""Seconds for which the pace counts at which work is done; what is longer ago counts ever less. The slower of both is
believed: so it is seen at once that a machine has become busy, and remembered that one stops now and then."""
_FIRST: Final = 0.2
"""Seconds of work for which the pace counts that is assumed before any was done."""
_SHRINKING: Final = 0.9
"""By which the largest piece of work is taken for smaller with each smaller one that is done."""
_SLOWEST: Final = 20.0
"""Seconds that a second of work is expected to take at most."""
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


class _Pace:
    """How long a second of work takes by the clock, all threads together."""

    __slots__ = ("_done", "_memory", "_spent")

    def __init__(self, memory: float, threads: int) -> None:
        self._memory = memory
        self._done = _FIRST
        self._spent = _FIRST / threads

    def learn(self, estimated: float, spent: float) -> None:
        kept = self._memory / (self._memory + spent)
        self._done = kept * self._done + estimated
        self._spent = kept * self._spent + spent

    def now(self, under_way: float, spent: float) -> float:
        """Return the pace, or a slower one if so much work is not done yet after so many seconds."""
        pace = self._spent / self._done
        return max(pace, (self._spent + spent) / (self._done + under_way)) if under_way else pace


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
        self._paces = [_Pace(memory, threads) for memory in _MEMORIES]
        self._since = 0.0
        self._piece = 0.0
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
        if self._has_its_share(mine, seconds):
            raise Busy(self._retry_after(self._share, seconds), own=True)
        if self._is_full(seconds):
            raise Busy(self._retry_after(self._limit, seconds))
        if not self.seconds:
            self._since = self._clock()
        mine += seconds
        self._of_caller[caller] = mine
        self.seconds += seconds
        return mine

    def has_room(self, caller: str, seconds: float) -> bool:
        """Whether :meth:`enter` would take it in."""
        return not self._has_its_share(self._of_caller.get(caller, 0.0), seconds) and not self._is_full(seconds)

    def _has_its_share(self, mine: float, seconds: float) -> bool:
        return bool(mine) and mine + seconds > self._share

    def _is_full(self, seconds: float) -> bool:
        return bool(self.seconds) and self.seconds + seconds > self._limit

    def leave(self, caller: str, seconds: float) -> None:
        """Let work go that was taken in: it is done, or nobody wants it any more."""
        left = self._of_caller.pop(caller, 0.0) - seconds
        if left > _ROUNDING:
            self._of_caller[caller] = left
        self.seconds = self.seconds - seconds if self._of_caller else 0.0

    def begin(self, piece: float) -> None:
        """Note the estimated length of the largest piece that is about to be worked on."""
        self._piece = max(self._piece, piece)

    def learn(self, estimated: float) -> None:
        """Note that a piece of work is done that was estimated to take so long.

        What counts is the time since the piece before, of whatever thread: threads that did other work meanwhile, and
        a machine that did, are slow ones.
        """
        now = self._clock()
        spent, self._since = now - self._since, now
        self._piece = max(estimated, _SHRINKING * self._piece)
        for pace in self._paces:
            pace.learn(estimated, spent)

    def _pace(self, now: float) -> float:
        """Return how long a second of work takes, by what was done lately and by what should have been done by now."""
        under_way = min(self.seconds, self._threads * self._piece)
        return min(max(pace.now(under_way, now - self._since) for pace in self._paces), _SLOWEST)

    def _retry_after(self, limit: float, seconds: float) -> int:
        """Return after how many seconds there is room for work, behind those who were told to come back before.

        Whose work goes first is left open: the wait is until all work in the lane has become so little that there is
        room whoever it is of.
        """
        now = self._clock()
        pace = self._pace(now) * _MARGIN
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
