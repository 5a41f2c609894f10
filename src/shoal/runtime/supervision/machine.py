"""One supervisor's decisions, as OTP's ``supervisor`` makes them. Pure: events and the time in, effects out.

No clock, no process, no waiting: a start and a stop are asked for as effects and answered as events, however much
later. Whoever drives it does the effects in order, answers each ``Start`` and ``Stop``, sends ``TimerDue`` when a
``Timer`` is due, and gives events one at a time with a time that never goes back.

What is kept as in OTP, and what differs because a start is no function call here:

- A changing request, an exit and a restart attempt wait while what they concern is in the middle of something: the
  whole supervisor for ``one_for_all`` and ``rest_for_one``, one child otherwise. Looking is always possible.
- Between a failed restart and the next attempt everything that waits has its turn.
- The end (told to, gave up, shut itself down) does not wait: it takes a start under way with it.
- Word of an incarnation that is not the present one is ignored.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from shoal.runtime.supervision.answers import Word, note
from shoal.runtime.supervision.beginning import adopt, begin
from shoal.runtime.supervision.children import Phase
from shoal.runtime.supervision.effects import Effect, Ended
from shoal.runtime.supervision.ending import stop_everything
from shoal.runtime.supervision.events import (
    Adopt,
    Begin,
    Event,
    Exited,
    Shutdown,
    Started,
    StartFailed,
    StartIgnored,
    Stopped,
    TimerDue,
)
from shoal.runtime.supervision.lanes import Lanes
from shoal.runtime.supervision.reading import read
from shoal.runtime.supervision.requests import (
    Changing,
    ChildInfo,
    DeleteChild,
    Refusal,
    Request,
    RestartChild,
    StartChild,
    TerminateChild,
)
from shoal.runtime.supervision.restarting import handle_exit, restart, revive
from shoal.runtime.supervision.serving import serve, subject
from shoal.runtime.supervision.specs import Strategy, SupervisorSpec
from shoal.runtime.supervision.state import HandleExit, Planned, Revive, State, TryAgain
from shoal.runtime.supervision.steps import Procedure

_SETTLED = frozenset({Phase.RUNNING, Phase.DOWN})


@dataclass(frozen=True, slots=True)
class _Serve:
    request: Changing
    id: str | None
    """The child it is about; not known before the supervisor has begun."""


class Supervision:
    """A supervisor's mind; :meth:`handle` is all there is to call."""

    def __init__(
        self, spec: SupervisorSpec, *, first_token: int = 1, rng: random.Random | None = None
    ) -> None:
        """``first_token`` numbers the first incarnation it starts.

        For a supervisor that was restarted it must be above all that its predecessors gave out, also to children
        that are dead: a late word of one of those would else be taken for word of another. ``rng`` is for jitter.
        """
        self.spec = spec
        self._state = State(spec, first_token, rng or random.Random())
        self._lanes: Lanes[Planned | _Serve] = Lanes(self._make)
        self._one_lane = spec.strategy in (Strategy.ONE_FOR_ALL, Strategy.REST_FOR_ONE)
        self._called = False
        self._released = False
        self._ending = False

    @property
    def begun(self) -> bool:
        """Whether it is, or was, up."""
        return self._state.begun

    @property
    def ended(self) -> Ended | None:
        """How it ended, once all its children are gone."""
        return self._state.end if self._state.ended else None

    @property
    def children(self) -> tuple[ChildInfo, ...]:
        """The children as of now, in start order."""
        return tuple(child.info() for child in self._state.children)

    @property
    def ending(self) -> Ended | None:
        """How it will have ended, from the moment that is decided."""
        return self._state.end

    def resting(self, id: str) -> bool:
        """Whether this child has no process and gets none unless somebody asks for it."""
        child = self._state.children.by_id(id)
        if child is None:
            return True
        if child.phase is not Phase.DOWN:
            return False
        # Under the other strategies it may be down because another one's restart takes it along.
        return not self._one_lane or self._ending or all(c.phase in _SETTLED for c in self._state.children)

    def child(self, id: str) -> ChildInfo | None:
        """One child as of now."""
        child = self._state.children.by_id(id)
        return child.info() if child is not None else None

    def handle(self, event: Event, now: float) -> list[Effect]:
        """Take one event at time ``now`` (monotonic seconds); returns what is to be done, in order."""
        self._state.now = now
        self._state.effects = []
        self._take(event)
        self._go_on()
        return self._state.effects

    def _take(self, event: Event) -> None:
        match event:
            case Started() | StartIgnored() | StartFailed() | Exited() | Stopped():
                self._hear(event)
            case TimerDue():
                self._state.planned.extend(self._state.take_due())
            case Begin() | Adopt():
                self._begin(event)
            case Shutdown():
                if self._state.end is None:
                    self._state.obey(event.exit)
            case _:
                self._ask(event)

    def _begin(self, event: Begin | Adopt) -> None:
        if self._called or self._state.end is not None:
            return
        self._called = True
        if isinstance(event, Adopt):
            adopt(self._state, event)
        else:
            self._lanes.run(begin(self._state))

    def _hear(self, word: Word) -> None:
        child = self._state.children.by_token(word.token)
        if child is not None:
            self._lanes.answer(word.token, note(self._state, child, word))
        elif not isinstance(word, Started) and self._state.strays.pop(word.token, None) is not None:
            self._lanes.answer(word.token, None)

    def _ask(self, request: Request) -> None:
        if self._state.ended or (self._ending and isinstance(request, Changing)):
            self._refuse_ending(request)
        elif isinstance(request, StartChild | TerminateChild | RestartChild | DeleteChild):
            self._state.open[request.request] = request
            self._put_request(request)
        else:
            read(self._state, request)

    def _go_on(self) -> None:
        """Let everything that can go on do so."""
        state = self._state
        going = True
        while going:
            if state.begun and not self._released:
                self._released = True
                self._lanes.release()
            if state.end is not None and not self._ending:
                self._end()
            planned, state.planned = state.planned, []
            for job in planned:
                self._put_planned(job)
            going = self._lanes.turn() or bool(state.planned)

    def _end(self) -> None:
        self._ending = True
        self._lanes.clear()
        self._state.forget_timers()
        for request in list(self._state.open.values()):
            self._refuse_ending(request)
        self._lanes.run(stop_everything(self._state))

    # Lanes

    def _put_request(self, request: Changing) -> None:
        if self._one_lane or not self._state.begun:
            self._lanes.put(None, _Serve(request, None))
        else:
            id = subject(self._state, request)
            self._lanes.put(id, _Serve(request, id))

    def _put_planned(self, job: Planned) -> None:
        if not self._ending:
            common = self._one_lane or not self._state.begun
            self._lanes.put(None if common else job.child.id, job)

    def _make(self, key: str | None, job: Planned | _Serve) -> Procedure | None:
        if key is None and not self._one_lane:
            # It waited for the supervisor to begin; from now on each child has a lane of its own.
            if isinstance(job, _Serve):
                self._put_request(job.request)
            else:
                self._put_planned(job)
            return None
        if isinstance(job, _Serve):
            return serve(self._state, job.request, job.id or subject(self._state, job.request))
        return self._procedure(job) if job.child.turn == job.turn else None

    def _procedure(self, job: Planned) -> Procedure:
        match job:
            case HandleExit():
                return handle_exit(self._state, job.child, counted=job.counted)
            case TryAgain():
                return restart(self._state, job.child)
            case Revive():
                return revive(self._state, job.child)

    def _refuse_ending(self, request: Request) -> None:
        text = f"supervisor {self.spec.name!r} is ending"
        if self._state.end is not None:
            text += f": {self._state.end.exit.text}"
        self._state.refuse(request.request, Refusal.ENDING, text)
