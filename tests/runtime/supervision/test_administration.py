"""Children added, terminated, restarted, deleted and looked at by request."""

from shoal.runtime.supervision import (
    ChildInfo,
    ChildKind,
    DeleteChild,
    Refusal,
    ReportKind,
    Restart,
    RestartChild,
    StartChild,
    Status,
    Strategy,
    TerminateChild,
    WhichChild,
)
from tests.runtime.supervision.rig import (
    ABNORMAL,
    begun,
    begun_dynamic,
    child,
    ref,
    refusal,
    start_dynamic,
)


def test_a_child_is_started_terminated_restarted_and_deleted() -> None:
    """child_adm"""
    rig = begun(child("a"))
    assert rig.counts() == (1, 1, 0, 1)

    taken = rig.start_child(child("a"))
    assert refusal(taken) is Refusal.ALREADY_STARTED
    assert taken.ref == "a@1"

    assert refusal(rig.terminate_child("x")) is Refusal.NOT_FOUND
    assert rig.terminate_child("a") is None
    assert rig.which() == {"a": Status.DOWN}
    assert rig.counts() == (1, 0, 0, 1)
    assert rig.terminate_child("a") is None
    assert refusal(rig.start_child(child("a"))) is Refusal.ALREADY_PRESENT

    assert ref(rig.restart_child("a")) == "a@2"
    assert rig.counts() == (1, 1, 0, 1)
    assert refusal(rig.restart_child("a")) is Refusal.RUNNING
    assert refusal(rig.restart_child("x")) is Refusal.NOT_FOUND

    assert refusal(rig.delete_child("a")) is Refusal.RUNNING
    assert refusal(rig.delete_child("x")) is Refusal.NOT_FOUND
    assert rig.terminate_child("a") is None
    assert rig.delete_child("a") is None
    assert refusal(rig.restart_child("a")) is Refusal.NOT_FOUND
    assert rig.which() == {}
    assert rig.counts() == (0, 0, 0, 0)

    assert ref(rig.start_child(child("a"))) == "a@3"
    assert refusal(rig.terminate_child("a@3")) is Refusal.NOT_FOUND
    assert refusal(rig.terminate_child(3)) is Refusal.NOT_FOUND
    assert rig.counts() == (1, 1, 0, 1)


def test_dynamic_children_are_named_by_id_ref_or_token() -> None:
    """child_adm_simple"""
    rig = begun_dynamic()
    assert rig.which() == {}
    assert rig.counts() == (1, 0, 0, 0)

    first, second = rig.start_child(), rig.start_child()
    assert rig.counts() == (1, 2, 0, 2)
    assert refusal(rig.terminate_child("c")) is Refusal.SIMPLE_ONE_FOR_ONE
    assert rig.counts() == (1, 2, 0, 2)
    assert rig.terminate_child(first.ref) is None
    assert list(rig.which()) == [second.id]
    assert rig.terminate_child(first.id) is None, "it was a child, and is gone"
    assert rig.terminate_child(first.token) is None
    assert refusal(rig.terminate_child("nobody")) is Refusal.NOT_FOUND
    assert refusal(rig.terminate_child(99)) is Refusal.NOT_FOUND
    assert rig.terminate_child(second.token) is None
    assert rig.which() == {}

    assert refusal(rig.restart_child("c-1")) is Refusal.SIMPLE_ONE_FOR_ONE
    assert refusal(rig.delete_child("c-1")) is Refusal.SIMPLE_ONE_FOR_ONE


def test_a_dynamic_child_can_be_given_its_id() -> None:
    rig = begun_dynamic()
    assert ref(rig.start_child(id="mine")) == "mine@1"
    assert refusal(rig.start_child(id="mine")) is Refusal.ALREADY_STARTED
    assert ref(rig.start_child(id="c-1")) == "c-1@2"
    assert start_dynamic(rig, 1) == ["c-2"], "made-up ids keep clear of given ones"
    assert rig.terminate_child("mine") is None


def test_what_a_start_returns_beside_the_address_goes_to_who_asked() -> None:
    """extra_return"""
    rig = begun(child("a"))
    rig.info = "extra"
    assert rig.terminate_child("a") is None
    assert rig.restart_child("a").info == "extra"
    assert rig.terminate_child("a") is None
    assert rig.terminate_child("a") is None
    assert rig.delete_child("a") is None
    assert rig.start_child(child("a")).info == "extra"
    rig.exits("a")
    assert rig.counts() == (1, 1, 0, 1)
    assert rig.living["a"] == 4


def test_children_can_be_looked_at_all_together_or_one_by_one() -> None:
    """which_children"""
    rig = begun()
    assert rig.which() == {}
    assert refusal(rig.ask(WhichChild(rig.request(), "x"))) is Refusal.NOT_FOUND
    rig.start_child(child("a"))
    rig.start_child(child("b"))
    assert rig.which() == {"a": Status.RUNNING, "b": Status.RUNNING}
    rig.terminate_child("a")
    info = rig.ask(WhichChild(rig.request(), "a"))
    assert isinstance(info, ChildInfo)
    assert (info.status, info.ref, info.token) == (Status.DOWN, None, None)
    info = rig.ask(WhichChild(rig.request(), "b"))
    assert (info.status, info.ref, info.kind) == (Status.RUNNING, "b@2", ChildKind.WORKER)
    rig.delete_child("a")
    assert rig.which() == {"b": Status.RUNNING}
    assert refusal(rig.ask(WhichChild(rig.request(), "a"))) is Refusal.NOT_FOUND


