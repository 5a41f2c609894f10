"""Swarm: items are claimed, worked on and completed once each, and bad wiring is refused."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import shoal
from shoal.blackboard.termination import CountReached, ItemsDone, Quiescence, TimeLimit
from shoal.runtime.errors import ConfigError, HandlerError
from shoal.topologies.errors import BadSubtasks
from shoal.topologies.swarm import swarm
from shoal.topologies.swarming.messages import Published, SwarmResult
from tests.topologies.swarming import (
    Halves,
    Number,
    Word,
    ask,
    halve,
    numbers,
    square,
    until_tidy,
)

# -- normal work -------------------------------------------------------------------------------------------


async def test_items_lead_to_items_until_nothing_is_left(system: shoal.System) -> None:
    result = await ask(system, swarm(halve, count=3), Number(n=20))
    assert result.findings == [1] * 20
    assert (result.posted, result.done, result.left, result.dead) == (39, 39, 0, 0)
    assert result.condition == "Quiescence()"
    assert not result.partial
    assert sum(tally.done for tally in result.agents.values()) == 39


async def test_the_seed_makes_the_first_items_of_the_message(system: shoal.System) -> None:
    result = await ask(system, swarm(square, count=2, seed=numbers), [1, 2, 3])
    assert result.findings == [1, 4, 9]
    nothing = await ask(system, swarm(square, seed=numbers), [])
    assert (nothing.condition, nothing.findings, nothing.partial) == ("no items", [], False)


async def test_each_agent_gets_the_items_of_its_types(system: shoal.System) -> None:
    class Words(Published):
        items: list[Word] = []  # noqa: RUF012

    async def spell(number: Number) -> Words:
        return Words(items=[Word(text=str(number.n))])

    async def shout(word: Word) -> str:
        return word.text + "!"

    result = await ask(system, swarm(spell=spell, shout=shout, seed=numbers), [1, 2])
    assert result.findings == ["1!", "2!"]
    assert {name: tally.done for name, tally in result.agents.items()} == {"spell": 2, "shout": 2}


async def test_two_items_of_one_name_are_one(system: shoal.System) -> None:
    async def links(number: Number) -> Halves:
        return Halves(findings=[number.n], items=[Number(n=(number.n * k) % 7) for k in (2, 3)])

    result = await ask(system, swarm(links, count=4, name_of=lambda item: f"n{item.n}"), Number(n=1))
    assert sorted(result.findings) == [1, 2, 3, 4, 5, 6]


async def test_items_of_higher_priority_come_first(system: shoal.System) -> None:
    order: list[int] = []

    async def note(number: Number) -> None:
        order.append(number.n)

    await ask(system, swarm(note, seed=numbers, priority=lambda item: item.n), [1, 5, 3])
    assert order == [5, 3, 1]


async def test_findings_keep_their_type_where_the_result_says_it(system: shoal.System) -> None:
    class Squares(SwarmResult):
        findings: list[Number]

    async def squared(number: Number) -> Number:
        return Number(n=number.n**2)

    plain = await ask(system, swarm(squared, seed=numbers), [2])
    assert plain.findings == [{"n": 4}]
    typed = await ask(system, swarm(squared, seed=numbers, result=Squares), [2])
    assert typed.findings == [Number(n=4)]

    def total(result: SwarmResult) -> int:
        return sum(found.n for found in result.findings)

    assert await ask(system, swarm(squared, seed=numbers, result=total), [2, 3]) == 13


async def test_a_team_and_an_agent_class_are_members_too(system: shoal.System) -> None:
    class Adder(shoal.Agent):
        async def on_number(self, number: Number, ctx: shoal.Context) -> Number:
            return Number(n=number.n + 1)

    result = await ask(system, swarm(Adder, line=shoal.pipeline(Adder, square), seed=numbers), [1] * 6)
    assert result.done == 6
    assert set(result.agents) == {"1", "line"}


async def test_a_swarm_is_a_member_like_any_other(system: shoal.System) -> None:
    async def prepare(n: int) -> list:  # type: ignore[type-arg]
        return list(range(n))

    async def count(result: SwarmResult) -> int:
        return len(result.findings)

    line = shoal.pipeline(prepare=prepare, swarm=swarm(square, count=2, seed=numbers), count=count)
    team = await system.build(line, name="p")
    assert await asyncio.gather(*(team.ask(n, timeout_s=60) for n in (3, 0, 5))) == [3, 0, 5]
    assert team.agents == ["p", "p/prepare", "p/swarm", "p/swarm/1", "p/swarm/2", "p/count"]
    inner = team.describe()["members"]["swarm"]
    assert (inner["accepts"], inner["returns"]) == ("list", "SwarmResult")


async def test_a_seed_of_thousands_is_posted_and_tidied_up_in_parts(system: shoal.System) -> None:
    await system.board("quick", durable=False).open()
    topology = swarm(square, seed=numbers, board="quick", until=ItemsDone("item/", 3))
    result = await ask(system, topology, list(range(4500)))
    assert result.posted == 4500
    assert result.left > 4000
    await until_tidy(system.board("quick"))


async def test_a_task_leaves_nothing_on_the_board_unless_it_is_kept(system: shoal.System) -> None:
    await ask(system, swarm(square, seed=numbers), [1, 2])
    await until_tidy(system.board())
    await ask(system, swarm(square, seed=numbers, keep=True), [1, 2])
    kept = [entry.key.rpartition("/")[0].rpartition("/")[2] for entry in await system.board().range("swarm/")]
    assert kept.count("finding") == 2
    assert kept.count("item") == 2


# -- refused before anything starts ------------------------------------------------------------------------


async def takes_words(word: Word) -> str:
    return word.text


BAD: list[tuple[tuple[Any, ...], dict[str, Any], str]] = [
    ((), {}, "no members"),
    ((square, square), {"count": 2}, "count is for copies of one agent"),
    ((square,), {"count": 0}, "count is 0"),
    ((square,), {"until": []}, "does not know by itself when to stop"),
    ((square,), {"until": None}, "does not know by itself when to stop"),
    ((square,), {"until": [3]}, "which is no condition"),
    ((square,), {"seed": halve}, "seed is <function halve"),
    ((takes_words,), {"seed": numbers}, "seed makes items of type Number, which no agent accepts"),
    ((takes_words,), {"halve": halve, "seed": 1}, "seed is 1"),
    ((), {"halve": takes_words, "monitor": square}, "its monitor accepts Number"),
    ((square,), {"monitor": 3}, "monitor is 3"),
    ((square,), {"monitor": square, "count": None, "result": Word}, "result is Word"),
    ((square,), {"result": 3}, "result is 3"),
    ((square,), {"finding": 3}, "finding is 3"),
    ((square,), {"most_items": 0}, "most_items is 0"),
    ((square,), {"attempts": 11}, "attempts is 11"),
    ((square,), {"items_each": -1}, "items_each is -1"),
    ((square,), {"failures_each": 0}, "failures_each is 0"),
    ((square,), {"monitor_every": 0}, "monitor_every is 0"),
    ((square,), {"at_once": 0}, "at_once is 0"),
    ((square,), {"lease_s": 0}, "lease_s is 0"),
    ((square,), {"cut": 2}, "cut is 2"),
    ((square,), {"board": "a b"}, "a b"),
    ((square,), {"name_of": 3}, "name_of is 3"),
]


@pytest.mark.parametrize(("agents", "options", "text"), BAD, ids=[text for _, _, text in BAD])
async def test_bad_wiring_is_refused_before_anything_starts(
    system: shoal.System, agents: tuple[Any, ...], options: dict[str, Any], text: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        await system.build(swarm(*agents, **options))
    assert text in str(caught.value)
    assert sum(host["agents"] for host in await system.health()) == 0


async def test_items_that_no_member_takes_are_refused_where_the_types_are_declared(
    system: shoal.System,
) -> None:
    class Lost(Published):
        items: list[Word] = []  # noqa: RUF012

    async def lose(number: Number) -> Lost:
        return Lost()

    with pytest.raises(ConfigError, match="agent '1' makes items of type Word"):
        await system.build(swarm(lose))


async def test_a_seed_over_the_limit_is_refused_with_the_figures(system: shoal.System) -> None:
    team = await system.build(swarm(square, seed=numbers, most_items=3))
    with pytest.raises(HandlerError, match="the seed gave 4 items") as caught:
        await team.ask([1, 2, 3, 4])
    assert isinstance(caught.value.cause, BadSubtasks)


def test_quiescence_and_a_limit_of_time_are_always_among_the_conditions() -> None:
    plan = swarm(square, until=[CountReached("finding/", 3)]).plan()
    assert str(plan.until) == "CountReached('finding/', 3) | Quiescence() | TimeLimit(600)"
    own = swarm(square, until=Quiescence(quiet_s=1) & TimeLimit(5)).plan()
    assert str(own.until).count("TimeLimit") == 2
