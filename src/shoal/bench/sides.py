"""The seam of the benchmark: a side does a row's work one way, the harness times it.

A **side** is one way of doing a row's work: with shoal, with plain Ray actors, with Ray batched by hand.
For each row of a bench the harness calls

    setup(stage)                 once, untimed: starts processes, and returns when they have answered
    prepare(count)               before each run, untimed: lays ready what the run will use up
    run(count) -> Outcome        many times, timed as a whole, wall and CPU: does ``count`` operations
    settle()                     after each run, untimed: undoes what a run leaves behind
    teardown()                   once, untimed, also when setup or a run failed: stops what setup started

A run returns when the last operation is *handled*, not when it is sent, and says how many were. Whatever it
raises ends this side's part in the row, and the other sides go on. ``count`` always fits :class:`Counts`.
:class:`~shoal.bench.errors.CannotTakePart` from its setup is no failure: the side is left out and the report says why.

A **contestant** is a column of the table: one way of doing things, with a factory of sides for each row that
it takes part in. To add one, write the sides and name them in ``contestants.py``; nothing else changes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Stage:
    """What the sides of one bench share. Ray is initialised in this process when ``address`` is set."""

    address: str | None = None
    """``host:port`` of the Ray that was started for the bench; None when no side of it needs Ray."""
    observe: Callable[[], None] = lambda: None
    """Reads the CPU time of all processes now. Call it just before you kill one in a run: what a process
    used after its last reading is lost, since Ray's raylet does not collect its children's times."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Which numbers of operations a side can be asked for."""

    least: int = 1
    """The smallest run, and the first one tried."""
    most: int = 10_000_000
    """The largest run."""
    step: int = 1
    """Each count is a multiple of this: 64 for a side that sends 64 at a time."""

    def __post_init__(self) -> None:
        if self.step < 1 or self.least < 1 or self.most < self.least or self.least % self.step:
            raise ValueError(f"{self} allows no count, or its least is no multiple of its step")

    @classmethod
    def exactly(cls, count: int) -> Counts:
        """Always the same count, however long it takes."""
        return cls(least=count, most=count, step=count)

    def fit(self, count: float) -> int:
        """The allowed count at or below ``count``, or the least."""
        return max(self.least, int(min(count, self.most)) // self.step * self.step)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run did."""

    done: int
    """Operations that were handled to their end, counted by whoever handled them where that is possible."""
    latencies_s: Sequence[float] = field(default=())
    """How long each operation took, for the rows whose figure is a latency; else empty."""
    growth: float | None = None
    """See :attr:`~shoal.bench.rows.Figure.GROWTH`; for the rows whose figure it is."""


class Side(ABC):
    """One way of doing the work of one row."""

    counts: Counts = Counts()
    remark: str = ""
    """What has to be known of how it was run here, for the notes under the table; may be set in setup."""

    @abstractmethod
    async def setup(self, stage: Stage) -> None:
        """Start what the runs need and wait until it has answered once."""

    async def prepare(self, count: int) -> None:  # noqa: B027 -- most runs use nothing up
        """Lay ready what a run of ``count`` operations will use up."""

    @abstractmethod
    async def run(self, count: int) -> Outcome:
        """Do ``count`` operations and return when the last one is handled."""

    async def settle(self) -> None:  # noqa: B027 -- most runs leave nothing behind
        """Undo what the last run left behind."""

    async def teardown(self) -> None:  # noqa: B027 -- some sides start nothing
        """Stop what setup started; called once, also after a failed setup."""


SideFactory = Callable[[], Side]
"""Makes one fresh side; each row (or each round of a row with ``fresh``) calls it anew."""


@dataclass(frozen=True, slots=True)
class Contestant:
    """A column of the table: who it is, and its side of each row."""

    key: str
    """Short name, as in ``--sides`` and in the JSON: shoal, plain, batched, local, queue, pipe."""
    title: str
    """Heading of its column."""
    sides: Mapping[str, SideFactory]
    """A factory for each row it takes part in, by the row's name."""
    needs_ray: bool = True
    """Whether a Ray has to be running when its sides are set up."""
