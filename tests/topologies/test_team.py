"""Teams: addressed like agents, nested, described, stopped; all of a team starts or none."""

from __future__ import annotations

import asyncio
import pickle
import time
from typing import Any

import pytest
from pydantic import BaseModel

import shoal
from shoal.runtime.errors import AgentStartFailed, AskTimeout, ConfigError, HandlerError, NameTaken, Refused
from shoal.topologies import Topology
from tests.topologies.conftest import agents_running
from tests.topologies.crew import BadStart, Editor, Gate, Held, Step, Ticket, Worker, Writer


class Introduce(BaseModel):
    team: shoal.Ref


class Caller(shoal.Agent):
    """Asks the team it is told of."""

    async def on_introduce(self, introduce: Introduce, ctx: shoal.Context) -> str:
        reply = await introduce.team.ask(Ticket(text="hello"))
        return f"{reply.by} via {introduce.team.address}"


class Note(shoal.Agent):
    """Keeps the tickets it was told; answers a number once it has so many."""

    concurrency = 2

    async def on_start(self, ctx: shoal.Context) -> None:
        self.texts: list[str] = []
        self.came = asyncio.Condition()

    async def on_ticket(self, ticket: Ticket, ctx: shoal.Context) -> None:
        self.texts.append(ticket.text)
        async with self.came:
            self.came.notify_all()

    async def on_count(self, count: int, ctx: shoal.Context) -> list[str]:
        async with self.came:
            await self.came.wait_for(lambda: len(self.texts) >= count)
        return self.texts


CLASHING: dict[str, Any] = {"a": shoal.pipeline(b=Step("b")), "a/b": Step("c")}


def three_deep(inmost: shoal.Agent) -> Topology:
    return shoal.pipeline(shoal.worker([shoal.pipeline(Step("a"), inmost)]), Step("b"))


async def test_a_single_agent_is_addressed_itself_and_adds_no_hop(system: shoal.System) -> None:
    team = await system.build(shoal.single(Worker("me")), name="me")
    assert team.agents == ["me"] == [team.members["agent"].address]
    assert await agents_running(system) == 1
    assert (await team.ask(Ticket(text=""))).by == "me"
    await team.stop()
    assert await agents_running(system) == 0


async def test_a_team_of_a_team_adds_no_hop_either(system: shoal.System) -> None:
    team = await system.build(shoal.single(shoal.pipeline(Step("a"))), name="line")
    assert team.agents == ["line", "line/1"]
    assert (await team.ask(Ticket(text=""))).steps == ["a"]
    await team.stop()
    assert await agents_running(system) == 0


async def test_teams_nest_three_deep(system: shoal.System) -> None:
    team = await system.build(three_deep(Step("x")))
    assert (await team.ask(Ticket(text=""))).steps == ["a", "x", "b"]


async def test_a_team_is_described_with_the_teams_in_it(system: shoal.System) -> None:
    team = await system.build(shoal.pipeline(draft=shoal.worker({"w": Writer()}), edit=Editor), name="t")
    assert team.describe() == {
        "pattern": "pipeline",
        "address": "t",
        "accepts": "Ticket",
        "returns": "Reply",
        "members": {
            "draft": {
                "pattern": "worker",
                "address": "t/draft",
                "accepts": "Ticket",
                "returns": "Draft",
                "members": {"w": {"agent": "Writer", "address": "t/draft/w"}},
                "links": [{"from": "", "to": "w", "label": ""}],
            },
            "edit": {"agent": "Editor", "address": "t/edit"},
        },
        "links": [
            {"from": "", "to": "draft", "label": ""},
            {"from": "draft", "to": "edit", "label": ""},
            {"from": "edit", "to": "", "label": ""},
        ],
    }
    assert repr(team) == "Team('t', pipeline, 2 members)"


async def test_a_team_can_be_told(system: shoal.System) -> None:
    team = await system.build(shoal.pipeline(Step("a"), note=Note()))
    await team.tell(Ticket(text="x"))
    await team.stop(drain=True)
    assert await agents_running(system) == 0


async def test_what_a_team_is_told_reaches_its_last_member(system: shoal.System) -> None:
    team = await system.build(shoal.pipeline(Step("a"), note=Note()))
    for text in "xyz":
        await team.tell(Ticket(text=text))
    texts = await team.members["note"].ask(3)
    assert sorted(texts) == ["x", "y", "z"]


async def test_a_team_travels_in_messages_and_pickles_as_a_ref(system: shoal.System) -> None:
    team = await system.build(shoal.worker([Worker("w")]), name="team")
    caller = await system.spawn(Caller())
    assert await caller.ask(Introduce(team=team)) == "w via team"
    copied = pickle.loads(pickle.dumps(team))
    assert type(copied) is shoal.Ref
    assert copied == team


