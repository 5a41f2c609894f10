"""What is wrong with a team is said before anything is started: all of it, each with its field."""

from __future__ import annotations

from pathlib import Path

import pytest

import shoal
from shoal.experiments.errors import BadExperiment
from shoal.experiments.importing import Importer
from shoal.experiments.teams.making import make_team
from tests.experiments.teams import crew
from tests.experiments.teams.conftest import MODELS, Making, described
from tests.experiments.teams.crew import Keyword, Ticket

FAN = "{topology: fan_out, members: {a: '@Keyword', b: %s}, by: majority}"
WRONG = {
    "a name that is not there": ("'@Keywrod'", "", "did you mean 'Keyword'?"),
    "a member that is not there": (FAN % "'@Keywrod'", "members.b", "has no 'Keywrod'"),
    "a member that is no agent": (FAN % "{use: '@nothing'}", "members.b", "is of type int, and no agent"),
    "a model class": (FAN % "'@Ticket'", "members.b", "is the class Ticket, and no agent"),
    "a plain function": (FAN % "'@split'", "members.b", "is a plain function of (ticket)"),
    "an async generator": (FAN % "'@one_by_one'", "members.b", "is an async generator, and an agent answers once"),
    "a function of two messages": ("'@compared'", "", "its second parameter 'other' is annotated with Ticket"),
    "a class that needs more": (FAN % "'@Needy'", "members.b", "needs word (give them under `with`)"),
    "arguments that do not fit": (
        FAN % "{use: '@Keyword', with: {wrod: x}}", "members.b.with", "unexpected keyword argument 'wrod'",
    ),
    "arguments for an object": (FAN % "{use: '@keyword', with: {word: x}}", "members.b.with", "takes no arguments"),
    "a function that makes nothing": (FAN % "'@make_nothing'", "members.b", "makes is of type int"),
    "a function that fails": (FAN % "'@make_trouble'", "members.b", "RuntimeError: no luck"),
    "members that do not fit": (FAN % "'@Viewer'", "", "none is accepted by all"),
    "a list's member": (
        "{topology: fan_out, members: ['@Keyword', '@Keywrod'], by: majority}", "members.1", "has no 'Keywrod'",
    ),
    "an aggregate's writer": (
        "{topology: fan_out, members: ['@Keyword'], by: {synthesize: '@Nobody'}}", "by.synthesize", "has no 'Nobody'",
    ),
    "a model to merge to": (
        "{topology: fan_out, members: ['@Keyword'], by: {merge: '@Keyword'}}", "by.merge", "a class of BaseModel",
    ),
    "weights that cannot be": (
        "{topology: fan_out, members: ['@Keyword'], by: {weighted: {weights: {a: -1}}}}", "by.weighted", "is -1",
    ),
    "a quorum that cannot be": (
        "{topology: fan_out, members: ['@Keyword'], by: majority, need: 3}", "", "need is 3",
    ),
    "a fallback that is not there": (
        "{topology: worker, workers: {a: '@Keyword'}, fallback: z}", "", "fallback 'z' is none of a",
    ),
    "two routers": (
        "{topology: worker, workers: ['@Keyword'], router: bandit, orchestrator: {by: bandit}}", "router", "give one",
    ),
    "a router and how it chooses": (
        "{topology: worker, workers: ['@Keyword'], orchestrator: {use: '@choose_last', by: bandit}}",
        "orchestrator.by", "give one of use and by",
    ),
    "a router that is not there": (
        "{topology: worker, workers: ['@Keyword'], router: '@nobody'}", "router", "has no 'nobody'",
    ),
    "a capability that nobody has": (
        "{topology: worker, workers: ['@Keyword'], router: {capability: {'@Ticket': magic}}}", "", "magic",
    ),
    "a rule that is not there": (
        "{topology: worker, workers: ['@Keyword'], classify: {rule: '@nobody'}}", "classify.rule", "has no 'nobody'",
    ),
    "a gate that is not there": (
        "{topology: pipeline, stages: {a: '@Keyword'}, gates: {a: '@nobody'}}", "gates.a.check", "has no 'nobody'",
    ),
    "a gate that cannot be called": (
        "{topology: pipeline, stages: {a: '@Keyword'}, gates: {a: '@nothing'}}", "gates.a.check",
        "a function is expected",
    ),
    "a gate of no stage": (
        "{topology: pipeline, stages: {a: '@Keyword'}, gates: {z: '@not_empty'}}", "", "belongs to no stage",
    ),
    "stages that do not fit": (
        "{topology: pipeline, stages: ['@Keyword', '@Viewer']}", "", "accepts View",
    ),
    "a checker that judges nothing": (
        "{topology: debate, maker: '@label', checkers: {c: '@Keyword'}}", "", "'c'",
    ),
    "a start that is not there": (
        "{topology: handoff, agents: {desk: '@pass_on', bills: '@take_over'}, start: z}", "", "start names 'z'",
    ),
    "a tree of both kinds": (
        "{topology: hierarchy, members: ['@Keyword'], worker: '@Keyword'}", "", "a hierarchy has members; or",
    ),
    "a branch's member": (
        "{topology: hierarchy, members: {n: {topology: branch, members: ['@Nobody']}}}", "members.n.members.0",
        "Nobody",
    ),
    "a swarm of both kinds": ("{topology: swarm, agents: ['@find'], count: 2}", "", "a swarm has agents; or"),
    "a mesh without peers": ("{topology: mesh, peers: ['@Keyword']}", "", "none of its members is a shoal.Peer"),
    "visits of no node": (
        "{topology: graph, nodes: {a: '@Keyword'}, end: a, visits: {z: {most: 2}}}", "visits.z", "no node 'z'",
    ),
    "an edge to no node": (
        "{topology: graph, nodes: {a: '@Keyword'}, edges: [{from: a, to: z}], end: a}", "", "'z'",
    ),
    "a condition that is not there": (
        "{topology: graph, nodes: {a: '@Keyword'}, edges: [{from: a, to: a, when: '@nobody'}], end: a}",
        "edges.0.when", "has no 'nobody'",
    ),
    "an edge around the team": ("{use: '@Keyword', edge: {require_sources: true}}", "edge", "the whole team"),
    "a context that is no model": (
        FAN % "{use: '@Viewer', edge: {context: '@Keyword'}}", "members.b.edge.context", "a class of BaseModel",
    ),
    "a context without its fields": (
        FAN % "{use: '@Keyword', edge: {context: '@View'}}", "members.b", "its edge gives it View",
    ),
    "a checker of an edge": (
        FAN % "{use: '@Keyword', edge: {checker: '@Keyword'}}", "members.b", "its checker accepts Ticket",
    ),
    "copies of a team that is wrong": (
        FAN % "{topology: fan_out, members: ['@Keyword', '@Viewer'], by: majority, replicas: 2}",
        "members.b", "none is accepted by all",
    ),
    "a verifier that is not there": (
        "{use: '@Keyword', accepted: {verifiers: ['@nobody']}}", "accepted.verifiers.0", "has no 'nobody'",
    ),
    "nothing that verifies": ("{use: '@Keyword', accepted: {}}", "accepted", "nothing checks the answer"),
    "a gate that asks nobody": (
        "{use: '@Keyword', gated: {when: '@nothing'}}", "gated.when", "a function is expected",
    ),
    "a type of one's own that is none": (
        "{topology: fan_out, members: ['@Keyword'], by: majority, report: '@Keyword'}", "report", "FanOutResult",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_said_with_its_field(what: str, make: Making) -> None:
    text, field, said = WRONG[what]
    with pytest.raises(BadExperiment) as caught:
        make(text)
    (line,) = caught.value.details["problems"]
    assert line.startswith(f"{field}: " if field else ("the team", crew.HERE, "a hierarchy", "a swarm")), line
    assert said in line


def test_all_problems_are_said_at_once(make: Making) -> None:
    with pytest.raises(BadExperiment) as caught:
        make(
            """
            topology: worker
            workers:
              a: '@Nobody'
              b: {llm: {model: fancy, prompt: nowhere.md}}
              c: {topology: fan_out, members: ['@Keyword', '@Viewer'], by: majority}
            router: '@nobody'
            """
        )
    fields = [line.partition(": ")[0] for line in caught.value.details["problems"]]
    assert sorted(fields) == [
        "router",
        "workers.a",
        "workers.b.llm.model",
        "workers.b.llm.prompt",
        "workers.c",
    ]


def test_a_team_within_itself_is_found(folder: Path) -> None:
    loop = shoal.fan_out(Keyword(), by=shoal.majority_vote())
    loop.members["1"] = loop
    with pytest.raises(BadExperiment, match=r"cannot be wired"):
        make_team(loop, Importer(folder), MODELS)


@pytest.mark.parametrize("team", [Keyword(), Keyword, crew.shout, shoal.single(Keyword)])
def test_objects_of_python_are_teams_too(team: object, folder: Path) -> None:
    assert make_team(team, Importer(folder), None).pattern == "single"


def test_what_is_no_team_is_refused(folder: Path) -> None:
    with pytest.raises(BadExperiment, match="the team is of type int"):
        make_team(3, Importer(folder), None)


async def test_the_example_of_the_design_works(folder: Path, system: shoal.System) -> None:
    (folder / "prompts").mkdir()
    (folder / "prompts" / "billing.md").write_text("Label this ticket: {{ text }}", encoding="utf-8")
    (folder / "triage_example.py").write_text(
        "from pydantic import BaseModel\n"
        "import shoal\n\n\n"
        "class Ticket(BaseModel):\n    text: str\n    capability: str\n\n\n"
        "class Label(BaseModel):\n    label: str\n    confidence: float\n\n\n"
        "class Keyword(shoal.Agent):\n"
        "    async def on_ticket(self, ticket: Ticket, ctx: shoal.Context) -> Label:\n"
        "        return Label(label='rule', confidence=1.0)\n",
        encoding="utf-8",
    )
    spec = described(
        """
        topology: worker
        orchestrator: {use: shoal:Router, by: capability}
        workers:
          billing: {llm: {prompt: prompts/billing.md, output: triage_example:Label}}
          rules: {use: triage_example:Keyword}
        """
    )
    imports = Importer(folder)
    team = await system.build(make_team(spec, imports, MODELS))
    ticket = imports.find("triage_example:Ticket")
    by_model = await team.ask(ticket(text="charged twice", capability="billing"))
    by_rule = await team.ask(ticket(text="charged twice", capability="rules"))
    assert (by_model.label, by_rule.label) == ("Label this ticket: charged twice", "rule")


def test_messages_find_their_types(make: Making) -> None:
    team = make("{topology: worker, workers: {bills: '@Keyword', m: {llm: {}}}}")
    assert team.signature().accepts == (Ticket,)
