"""Whatever happens, in whatever order: what holds for every supervisor at all times."""

from __future__ import annotations

import random
from typing import Any

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from shoal.runtime.supervision import (
    Adopt,
    AutoShutdown,
    Backoff,
    Begin,
    ChildInfo,
    ChildKind,
    ChildSpec,
    CountChildren,
    DeleteChild,
    Effect,
    Ended,
    Event,
    Exit,
    Exited,
    ExitKind,
    GetChildSpec,
    Living,
    Notify,
    Reply,
    ReportKind,
    Restart,
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

IDS = ["a", "b", "c", "d", "e"]
EXITS = st.builds(Exit, kind=st.sampled_from(ExitKind))
PAUSES = st.none() | st.just(Backoff(initial_s=0.5, max_s=2.0)) | st.just(Backoff(initial_s=0.5, immediate=1))


@st.composite
def child_specs(draw: st.DrawFn, id: str, auto_shutdown: AutoShutdown) -> ChildSpec:
    restart = draw(st.sampled_from(Restart))
    may = auto_shutdown is not AutoShutdown.NEVER and restart is not Restart.PERMANENT
    return ChildSpec(
        id=id,
        agent=0,
        restart=restart,
        kind=draw(st.sampled_from(ChildKind)),
        significant=may and draw(st.booleans()),
        shutdown=draw(st.sampled_from([0, 1.5, "brutal_kill", "infinity"])),
    )


@st.composite
def supervisor_specs(draw: st.DrawFn) -> SupervisorSpec:
    strategy = draw(st.sampled_from(Strategy))
    dynamic = strategy is Strategy.SIMPLE_ONE_FOR_ONE
    mode = AutoShutdown.NEVER if dynamic else draw(st.sampled_from(AutoShutdown))
    ids = ["t"] if dynamic else IDS[: draw(st.integers(0, 4))]
    return SupervisorSpec(
        strategy=strategy,
        intensity=draw(st.integers(0, 6)),
        period_s=draw(st.sampled_from([1.0, 5.0])),
        auto_shutdown=mode,
        backoff=draw(PAUSES),
        children=tuple(draw(child_specs(id, mode)) for id in ids),
    )


class World(RuleBasedStateMachine):
    """A supervisor whose processes start, stop and die when the rules say so."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.starting: dict[int, str] = {}
        self.living: dict[int, str] = {}
        self.stopping: set[int] = set()
        """Tokens told to stop; each is starting or living, too."""
        self.dead: set[int] = set()
        self.timers: list[float] = []
        self.asked: set[int] = set()
        self.replies: dict[int, Reply] = {}
        self.restarted_at: list[float] = []
        self.ended: Ended | None = None
        self.order_at_end: list[str] | None = None
        self.stopped_at_end: list[str] = []

    # Events and effects

    def send(self, event: Event) -> list[Effect]:
        before = [info.id for info in self.machine.children]
        effects = self.machine.handle(event, self.now)
        for effect in effects:
            self.check_effect(effect, before)
        return effects

    def check_effect(self, effect: Effect, before: list[str]) -> None:
        assert self.ended is None or isinstance(effect, Reply), "the end is the last"
        match effect:
            case Start():
                assert self.order_at_end is None, "nothing starts when the end was decided"
                assert effect.id not in {*self.starting.values(), *self.living.values()}, "two would live"
                assert effect.token > max([*self.starting, *self.living, *self.dead, 0])
                self.starting[effect.token] = effect.id
            case Stop():
                assert effect.token in self.starting or effect.token in self.living
                assert effect.token not in self.stopping, "told twice"
                self.stopping.add(effect.token)
                if self.order_at_end is not None:
                    self.stopped_at_end.append(effect.id)
            case Reply():
                assert effect.request in self.asked
                assert effect.request not in self.replies, "answered twice"
                assert isinstance(effect.request, int)
                self.replies[effect.request] = effect
            case Timer():
                assert effect.at > self.now
                self.timers.append(effect.at)
            case Ended():
                self.ended = effect
                assert not self.starting, "a start under way outlived its supervisor"
                assert not self.living, "a child outlived its supervisor"
                assert self.asked == set(self.replies), "somebody waits for ever"
            case Notify():
                self.check_report(effect.report.kind, effect.report.counted)

    def check_report(self, kind: ReportKind, counted: int) -> None:
        if kind is ReportKind.RESTARTING and counted:
            self.restarted_at.append(self.now)
            window = [at for at in self.restarted_at if at >= self.now - self.spec.period_s]
            assert len(window) <= self.spec.intensity, "it should have given up"
        if kind in (ReportKind.GAVE_UP, ReportKind.AUTO_SHUTDOWN):
            self.note_end()

    def note_end(self) -> None:
        assert self.order_at_end is None, "the end is decided once"
        self.order_at_end = [info.id for info in self.machine.children]

    def gone(self, token: int) -> str:
        self.dead.add(token)
        self.stopping.discard(token)
        return self.starting.pop(token, "") or self.living.pop(token)

    def request(self) -> int:
        self.asked.add(len(self.asked) + 1)
        return len(self.asked)

    # Rules

    @initialize(data=st.data(), spec=supervisor_specs(), adopts=st.booleans())
    def begin(self, data: st.DataObject, spec: SupervisorSpec, adopts: bool) -> None:
        self.spec = spec
        self.machine = Supervision(spec, rng=random.Random(7))
        if not adopts:
            self.send(Begin())
            return
        ids = data.draw(st.lists(st.sampled_from([*IDS, "t-3", "stranger"]), unique=True, max_size=5))
        self.living = dict(enumerate(ids, 1))
        self.send(Adopt({id: Living(n, f"{id}@{n}") for n, id in self.living.items()}))

    @precondition(lambda self: self.starting)
    @rule(data=st.data(), how=st.sampled_from(["ok", "ok", "ok", "ignored", "failed", "exited"]), exit=EXITS)
    def a_start_is_done(self, data: st.DataObject, how: str, exit: Exit) -> None:
        token = data.draw(st.sampled_from(sorted(self.starting)))
        if how == "ok":
            id = self.living[token] = self.starting.pop(token)
            self.send(Started(id, token, f"{id}@{token}"))
        elif how == "ignored":
            self.send(StartIgnored(self.gone(token), token))
        elif how == "failed":
            self.send(StartFailed(self.gone(token), token, exit))
        else:
            self.send(Exited(self.gone(token), token, exit))

    @precondition(lambda self: self.living)
    @rule(data=st.data(), exit=EXITS)
    def a_child_dies(self, data: st.DataObject, exit: Exit) -> None:
        token = data.draw(st.sampled_from(sorted(self.living)))
        self.send(Exited(self.gone(token), token, exit))

    @precondition(lambda self: self.stopping)
    @rule(data=st.data(), exit=st.none() | EXITS)
    def a_stop_is_done(self, data: st.DataObject, exit: Exit | None) -> None:
        token = data.draw(st.sampled_from(sorted(self.stopping)))
        self.send(Stopped(self.gone(token), token, exit))

    @rule(data=st.data(), id=st.sampled_from(IDS), exit=EXITS)
    def word_comes_of_no_present_incarnation(self, data: st.DataObject, id: str, exit: Exit) -> None:
        token = data.draw(st.sampled_from([*sorted(self.dead), 10_000]))
        words: list[Event] = [
            Started(id, token, "x"),
            StartIgnored(id, token),
            StartFailed(id, token, exit),
            Exited(id, token, exit),
            Stopped(id, token, exit),
        ]
        assert self.send(data.draw(st.sampled_from(words))) == []

    @rule(seconds=st.sampled_from([0.1, 0.5, 1.0, 3.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        due = [at for at in self.timers if at <= self.now]
        self.timers = [at for at in self.timers if at > self.now]
        for _ in due:
            self.send(TimerDue())

    @rule()
    def a_timer_comes_that_is_not_due(self) -> None:
        known = len(self.timers)
        self.send(TimerDue())
        del self.timers[known:]

    @rule(data=st.data(), id=st.sampled_from(IDS))
    def a_child_is_asked_for(self, data: st.DataObject, id: str) -> None:
        if self.spec.dynamic:
            self.send(StartChild(self.request(), extra=1, id=data.draw(st.none() | st.just(id))))
        else:
            spec = data.draw(child_specs(id, self.spec.auto_shutdown))
            self.send(StartChild(self.request(), spec))

    @rule(kind=st.sampled_from([TerminateChild, RestartChild, DeleteChild]), data=st.data())
    def a_child_is_to_change(self, kind: Any, data: st.DataObject) -> None:
        known = [info.id for info in self.machine.children]
        self.send(kind(self.request(), data.draw(st.sampled_from([*known, "nobody", "t"]))))

    @precondition(lambda self: self.order_at_end is None)
    @rule(decided=st.integers(0, 9))
    def the_parent_wants_the_end(self, decided: int) -> None:
        if decided == 0:
            self.note_end()
            self.send(Shutdown())

    @rule()
    def the_children_are_looked_at(self) -> None:
        for kind in (WhichChildren, CountChildren):
            request = self.request()
            self.send(kind(request))
            assert request in self.replies, "looking is always possible"
        request = self.request()
        self.send(GetChildSpec(request, "a"))
        assert request in self.replies

    # What always holds

    @invariant()
    def what_is_shown_is_what_is(self) -> None:
        if not hasattr(self, "machine"):
            return
        infos = self.machine.children
        for info in infos:
            self.check_info(info)
        shown = {info.token for info in infos if info.token is not None}
        strays = {token for token in self.stopping if token not in shown}
        assert shown | strays == set(self.starting) | set(self.living), "every process is known"

    def check_info(self, info: ChildInfo) -> None:
        present = self.starting.get(info.token or 0) or self.living.get(info.token or 0)
        assert (present is not None) == (info.token is not None)
        if info.status is Status.RUNNING:
            assert info.token in self.living
            assert info.token not in self.stopping
        if info.status is Status.STOPPING:
            assert info.token in self.stopping

    @invariant()
    def a_group_is_changed_one_child_at_a_time(self) -> None:
        if hasattr(self, "machine") and self.spec.strategy in (Strategy.ONE_FOR_ALL, Strategy.REST_FOR_ONE):
            known = {info.token for info in self.machine.children}
            if self.order_at_end is None:
                busy = (set(self.starting) | self.stopping) & known
                assert len(busy) <= 1

    @invariant()
    def the_last_started_is_the_first_stopped(self) -> None:
        if self.order_at_end is None or self.spec.dynamic:
            return
        order = [id for id in reversed(self.order_at_end) if id in self.stopped_at_end]
        assert [id for id in self.stopped_at_end if id in order] == order

    @invariant()
    def nothing_is_forgotten_when_all_is_quiet(self) -> None:
        if not hasattr(self, "machine") or self.starting or self.stopping:
            return
        assert self.asked == set(self.replies)
        if self.order_at_end is not None:
            assert self.ended is not None
        elif not self.timers:
            assert {info.status for info in self.machine.children} <= {Status.RUNNING, Status.DOWN}

    def teardown(self) -> None:
        """Let everything go well from here on: all comes to rest, and then to an end."""
        if not hasattr(self, "machine"):
            return
        for _ in range(500):
            if self.stopping:
                token = min(self.stopping)
                self.send(Stopped(self.gone(token), token))
            elif self.starting:
                token, id = self.starting.popitem()
                self.living[token] = id
                self.send(Started(id, token, f"{id}@{token}"))
            elif self.timers and self.ended is None:
                self.time_passes(3.0)
            elif self.ended is None:
                self.nothing_is_forgotten_when_all_is_quiet()
                if self.order_at_end is None:
                    self.note_end()
                self.send(Shutdown())
            else:
                break
        assert self.ended is not None, "it never comes to rest"


World.TestCase.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)
TestWhateverHappens = World.TestCase
