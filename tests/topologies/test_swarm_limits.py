"""When a task of a swarm is over, what its agents may use up, and what its monitor does."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

import shoal
from shoal.blackboard.termination import CountReached, ItemsDone, NoImprovement, TimeLimit
from shoal.runtime.errors import HandlerError
from shoal.topologies.swarm import SwarmTeam, swarm
from shoal.topologies.swarming.messages import Published, SwarmAdvice, SwarmView
from tests.topologies.crew import Gate
from tests.topologies.swarming import (
    Number,
    ask,
    endless,
    fail,
    halve,
    numbers,
    square,
)

# -- when it is over (MAST FM-1.5, FM-3.1) -----------------------------------------------------------------


async def test_an_idle_swarm_is_found_quiescent_and_a_busy_one_is_not(system: shoal.System) -> None:
    gate = Gate()

    async def hold(number: Number) -> int:
        await gate.pass_through()
        return number.n

    team = await system.build(swarm(hold, count=2, seed=numbers))
    busy = asyncio.ensure_future(team.ask([1, 2], timeout_s=60))
    await gate.until_running(2)
    assert not busy.done()
    gate.open.set()
    assert (await busy).condition == "Quiescence()"


async def test_endless_making_of_items_ends_at_the_limit_with_that_reason(system: shoal.System) -> None:
    result = await ask(system, swarm(endless, count=2, most_items=40), Number(n=0))
    assert result.condition == "most_items=40"
    assert 38 <= result.posted <= 40  # what is under way at the end is not posted any more
    assert result.partial
    assert result.left > 0
    larger = await ask(system, swarm(endless, count=2, most_items=80), Number(n=0))
    assert 78 <= larger.posted <= 80


async def test_time_count_and_convergence_end_a_task(system: shoal.System) -> None:
    enough = await ask(
        system, swarm(square, seed=numbers, until=CountReached("finding/", 3)), list(range(50))
    )
    assert enough.condition == "CountReached('finding/', 3)"
    assert enough.partial
    done = await ask(system, swarm(square, seed=numbers, until=[ItemsDone("item/", 2)]), list(range(50)))
    assert done.condition == "ItemsDone('item/', 2)"
    flat = await ask(
        system, swarm(square, seed=numbers, until=NoImprovement("finding/", "", revisions=4)), [9] + [1] * 50
    )
    assert flat.condition.startswith("NoImprovement")
    timed = await ask(system, swarm(endless, until=TimeLimit(0.2)), Number(n=0))
    assert timed.condition == "TimeLimit(0.2)"


async def test_a_swarm_that_runs_dry_before_its_condition_holds_ends_all_the_same(
    system: shoal.System,
) -> None:
    result = await ask(system, swarm(square, seed=numbers, until=CountReached("finding/", 100)), [1, 2])
    assert result.condition == "Quiescence()"
    assert result.findings == [1, 4]


async def test_what_there_is_comes_before_the_askers_time_is_over(system: shoal.System) -> None:
    gate = Gate()

    async def hold(number: Number) -> int:
        if number.n:
            await gate.pass_through()
        return number.n

    topology = swarm(hold, count=2, seed=numbers, cut=0.5)
    result = await (await system.build(topology)).ask([0, 1], timeout_s=2.0)
    assert (result.condition, result.findings, result.left) == ("cut", [0], 1)
    waiting = await system.build(swarm(hold, seed=numbers, cut=None))
    with pytest.raises(shoal.errors.AskTimeout):
        await waiting.ask([1], timeout_s=0.3)


async def test_an_agent_that_says_it_is_done_makes_a_proposal_only(system: shoal.System) -> None:
    async def eager(number: Number) -> Published:
        return Published(findings=[number.n], done="I have seen enough")

    result = await ask(system, swarm(eager, seed=numbers), [1, 2, 3])
    assert result.done == 3
    assert result.proposals == ("1: I have seen enough",) * 3


# -- failures and budgets ----------------------------------------------------------------------------------


async def test_an_item_that_fails_is_tried_again_and_then_given_up_with_its_reasons(
    system: shoal.System,
) -> None:
    tried: list[int] = []

    async def moody(number: Number) -> int:
        tried.append(number.n)
        if number.n == 2 or tried.count(number.n) < 2:
            raise ValueError("not today")
        return number.n

    result = await ask(
        system, swarm(moody, seed=numbers, attempts=3, backoff_s=0, failures_each=None), [1, 2]
    )
    assert result.findings == [1]
    assert (result.dead, result.partial) == (1, True)
    (dead,) = result.given_up
    assert len(dead.errors) == 3
    assert all(error.startswith("1: ") and "not today" in error for error in dead.errors)
    once = await ask(system, swarm(fail, seed=numbers, attempts=1), [5])
    assert once.dead == 1


async def test_an_agent_that_fails_everything_is_retired_from_the_task(system: shoal.System) -> None:
    options: dict[str, Any] = {"seed": numbers, "attempts": 10, "backoff_s": 0}
    result = await ask(system, swarm(bad=fail, good=square, **options, failures_each=3), list(range(40)))
    assert result.findings == [n**2 for n in range(40)] or sorted(result.findings) == [
        n**2 for n in range(40)
    ]
    assert result.agents["bad"].failed == 3
    assert "3 of its 3 attempts failed" in result.agents["bad"].retired
    assert not result.agents["good"].retired
    unlimited = await ask(
        system, swarm(bad=fail, good=square, **options, failures_each=None), list(range(40))
    )
    assert unlimited.agents["bad"].failed > 3


async def test_a_task_whose_agents_are_all_retired_ends_and_says_so(system: shoal.System) -> None:
    topology = swarm(fail, count=2, seed=numbers, failures_each=2, attempts=10, backoff_s=0)
    result = await ask(system, topology, list(range(9)))
    assert result.condition == "agents"
    assert "no agent is left" in result.reason
    assert (result.left, result.partial) == (9, True)


async def test_each_agent_has_its_budget_of_items(system: shoal.System) -> None:
    result = await ask(system, swarm(square, count=3, seed=numbers, items_each=4), list(range(30)))
    assert {tally.done for tally in result.agents.values()} == {4}
    assert (result.condition, result.done, result.left) == ("agents", 12, 18)
    unlimited = await ask(system, swarm(square, count=3, seed=numbers), list(range(30)))
    assert unlimited.done == 30


async def test_a_finding_of_the_wrong_shape_completes_nothing(system: shoal.System) -> None:
    result = await ask(system, swarm(square, seed=numbers, finding=Number, attempts=1), [1])
    assert (result.done, result.dead) == (0, 1)
    assert "has to be a Number" in result.given_up[0].errors[0]
    unchecked = await ask(system, swarm(square, seed=numbers, attempts=1), [1])
    assert unchecked.done == 1


async def test_an_item_that_nobody_takes_fails_the_attempt_that_made_it(system: shoal.System) -> None:
    async def lost(number: Number) -> Published:
        return Published(items=["somewhere"])

    result = await ask(system, swarm(lost, attempts=1), Number(n=1))
    assert "which no agent of the swarm takes" in result.given_up[0].errors[0]


async def test_an_agent_that_is_gone_gives_its_item_back_and_the_others_finish(system: shoal.System) -> None:
    gate = Gate()

    class Slow(shoal.Agent):
        async def on_number(self, number: Number, ctx: shoal.Context) -> int:
            if ctx.address.endswith("/1"):
                await gate.pass_through()
            return number.n

    team = await system.build(swarm(Slow, count=2, seed=numbers, backoff_s=0), name="s")
    asking = asyncio.ensure_future(team.ask(list(range(10)), timeout_s=60))
    await gate.until_running(1)
    await system.stop("s/1", kill=True)
    result = await asking
    assert sorted(result.findings) == list(range(10))
    assert result.done == 10


# -- the monitor -------------------------------------------------------------------------------------------


async def test_the_monitor_sees_divergence_and_can_stop_it(system: shoal.System) -> None:
    views: list[SwarmView] = []

    def watch(view: SwarmView) -> str | None:
        views.append(view)
        return f"it grows by {view.growth:g}" if view.diverging else None

    topology = swarm(endless, count=2, monitor=watch, monitor_every=5, most_items=500)
    result = await ask(system, topology, Number(n=0))
    assert result.condition == "monitor"
    assert "it grows by" in result.reason
    assert result.posted < 500
    assert [view.look for view in views] == list(range(1, len(views) + 1))
    assert any("diverging" in warning for warning in result.warnings)


async def test_an_agent_can_be_the_monitor_and_resize_the_swarm(system: shoal.System) -> None:
    async def judge(view: SwarmView) -> SwarmAdvice:
        return SwarmAdvice(resize=3) if view.done < 10 else SwarmAdvice(stop="that will do")

    topology = swarm(square, count=1, seed=numbers, monitor=judge, monitor_every=5)
    result = await ask(system, topology, list(range(200)))
    assert (result.condition, result.reason) == ("monitor", "that will do")
    assert len(result.agents) == 3


async def test_a_monitor_that_fails_stops_nothing(
    system: shoal.System, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(view: SwarmView) -> None:
        raise ValueError("blind")

    with caplog.at_level(logging.WARNING, logger="shoal.topologies"):
        result = await ask(system, swarm(square, seed=numbers, monitor=broken, monitor_every=1), [1, 2, 3])
    assert result.done == 3
    assert "blind" in caplog.text
    assert any("blind" in warning for warning in result.warnings)


# -- growing and shrinking ---------------------------------------------------------------------------------


async def test_a_swarm_grows_and_shrinks_while_it_runs(system: shoal.System) -> None:
    gate = Gate()

    async def hold(number: Number) -> int:
        await gate.pass_through()
        return number.n

    team = await system.build(swarm(hold, count=1, seed=numbers), name="s")
    assert isinstance(team, SwarmTeam)
    asking = asyncio.ensure_future(team.ask(list(range(8)), timeout_s=60))
    await gate.until_running(1)
    assert await team.resize(4) == 4
    await gate.until_running(4)
    assert await team.resize(1) == 1
    gate.open.set()
    result = await asking
    assert result.done == 8
    assert [result.agents[name].done for name in ("2", "3", "4")] == [1, 1, 1]
    assert await team.resize(2) == 2
    mixed = await system.build(swarm(square, halve, seed=numbers))
    assert isinstance(mixed, SwarmTeam)
    with pytest.raises(HandlerError, match="all are copies of one"):
        await mixed.resize(3)