async def test_a_deadline_passes_through_every_level(system: shoal.System) -> None:
    gate = Gate()
    team = await system.build(three_deep(Held(gate)))
    until = time.time() + 120
    asked = asyncio.ensure_future(team.ask(Ticket(text="slow"), timeout_s=120))
    await gate.until_running(1)
    gate.open.set()
    await asked
    (deadline,) = gate.deadlines
    assert deadline is not None
    assert until - 1 < deadline < until + 10  # the asker's, not the 30 s that an ask of its own would have


async def test_an_ask_that_times_out_is_cancelled_at_the_deepest_level(system: shoal.System) -> None:
    gate = Gate()
    team = await system.build(three_deep(Held(gate)), name="t")
    with pytest.raises((AskTimeout, HandlerError)):
        await team.ask(Ticket(text="slow"), timeout_s=0.1)
    await gate.until_cancelled()
    assert gate.cancelled == ["t/1/1/2"]


async def test_cancelling_an_ask_cancels_the_work_at_the_deepest_level(system: shoal.System) -> None:
    gate = Gate()
    team = await system.build(three_deep(Held(gate)), name="t")
    asked = asyncio.ensure_future(team.ask(Ticket(text="slow")))
    await gate.until_running(1)
    asked.cancel()
    await gate.until_cancelled()
    assert gate.cancelled == ["t/1/1/2"]


async def test_a_stopped_team_leaves_no_agent_and_frees_its_names(system: shoal.System) -> None:
    for _ in range(2):
        team = await system.build(three_deep(Step("x")), name="t")
        assert await agents_running(system) == len(team.agents) == 6
        await team.stop()
        assert await agents_running(system) == 0
    with pytest.raises(Refused):
        await team.ask(Ticket(text=""))


async def test_a_team_stops_although_a_member_is_gone_and_may_be_stopped_twice(system: shoal.System) -> None:
    team = await system.build(three_deep(Step("x")), name="t")
    await system.stop("t/1/1", kill=True)
    await team.stop()
    await team.stop()
    assert await agents_running(system) == 0


async def test_what_was_started_is_stopped_again_when_a_part_cannot_start(system: shoal.System) -> None:
    broken = shoal.pipeline(Step("a"), shoal.worker([Step("b"), BadStart()]), Step("c"))
    with pytest.raises(AgentStartFailed, match="t/2/2 could not start: ValueError: no such luck"):
        await system.build(broken, name="t")
    assert await agents_running(system) == 0
    team = await system.build(
        shoal.pipeline(Step("a"), shoal.worker([Step("b"), Step("x")]), Step("c")), name="t"
    )
    assert (await team.ask(Ticket(text=""))).text == ""


async def test_a_taken_name_stops_what_was_started_and_leaves_its_owner_alone(system: shoal.System) -> None:
    owner = await system.spawn(Worker("owner"), name="t/2")
    with pytest.raises(NameTaken):
        await system.build(shoal.pipeline(Step("a"), Step("b")), name="t")
    assert await agents_running(system) == 1
    front = await system.spawn(Worker("front"), name="u")
    with pytest.raises(NameTaken):
        await system.build(shoal.pipeline(Step("a")), name="u")
    assert await agents_running(system) == 2
    assert (await owner.ask(Ticket(text=""))).by == "owner"
    assert (await front.ask(Ticket(text=""))).by == "front"


async def test_a_build_that_is_cancelled_leaves_nothing(system: shoal.System) -> None:
    started = asyncio.Event()

    class Slow(shoal.Agent):
        async def on_start(self, ctx: shoal.Context) -> None:
            started.set()
            await asyncio.Event().wait()

        async def on_ticket(self, ticket: Ticket, ctx: shoal.Context) -> Ticket:
            return ticket

    building = asyncio.ensure_future(system.build(shoal.pipeline(Step("a"), Slow), name="t"))
    await started.wait()
    building.cancel()
    with pytest.raises(asyncio.CancelledError):
        await building
    assert await agents_running(system) == 0
    await system.build(shoal.pipeline(Step("a"), Step("b")), name="t")


async def test_names_that_cannot_be_are_refused_before_anything_is_started(system: shoal.System) -> None:
    with pytest.raises(ConfigError, match="cannot name an agent"):
        await system.build(shoal.pipeline(Step("a")), name="no name")
    with pytest.raises(ConfigError, match="at most 128"):
        await system.build(three_deep(Step("x")), name="n" * 125)
    clash = shoal.pipeline(**CLASHING)
    with pytest.raises(ConfigError, match="two members would be called 't/a/b'"):
        await system.build(clash, name="t")
    assert await agents_running(system) == 0


async def test_the_same_specification_builds_many_teams(system: shoal.System) -> None:
    spec = three_deep(Step("x"))
    first, second = await system.build(spec), await system.build(spec)
    assert first.address != second.address
    await first.stop()
    assert (await second.ask(Ticket(text=""))).steps == ["a", "x", "b"]


async def test_a_team_of_a_stopped_system_is_refused() -> None:
    async with shoal.start("local") as system:
        team = await system.build(shoal.pipeline(Step("a")))
    with pytest.raises((Refused, shoal.errors.SystemClosed)):
        await team.ask(Ticket(text=""))
