"""The front of a fan-out: asks every member at once, and decides on what comes.

Whatever the order in which answers come, they are decided on in the members' order. A front that died is led again:
members who answered give the same answers, and who writes is asked under a mark of what it is asked.
"""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from shoal.runtime.context import Context
from shoal.runtime.errors import ShoalError
from shoal.runtime.ref import Ref
from shoal.topologies.answers.aggregate import Aggregate, Outcome, undecided_error
from shoal.topologies.answers.fan_out_result import FanOutResult
from shoal.topologies.answers.gathering import Enough, Gathering
from shoal.topologies.answers.synthesis import in_form
from shoal.topologies.wiring.carrying import as_data, make_form
from shoal.topologies.wiring.front import Front

_SHARE = 0.9
_SHARE_BEFORE_WRITING = 0.6
"""Of the time that the asker has, for the members: what is left is for telling it what came."""
_log = logging.getLogger("shoal.topologies")


@dataclass(frozen=True)
class Plan:
    """How a fan-out works; see :func:`fan_out`."""

    by: Aggregate
    need: int | None
    quorum: int | None
    deadline_s: float | None
    early: bool
    report: type[FanOutResult] | None


@dataclass(frozen=True)
class Writer:
    """Who has the last word, and in which form it is asked."""

    ref: Ref
    form: type


class Collector(Front):
    """Asks all, and decides on what comes."""

    def __init__(self, plan: Plan, members: dict[str, Ref], enough: Enough, writer: Writer | None) -> None:
        self._plan, self._members, self._enough, self._writer = plan, members, enough, writer
        self._order = tuple(members)

    async def lead(self, message: Any, ctx: Context) -> Any:
        """One message: to all, until there are enough answers; then what becomes of them."""
        gathering = Gathering(self._order, self._enough, self._plan.by, message)
        await self._gather(gathering, message, ctx)
        gathering.check_quorum()
        answers = gathering.answers
        outcome = self._plan.by.combine(message, answers, tuple(gathering.missing))
        partial = gathering.partial()
        report = self._plan.report
        _tell_log(outcome, gathering if partial else None, report is not None, ctx)
        if outcome.undecided and report is None:
            raise undecided_error(outcome, answers)
        answer = outcome.answer
        if self._writer is not None and not outcome.undecided:
            answer = await self._write(self._writer, answer, message, ctx)
        if report is None:
            return answer
        return make_form(
            report, FanOutResult, "the report",
            answer=answer, undecided=outcome.undecided, votes=outcome.votes, dissent=outcome.dissent,
            answers={name: as_data(one) for name, one in answers.items()}, conflicts=outcome.conflicts,
            missing=gathering.missing, partial=partial,
        )  # fmt: skip

    async def _gather(self, gathering: Gathering, message: Any, ctx: Context) -> None:
        loop = asyncio.get_running_loop()
        over = loop.create_future()
        asks = [
            loop.create_task(self._hear(gathering, over, name, member, message, ctx))
            for name, member in self._members.items()
        ]
        cut_s = self._cut_s(ctx)
        timer = None if cut_s is None else loop.call_later(cut_s, _cut, gathering, over, cut_s)
        try:
            await over
        finally:
            if timer is not None:
                timer.cancel()
            late = [ask for ask in asks if not ask.done()]
            for ask in late:
                ask.cancel()
            if late:
                await asyncio.gather(*late, return_exceptions=True)

    async def _hear(
        self,
        gathering: Gathering,
        over: asyncio.Future[None],
        name: str,
        member: Ref,
        message: Any,
        ctx: Context,
    ) -> None:
        try:
            try:
                answer = await self.ask(member, message, ctx)
            except ShoalError as error:
                enough = gathering.fail(name, f"{type(error).__name__}: {error.text}")
            else:
                enough = gathering.take(name, answer)
        except Exception as broken:  # the aggregate's own, which would else leave everybody waiting
            if not over.done():
                over.set_exception(broken)
            return
        if enough and not over.done():
            over.set_result(None)

    def _cut_s(self, ctx: Context) -> float | None:
        """How long members are waited for: not as long as the asker waits, who would else hear nothing at all."""
        limits = [] if self._plan.deadline_s is None else [self._plan.deadline_s]
        if ctx.deadline is not None:
            share = _SHARE if self._writer is None else _SHARE_BEFORE_WRITING
            limits.append(max(0.0, share * (ctx.deadline - time.time())))
        return min(limits, default=None)

    async def _write(self, writer: Writer, synthesis: Any, task: Any, ctx: Context) -> Any:
        """The mark says what is asked: whoever leads the task again may have heard others, and that is another ask."""
        asked = in_form(synthesis, task, writer.form)
        mark = blake2b(str(synthesis).encode(errors="surrogatepass"), digest_size=8).hexdigest()
        return await self.ask(writer.ref, asked, ctx, mark=mark)


def _cut(gathering: Gathering, over: asyncio.Future[None], after_s: float) -> None:
    if not over.done():
        gathering.close(f"no answer within {after_s:.3g} s")
        over.set_result(None)


def _tell_log(outcome: Outcome, partial: Gathering | None, reported: bool, ctx: Context) -> None:
    """Dissent is in the log also where nobody asked for a report; an answer that is partial without saying so warns."""
    if partial is not None:
        without = "; ".join(f"{name}: {why}" for name, why in partial.missing.items())
        _log.log(
            logging.INFO if reported else logging.WARNING, "%s: partial, without %s", ctx.address, without
        )
    if outcome.undecided:
        _log.info("%s: undecided: %s", ctx.address, outcome.undecided)
    elif outcome.dissent:
        _log.info("%s: dissent of %s", ctx.address, ", ".join(outcome.dissent))
    for one in outcome.conflicts:
        _log.info("%s: conflict: %s", ctx.address, one)
