"""How a supervisor begins: it starts its children in order, or adopts those that outlived its predecessor."""

from __future__ import annotations

from shoal.runtime.supervision.children import Child, Phase
from shoal.runtime.supervision.effects import Begun, ReportKind, Stop
from shoal.runtime.supervision.events import Added, Adopt, Living, StartFailed, StartIgnored
from shoal.runtime.supervision.exits import Exit, ExitKind
from shoal.runtime.supervision.specs import WORKER_SHUTDOWN_S, ChildSpec, Restart
from shoal.runtime.supervision.state import HandleExit, State
from shoal.runtime.supervision.steps import Procedure, start

_LOST = Exit(kind=ExitKind.LOST, text="not alive when its supervisor came back")


def begin(state: State) -> Procedure:
    """Start all children in order, one after the other; the first that fails ends the supervisor.

    A temporary child that chooses not to run is forgotten; another one stays, down.
    """
    _enlist(state)
    for child in list(state.children):
        answer = yield from start(state, child)
        if isinstance(answer, StartFailed):
            state.fail_to_start(child)
            return
        if isinstance(answer, StartIgnored):
            state.put_down(child)
    state.begun = True
    state.effects.append(Begun())


def adopt(state: State, event: Adopt) -> None:
    """Keep the living, stop who is not ours, and deal with the missing as with children that just ended.

    The history of restarts begins empty, as in OTP, and what went missing meanwhile is not counted: the restart of
    this supervisor was, by its parent. (A node that takes a supervisor and three of its children with it would else
    use up the intensity at once.) Starts that then fail are counted.
    """
    _enlist(state)
    for id, living in event.living.items():
        spec = _spec_of(state, id, living)
        if spec is None:
            state.strays[living.token] = id
            state.effects.append(Stop(id, living.token, WORKER_SHUTDOWN_S))
        else:
            _keep(state, id, living, spec)
    for id, added in event.added.items():
        if state.children.by_id(id) is None:
            _enlist_added(state, id, added)
    state.next_token = max([state.next_token, *(living.token + 1 for living in event.living.values())])
    if state.spec.dynamic:
        state.next_number = 1 + max((_number(id) for id in (*event.living, *event.added)), default=0)
    for child in state.children:
        if child.phase is Phase.DOWN and child.id in event.down:
            child.last_exit = event.ended.get(child.id)
        elif child.phase is Phase.DOWN:
            child.last_exit = event.ended.get(child.id, _LOST).named(child.id)
            state.children.enter(child, Phase.EXITED)
            state.planned.append(HandleExit(child, child.turn, counted=False))
    state.begun = True
    state.effects.append(Begun())


def _enlist(state: State) -> None:
    if not state.spec.dynamic:
        for spec in state.spec.children:
            state.children.add(Child(spec.id, spec))


def _spec_of(state: State, id: str, living: Living) -> ChildSpec | None:
    if state.spec.dynamic:
        return state.spec.children[0]
    child = state.children.by_id(id)
    return child.spec if child is not None else living.spec


def _enlist_added(state: State, id: str, added: Added) -> None:
    spec = state.spec.children[0] if state.spec.dynamic else added.spec
    if spec is not None:
        state.children.add(Child(id, spec, added.extra))


def _keep(state: State, id: str, living: Living, spec: ChildSpec) -> None:
    child = state.children.by_id(id)
    if child is None:
        child = Child(id, spec, None if spec.restart is Restart.TEMPORARY else living.extra)
        state.children.add(child)
    state.children.adopt(child, living.token, living.ref)
    child.started_at = state.now
    state.report(ReportKind.ADOPTED, child, token=living.token, ref=living.ref)


def _number(id: str) -> int:
    tail = id.rpartition("-")[2]
    return int(tail) if tail.isascii() and tail.isdigit() else 0
