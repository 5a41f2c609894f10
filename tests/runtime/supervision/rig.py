"""A supervisor with a world around it: starts and stops are done at once, unless a test holds or fails them."""

from __future__ import annotations

import random
from collections import defaultdict, deque
from collections.abc import Iterable
from typing import Any, Literal

from shoal.runtime.supervision import (
    Adopt,
    Begin,
    Begun,
    ChildInfo,
    ChildSpec,
    ChildStarted,
    CountChildren,
    Counts,
    DeleteChild,
    Effect,
    Ended,
    Event,
    Exit,
    Exited,
    ExitKind,
    Notify,
    Refusal,
    Reply,
    Report,
    ReportKind,
    Request,
    RequestError,
    RestartChild,
    Shutdown,
    Start,
    StartChild,
    Started,
    StartFailed,
    StartIgnored,
    Status,
    Stop,
    Stopped,
    Strategy,
    Supervision,
    SupervisorSpec,
    TerminateChild,
    Timer,
    TimerDue,
    WhichChildren,
)

ABNORMAL = Exit(kind=ExitKind.ERROR, text="died")
NORMAL = Exit(kind=ExitKind.NORMAL)
SHUTDOWN = Exit(kind=ExitKind.SHUTDOWN)
SHUTDOWN_INFO = Exit(kind=ExitKind.SHUTDOWN, text="some info")
KILLED = Exit(kind=ExitKind.KILLED, text="SIGKILL")

Outcome = Literal["ok", "ignore", "hold"] | Exit
"""How a start goes; an exit: it fails with it."""


def child(id: str = "a", **fields: Any) -> ChildSpec:
    """A worker's spec."""
    return ChildSpec(id=id, agent=f"agent {id}", **fields)


def supervisor(*children: ChildSpec, **fields: Any) -> SupervisorSpec:
    """A supervisor's spec with OTP's suite's generous limit, unless a test says otherwise."""
    return SupervisorSpec(children=children, **{"intensity": 2, "period_s": 3600, **fields})


def dynamic(**fields: Any) -> SupervisorSpec:
    """A simple_one_for_one supervisor; ``intensity`` and ``period_s`` are its own, the rest its template's."""
    own = {key: fields.pop(key) for key in ("intensity", "period_s", "backoff", "name") if key in fields}
    return supervisor(child("c", **fields), strategy=Strategy.SIMPLE_ONE_FOR_ONE, **own)


