"""Which of a team's agents stands for it alone."""

from __future__ import annotations

from typing import Any

import pytest

import shoal
from shoal.experiments.teams.baseline import baseline_of
from shoal.topologies import Topology
from shoal.topologies.hierarchy import branch
from tests.experiments.teams import crew
from tests.experiments.teams.crew import Keyword, Label, Ticket

KEYWORD = Keyword()
MODEL = shoal.LLMAgent("default", input=Ticket, output=Label)
TEXT = shoal.LLMAgent("default")


def alone(team: Topology) -> Any:
    team.check()
    found = baseline_of(team)
    if found is None:
        return None
    found.check()
    return found.members["agent"]


@pytest.mark.parametrize(
    ("team", "expected"),
    [
        (shoal.fan_out(KEYWORD, crew.Able, by=shoal.majority_vote()), KEYWORD),
        (shoal.fan_out(KEYWORD, MODEL, by=shoal.majority_vote()), MODEL),
        (shoal.worker({"a": KEYWORD, "t": TEXT}), None),
        (shoal.worker({"a": KEYWORD}, split=crew.split, merge=crew.merge), KEYWORD),
        (shoal.pipeline(crew.shout, KEYWORD), KEYWORD),
        (shoal.pipeline(crew.shout, shoal.fan_out(KEYWORD, MODEL, by=shoal.majority_vote())), MODEL),
        (shoal.pipeline(crew.shout, crew.whisper), crew.shout),
        (shoal.pipeline(crew.shout, shoal.edge(crew.Viewer, context=crew.View)), None),
        (shoal.fan_out(KEYWORD, by=shoal.majority_vote(), report=True), None),
        (shoal.debate(crew.label, crew.doubt), crew.label),
        (shoal.hierarchy({"n": branch("n", [KEYWORD])}), None),
        (shoal.mesh({"a": crew.Speaker, "b": crew.Speaker}), None),
    ],
    ids=lambda one: one.pattern if isinstance(one, Topology) else None,
)
def test_the_baseline_is_the_member_that_could_do_it_alone(team: Topology, expected: Any) -> None:
    assert alone(team) is expected


def test_a_lone_agent_is_its_own_baseline() -> None:
    team = shoal.single(KEYWORD)
    assert baseline_of(team) is team


def test_of_a_team_in_a_team_of_one_the_members_are_looked_at() -> None:
    assert alone(shoal.single(shoal.pipeline(crew.shout, KEYWORD))) is KEYWORD
