"""The supervisor of a branch: divides a task among its members, and makes one summary of what they answer.

It sees its own level only: the answers of its members, which may be branches with supervisors of their own.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel

from shoal.runtime.context import Context
from shoal.runtime.errors import ShoalError, SystemClosed
from shoal.runtime.ref import Ref
from shoal.runtime.side_by_side import side_by_side
from shoal.topologies.errors import QuorumMissed, SummaryInvalid, Undecided
from shoal.topologies.tree.contradictions import Contradiction, Reconsider, differing
from shoal.topologies.tree.parts import Part, parts_of
from shoal.topologies.tree.summaries import (
    BranchReports,
    BranchSummary,
    Gap,
    HierarchyResult,
    as_summary,
    contradictions_below,
    gaps_below,
    labelled,
)
from shoal.topologies.wiring.carrying import make_form, plain
from shoal.topologies.wiring.front import Front
from shoal.topologies.wiring.signature import Signature

OnContradiction = Literal["report", "ask_again", "fail"]
_TEXT_KEPT = 500


@dataclass(frozen=True)
class BranchPlan:
    """How a branch works; see :func:`~.hierarchy.branch`."""

    divide: Any = None
    """A plain function; or the name of the member that does it; ``None``: everybody gets the task as it is."""
    summarize: Any = None
    """A plain function; or the name of the member that does it; ``None``: all answers go up."""
    reports: type = BranchReports
    """What whoever summarizes is given."""
    summary: type[BaseModel] | None = None
    labels: bool = True
    """Whether what goes up can say what is missing."""
    agree_on: tuple[str, ...] = ()
    find: Callable[[Mapping[str, Any]], Sequence[Contradiction]] | None = None
    on_contradiction: OnContradiction = "report"
    need: int | None = None
    cut: float | None = None
    """Of the time that is left, this branch waits so much for its members."""
    parallel: int = 64


@dataclass
class _Level:
    """One task at this level."""

    parts: Sequence[Part]
    need: int
    until: float | None
    """Wall-clock second at which who has not answered is given up."""
    answers: dict[str, Any] = field(default_factory=dict)
    gaps: dict[str, Gap] = field(default_factory=dict)


class BranchLead(Front):
    """See the module."""

    def __init__(
        self,
        plan: BranchPlan,
        members: Mapping[str, Ref],
        signatures: Mapping[str, Signature],
        again: Mapping[str, type | None],
        offices: Mapping[str, Ref],
    ) -> None:
        """``again``: the form in which a member is asked to reconsider. ``offices``: those who divide and summarize."""
        self._plan = plan
        self._members = members
        self._signatures = signatures
        self._again = again
        self._offices = offices

    async def lead(self, message: Any, ctx: Context) -> Any:
        """One task: divided, done, checked against each other, summarized."""
        parts = await self._parts(message, ctx)
        level = _Level(parts, self._need(len(parts)), self._cut_off(ctx))
        await self._do(level, [(part, part.message, part.label) for part in parts], ctx)
        found = self._contradictions(level)
        if found and self._plan.on_contradiction == "ask_again":
            await self._reconsider(level, found, ctx)
            found = self._contradictions(level)
        if found and (self._plan.on_contradiction == "fail" or not self._plan.labels):
            said = "; ".join(map(str, found))
            raise Undecided(f"the members of {ctx.address} contradict each other: {said}"[:_TEXT_KEPT])
        return await self._summarize(message, level, found, ctx)

    async def _parts(self, message: Any, ctx: Context) -> list[Part]:
        divide = self._plan.divide
        if isinstance(message, Reconsider):
            return [
                Part(name, name, _reconsider(form, name, dict(message)))
                for name, form in self._again.items()
                if form is not None
            ]
        if divide is None:
            return [Part(name, name, message) for name in self._members]
        if isinstance(divide, str):
            divided = await self.ask(self._offices[divide], message, ctx, mark="divide")
        else:
            divided = divide(message)
        return parts_of(divided, self._signatures, ctx.address)

    def _need(self, parts: int) -> int:
        need = self._plan.need
        if need is None:
            need = 1 if self._plan.labels else parts
        return min(need, parts)

    def _cut_off(self, ctx: Context) -> float | None:
        cut, now = self._plan.cut, time.time()
        if cut is None or ctx.deadline is None:
            return None
        return now + cut * max(0.0, ctx.deadline - now)

    async def _do(self, level: _Level, asks: Sequence[tuple[Part, Any, str]], ctx: Context) -> None:
        """Have all parts done, side by side. A part that fails is a gap. Raises :class:`QuorumMissed`."""
        gate = asyncio.Semaphore(self._plan.parallel)

        async def do(part: Part, message: Any, mark: str) -> None:
            async with gate:
                try:
                    answer = await self._in_time(part, message, mark, level.until, ctx)
                except SystemClosed:
                    raise
                except (ShoalError, TimeoutError) as error:
                    self._note_gap(level, part, error, ctx)
                else:
                    level.answers[part.label] = answer

        async with side_by_side() as group:  # when too many failed the others are cancelled
            for part, message, mark in asks:
                group.create_task(do(part, message, mark))
        order = [part.label for part in level.parts]
        level.answers = {label: level.answers[label] for label in order if label in level.answers}
        level.gaps = {label: level.gaps[label] for label in order if label in level.gaps}

    async def _in_time(self, part: Part, message: Any, mark: str, until: float | None, ctx: Context) -> Any:
        limit_s = None if until is None else max(0.0, until - time.time())
        async with asyncio.timeout(limit_s):
            return await self.ask(self._members[part.member], message, ctx, mark=mark)

    def _note_gap(self, level: _Level, part: Part, error: Exception, ctx: Context) -> None:
        if part.label in level.answers:
            return  # it did not want to reconsider: what it said first still holds
        late = "it took longer than its share of the time that was left"
        why = str(error) if isinstance(error, ShoalError) else late
        level.gaps[part.label] = Gap(branch=part.label, why=why[:_TEXT_KEPT])
        left = len(level.parts) - len(level.gaps)
        if left < level.need:
            raise QuorumMissed(
                f"{ctx.address} needs {level.need} of {len(level.parts)} answers, and {len(level.gaps)} failed: "
                + "; ".join(map(str, level.gaps.values()))[:_TEXT_KEPT],
                missing={label: gap.why for label, gap in level.gaps.items()},
                needed=level.need,
            )

    def _contradictions(self, level: _Level) -> list[Contradiction]:
        found = differing(level.answers, self._plan.agree_on)
        if self._plan.find is not None:
            found.extend(self._plan.find(dict(level.answers)))
        return found

    async def _reconsider(self, level: _Level, found: Sequence[Contradiction], ctx: Context) -> None:
        """Send the contradictions back to those who are in them, once."""
        asks = []
        for part in level.parts:
            about = tuple(one for one in found if part.label in one.values)
            form = self._again.get(part.member)
            if about and form is not None:
                fields = {
                    "task": part.message, "answer": level.answers[part.label], "contradictions": about
                }  # fmt: skip
                asks.append((part, _reconsider(form, part.member, fields), f"{part.label}/again"))
        await self._do(level, asks, ctx)

    async def _summarize(
        self, message: Any, level: _Level, found: Sequence[Contradiction], ctx: Context
    ) -> Any:
        plan = self._plan
        gaps = [*level.gaps.values(), *gaps_below(level.answers)]
        contradictions = [*found, *contradictions_below(level.answers)]
        if plan.summarize is None:
            made: Any = HierarchyResult(answers=plain(level.answers))
        else:
            fields = {
                "task": message, "answers": level.answers, "gaps": tuple(gaps),
                "contradictions": tuple(contradictions),
            }  # fmt: skip
            reports = make_form(plan.reports, BranchReports, ctx.address, **fields)
            if isinstance(plan.summarize, str):
                made = await self.ask(self._offices[plan.summarize], reports, ctx, mark="summarize")
            else:
                made = plan.summarize(reports)
        summary = as_summary(made, plan.summary, ctx.address)
        if (gaps or contradictions) and not isinstance(summary, BranchSummary):
            what = "; ".join(map(str, [*gaps, *contradictions]))[:_TEXT_KEPT]
            raise SummaryInvalid(
                f"{ctx.address} made a {type(summary).__name__}, no shoal.BranchSummary: it cannot say: {what}",
                branch=ctx.address,
            )
        return labelled(summary, gaps, contradictions)


def _reconsider(form: type, who: str, fields: Mapping[str, Any]) -> Any:
    return make_form(form, Reconsider, who, **fields)
