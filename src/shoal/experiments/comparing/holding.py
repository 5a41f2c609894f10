"""Runs of several teams held against each other: results in, a comparison out. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from shoal.experiments.comparing.comparison import Comparison, Kind, TeamFigures, Verdict
from shoal.experiments.comparing.estimate import Difference, difference, mean_score
from shoal.experiments.comparing.figures import Cost, case_scores, cost_of, cost_unit, latency_of, multiplier
from shoal.experiments.comparing.holm import holm
from shoal.experiments.comparing.notes import notes_on
from shoal.experiments.comparing.pairing import Paired, pair
from shoal.experiments.comparing.team_run import SINGLE, TeamRun, told_apart
from shoal.experiments.comparing.verdict import overall, verdict_of
from shoal.experiments.errors import NothingToCompare
from shoal.experiments.result import State

_UNJUDGED = Verdict(kind=Kind.NO_SCORE, text="")


def compare_runs(
    runs: Sequence[TeamRun], *, baseline: str | None = None, baseline_required: bool = True
) -> Comparison:
    """Hold the runs against each other, task by task.

    ``baseline``: the team or run that the others are held against; else the first lone agent among them. Raises
    :class:`NothingToCompare` when there is none of that name, or none at all while ``baseline_required``; and as
    :func:`pair` does.
    """
    named = told_apart(list(runs))
    held = baseline_of_runs(named, baseline, required=baseline_required)
    ordered = named if held is None else [held, *(run for run in named if run is not held)]
    paired = pair(ordered)
    teams = _judged(ordered, paired, has_baseline=held is not None)
    first = teams[0] if held is not None else None
    compared = len(teams) - 1
    teams = [team.model_copy(update={"verdict": verdict_of(team, first, compared)}) for team in teams]
    return Comparison(
        experiment=_experiment(ordered),
        baseline=None if first is None else first.team,
        cases=len(paired.cases),
        tasks=len(paired.tasks),
        scored=teams[0].score.cases if teams[0].score else 0,
        only_some=len(paired.only_some),
        not_ended=len(paired.not_ended),
        teams=tuple(teams),
        verdict=overall(teams, first, scorer_failed=any(run.scorer_failures for run in ordered)),
        notes=tuple(notes_on(ordered, paired, teams, has_baseline=held is not None)),
    )


def baseline_of_runs(runs: Sequence[TeamRun], asked: str | None, *, required: bool = True) -> TeamRun | None:
    """The run that the others are held against: the one that is asked for, by team or run; else the first lone agent.

    ``None``: there is none, and it is not ``required``. Raises :class:`NothingToCompare`.
    """
    teams = ", ".join(run.team for run in runs)
    if asked is not None:
        for run in runs:
            if asked in (run.team, run.run):
                return run
        raise NothingToCompare(f"no team is called {asked!r}: there are {teams}", baseline=asked)
    for run in runs:
        if run.pattern == SINGLE:
            return run
    if required:
        raise NothingToCompare(
            f"there is no single agent among the teams ({teams}), so nothing would say whether one would do: give one "
            "as `baseline:` in the experiment, name the team to hold the others against (--baseline TEAM), or go on "
            "without (--no-baseline)"
        )
    return None


def _judged(runs: Sequence[TeamRun], paired: Paired, *, has_baseline: bool) -> list[TeamFigures]:
    """The teams' figures, with everything but the verdicts."""
    costs = [cost_of(list(each.values())) for each in paired.results]
    unit = cost_unit(costs)
    scores = case_scores(paired.cases, paired.results)
    differences: list[Difference | None] = [None] * len(runs)
    if has_baseline and scores[0]:
        differences[1:] = _corrected([difference(mine, scores[0]) for mine in scores[1:]])
    teams = []
    for index, (run, cost) in enumerate(zip(runs, costs, strict=True)):
        team = _figures(run, paired, index, cost)
        times = multiplier(cost, costs[0], unit) if has_baseline else None
        found = {
            "score": mean_score(scores[index]) if scores[index] else None,
            "difference": differences[index],
            "cost_multiplier": times,
            "cost_unit": unit,
        }
        teams.append(team.model_copy(update=found))
    return teams


def _corrected(differences: Sequence[Difference]) -> list[Difference]:
    corrected = holm([each.p for each in differences])
    return [
        each.model_copy(update={"p_corrected": p}) for each, p in zip(differences, corrected, strict=True)
    ]


def _figures(run: TeamRun, paired: Paired, index: int, cost: Cost) -> TeamFigures:
    results = list(paired.results[index].values())
    states = Counter(result.state for result in run.results)
    latency = latency_of(results)
    return TeamFigures(
        team=run.team,
        run=run.run,
        path=run.path,
        pattern=run.pattern,
        states={state: states[state] for state in State},
        latency_p50_s=latency.p50_s,
        latency_p95_s=latency.p95_s,
        throughput=run.throughput,
        failures=sum(result.state is State.FAILED for result in results),
        messages=sum(result.messages for result in results),
        restarts=run.restarts,
        verdict=_UNJUDGED,
        **cost._asdict(),
    )


def _experiment(runs: Sequence[TeamRun]) -> str:
    """The name that all share; else all of them."""
    return ", ".join(dict.fromkeys(run.experiment for run in runs if run.experiment))
