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


@pytest.mark.parametrize(("pace", "threads", "seconds"), [(1.0, 1, 9), (1.0, 2, 5), (2.0, 1, 18)])
def test_retry_after_is_the_time_until_there_is_room(pace: float, threads: int, seconds: int) -> None:
    lane = Lane(10, 1, threads, Clock())
    for _ in range(40):
        lane.learn(1, pace)
    lane.enter("a", 10)
    assert refused(lane, "b", 6).retry_after == seconds


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
