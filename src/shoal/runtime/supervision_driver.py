"""Runs a supervisor's decisions: events in, effects done, on one event loop.

:class:`~shoal.runtime.supervision.Supervision` decides; a :class:`Children` starts and stops what is supervised. The
same driver serves the system's own restarts and the supervisors that users build, on Ray and in one process.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Callable
from typing import Any, Protocol

from shoal.runtime.errors import ShoalError
from shoal.runtime.on_loop import OnLoop
from shoal.runtime.supervision import (
    Begun,
    ChildSpec,
    DeleteChild,
    Ended,
    Event,
    Exit,
    Exited,
    ExitKind,
    Notify,
    Reply,
    Report,
    Request,
    RequestError,
    Shutdown,
    Start,
    Started,
    StartFailed,
    StartIgnored,
    Stop,
    Stopped,
    Supervision,
    Timer,
    TimerDue,
)
from shoal.runtime.supervision.specs import Shutdown as Grace

_log = logging.getLogger("shoal.supervisor")


class Children(Protocol):
    """What a driver works on."""

    async def start(self, id: str, token: int, spec: ChildSpec, extra: Any) -> str:
        """Start an incarnation; returns its address. Raises :class:`ShoalError` when it does not come up."""

    async def stop(self, id: str, token: int, how: Grace, *, again: bool) -> Exit | None:
        """Stop an incarnation, also one that is only starting; how it went when not as wanted.

        ``again``: it will be started again, so that what waits for it is to be kept.
        """


class RequestRefused(ShoalError):
    """A supervisor did not do what it was asked; ``details['refusal']`` says why in one word."""

    @property
    def refusal(self) -> str:
        """Why, in one of OTP's words (see :class:`~shoal.runtime.supervision.Refusal`)."""
        return str(self.details.get("refusal", ""))


class SupervisionDriver(OnLoop):
    """One supervisor at work. ``on_report`` hears every start, exit and restart; ``on_ended`` is called once."""

    def __init__(
        self,
        machine: Supervision,
        children: Children,
        on_report: Callable[[Report], None],
        on_ended: Callable[[Ended], None],
        on_down: Callable[[str], None] | None = None,
    ) -> None:
        """``on_down`` hears of each child that has no process any more and gets none unless somebody asks for it."""
        self.machine = machine
        self._children = children
        self._on_report = on_report
        self._on_ended = on_ended
        self._on_down = on_down
        self._moved: dict[str, None] = {}
        """Children whose process went; whether they come again may not be decided yet."""
        self._marks = itertools.count(1)
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._timers: set[asyncio.TimerHandle] = set()
        self._begun: asyncio.Future[None] | None = None
        self._over: asyncio.Future[Ended] | None = None

    @property
    def over(self) -> asyncio.Future[Ended]:
        """Done when the supervisor has ended and none of its children is alive."""
        if self._over is None:
            self._over = self.loop.create_future()
        return self._over

    async def begin(self, event: Event) -> None:
        """Begin (or adopt) and wait until the children are up. Raises :class:`ShoalError` with the causes if not."""
        self._begun = self.loop.create_future()
        self.feed(event)
        await self._begun

    def feed(self, event: Event) -> None:
        """Let the supervisor hear something, and do what it decides."""
        for effect in self.machine.handle(event, self.loop.time()):
            self._do(effect)
        if self._on_down is not None:
            self._tell_down(event)

    def _tell_down(self, event: Event) -> None:
        if isinstance(event, StartFailed | StartIgnored | Exited | Stopped | DeleteChild):
            self._moved[event.child if isinstance(event, DeleteChild) else event.id] = None
        if self.machine.ending is not None:
            return  # what becomes of the children is for whoever decides on their supervisor
        for id in [id for id in self._moved if self.machine.resting(id)]:
            del self._moved[id]
            assert self._on_down is not None
            self._on_down(id)

    async def ask(self, make: Callable[[int], Request]) -> Any:
        """Make a request (``make`` gets its mark) and wait for the answer. Raises :class:`RequestRefused`."""
        mark = next(self._marks)
        future: asyncio.Future[Any] = self.loop.create_future()
        self._answers[mark] = future
        self.feed(make(mark))
        return await future

    async def shut_down(self, exit: Exit | None = None) -> Ended:
        """End in order, children last started first."""
        over = self.over
        if self.machine.ended is None:
            self.feed(Shutdown(exit))
        return await asyncio.shield(over)

    def abandon(self) -> None:
        """Let go of everything as it is: children go on unsupervised."""
        for timer in self._timers:
            timer.cancel()
        for task in list(self._tasks):
            task.cancel()

    def _do(self, effect: Any) -> None:
        match effect:
            case Start():
                self._run(self._start(effect))
            case Stop():
                self._run(self._stop(effect))
            case Timer():
                self._set_timer(effect.at)
            case Reply():
                self._answer(effect)
            case Notify():
                self._on_report(effect.report)
            case Begun():
                if self._begun is not None and not self._begun.done():
                    self._begun.set_result(None)
            case Ended():
                self._end(effect)

    def _run(self, work: Any) -> None:
        task = self.loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _set_timer(self, at: float) -> None:
        def due() -> None:
            self._timers.discard(handle)
            self.feed(TimerDue())

        # The loop's clock may be a hair before ``at`` when the timer fires.
        handle = self.loop.call_at(at + 0.001, due)
        self._timers.add(handle)

    async def _start(self, start: Start) -> None:
        try:
            address = await self._children.start(start.id, start.token, start.spec, start.extra)
        except Exception as exc:
            self.feed(StartFailed(start.id, start.token, failed_start(exc)))
        else:
            self.feed(Started(start.id, start.token, address))

    async def _stop(self, stop: Stop) -> None:
        try:
            exit = await self._children.stop(stop.id, stop.token, stop.how, again=stop.again)
        except Exception as exc:
            _log.warning("stopping %s: %s", stop.id, exc)
            exit = Exit(kind=ExitKind.ERROR, text=f"stopping it failed: {exc}")
        self.feed(Stopped(stop.id, stop.token, exit))

    def _answer(self, reply: Reply) -> None:
        future = self._answers.pop(int(str(reply.request)), None)
        if future is None or future.done():
            return
        if reply.error is None:
            future.set_result(reply.value)
        else:
            future.set_exception(_refused(reply.error))

    def _end(self, ended: Ended) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        if self._begun is not None and not self._begun.done():
            self._begun.set_exception(ShoalError(ended.exit.describe()))
        if not self.over.done():
            self.over.set_result(ended)
        self._on_ended(ended)


def failed_start(exc: Exception) -> Exit:
    """A start that failed as an exit."""
    text = exc.text if isinstance(exc, ShoalError) else f"{type(exc).__name__}: {exc}"
    return Exit(kind=ExitKind.START_FAILED, text=text)


def _refused(error: RequestError) -> RequestRefused:
    text = error.text if error.exit is None else f"{error.text}\n{error.exit.describe()}"
    return RequestRefused(text, refusal=error.refusal.value)
