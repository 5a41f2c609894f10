"""How a supervisor ends: it stops its children, last started first, and is done when none is alive."""

from __future__ import annotations

from shoal.runtime.supervision.children import Phase
from shoal.runtime.supervision.state import State
from shoal.runtime.supervision.steps import Procedure, stop


def stop_everything(state: State) -> Procedure:
    """Stop all children, one after the other; those of a dynamic supervisor all at once, as in OTP.

    A child whose start is under way is stopped in its turn like the others.
    """
    children = list(state.children)[::-1]
    if state.spec.dynamic:
        for child in children:
            if child.phase in (Phase.STARTING, Phase.RUNNING):
                state.stop(child)
    for child in children:
        yield from stop(state, child)
    for token in list(state.strays):
        if token in state.strays:
            yield token
    assert state.end is not None
    state.ended = True
    state.effects.append(state.end)
