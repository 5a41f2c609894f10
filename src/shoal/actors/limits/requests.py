"""What a process and the limiter say to each other, as bytes (msgpack).

An **exchange** brings all that happened in a process since its last one (wants, settlements, wants taken back, calls
that are recorded, rates)
and is answered at once, when it is safe, with what was decided meanwhile. A **poll** brings nothing and is answered
when something was decided, or after a while. **Status**, **set** and **begin** (the time of a
level) are for people and for the program that opened the limits.

Each names the epoch of the limiter that it was meant for. One that comes to a later limiter changes nothing: the answer
says ``stale``, and the process says everything again, under the same numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import Any, NamedTuple

import msgpack

from shoal.models.errors import BudgetExceeded, LimitError
from shoal.models.permits import Budget, Charge, Level, Settlement, Want
from shoal.models.spec import Rates
from shoal.runtime.errors import ProtocolError


class Ask(IntEnum):
    """What is asked for."""

    EXCHANGE = 0
    POLL = 1
    STATUS = 2
    SET = 3
    BEGIN = 4


class Request(NamedTuple):
    """One message to the limiter. Numbers are the process's own."""

    ask: Ask
    holder: str
    """The process."""
    epoch: int
    wants: Sequence[tuple[int, Want]] = ()
    settled: Sequence[tuple[int, Settlement | None]] = ()
    cancelled: Sequence[int] = ()
    rates: Sequence[tuple[str, Rates]] = ()
    level: str = ""
    budget: Budget | None = None
    recorded: Sequence[Charge] = ()
    """Of calls whose record is written, also by an earlier process."""


class Answer(NamedTuple):
    """One message of the limiter."""

    epoch: int
    beat_s: float
    """How often a process has to say that it lives while it holds a permit."""
    stale: bool = False
    trouble: str = ""
    """Why nothing can be decided."""
    granted: Sequence[int] = ()
    denied: Sequence[tuple[int, LimitError]] = ()
    status: str = ""
    """As JSON."""


def pack_request(request: Request) -> bytes:
    """For the wire."""
    packed: bytes = msgpack.packb(
        (
            request.ask, request.holder, request.epoch,
            [(number, _want_fields(want)) for number, want in request.wants],
            request.settled, request.cancelled,
            [(endpoint, (rates.rpm, rates.tpm, rates.concurrency)) for endpoint, rates in request.rates],
            request.level, _budget_fields(request.budget), request.recorded,
        )
    )  # fmt: skip
    return packed


def read_request(message: bytes) -> Request:
    """From the wire. Raises ``ProtocolError``."""
    try:
        ask, holder, epoch, wants, settled, cancelled, rates, level, budget, recorded = msgpack.unpackb(
            message
        )
        return Request(
            Ask(ask), holder, epoch,
            [(number, _read_want(fields)) for number, fields in wants],
            [(number, None if took is None else Settlement(*took)) for number, took in settled],
            cancelled,
            [(endpoint, Rates(rpm=rpm, tpm=tpm, concurrency=most)) for endpoint, (rpm, tpm, most) in rates],
            level, _read_budget(budget), [Charge(*fields) for fields in recorded],
        )  # fmt: skip
    except (ValueError, TypeError, msgpack.UnpackException) as exc:
        raise ProtocolError(f"a message to the limiter cannot be read: {exc}") from exc


def pack_answer(answer: Answer) -> bytes:
    """For the wire."""
    denied = [
        (number, isinstance(error, BudgetExceeded), error.text, error.details)
        for number, error in answer.denied
    ]
    packed: bytes = msgpack.packb((*answer[:5], denied, answer.status))
    return packed


def read_answer(message: bytes) -> Answer:
    """From the wire. Raises ``ProtocolError``."""
    try:
        epoch, beat_s, stale, trouble, granted, denied, status = msgpack.unpackb(message)
        errors = [
            (number, (BudgetExceeded if budget else LimitError)(text, **details))
            for number, budget, text, details in denied
        ]
        return Answer(epoch, beat_s, stale, trouble, granted, errors, status)
    except (ValueError, TypeError, msgpack.UnpackException) as exc:
        raise ProtocolError(f"an answer of the limiter cannot be read: {exc}") from exc


def _want_fields(want: Want) -> tuple[Any, ...]:
    levels = [(level.name, _budget_fields(level.budget)) for level in want.levels]
    return (want.endpoint, want.model, want.tokens, want.usd, levels, *want[5:])


def _read_want(fields: Any) -> Want:
    endpoint, model, tokens, usd, levels, steps, task, priority, deadline, about = fields
    read = tuple(Level(name, _read_budget(budget)) for name, budget in levels)
    return Want(endpoint, model, tokens, usd, read, steps, task, priority, deadline, tuple(about))


def _budget_fields(budget: Budget | None) -> tuple[Any, ...] | None:
    if budget is None:
        return None
    return (budget.tokens, budget.usd, budget.calls, budget.steps, budget.wall_s)


def _read_budget(fields: Any) -> Budget | None:
    if fields is None:
        return None
    tokens, usd, calls, steps, wall_s = fields
    return Budget(tokens=tokens, usd=usd, calls=calls, steps=steps, wall_s=wall_s)
