"""Every pattern, described as in a file, is the team that its builder makes."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

import shoal
from shoal.topologies import Topology
from tests.experiments.teams import crew
from tests.experiments.teams.conftest import Making
from tests.experiments.teams.crew import Keyword, Label, Ticket

CHARGED = Ticket(text="charge twice", skill="refunds")

SAME: dict[str, tuple[str, Any]] = {
    "single": ("{topology: single, agent: '@Keyword'}", lambda: shoal.single(Keyword)),
    "lone agent": ("'@keyword'", lambda: shoal.single(Keyword())),
    "class with arguments": (
        "{use: '@Keyword', with: {word: twice, label: again}}",
        lambda: shoal.single(Keyword("twice", "again")),
    ),
    "function that makes an agent": ("'@make_keyword'", lambda: shoal.single(Keyword())),
    "function that makes a team": ("'@make_team'", crew.make_team),
    "worker": (
        """
        topology: worker
        workers: {bills: '@Keyword', desk: {use: '@Keyword', with: {rest: desk}}}
        router: '@choose_last'
        fallback: desk
        """,
        lambda: shoal.worker(
            {"bills": Keyword, "desk": Keyword(rest="desk")}, router=crew.choose_last, fallback="desk"
        ),
    ),
    "worker by capability": (
        """
        topology: worker
        workers: [{use: '@Keyword', capabilities: [refunds]}, {use: '@Able', with: {}}]
        router: {capability: '@skill_of', then: round_robin}
        """,
        lambda: shoal.worker(
            [shoal.capable(Keyword, "refunds"), crew.Able],
            router=shoal.ByCapability(crew.skill_of, shoal.RoundRobin()),
        ),
    ),
    "worker that classifies": (
        """
        topology: worker
        workers: {bills: '@Keyword', desk: '@Able'}
        classify: {rule: '@rule', threshold: 0.9}
        fallback: desk
        """,
        lambda: shoal.worker(
            {"bills": Keyword, "desk": crew.Able},
            classify=shoal.Classify(crew.rule, threshold=0.9),
            fallback="desk",
        ),
    ),
    "worker that divides": (
        "{topology: worker, workers: ['@Keyword'], split: '@split', merge: '@merge', parallel: 2}",
        lambda: shoal.worker([Keyword], split=crew.split, merge=crew.merge, parallel=2),
    ),
    "pipeline": (
        """
        topology: pipeline
        stages: {loud: '@shout', quiet: '@whisper', label: '@Keyword'}
        gates: {label: {check: '@not_empty', back_to: quiet, most: 1}, loud: '@has_text'}
        skip: {loud: '@has_text'}
        replicas: {label: 2}
        parallel: {quiet: 3}
        ordered: true
        """,
        lambda: shoal.pipeline(
            loud=crew.shout,
            quiet=crew.whisper,
            label=Keyword,
            gates={"label": shoal.gate(crew.not_empty, back_to="quiet", most=1), "loud": crew.has_text},
            skip={"loud": crew.has_text},
            replicas={"label": 2},
            parallel={"quiet": 3},
            ordered=True,
        ),
    ),
    "pipelines side by side": (
        "{topology: pipeline, stages: ['@whisper', '@Keyword'], replicas: 2}",
        lambda: shoal.replicas(shoal.pipeline(crew.whisper, Keyword), 2),
    ),
    "fan_out": (
        """
        topology: fan_out
        members: {a: '@Keyword', b: {use: '@Keyword', with: {rest: none}}, c: '@Able'}
        by: {weighted: {weights: {a: 2, b: 1.5}, field: label}}
        need: 3
        report: true
        """,
        lambda: shoal.fan_out(
            {"a": Keyword, "b": Keyword(rest="none"), "c": crew.Able},
            by=shoal.weighted_vote({"a": 2, "b": 1.5}, "label"),
            need=3,
            report=True,
        ),
    ),
    "fan_out by a function": (
        "{topology: fan_out, members: ['@Keyword', '@Able'], by: '@most'}",
        lambda: shoal.fan_out(Keyword, crew.Able, by=crew.most),
    ),
    "fan_out with a writer": (
        "{topology: fan_out, members: ['@Keyword', '@Able'], by: {synthesize: '@write', fields: [label]}}",
        lambda: shoal.fan_out(Keyword, crew.Able, by=shoal.synthesize(crew.write, fields=["label"])),
    ),
    "fan_out that merges": (
        "{topology: fan_out, members: ['@Keyword', '@Able'], by: {merge: {schema: '@Label', prefer: ['1']}}}",
        lambda: shoal.fan_out(Keyword, crew.Able, by=shoal.merge_by_schema(Label, prefer=["1"])),
    ),
    "debate": (
        """
        topology: debate
        maker: '@label'
        checkers: {one: '@doubt'}
        checks: ['@not_empty']
        rounds: 2
        record: true
        """,
        lambda: shoal.debate(crew.label, {"one": crew.doubt}, checks=[crew.not_empty], rounds=2, record=True),
    ),
    "handoff": (
        """
        topology: handoff
        agents: {desk: '@pass_on', bills: '@take_over'}
        start: desk
        allowed: {desk: [bills]}
        record: true
        """,
        lambda: shoal.handoff(
            {"desk": crew.pass_on, "bills": crew.take_over},
            start="desk",
            allowed={"desk": ["bills"]},
            record=True,
        ),
    ),
    "hierarchy": (
        """
        topology: hierarchy
        members:
          north: {topology: branch, members: ['@Keyword', '@Able'], need: 1}
          south: {topology: branch, members: {only: '@Able'}}
        agree_on: [label]
        cut: null
        """,
        lambda: shoal.hierarchy(
            {
                "north": shoal.branch("north", [Keyword, crew.Able], need=1),
                "south": shoal.branch("south", {"only": crew.Able}),
            },
            agree_on=["label"],
            cut=None,
        ),
    ),
    "grown hierarchy": (
        "{topology: hierarchy, worker: '@Keyword', depth: 2, width: [2, 1]}",
        lambda: shoal.hierarchy(Keyword, depth=2, width=[2, 1]),
    ),
    "swarm": (
        """
        topology: swarm
        agent: '@find'
        count: 2
        until: [{quiescence: {}}, {time_limit_s: 20}]
        most_items: 50
        keep: true
        """,
        lambda: shoal.swarm(
            crew.find, count=2, until=[shoal.Quiescence(), shoal.TimeLimit(20)], most_items=50, keep=True
        ),
    ),
    "mesh": (
        "{topology: mesh, peers: {a: '@Speaker', b: '@Speaker'}, channels: [[a, b], [b, a]], first: a, turns: 9}",
        lambda: shoal.mesh(
            {"a": crew.Speaker, "b": crew.Speaker}, channels=[("a", "b"), ("b", "a")], first="a", turns=9
        ),
    ),
    "graph": (
        """
        topology: graph
        nodes: {triage: '@whisper', bills: '@Keyword', desk: '@Able'}
        edges:
          - {from: triage, to: bills, when: '@has_text'}
          - {from: triage, to: desk, otherwise: true}
        end: [bills, desk]
        """,
        lambda: (
            shoal.graph(triage=crew.whisper, bills=Keyword, desk=crew.Able)
            .edge("triage", "bills", when=crew.has_text)
            .otherwise("triage", "desk")
            .end("bills", "desk")
        ),
    ),
    "graph that joins": (
        """
        topology: graph
        nodes: {first: '@whisper', left: '@Keyword', right: '@Able'}
        edges: [{from: first, to: [left, right]}]
        joins: {both: {of: [left, right], need: any}}
        begin: first
        end: both
        """,
        lambda: (
            shoal.graph(first=crew.whisper, left=Keyword, right=crew.Able)
            .edge("first", "left", "right")
            .join("both", of=["left", "right"], need="any")
            .begin("first")
            .end("both")
        ),
    ),
    "accepted": (
        "{use: '@Keyword', accepted: {checks: ['@not_empty'], verifiers: ['@doubt'], attempts: 0}}",
        lambda: shoal.accepted(Keyword, checks=[crew.not_empty], verifiers=[crew.doubt], attempts=0),
    ),
    "behind an edge": (
        """
        topology: pipeline
        stages: ['@whisper', {use: '@Viewer', edge: {context: '@View'}, replicas: 2}]
        """,
        lambda: shoal.pipeline(crew.whisper, shoal.edge(shoal.replicas(crew.Viewer, 2), context=crew.View)),
    ),
}
UNORDERED = {"graph that joins"}
"""Whichever branch is quicker answers."""


def as_data(answer: Any) -> Any:
    data = answer.model_dump() if isinstance(answer, BaseModel) else answer
    if isinstance(data, dict):
        data.pop("took_s", None)
        data.pop("agents", None)  # which copy was quicker
    return data


@pytest.mark.parametrize("name", SAME)
def test_a_described_team_is_wired_as_the_one_its_builder_makes(name: str, make: Making) -> None:
    text, builder = SAME[name]
    built: Topology = builder()
    built.check()
    assert make(text).describe() == built.describe()


@pytest.mark.parametrize("name", SAME)
async def test_a_described_team_answers_as_the_one_its_builder_makes(
    name: str, make: Making, system: shoal.System
) -> None:
    text, builder = SAME[name]
    described = await (await system.build(make(text))).ask(CHARGED, timeout_s=20)
    built = await (await system.build(builder())).ask(CHARGED, timeout_s=20)
    assert type(described) is type(built)
    if name not in UNORDERED:
        assert as_data(described) == as_data(built)


async def test_messages_to_a_gated_member_wait_for_a_person(make: Making) -> None:
    team = make("{use: '@Keyword', gated: {timeout_s: 5m}}")
    assert team.pattern == "gated"
    assert make("{use: '@Keyword', gated: true}").pattern == "gated"
