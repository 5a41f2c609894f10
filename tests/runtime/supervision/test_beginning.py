"""How a supervisor begins: in order, all or none."""

from shoal.runtime.supervision import (
    EndReason,
    Exit,
    ExitKind,
    Refusal,
    ReportKind,
    Restart,
    Shutdown,
    StartChild,
    Status,
    Strategy,
)
from tests.runtime.supervision.rig import (
    ABNORMAL,
    Rig,
    begun,
    begun_dynamic,
    child,
    dynamic,
    living_ids,
    ref,
    refusal,
    supervisor,
)

TEMPORARY = Restart.TEMPORARY


def test_a_supervisor_without_children_begins_and_ends() -> None:
    """sup_start_normal"""
    rig = begun()
    assert rig.begun
    rig.shut_down()
    assert rig.ended is not None
    assert rig.ended.reason is EndReason.ASKED
    assert rig.ended.exit.kind is ExitKind.SHUTDOWN


def test_a_child_that_chooses_not_to_run_keeps_its_spec() -> None:
    """sup_start_ignore_child"""
    rig = begun()
    rig.starts["a"].append("ignore")
    assert ref(rig.start_child(child("a"))) is None
    assert ref(rig.start_child(child("b"))) is not None
    assert rig.which() == {"a": Status.DOWN, "b": Status.RUNNING}
    assert rig.counts() == (2, 1, 0, 2)


def test_a_temporary_child_that_chooses_not_to_run_at_the_beginning_is_forgotten() -> None:
    """sup_start_ignore_temporary_child"""
    rig = Rig(supervisor(child("a", restart=TEMPORARY), child("b", restart=TEMPORARY)))
    rig.starts["a"].append("ignore")
    rig.begin()
    assert rig.begun
    assert rig.which() == {"b": Status.RUNNING}
    assert rig.counts() == (1, 1, 0, 1)


def test_a_temporary_child_that_chooses_not_to_run_when_asked_is_forgotten() -> None:
    """sup_start_ignore_temporary_child_start_child"""
    rig = begun()
    rig.starts["a"].append("ignore")
    assert ref(rig.start_child(child("a", restart=TEMPORARY))) is None
    assert ref(rig.start_child(child("b", restart=TEMPORARY))) is not None
    assert rig.which() == {"b": Status.RUNNING}
    assert rig.counts() == (1, 1, 0, 1)


def test_a_temporary_dynamic_child_that_chooses_not_to_run_is_forgotten() -> None:
    """sup_start_ignore_temporary_child_start_child_simple"""
    rig = begun_dynamic(restart=TEMPORARY)
    rig.starts["c-1"].append("ignore")
    assert ref(rig.start_child()) is None
    assert ref(rig.start_child()) is not None
    assert rig.which() == {"c-2": Status.RUNNING}
    assert rig.counts() == (1, 1, 0, 1)


def test_a_permanent_dynamic_child_that_chooses_not_to_run_is_forgotten_too() -> None:
    """sup_start_ignore_permanent_child_start_child_simple"""
    rig = begun_dynamic()
    rig.starts["c-1"].append("ignore")
    assert ref(rig.start_child()) is None
    assert ref(rig.start_child()) is not None
    assert rig.which() == {"c-2": Status.RUNNING}
    assert rig.counts() == (1, 1, 0, 1)
    rig.shut_down()
    assert rig.ended is not None


def test_children_start_in_order_each_after_the_one_before_is_up() -> None:
    """order_of_children (its beginning)"""
    ids = ["ch7", "ch3", "ch10", "ch2", "ch5"]
    rig = Rig(supervisor(*map(child, ids)))
    rig.always = dict.fromkeys(ids, "hold")
    rig.begin()
    for id in ids:
        assert rig.take_log() == [f"start {id}"]
        assert not rig.begun
        rig.started(id)
    assert rig.begun
    assert list(rig.which()) == ids


def test_a_child_that_does_not_start_takes_back_those_before_it_and_the_supervisor_fails() -> None:
    """faulty_application_shutdown, and start_link/3 in the manual"""
    rig = Rig(supervisor(child("a"), child("b"), child("c"), child("d"), name="top"))
    failed = Exit(kind=ExitKind.START_FAILED, text="no such module")
    rig.starts["c"].append(failed)
    rig.begin()
    assert rig.log == ["start a", "start b", "start c", "stop b", "stop a"]
    assert not rig.begun
    assert rig.ended is not None
    assert rig.ended.reason is EndReason.START_FAILED
    assert rig.ended.exit.describe() == (
        "top: start_failed: child 'c' did not start\n  because c: start_failed: no such module"
    )


