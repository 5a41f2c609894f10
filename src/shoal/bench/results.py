"""What a bench has found, as it is written to disk.

Every timed run is in it, so that other statistics can be made of it later. Units are in the names: ``_s``
seconds, ``_b`` bytes; rates are operations a second. ``SCHEMA`` grows when a field changes its meaning.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from shoal.bench.machine import Machine
from shoal.bench.rows import Bar, Figure
from shoal.bench.spread import Spread, differences_by_round, ratios_by_round, spread_of

SCHEMA = 1


class Record(BaseModel):
    """Base of all records: frozen, unknown fields refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Sample(Record):
    """One timed run of one side."""

    round: int
    """Number of the round, from 0; runs of one round were made one right after the other."""
    turn: int
    """Which turn it had in its round, from 0."""
    count: int
    """Operations done."""
    wall_s: float
    """Seconds from the first operation's start to the last one handled."""
    cpu_total_s: float
    """CPU seconds, user and system, of this process and all its descendants."""
    memory_total_b: int | None = None
    """Growth of all processes' memory; None where the row does not read it."""
    p50_s: float | None = None
    """Median latency; None where the row has none."""
    p99_s: float | None = None
    """Latency that 1 % of the operations exceed."""
    growth: float | None = None
    """How many times as long an operation took on much as on little; None where the row does not ask."""
    processes_lost: int = 0
    """Processes that ended during the run; the last of their CPU time is missing in ``cpu_total_s``."""

    def figure(self, figure: Figure) -> float | None:
        """The value of ``figure`` in this run, or None when this run does not have it."""
        match figure:
            case Figure.RATE:
                return self.count / self.wall_s if self.wall_s > 0 else None
            case Figure.WALL:
                return self.wall_s
            case Figure.CPU:
                return self.cpu_total_s / self.count
            case Figure.P50:
                return self.p50_s
            case Figure.P99:
                return self.p99_s
            case Figure.GROWTH:
                return self.growth
            case Figure.MEMORY:
                return None if self.memory_total_b is None else self.memory_total_b / self.count


class SideResult(Record):
    """All runs of one contestant in one row."""

    title: str
    """The contestant's title."""
    samples: tuple[Sample, ...] = ()
    """Its runs by round."""
    spreads: dict[Figure, Spread] = Field(default_factory=dict)
    """Where the rounds lie, for each figure that the runs have."""
    error: str | None = None
    """Why it has fewer runs than asked for, or none."""
    remark: str = ""
    """What has to be known of how it was run."""

    @classmethod
    def of(cls, title: str, samples: list[Sample], error: str | None, remark: str = "") -> SideResult:
        """The result with its spreads worked out."""
        spreads = {}
        for figure in Figure:
            values = [value for sample in samples if (value := sample.figure(figure)) is not None]
            if values:
                spreads[figure] = spread_of(values)
        return cls(title=title, samples=tuple(samples), spreads=spreads, error=error, remark=remark)

    def by_round(self, figure: Figure) -> dict[int, float]:
        """The values of ``figure`` by number of round."""
        pairs = ((sample.round, sample.figure(figure)) for sample in self.samples)
        return {number: value for number, value in pairs if value is not None}


def ratio_between(sides: Mapping[str, SideResult], ours: str, theirs: str, figure: Figure) -> Spread | None:
    """``figure`` of ``ours`` divided by that of ``theirs`` round by round; None when they share no round."""
    if ours not in sides or theirs not in sides:
        return None
    ratios = ratios_by_round(sides[ours].by_round(figure), sides[theirs].by_round(figure))
    return spread_of(ratios) if ratios else None


def difference_between(
    sides: Mapping[str, SideResult], ours: str, theirs: str, figure: Figure
) -> Spread | None:
    """``figure`` of ``ours`` less that of ``theirs`` round by round; None when they share no round."""
    if ours not in sides or theirs not in sides:
        return None
    added = differences_by_round(sides[ours].by_round(figure), sides[theirs].by_round(figure))
    return spread_of(added) if added else None


class BarResult(Record):
    """A bar and what came of it."""

    who: str
    """Key of the contestant that has to reach it."""
    figure: Figure
    """Which figure is held against it."""
    value: float
    """The limit, or the multiple when ``times`` is set: at least this for a rate, at most for all others."""
    times: str | None = None
    """Key of the contestant whose figure is multiplied."""
    above: str | None = None
    """Key of the contestant whose figure is taken off first."""
    measured: Spread | None = None
    """The figure, or the ratio round by round; None when a side that it needs has not run."""
    met: bool | None = None
    """Whether the median reaches the bar; None when it was not measured."""

    @classmethod
    def of(cls, bar: Bar, sides: Mapping[str, SideResult]) -> BarResult:
        """``bar`` with what was measured for it."""
        if bar.times is not None:
            measured = ratio_between(sides, bar.who, bar.times, bar.figure)
        elif bar.above is not None:
            measured = difference_between(sides, bar.who, bar.above, bar.figure)
        else:
            measured = sides[bar.who].spreads.get(bar.figure) if bar.who in sides else None
        met = None if measured is None else bar.met_by(measured.median)
        return cls(
            who=bar.who,
            figure=bar.figure,
            value=bar.value,
            times=bar.times,
            above=bar.above,
            measured=measured,
            met=met,
        )


class RowResult(Record):
    """One row of the bench."""

    name: str
    """Short name of the row."""
    what: str
    """What was done."""
    op: str
    """What is counted."""
    figure: Figure
    """The figure that the table leads with."""
    sides: dict[str, SideResult]
    """Result of each contestant by key."""
    absent: dict[str, str] = Field(default_factory=dict)
    """Why contestants that have a side could not take part, by key."""
    bars: tuple[BarResult, ...] = ()
    """What had to be reached."""
    messages: float = 0.0
    """Messages between agents that one operation takes, answers included; 0 where nobody asks."""
    idle_cores: float | None = None
    """Cores kept busy by all sides' processes while nothing was asked of them: it is in every CPU figure."""

    def ratio(self, ours: str, theirs: str) -> Spread | None:
        """The row's figure of ``ours`` divided by that of ``theirs``; None when one of them has not run."""
        return ratio_between(self.sides, ours, theirs, self.figure)


class Settings(Record):
    """How the bench was run."""

    rounds: int = Field(default=5, ge=1, le=1000)
    """Rounds of each row."""
    seconds: float = Field(default=1.0, gt=0, le=600)
    """How long one run of one side should last."""


class Report(Record):
    """A whole bench."""

    schema_version: int = SCHEMA
    """Version of this layout."""
    started_at: str
    """When it began, ISO 8601 with the zone."""
    took_s: float
    """How long all of it took."""
    machine: Machine
    """Where it ran, with which versions."""
    settings: Settings
    """How it was run."""
    rows: tuple[RowResult, ...]
    """The rows in the order in which they ran."""

    def write(self, path: Path) -> None:
        """Write it as JSON, making the folder if needed. Raises ``OSError`` when that cannot be done."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.model_dump_json(indent=1) + "\n", encoding="utf-8")
