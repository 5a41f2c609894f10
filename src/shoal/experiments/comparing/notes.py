"""What to know when reading a comparison: what was left out, and what bends a figure. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from shoal.experiments.comparing.comparison import CostUnit, TeamFigures
from shoal.experiments.comparing.pairing import Paired
from shoal.experiments.comparing.team_run import TeamRun
from shoal.experiments.comparing.wording import counted
from shoal.runtime.terminal.text import clipped

_SHOWN = 3
_CHARS = 300


def notes_on(
    runs: Sequence[TeamRun], paired: Paired, teams: Sequence[TeamFigures], *, has_baseline: bool
) -> Iterator[str]:
    """A sentence for each thing."""
    yield from _left_out(paired)
    for run in runs:
        if failures := run.scorer_failures:
            why = clipped(failures[0].error_text, _CHARS)
            yield f"{run.team}: the scorer failed on {counted(len(failures), 'answer')}: {why}."
    scored = teams[0].score.cases if teams[0].score else 0
    if 0 < scored < len(paired.cases):
        yield f"{counted(len(paired.cases) - scored, 'case')} without a score for every team: not in the scores."
    if len(paired.tasks) > len(paired.cases) and scored:
        yield (
            f"{len(paired.tasks):,} tasks are repeats of {counted(len(paired.cases), 'case')}: repeats are averaged "
            "first, and cases are counted."
        )
    if has_baseline and len(teams) > 2 and scored:
        yield f"p values are corrected for {len(teams) - 1} teams (Holm); the intervals are not."
    if teams[0].cost_unit is CostUnit.TOKENS:
        yield "Not all prices are known, or all are zero: cost is compared by tokens."
    resumed = [run.run or run.team for run in runs if run.sessions > 1]
    if resumed:
        yield f"Resumed in between: {', '.join(resumed)}. Tasks that were open then have the pause in their latency."


def _left_out(paired: Paired) -> Iterator[str]:
    for tasks, why in (
        (paired.only_some, "that only some runs have"),
        (paired.not_ended, "that not every run came to the end of"),
    ):
        if tasks:
            some = ", ".join(tasks[:_SHOWN]) + (", …" if len(tasks) > _SHOWN else "")
            yield f"Left out: {counted(len(tasks), 'task')} {why} ({some})."
