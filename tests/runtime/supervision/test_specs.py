"""Specs are data, checked whole before anything starts (OTP's check_childspecs and supervisor flags)."""

from typing import Any

import pytest

from shoal.errors import ConfigError
from shoal.runtime.supervision import (
    AutoShutdown,
    Backoff,
    ChildKind,
    ChildSpec,
    GetChildSpec,
    Refusal,
    Restart,
    Strategy,
    SupervisorSpec,
)
from tests.runtime.supervision.rig import begun, begun_dynamic, child, refusal, supervisor


def test_a_child_spec_has_otps_defaults() -> None:
    """sup_start_map"""
    spec = child()
    assert (spec.restart, spec.kind, spec.shutdown, spec.significant) == (
        Restart.PERMANENT,
        ChildKind.WORKER,
        5.0,
        False,
    )


def test_a_supervisor_is_given_all_the_time_it_needs_unless_its_spec_says_otherwise() -> None:
    """sup_start_map"""
    assert child(kind=ChildKind.SUPERVISOR).shutdown == "infinity"
    assert child(kind="supervisor").shutdown == "infinity"
    assert child(kind=ChildKind.SUPERVISOR, shutdown=1).shutdown == 1.0


def test_a_supervisor_spec_has_otps_defaults() -> None:
    """sup_start_map"""
    spec = SupervisorSpec()
    assert (spec.strategy, spec.intensity, spec.period_s, spec.auto_shutdown) == (
        Strategy.ONE_FOR_ONE,
        1,
        5.0,
        AutoShutdown.NEVER,
    )


def test_the_full_child_spec_can_be_read_back() -> None:
    """sup_start_map"""
    specs = [child("a"), child("b", shutdown="brutal_kill"), child("c", kind=ChildKind.SUPERVISOR)]
    rig = begun(*specs)
    assert [rig.ask(GetChildSpec(rig.request(), spec.id)) for spec in specs] == specs
    assert refusal(rig.ask(GetChildSpec(rig.request(), "d"))) is Refusal.NOT_FOUND


def test_the_template_can_be_read_back_through_each_of_its_children() -> None:
    """sup_start_map_simple"""
    rig = begun_dynamic(restart=Restart.TEMPORARY)
    for _ in range(3):
        started = rig.start_child()
        for which in (started.id, started.ref, started.token):
            assert rig.ask(GetChildSpec(rig.request(), which)) == rig.machine.spec.children[0]
    assert refusal(rig.ask(GetChildSpec(rig.request(), "nobody"))) is Refusal.NOT_FOUND


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"agent": 1}, ["id"]),
        ({"id": "x"}, ["'x'", "agent"]),
        ({"id": "", "agent": 1}, ["id"]),
        ({"id": "x", "agent": 1, "restart": "prmanent"}, ["'x'", "restart", "permanent"]),
        ({"id": "x", "agent": 1, "shutdown": -10}, ["'x'", "shutdown"]),
        ({"id": "x", "agent": 1, "shutdown": "soon"}, ["'x'", "shutdown", "brutal_kill"]),
        ({"id": "x", "agent": 1, "shutdown": float("inf")}, ["'x'", "shutdown"]),
        ({"id": "x", "agent": 1, "kind": "wrker"}, ["'x'", "kind", "worker"]),
        ({"id": "x", "agent": 1, "silly_flag": True}, ["'x'", "silly_flag"]),
        ({"id": "x", "agent": 1, "significant": True}, ["'x'", "significant", "transient"]),
        ({"id": "x", "agent": 1, "backoff": {"initial_s": 0}}, ["'x'", "backoff.initial_s"]),
    ],
)
def test_a_faulty_child_spec_is_refused_with_the_child_the_field_and_what_to_do(
    fields: dict[str, Any], words: list[str]
) -> None:
    """child_specs, child_specs_map, sup_start_map_faulty_specs"""
    with pytest.raises(ConfigError) as refused:
        ChildSpec(**fields)
    assert all(word in refused.value.text for word in words), refused.value.text


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "supervisor", "shutdown": "infinity"},
        {"kind": "supervisor", "shutdown": 1},
        {"restart": "temporary", "shutdown": 1},
        {"restart": "transient", "shutdown": 0},
        {"shutdown": "infinity"},
        {"shutdown": "brutal_kill"},
        {"restart": "transient", "significant": True},
        {"restart": "temporary", "significant": True},
        {"backoff": Backoff()},
    ],
)
def test_what_otp_allows_is_allowed(fields: dict[str, Any]) -> None:
    """child_specs, child_specs_map"""
    assert child(**fields).id == "a"


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"strategy": "none_for_one"}, "strategy"),
        ({"intensity": -1}, "intensity"),
        ({"intensity": float("inf")}, "intensity"),
        ({"intensity": 1.5}, "intensity"),
        ({"period_s": 0}, "period_s"),
        ({"period_s": float("inf")}, "period_s"),
        ({"auto_shutdown": "sometimes"}, "auto_shutdown"),
        ({"silly_flag": True}, "silly_flag"),
        ({"name": ""}, "name"),
    ],
)
def test_faulty_supervisor_settings_are_refused_with_the_field(fields: dict[str, Any], word: str) -> None:
    """sup_flags (but for unknown ones, which OTP lets pass and we do not)"""
    with pytest.raises(ConfigError, match=word):
        SupervisorSpec(**fields)


def test_two_children_of_one_id_are_refused() -> None:
    """child_specs"""
    with pytest.raises(ConfigError, match=r"'a'.*its own id"):
        supervisor(child("a"), child("b"), child("a"))


@pytest.mark.parametrize("children", [(), (child("a"), child("b"))])
def test_a_dynamic_supervisor_has_exactly_one_template(children: tuple[ChildSpec, ...]) -> None:
    """child_specs"""
    with pytest.raises(ConfigError, match="exactly one"):
        supervisor(*children, strategy=Strategy.SIMPLE_ONE_FOR_ONE)


@pytest.mark.parametrize("mode", [AutoShutdown.ANY_SIGNIFICANT, AutoShutdown.ALL_SIGNIFICANT])
def test_a_dynamic_supervisor_cannot_shut_itself_down(mode: AutoShutdown) -> None:
    """significant_simple"""
    with pytest.raises(ConfigError, match="auto_shutdown"):
        supervisor(child(), strategy=Strategy.SIMPLE_ONE_FOR_ONE, auto_shutdown=mode)
    assert supervisor(child(), strategy=Strategy.SIMPLE_ONE_FOR_ONE).dynamic


def test_a_significant_child_needs_a_supervisor_that_shuts_itself_down() -> None:
    """significant_upgrade_never_any (its first half)"""
    significant = child("a", restart=Restart.TRANSIENT, significant=True)
    with pytest.raises(ConfigError, match=r"'a'.*auto_shutdown"):
        supervisor(significant)
    answer = begun().start_child(significant)
    assert refusal(answer) is Refusal.INVALID_SPEC
    assert "'a'" in answer.text


def test_children_given_as_plain_data_are_checked_like_others() -> None:
    with pytest.raises(ConfigError, match="'x': restart"):
        SupervisorSpec.model_validate({"children": [{"id": "x", "agent": 1, "restart": "often"}]})
    spec = SupervisorSpec.model_validate({"children": [{"id": "x", "agent": 1, "kind": "supervisor"}]})
    assert spec.children[0].shutdown == "infinity"


def test_a_spec_does_not_change() -> None:
    with pytest.raises(Exception, match="frozen"):
        child().id = "b"
