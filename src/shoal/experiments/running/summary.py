"""A run's results in numbers. Pure; results are read once, one at a time."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict

from shoal.experiments.comparing.quantile import quantile
from shoal.experiments.result import Result, State
from shoal.models.money import NANO


class Summary(BaseModel):
    """What a run came to: ``summary.json``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    run: str = ""
    experiment: str = ""
    team: str = ""
    """Of several teams which one; else empty."""
    tasks: int
    states: dict[str, int]
    """How many tasks are in each state; every state is there."""
    complete: bool
    """Whether every task has ended, and every answer that is judged was. Else a resumed run goes on with the rest."""
    score: float | None
    """The mean over the tasks that have a score; ``None``: nothing was judged."""
    scored: int
    """Over how many tasks."""
    scorer_failed: int = 0
    """Answers that the scorer failed on."""
    scorer_error: str = ""
    """What it said of the first of them."""
    unscored: int = 0
    """Other answers without a score, where answers are judged: nothing was expected, or the scorer gave none."""
    unjudged: int = 0
    """Answers that were not judged yet, because somebody stopped the run before: a resumed run judges them."""
    calls: int
    input_tokens: int
    output_tokens: int
    usd: float
    priced: bool
    """Whether all prices are known; else ``usd`` is too low."""
    outside_calls: int = 0
    """Calls that belong to no task of the workload, as in an agent's start, and what they took: not in the above."""
    outside_tokens: int = 0
    outside_usd: float = 0.0
    messages: int
    attempts: int
    """Submissions of tasks, in all."""
    latency_p50_s: float | None
    """Of tasks with an answer, from submission to end."""
    latency_p95_s: float | None
    wall_s: float
    """Time that programs worked on it: all sessions together."""
    work_s: float = 0.0
    """Of that, the time from a session's first task to the end of its last: without starting and stopping the team."""
    throughput: float | None
    """Tasks that ended, for each second of ``work_s``."""
    sessions: int
    restarts: int
    """How often an agent's process was started again."""
    dead_letters: int

    @property
    def tokens(self) -> int:
        """Input and output."""
        return self.input_tokens + self.output_tokens


class Circumstances(BaseModel):
    """What the results do not say of a run."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    run: str = ""
    experiment: str = ""
    team: str = ""
    wall_s: float = 0.0
    work_s: float = 0.0
    sessions: int = 1
    restarts: int = 0
    dead_letters: int = 0
    outside_calls: int = 0
    outside_tokens: int = 0
    outside_usd: float = 0.0
    unjudged: int = 0


class Totals:
    """Adds up results as they pass."""

    def __init__(self, *, judging: bool = False) -> None:
        """``judging``: whether answers are judged."""
        self._judging = judging
        self._unscored = self._scorer_failed = 0
        self._scorer_error = ""
        self._states: Counter[State] = Counter()
        self._scores: list[float] = []
        self._times: list[float] = []
        self._calls = self._input = self._output = self._nano = self._messages = self._attempts = 0
        self._priced = True
        self._open = 0

    def add(self, result: Result) -> None:
        """Count one more."""
        self._states[result.state] += 1
        self._open += result.ended_at is None
        self._calls += result.calls
        self._input += result.input_tokens
        self._output += result.output_tokens
        self._nano += round(result.usd * NANO)
        self._messages += result.messages
        self._attempts += result.attempts
        self._priced = self._priced and result.priced
        if result.score is not None:
            self._scores.append(result.score)
        elif result.scorer_failed:
            self._scorer_failed += 1
            self._scorer_error = self._scorer_error or result.error_text.removeprefix(f"task {result.task}: ")
        elif self._judging and result.state in (State.DONE, State.PARTIAL):
            self._unscored += 1
        if result.took_s is not None and result.state in (State.DONE, State.PARTIAL):
            self._times.append(result.took_s)

    def summary(self, around: Circumstances) -> Summary:
        """All of them."""
        tasks = self._states.total()
        return Summary(
            **around.model_dump(),
            tasks=tasks,
            states={state.value: self._states[state] for state in State},
            complete=not self._open and not around.unjudged,
            score=math.fsum(self._scores) / len(self._scores) if self._scores else None,
            scored=len(self._scores),
            scorer_failed=self._scorer_failed,
            scorer_error=self._scorer_error,
            unscored=self._unscored - around.unjudged,
            calls=self._calls,
            input_tokens=self._input,
            output_tokens=self._output,
            usd=self._nano / NANO,
            priced=self._priced,
            messages=self._messages,
            attempts=self._attempts,
            latency_p50_s=quantile(self._times, 0.5),
            latency_p95_s=quantile(self._times, 0.95),
            throughput=(tasks - self._open) / around.work_s if around.work_s > 0 else None,
        )


def summary_of(results: Iterable[Result], around: Circumstances | None = None) -> Summary:
    """The results in numbers."""
    totals = Totals()
    for result in results:
        totals.add(result)
    return totals.summary(around or Circumstances())
