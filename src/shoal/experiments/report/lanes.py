"""What each agent did over time, in buckets: fed with messages, spans and events one by one. Pure.

The width of a bucket doubles when the run turns out to be longer than was thought, so that memory is bounded by the
number of agents, whatever is recorded.
"""

from __future__ import annotations

from typing import NamedTuple

from shoal.experiments.report.coverage import Coverage
from shoal.experiments.report.working_time import WorkingTime
from shoal.runtime.journal.entries import MessageEntry, SpanEntry
from shoal.runtime.journal.reader import EventEntry

BUCKETS = 600
"""At most so many."""
LANES = 40
"""Agents that have a lane of their own."""
_ENDED = "exited"
"""It may have been meant to: what follows tells."""
_GONE = frozenset({"restarting", "start_failed", "gave_up"})
_BACK = frozenset({"started", "adopted"})


class Lane(NamedTuple):
    """An agent over time. Each list has a figure a bucket."""

    agent: str
    """Its address; of a lane of several, empty."""
    agents: int
    busy: list[float]
    """Share of the time in which it handled messages and did not wait for a model."""
    model: list[float]
    """Share of the time in which it waited for a model."""
    queue: list[float]
    """Messages that waited for it, on average."""
    down: list[float]
    """Share of the time in which it was dead and not yet there again."""
    messages: int
    busy_s: float
    model_s: float
    queued_s: float
    down_s: float


class Timeline(NamedTuple):
    """All lanes, the busiest first; the rest of the agents in one."""

    width_s: float
    """Of a bucket."""
    buckets: int
    lanes: tuple[Lane, ...]
    rest: Lane | None
    sessions: tuple[float, ...]
    """When sessions began, in seconds from the beginning."""


class _Kept:
    __slots__ = ("down", "handled", "messages", "model", "queued")

    def __init__(self) -> None:
        self.handled, self.model, self.queued, self.down = Coverage(), Coverage(), Coverage(), Coverage()
        self.messages = 0

    def take(self, other: _Kept, count: int, width: float) -> None:
        """Add another agent's."""
        self.messages += other.messages
        for name in ("handled", "model", "queued", "down"):
            mine: Coverage = getattr(self, name)
            for bucket, seconds in enumerate(getattr(other, name).seconds(count, width)):
                mine.put(bucket, seconds)


class Lanes:
    """Gathers them."""

    def __init__(self, clock: WorkingTime, most: int = BUCKETS) -> None:
        self._clock = clock
        self._most = most
        self._width = max(clock.total_s / (most - 1), 0.001)
        self._end = clock.total_s
        self._agents: dict[str, _Kept] = {}
        self._ended_at: dict[str, float] = {}
        self._gone_at: dict[str, float] = {}

    def handled(self, message: MessageEntry) -> None:
        """A message was handled, and had waited before."""
        kept = self._kept(message.recipient)
        kept.messages += 1
        begin = self._clock.of(message.at)
        end = self._reach(begin if message.took_s is None else self._clock.of(message.at + message.took_s))
        kept.handled.add(begin, end, self._width)
        if message.queued_s:
            kept.queued.add(self._clock.of(message.at - message.queued_s), begin, self._width)

    def called(self, span: SpanEntry) -> None:
        """A handler did something: where it asked a model, it waited."""
        if span.kind == "model":
            begin = self._clock.of(span.at)
            end = self._reach(self._clock.of(span.at + span.took_s))
            self._kept(span.agent).model.add(begin, end, self._width)

    def happened(self, event: EventEntry) -> None:
        """An agent died, or is there again; events by time."""
        if event.agent is None:
            return
        if event.kind == _ENDED:
            self._ended_at[event.agent] = event.at
        elif event.kind in _GONE:
            self._gone_at.setdefault(event.agent, self._ended_at.pop(event.agent, event.at))
        elif event.kind in _BACK:
            self._ended_at.pop(event.agent, None)
            if event.agent in self._gone_at:
                self._was_down(event.agent, self._clock.of(event.at))

    def timeline(self, most: int = LANES) -> Timeline:
        """What was gathered."""
        for agent in list(self._gone_at):
            self._was_down(agent, self._end)
        count = min(self._most, int(self._end / self._width) + 1)
        lanes = [self._lane(agent, kept, 1, count) for agent, kept in self._agents.items()]
        lanes.sort(key=lambda lane: (-(lane.busy_s + lane.model_s), -lane.messages, lane.agent))
        rest = self._rest(lanes[most:], count) if len(lanes) > most else None
        return Timeline(self._width, count, tuple(lanes[:most]), rest, self._clock.sessions)

    def _kept(self, agent: str) -> _Kept:
        kept = self._agents.get(agent)
        if kept is None:
            kept = self._agents[agent] = _Kept()
        return kept

    def _reach(self, end: float) -> float:
        self._end = max(self._end, end)
        while end >= self._width * self._most:
            for kept in self._agents.values():
                for coverage in (kept.handled, kept.model, kept.queued, kept.down):
                    coverage.widen(self._width)
            self._width *= 2
        return end

    def _was_down(self, agent: str, end: float) -> None:
        begin = self._clock.of(self._gone_at.pop(agent))
        self._kept(agent).down.add(begin, self._reach(end), self._width)

    def _rest(self, lanes: list[Lane], count: int) -> Lane:
        kept = _Kept()
        for lane in lanes:
            kept.take(self._agents[lane.agent], count, self._width)
        return self._lane("", kept, len(lanes), count)

    def _lane(self, agent: str, kept: _Kept, agents: int, count: int) -> Lane:
        width = self._width
        model = kept.model.seconds(count, width)
        busy = [
            max(0.0, all_ - at) for all_, at in zip(kept.handled.seconds(count, width), model, strict=True)
        ]
        queued, down = kept.queued.seconds(count, width), kept.down.seconds(count, width)
        whole = width * agents
        return Lane(
            agent, agents,
            [min(1.0, seconds / whole) for seconds in busy], [min(1.0, seconds / whole) for seconds in model],
            [seconds / width for seconds in queued], [min(1.0, seconds / whole) for seconds in down],
            kept.messages, sum(busy), sum(model), sum(queued), sum(down),
        )  # fmt: skip
