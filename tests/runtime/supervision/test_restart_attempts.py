"""Restarts that fail: counted, tried again, and everything else has its turn in between. Also backoff."""

import pytest

from shoal.runtime.supervision import (
    Backoff,
    EndReason,
    Refusal,
    ReportKind,
    Restart,
    RestartChild,
    Status,
    Strategy,
    TerminateChild,
    TimerDue,
)
from tests.runtime.supervision.rig import (
    ABNORMAL,
    NORMAL,
    Rig,
    begun,
    begun_dynamic,
    child,
    living_ids,
    ref,
    refusal,
    start_dynamic,
    supervisor,
)

PAUSE = Backoff(initial_s=1.0, factor=2.0, max_s=5.0, jitter=0.0, reset_after_s=100.0)


def test_a_child_in_a_restart_loop_can_be_asked_about_and_terminated() -> None:
    """hanging_restart_loop"""
    rig = begun(child("a", shutdown="brutal_kill"), intensity=8, period_s=10, backoff=PAUSE)
    rig.always["a"] = ABNORMAL
    rig.exits("a")
    rig.wait_s(1)
    assert refusal(rig.start_child(child("a"))) is Refusal.ALREADY_PRESENT
    assert refusal(rig.restart_child("a")) is Refusal.RESTARTING
    assert refusal(rig.delete_child("a")) is Refusal.RESTARTING
    assert rig.which() == {"a": Status.RESTARTING}
    assert rig.counts() == (1, 0, 0, 1)

    assert rig.terminate_child("a") is None
    assert rig.which() == {"a": Status.DOWN}
    rig.take_log()
    rig.wait_s(100)
    assert rig.take_log() == []

    rig.always.clear()
    assert ref(rig.restart_child("a")) is not None
    rig.always["a"] = ABNORMAL
    rig.exits("a")
    rig.shut_down()
    assert rig.ended is not None
    assert rig.ended.reason is EndReason.ASKED


def test_a_group_in_a_restart_loop_can_be_asked_about_and_terminated() -> None:
    """hanging_restart_loop_rest_for_one"""
    rig = begun(*map(child, "abc"), intensity=8, strategy=Strategy.REST_FOR_ONE, backoff=PAUSE)
    before = rig.living["a"]
    rig.always["b"] = ABNORMAL
    rig.exits("b")
    assert refusal(rig.start_child(child("b"))) is Refusal.ALREADY_PRESENT
    assert refusal(rig.restart_child("b")) is Refusal.RESTARTING
    assert refusal(rig.delete_child("b")) is Refusal.RESTARTING
    assert rig.which() == {"a": Status.RUNNING, "b": Status.RESTARTING, "c": Status.DOWN}
    assert rig.counts() == (3, 1, 0, 3)
    assert rig.terminate_child("b") is None
    assert rig.which() == {"a": Status.RUNNING, "b": Status.DOWN, "c": Status.DOWN}
    rig.always.clear()
    assert ref(rig.restart_child("b")) is not None
    assert rig.living["a"] == before
    assert rig.which()["c"] is Status.DOWN, "it was stopped with b, and only b was asked for"
    rig.exits("b")
    rig.wait_s(1)
    assert living_ids(rig) == ["a", "b", "c"]


def test_a_dynamic_child_in_a_restart_loop_can_be_asked_about_and_terminated() -> None:
    """hanging_restart_loop_simple"""
    rig = begun_dynamic(intensity=8, backoff=PAUSE)
    start_dynamic(rig, 1)
    rig.always["c-1"] = ABNORMAL
    rig.exits("c-1")
    rig.wait_s(1)
    assert rig.which() == {"c-1": Status.RESTARTING}
    assert rig.counts() == (1, 0, 0, 1)
    assert rig.terminate_child("c-1") is None
    assert rig.which() == {}
    start_dynamic(rig, 1)
    rig.shut_down()
    assert rig.ended is not None


def test_children_that_are_being_restarted_are_counted_but_not_as_active() -> None:
    """count_restarting_children"""
    rig = begun_dynamic(intensity=20, period_s=10, backoff=PAUSE)
    ids = start_dynamic(rig, 3)
    assert rig.counts() == (1, 3, 0, 3)
    for id in ids[:2]:
        rig.always[id] = ABNORMAL
        rig.exits(id)
    assert rig.counts() == (1, 1, 0, 3)
    rig.wait_s(1)
    assert rig.counts() == (1, 1, 0, 3)
    rig.always.clear()
    rig.wait_s(2)
    assert rig.counts() == (1, 3, 0, 3)
    for left, id in ((2, ids[2]), (1, ids[0]), (0, ids[1])):
        assert rig.terminate_child(id) is None
        assert rig.counts() == (1, left, 0, left)


@pytest.mark.parametrize("strategy", [Strategy.ONE_FOR_ONE, Strategy.ONE_FOR_ALL, Strategy.REST_FOR_ONE])
def test_a_request_that_came_during_an_attempt_has_its_turn_before_the_next(strategy: Strategy) -> None:
    """handle_cast({try_again_restart, ...}) in the source"""
    rig = begun(child("a"), intensity=8, strategy=strategy)
    rig.always["a"] = "hold"
    rig.exits("a")
    rig.send(TerminateChild("t", "a"))
    assert "t" not in rig.replies
    rig.take_log()
    rig.start_failed("a")
    assert rig.replies["t"].error is None
    assert rig.take_log() == []
    assert rig.which() == {"a": Status.DOWN}


