"""The lines that advice gives: each is run, with agents of these names, and builds a team."""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence
from typing import Any

import pytest
from pydantic import BaseModel

import shoal
from shoal.actors.llm.validators import Verdict
from shoal.topologies.advice.advice import Advice, advice_for
from shoal.topologies.advice.cautions import CAUTIONS
from shoal.topologies.advice.patterns import FACTS, Pattern
from shoal.topologies.peers.peer import Peer
from shoal.topologies.review.revision import Revision
from shoal.topologies.transfers.transfer import Handed, Transfer
from shoal.topologies.tree.summaries import BranchReports
from shoal.topologies.wiring.topology import Topology
from tests.topologies.traits import all_traits


class Task(BaseModel):
    text: str


class Answer(BaseModel):
    text: str


class Review(BaseModel):
    text: str | None = None
    by: str | None = None


class Summary(BaseModel):
    text: str


class Assistant(shoal.Agent):
    """Answers tasks."""

    async def on_task(self, task: Task) -> Answer:
        return Answer(text=f"{type(self).__name__}: {task.text}")


class Desk(Assistant):
    """Also tasks that were handed over to it."""

    async def on_handed(self, handed: Handed) -> Answer:
        return Answer(text=handed.goal)


class Billing(Desk): ...


class Sales(Desk): ...


class Triage(shoal.Agent):
    async def on_task(self, task: Task) -> Answer | Transfer:
        return Transfer(to="billing", goal=task.text, reason="it is about money")

    async def on_handed(self, handed: Handed) -> Answer:
        return Answer(text=handed.goal)


class Reader(Assistant): ...


class Contracts(Assistant): ...


class Courts(Assistant): ...


class Vat(Assistant): ...


class Income(Assistant): ...


class Ann(Peer):
    async def on_task(self, task: Task, ctx: shoal.Context) -> Answer:
        return Answer(text=type(self).__name__)


class Ben(Ann): ...


class Cleo(Ann): ...


class Searcher(Assistant): ...


class Writer(Assistant):
    async def on_revision(self, revision: Revision) -> Answer:
        return Answer(text="better")


class Critic(shoal.Agent):
    async def on_answer(self, answer: Answer) -> Verdict:
        return Verdict(good=True, evidence=[answer.text])


class Extract(shoal.Agent):
    async def on_task(self, task: Task) -> Task:
        return task


class Draft(Assistant): ...


class Security(shoal.Agent):
    async def on_task(self, task: Task) -> Review:
        return Review(text=task.text)


class Style(shoal.Agent):
    async def on_task(self, task: Task) -> Review:
        return Review(by="style")


def divide(task: Task) -> Sequence[Task]:
    return [task, task]


def put_together(task: Task, answers: Sequence[Answer]) -> Answer:
    return answers[0]


def is_complete(task: Task) -> bool:
    return bool(task.text)


def sum_up(reports: BranchReports) -> Summary:
    return Summary(text=str(len(reports.answers)))


def subject(task: Task) -> str:
    return task.text


def line_made(line: str) -> Topology:
    made = eval(line, dict(globals()))  # noqa: S307 - our own lines
    assert isinstance(made, Topology)
    return made


def different(one: Any) -> list[Advice]:
    """Advice for all traits, one of each."""
    found: dict[Any, Advice] = {}
    for traits in all_traits():
        advice = advice_for(traits)
        found.setdefault(one(advice), advice)
    return list(found.values())


@pytest.mark.parametrize("line", sorted({one.build for one in different(lambda advice: advice.build)}))
def test_every_line_that_is_advised_makes_a_topology_whose_wiring_holds(line: str) -> None:
    line_made(line).check()


@pytest.mark.parametrize(
    "advice", different(lambda advice: advice.pattern), ids=lambda advice: advice.pattern
)
async def test_the_line_of_every_pattern_builds_a_team_that_answers(
    advice: Advice, system: shoal.System
) -> None:
    team = await system.build(line_made(advice.build), name="team")
    assert team.pattern == advice.pattern
    assert await team.ask(Task(text="one"), timeout_s=20) is not None


def test_the_team_for_a_second_look_is_a_member_like_any_other() -> None:
    inside = {one.inside for one in different(lambda advice: advice.inside)} - {""}
    assert len(inside) == 1
    shoal.pipeline(line_made(inside.pop())).check()


@pytest.mark.parametrize("pattern", Pattern)
def test_every_option_that_is_named_is_one_of_the_pattern_s_builder(pattern: Pattern) -> None:
    options = inspect.signature(getattr(shoal, pattern)).parameters
    facts = FACTS[pattern]
    named = {*facts.fails, *re.findall(r"\b(\w+)=", facts.measure)}
    for traits in all_traits():
        if advice_for(traits).pattern is pattern:
            for caution in CAUTIONS:
                if pattern in caution.patterns and caution.holds(traits):
                    named |= set(re.findall(r"\b(\w+)=", caution.text(traits, pattern)))
    elsewhere = {"timeout_s"} if pattern is Pattern.SWARM else {"split", "merge"}
    assert named - elsewhere <= set(options)


def test_every_name_of_the_library_in_the_advice_is_there() -> None:
    said = "\n".join(one.model_dump_json() for one in different(lambda advice: advice.build))
    for name in set(re.findall(r"\bshoal\.(\w+)", said)):
        assert hasattr(shoal, name), name
