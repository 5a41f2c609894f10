"""Worker: routing, splitting and merging, and what it refuses."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

import shoal
from shoal.runtime.errors import ConfigError, HandlerError
from tests.topologies.crew import (
    Biller,
    Bundle,
    Failing,
    Gate,
    Held,
    Invoice,
    Reply,
    Ticket,
    Worker,
    Writer,
)


def cut(bundle: Bundle) -> list[Ticket]:
    return [Ticket(text=text) for text in bundle.texts]


def join(bundle: Bundle, replies: Sequence[Reply]) -> Reply:
    return Reply(text="+".join(reply.text for reply in replies), by="merge")


async def test_a_message_goes_only_to_a_worker_that_accepts_its_type(system: shoal.System) -> None:
    team = await system.build(
        shoal.worker({"plain": Worker(), "billing": Biller()}, router=shoal.RoundRobin())
    )
    replies = [await team.ask(Invoice(amount=n)) for n in range(3)]
    assert [reply.by for reply in replies] == ["biller"] * 3


async def test_round_robin_gives_each_worker_its_turn(system: shoal.System) -> None:
    team = await system.build(shoal.worker([Worker("a"), Worker("b")], router=shoal.RoundRobin()))
    assert [(await team.ask(Ticket(text=""))).by for _ in range(4)] == ["a", "b", "a", "b"]


async def test_the_least_loaded_worker_gets_the_next_message(system: shoal.System) -> None:
    gate = Gate()
    team = await system.build(shoal.worker({"held": Held(gate), "free": Held(gate)}))
    held = asyncio.ensure_future(team.ask(Ticket(text="slow")))
    await gate.until_running(1)
    assert [(await team.ask(Ticket(text="fast"))).text for _ in range(3)] == ["fast"] * 3
    assert gate.most == 1
    gate.open.set()
    assert (await held).text == "slow"


async def test_a_field_of_the_message_chooses_by_name_or_capability(system: shoal.System) -> None:
    workers = {"plain": Worker("plain"), "other": Biller()}
    team = await system.build(shoal.worker(workers, router=shoal.ByField("skill")))
    assert (await team.ask(Ticket(text="", skill="plain"))).by == "plain"
    assert (await team.ask(Ticket(text="", skill="refunds"))).by == "biller"


async def test_the_fallback_takes_what_the_router_places_nowhere(system: shoal.System) -> None:
    team = await system.build(
        shoal.worker(
            {"a": Worker("a"), "rest": Worker("rest")}, router=shoal.ByField("skill"), fallback="rest"
        )
    )
    assert (await team.ask(Ticket(text="", skill="cooking"))).by == "rest"


@pytest.mark.parametrize("choice", ["nobody", "", None, ["a"]])
async def test_an_unknown_choice_is_an_error_at_the_asker_that_names_the_workers(
    system: shoal.System, choice: Any
) -> None:
    team = await system.build(
        shoal.worker({"a": Worker(), "b": Worker()}, router=lambda message, workers: choice)
    )
    with pytest.raises(HandlerError, match=r"the router chose .* for Ticket, .* workers are a, b") as caught:
        await team.ask(Ticket(text=""))
    assert caught.value.details["type"] == "shoal.topologies.errors.NoWorker"


async def test_a_worker_that_cannot_take_the_type_is_not_chosen_even_when_the_router_says_so(
    system: shoal.System,
) -> None:
    team = await system.build(
        shoal.worker({"a": Worker(), "b": Biller()}, router=lambda message, workers: "a")
    )
    with pytest.raises(HandlerError, match="chose 'a' for Invoice, which b could take"):
        await team.ask(Invoice(amount=1))


async def test_an_open_team_refuses_what_none_of_its_workers_takes(system: shoal.System) -> None:
    team = await system.build(shoal.worker([Worker()], split=lambda bundle: [Invoice(amount=1)], merge=join))
    with pytest.raises(HandlerError, match="no worker accepts Invoice"):
        await team.ask(Bundle(texts=[]))


async def test_a_split_message_is_merged_in_the_order_of_its_parts(system: shoal.System) -> None:
    team = await system.build(shoal.worker([Worker(), Worker(), Worker()], split=cut, merge=join))
    assert (await team.ask(Bundle(texts=["x", "y", "z"]))).text == "x+y+z"


async def test_without_a_merge_the_answers_come_as_a_list(system: shoal.System) -> None:
    async def number(n: int) -> int:
        return n * n

    team = await system.build(shoal.worker([number, number], split=lambda numbers: numbers, accepts=list))
    assert await team.ask([1, 2, 3]) == [1, 4, 9]
    assert await team.ask([]) == []


async def test_no_more_than_parallel_subtasks_of_a_message_run_at_once(system: shoal.System) -> None:
    gate = Gate()
    team = await system.build(
        shoal.worker([Held(gate), Held(gate)], split=cut, parallel=3, merge=lambda b, r: len(r))
    )
    asked = asyncio.ensure_future(team.ask(Bundle(texts=["slow"] * 10)))
    await gate.until_running(3)
    gate.open.set()
    assert await asked == 10
    assert gate.most == 3


async def test_a_failing_worker_is_named_to_the_asker(system: shoal.System) -> None:
    team = await system.build(shoal.worker({"bad": Failing()}), name="shop")
    with pytest.raises(HandlerError, match=r"shop/bad raised ValueError on .*: cannot do it"):
        await team.ask(Ticket(text="it"))


async def test_a_failing_subtask_fails_its_task_names_its_worker_and_cancels_the_others(
    system: shoal.System,
) -> None:
    gate = Gate()

    def split(bundle: Bundle) -> list[Any]:
        return [Ticket(text="slow", skill="held"), Ticket(text="it", skill="bad")]

    workers = {"held": Held(gate), "bad": Failing()}
    team = await system.build(
        shoal.worker(workers, split=split, merge=join, router=shoal.ByField("skill")), name="shop"
    )
    with pytest.raises(HandlerError, match=r"shop/bad raised ValueError on .*: cannot do it"):
        await team.ask(Bundle(texts=[]))
    await gate.until_cancelled()
    assert gate.cancelled == ["shop/held"]


async def test_workers_may_be_functions_classes_factories_and_teams(system: shoal.System) -> None:
    async def answer(ticket: Ticket) -> Reply:
        return Reply(text="", by="function")

    workers = {
        "function": answer,
        "class": Worker,
        "factory": lambda: Worker("factory"),
        "team": shoal.pipeline(Worker("team")),
    }
    team = await system.build(shoal.worker(workers, router=shoal.ByField("skill")))
    by = [(await team.ask(Ticket(text="", skill=name))).by for name in workers]
    assert by == ["function", "worker", "factory", "team"]


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: shoal.worker({}), "worker has no members"),
        (lambda: shoal.worker([Worker()], router="fast"), "router 'fast' is not callable"),  # type: ignore[arg-type]
        (lambda: shoal.worker([Worker()], fallback="x"), "fallback 'x' is none of 1"),
        (lambda: shoal.worker([Worker()], merge=join), "merge is given without split"),
        (lambda: shoal.worker([Worker()], accepts=Bundle), "accepts is given without split"),
        (lambda: shoal.worker([Worker()], split=cut, parallel=0), "parallel is 0"),
        (lambda: shoal.worker([Biller()], split=lambda b: b, merge=7), "merge 7 is no plain function"),  # type: ignore[arg-type]
        (lambda: shoal.worker({"bad name": Worker()}), "'bad name' cannot name an agent"),
        (lambda: shoal.worker({"x": 7}), "worker, member 'x': 7 cannot be spawned"),
        (lambda: shoal.worker([shoal.worker([])]), "worker, member '1': worker has no members"),
    ],
)
async def test_a_wiring_that_cannot_work_is_refused_before_anything_is_started(
    system: shoal.System, make: Any, why: str
) -> None:
    with pytest.raises(ConfigError, match=why):
        await system.build(make())
    assert [host["agents"] for host in await system.health()] == [0]


async def test_a_split_into_what_nobody_takes_is_refused_unless_there_is_a_fallback(
    system: shoal.System,
) -> None:
    async def takes_text(text: str) -> str:
        return text

    with pytest.raises(ConfigError, match="split makes Ticket, which no worker accepts"):
        await system.build(shoal.worker([takes_text], split=cut))
    await system.build(
        shoal.worker({"text": takes_text, "w": Writer()}, split=cut, merge=join, fallback="text")
    )


async def test_a_list_of_models_is_no_answer_so_a_split_of_models_needs_a_merge(system: shoal.System) -> None:
    with pytest.raises(
        ConfigError, match="workers answer Reply, and a list of models is no message: give merge"
    ):
        await system.build(shoal.worker([Worker()], split=cut))


async def test_another_worker_does_what_one_that_is_gone_would_get(system: shoal.System) -> None:
    team = await system.build(shoal.worker({"a": Worker("a"), "b": Worker("b")}))
    await system.stop(team.members["a"])
    assert [(await team.ask(Ticket(text=""))).by for _ in range(3)] == ["b"] * 3


async def test_when_every_worker_is_gone_the_asker_hears_why(system: shoal.System) -> None:
    team = await system.build(shoal.worker({"a": Worker(), "b": Worker()}, fallback="b"), name="t")
    for member in team.members.values():
        await system.stop(member)
    with pytest.raises(
        HandlerError, match=r"no worker is left for Ticket: t/a .* stopped by the client; t/b"
    ):
        await team.ask(Ticket(text=""))