def test_a_request_that_brings_the_child_up_between_attempts_ends_the_attempts() -> None:
    rig = begun(child("a"), child("b"), intensity=8, strategy=Strategy.ONE_FOR_ALL)
    rig.starts["b"].append("hold")
    rig.exits("a")
    rig.send(TerminateChild("t", "b"))
    rig.send(RestartChild("r", "b"))
    rig.take_log()
    rig.start_failed("b")
    assert rig.take_log() == ["start b"]
    assert ref(rig.replies["r"].value) is not None
    assert len(rig.reported(ReportKind.RESTARTING)) == 1


def test_an_attempt_starts_at_once_where_no_backoff_is_set() -> None:
    rig = begun(child("a"), intensity=3)
    rig.starts["a"].extend([ABNORMAL, ABNORMAL])
    rig.take_log()
    rig.exits("a")
    assert rig.take_log() == ["start a"] * 3
    assert rig.timers == []
    assert [report.counted for report in rig.reported(ReportKind.RESTARTING)] == [1, 2, 3]


def test_a_child_that_dies_at_once_on_every_start_is_given_up_after_its_intensity() -> None:
    rig = begun(child("a"), intensity=5)
    for _ in range(5):
        rig.exits("a")
        assert rig.ended is None
    rig.exits("a")
    assert rig.ended is not None
    assert rig.ended.reason is EndReason.GAVE_UP
    assert rig.log.count("start a") == 6


def test_restarts_wait_longer_and_longer_up_to_the_most() -> None:
    rig = begun(child("a"), intensity=100, backoff=PAUSE)
    rig.starts["a"].extend([ABNORMAL] * 4)
    rig.exits("a")
    for pause_s in (1, 2, 4, 5, 5):
        rig.take_log()
        assert rig.timers == [rig.now + pause_s]
        rig.wait_s(pause_s - 0.001)
        assert rig.take_log() == []
        rig.wait_s(0.001)
        assert rig.take_log() == ["start a"]
    assert living_ids(rig) == ["a"]
    assert [report.delay_s for report in rig.reported(ReportKind.RESTARTING)] == [1, 2, 4, 5, 5]


def test_a_child_that_ran_long_enough_begins_with_the_first_pause_again() -> None:
    rig = begun(child("a"), intensity=100, backoff=PAUSE)
    rig.exits("a")
    rig.wait_s(1)
    rig.wait_s(99)
    rig.exits("a")
    assert rig.timers == [rig.now + 2]
    rig.wait_s(2)
    rig.wait_s(100)
    rig.exits("a")
    assert rig.timers == [rig.now + 1]


def test_a_childs_own_backoff_goes_before_its_supervisors() -> None:
    quick = PAUSE.model_copy(update={"initial_s": 0.25})
    rig = begun(child("a", backoff=quick), child("b"), intensity=9, backoff=PAUSE)
    rig.exits("a", "b")
    assert rig.timers == [0.25, 1.0]


def test_the_group_of_a_child_that_pauses_is_stopped_before_the_pause() -> None:
    rig = begun(*map(child, "ab"), strategy=Strategy.ONE_FOR_ALL, backoff=PAUSE)
    rig.take_log()
    rig.exits("a")
    assert rig.take_log() == ["stop b"]
    assert rig.which() == {"a": Status.RESTARTING, "b": Status.DOWN}
    assert ref(rig.restart_child("b")) is not None
    rig.take_log()
    rig.wait_s(1)
    assert rig.take_log() == ["stop b", "start a", "start b"]


def test_a_pause_is_over_early_for_a_child_that_comes_back_with_another() -> None:
    rig = begun(*map(child, "ab"), strategy=Strategy.REST_FOR_ONE, backoff=PAUSE)
    rig.exits("b")
    rig.wait_s(0.5)
    rig.exits("a")
    rig.take_log()
    rig.wait_s(0.5)
    assert rig.take_log() == [], "the pause of b is void: it waits with a now"
    rig.wait_s(0.5)
    assert rig.take_log() == ["start a", "start b"]


def test_a_timer_that_comes_early_is_asked_for_again() -> None:
    rig = begun(child("a"), backoff=PAUSE)
    rig.exits("a")
    rig.timers.clear()
    rig.now = 0.9
    rig.send(TimerDue())
    assert rig.timers == [1.0]
    assert rig.which() == {"a": Status.RESTARTING}


def test_a_timer_that_comes_after_the_end_does_nothing() -> None:
    rig = begun(child("a"), backoff=PAUSE)
    rig.exits("a")
    rig.shut_down()
    assert rig.ended is not None
    rig.take_log()
    rig.wait_s(5)
    assert rig.take_log() == []


def test_a_transient_child_whose_start_fails_normally_is_still_tried_again() -> None:
    rig = Rig(supervisor(child("a", restart=Restart.TRANSIENT))).begin()
    rig.starts["a"].append(NORMAL)
    rig.exits("a")
    assert living_ids(rig) == ["a"]
    assert len(rig.reported(ReportKind.RESTARTING)) == 2
