"""The circuit breaker as a pure function: (state, event, now) -> (state, whether a call may be made).

::

    Closed --[failures within the window]--> Open --[open_s]--> HalfOpen --[the probe succeeds]--> Closed
                                              ^                    |
                                              +--[the probe fails]-+

Half-open, one call may be made: the probe. Only what it reports counts: calls that began before the endpoint was left
alone say nothing about how it is now. A probe that is given up (cancelled, or stopped by a limit of ours) leaves its
place to the next; one that reports nothing at all, after another ``open_s``.
"""

from __future__ import annotations

from enum import Enum, IntEnum
from typing import NamedTuple

from shoal.models.spec import Breaker


class Phase(IntEnum):
    """As metrics show it."""

    CLOSED = 0
    HALF_OPEN = 1
    OPEN = 2


class State(NamedTuple):
    """One endpoint's."""

    phase: Phase = Phase.CLOSED
    failures: tuple[float, ...] = ()
    """Closed: when they were."""
    since: float = 0.0
    """Open: since when. Half-open: since when the probe is out."""
    probing: bool = False
    """Half-open: whether a probe is out."""


class Event(Enum):
    """What happens to an endpoint."""

    ASKED = "asked"
    """Somebody wants to make a call."""
    SUCCEEDED = "succeeded"
    """It answered: also with a refusal that is not its fault."""
    FAILED = "failed"
    GIVEN_UP = "given up"
    """The call ended without saying anything about the endpoint."""


class Decision(NamedTuple):
    """What follows from an event."""

    state: State
    allowed: bool = False
    """Of ``ASKED``: the call may be made."""
    probe: bool = False
    """Of ``ASKED``: it is the probe; its end is to be told as a probe's."""


def decide(rule: Breaker, state: State, event: Event, now: float, *, probe: bool = False) -> Decision:
    """What follows from ``event``; ``probe``: whether the call that ended was one."""
    if event is Event.ASKED:
        return _ask(rule, state, now)
    if state.phase is Phase.CLOSED:
        return Decision(_count(rule, state, now) if event is Event.FAILED else state)
    if state.phase is Phase.OPEN or not probe:
        return Decision(state)
    if event is Event.SUCCEEDED:
        return Decision(State())
    if event is Event.FAILED:
        return Decision(State(Phase.OPEN, since=now))
    return Decision(state._replace(probing=False))


def wait_s(rule: Breaker, state: State, now: float) -> float:
    """Seconds until a call may be allowed, as far as one can know; 0: now."""
    if state.phase is Phase.CLOSED or (state.phase is Phase.HALF_OPEN and not state.probing):
        return 0.0
    return max(0.0, state.since + rule.open_s - now)


def _ask(rule: Breaker, state: State, now: float) -> Decision:
    if state.phase is Phase.CLOSED:
        return Decision(state, allowed=True)
    if wait_s(rule, state, now) > 0:
        return Decision(state)
    return Decision(State(Phase.HALF_OPEN, since=now, probing=True), allowed=True, probe=True)


def _count(rule: Breaker, state: State, now: float) -> State:
    failures = (*(at for at in state.failures if at > now - rule.within_s), now)
    if len(failures) >= rule.failures:
        return State(Phase.OPEN, since=now)
    return State(failures=failures)
