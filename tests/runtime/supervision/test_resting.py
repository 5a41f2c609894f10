"""Which children have no process and get none unless somebody asks: theirs are the senders that need not wait."""

import pytest

from shoal.runtime.supervision import Backoff, Restart, Status, Stop, Strategy
from tests.runtime.supervision.rig import NORMAL, Rig, child, supervisor


def test_a_running_child_does_not_rest_and_an_unknown_one_does() -> None:
    rig = Rig(supervisor(child("a"))).begin()
    assert not rig.machine.resting("a")
    assert rig.machine.resting("nobody")


def test_a_child_rests_once_it_ended_for_good_or_was_terminated() -> None:
    rig = Rig(supervisor(child("a", restart=Restart.TRANSIENT), child("b"))).begin()
    rig.exits("a", exit=NORMAL)
    rig.terminate_child("b")
    assert rig.machine.resting("a")
    assert rig.machine.resting("b")
    rig.restart_child("b")
    assert not rig.machine.resting("b")


@pytest.mark.parametrize("strategy", [Strategy.ONE_FOR_ALL, Strategy.REST_FOR_ONE])
def test_children_that_wait_for_another_ones_restart_do_not_rest(strategy: Strategy) -> None:
    patient = Backoff(initial_s=100, max_s=100)
    rig = Rig(supervisor(child("a"), child("b"), strategy=strategy, backoff=patient)).begin()
    rig.exits("a")
    assert rig.which() == {"a": Status.RESTARTING, "b": Status.DOWN}
    assert not rig.machine.resting("b")
    rig.terminate_child("a")
    assert rig.machine.resting("a")
    assert rig.machine.resting("b")


def test_a_stop_says_whether_the_child_is_started_again() -> None:
    children = [child("a"), child("b"), child("c", restart=Restart.TEMPORARY)]
    rig = Rig(supervisor(*children, strategy=Strategy.ONE_FOR_ALL)).begin()
    rig.exits("a")
    assert {id: stop.again for id, stop in rig.last_stop.items()} == {"b": True, "c": False}
    rig.terminate_child("b")
    assert rig.last_stop["b"] == Stop("b", rig.last_stop["b"].token, 5.0, again=False)


def test_how_it_will_end_is_known_before_it_has_ended() -> None:
    rig = Rig(supervisor(child("a"), child("b"), intensity=0)).begin()
    rig.stops["b"] = "hold"
    rig.exits("a")
    assert rig.machine.ended is None
    assert rig.machine.ending is not None
    assert "gave up" in rig.machine.ending.exit.text
