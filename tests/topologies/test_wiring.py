"""Limits of depth and size, several fronts, and the picture of a team."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import shoal
from shoal.runtime.errors import ConfigError
from shoal.topologies.showing.drawing import as_dot, as_mermaid
from shoal.topologies.wiring.topology import MOST_DEPTH, MOST_MEMBERS
from tests.topologies.conftest import agents_running
from tests.topologies.crew import Gate, Held, Step, Ticket


def nested(depth: int) -> Any:
    team: Any = Step("x")
    for _ in range(depth):
        team = shoal.pipeline(only=team)
    return team


async def test_teams_nest_so_deep_and_no_deeper(system: shoal.System) -> None:
    deep = await system.build(nested(MOST_DEPTH))
    assert (await deep.ask(Ticket(text=""))).steps == ["x"]
    with pytest.raises(ConfigError, match=f"teams are nested {MOST_DEPTH + 1} deep"):
        await system.build(nested(MOST_DEPTH + 1))


async def test_a_team_that_is_a_part_of_itself_is_refused(system: shoal.System) -> None:
    inner = shoal.pipeline(a=Step("a"))
    outer = shoal.pipeline(inner=inner)
    inner.members["outer"] = outer
    with pytest.raises(ConfigError, match="the team is a member of itself"):
        await system.build(outer)
    assert await agents_running(system) == 0


def test_a_team_has_so_many_members_and_no_more() -> None:
    with pytest.raises(ConfigError, match=f"has {MOST_MEMBERS + 1} members"):
        shoal.worker([Step("a")] * (MOST_MEMBERS + 1)).check()


async def test_several_fronts_lead_one_team_behind_one_address(system: shoal.System) -> None:
    gate = Gate()
    spec = shoal.pipeline(held=Held(gate))
    spec.fronts = 3
    team = await system.build(spec, name="line")
    assert team.agents == ["line", "line/lead-1", "line/lead-2", "line/lead-3", "line/held"]
    asks = [asyncio.ensure_future(team.ask(Ticket(text=str(n)))) for n in range(6)]
    asks.append(asyncio.ensure_future(shoal.Ref("line").ask(Ticket(text="6"))))
    await gate.until_running(7)
    gate.open.set()
    assert [one.text for one in await asyncio.gather(*asks)] == [str(n) for n in range(7)]
    await system.stop("line")  # who knows the team goes on without what passes messages on
    assert (await team.ask(Ticket(text="fast"))).text == "fast"
    assert team.describe()["fronts"] == 3
    await team.stop()
    assert await agents_running(system) == 0


async def test_a_team_of_several_fronts_is_a_member_like_any_other(system: shoal.System) -> None:
    inner = shoal.pipeline(a=Step("a"))
    inner.fronts = 2
    team = await system.build(shoal.pipeline(inner=inner, b=Step("b")))
    asked = await asyncio.gather(*(team.ask(Ticket(text="x")) for _ in range(4)))
    assert [one.steps for one in asked] == [["a", "b"]] * 4
    await system.stop(f"{team.address}/inner")  # the front of the outer one knows both
    assert (await team.ask(Ticket(text="x"))).steps == ["a", "b"]


def test_no_front_at_all_is_refused() -> None:
    spec = shoal.pipeline(a=Step("a"))
    spec.fronts = 0
    with pytest.raises(ConfigError, match="0 agents cannot lead it"):
        spec.check()


def drawn() -> dict[str, Any]:
    spec = shoal.pipeline(
        first=Step("a"),
        second=shoal.worker({"one": Step("b"), "two": shoal.single(Step("c"))}),
        gates={"first": shoal.gate(bool, back_to="first")},
    )
    spec.check("t")
    return spec.describe("t")


def test_mermaid_has_every_team_agent_and_link() -> None:
    assert as_mermaid(drawn()).splitlines() == [
        "flowchart LR",
        '  subgraph n_t_box["t · pipeline: Ticket → Ticket"]',
        '    n_t(["pipeline"])',
        '    n_t_2f_first["first: Step"]',
        '    subgraph n_t_2f_second_box["t/second · worker: Ticket → Ticket"]',
        '      n_t_2f_second(["worker"])',
        '      n_t_2f_second_2f_one["one: Step"]',
        '      subgraph n_t_2f_second_2f_two_box["t/second/two · single: Ticket → Ticket"]',
        '        n_t_2f_second_2f_two["agent: Step"]',
        "      end",
        "    end",
        "  end",
        "  n_t --> n_t_2f_first",
        '  n_t_2f_first -->|"gate"| n_t_2f_second',
        "  n_t_2f_second --> n_t",
        '  n_t_2f_first -->|"sent back, 2 times at most"| n_t_2f_first',
        "  n_t_2f_second --> n_t_2f_second_2f_one",
        "  n_t_2f_second --> n_t_2f_second_2f_two",
    ]


def test_dot_is_one_graph_with_a_cluster_for_each_team() -> None:
    text = as_dot(drawn())
    assert text.count("subgraph") == 3
    assert '"t/first" -> "t/second" [label="gate"];' in text
    assert text.count("{") == text.count("}")
