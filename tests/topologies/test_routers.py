"""Which worker a router chooses."""

from __future__ import annotations

from shoal.topologies.routers import ByField, LeastLoaded, RoundRobin, WorkerView
from tests.topologies.crew import Ticket


def view(name: str, *capabilities: str, waiting: int = 0, done: int = 0) -> WorkerView:
    return WorkerView(name, capabilities, waiting, done)


def test_the_least_loaded_has_the_fewest_open_tasks() -> None:
    assert LeastLoaded()("x", [view("a", waiting=3), view("b", waiting=1), view("c", waiting=2)]) == "b"


def test_among_equally_loaded_the_one_with_the_fewest_done_is_chosen_then_the_first() -> None:
    assert LeastLoaded()("x", [view("a", done=2), view("b", done=1)]) == "b"
    assert LeastLoaded()("x", [view("a"), view("b")]) == "a"


def test_round_robin_goes_around_even_when_the_number_of_workers_changes() -> None:
    router = RoundRobin()
    workers = [view("a"), view("b"), view("c")]
    assert [router("x", workers) for _ in range(4)] == ["a", "b", "c", "a"]
    assert [router("x", workers[:2]) for _ in range(2)] == ["a", "b"]


def test_a_field_names_the_worker_or_one_of_its_capabilities() -> None:
    router = ByField("skill")
    workers = [view("billing"), view("x", "refunds", waiting=1), view("y", "refunds")]
    assert router(Ticket(text="", skill="billing"), workers) == "billing"
    assert router(Ticket(text="", skill="refunds"), workers) == "y"
    assert router({"skill": "billing"}, workers) == "billing"


def test_a_field_that_fits_nobody_or_is_missing_chooses_nobody() -> None:
    router = ByField("skill")
    assert router(Ticket(text="", skill="cooking"), [view("a")]) == ""
    assert router("no such field", [view("a")]) == ""
    assert router({}, [view("a")]) == ""
