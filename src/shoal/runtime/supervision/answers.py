"""What is noted of a child when word comes of its process: the first thing that happens to such an event."""

from __future__ import annotations

from shoal.runtime.supervision.children import Child, Phase
from shoal.runtime.supervision.effects import ReportKind
from shoal.runtime.supervision.events import Exited, Started, StartFailed, StartIgnored, Stopped
from shoal.runtime.supervision.exits import Exit, ExitKind
from shoal.runtime.supervision.specs import Restart
from shoal.runtime.supervision.state import HandleExit, State
from shoal.runtime.supervision.steps import Answer

Word = Started | StartIgnored | StartFailed | Exited | Stopped


def note(state: State, child: Child, word: Word) -> Answer:
    """Note it in the child whose present incarnation it is about; returns what a waiting procedure is told."""
    match word:
        case Started():
            return _note_started(state, child, word)
        case StartIgnored() if child.phase is Phase.STARTING:
            state.report(ReportKind.START_IGNORED, child, token=child.token)
            state.children.enter(child, Phase.DOWN)
            return word
        case StartIgnored():
            return _note_end(state, child, None)
        case _:
            return _note_end(state, child, word.exit)


def _note_started(state: State, child: Child, word: Started) -> Answer:
    if child.phase is Phase.STARTING:
        state.children.enter(child, Phase.RUNNING)
        child.started_at = state.now
        if child.spec.restart is Restart.TEMPORARY:
            # It is never started again: what it was started with may be large, and there may be many (OTP-9242).
            child.extra = None
            if not state.spec.dynamic:
                child.spec = child.spec.model_copy(update={"agent": None})
        state.report(ReportKind.STARTED, child, token=word.token, ref=word.ref)
    # Where it is being stopped already, the word crossed with the wish: only its address is news.
    state.children.set_ref(child, word.ref)
    return word


def _note_end(state: State, child: Child, exit: Exit | None) -> Answer:
    token, phase = child.token, child.phase
    assert token is not None
    exit = (exit or Exit(kind=_wanted(child))).named(child.id)
    child.last_exit = exit
    child.ran_s = 0.0 if phase is Phase.STARTING else state.now - child.started_at
    if phase is Phase.STARTING:
        state.children.enter(child, Phase.DOWN)
        state.report(ReportKind.START_FAILED, child, token=token, exit=exit)
        return StartFailed(child.id, token, exit)
    if phase is Phase.STOPPING:
        state.children.enter(child, Phase.DOWN)
        kind = ReportKind.STOPPED if _clean(child, exit) else ReportKind.STOP_UNCLEAN
        state.report(kind, child, token=token, exit=exit)
        return None
    state.children.enter(child, Phase.EXITED)
    state.report(ReportKind.EXITED, child, token=token, exit=exit)
    state.planned.append(HandleExit(child, child.turn))
    return None


def _wanted(child: Child) -> ExitKind:
    return ExitKind.KILLED if child.spec.shutdown == "brutal_kill" else ExitKind.SHUTDOWN


def _clean(child: Child, exit: Exit) -> bool:
    """OTP's ``shutdown``: what was wanted, or any normal end of a child that need not be permanent."""
    return exit.kind is _wanted(child) or (exit.normal and child.spec.restart is not Restart.PERMANENT)
