"""The two steps all procedures are made of: start a child and wait for it, stop a child and wait for it.

A procedure is a generator: it yields the token whose answer it waits for, and goes on when the machine has noted
that answer in the child. So a sequence reads from top to bottom though other events come in between.
"""

from __future__ import annotations

from collections.abc import Generator

from shoal.runtime.supervision.children import LIVE, Child, Phase
from shoal.runtime.supervision.events import Started, StartFailed, StartIgnored
from shoal.runtime.supervision.state import State

Answer = Started | StartIgnored | StartFailed | None
"""How a start went; ``None`` for a stop."""

Procedure = Generator[int, Answer, None]
"""Yields tokens to wait for."""


def start(state: State, child: Child, *, reviving: bool = False) -> Generator[int, Answer, Answer]:
    """Start the child; returns how that went. A child that did not come up is left in ``DOWN``.

    A process of the same id that this supervisor found and does not want has to be gone first: two would answer to
    one name.
    """
    while (stray := state.stray(child.id)) is not None:
        yield stray
    answer = yield state.start(child, reviving=reviving)
    return answer


def stop(state: State, child: Child, *, again: bool = False) -> Procedure:
    """Stop the child if it runs, and leave it ``DOWN``, or forgotten where it is temporary.

    A child that ended by itself a moment ago, or waits for a restart, is simply down: its exit is not dealt with
    any more (as OTP flushes the exits of children that it terminates).
    """
    if child.phase in (Phase.STARTING, Phase.RUNNING):
        state.stop(child, again=again)
    while child.phase in LIVE:
        assert child.token is not None
        yield child.token
    if state.children.by_id(child.id) is child:
        state.put_down(child)
