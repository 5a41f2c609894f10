"""A supervisor of ten thousand children does not look at all of them because of one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from shoal.runtime.supervision import Restart, Status, Strategy
from shoal.runtime.supervision.children import Child, Children
from tests.runtime.supervision.rig import NORMAL, begun, begun_dynamic, child, start_dynamic

MANY = 10_000


def _no_walk(self: Children) -> Iterator[Child]:
    raise AssertionError("walked over all children")


def test_what_one_dynamic_child_does_costs_no_walk_over_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """simple_one_for_one_scale_many_temporary_children"""
    for restart in Restart:
        rig = begun_dynamic(restart=restart, intensity=MANY)
        ids = start_dynamic(rig, MANY if restart is Restart.TEMPORARY else 500)
        with monkeypatch.context() as patch:
            patch.setattr(Children, "__iter__", _no_walk)
            rig.exits(*ids[::7])
            for id in ids[1::7]:
                assert rig.terminate_child(id) is None
            start_dynamic(rig, 10)
            assert rig.counts()[0] == 1
        rig.shut_down()
        assert rig.ended is not None
        assert rig.living == {}


def test_starting_and_stopping_many_children_of_one_for_one_costs_no_walk(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """scale_start_stop_many_children"""
    rig = begun()
    monkeypatch.setattr(Children, "__iter__", _no_walk)
    ids = [f"n{number}" for number in range(1000)]
    for id in ids:
        rig.start_child(child(id))
    for id in ids:
        assert rig.terminate_child(id) is None
    assert rig.living == {}


def test_many_that_die_at_once_all_come_back() -> None:
    rig = begun_dynamic(intensity=MANY)
    ids = start_dynamic(rig, 2000)
    rig.exits(*ids)
    assert rig.which() == dict.fromkeys(ids, Status.RUNNING)


def test_a_long_line_of_work_is_worked_off_without_recursion() -> None:
    rig = begun(
        *(child(f"n{number}", restart=Restart.TEMPORARY) for number in range(2000)),
        child("z"),
        strategy=Strategy.ONE_FOR_ALL,
    )
    rig.stops["n1999"] = "hold"
    rig.exits("z")
    for number in range(1999):
        rig.exits(f"n{number}", exit=NORMAL)
    rig.stopped("n1999")
    assert rig.which() == {"z": Status.RUNNING}
