"""Supervisors that end when their significant children have (EEP 56)."""

import pytest

from shoal.runtime.supervision import (
    AutoShutdown,
    EndReason,
    Exit,
    ExitKind,
    ReportKind,
    Restart,
    Status,
    Strategy,
)
from tests.runtime.supervision.rig import ABNORMAL, KILLED, NORMAL, SHUTDOWN, Rig, begun, child, living_ids

NEVER, ANY, ALL = AutoShutdown.NEVER, AutoShutdown.ANY_SIGNIFICANT, AutoShutdown.ALL_SIGNIFICANT
TEMPORARY, TRANSIENT = Restart.TEMPORARY, Restart.TRANSIENT


def _three(restart: Restart, mode: AutoShutdown, strategy: Strategy = Strategy.ONE_FOR_ONE) -> Rig:
    return begun(
        child("a", restart=restart, significant=True),
        child("b", restart=restart, significant=True),
        child("c", restart=restart),
        auto_shutdown=mode,
        intensity=5,
        strategy=strategy,
    )


def _shut_itself_down(rig: Rig) -> bool:
    if rig.ended is None:
        return False
    assert rig.living == {}
    return rig.ended.reason is EndReason.AUTO_SHUTDOWN


@pytest.mark.parametrize("exit", [None, KILLED, ABNORMAL, NORMAL])
@pytest.mark.parametrize("mode", [NEVER, ANY, ALL])
@pytest.mark.parametrize("restart", [TEMPORARY, TRANSIENT])
def test_the_end_of_a_child_that_is_not_significant_never_ends_the_supervisor(
    restart: Restart, mode: AutoShutdown, exit: Exit | None
) -> None:
    """nonsignificant_temporary, nonsignificant_transient"""
    rig = begun(child("a", restart=restart), auto_shutdown=mode, intensity=5)
    if exit is None:
        rig.terminate_child("a")
    else:
        rig.exits("a", exit=exit)
    assert rig.ended is None


@pytest.mark.parametrize("exit", [KILLED, ABNORMAL, NORMAL])
def test_any_end_of_a_significant_temporary_child_ends_the_supervisor(exit: Exit) -> None:
    """significant_temporary"""
    rig = _three(TEMPORARY, ANY)
    rig.exits("a", exit=exit)
    assert _shut_itself_down(rig)
    assert rig.ended is not None
    assert rig.ended.exit.kind is ExitKind.SHUTDOWN
    assert rig.ended.exit.cause == exit.named("a")


def test_only_a_normal_end_of_a_significant_transient_child_ends_the_supervisor() -> None:
    """significant_transient"""
    rig = _three(TRANSIENT, ANY)
    rig.exits("a", exit=KILLED)
    rig.exits("a", exit=ABNORMAL)
    assert living_ids(rig) == ["a", "b", "c"]
    rig.exits("a", exit=SHUTDOWN)
    assert _shut_itself_down(rig)
    assert [report.child for report in rig.reported(ReportKind.AUTO_SHUTDOWN)] == ["a"]


@pytest.mark.parametrize("restart", [TEMPORARY, TRANSIENT])
def test_a_significant_child_that_was_terminated_does_not_end_the_supervisor(restart: Restart) -> None:
    """significant_temporary, significant_transient"""
    rig = _three(restart, ANY)
    rig.terminate_child("a")
    assert rig.ended is None
    assert living_ids(rig) == ["b", "c"]


@pytest.mark.parametrize("restart", [TEMPORARY, TRANSIENT])
def test_all_significant_children_have_to_end_where_all_are_asked_for(restart: Restart) -> None:
    """significant_temporary, significant_transient"""
    rig = _three(restart, ALL)
    rig.exits("a", exit=NORMAL)
    assert rig.ended is None
    rig.exits("b", exit=NORMAL)
    assert _shut_itself_down(rig)


def test_a_significant_child_that_is_being_restarted_has_not_ended() -> None:
    rig = _three(TRANSIENT, ALL)
    rig.starts["a"].append("hold")
    rig.exits("a")
    rig.exits("b", exit=NORMAL)
    assert rig.ended is None
    rig.started("a")
    rig.exits("a", exit=NORMAL)
    assert _shut_itself_down(rig)


def test_a_terminated_significant_child_counts_as_ended_where_all_are_asked_for() -> None:
    rig = _three(TRANSIENT, ALL)
    rig.terminate_child("b")
    assert rig.ended is None
    rig.exits("a", exit=NORMAL)
    assert _shut_itself_down(rig)


@pytest.mark.parametrize("mode", [ANY, ALL])
@pytest.mark.parametrize("strategy", [Strategy.ONE_FOR_ONE, Strategy.ONE_FOR_ALL, Strategy.REST_FOR_ONE])
def test_significant_children_that_go_with_a_sibling_do_not_end_the_supervisor(
    strategy: Strategy, mode: AutoShutdown
) -> None:
    """significant_bystander"""
    rig = begun(
        child("a", restart=TRANSIENT, significant=True),
        child("b", restart=TRANSIENT),
        child("c", restart=TRANSIENT, significant=True),
        auto_shutdown=mode,
        strategy=strategy,
    )
    rig.exits("b", exit=KILLED)
    assert rig.ended is None
    assert rig.which() == dict.fromkeys("abc", Status.RUNNING)


def test_a_significant_temporary_child_stopped_with_a_group_does_not_end_the_supervisor() -> None:
    """significant_bystander"""
    rig = begun(
        child("a"),
        child("b", restart=TEMPORARY, significant=True),
        auto_shutdown=ANY,
        strategy=Strategy.ONE_FOR_ALL,
    )
    rig.exits("a")
    assert rig.ended is None
    assert rig.which() == {"a": Status.RUNNING}
