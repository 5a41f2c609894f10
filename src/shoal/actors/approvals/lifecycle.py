"""How a request goes on: ``(request, event, now) -> request``. Pure.

::

    pending ──Decision──▶ approved | edited | answered | rejected     the first decision counts
       │ ▲ ──time──────▶ expired                                     a refusal
       ▼ │Asked
    withdrawn ◀──Left                                                 whoever asked gave up; asked again, it is pending

Time needs no event: :func:`as_of` says what a request is at a moment, so that one which nobody has marked as expired
cannot be approved all the same.
"""

from __future__ import annotations

import json
from typing import NamedTuple

from shoal.actors.approvals.errors import (
    ApprovalError,
    DecisionUnfit,
    RequestDecided,
    RequestExpired,
    RequestWithdrawn,
)
from shoal.actors.approvals.request import SHORT, Decision, Kind, Request, State

_FIT: dict[Kind, frozenset[State]] = {
    Kind.TOOL: frozenset({State.APPROVED, State.EDITED, State.REJECTED}),
    Kind.MESSAGE: frozenset({State.APPROVED, State.EDITED, State.REJECTED}),
    Kind.INPUT: frozenset({State.ANSWERED, State.REJECTED}),
}
_VERBS = {
    State.APPROVED: "approve",
    State.EDITED: "edit",
    State.ANSWERED: "answer",
    State.REJECTED: "reject",
}


class Asked(NamedTuple):
    """The agent asks for it again: it handles its message again."""

    request: Request


class Left(NamedTuple):
    """Whoever asked does not wait any more."""


Event = Asked | Decision | Left


def as_of(request: Request, now: float) -> Request:
    """The request as it stands at ``now``."""
    if request.state is State.PENDING and now >= request.expires_at:
        return request.model_copy(update={"state": State.EXPIRED})
    return request


def step(request: Request, event: Event, now: float) -> Request:
    """What the request is after the event. Raises :class:`ApprovalError` for a decision that cannot be taken."""
    current = as_of(request, now)
    if isinstance(event, Decision):
        return _decided(current, event)
    if isinstance(event, Asked):
        return _asked_again(current, event.request, now)
    if current.state is State.PENDING:
        return current.model_copy(update={"state": State.WITHDRAWN})
    return current


def _asked_again(current: Request, again: Request, now: float) -> Request:
    if (current.agent, current.kind, current.subject) != (again.agent, again.kind, again.subject):
        raise ApprovalError(
            f"request {current.id[:SHORT]} is one of {current.agent} for {current.subject or current.kind}: another "
            "one cannot take its decision",
            request=current.id,
        )
    if current.state not in (State.PENDING, State.WITHDRAWN):
        return current
    waits = {"waits_until": again.waits_until, "waits_for": again.waits_for, "state": State.PENDING}
    return as_of(current.model_copy(update=waits), now)


def _decided(current: Request, decision: Decision) -> Request:
    if current.state is not State.PENDING:
        raise _over(current)
    if decision.state not in _FIT[current.kind]:
        ways = ", ".join(_VERBS[state] for state in State if state in _FIT[current.kind])
        raise DecisionUnfit(
            f"request {current.id[:SHORT]} is {_described(current.kind)}: {ways} it, do not "
            f"{_VERBS[decision.state]} it",
            request=current.id,
        )
    if decision.state is State.EDITED:
        _check_edit(current, decision)
    return current.model_copy(update={"state": decision.state, "decision": decision})


def _check_edit(current: Request, decision: Decision) -> None:
    """An edit has to be of the same JSON type; whether its fields fit, only the agent that waits knows."""
    try:
        edited = json.loads(decision.value or "")
    except ValueError as exc:
        raise DecisionUnfit(
            f"the value for request {current.id[:SHORT]} is no JSON: {exc}", request=current.id
        ) from exc
    wanted = _json_type(current.data)
    if wanted != "null" and _json_type(edited) != wanted:
        raise DecisionUnfit(
            f"the value for request {current.id[:SHORT]} has to be a JSON {wanted}, as the one shown; this is a JSON "
            f"{_json_type(edited)}",
            request=current.id,
        )


def _over(current: Request) -> ApprovalError:
    decision = current.decision
    if current.state is State.EXPIRED:
        return RequestExpired(
            f"request {current.id[:SHORT]} has expired: nobody decided in time, which is a refusal",
            request=current.id,
        )
    if current.state is State.WITHDRAWN or decision is None:
        return RequestWithdrawn(
            f"request {current.id[:SHORT]} was withdrawn: {current.agent} does not wait for it any more",
            request=current.id,
        )
    return RequestDecided(
        f"request {current.id[:SHORT]} was {current.state} by {decision.by} before: the first decision counts",
        request=current.id,
        state=str(current.state),
        by=decision.by,
    )


def _described(kind: Kind) -> str:
    return {Kind.TOOL: "an action", Kind.MESSAGE: "a message", Kind.INPUT: "a question"}[kind]


def _json_type(data: object) -> str:
    if isinstance(data, bool):
        return "boolean"
    if isinstance(data, int | float):
        return "number"
    if isinstance(data, str):
        return "string"
    if isinstance(data, list):
        return "array"
    return "object" if isinstance(data, dict) else "null"