class Rig:
    """Drives one supervisor; ``now`` is its clock."""

    def __init__(self, spec: SupervisorSpec, *, first_token: int = 1) -> None:
        self.machine = Supervision(spec, first_token=first_token, rng=random.Random(7))
        self.now = 0.0
        self.starts: dict[str, deque[Outcome]] = defaultdict(deque)
        """How the next starts of a child go; then they succeed."""
        self.always: dict[str, Outcome] = {}
        """How each start of a child goes that has none in ``starts``."""
        self.stops: dict[str, Exit | Literal["hold"]] = {}
        """How a child ends when it is told to; else as wanted."""
        self.info: Any = None
        """What each start returns beside the address."""
        self.log: list[str] = []
        """Starts and stops in the order asked for."""
        self.living: dict[str, int] = {}
        """Tokens of the processes that there are, by child."""
        self.starting: dict[str, int] = {}
        self.stopping: dict[str, int] = {}
        self.last_start: dict[str, Start] = {}
        self.last_stop: dict[str, Stop] = {}
        self.replies: dict[Any, Reply] = {}
        self.reports: list[Report] = []
        self.timers: list[float] = []
        self.begun = False
        self.ended: Ended | None = None
        self._answers: deque[Event] = deque()
        self._requests = 0

    # Events

    def send(self, event: Event) -> list[Effect]:
        """Send an event and do what comes of it, with all that follows at once; returns all effects."""
        done: list[Effect] = []
        self._answers.append(event)
        while self._answers:
            for effect in self.machine.handle(self._answers.popleft(), self.now):
                done.append(effect)
                self._do(effect)
        return done

    def begin(self) -> Rig:
        """Begin; returns itself."""
        self.send(Begin())
        return self

    def adopt(self, event: Adopt) -> Rig:
        """Begin with these living children; returns itself."""
        self.living.update({id: living.token for id, living in event.living.items()})
        self.send(event)
        return self

    def exits(self, *ids: str, exit: Exit = ABNORMAL) -> None:
        """Let children end by themselves."""
        for id in ids:
            self.send(Exited(id, self.living.pop(id), exit))

    def shut_down(self) -> None:
        """The parent wants the end."""
        self.send(Shutdown())

    def started(self, id: str) -> None:
        """A start that was held succeeds."""
        token = self.starting.pop(id)
        self.living[id] = token
        self.send(Started(id, token, f"{id}@{token}", self.info))

    def start_failed(self, id: str, exit: Exit = ABNORMAL) -> None:
        """A start that was held fails."""
        self.send(StartFailed(id, self.starting.pop(id), exit))

    def stopped(self, id: str, exit: Exit | None = None) -> None:
        """A stop that was held is done."""
        self.living.pop(id, None)
        self.send(Stopped(id, self.stopping.pop(id), exit))

    def wait_s(self, seconds: float) -> None:
        """Let time pass, and timers come due."""
        self.now += seconds
        due = [at for at in self.timers if at <= self.now]
        self.timers = [at for at in self.timers if at > self.now]
        for _ in due:
            self.send(TimerDue())

    # Requests

    def ask(self, request: Request) -> Any:
        """Send a request and return what it is answered, a RequestError if refused; fails if it is not."""
        self.send(request)
        reply = self.replies[request.request]
        return reply.value if reply.error is None else reply.error

    def request(self) -> int:
        """A fresh mark for a request."""
        self._requests += 1
        return self._requests

    def start_child(self, spec: ChildSpec | None = None, extra: Any = None, id: str | None = None) -> Any:
        """OTP's start_child."""
        return self.ask(StartChild(self.request(), spec, extra, id))

    def terminate_child(self, which: str | int) -> Any:
        """OTP's terminate_child."""
        return self.ask(TerminateChild(self.request(), which))

    def restart_child(self, id: str) -> Any:
        """OTP's restart_child."""
        return self.ask(RestartChild(self.request(), id))

    def delete_child(self, id: str) -> Any:
        """OTP's delete_child."""
        return self.ask(DeleteChild(self.request(), id))

    def counts(self) -> tuple[int, int, int, int]:
        """OTP's count_children: specs, active, supervisors, workers."""
        counts: Counts = self.ask(CountChildren(self.request()))
        return counts.specs, counts.active, counts.supervisors, counts.workers

    def which(self) -> dict[str, Status]:
        """OTP's which_children: status by id, in start order."""
        infos: tuple[ChildInfo, ...] = self.ask(WhichChildren(self.request()))
        return {info.id: info.status for info in infos}

    # What came of it

    def take_log(self) -> list[str]:
        """Starts and stops since the last look."""
        log, self.log = self.log, []
        return log

    def reported(self, kind: ReportKind) -> list[Report]:
        """Reports of one kind."""
        return [report for report in self.reports if report.kind is kind]

    def _do(self, effect: Effect) -> None:
        match effect:
            case Start():
                self._start(effect)
            case Stop():
                self._stop(effect)
            case Reply():
                assert effect.request not in self.replies, "answered twice"
                self.replies[effect.request] = effect
            case Notify():
                self.reports.append(effect.report)
            case Timer():
                self.timers.append(effect.at)
            case Begun():
                self.begun = True
            case Ended():
                assert self.ended is None, "ended twice"
                self.ended = effect

    def _start(self, effect: Start) -> None:
        id = effect.id
        assert id not in self.living, f"{id} would live twice"
        self.log.append(f"start {id}")
        self.last_start[id] = effect
        plan = self.starts[id]
        outcome = plan.popleft() if plan else self.always.get(id, "ok")
        if isinstance(outcome, Exit):
            self._answers.append(StartFailed(id, effect.token, outcome))
        elif outcome == "ignore":
            self._answers.append(StartIgnored(id, effect.token))
        elif outcome == "hold":
            self.starting[id] = effect.token
        else:
            self.living[id] = effect.token
            self._answers.append(Started(id, effect.token, f"{id}@{effect.token}", self.info))

    def _stop(self, effect: Stop) -> None:
        id = effect.id
        self.log.append(f"stop {id}")
        self.last_stop[id] = effect
        self.starting.pop(id, None)
        how = self.stops.get(id)
        if how == "hold":
            self.stopping[id] = effect.token
        else:
            self.living.pop(id, None)
            self._answers.append(Stopped(id, effect.token, how))


def refusal(answer: Any) -> Refusal:
    """Why a request was refused."""
    assert isinstance(answer, RequestError), answer
    assert answer.text
    return answer.refusal


def ref(answer: Any) -> str | None:
    """Where a child that was asked for runs."""
    assert isinstance(answer, ChildStarted), answer
    return answer.ref


def start_dynamic(rig: Rig, count: int, extra: Any = None) -> list[str]:
    """Ids of so many new dynamic children."""
    ids: list[str] = []
    for _ in range(count):
        answer = rig.start_child(extra=extra)
        assert isinstance(answer, ChildStarted)
        ids.append(answer.id)
    return ids


def begun(*children: ChildSpec, **fields: Any) -> Rig:
    """A rig whose supervisor is up."""
    return Rig(supervisor(*children, **fields)).begin()


def begun_dynamic(**fields: Any) -> Rig:
    """A rig whose dynamic supervisor is up."""
    return Rig(dynamic(**fields)).begin()


def living_ids(rig: Rig) -> list[str]:
    """Children with a process, sorted."""
    return sorted(rig.living)


def stops_in(log: Iterable[str]) -> list[str]:
    """Ids of the stops in a log."""
    return [line.removeprefix("stop ") for line in log if line.startswith("stop ")]
