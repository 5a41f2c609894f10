"""Rounds between one who makes an answer and those who check it: what debate and accepted share.

A round: the maker is asked (with the objections to its last answer, if there is one), the checks run, the checkers
are asked side by side. It ends with an answer that is accepted, with one that was there before, or when the rounds
are over.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from shoal.actors.llm.validators import Judgement
from shoal.runtime.context import Context
from shoal.runtime.ref import Ref
from shoal.topologies.errors import NotAccepted
from shoal.topologies.review.checks import Check, failed_checks, shaped
from shoal.topologies.review.debate_record import DebateRecord, End, Round, changes
from shoal.topologies.review.evidence import Demand
from shoal.topologies.review.panel import Review, review_of
from shoal.topologies.review.revision import Decision, Dispute, Proposal, Revision
from shoal.topologies.wiring.carrying import make_form
from shoal.topologies.wiring.front import Front
from shoal.topologies.wiring.history import as_text

_log = logging.getLogger("shoal.topologies")
_DRAFT_SHOWN = 1000
_WHY_SHOWN = 200
_OBJECTIONS_SHOWN = 8
"""Of an error: it must stay small enough to go along as the cause of a ``HandlerError``."""


@dataclass(frozen=True)
class Rules:
    """When an answer is accepted, and what is done about one that is not."""

    rounds: int
    needed: int
    """Checkers that have to agree."""
    checks: tuple[Check, ...]
    returns: type[BaseModel] | None
    criterion: str
    demand: Demand
    audit: bool
    """Whether checkers are asked about what a check refused."""
    stop_on_repeat: bool
    last: bool
    """Whether the last draft is the answer when none was accepted: in a record, which says so."""
    record: type[DebateRecord] | None


@dataclass(frozen=True)
class Seat:
    """A member and the form in which it is asked; ``None``: the answer itself."""

    ref: Ref
    form: type | None


@dataclass
class _Talk:
    """About one task."""

    task: Any
    drafts: list[Any]
    reviews: list[Review]
    texts: list[str]

    def rounds(self) -> tuple[Round, ...]:
        """For the record."""
        made = []
        for at, (draft, review) in enumerate(zip(self.drafts, self.reviews, strict=True)):
            made.append(
                Round(
                    number=at + 1,
                    draft=self.texts[at],
                    changes=changes(self.drafts[at - 1], draft) if at else "",
                    agreed=review.agreed,
                    objections=review.objections,
                    disagreements=review.disagreements,
                    silent=tuple(review.failed),
                )
            )
        return tuple(made)


class Rounds(Front):
    """Leads them."""

    def __init__(self, maker: Seat, checkers: Mapping[str, Seat], judge: Seat | None, rules: Rules) -> None:
        self._maker, self._checkers, self._judge, self._rules = maker, dict(checkers), judge, rules

    async def lead(self, message: Any, ctx: Context) -> Any:
        """One task, until an answer stands or nobody can say any more that one will."""
        rules, talk = self._rules, _Talk(message, [], [], [])
        asked = message
        for number in range(1, rules.rounds + 1):
            draft = await self.ask(self._maker.ref, asked, ctx, mark=f"round/{number}")
            draft, misshapen = shaped(draft, rules.returns)
            text = as_text(draft)
            if rules.stop_on_repeat and text in talk.texts:
                return await self._settle(talk, "repeated", ctx)
            failed = misshapen or await failed_checks(rules.checks, draft, message)
            verdicts: dict[str, Any] = {}
            if not misshapen and (rules.audit or not failed):
                verdicts = await self._verdicts(message, draft, number, ctx)
            review = review_of(failed, verdicts, rules.needed, rules.demand, message, draft)
            talk.drafts.append(draft)
            talk.reviews.append(review)
            talk.texts.append(text)
            _report(review, number, ctx)
            if review.accepted:
                return self._answer(talk, draft, "accepted")
            if review.undecided is not None:
                raise review.undecided
            if number < rules.rounds:
                asked = self._again(talk, number + 1)
        return await self._settle(talk, "rounds", ctx)

    def _again(self, talk: _Talk, number: int) -> Any:
        assert self._maker.form is not None  # the wiring saw to it, where there is more than one round
        return make_form(
            self._maker.form, Revision, "the maker",
            task=talk.task, draft=talk.drafts[-1], objections=talk.reviews[-1].objections, round=number,
        )  # fmt: skip

    async def _verdicts(self, task: Any, draft: Any, number: int, ctx: Context) -> dict[str, Any]:
        """What each checker says, or the error it failed with."""
        asks = {
            name: asyncio.ensure_future(
                self.ask(seat.ref, self._case(seat, name, task, draft, number), ctx, mark=f"round/{number}")
            )
            for name, seat in self._checkers.items()
        }
        try:
            said = await asyncio.gather(*asks.values(), return_exceptions=True)
        finally:
            for ask in asks.values():
                ask.cancel()
        for verdict in said:
            if isinstance(verdict, BaseException) and not isinstance(verdict, Exception):
                raise verdict
        return dict(zip(asks, said, strict=True))

    def _case(self, seat: Seat, name: str, task: Any, draft: Any, number: int) -> Any:
        if seat.form is None:
            return draft
        criterion = self._rules.criterion
        if seat.form is Judgement:
            return Judgement(question=as_text(task), answer=as_text(draft), criterion=criterion)
        return make_form(
            seat.form, Proposal, name, task=task, answer=draft, criterion=criterion, round=number
        )

    async def _settle(self, talk: _Talk, ended: End, ctx: Context) -> Any:
        """Nothing was accepted: the judge's choice, or the last draft as what it is, or an error."""
        why = "the drafts repeat" if ended == "repeated" else f"{_count(len(talk.drafts))} over"
        if self._judge is not None:
            decision = await self._decide(self._judge, talk, ctx)
            if 1 <= decision.draft <= len(talk.drafts):
                return self._answer(talk, talk.drafts[decision.draft - 1], "judge", decision.why)
            said = decision.why or "it gave no reason"
            why = f"{why}, and the judge chose draft {decision.draft} of {len(talk.drafts)}: {said}"
        if self._rules.last:
            return self._answer(talk, talk.drafts[-1], ended)
        raise _not_accepted(talk, ended, why)

    async def _decide(self, judge: Seat, talk: _Talk, ctx: Context) -> Decision:
        assert judge.form is not None
        contested = [  # not yet a Contested: a subclass of Dispute may have its own
            {"answer": draft, "objections": review.objections}
            for draft, review in zip(talk.drafts, talk.reviews, strict=True)
        ]
        dispute = make_form(judge.form, Dispute, "the judge", task=talk.task, drafts=contested)
        decision = await self.ask(judge.ref, dispute, ctx, mark="judge")
        if not isinstance(decision, Decision):
            raise NotAccepted(f"the judge answered {type(decision).__name__}, not a Decision", ended="judge")
        return decision

    def _answer(self, talk: _Talk, answer: Any, ended: End, why: str = "") -> Any:
        kind = self._rules.record
        if kind is None:
            return answer
        accepted = ended in ("accepted", "judge")
        rounds = talk.rounds()
        return make_form(
            kind, DebateRecord, "the record",
            answer=answer, accepted=accepted, ended=ended, rounds=rounds, why=why,
        )  # fmt: skip


