"""What a row of the benchmark is: a piece of work, the figure that counts, and the bars to reach.

A row knows nothing of how the work is done (that is a side's job, see ``sides.py``).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Figure(StrEnum):
    """What can be read off one timed run. Ratios of a figure are always ours divided by theirs."""

    RATE = "rate"
    """Operations a second."""
    P50 = "p50_s"
    """Median latency in seconds."""
    P99 = "p99_s"
    """Latency in seconds that 1 % of the operations exceed."""
    CPU = "cpu_s"
    """CPU seconds (user and system, all processes) for one operation."""
    MEMORY = "memory_b"
    """Bytes of memory (proportional set size, all processes) for one operation's result."""
    WALL = "wall_s"
    """Seconds for the whole run."""
    GROWTH = "growth"
    """How many times as long an operation takes on much as on little: 1 when it does not grow."""

    @property
    def higher_is_better(self) -> bool:
        """Whether more of it is better: of rates only."""
        return self is Figure.RATE


@dataclass(frozen=True, slots=True)
class Bar:
    """What a contestant has to reach in a row, alone or as a multiple of another contestant."""

    value: float
    """The limit: at least this for a rate, at most this for all other figures."""
    figure: Figure = Figure.RATE
    """Which figure is held against it."""
    times: str | None = None
    """Key of the contestant whose figure ``value`` multiplies; None for a limit in the figure's own unit."""
    who: str = "shoal"
    """Key of the contestant that has to reach it."""
    above: str | None = None
    """Key of the contestant whose figure is taken off first: ``value`` limits what is added to it."""

    def met_by(self, measured: float) -> bool:
        """Whether ``measured`` (the figure, or the ratio when ``times`` is set) reaches the bar."""
        return measured >= self.value if self.figure.higher_is_better else measured <= self.value


@dataclass(frozen=True, slots=True)
class Row:
    """One piece of work that several contestants do."""

    name: str
    """Short name, as in ``--rows``."""
    what: str
    """One sentence: what is done, by whom, and when it counts as done."""
    op: str
    """What is counted, in the singular: msg, ask, hop, round, agent."""
    figure: Figure = Figure.RATE
    """The figure that the table leads with."""
    bars: tuple[Bar, ...] = ()
    """What has to be reached."""
    memory: bool = False
    """Whether memory is read around each run, which costs some 50 ms a reading."""
    fresh: bool = False
    """Whether each round sets its sides up anew: for what a process does once, like growing its memory.
    Such rows have fixed counts and no trial runs."""
    messages: float = 0.0
    """Messages between agents that one operation takes, answers included; 0 where nobody asks, or
    where sides differ."""
    rounds_at_most: int | None = None
    """Fewer rounds than asked for, where one of them takes long."""
