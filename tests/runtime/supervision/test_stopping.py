"""How children are told to stop, in which order, and what is said of one that ends otherwise."""

import pytest

from shoal.runtime.supervision import (
    ChildKind,
    ChildSpec,
    EndReason,
    Exit,
    ExitKind,
    Refusal,
    ReportKind,
    Restart,
    StartChild,
    Started,
    Stopped,
    Strategy,
    TerminateChild,
)
from tests.runtime.supervision.rig import (
    ABNORMAL,
    KILLED,
    NORMAL,
    SHUTDOWN,
    SHUTDOWN_INFO,
    Rig,
    begun,
    begun_dynamic,
    child,
    refusal,
    start_dynamic,
    stops_in,
    supervisor,
)


def test_infinity_is_for_supervisors_and_workers() -> None:
    """sup_stop_infinity"""
    rig = begun(child("a", kind=ChildKind.SUPERVISOR, shutdown="infinity"), child("b", shutdown="infinity"))
    rig.shut_down()
    assert [rig.last_stop[id].how for id in ("a", "b")] == ["infinity", "infinity"]
    assert len(rig.reported(ReportKind.STOPPED)) == 2


def test_a_child_killed_after_its_grace_is_reported() -> None:
    """sup_stop_timeout"""
    rig = begun(child("a", shutdown=1), child("b", shutdown=1))
    rig.stops["b"] = KILLED
    rig.shut_down()
    assert [rig.last_stop[id].how for id in ("a", "b")] == [1.0, 1.0]
    assert [report.child for report in rig.reported(ReportKind.STOP_UNCLEAN)] == ["b"]
    assert [report.child for report in rig.reported(ReportKind.STOPPED)] == ["a"]


def test_a_dynamic_child_killed_after_its_grace_is_reported() -> None:
    """sup_stop_timeout_dynamic"""
    rig = begun_dynamic(restart=Restart.TEMPORARY, shutdown=1)
    start_dynamic(rig, 2)
    rig.stops["c-2"] = KILLED
    rig.shut_down()
    assert [report.child for report in rig.reported(ReportKind.STOP_UNCLEAN)] == ["c-2"]
    assert rig.ended is not None


def test_brutal_kill_is_no_request_and_no_error() -> None:
    """sup_stop_brutal_kill"""
    rig = begun(child("a", shutdown=1), child("b", shutdown="brutal_kill"))
    rig.stops["b"] = KILLED
    rig.shut_down()
    assert rig.last_stop["b"].how == "brutal_kill"
    assert rig.reported(ReportKind.STOP_UNCLEAN) == []


def test_dynamic_children_can_be_killed_brutally() -> None:
    """sup_stop_brutal_kill_dynamic"""
    rig = begun_dynamic(restart=Restart.TEMPORARY, shutdown="brutal_kill")
    ids = start_dynamic(rig, 10)
    rig.stops = dict.fromkeys(ids, KILLED)
    rig.shut_down()
    assert {rig.last_stop[id].how for id in ids} == {"brutal_kill"}
    assert rig.reported(ReportKind.STOP_UNCLEAN) == []
    assert rig.living == {}


_RACERS = [(restart, exit) for restart in Restart for exit in (NORMAL, SHUTDOWN, SHUTDOWN_INFO, ABNORMAL)]


def test_children_that_end_by_themselves_while_the_supervisor_ends_do_not_disturb_it() -> None:
    """sup_stop_race"""
    racers = [ChildSpec(id=f"r{n}", agent=0, restart=restart) for n, (restart, _) in enumerate(_RACERS)]
    rig = begun(child("a"), *racers, child("z"))
    rig.stops["z"] = "hold"
    rig.shut_down()
    for racer, (_, exit) in zip(racers, _RACERS, strict=True):
        rig.exits(racer.id, exit=exit)
    rig.take_log()
    rig.stopped("z")
    assert rig.ended is not None
    assert rig.take_log() == ["stop a"]
    assert rig.living == {}


@pytest.mark.parametrize("restart", list(Restart))
def test_a_dynamic_supervisor_ends_whatever_its_children_end_with(restart: Restart) -> None:
    """sup_stop_non_shutdown_exit_dynamic"""
    rig = begun_dynamic(restart=restart)
    ends = dict(zip(start_dynamic(rig, 4), (NORMAL, SHUTDOWN, SHUTDOWN_INFO, ABNORMAL), strict=True))
    rig.stops.update(ends)
    rig.shut_down()
    assert rig.ended is not None
    unclean = {report.child for report in rig.reported(ReportKind.STOP_UNCLEAN)}
    # A permanent child has no business ending normally: OTP reports that too.
    assert unclean == ({"c-1", "c-4"} if restart is Restart.PERMANENT else {"c-4"})


