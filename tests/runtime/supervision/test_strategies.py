"""Who goes down and who comes back with a child, and what happens when that fails."""

import pytest

from shoal.runtime.supervision import EndReason, ReportKind, Restart, Status, Strategy
from tests.runtime.supervision.rig import (
    ABNORMAL,
    NORMAL,
    Rig,
    begun,
    begun_dynamic,
    child,
    living_ids,
    start_dynamic,
    supervisor,
)

ALL, REST = Strategy.ONE_FOR_ALL, Strategy.REST_FOR_ONE


def _gave_up(rig: Rig) -> bool:
    assert rig.living == {} or rig.ended is None
    return rig.ended is not None and rig.ended.reason is EndReason.GAVE_UP


def test_restarts_that_are_far_enough_apart_go_on_for_ever() -> None:
    """multiple_restarts"""
    rig = begun(child("a", shutdown="brutal_kill"), intensity=1, period_s=1)
    for _ in range(50):
        rig.exits("a")
        rig.now += 2.1
    assert rig.terminate_child("a") is None
    assert rig.delete_child("a") is None
    assert rig.ended is None


def test_one_for_one_concerns_the_child_alone_and_its_restarts_are_counted_over_all() -> None:
    """one_for_one"""
    rig = begun(child("a"), child("b"))
    rig.take_log()
    rig.exits("a")
    assert rig.take_log() == ["start a"]
    assert rig.counts() == (2, 2, 0, 2)
    rig.exits("b")
    assert rig.ended is None
    rig.exits("a")
    assert _gave_up(rig)
    assert rig.take_log() == ["start b", "stop b"]


@pytest.mark.parametrize("strategy", [Strategy.ONE_FOR_ONE, ALL, REST])
def test_a_child_that_cannot_be_restarted_takes_its_supervisor_with_it(strategy: Strategy) -> None:
    """one_for_one_escalation, rest_for_one_escalation, one_for_all_escalation"""
    rig = begun(child("a"), child("b"), intensity=4, strategy=strategy)
    rig.always["a"] = ABNORMAL
    rig.take_log()
    rig.exits("a")
    assert _gave_up(rig)
    starts = rig.take_log().count("start a")
    assert starts == 4, "as many attempts as restarts are allowed"


@pytest.mark.parametrize("strategy", [ALL, REST])
def test_a_sibling_that_cannot_be_restarted_takes_the_supervisor_with_it(strategy: Strategy) -> None:
    """one_for_all_escalation, rest_for_one_escalation"""
    rig = begun(child("a"), child("b"), intensity=4, strategy=strategy)
    rig.always["b"] = ABNORMAL
    rig.exits("a")
    assert _gave_up(rig)


def test_one_for_all_stops_all_others_in_reverse_and_starts_all_in_order() -> None:
    """one_for_all"""
    rig = begun(*map(child, "abcd"), strategy=ALL)
    rig.take_log()
    rig.exits("b")
    assert rig.take_log() == ["stop d", "stop c", "stop a", "start a", "start b", "start c", "start d"]
    assert rig.counts() == (4, 4, 0, 4)
    assert set(rig.living.values()) == {5, 6, 7, 8}
    rig.exits("a")
    assert rig.ended is None
    rig.exits("a")
    assert _gave_up(rig)


def test_one_for_all_stops_a_restarted_child_when_another_fails_to_start() -> None:
    """one_for_all_other_child_fails_restart"""
    rig = begun(child("a"), child("b"), intensity=3, strategy=ALL)
    rig.starts["b"].append(NORMAL)
    rig.take_log()
    rig.exits("a")
    assert rig.take_log() == ["stop b", "start a", "start b", "stop a", "start a", "start b"]
    assert living_ids(rig) == ["a", "b"]


def test_rest_for_one_stops_those_after_the_child_in_reverse_and_starts_them_in_order() -> None:
    """rest_for_one"""
    rig = begun(*map(child, "abcd"), strategy=REST)
    before = rig.living["a"]
    rig.take_log()
    rig.exits("b")
    assert rig.take_log() == ["stop d", "stop c", "start b", "start c", "start d"]
    assert rig.living["a"] == before
    assert rig.counts() == (4, 4, 0, 4)
    rig.exits("d")
    assert rig.ended is None
    rig.exits("b")
    assert _gave_up(rig)


def test_rest_for_one_does_not_stop_a_restarted_child_when_a_later_one_fails_to_start() -> None:
    """rest_for_one_other_child_fails_restart"""
    rig = begun(child("a"), child("b"), intensity=3, strategy=REST)
    rig.starts["b"].append(NORMAL)
    rig.take_log()
    rig.exits("a")
    assert rig.take_log() == ["stop b", "start a", "start b", "start b"]
    assert living_ids(rig) == ["a", "b"]


