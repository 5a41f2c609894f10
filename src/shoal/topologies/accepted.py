"""Accepted: an answer is a proposal until the runtime's checks pass and verifiers other than the doer agree.

Failure modes and what is done about them (the numbers are MAST's, arXiv 2503.13657): an answer that is not what was
asked for (1.1) → its shape and every check are looked at by the runtime; "done" that is not done (3.1) → the doer's
word is never enough; nobody verifies (3.2), or the doer itself does → refused before anything starts; a wrong
verification (3.3) → it needs evidence, k of n verifiers, and loses to a check that fails, which is counted; an
objection that nobody hears (2.4) → the doer gets all of them and may answer again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from shoal.runtime.errors import ConfigError
from shoal.topologies.review.checks import Check
from shoal.topologies.review.debate_record import DebateRecord
from shoal.topologies.review.evidence import Demand
from shoal.topologies.review.reviewed import Reviewed, named_members, record_kind
from shoal.topologies.review.rounds import Rules

_DOER = "doer"
_CRITERION = "The task is done as it asks, completely; nothing is missing, wrong or made up."


class Accepted(Reviewed):
    """See :func:`accepted`."""

    pattern = "accepted"
    maker = _DOER
    checker = "verifiers"


def accepted(
    doer: Any,
    *,
    checks: Sequence[Check] = (),
    verifiers: Sequence[Any] | Mapping[str, Any] = (),
    need: int | None = None,
    attempts: int = 1,
    returns: type[BaseModel] | None = None,
    evidence: Demand = "quoted",
    distinct: bool = True,
    audit: bool = True,
    criterion: str = _CRITERION,
    record: bool | type[DebateRecord] = False,
) -> Accepted:
    """An agent or a team, whose answers count only when they are accepted.

    ``returns``: the model an answer has to be, or as a ``dict`` to fit. ``checks``: functions ``(answer)`` or
    ``(answer, task)`` that return what is wrong, or ``None``; all must pass. ``verifiers``: agents (a list, named
    ``1``, ``2``, ..., or by name) of which ``need`` must agree (``None``: all); what they take and answer is as of
    the checkers of :func:`~.debate.debate`. ``evidence``: what an agreement must have to count: passages ``"quoted"``
    from the task or the answer, something ``"given"`` (the output of a test), or ``"none"``. ``distinct``: refuse a
    verifier that is the doer, or another verifier. ``audit``: verifiers are asked also about an answer that a check
    refused, so that the doer hears everything at once, and a verifier that finds such an answer good is counted and
    logged; ``False`` saves those asks.

    An answer that is not accepted goes back to the doer with the objections, ``attempts`` times, as a
    ``shoal.Revision`` (or text, where it takes ``str``). Then ``NotAccepted`` is raised, with the reasons.
    ``record``: answer with a ``shoal.DebateRecord`` of all attempts.
    """
    if not isinstance(attempts, int) or attempts < 0:
        raise ConfigError(
            f"accepted: attempts is {attempts!r}; give how often the doer may answer again, or 0"
        )
    if returns is not None and not (isinstance(returns, type) and issubclass(returns, BaseModel)):
        raise ConfigError(f"accepted: returns is {returns!r}, which is no Pydantic model")
    rules = Rules(
        rounds=1 + attempts, needed=0, checks=tuple(checks), returns=returns, criterion=criterion, demand=evidence,
        audit=audit, stop_on_repeat=True, last=False, record=record_kind("accepted", record),
    )  # fmt: skip
    listed: Sequence[Any] = () if isinstance(verifiers, Mapping) else verifiers
    named: Mapping[str, Any] = verifiers if isinstance(verifiers, Mapping) else {}
    members = named_members("accepted", listed, named, (_DOER,))
    return Accepted(doer, members, None, rules, distinct, need)
