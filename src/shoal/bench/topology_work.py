"""The messages and members of the rows about topologies: they return at once.

plain Ray's sides send the same messages, so that both carry the same data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import BaseModel

from shoal.actors.agent import Agent
from shoal.actors.llm import Verdict
from shoal.bench.errors import Miscounted
from shoal.bench.workload import Parcel
from shoal.runtime.context import Context
from shoal.topologies import BranchReports, Handed, MeshResult, Peer, Revision, SwarmResult, Transfer

MEMBERS = 8
"""Workers, stages, members of a fan-out."""

SWARM_AGENTS = 4
"""Agents of a swarm."""

SWARM_ITEMS = 4
"""What each task of a swarm posts; a finding comes of each."""

WANTED = "the other one"
"""What a draft of a debate has to say in ``sender``."""


class Again(Revision):
    """A debate's second round, for the maker."""

    task: Parcel
    draft: Parcel


class ToExpert(Transfer):
    """A hand-over from the desk."""

    to: Literal["expert"] = "expert"


class ForExpert(Handed):
    """What the expert gets."""

    task: Parcel


class Reports(BranchReports):
    """What a supervisor makes its answer of."""

    answers: dict[str, Parcel]


class Findings(BaseModel):
    """What a swarm answers."""

    number: int
    """The task's."""
    findings: list[Parcel]


async def at_once(message: Parcel) -> Parcel:
    """The member of most teams."""
    return message


async def desk(message: Parcel) -> ToExpert:
    """Hands every task over."""
    return ToExpert(goal="an answer", reason="it is about something else")


async def expert(message: ForExpert) -> Parcel:
    """Answers what is handed over."""
    return message.task


class Maker(Agent):
    """Makes a draft, and makes it again as the checker wants it."""

    async def on_task(self, task: Parcel) -> Parcel:
        """The first draft."""
        return task

    async def on_again(self, again: Again) -> Parcel:
        """The second one."""
        return revised(again.draft)


class Passing(Peer):
    """Asks the next one in line, if there is one, and answers what that answers."""

    async def on_task(self, task: Parcel, ctx: Context) -> Parcel:
        """One task."""
        for following in self.neighbours:
            task = await self.send(ctx, following, task)
        return task


async def checker(draft: Parcel) -> Verdict:
    """Finds the second draft good."""
    return verdict_on(draft)


def revised(draft: Parcel) -> Parcel:
    """As the checker wants it."""
    return draft.model_copy(update={"sender": WANTED})


def verdict_on(draft: Parcel) -> Verdict:
    """Whether it is as the checker wants it."""
    good = draft.sender == WANTED
    return Verdict(good=good, why="" if good else "it says the wrong sender")


def of_all(message: Parcel, answers: Mapping[str, Parcel]) -> Parcel:
    """What a fan-out makes of the answers; raises :class:`Miscounted` when one is missing."""
    if len(answers) != MEMBERS:
        raise Miscounted(f"{len(answers)} members answered instead of {MEMBERS}")
    return answers["1"]


def of_both(answers: dict[str, Parcel]) -> Parcel:
    """What a join of two branches makes of the answers; raises :class:`Miscounted` when one is missing."""
    if len(answers) != 2:
        raise Miscounted(f"{len(answers)} branches answered instead of 2")
    return next(iter(answers.values()))


def of_first(result: MeshResult) -> Parcel:
    """What the first in line answered."""
    return Parcel.model_validate(result.answers["1"])


def items_of(task: Parcel) -> list[Parcel]:
    """What a task of a swarm begins with."""
    return [task.model_copy(update={"sender": f"item {place}"}) for place in range(SWARM_ITEMS)]


def of_items(findings: Sequence[Parcel]) -> Findings:
    """What a swarm answers; raises :class:`Miscounted` when a finding is missing, comes twice or is another task's."""
    told_apart = {(found.number, found.sender) for found in findings}
    numbers = {found.number for found in findings}
    if len(findings) != SWARM_ITEMS or len(told_apart) != SWARM_ITEMS or len(numbers) != 1:
        raise Miscounted(
            f"{len(told_apart)} findings about tasks {sorted(numbers)} instead of {SWARM_ITEMS} about one"
        )
    return Findings(number=numbers.pop(), findings=list(findings))


def of_swarm(result: SwarmResult) -> Findings:
    """The findings of a swarm's task."""
    return of_items(result.findings)


def summed_up(reports: Reports) -> Parcel:
    """What a supervisor makes of its members' answers."""
    return of_both(reports.answers)