def test_dynamic_children_can_be_looked_at_all_together_or_one_by_one() -> None:
    """which_children_simple_one_for_one"""
    rig = begun_dynamic(restart=Restart.TEMPORARY)
    first, second = rig.start_child(), rig.start_child()
    assert rig.which() == {first.id: Status.RUNNING, second.id: Status.RUNNING}
    assert rig.ask(WhichChild(rig.request(), first.ref)).id == first.id
    rig.terminate_child(first.ref)
    assert refusal(rig.ask(WhichChild(rig.request(), first.ref))) is Refusal.NOT_FOUND
    assert rig.ask(WhichChild(rig.request(), second.token)).id == second.id
    assert refusal(rig.ask(WhichChild(rig.request(), "c"))) is Refusal.SIMPLE_ONE_FOR_ONE


def test_a_child_tells_how_often_it_was_restarted_and_why_last() -> None:
    rig = begun(child("a"))
    rig.exits("a")
    rig.exits("a")
    info = rig.ask(WhichChild(rig.request(), "a"))
    assert info.restarts == 2
    assert info.last_exit == ABNORMAL.named("a")


def test_many_dynamic_children_are_counted() -> None:
    """count_children"""
    rig = begun_dynamic(restart=Restart.TEMPORARY)
    ids = start_dynamic(rig, 500)
    assert rig.counts() == (1, 500, 0, 500)
    rig.exits(*ids)
    assert rig.counts() == (1, 0, 0, 0)


def test_many_dynamic_supervisors_are_counted() -> None:
    """count_children_supervisor"""
    rig = begun_dynamic(restart=Restart.TEMPORARY, kind=ChildKind.SUPERVISOR)
    ids = start_dynamic(rig, 500)
    assert rig.counts() == (1, 500, 500, 0)
    rig.exits(*ids)
    assert rig.counts() == (1, 0, 0, 0)


def test_supervisors_and_workers_are_counted_apart_alive_or_not() -> None:
    rig = begun(child("a"), child("s", kind=ChildKind.SUPERVISOR), child("t", kind=ChildKind.SUPERVISOR))
    rig.terminate_child("s")
    assert rig.counts() == (3, 2, 2, 1)


def test_requests_about_one_child_have_their_turn_in_order() -> None:
    for strategy in (Strategy.ONE_FOR_ONE, Strategy.REST_FOR_ONE):
        rig = begun(child("a"), strategy=strategy)
        rig.stops["a"] = "hold"
        rig.send(TerminateChild(1001, "a"))
        rig.send(RestartChild(1002, "a"))
        rig.send(DeleteChild(1003, "a"))
        rig.send(TerminateChild(1004, "a"))
        rig.send(DeleteChild(1005, "a"))
        assert rig.which() == {"a": Status.STOPPING}
        assert not rig.replies.keys() & set(range(1001, 1006))
        rig.stopped("a")
        assert ref(rig.replies[1002].value) == "a@2"
        assert refusal(rig.replies[1003].error) is Refusal.RUNNING
        assert rig.which() == {"a": Status.STOPPING}
        rig.stopped("a")
        assert rig.replies[1005].error is None
        assert rig.which() == {}


def test_a_child_that_died_before_its_termination_had_its_turn_is_not_restarted() -> None:
    rig = begun(child("a"), child("b"), strategy=Strategy.ONE_FOR_ALL)
    rig.stops["b"] = "hold"
    rig.send(TerminateChild("b", "b"))
    rig.send(TerminateChild("a", "a"))
    rig.exits("a")
    rig.stopped("b")
    assert rig.which() == {"a": Status.DOWN, "b": Status.DOWN}
    assert rig.reported(ReportKind.RESTARTING) == []


def test_a_start_needs_a_spec_and_a_dynamic_one_takes_none() -> None:
    rig = begun()
    assert refusal(rig.start_child()) is Refusal.INVALID_SPEC
    rig = begun_dynamic()
    assert refusal(rig.start_child(child("a"))) is Refusal.INVALID_SPEC


def test_children_of_different_ids_start_at_the_same_time_and_keep_the_order_of_asking() -> None:
    rig = begun()
    rig.always = {"a": "hold", "b": "hold"}
    rig.send(StartChild("a", child("a")))
    rig.send(StartChild("b", child("b")))
    assert rig.which() == {"a": Status.STARTING, "b": Status.STARTING}
    rig.started("b")
    rig.started("a")
    assert ref(rig.replies["a"].value) == "a@1"
    rig.take_log()
    rig.shut_down()
    assert rig.take_log() == ["stop b", "stop a"]
