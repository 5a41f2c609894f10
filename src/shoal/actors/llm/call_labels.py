"""Whose call it is, in few words: they travel with the wish for leave, so that also a call whose process dies in the
middle of it can be attributed."""

from __future__ import annotations

from typing import NamedTuple

from shoal.actors.limits.lost import LostCharge
from shoal.actors.llm.recorded import ModelCall
from shoal.models.calling.account import CallAccount, Outcome
from shoal.models.chat import Usage
from shoal.models.money import NANO
from shoal.models.permits import Charge


class CallLabels(NamedTuple):
    """Of one call; the fields are those of :class:`~shoal.actors.llm.recorded.ModelCall`."""

    agent: str
    role: str
    task: str
    outside: str
    """``"1"`` or empty."""
    sender: str
    team: str
    message: str
    step: str


def _labels_of(charge: LostCharge) -> CallLabels:
    if len(charge.about) == len(CallLabels._fields):
        return CallLabels(*charge.about)
    named = {kind: name for kind, _, name in (level.partition("/") for level in charge.levels)}
    task = named.get("task", "")
    return CallLabels(
        named.get("agent", ""), "", task, "" if task else "1", "", named.get("team", ""), "", "0"
    )


def call_of(lost: LostCharge) -> ModelCall:
    """A charge without a record as the call that it was of.

    Of its tokens nobody knows which were read and which written: all count as input. It was over at the moment at
    which leave was given, for all that is known. One that was settled by who records nothing (a program's own permits)
    is not lost.
    """
    labels = _labels_of(lost)
    gone = bool(lost.about) or not lost.settled
    account = CallAccount(
        model=lost.model,
        endpoint=lost.endpoint,
        usage=Usage(input_tokens=lost.tokens, estimated=not lost.settled),
        usd=lost.nano_usd / NANO,
        charges=(Charge(lost.permit, lost.tokens, lost.nano_usd),),
        estimated=not lost.settled,
        attempts=1,
        outcome=Outcome.CANCELLED if gone else Outcome.OK,
    )
    return ModelCall(
        agent=labels.agent, role=labels.role, task=labels.task, outside=bool(labels.outside), sender=labels.sender,
        team=labels.team, message=labels.message, step=int(labels.step), at=lost.at, accounts=(account,), lost=gone,
    )  # fmt: skip
