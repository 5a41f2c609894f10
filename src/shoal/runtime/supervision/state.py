"""What one supervisor knows and wants: the part that all procedures share.

Procedures (:mod:`.steps`, :mod:`.restarting`, :mod:`.serving`, :mod:`.ending`) read and change it and leave effects
and jobs behind; :mod:`.machine` runs them. ``now`` is the time of the event in hand.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

from shoal.runtime.supervision.backoff import Backoff
from shoal.runtime.supervision.children import Child, Children, Phase
from shoal.runtime.supervision.effects import (
    Effect,
    Ended,
    EndReason,
    Notify,
    Reply,
    Report,
    ReportKind,
    Start,
    Stop,
    Timer,
)
from shoal.runtime.supervision.exits import Exit, ExitKind
from shoal.runtime.supervision.intensity import RestartWindow
from shoal.runtime.supervision.requests import Changing, Refusal, RequestError
from shoal.runtime.supervision.specs import Restart, SupervisorSpec


@dataclass(frozen=True, slots=True)
class HandleExit:
    """Deal with a child's end; ``counted``: its restart counts against the intensity."""

    child: Child
    turn: int
    counted: bool = True


@dataclass(frozen=True, slots=True)
class TryAgain:
    """A restart failed: count another one and try again, after what waits already."""

    child: Child
    turn: int


@dataclass(frozen=True, slots=True)
class Revive:
    """The pause before a restart that was counted is over."""

    child: Child
    turn: int


Planned = HandleExit | TryAgain | Revive
"""Work of the supervisor's own; void once its child has taken another turn."""


class State:
    """One supervisor's knowledge, and its outbox."""

    def __init__(self, spec: SupervisorSpec, first_token: int, rng: random.Random) -> None:
        self.spec = spec
        self.children = Children()
        self.window = RestartWindow(spec.intensity, spec.period_s)
        self.now = 0.0
        self.effects: list[Effect] = []
        self.planned: list[Planned] = []
        """Made by the procedure in hand, for the machine to put in line."""
        self.open: dict[Hashable, Changing] = {}
        """Requests that have no reply yet, oldest first."""
        self.strays: dict[int, str] = {}
        """Living processes that belong to no child: being stopped."""
        self.end: Ended | None = None
        """Set once: the supervisor is to end, or has ended, like this."""
        self.begun = False
        self.ended = False
        self.first_token = first_token
        self.next_token = first_token
        self.next_number = 1
        """For the id of the next child that is made from the template."""
        self._rng = rng
        self._timers: list[tuple[float, int, Child, int]] = []
        self._timers_made = 0

    # What is to be done

    def start(self, child: Child, *, reviving: bool) -> int:
        """Ask for a new incarnation; returns its token."""
        token = self.next_token
        self.next_token += 1
        child.reviving = reviving
        self.children.begin_incarnation(child, token)
        self.effects.append(Start(child.id, token, child.spec, child.extra))
        return token

    def stop(self, child: Child, *, again: bool = False) -> None:
        """Ask for the end of a child that runs or starts."""
        assert child.token is not None
        self.children.enter(child, Phase.STOPPING)
        again = again and child.spec.restart is not Restart.TEMPORARY
        self.effects.append(Stop(child.id, child.token, child.spec.shutdown, again))

    def put_down(self, child: Child) -> None:
        """It has no process and is not to get one; a temporary child is forgotten."""
        self.children.enter(child, Phase.DOWN)
        if child.spec.restart is Restart.TEMPORARY or self.spec.dynamic:
            self.children.remove(child)

    def reply(self, request: Hashable, value: Any = None) -> None:
        """Answer a request."""
        self.open.pop(request, None)
        self.effects.append(Reply(request, value))

    def refuse(
        self,
        request: Hashable,
        refusal: Refusal,
        text: str,
        *,
        exit: Exit | None = None,
        ref: str | None = None,
    ) -> None:
        """Answer a request with why it was not done."""
        self.open.pop(request, None)
        self.effects.append(Reply(request, error=RequestError(refusal, text, exit, ref)))

    def stray(self, id: str) -> int | None:
        """Token of a process of this id that belongs to no child."""
        return next((token for token, name in self.strays.items() if name == id), None)

    def report(self, kind: ReportKind, child: Child, **details: Any) -> None:
        """Tell what happened to a child."""
        self.effects.append(Notify(Report(kind, child.id, **details)))

    # Time

    def wait_for_restart(self, child: Child, delay_s: float) -> None:
        """Revive the child later, unless it takes another turn before."""
        at = self.now + delay_s
        self._timers_made += 1
        heapq.heappush(self._timers, (at, self._timers_made, child, child.turn))
        self.effects.append(Timer(at))

    def take_due(self) -> list[Revive]:
        """The pauses that are over."""
        due: list[Revive] = []
        while self._timers and self._timers[0][0] <= self.now:
            _, _, child, turn = heapq.heappop(self._timers)
            due.append(Revive(child, turn))
        if not due and self._timers:
            # The caller's clock was early; without this its one timer would be lost.
            self.effects.append(Timer(self._timers[0][0]))
        return due

    def forget_timers(self) -> None:
        """Nothing is restarted any more."""
        self._timers.clear()

    def delay_s(self, child: Child) -> float:
        """The pause before this child's next restart; chance is drawn only where a backoff is set."""
        backoff = self.backoff_of(child)
        return 0.0 if backoff is None else backoff.delay_s(child.restarts_in_row, self._rng.random())

    def backoff_of(self, child: Child) -> Backoff | None:
        """The child's own backoff, or the supervisor's."""
        return child.spec.backoff or self.spec.backoff

    # The end

    def give_up(self, child: Child) -> None:
        """The intensity is exceeded: end with OTP's ``shutdown``, and the child's exit as the cause."""
        counted = len(self.window)
        restarts = "1 restart" if counted == 1 else f"{counted} restarts"
        text = f"gave up: {restarts} within {self.spec.period_s:g} s, {self.spec.intensity} allowed"
        self.report(ReportKind.GAVE_UP, child, exit=child.last_exit, counted=counted)
        self._end(EndReason.GAVE_UP, ExitKind.SHUTDOWN, text, child.last_exit)

    def shut_self_down(self, child: Child) -> None:
        """Significant children have ended."""
        self.report(ReportKind.AUTO_SHUTDOWN, child, exit=child.last_exit)
        text = f"shut itself down: significant child {child.id!r} ended"
        self._end(EndReason.AUTO_SHUTDOWN, ExitKind.SHUTDOWN, text, child.last_exit)

    def fail_to_start(self, child: Child) -> None:
        """A child did not come up at the beginning."""
        text = f"child {child.id!r} did not start"
        self._end(EndReason.START_FAILED, ExitKind.START_FAILED, text, child.last_exit)

    def obey(self, exit: Exit | None) -> None:
        """The parent wants the end."""
        self._end(EndReason.ASKED, ExitKind.SHUTDOWN, "told to stop", exit)

    def _end(self, reason: EndReason, kind: ExitKind, text: str, cause: Exit | None) -> None:
        self.end = Ended(reason, Exit(kind=kind, text=text, who=self.spec.name, cause=cause))
