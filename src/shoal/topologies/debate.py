"""Debate (maker-checker): one makes an answer, others object, it is made again, until it is accepted or decided.

Failure modes and what is done about them: checkers with the maker's blind spots → the same agent, or the same model
with the same words, is refused; an agreement without evidence → does not count; endless rounds → they are counted,
and a draft that was there before ends them; nobody agrees → a judge chooses, or an error has the draft and the
objections.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from shoal.runtime.errors import ConfigError
from shoal.topologies.review.checks import Check
from shoal.topologies.review.debate_record import DebateRecord
from shoal.topologies.review.evidence import Demand
from shoal.topologies.review.reviewed import JUDGE, Reviewed, named_members, record_kind
from shoal.topologies.review.rounds import Rules

_MAKER = "maker"
_CRITERION = "The answer does what the task asks, completely, and nothing in it is wrong or made up."


class Debate(Reviewed):
    """See :func:`debate`."""

    pattern = "debate"
    maker = _MAKER
    checker = "checkers"


def debate(
    maker: Any,
    *checkers: Any,
    rounds: int = 3,
    need: int | None = None,
    checks: Sequence[Check] = (),
    judge: Any = None,
    on_end: Literal["error", "last"] = "error",
    evidence: Demand = "quoted",
    distinct: bool = True,
    stop_on_repeat: bool = True,
    criterion: str = _CRITERION,
    record: bool | type[DebateRecord] = False,
    **named: Any,
) -> Debate:
    """A maker and its checkers (positional, by keyword, or as a mapping): agents or teams.

    The ``maker`` takes the task, and from the second round on a ``shoal.Revision``: the task, its draft and the
    objections (a subclass can name their types; a maker that takes ``str`` gets the text). Each checker takes the
    draft, or a ``shoal.Judgement`` (task, draft and ``criterion`` as text), or a ``shoal.Proposal`` (the same, as
    data), and answers a ``shoal.Verdict``.

    A draft is accepted when all ``checks`` pass (functions ``(draft)`` or ``(draft, task)`` that return what is
    wrong, or ``None``; they run first, and while one fails no checker is asked) and ``need`` checkers find it good
    (``None``: all). ``evidence``: what an agreement must have to count: ``"quoted"`` passages of the task or draft,
    ``"given"`` (anything), or ``"none"``. ``distinct``: refuse members that are the same agent, or the same model
    with the same words. ``stop_on_repeat``: a draft that was there before ends the debate.

    Without agreement after so many ``rounds``, the ``judge`` (takes a ``shoal.Dispute``, answers a
    ``shoal.Decision``) chooses a draft, or none; without one, ``NotAccepted`` is raised, or with ``on_end="last"``
    the last draft is the answer, in a record that says so. ``record``: answer with a ``shoal.DebateRecord``: who
    objected what in which round, what changed. A checker that fails gives no verdict: the task fails with its error
    only when nobody objects and agreement is lacking.
    """
    if on_end not in ("error", "last"):
        raise ConfigError(f"debate: on_end is {on_end!r}; it must be 'error' or 'last'")
    kind = record_kind("debate", record)
    if on_end == "last" and kind is None:
        raise ConfigError(
            "debate: on_end='last' answers with a draft that nobody accepted, and only a record can say so: add "
            "record=True"
        )
    rules = Rules(
        rounds=rounds, needed=0, checks=tuple(checks), returns=None, criterion=criterion, demand=evidence,
        audit=False, stop_on_repeat=stop_on_repeat, last=on_end == "last", record=kind,
    )  # fmt: skip
    members = named_members("debate", checkers, named, (_MAKER, JUDGE))
    return Debate(maker, members, judge, rules, distinct, need)
