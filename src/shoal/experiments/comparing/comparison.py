"""A comparison as data: what ``shoal compare --json`` prints and a report draws. Pure."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from shoal.experiments.comparing.estimate import Difference, Estimate
from shoal.experiments.result import State


class Kind(StrEnum):
    """What a team is, held against the baseline."""

    BASELINE = "baseline"
    BETTER = "better"
    WORSE = "worse"
    AS_GOOD = "as_good"
    """No difference in score can be told, and it costs as much or more: the baseline will do."""
    AS_GOOD_AND_CHEAPER = "as_good_and_cheaper"
    """No difference in score can be told, a loss that matters is ruled out, and it costs less."""
    CHEAPER = "cheaper"
    """It costs less, and no difference in score can be told, but it may well be worse."""
    TOO_FEW = "too_few"
    """So few cases that no outcome whatever could have been told from chance."""
    NO_SCORE = "no_score"
    """Nothing was judged: only cost and time are compared."""
    NO_BASELINE = "no_baseline"
    """There is nothing to hold it against: its score stands alone."""


class CostUnit(StrEnum):
    """What the cost multiplier counts."""

    USD = "usd"
    TOKENS = "tokens"


class Verdict(BaseModel):
    """What is to be made of a team."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind
    text: str


class TeamFigures(BaseModel):
    """A team in numbers. All are of the tasks that are compared, except ``states``, ``throughput`` and ``restarts``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    team: str
    run: str = ""
    path: str = ""
    """The run's directory, where it has one."""
    pattern: str = ""
    states: dict[State, int]
    """All tasks of its run, by how they ended."""
    score: Estimate | None = None
    """``None``: nothing was judged."""
    difference: Difference | None = None
    """Its score less the baseline's; ``None`` for the baseline, and where nothing was judged."""
    calls: int
    """Requests to models, those that failed included."""
    input_tokens: int
    output_tokens: int
    usd: float
    priced: bool
    """Whether all prices are known; else ``usd`` is too low."""
    cost_multiplier: float | None = None
    """Its cost over the baseline's; ``None``: there is no baseline, or it used no model."""
    cost_unit: CostUnit | None = None
    latency_p50_s: float | None
    """Of tasks with an answer, from submission to end."""
    latency_p95_s: float | None
    throughput: float | None
    """Tasks that ended for each second in which tasks were under way."""
    failures: int
    """Tasks without an answer."""
    messages: int
    """0 where messages were not journaled."""
    restarts: int
    """Of agents' processes, in the whole run."""
    verdict: Verdict

    @property
    def tokens(self) -> int:
        """Input and output."""
        return self.input_tokens + self.output_tokens


class Comparison(BaseModel):
    """Several teams on the same workload."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    experiment: str = ""
    baseline: str | None
    """The team that the others are held against; ``None``: there is none."""
    cases: int
    """Cases that are compared: the unit of every score."""
    tasks: int
    """Tasks that are compared: cases and their repeats."""
    scored: int
    """Cases that every team has a score of."""
    only_some: int = 0
    """Tasks that only some runs have: left out."""
    not_ended: int = 0
    """Tasks that at least one run did not come to: left out."""
    teams: tuple[TeamFigures, ...]
    """The baseline first, the others as they were given."""
    verdict: str
    """The whole in plain words."""
    notes: tuple[str, ...] = ()
    """What to know when reading the figures."""
