"""Comparing teams: runs what was not run yet, reads what was, and holds the results against each other.

::

    found = await shoal.experiments.compare("experiment.yaml", address="local")
    print(found.verdict)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from shoal.experiments.comparing.comparison import Comparison
from shoal.experiments.comparing.gathering import Source, gather
from shoal.experiments.comparing.holding import baseline_of_runs, compare_runs
from shoal.experiments.comparing.pairing import check_same
from shoal.experiments.comparing.planned import Planned, Where
from shoal.experiments.comparing.team_run import TeamRun, team_run_of, told_apart
from shoal.experiments.comparing.there import There
from shoal.experiments.comparing.wording import counted
from shoal.experiments.errors import ExperimentError
from shoal.experiments.finished import ExperimentRun
from shoal.experiments.running.display import Display
from shoal.experiments.running.kept_session import KeptSession
from shoal.experiments.running.outcome import Ending
from shoal.experiments.running.plan import Plan
from shoal.experiments.running.runner import Runner
from shoal.experiments.running.stop import Stop


class ComparisonStopped(ExperimentError):
    """Somebody stopped a comparison, in the run ``details["run"]``, whose directory is ``details["path"]``. The same
    one, without ``fresh``, goes on where it was left."""


async def compare(
    *sources: Source,
    overrides: Sequence[str] = (),
    root: Path | str | None = None,
    address: str | None = None,
    baseline: str | None = None,
    baseline_required: bool = True,
    fresh: bool = False,
    stop: Stop | None = None,
    display: Display | None = None,
    said: Callable[[str], None] | None = None,
) -> Comparison:
    """Hold teams against each other on the same workload, always with a single agent among them.

    ``sources``: experiments, files of them, and names or directories of runs. Of an experiment each team is run as
    ``<experiment>-<team>``; a run of that name that is finished is read, and one that was interrupted is gone on with.
    Where teams were run anew, their newest set of runs is meant (see :mod:`.run_set`). A run that is given itself is
    read as it is. Where no team is a lone agent, the experiment's ``baseline`` is one more team, else a lone agent made
    of the first team.

    ``overrides`` as ``budget.usd=0.5``, for all files. ``baseline``: the team that the others are held against.
    ``baseline_required``: whether it is an error that there is none. ``fresh``: run all anew, beside what is there.
    ``said``: is told what is read, run and resumed. ``root``, ``address``, ``stop`` and ``display``: as of ``run``.

    Raises before anything is started: :class:`BadExperiment`, :class:`BadWorkload`, :class:`NothingToCompare`,
    ``RunNotFound``, ``RunInUse``. Raises :class:`ComparisonStopped`, and what running a plan raises.
    """
    tell = said or (lambda text: None)
    where = Where(root, address, fresh)
    entries = gather(sources, where, overrides, make_baseline=baseline is None and baseline_required)
    required = baseline_required and not entries.waived
    _check(entries.teams, baseline, required=required)
    to_do = sum(isinstance(one, Planned) and one.there is not There.FINISHED for one in entries.teams)
    runs: list[TeamRun] = []
    begun = 0
    last: Plan | None = None
    with KeptSession() as session:
        for one in entries.teams:
            if isinstance(one, Planned):
                if one.there is not There.FINISHED:
                    if last is not None and stop is not None and stop.asked:  # while it wrote its results
                        why = f"stopped after {last.run}, before {one.plan.run}"
                        raise _stopped(last, why, entries.teams)
                    begun, last = begun + 1, one.plan
                    session.keep_for(one.plan)
                outcome = await _do(one, tell, f"{begun} of {to_do}", stop, display)
                if outcome is Ending.STOPPED:
                    raise _stopped(one.plan, f"stopped while {one.plan.run} was under way", entries.teams)
                runs.append(_read(one))
            else:
                tell(f"{one.team}: run {one.run}, read")
                runs.append(one)
    return compare_runs(runs, baseline=baseline, baseline_required=required)


def _check(teams: Sequence[TeamRun | Planned], baseline: str | None, *, required: bool) -> None:
    outlines = told_apart([one.outline if isinstance(one, Planned) else one for one in teams])
    baseline_of_runs(outlines, baseline, required=required)
    check_same(outlines)


def _stopped(plan: Plan, why: str, teams: Sequence[TeamRun | Planned]) -> ComparisonStopped:
    """An experiment of whose new set nothing was begun is found as it was before by who goes on: that is said."""
    later = [one.plan for one in teams if isinstance(one, Planned) and one.number > 1]
    begun = {each.experiment.name for each in later if each.path.exists()}
    older = dict.fromkeys(each.experiment.name for each in later if each.experiment.name not in begun)
    more = f"; of {', '.join(older)} nothing was run anew yet, and the runs before are read" if older else ""
    return ComparisonStopped(f"{why}{more}", run=plan.run, path=str(plan.path))


async def _do(
    one: Planned, tell: Callable[[str], None], number: str, stop: Stop | None, display: Display | None
) -> Ending:
    """Do what is left of the run to do."""
    plan = one.plan
    if one.there is There.FINISHED:
        tell(f"{one.team}: run {plan.run} is finished, read (run anew with --fresh)")
        return Ending.COMPLETE
    doing = "going on with" if one.there is There.OPEN else "running as"
    tell(f"{one.team}: {doing} {plan.run} ({number}; {counted(len(plan.tasks), 'task')})")
    outcome = await Runner(plan, stop=stop, display=display).run()
    if outcome.ending is Ending.OUT_OF_BUDGET:
        tell(f"{one.team}: the budget was used up before all tasks were done")
    return outcome.ending


def _read(one: Planned) -> TeamRun:
    """The run's results, once it has all that it will have."""
    with ExperimentRun(one.plan.path) as run:
        found = team_run_of(run)
    return found._replace(team=one.team, pattern=one.outline.pattern)
