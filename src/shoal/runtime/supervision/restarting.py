"""What a child's end leads to: a restart, more restarts, or the supervisor's own end. OTP's ``do_restart``.

The order is OTP's: count the restart; if that is one too many, give up; stop the children that the strategy takes
along, last started first; start what is left of the group, in start order. A start that fails is tried again,
counted again, and other work is done in between. The group of a failed child is that of the child that failed, not
of the one whose end began it all.
"""

from __future__ import annotations

from shoal.runtime.supervision.children import Child, Phase
from shoal.runtime.supervision.effects import ReportKind
from shoal.runtime.supervision.events import StartFailed, StartIgnored
from shoal.runtime.supervision.specs import AutoShutdown, Strategy
from shoal.runtime.supervision.state import State, TryAgain
from shoal.runtime.supervision.steps import Procedure, start, stop


def handle_exit(state: State, child: Child, *, counted: bool) -> Procedure:
    """A child ended by itself: restart it, or let it be and see whether that ends the supervisor."""
    assert child.last_exit is not None
    if child.spec.restart.wanted(child.last_exit):
        yield from restart(state, child, counted=counted)
        return
    state.put_down(child)
    if _ends_supervisor(state, child):
        state.shut_self_down(child)


def restart(state: State, child: Child, *, counted: bool = True) -> Procedure:
    """Count a restart and do it, now or after its pause."""
    if counted and not state.window.add(state.now):
        state.put_down(child)
        state.give_up(child)
        return
    _count_in_row(state, child)
    delay_s = state.delay_s(child)
    state.report(
        ReportKind.RESTARTING, child, exit=child.last_exit, delay_s=delay_s, counted=len(state.window)
    )
    state.children.enter(child, Phase.RESTARTING)
    # Those who share the child's fate go down before its pause, not after: they would run on without it.
    yield from _stop_group(state, child)
    if delay_s > 0:
        state.wait_for_restart(child, delay_s)
    else:
        yield from revive(state, child)


def revive(state: State, child: Child) -> Procedure:
    """Start the child and its group. The group is stopped (again) first: in a pause it can have been restarted."""
    yield from _stop_group(state, child)
    for member in _group(state, child):
        answer = yield from start(state, member, reviving=True)
        if isinstance(answer, StartFailed):
            state.children.enter(member, Phase.RESTARTING)
            state.planned.append(TryAgain(member, member.turn))
            return
        if isinstance(answer, StartIgnored):
            state.put_down(member)
        else:
            member.restarts += 1


def _stop_group(state: State, child: Child) -> Procedure:
    for member in reversed(_group(state, child)):
        if member is not child:
            yield from stop(state, member, again=True)


def _group(state: State, child: Child) -> list[Child]:
    match state.spec.strategy:
        case Strategy.ONE_FOR_ALL:
            return list(state.children)
        case Strategy.REST_FOR_ONE:
            return state.children.from_child_on(child)
        case _:
            return [child]


def _count_in_row(state: State, child: Child) -> None:
    backoff = state.backoff_of(child)
    if backoff is not None and child.ran_s >= backoff.reset_after_s:
        child.restarts_in_row = 0
    child.restarts_in_row += 1


def _ends_supervisor(state: State, child: Child) -> bool:
    """OTP's ``do_auto_shutdown``. A significant child that waits for its restart has not ended."""
    if not child.spec.significant:
        return False
    match state.spec.auto_shutdown:
        case AutoShutdown.ANY_SIGNIFICANT:
            return True
        case AutoShutdown.ALL_SIGNIFICANT:
            return not any(
                other.spec.significant and other.phase is not Phase.DOWN for other in state.children
            )
        case AutoShutdown.NEVER:
            return False