def _report(review: Review, number: int, ctx: Context) -> None:
    """Who objected, never what: objections quote the task and the draft, which do not belong in a log."""
    if review.accepted:
        return
    against = ", ".join(dict.fromkeys(one.by for one in review.objections))
    _log.info("%s: round %d: not accepted by %s", ctx.address, number, against or "enough")
    if review.disagreements:
        wrong = ", ".join(review.disagreements)
        _log.warning("%s: round %d: %s found good what a check refused", ctx.address, number, wrong)


def _not_accepted(talk: _Talk, ended: End, why: str) -> NotAccepted:
    objections = [_short(one) for one in talk.reviews[-1].objections[:_OBJECTIONS_SHOWN]]
    return NotAccepted(
        f"no answer was accepted ({why}): {'; '.join(objections)}",
        draft=talk.texts[-1][:_DRAFT_SHOWN],
        objections=objections,
        rounds=len(talk.drafts),
        ended=ended,
        disagreements=sum(len(review.disagreements) for review in talk.reviews),
    )


def _count(rounds: int) -> str:
    return "1 round is" if rounds == 1 else f"{rounds} rounds are"


def _short(objection: Any) -> str:
    text = str(objection)
    return text if len(text) <= _WHY_SHOWN else f"{text[:_WHY_SHOWN]}..."
