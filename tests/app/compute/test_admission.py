import pytest

from app.compute.admission import BRIEF_SECONDS, Admission, Busy, Lane


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def refused(lane: Lane, caller: str, seconds: float) -> Busy:
    with pytest.raises(Busy) as caught:
        lane.enter(caller, seconds)
    return caught.value


def test_a_client_has_its_share_and_others_theirs() -> None:
    lane = Lane(10, 0.5, 1)
    lane.enter("a", 4)
    assert refused(lane, "a", 2).own
    lane.enter("a", 1)
    lane.enter("b", 5)
    assert not refused(lane, "c", 1).own
    lane.leave("b", 5)
    lane.enter("c", 1)


def test_a_request_dearer_than_the_limit_is_taken_where_nothing_waits() -> None:
    lane = Lane(1, 0.5, 1)
    lane.enter("a", 9)
    assert refused(lane, "b", 0.1)
    lane.leave("a", 9)
    assert lane.seconds == 0


def work_off(lane: Lane, clock: Clock, caller: str, seconds: float, pace: float, piece: float = 0.1) -> None:
    """Have work done in pieces, each of which takes by the clock so many times what was estimated."""
    for _ in range(round(seconds / piece)):
        clock.now += pace * piece
        lane.learn(piece)
        lane.leave(caller, piece)


@pytest.mark.parametrize(("pace", "seconds"), [(0.5, 5), (1.0, 10), (2.0, 19)])
@pytest.mark.parametrize("threads", [1, 2])
def test_retry_after_is_the_time_until_there_is_room(pace: float, seconds: int, threads: int) -> None:
    """The pace is that of all threads together."""
    clock = Clock()
    lane = Lane(100, 1, threads, clock)
    lane.enter("a", 100)
    work_off(lane, clock, "a", 90, pace)
    assert refused(lane, "b", 96.2).retry_after == seconds


@pytest.mark.parametrize(("threads", "seconds"), [(1, 9), (2, 5)])
def test_before_any_work_was_done_it_is_expected_to_take_what_was_estimated(threads: int, seconds: int) -> None:
    lane = Lane(10, 1, threads, Clock())
    lane.enter("a", 10)
    assert refused(lane, "b", 6).retry_after == seconds


@pytest.mark.parametrize("before", [0.3, 1.0])
@pytest.mark.parametrize("after", [1.0, 3.0, 10.0])
@pytest.mark.parametrize("done", [1.0, 3.0])
@pytest.mark.parametrize("threads", [1, 4])
def test_who_comes_back_when_told_is_let_in(before: float, after: float, done: float, threads: int) -> None:
    """Even if the machine has become slow, now or a while ago: while it stays so."""
    clock = Clock()
    lane = Lane(30, 1, threads, clock)
    lane.enter("a", 30)
    lane.begin(0.1)
    work_off(lane, clock, "a", 20, before)
    lane.enter("a", 20)
    work_off(lane, clock, "a", done, after)
    # Nothing is done for as long as the pieces that are under way take.
    clock.now += 0.99 * threads * 0.1 * after
    wait = refused(lane, "b", 10).retry_after
    work_off(lane, clock, "a", min(lane.seconds, (wait - 0.01 * after) // (0.1 * after) * 0.1), after)
    lane.enter("b", 10)


def test_work_that_gets_stuck_is_waited_for_longer() -> None:
    waits = []
    for stuck in (0, 1, 2, 4):
        clock = Clock()
        lane = Lane(10, 1, 1, clock)
        lane.enter("a", 10)
        lane.begin(0.1)
        work_off(lane, clock, "a", 5, 1.0)
        clock.now += stuck
        waits.append(refused(lane, "b", 8).retry_after)
    assert waits == sorted(set(waits))


def test_idle_time_is_no_slowness() -> None:
    clock = Clock()
    lane = Lane(10, 1, 1, clock)
    for _ in range(5):
        clock.now += 1000
        lane.enter("a", 5)
        work_off(lane, clock, "a", 5, 1.0)
    lane.enter("a", 10)
    assert refused(lane, "b", 6.2).retry_after == 10


def test_who_is_refused_later_is_told_to_come_later() -> None:
    clock = Clock()
    lane = Lane(10, 1, 1, clock)
    lane.enter("a", 10)
    waits = [refused(lane, "b", 5).retry_after for _ in range(9)]
    assert waits[:3] == [8, 15, 23]
    assert waits == sorted(waits)
    assert waits[-1] == 30
    clock.now = 60
    assert refused(lane, "b", 5).retry_after == 8


def test_work_is_told_apart_by_its_length() -> None:
    admission = Admission(30, 0.5, 2)
    assert admission.lane(BRIEF_SECONDS) is admission.brief
    assert admission.lane(2 * BRIEF_SECONDS) is admission.long


def test_the_sentence_says_whose_work_waits_and_for_how_long() -> None:
    assert str(Busy(1)) == "The service is busy with other requests; try again in 1 second."
    assert str(Busy(3, own=True)) == "Too much of your own work is waiting; try again in 3 seconds."


def test_who_has_too_much_waiting_is_told_when_it_is_within_the_share() -> None:
    lane = Lane(20, 0.5, 1, Clock())
    lane.enter("a", 10)
    assert refused(lane, "a", 6).retry_after == 9
