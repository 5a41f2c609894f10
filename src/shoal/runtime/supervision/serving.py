"""The requests that change something: OTP's ``start_child``, ``terminate_child``, ``restart_child``, ``delete_child``.

Each runs when the child it is about is idle, so that it never meets one that is just being started or stopped.
"""

from __future__ import annotations

from collections.abc import Hashable

from shoal.runtime.errors import ConfigError
from shoal.runtime.supervision.children import Child, Phase
from shoal.runtime.supervision.events import Started, StartFailed
from shoal.runtime.supervision.reading import find
from shoal.runtime.supervision.requests import (
    Changing,
    ChildStarted,
    DeleteChild,
    Refusal,
    RestartChild,
    StartChild,
    TerminateChild,
)
from shoal.runtime.supervision.specs import ChildSpec, check_child
from shoal.runtime.supervision.state import State
from shoal.runtime.supervision.steps import Answer, Procedure, start, stop


def subject(state: State, request: Changing) -> str:
    """Id of the child that the request is about; a new child of a dynamic supervisor gets one here."""
    if isinstance(request, StartChild):
        if not state.spec.dynamic:
            return request.spec.id if request.spec is not None else ""
        return request.id if request.id is not None else _new_id(state)
    child = find(state, request.child)
    return child.id if child is not None else str(request.child)


def serve(state: State, request: Changing, id: str) -> Procedure:
    """Do what is asked about child ``id`` and answer."""
    match request:
        case StartChild():
            yield from _start_child(state, request, id)
        case TerminateChild():
            yield from _terminate_child(state, request, id)
        case RestartChild() | DeleteChild() if state.spec.dynamic:
            _not_for_dynamic(state, request.request, "its children are named by the template")
        case RestartChild():
            yield from _restart_child(state, request.request, id)
        case DeleteChild():
            _delete_child(state, request.request, id)


def _start_child(state: State, request: StartChild, id: str) -> Procedure:
    try:
        spec = _spec_for(state, request)
    except ConfigError as exc:
        state.refuse(request.request, Refusal.INVALID_SPEC, exc.text)
        return
    present = state.children.by_id(id)
    if present is not None:
        _refuse_taken(state, request.request, present)
        return
    child = Child(id, spec, request.extra)
    state.children.add(child)
    answer = yield from start(state, child)
    if isinstance(answer, StartFailed):
        state.children.remove(child)
    elif child.phase is Phase.DOWN:
        state.put_down(child)
    _answer_start(state, request.request, child, answer)


def _spec_for(state: State, request: StartChild) -> ChildSpec:
    if state.spec.dynamic:
        if request.spec is not None:
            raise ConfigError(
                f"supervisor {state.spec.name!r}: start_child: a simple_one_for_one supervisor has its children's "
                "spec, the template; give extra instead of spec"
            )
        return state.spec.children[0]
    if request.spec is None:
        raise ConfigError(f"supervisor {state.spec.name!r}: start_child: spec is missing; give a ChildSpec")
    check_child(request.spec, state.spec)
    return request.spec


def _refuse_taken(state: State, request: Hashable, present: Child) -> None:
    if present.phase is Phase.RUNNING:
        text = f"child {present.id!r} runs already"
        state.refuse(request, Refusal.ALREADY_STARTED, text, ref=present.ref)
    else:
        text = f"child {present.id!r} is there already and does not run: restart_child starts it"
        state.refuse(request, Refusal.ALREADY_PRESENT, text)


def _terminate_child(state: State, request: TerminateChild, id: str) -> Procedure:
    child = state.children.by_id(id)
    if child is not None:
        yield from stop(state, child)
    elif state.spec.dynamic and request.child == state.spec.children[0].id:
        _not_for_dynamic(state, request.request, "give a child's own id, ref or token, not the template's id")
        return
    elif not _was_child(state, request.child):
        _not_found(state, request.request, id)
        return
    state.reply(request.request)


def _restart_child(state: State, request: Hashable, id: str) -> Procedure:
    child = state.children.by_id(id)
    if child is None:
        _not_found(state, request, id)
    elif child.phase is Phase.DOWN:
        # Somebody looked after it: what failed before is no longer in a row with what may come.
        child.restarts_in_row = 0
        answer = yield from start(state, child)
        _answer_start(state, request, child, answer)
    else:
        _refuse_up(state, request, child)


def _delete_child(state: State, request: Hashable, id: str) -> None:
    child = state.children.by_id(id)
    if child is None:
        _not_found(state, request, id)
    elif child.phase is Phase.DOWN:
        state.children.remove(child)
        state.reply(request)
    else:
        _refuse_up(state, request, child)


def _answer_start(state: State, request: Hashable, child: Child, answer: Answer) -> None:
    if isinstance(answer, StartFailed):
        text = f"child {child.id!r} did not start: {answer.exit.text or answer.exit.kind.value}"
        state.refuse(request, Refusal.START_FAILED, text, exit=child.last_exit)
    elif isinstance(answer, Started):
        state.reply(request, ChildStarted(child.id, answer.token, answer.ref, answer.info))
    else:
        state.reply(request, ChildStarted(child.id, None, None))


def _refuse_up(state: State, request: Hashable, child: Child) -> None:
    if child.phase is Phase.RUNNING:
        text = f"child {child.id!r} is running: terminate it first"
        state.refuse(request, Refusal.RUNNING, text, ref=child.ref)
    else:
        text = f"child {child.id!r} is being restarted: terminate it first"
        state.refuse(request, Refusal.RESTARTING, text)


def _not_found(state: State, request: Hashable, id: str) -> None:
    state.refuse(request, Refusal.NOT_FOUND, f"supervisor {state.spec.name!r} has no child {id!r}")


def _not_for_dynamic(state: State, request: Hashable, remedy: str) -> None:
    text = f"not for supervisor {state.spec.name!r}, which is simple_one_for_one: {remedy}"
    state.refuse(request, Refusal.SIMPLE_ONE_FOR_ONE, text)


def _new_id(state: State) -> str:
    template = state.spec.children[0].id
    while True:
        id = f"{template}-{state.next_number}"
        state.next_number += 1
        if state.children.by_id(id) is None:
            return id


def _was_child(state: State, which: str | int) -> bool:
    """Whether it names a dynamic child that is gone: to terminate it again is no error (as of a dead pid)."""
    if not state.spec.dynamic:
        return False
    if isinstance(which, int):
        return state.first_token <= which < state.next_token
    stem, _, number = which.rpartition("-")
    return stem == state.spec.children[0].id and number.isdecimal() and 0 < int(number) < state.next_number