def test_children_terminated_or_ended_before_come_back_with_a_group() -> None:
    """tree (its transient supervisor), and start_children in the manual"""
    rig = begun(child("a"), child("b", restart=Restart.TRANSIENT), child("c"), strategy=ALL)
    rig.terminate_child("c")
    rig.exits("b", exit=NORMAL)
    rig.exits("a")
    assert rig.which() == dict.fromkeys("abc", Status.RUNNING)


def test_a_sibling_that_chooses_not_to_run_at_a_restart_stays_down() -> None:
    rig = begun(child("a"), child("b"), child("c"), strategy=ALL)
    rig.starts["b"].append("ignore")
    rig.exits("a")
    assert rig.which() == {"a": Status.RUNNING, "b": Status.DOWN, "c": Status.RUNNING}


def test_a_sibling_that_died_of_the_same_cause_is_no_further_restart() -> None:
    rig = begun(child("a"), child("b"), child("c"), strategy=ALL, intensity=1)
    rig.stops["c"] = "hold"
    rig.exits("a")
    rig.exits("b")
    rig.stopped("c")
    assert rig.ended is None
    assert living_ids(rig) == ["a", "b", "c"]
    assert len(rig.reported(ReportKind.RESTARTING)) == 1
    assert [report.child for report in rig.reported(ReportKind.EXITED)] == ["a", "b"]


def test_a_sibling_that_is_up_again_and_dies_before_the_group_is_complete_is_a_further_restart() -> None:
    rig = begun(child("a"), child("b"), strategy=ALL)
    rig.starts["b"].append("hold")
    rig.exits("a")
    rig.exits("a")
    rig.take_log()
    rig.started("b")
    assert rig.take_log() == ["stop b", "start a", "start b"]
    assert len(rig.reported(ReportKind.RESTARTING)) == 2


def test_children_of_one_for_one_that_die_together_come_back_together() -> None:
    rig = begun(*map(child, "abc"), intensity=3)
    rig.always = dict.fromkeys("abc", "hold")
    rig.exits("a", "b", "c")
    assert sorted(rig.starting) == ["a", "b", "c"]
    assert rig.which() == dict.fromkeys("abc", Status.RESTARTING)
    rig.started("c")
    rig.started("a")
    rig.started("b")
    assert list(rig.which()) == ["a", "b", "c"]


def test_giving_up_takes_restarts_of_others_that_are_under_way_with_it() -> None:
    rig = begun(*map(child, "abc"), intensity=1)
    rig.starts["a"].append("hold")
    rig.exits("a")
    rig.take_log()
    rig.exits("c")
    assert _gave_up(rig)
    assert rig.take_log() == ["stop b", "stop a"]


def test_giving_up_names_the_child_and_its_reason() -> None:
    rig = begun(child("a"), intensity=0, period_s=5, name="team")
    rig.exits("a")
    assert rig.ended is not None
    assert rig.ended.exit.normal, "OTP's shutdown: a transient supervisor that gave up is not restarted"
    assert rig.ended.exit.describe() == (
        "team: shutdown: gave up: 1 restart within 5 s, 0 allowed\n  because a: error: died"
    )
    report = rig.reported(ReportKind.GAVE_UP)[0]
    assert (report.child, report.exit, report.counted) == ("a", ABNORMAL.named("a"), 1)


def test_simple_one_for_one_concerns_the_child_alone() -> None:
    """simple_one_for_one, simple_one_for_one_extra"""
    rig = begun_dynamic()
    rig.info = "extra info"
    ids = start_dynamic(rig, 2)
    rig.exits(ids[0])
    assert rig.which() == dict.fromkeys(ids, Status.RUNNING)
    assert rig.counts() == (1, 2, 0, 2)
    rig.exits(ids[1])
    assert rig.ended is None
    rig.exits(ids[0])
    assert _gave_up(rig)


def test_a_dynamic_child_that_cannot_be_restarted_takes_its_supervisor_with_it() -> None:
    """simple_one_for_one_escalation"""
    rig = begun_dynamic(intensity=4)
    start_dynamic(rig, 2)
    rig.always["c-1"] = ABNORMAL
    rig.exits("c-1")
    assert _gave_up(rig)
    assert rig.machine.children == ()


@pytest.mark.parametrize("restart", [Restart.TRANSIENT, Restart.PERMANENT])
def test_a_dynamic_child_that_chooses_not_to_run_at_its_restart_is_forgotten(restart: Restart) -> None:
    """simple_one_for_one_restart_ignore"""
    rig = begun_dynamic(restart=restart, intensity=10)
    start_dynamic(rig, 1)
    rig.exits("c-1")
    assert rig.which() == {"c-1": Status.RUNNING}
    rig.starts["c-1"].append("ignore")
    rig.exits("c-1")
    assert rig.which() == {}
    rig.shut_down()
    assert rig.ended is not None


def test_a_sibling_of_a_temporary_child_that_ended_is_left_alone() -> None:
    rig = Rig(supervisor(child("a", restart=Restart.TEMPORARY), child("b"), strategy=ALL)).begin()
    rig.take_log()
    rig.exits("a")
    assert rig.take_log() == []
    assert living_ids(rig) == ["b"]
