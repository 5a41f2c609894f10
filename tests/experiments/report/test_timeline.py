"""Time in buckets: what lasted how long is kept exactly, whatever the buckets are."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.experiments.report.coverage import Coverage
from shoal.experiments.report.lanes import Lanes
from shoal.experiments.report.staircase import Staircase
from shoal.experiments.report.svg_lanes import lanes_picture
from shoal.experiments.report.working_time import WorkingTime, working_time
from shoal.runtime.journal.entries import MessageEntry, SpanEntry
from shoal.runtime.journal.reader import EventEntry

INTERVALS = st.lists(st.tuples(st.floats(0, 99), st.floats(0, 40)), max_size=30)


def message(agent: str, at: float, took_s: float, queued_s: float = 0.0) -> MessageEntry:
    """One that was handled."""
    return MessageEntry("00", None, "t", "local", agent, "app:T", 1, at, took_s, "done", queued_s)


def event(at: float, kind: str, agent: str | None = None) -> EventEntry:
    """One of the run's."""
    return EventEntry(1, at, kind, agent, None, {})


@given(INTERVALS, st.floats(0.1, 30))
def test_buckets_hold_together_what_the_intervals_lasted(
    intervals: list[tuple[float, float]], width: float
) -> None:
    coverage = Coverage()
    for begin, lasted in intervals:
        coverage.add(begin, begin + lasted, width)
    count = int(140 / width) + 2
    assert math.isclose(
        math.fsum(coverage.seconds(count, width)), math.fsum(lasted for _, lasted in intervals), abs_tol=1e-6
    )


@given(INTERVALS, st.floats(0.5, 10))
def test_wider_buckets_hold_what_two_narrow_ones_held(
    intervals: list[tuple[float, float]], width: float
) -> None:
    narrow, wide = Coverage(), Coverage()
    for begin, lasted in intervals:
        narrow.add(begin, begin + lasted, width)
        wide.add(begin, begin + lasted, 2 * width)
    count = int(140 / width) + 2
    narrow.widen(width)
    pairs = zip(narrow.seconds(count, 2 * width), wide.seconds(count, 2 * width), strict=True)
    assert all(math.isclose(one, other, abs_tol=1e-6) for one, other in pairs)


def test_a_pause_between_sessions_takes_no_time() -> None:
    clock = WorkingTime([100.0, 1000.0], [110.0, 1005.0])
    assert [clock.of(at) for at in (90.0, 104.0, 110.0, 500.0, 1000.0, 1003.0, 1020.0)] == [
        0,
        4,
        10,
        10,
        10,
        13,
        30,
    ]
    assert clock.total_s == 15
    assert clock.sessions == (0.0, 10.0)


def test_a_run_that_never_began_has_a_clock_all_the_same() -> None:
    clock = working_time(50.0, [])
    assert (clock.total_s, clock.of(40.0), clock.of(52.0)) == (0.0, 0.0, 2.0)


@given(st.lists(st.floats(0, 1000), min_size=1, max_size=20))
def test_time_never_goes_back(times: list[float]) -> None:
    clock = WorkingTime([0.0, 300.0, 600.0], [200.0, 400.0, 900.0])
    ordered = [clock.of(at) for at in sorted(times)]
    assert ordered == sorted(ordered)


def test_a_lane_tells_handling_from_waiting_for_a_model_from_being_down() -> None:
    lanes = Lanes(WorkingTime([0.0], [100.0]), most=101)
    lanes.handled(message("a", 10.0, 20.0, queued_s=5.0))
    lanes.called(SpanEntry("1", "00", "t", "a", "model", "m", 15.0, 10.0, "ok", {}))
    lanes.called(SpanEntry("2", "00", "t", "a", "tool", "m", 26.0, 2.0, "ok", {}))
    for one in (event(40.0, "exited", "a"), event(41.0, "restarting", "a"), event(50.0, "started", "a")):
        lanes.happened(one)
    (lane,) = lanes.timeline().lanes
    figures = (lane.busy_s, lane.model_s, lane.queued_s, lane.down_s, lane.messages)
    assert figures == pytest.approx((10.0, 10.0, 5.0, 10.0, 1))
    assert (lane.busy[12], lane.model[12]) == pytest.approx((1.0, 0.0))
    assert (lane.busy[20], lane.model[20]) == pytest.approx((0.0, 1.0))
    assert (lane.down[45], lane.down[55]) == pytest.approx((1.0, 0.0))


def test_an_agent_that_never_came_back_is_down_until_the_end() -> None:
    lanes = Lanes(WorkingTime([0.0], [100.0]), most=101)
    lanes.handled(message("a", 1.0, 1.0))
    lanes.happened(event(60.0, "gave_up", "a"))
    assert lanes.timeline().lanes[0].down_s == pytest.approx(40.0)


def test_an_agent_that_ended_and_was_not_missed_is_not_down() -> None:
    lanes = Lanes(WorkingTime([0.0], [100.0]), most=101)
    lanes.handled(message("a", 1.0, 1.0))
    lanes.happened(event(60.0, "exited", "a"))
    assert lanes.timeline().lanes[0].down_s == 0.0


def test_a_run_that_lasts_longer_than_was_thought_keeps_its_number_of_buckets() -> None:
    lanes = Lanes(WorkingTime([0.0], [1.0]), most=10)
    for at in range(1000):
        lanes.handled(message("a", float(at), 0.5))
    found = lanes.timeline()
    assert found.buckets <= 10
    assert found.lanes[0].busy_s == pytest.approx(500.0)
    assert found.width_s * found.buckets >= 999.5


def test_the_busiest_have_a_lane_and_the_rest_share_one() -> None:
    lanes = Lanes(WorkingTime([0.0], [10.0]), most=11)
    for number in range(50):
        lanes.handled(message(f"a{number:02}", 0.0, (number + 1) / 10))
    found = lanes.timeline(most=40)
    assert [lane.agent for lane in found.lanes[:2]] == ["a49", "a48"]
    assert found.rest is not None
    assert (found.rest.agents, found.rest.messages) == (10, 10)
    assert found.rest.busy_s == pytest.approx(sum((number + 1) / 10 for number in range(10)))
    assert "10 more agents" in lanes_picture(found)


def test_a_picture_of_many_buckets_is_small() -> None:
    lanes = Lanes(WorkingTime([0.0], [600.0]))
    for number in range(40):
        for at in range(600):
            lanes.handled(message(f"a{number}", float(at), (at * 7 + number) % 10 / 10, queued_s=at % 3))
    assert len(lanes_picture(lanes.timeline())) < 1_500_000


@given(st.integers(1, 5000))
def test_a_thinned_staircase_keeps_its_first_and_last_moment_and_their_order(count: int) -> None:
    steps = Staircase(most=50)
    for number in range(count):
        steps.add((float(number), float(number)))
    kept = steps.moments()
    assert (kept[0][0], kept[-1][0]) == (0.0, count - 1)
    assert kept == sorted(kept)
    assert len(kept) <= 102