def test_children_stop_in_reverse_order_each_when_the_one_after_it_is_gone() -> None:
    """order_of_children (its end)"""
    ids = ["ch7", "ch3", "ch10", "ch2", "ch5"]
    rig = begun(*map(child, ids), strategy=Strategy.REST_FOR_ONE)
    rig.stops = dict.fromkeys(ids, "hold")
    rig.take_log()
    rig.shut_down()
    for id in reversed(ids):
        assert rig.take_log() == [f"stop {id}"]
        assert rig.ended is None
        rig.stopped(id)
    assert rig.ended is not None


def test_a_restarted_child_keeps_its_place_in_the_order() -> None:
    rig = begun(*map(child, "abc"))
    rig.exits("a")
    rig.take_log()
    rig.shut_down()
    assert rig.take_log() == ["stop c", "stop b", "stop a"]


def test_dynamic_children_are_all_told_to_stop_before_the_first_is_gone() -> None:
    """simple_one_for_one_shutdown"""
    rig = begun_dynamic()
    ids = start_dynamic(rig, 3)
    rig.stops = dict.fromkeys(ids, "hold")
    rig.take_log()
    rig.shut_down()
    assert sorted(stops_in(rig.take_log())) == ids
    rig.stopped("c-2")
    rig.stopped("c-1")
    assert rig.ended is None
    rig.stopped("c-3")
    assert rig.ended is not None


def test_a_child_whose_exit_comes_instead_of_an_answer_has_stopped() -> None:
    """child_unlink (an unruly child does not hang its supervisor)"""
    rig = begun(child("a"))
    rig.stops["a"] = "hold"
    rig.send(TerminateChild("t", "a"))
    assert "t" not in rig.replies
    rig.exits("a", exit=ABNORMAL)
    assert rig.replies["t"].error is None
    assert rig.reported(ReportKind.RESTARTING) == []
    assert [report.exit for report in rig.reported(ReportKind.STOP_UNCLEAN)] == [ABNORMAL.named("a")]


def test_an_answer_after_the_exit_came_is_ignored() -> None:
    rig = begun(child("a"))
    token = rig.living["a"]
    rig.exits("a")
    assert rig.send(Stopped("a", token)) == []
    assert rig.living["a"] != token


def test_a_stop_that_crosses_with_word_of_the_start_goes_on() -> None:
    rig = begun()
    rig.starts["a"].append("hold")
    rig.send(StartChild("s", child("a")))
    rig.stops["a"] = "hold"
    token = rig.starting["a"]
    rig.shut_down()
    assert refusal(rig.replies["s"].error) is Refusal.ENDING
    rig.send(Started("a", token, "a@1"))
    assert rig.ended is None
    rig.stopped("a")
    assert rig.ended is not None


def test_while_a_supervisor_ends_it_can_be_looked_at_and_changes_are_refused() -> None:
    rig = begun(child("a"), child("b"))
    rig.stops["b"] = "hold"
    rig.shut_down()
    assert rig.counts() == (2, 1, 0, 2)
    assert refusal(rig.start_child(child("c"))) is Refusal.ENDING
    rig.stopped("b")
    answer = rig.terminate_child("a")
    assert refusal(answer) is Refusal.ENDING
    assert answer.text == "supervisor 'supervisor' is ending: told to stop"


def test_what_waits_when_the_end_comes_is_refused() -> None:
    rig = begun(child("a"), strategy=Strategy.ONE_FOR_ALL)
    rig.stops["a"] = "hold"
    rig.send(TerminateChild("under way", "a"))
    rig.send(StartChild("waiting", child("b")))
    rig.shut_down()
    for request in ("under way", "waiting"):
        assert refusal(rig.replies[request].error) is Refusal.ENDING
    rig.stopped("a")
    assert rig.ended is not None
    assert stops_in(rig.log) == ["a"]


def test_the_first_reason_to_end_stays() -> None:
    rig = begun(child("a"), child("b"), intensity=0, name="top")
    rig.stops["b"] = "hold"
    rig.exits("a")
    rig.shut_down()
    rig.stopped("b")
    assert rig.ended is not None
    assert rig.ended.reason is EndReason.GAVE_UP


def test_nothing_is_done_after_the_end() -> None:
    rig = Rig(supervisor(child("a"))).begin()
    rig.shut_down()
    rig.take_log()
    rig.begin()
    rig.send(Stopped("a", 1, Exit(kind=ExitKind.KILLED)))
    rig.shut_down()
    assert rig.take_log() == []
