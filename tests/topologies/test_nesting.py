"""Patterns within patterns: what passes through every level."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

import shoal
from shoal.actors.llm.spending import calls_of
from shoal.runtime.errors import AskTimeout, HandlerError
from tests.topologies.crew import Gate, Held, Step, Ticket


class Witness(shoal.Agent):
    """Notes what it sees of the message's way."""

    concurrency = 64
    seen: list[tuple[Any, ...]] = []  # noqa: RUF012 - one for all, on purpose

    async def on_ticket(self, ticket: Ticket, ctx: shoal.Context) -> Ticket:
        scope = ctx.message.scope if ctx.message is not None else None
        assert scope is not None
        self.seen.append((scope.trace, scope.budget, ctx.task, ctx.deadline is not None))
        return ticket


def first_of(message: Any, answers: Any) -> Ticket:
    ticket: Ticket = next(iter(answers.values()))
    return ticket


def four_deep(innermost: Any) -> shoal.Topology:
    """Pipeline > fan-out > worker > hierarchy-free graph: four patterns."""
    graph = shoal.graph(only=innermost)
    graph.end("only")
    desks = shoal.worker({"graph": graph})
    both = shoal.fan_out(desks=desks, other=Step("other"), by=first_of)
    return shoal.pipeline(sign=Step("a"), both=both, last=Step("z"))


async def test_a_trace_a_task_a_deadline_and_the_teams_go_through_four_patterns(system: shoal.System) -> None:
    Witness.seen.clear()
    team = await system.build(four_deep(Witness()), name="t")
    answer = await team.ask(Ticket(text="x"), timeout_s=20, task="task-1")
    assert answer.steps == ["a", "z"]
    [(trace, teams, task, bounded)] = Witness.seen
    assert trace is not None
    assert (teams, task, bounded) == ("t|t/both|t/both/desks|t/both/desks/graph", "task-1", True)


async def test_a_cancelled_ask_is_cancelled_four_patterns_deep(system: shoal.System) -> None:
    gate = Gate()
    team = await system.build(four_deep(Held(gate)))
    with pytest.raises((AskTimeout, HandlerError)):
        await team.ask(Ticket(text="x"), timeout_s=0.2)
    await gate.until_cancelled()
    assert gate.deadlines[0] is not None


async def test_a_budget_of_an_inner_team_stops_what_is_asked_in_it_and_nothing_else(tmp_path: Path) -> None:
    limits = {"teams": {"t/both/desks": {"calls": 3}}}
    model = shoal.ScriptedModel(lambda request: "fine", name="m")
    writer = shoal.LLMAgent(model, input=Ticket, output=str)
    desks = shoal.worker({"writer": writer})
    both = shoal.fan_out(desks=desks, by=lambda message, answers: str(answers["desks"]))
    async with shoal.start("local", run_dir=tmp_path, limits=limits) as system:
        team = await system.build(shoal.pipeline(sign=Step("a"), both=both), name="t")
        ended = await asyncio.gather(
            *(team.ask(Ticket(text=str(n))) for n in range(8)), return_exceptions=True
        )
    assert [one for one in ended if one == "fine"] == ["fine"] * 3
    assert all("BudgetExceeded" in str(one) for one in ended if one != "fine")
    assert {call.team for call in calls_of(tmp_path) if call.response} == {"t|t/both|t/both/desks"}


@pytest.mark.parametrize("make", [lambda held: shoal.pipeline(Step("a"), held), shoal.single, four_deep])
async def test_a_thousand_tasks_are_in_flight_and_a_blocked_one_holds_up_none(
    system: shoal.System, make: Any
) -> None:
    gate = Gate()
    team = await system.build(make(Held(gate)))
    blocked = asyncio.ensure_future(team.ask(Ticket(text="slow"), timeout_s=120))
    await gate.until_running(1)
    done = await asyncio.gather(*(team.ask(Ticket(text="fast"), timeout_s=120) for _ in range(1000)))
    assert len(done) == 1000
    assert not blocked.done()
    gate.open.set()
    assert (await blocked).text == "slow"
