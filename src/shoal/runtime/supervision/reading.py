"""The requests that only look: answered at once, whatever else is under way."""

from __future__ import annotations

from shoal.runtime.supervision.children import Child
from shoal.runtime.supervision.requests import (
    CountChildren,
    Counts,
    GetChildSpec,
    Reading,
    Refusal,
    WhichChild,
    WhichChildren,
)
from shoal.runtime.supervision.specs import ChildKind
from shoal.runtime.supervision.state import State


def read(state: State, request: Reading) -> None:
    """Answer from what is known now."""
    match request:
        case WhichChildren():
            state.reply(request.request, tuple(child.info() for child in state.children))
        case CountChildren():
            state.reply(request.request, _counts(state))
        case WhichChild() | GetChildSpec():
            _read_child(state, request)


def find(state: State, which: str | int) -> Child | None:
    """The child of this id; of a dynamic supervisor also by ref or token (a token's type is ``int``)."""
    if not state.spec.dynamic:
        return state.children.by_id(which) if isinstance(which, str) else None
    if isinstance(which, int):
        return state.children.by_token(which)
    return state.children.by_id(which) or state.children.by_ref(which)


def _read_child(state: State, request: WhichChild | GetChildSpec) -> None:
    child = find(state, request.child)
    if child is None:
        if state.spec.dynamic and request.child == state.spec.children[0].id:
            text = f"{request.child!r} is the template of supervisor {state.spec.name!r}; name one of its children"
            state.refuse(request.request, Refusal.SIMPLE_ONE_FOR_ONE, text)
        else:
            text = f"supervisor {state.spec.name!r} has no child {request.child!r}"
            state.refuse(request.request, Refusal.NOT_FOUND, text)
        return
    state.reply(request.request, child.info() if isinstance(request, WhichChild) else child.spec)


def _counts(state: State) -> Counts:
    running = state.children.running
    if state.spec.dynamic:
        total = len(state.children)
        supervisors = total if state.spec.children[0].kind is ChildKind.SUPERVISOR else 0
        return Counts(1, running, supervisors, total - supervisors)
    supervisors = sum(child.spec.kind is ChildKind.SUPERVISOR for child in state.children)
    return Counts(len(state.children), running, supervisors, len(state.children) - supervisors)
