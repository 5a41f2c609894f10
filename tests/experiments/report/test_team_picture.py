"""The picture of a team: nothing lies on another, no traffic is lost, and many alike members are one box."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shoal.experiments.report.svg_team import team_picture
from shoal.experiments.report.team_layout import Box, lay_out
from shoal.experiments.report.team_parts import BOARD, OTHERS, TASKS, Part, TeamParts, team_parts
from shoal.experiments.report.traffic import Amount, Traffic
from tests.experiments.report.made_runs import HOSTILE, graph_of

NOTHING: dict[Any, Amount] = {}


def member(name: str, address: str, label: str = "Agent") -> dict[str, Any]:
    """An agent of a graph."""
    return {"agent": label, "address": f"{address}/{name}"}


def team(
    address: str, members: dict[str, Any], links: list[tuple[str, str]], pattern: str = "graph"
) -> dict[str, Any]:
    """A team of a graph."""
    ways = [{"from": sender, "to": receiver, "label": ""} for sender, receiver in links]
    return {
        "pattern": pattern, "address": address, "accepts": "A", "returns": "B", "members": members, "links": ways
    }  # fmt: skip


@st.composite
def graphs(draw: st.DrawFn, address: str = "team", deep: int = 2) -> dict[str, Any]:
    """Any team, nested or not, with any ways."""
    names = [f"m{number}" for number in range(draw(st.integers(1, 6)))]
    members: dict[str, Any] = {}
    for name in names:
        nested = deep > 0 and draw(st.booleans())
        members[name] = (
            draw(graphs(f"{address}/{name}", deep - 1))
            if nested
            else member(name, address, draw(st.sampled_from(["Agent", "Other"])))
        )
    ends = st.sampled_from(["", *names])
    return team(address, members, draw(st.lists(st.tuples(ends, ends), max_size=12)))


def leaves(part: Part) -> list[Part]:
    """All agents in it."""
    return [leaf for inner in part.parts for leaf in leaves(inner)] if part.parts else [part]


def apart(one: Box, other: Box) -> bool:
    """Whether they do not lie on one another."""
    return (
        one.x + one.width <= other.x
        or other.x + other.width <= one.x
        or one.y + one.height <= other.y
        or other.y + other.height <= one.y
    )


@settings(max_examples=40)
@given(graphs())
def test_no_box_lies_on_another_and_all_lie_in_the_picture(graph: dict[str, Any]) -> None:
    edges = {("local", "team"): Amount(messages=1), ("team", "board/main"): Amount(messages=1)}
    found = team_parts(graph, edges, NOTHING)
    layout = lay_out(found)
    boxes = list(layout.boxes.values())
    for place, one in enumerate(boxes):
        assert one.x >= 0
        assert one.x + one.width <= layout.width
        assert one.y >= 0
        assert one.y + one.height <= layout.height
        assert all(apart(one, other) for other in boxes[place + 1 :])
    assert {leaf.key for leaf in leaves(found.root)} <= set(layout.boxes)


@settings(max_examples=40)
@given(graphs())
def test_a_team_lies_around_its_members(graph: dict[str, Any]) -> None:
    found = team_parts(graph, NOTHING, NOTHING)
    layout = lay_out(found)
    for part, box in layout.teams:
        for leaf in leaves(part):
            inner = layout.boxes[leaf.key]
            assert box.x < inner.x
            assert box.y < inner.y
            assert inner.x + inner.width < box.x + box.width
            assert inner.y + inner.height < box.y + box.height


@given(
    graphs(), st.lists(st.tuples(st.sampled_from(["m0", "m1", "m2/m0", "m9"]), st.integers(1, 9)), max_size=8)
)
def test_no_message_between_parts_is_lost(graph: dict[str, Any], sent: list[tuple[str, int]]) -> None:
    traffic = Traffic()
    for name, times in sent:
        for _ in range(times):
            traffic.message("local", f"team/{name}")
    found = team_parts(graph, traffic.edges, traffic.agents)
    assert sum(way.amount.messages for way in found.ways) == sum(times for _, times in sent)


def test_alike_members_are_folded_and_their_traffic_added_up() -> None:
    traffic = Traffic()
    for number in range(60):
        traffic.message("team/plan", f"team/r{number}")
    found = team_parts(graph_of(60), traffic.edges, traffic.agents)
    titles = [part.title for part in found.root.parts]
    assert titles == ["plan", "60 × Reader"]
    (way,) = [way for way in found.ways if way.sender == "team/plan"]
    assert (way.receiver, way.amount.messages) == ("team/r0", 60)


def test_three_alike_members_are_shown_one_by_one() -> None:
    found = team_parts(graph_of(3), NOTHING, NOTHING)
    assert [part.title for part in found.root.parts] == ["plan", "r0", "r1", "r2"]


def test_alike_members_that_are_wired_in_another_way_are_not_folded() -> None:
    names = [f"m{number}" for number in range(5)]
    members = {name: member(name, "team") for name in names}
    chain = [("", "m0"), *pairwise(names)]
    found = team_parts(team("team", members, chain), NOTHING, NOTHING)
    assert [part.title for part in found.root.parts] == names


def test_a_mesh_of_alike_members_is_folded() -> None:
    names = [f"m{number}" for number in range(6)]
    members = {name: member(name, "team") for name in names}
    ways = [(one, other) for one in ["", *names] for other in names if one != other]
    found = team_parts(team("team", members, ways), NOTHING, NOTHING)
    assert [part.title for part in found.root.parts] == ["6 × Agent"]


def test_alike_teams_are_folded_with_all_in_them() -> None:
    inner = {
        f"g{number}": team(f"team/g{number}", {"a": member("a", f"team/g{number}")}, [("", "a")])
        for number in range(5)
    }
    graph = team("team", inner, [("", name) for name in inner])
    traffic = Traffic()
    for number in range(5):
        traffic.message(f"team/g{number}", f"team/g{number}/a")
    found = team_parts(graph, traffic.edges, traffic.agents)
    assert [part.title for part in found.root.parts] == ["5 × graph"]
    (way,) = [way for way in found.ways if way.amount.messages]
    assert (way.sender, way.receiver, way.amount.messages) == ("team/g0", "team/g0/a", 5)


def test_replicas_belong_to_the_member_that_their_address_begins_with() -> None:
    traffic = Traffic()
    traffic.message("team", "team/plan/1")
    traffic.message("team", "team/plan/2")
    found = team_parts(graph_of(), traffic.edges, traffic.agents)
    assert found.seen["team/plan"] == 2
    assert found.spent["team/plan"].messages == 2


def test_the_client_the_board_and_others_stand_beside_the_team_and_services_are_left_out() -> None:
    traffic = Traffic()
    for way in (("local", "team"), ("team/r0", "board/main"), ("team", "helper"), ("local", "limits")):
        traffic.message(*way)
    found = team_parts(graph_of(), traffic.edges, traffic.agents)
    assert set(found.others) == {TASKS, BOARD, OTHERS}
    assert sum(way.amount.messages for way in found.ways) == 3


def test_an_answer_is_not_drawn_beside_the_question() -> None:
    traffic = Traffic()
    traffic.message("team", "team/r0")
    found = team_parts(graph_of(1), traffic.edges, traffic.agents)
    ways = {(way.sender, way.receiver) for way in found.ways}
    assert ("team", "team/r0") in ways
    assert ("team/r0", "team") not in ways


def test_a_lone_agent_is_a_picture_too() -> None:
    graph = team("team", {"agent": {"agent": "Writer", "address": "team"}}, [], pattern="single")
    traffic = Traffic()
    traffic.message("local", "team")
    drawn, ways, found = team_picture(graph, traffic)
    assert isinstance(found, TeamParts)
    assert "agent" in drawn
    assert [(way.sender, way.receiver) for way in ways] == [(TASKS, "team")]


@pytest.mark.parametrize("readers", [3, 60])
def test_names_in_a_picture_are_escaped(readers: int) -> None:
    drawn, _, _ = team_picture(graph_of(readers, label=HOSTILE), Traffic())
    assert "<script" not in drawn
    assert "<img" not in drawn
