"""Permanent, transient and temporary children, and what is kept of each."""

import pytest

from shoal.runtime.supervision import Exit, ExitKind, GetChildSpec, Refusal, Restart, Status, Strategy
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
    ref,
    refusal,
    start_dynamic,
)

PERMANENT, TRANSIENT, TEMPORARY = Restart.PERMANENT, Restart.TRANSIENT, Restart.TEMPORARY
STATIC = [Strategy.ONE_FOR_ONE, Strategy.ONE_FOR_ALL, Strategy.REST_FOR_ONE]


@pytest.mark.parametrize("exit", [NORMAL, SHUTDOWN, SHUTDOWN_INFO, ABNORMAL, KILLED])
def test_a_permanent_child_is_always_restarted(exit: Exit) -> None:
    """permanent_normal, permanent_shutdown, permanent_abnormal"""
    rig = begun()
    rig.start_child(child("a", restart=PERMANENT))
    rig.exits("a", exit=exit)
    assert rig.which() == {"a": Status.RUNNING}
    assert rig.living == {"a": 2}
    assert rig.counts() == (1, 1, 0, 1)


@pytest.mark.parametrize("exit", [NORMAL, SHUTDOWN, SHUTDOWN_INFO])
def test_a_transient_child_that_ended_normally_stays_down_and_can_be_restarted(exit: Exit) -> None:
    """transient_normal, transient_shutdown"""
    rig = begun()
    rig.start_child(child("a", restart=TRANSIENT))
    rig.exits("a", exit=exit)
    assert rig.which() == {"a": Status.DOWN}
    assert rig.counts() == (1, 0, 0, 1)
    assert ref(rig.restart_child("a")) == "a@2"


@pytest.mark.parametrize("kind", [kind for kind in ExitKind if kind not in ("normal", "shutdown")])
def test_a_transient_child_is_restarted_after_any_other_end(kind: ExitKind) -> None:
    """transient_abnormal"""
    rig = begun(child("a", restart=TRANSIENT))
    rig.exits("a", exit=Exit(kind=kind))
    assert rig.living == {"a": 2}


@pytest.mark.parametrize("exit", [NORMAL, SHUTDOWN, SHUTDOWN_INFO, ABNORMAL, KILLED])
def test_a_temporary_child_is_never_restarted_and_is_forgotten(exit: Exit) -> None:
    """temporary_normal, temporary_shutdown, temporary_abnormal"""
    rig = begun()
    rig.start_child(child("a", restart=TEMPORARY))
    rig.exits("a", exit=exit)
    assert rig.which() == {}
    assert rig.counts() == (0, 0, 0, 0)
    assert ref(rig.start_child(child("a", restart=TEMPORARY))) == "a@2"


@pytest.mark.parametrize("strategy", [Strategy.ONE_FOR_ALL, Strategy.REST_FOR_ONE])
def test_a_temporary_child_that_goes_with_a_sibling_does_not_come_back(strategy: Strategy) -> None:
    """temporary_bystander"""
    rig = begun(child("a"), child("b", restart=TEMPORARY), strategy=strategy)
    rig.take_log()
    rig.exits("a", exit=NORMAL)
    assert rig.take_log() == ["stop b", "start a"]
    assert rig.which() == {"a": Status.RUNNING}


def _end(rig: Rig, how: str) -> None:
    if how == "terminated":
        rig.terminate_child("a")
    else:
        rig.exits("a", exit={"kill": KILLED, "normal": NORMAL, "abnormal": ABNORMAL}[how])


@pytest.mark.parametrize("how", ["kill", "normal", "abnormal", "terminated"])
@pytest.mark.parametrize("strategy", STATIC)
def test_specs_of_temporary_children_are_not_kept_and_those_of_others_are(
    strategy: Strategy, how: str
) -> None:
    """do_not_save_child_specs_for_temporary_children"""
    for restart in Restart:
        rig = begun(strategy=strategy)
        spec = child("a", restart=restart)
        rig.start_child(spec)
        _end(rig, how)
        again = rig.start_child(spec)
        if restart is TEMPORARY:
            assert ref(again) == "a@2"
        elif how == "terminated" or (restart is TRANSIENT and how == "normal"):
            assert refusal(again) is Refusal.ALREADY_PRESENT
            assert ref(rig.restart_child("a")) == "a@2"
        else:
            assert refusal(again) is Refusal.ALREADY_STARTED


@pytest.mark.parametrize("strategy", STATIC)
def test_what_a_temporary_child_was_started_with_is_not_kept(strategy: Strategy) -> None:
    """do_not_save_start_parameters_for_temporary_children"""
    rig = begun(strategy=strategy)
    for restart in Restart:
        rig.start_child(child(restart.value, restart=restart))
        kept = rig.ask(GetChildSpec(rig.request(), restart.value)).agent
        assert kept == (None if restart is TEMPORARY else f"agent {restart.value}")


def test_what_a_dynamic_child_was_started_with_is_kept_for_its_restart_unless_it_is_temporary() -> None:
    """do_not_save_start_parameters_for_temporary_children, simple_one_for_one_corruption"""
    rig = begun_dynamic()
    start_dynamic(rig, 1, extra="large")
    rig.exits("c-1")
    assert rig.last_start["c-1"].extra == "large"
    rig = begun_dynamic(restart=TEMPORARY)
    start_dynamic(rig, 1, extra="large")
    assert rig.last_start["c-1"].extra == "large"
    rig.exits("c-1")
    start_dynamic(rig, 1, extra="larger")
    children = rig.machine._state.children
    assert [kept.extra for kept in children] == [None]
