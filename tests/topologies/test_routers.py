"""Which worker a router chooses."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from shoal.runtime.errors import ConfigError
from shoal.topologies.work.routers import ByCapability, ByField, Ended, LeastLoaded, RoundRobin, WorkerView
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


def test_a_capability_is_found_by_a_function_of_the_message_or_by_its_type() -> None:
    workers = [view("a"), view("b", "billing"), view("c", "billing", waiting=1)]
    assert ByCapability(lambda message: message)("billing", workers) == "b"
    assert ByCapability(lambda message: message)("a", workers) == "a"
    assert ByCapability({str: "billing"})("x", workers) == "b"
    assert ByCapability({str: "billing"})(7, workers) == ""
    assert ByCapability(lambda message: "cooking")("x", workers) == ""


def test_among_several_that_have_a_capability_another_router_chooses_and_learns() -> None:
    class Last:
        learned: str = ""

        def __call__(self, message: object, workers: Sequence[WorkerView]) -> str:
            return workers[0].name

        def choose(self, message: object, workers: Sequence[WorkerView], label: str) -> str:
            return workers[-1].name

        def learn(self, message: object, name: str, outcome: Ended) -> None:
            self.learned = f"{outcome.label}: {name}"

    last = Last()
    router = ByCapability(lambda message: "billing", then=last)
    assert router("x", [view("a"), view("b", "billing"), view("c", "billing")]) == "c"
    router.learn("x", "c", Ended(ok=True, took_s=1.0))
    assert last.learned == "billing: c"


def test_needs_that_are_no_function_and_no_mapping_are_refused() -> None:
    with pytest.raises(ConfigError, match="ByCapability: 'billing' is neither"):
        ByCapability("billing")  # type: ignore[arg-type]
