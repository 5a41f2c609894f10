"""How often agents are asked for a task: typically, and at most."""

from __future__ import annotations

import asyncio

import pytest

import shoal
from shoal.experiments.teams.sizing import asks
from shoal.topologies import Topology
from shoal.topologies.hierarchy import branch
from tests.experiments.teams import crew
from tests.experiments.teams.crew import Keyword, Ticket


def sized(team: Topology) -> dict[str, tuple[float, float | None]]:
    team.check()
    return {name: (round(one.typical, 2), one.most) for name, one in asks(team).items()}


def again(ticket: Ticket) -> bool:
    return len(ticket.text) < 3


TEAMS: dict[str, tuple[Topology, dict[str, tuple[float, float | None]]]] = {
    "one agent is asked once": (shoal.single(Keyword), {"team": (1.0, 1.0)}),
    "one worker of several is asked": (
        shoal.worker({"a": Keyword, "b": Keyword}),
        {"team/a": (0.5, 1.0), "team/b": (0.5, 1.0)},
    ),
    "workers have all subtasks between them": (
        shoal.worker([Keyword], split=crew.split, merge=crew.merge, max_subtasks=9), {"team/1": (1.0, 9.0)},
    ),
    "a classifier is asked when the rule is not sure": (
        shoal.worker({"bills": Keyword, "desk": Keyword}, classify=shoal.Classify(crew.rule, crew.shout)),
        {"team/bills": (0.5, 1.0), "team/desk": (0.5, 1.0), "team/classifier": (0.5, 1.0)},
    ),
    "each stage is asked, and again when it is sent back": (
        shoal.pipeline(
            a=crew.shout, b=crew.whisper, c=Keyword,
            gates={"b": shoal.gate(again, back_to="a", most=2)}, skip={"b": again}, replicas={"c": 2},
        ),
        {"team/a": (1.0, 3.0), "team/b": (0.5, 3.0), "team/c/1": (0.5, 1.0), "team/c/2": (0.5, 1.0)},
    ),
    "all members are asked, and who writes": (
        shoal.fan_out(Keyword, Keyword, by=shoal.synthesize(crew.write)),
        {"team/1": (1.0, 1.0), "team/2": (1.0, 1.0), "team/writer": (1.0, 1.0)},
    ),
    "a debate goes on for its rounds": (
        shoal.debate(crew.label, crew.doubt, rounds=3), {"team/maker": (1.5, 3.0), "team/1": (1.5, 3.0)},
    ),
    "an answer is accepted, or made again": (
        shoal.accepted(crew.label, checks=[crew.not_empty]), {"team/doer": (1.0, 2.0)},
    ),
    "whoever is handed a task": (
        shoal.handoff(desk=crew.pass_on, bills=crew.take_over, start="desk", default="bills", most_transfers=3),
        {"team/desk": (1.0, 4.0), "team/bills": (1.0, 5.0)},
    ),
    "each branch multiplies": (
        shoal.hierarchy({"n": branch("n", [Keyword]), "s": branch("s", [Keyword])}),
        {"team/n/1": (1.0, 1.0), "team/s/1": (1.0, 1.0)},
    ),
    "nobody knows how many items there will be": (
        shoal.swarm(crew.find, count=2), {"team/1": (1.0, None), "team/2": (1.0, None)},
    ),
    "peers are asked as often as they have turns": (
        shoal.mesh({"a": crew.Speaker, "b": crew.Speaker}, turns=9, turns_each=5),
        {"team/a": (1.0, 5.0), "team/b": (1.0, 5.0)},
    ),
    "a graph's ways": (
        shoal.graph(t=crew.whisper, a=Keyword, b=Keyword)
        .edge("t", "a", when=again).otherwise("t", "b").end("a", "b"),
        {"team/t": (1.0, 1.0), "team/a": (0.5, 1.0), "team/b": (0.5, 1.0)},
    ),
    "a graph's branches": (
        shoal.graph(t=crew.whisper, a=crew.shout, b=crew.shout, c=Keyword)
        .edge("t", "a", "b").join("j", of=["a", "b"], by=lambda answers: Ticket(text="x")).edge("j", "c").end("c"),
        {"team/t": (1.0, 1.0), "team/a": (1.0, 1.0), "team/b": (1.0, 1.0), "team/c": (1.0, 1.0)},
    ),
    "a graph's cycle": (
        shoal.graph(a=crew.shout).node("b", crew.whisper, most=4, then="c").node("c", Keyword)
        .edge("a", "b").edge("b", "a", when=again).otherwise("b", "c").end("c"),
        {"team/a": (2.0, 100.0), "team/b": (2.0, 4.0), "team/c": (1.0, 100.0)},
    ),
    "who checks an edge": (
        shoal.pipeline(shoal.edge(crew.shout, checker=crew.judge), Keyword),
        {"team/1": (1.0, 1.0), "team/1-checker": (1.0, 1.0), "team/2": (1.0, 1.0)},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TEAMS)
def test_asks_of(name: str) -> None:
    team, expected = TEAMS[name]
    assert sized(team) == expected


@pytest.mark.parametrize("name", TEAMS)
def test_the_addresses_are_those_of_the_team(name: str) -> None:
    team, _ = TEAMS[name]
    assert set(asks(team, "crew")) <= set(team.addresses("crew"))


def test_the_agent_is_told() -> None:
    keyword = Keyword()
    assert asks(shoal.pipeline(crew.shout, keyword))["team/2"].agent is keyword


async def test_no_agent_is_asked_more_often_than_is_said() -> None:
    counted: dict[str, int] = {}

    class Counting(shoal.Agent):
        def __init__(self, name: str) -> None:
            self.name = name

        async def on_ticket(self, ticket: Ticket, ctx: shoal.Context) -> Ticket:
            counted[self.name] = counted.get(self.name, 0) + 1
            return Ticket(text=ticket.text + "x")

    team = shoal.pipeline(
        a=Counting("a"), b=Counting("b"), gates={"b": shoal.gate(lambda one: False, back_to="a", most=2)}
    )
    async with shoal.start("local") as system:
        running = await system.build(team)
        with pytest.raises(shoal.errors.ShoalError):
            await asyncio.wait_for(running.ask(Ticket(text="")), 20)
    assert {f"team/{name}": float(times) for name, times in counted.items()} == {
        name: one.most for name, one in asks(team).items()
    }
