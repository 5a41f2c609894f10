"""Making a report of runs: read one after the other, then drawn.

::

    html = make_report(["triage-20260131"], now=time.time())
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from shoal.experiments.comparing.team_run import TeamRun, team_run_of
from shoal.experiments.errors import NothingToCompare
from shoal.experiments.finished import ExperimentRun, open_experiment
from shoal.experiments.report.compared_section import ComparedSection, compared_section
from shoal.experiments.report.lanes import BUCKETS
from shoal.experiments.report.page import page
from shoal.experiments.report.run_reading import read_run
from shoal.experiments.report.run_section import RunSection, run_section
from shoal.runtime.errors import ConfigError
from shoal.runtime.journal.run_directory import runs_root

_FEWER = 240
"""Buckets of each timeline where several runs share the page."""
_MANY = 3


def make_report(runs: Sequence[str], *, root: Path | str | None = None, now: float) -> str:
    """The page of these runs, by names or directories. Of the same files it is the same but for ``now``.

    Raises :class:`ConfigError` where a run is given twice, ``RunNotFound``, :class:`NotAnExperiment`,
    :class:`StoreError`.
    """
    sections: list[RunSection] = []
    teams: list[TeamRun] = []
    latencies: dict[str, tuple[float, ...]] = {}
    why_not = ""
    buckets = BUCKETS if len(runs) < _MANY else _FEWER
    for number, name in enumerate(runs, 1):
        with open_experiment(name, root=root) as run:
            if any(section.facts.run == run.id for section in sections):
                raise ConfigError(f"run {run.id!r} is given twice: give different runs")
            facts = read_run(run, buckets)
            latencies[run.id] = facts.latencies
            sections.append(run_section(facts, f"run{number}", _root_of(run)))
            if len(runs) > 1:
                why_not = why_not or _take(run, teams)
    compared: ComparedSection | str | None = None
    if len(runs) > 1:
        compared = why_not or compared_section(teams, latencies)
    return page(sections, compared, now)


def _root_of(run: ExperimentRun) -> str:
    """What commands have to be told to find it; empty where they look."""
    folder = run.path.parent
    return "" if folder == runs_root() else str(folder)


def _take(run: ExperimentRun, teams: list[TeamRun]) -> str:
    """Add the run to those that are compared; why it cannot be."""
    try:
        teams.append(team_run_of(run))
    except NothingToCompare as error:
        return error.text
    return ""
