"""The orchestrator: the front of a team of workers. It finds out who does a task, or divides it and puts it together.

What it knows outlives no task: counts by worker, and what its router learned. Led again after a death of its process, a
task is divided and classified as before (agents give the same answers to the same asks), and each subtask's ask has the
same id for the same worker; which worker a router chooses is the same only where ``record_choices`` says so.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from shoal.runtime.context import Context
from shoal.runtime.errors import AgentNotFound, AgentStopped, AskTimeout, MailboxFull, ShoalError
from shoal.runtime.ref import Ref
from shoal.topologies.wiring.front import Front
from shoal.topologies.work.assembly import Assembly
from shoal.topologies.work.classify import Classified, Classify
from shoal.topologies.work.division import Work
from shoal.topologies.work.hands import Hands
from shoal.topologies.work.routers import Ended
from shoal.topologies.work.subtasks import Part, parts_of

Split = Callable[[Any], Any]
_GONE = (AgentNotFound, AgentStopped, MailboxFull)
"""Certain not to have been done by that worker: another one can."""
_SHARE = 0.9
_SHARE_BEFORE_WRITING = 0.6
"""Of the time that the asker has, for the subtasks: what is left is for telling it what came."""


@dataclass(frozen=True)
class Plan:
    """How the orchestrator works; see :func:`~.worker.worker`."""

    classify: Classify | None
    split: Split | None
    """A function; an agent that divides is a member."""
    assembly: Assembly
    parallel: int
    max_subtasks: int
    record_choices: bool


@dataclass(frozen=True)
class Staff:
    """The members that are no workers."""

    classifier: Ref | None = None
    decomposer: Ref | None = None
    writer: Ref | None = None


class Orchestrator(Front):
    """See the module."""

    def __init__(self, plan: Plan, hands: Hands, staff: Staff) -> None:
        self._plan = plan
        self._hands = hands
        self._staff = staff
        self._divides = plan.split is not None or staff.decomposer is not None
        self._kinds = hands.kinds() if self._divides else {}

    async def lead(self, message: Any, ctx: Context) -> Any:
        """One message: to one worker, or its parts to several and their answers put together."""
        if not self._divides:
            return await self._give(Part("", message), message, ctx)
        assembly = self._plan.assembly
        work = Work(await self._parts(message, ctx), self._plan.parallel, goes_on=assembly.report is not None)

        async def do(part: Part, given: Any) -> Any:
            answer = await self._give(part, given, ctx)
            assembly.check_usable(answer, part.id)
            return answer

        await work.run(do, self._cut_s(ctx))
        return await self._whole(message, work.answers, work.failed, ctx)

    # -- dividing ------------------------------------------------------------------------------------------

    async def _parts(self, message: Any, ctx: Context) -> dict[str, Part]:
        if self._plan.split is not None:
            made, who = self._plan.split(message), "split"
        elif self._staff.decomposer is not None:
            made, who = await self.ask(self._staff.decomposer, message, ctx), "the decomposer"
        else:
            made, who = [message], "nobody"
        parts = parts_of(made, who, self._kinds, self._plan.max_subtasks)
        for part in parts.values():
            self._hands.check_reachable(part.kind or type(part.message), part.capability)
        return parts

    def _cut_s(self, ctx: Context) -> float | None:
        """How long subtasks are waited for where a partial answer will do: who asked would else hear nothing at all."""
        if self._plan.assembly.report is None or ctx.deadline is None:
            return None
        share = _SHARE if self._staff.writer is None else _SHARE_BEFORE_WRITING
        return max(0.0, share * (ctx.deadline - time.time()))

    # -- giving --------------------------------------------------------------------------------------------

    async def _give(self, part: Part, message: Any, ctx: Context) -> Any:
        """Ask the chosen worker; the next one where it certainly has not done it, being gone or full."""
        label, unsure = part.capability, ""
        if self._plan.classify is not None and not label:
            label, unsure = await self._label(self._plan.classify, message, part.id, ctx)
        gone: dict[str, str] = {}
        while True:
            name = await self._choose(message, label, gone, unsure, part.id, ctx)
            began, ended = time.monotonic(), None
            self._hands.begin(name)
            try:
                answer = await self.ask(self._hands[name].ref, message, ctx, mark=part.id)
                ended = Ended(True, time.monotonic() - began, answer, label)
                return answer
            except Exception as error:
                ended = Ended(False, time.monotonic() - began, label=label)
                if not isinstance(error, _GONE):
                    raise
                gone[name] = error.text
            finally:
                self._hands.end(message, name, ended)

    async def _choose(
        self, message: Any, label: str, gone: Mapping[str, str], unsure: str, part: str, ctx: Context
    ) -> str:
        if not self._plan.record_choices:
            return self._hands.choose(message, label, gone, unsure)
        key = f"worker/{part}/{len(gone)}"
        name: str = await ctx.once(key, lambda: self._hands.choose(message, label, gone, unsure))
        return name

    async def _label(self, classify: Classify, message: Any, part: str, ctx: Context) -> tuple[str, str]:
        """The label of a message, or why there is none: the rule first, the model when the rule is not sure."""
        said = classify.by_rule(message)
        if classify.is_sure(said):
            return said.label, ""
        unsure = (
            [] if classify.rule is None else [f"the rule {_words(said)}, and {classify.threshold} is needed"]
        )
        if self._staff.classifier is not None:
            try:
                said = classify.by_model(await self.ask(self._staff.classifier, message, ctx, mark=part))
            except AskTimeout:
                raise  # there is no time left for anybody else either
            except ShoalError as error:
                return "", "; ".join([*unsure, f"the classifier failed: {error.text}"])
            if classify.is_believed(said):
                return said.label, ""
            unsure.append(f"the classifier {_words(said)}, and {classify.model_threshold} is needed")
        return "", "; ".join(unsure)

    # -- putting together ----------------------------------------------------------------------------------

    async def _whole(
        self, message: Any, answers: Mapping[str, Any], failed: Mapping[str, str], ctx: Context
    ) -> Any:
        assembly = self._plan.assembly
        outcome = assembly.put_together(message, answers, failed)
        answer = outcome.answer
        if self._staff.writer is not None and not outcome.undecided:
            asked, mark = assembly.asked(outcome, message)
            answer = await self.ask(self._staff.writer, asked, ctx, mark=mark)
        return assembly.labelled(answer, outcome, answers, failed)


def _words(said: Classified) -> str:
    return f"says {said.label!r} with confidence {said.confidence:.2f}" if said.label else "does not know"
