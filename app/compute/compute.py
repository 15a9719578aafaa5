"""Admitted work, done on the event loop or in threads, and dropped when the client hangs up."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Sequence
from time import monotonic
from types import TracebackType
from typing import Final, Self, TypeVar

from app.compute.admission import Admission, Lane, is_short
from app.compute.callers import CALLER, Caller, HungUp
from app.compute.spans import Spans
from app.compute.threads import Threads

Result = TypeVar("Result")

URGENCY: Final = 4.0
"""Seconds that work may be overtaken by newer work, for each second that its caller has waiting."""
INLINE_URGENCY: Final = 60.0
"""The same for short work on the event loop, which does one batch in each iteration: where a flood of requests makes
these long, what one client has waiting takes far longer than was estimated."""


class Place:
    """Work of one request that was admitted.

    Attributes:
        left: Estimated seconds of it that are not done yet.
    """

    def __init__(
        self,
        threads: Threads,
        lane: Lane,
        caller: Caller,
        seconds: float,
        *,
        brief: bool,
        due: float,
        spans: Spans | None,
    ) -> None:
        self.left = seconds
        self._threads = threads
        self._lane = lane
        self._caller = caller
        self._brief = brief
        self._due = due
        self._spans = spans

    async def run(self, functions: Sequence[Callable[[], Result]], seconds: Sequence[float]) -> list[Result]:
        """Call functions, in several threads at once, and wait for their results.

        If one fails or the client hangs up, those that are not called yet never are.

        Args:
            functions: What to call.
            seconds: How long each takes, as an estimate.

        Returns:
            The results, in order.
        """
        self._lane.begin(max(seconds, default=0.0))
        jobs = [asyncio.ensure_future(self._one(*job)) for job in zip(functions, seconds, strict=True)]
        work = asyncio.gather(*jobs)
        try:
            if self._caller.hung_up is None:
                return await work
            return await _unless(work, self._caller.hung_up)
        finally:
            while jobs:
                jobs.pop().cancel()
            del work  # a reference to an error from the frame that raised it would keep what the work had read

    async def _one(self, function: Callable[[], Result], seconds: float) -> Result:
        if self._spans is not None:
            function = self._spans.carried(function)
        job = self._threads.submit(function, due=self._due, brief=self._brief)
        try:
            result = await asyncio.wrap_future(job)
        finally:
            del job  # for the same reason
        self._lane.learn(seconds)
        done = min(seconds, self.left)
        self.left -= done
        if done:
            self._lane.leave(self._caller.name, done)
        return result


class Inline:
    """Short work on the event loop that was admitted. A class, since a generator takes three times as long.

    Attributes:
        due: What is due first is done first.
    """

    __slots__ = ("_caller", "_lane", "_seconds", "due")

    def __init__(self, lane: Lane, caller: str, seconds: float) -> None:
        self._lane = lane
        self._caller = caller
        self._seconds = seconds
        self.due = monotonic() + INLINE_URGENCY * lane.enter(caller, seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if self._lane.seconds > self._seconds:  # how long a text alone takes tells nobody when to come back
            self._lane.learn(self._seconds)
        self._lane.leave(self._caller, self._seconds)


class Compute:
    """The threads of a process, and the limits to what waits for them and for the event loop.

    Attributes:
        threads: Number of threads for long work.
        spans: Where the steps of requests are noted, if they are.
    """

    def __init__(
        self,
        threads: int,
        max_waiting_seconds: float = 30,
        max_client_share: float = 0.5,
        max_streams: int = 8,
        max_processes: int = 2,
        spans: Spans | None = None,
    ) -> None:
        """Make the pool; its threads start when they are needed.

        Args:
            threads: Number of threads for long work; there is one more for brief work.
            max_waiting_seconds: Estimated seconds of long work that may wait, in all.
            max_client_share: What part of it, of the streams, and of the processes one client may have, from 0 to 1.
            max_streams: Streams that may go on at a time.
            max_processes: Of these, those that may have a process of their own.
            spans: Where the steps of requests are noted, if they are.
        """
        self.threads = threads
        self.spans = spans
        self._threads = Threads(threads)
        self._limit = float(max_waiting_seconds)
        self.admission = Admission(self._limit, max_client_share, threads)
        self._streams = Lane(max_streams, max_client_share, 1)
        self._processes = Lane(max_processes, max_client_share, 1)

    def inline(self, seconds: float) -> "Inline":
        """Admit short work on the event loop, for as long as one is within what this returns.

        Raises:
            Busy: Too much of it waits, of this client or in all.
        """
        return Inline(self.admission.inline, CALLER.get().name, seconds)

    @contextlib.contextmanager
    def place(self, seconds: float, *, brief: bool = True) -> Iterator[Place]:
        """Admit the work of a request that goes to threads.

        Args:
            seconds: How long it takes, as an estimate.
            brief: Whether it may take the thread for brief work, if it is; not, where there is more of it to come.

        Raises:
            Busy: Too much work waits, of this client or in all.
        """
        seconds = min(seconds, self._limit)
        lane, caller = self.admission.lane(seconds) if brief else self.admission.long, CALLER.get()
        of_caller = lane.enter(caller.name, seconds)
        place = Place(
            self._threads,
            lane,
            caller,
            seconds,
            brief=lane is self.admission.brief,
            due=monotonic() + URGENCY * of_caller,
            spans=self.spans,
        )
        try:
            yield place
        finally:
            if place.left:
                lane.leave(caller.name, place.left)

    def begin_stream(self) -> Callable[[], None]:
        """Admit a stream of work, which takes a thread of its own.

        Returns:
            To be called when that thread has ended.

        Raises:
            Busy: There are too many, of this client or in all.
        """
        return _enter(self._streams)

    def has_process(self) -> bool:
        """Whether :meth:`begin_process` would admit one."""
        return self._processes.has_room(CALLER.get().name, 1)

    def begin_process(self) -> Callable[[], None]:
        """Admit a process that reads for a stream.

        Returns:
            To be called when it has ended.

        Raises:
            Busy: There are too many, of this client or in all.
        """
        return _enter(self._processes)

    async def run(self, function: Callable[[], Result], *, seconds: float) -> Result:
        """Call a function in a thread and wait for its result.

        Args:
            function: What to call.
            seconds: How long that takes, as a rough estimate.

        Raises:
            Busy: Too much work waits, of this client or in all.
        """
        with self.place(seconds) as place:
            (result,) = await place.run([function], [seconds])
            return result

    async def call(self, function: Callable[[], Result], *, seconds: float) -> Result:
        """Call a function: here, if it is short, else as :meth:`run` does."""
        return function() if is_short(seconds) else await self.run(function, seconds=seconds)

    def step(self, name: str, function: Callable[[], Result]) -> Callable[[], Result]:
        """Return the function itself or, where the steps of requests are noted, one that notes it by a name."""
        return function if self.spans is None else self.spans.timed(name, function)

    def close(self) -> None:
        """Wait for the threads to end."""
        self._threads.close()


def _enter(lane: Lane) -> Callable[[], None]:
    caller = CALLER.get().name
    lane.enter(caller, 1)

    def leave() -> None:
        lane.learn(1)
        lane.leave(caller, 1)

    return leave


async def _unless(work: "asyncio.Future[Result]", hung_up: HungUp) -> Result:
    """Wait for work, unless the client hangs up: then raise what says so."""
    # What becomes of work for nobody is no news, which asyncio would log otherwise.
    work.add_done_callback(lambda done: done.cancelled() or done.exception())
    watch = asyncio.ensure_future(hung_up())
    try:
        await asyncio.wait((work, watch), return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            watch.result()
        return await work
    finally:
        watch.cancel()
        del watch, work