def test_a_child_that_ends_while_later_ones_start_is_restarted_when_they_are_up() -> None:
    rig = Rig(supervisor(child("a"), child("b")))
    rig.starts["b"].append("hold")
    rig.begin()
    rig.exits("a")
    assert rig.take_log() == ["start a", "start b"]
    rig.started("b")
    assert rig.begun
    assert rig.take_log() == ["start a"]
    assert living_ids(rig) == ["a", "b"]


def test_requests_before_the_beginning_wait_for_it_in_order() -> None:
    for strategy in (Strategy.ONE_FOR_ONE, Strategy.ONE_FOR_ALL):
        rig = Rig(supervisor(child("a"), strategy=strategy))
        rig.starts["a"].append("hold")
        rig.send(StartChild("first", child("b")))
        rig.begin()
        rig.send(StartChild("second", child("b")))
        assert rig.which() == {"a": Status.STARTING}
        assert not {"first", "second"} & rig.replies.keys()
        rig.started("a")
        assert ref(rig.replies["first"].value) == "b@2"
        assert refusal(rig.replies["second"].error) is Refusal.ALREADY_STARTED


def test_requests_before_the_beginning_of_a_dynamic_supervisor_wait_for_it() -> None:
    rig = Rig(dynamic())
    rig.send(StartChild("early"))
    assert rig.log == []
    rig.begin()
    assert ref(rig.replies["early"].value) == "c-1@1"


def test_a_supervisor_told_to_end_while_it_begins_takes_the_start_under_way_with_it() -> None:
    rig = Rig(supervisor(child("a"), child("b"), child("c")))
    rig.starts["b"].append("hold")
    rig.begin()
    rig.shut_down()
    assert rig.log == ["start a", "start b", "stop b", "stop a"]
    assert rig.ended is not None
    assert rig.ended.reason is EndReason.ASKED


def test_a_supervisor_told_to_end_before_it_began_ends_at_once_and_does_not_begin() -> None:
    rig = Rig(supervisor(child("a")))
    rig.send(Shutdown(ABNORMAL))
    assert rig.ended is not None
    assert rig.ended.exit.cause == ABNORMAL
    rig.begin()
    assert rig.log == []


def test_a_supervisor_begins_once() -> None:
    rig = begun(child("a"))
    rig.begin()
    assert rig.log == ["start a"]


def test_a_failed_start_that_was_asked_for_leaves_no_spec() -> None:
    """sup_start_child_returns_error"""
    rig = begun()
    rig.starts["a"].append(ABNORMAL)
    answer = rig.start_child(child("a"))
    assert refusal(answer) is Refusal.START_FAILED
    assert answer.exit == ABNORMAL.named("a")
    assert rig.which() == {}
    assert [report.child for report in rig.reported(ReportKind.START_FAILED)] == ["a"]


def test_a_failed_restart_that_was_asked_for_leaves_the_child_down_and_is_not_retried() -> None:
    """sup_start_restart_child_returns_error"""
    rig = begun(child("a"))
    rig.terminate_child("a")
    rig.starts["a"].append(ABNORMAL)
    assert refusal(rig.restart_child("a")) is Refusal.START_FAILED
    assert rig.which() == {"a": Status.DOWN}
    assert rig.take_log() == ["start a", "stop a", "start a"]


def test_a_failed_start_of_a_dynamic_child_leaves_nothing() -> None:
    """sup_start_child_returns_error_simple"""
    rig = begun_dynamic()
    rig.always["c-1"] = ABNORMAL
    assert refusal(rig.start_child()) is Refusal.START_FAILED
    assert rig.which() == {}


def test_a_name_taken_elsewhere_is_a_failed_start() -> None:
    """already_started_outside_supervisor"""
    rig = begun()
    taken = Exit(kind=ExitKind.START_FAILED, text="the name is taken")
    rig.starts["a"].append(taken)
    answer = rig.start_child(child("a", restart=Restart.TRANSIENT))
    assert refusal(answer) is Refusal.START_FAILED
    assert "the name is taken" in answer.text
