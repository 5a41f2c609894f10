"""Running an experiment from Python.

::

    outcome = await shoal.experiments.run(experiment, address="local")
    print(outcome.summary.score, outcome.path)
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Sequence
from pathlib import Path

from shoal.experiments.file.loaded import Loaded, loaded_from
from shoal.experiments.file.spec import Experiment
from shoal.experiments.running.display import Display
from shoal.experiments.running.outcome import Outcome
from shoal.experiments.running.planning import (
    plan_going_on,
    plan_resume,
    plan_run,
    root_of,
    team_named,
)
from shoal.experiments.running.runner import Runner
from shoal.experiments.running.stop import Stop
from shoal.experiments.running.unbegun import check_is_experiment, is_unbegun
from shoal.runtime.journal.errors import RunNotResumable
from shoal.runtime.journal.resuming import RESUME_VARIABLE
from shoal.runtime.journal.run_directory import find_directory, find_run, generate_run_id

_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_.\-]+")


async def run(
    experiment: Experiment | Loaded,
    *,
    team: str | None = None,
    name: str | None = None,
    root: Path | str | None = None,
    address: str | None = None,
    resume: bool = False,
    retry_failed: bool = False,
    stop: Stop | None = None,
    display: Display | None = None,
) -> Outcome:
    """Run an experiment's team over its workload; returns once every task has ended, or none can go on.

    ``team``: which of several. ``name``: of the run; without it the experiment's name with date and time. ``root``:
    where its directory is kept. ``address``: instead of the experiment's own; ``"local"``: in this process.
    ``resume``: go on with the run of this name, as also ``shoal resume`` makes this program do; it must be of this
    experiment, but for budgets, limits, concurrency, cluster and output. ``stop``: what ends it
    early, in order; ``display``: who shows how far it is.

    Raises :class:`BadExperiment` and :class:`BadWorkload` before anything is started, and what :meth:`Runner.run`
    raises.
    """
    loaded = experiment if isinstance(experiment, Loaded) else loaded_from(experiment)
    going_on = _going_on_with(loaded, name, root, resume=resume)
    if going_on is None:
        new = name or run_name(loaded.experiment, team)
        plan = plan_run(loaded, team=team, run=new, root=root, address=address)
    elif is_unbegun(going_on):
        plan = plan_run(loaded, team=team, run=going_on.name, root=going_on.parent, address=address)
    else:
        check_is_experiment(going_on)
        plan = plan_going_on(loaded, going_on, team=team, address=address, retry_failed=retry_failed)
    return await Runner(plan, stop=stop, display=display).run()


async def resume(
    run: Path | str,
    *,
    root: Path | str | None = None,
    overrides: Sequence[str] = (),
    address: str | None = None,
    retry_failed: bool = False,
    stop: Stop | None = None,
    display: Display | None = None,
) -> Outcome:
    """Go on with a run of an experiment file, after any kind of end.

    ``overrides`` as ``budget.usd=2``. ``retry_failed``: do those again that failed. Raises ``RunNotFound``,
    ``RunInUse``, :class:`NotAnExperiment`, ``RunNotResumable``, :class:`BadExperiment`.
    """
    plan = plan_resume(
        find_directory(run, root=root), overrides=overrides, address=address, retry_failed=retry_failed
    )
    return await Runner(plan, stop=stop, display=display).run()


def base_name(experiment: Experiment) -> str:
    """A new name for runs of it: with date and time."""
    return _NOT_IN_NAMES.sub("-", f"{experiment.name}-{generate_run_id(time.time())}")


def run_name(experiment: Experiment, team: str | None = None) -> str:
    """A new name for a run of it: with date and time, and with the team's where there are several."""
    base = base_name(experiment)
    return f"{base}-{team_named(experiment, team)}" if experiment.teams else base


def _going_on_with(loaded: Loaded, name: str | None, root: Path | str | None, *, resume: bool) -> Path | None:
    """The directory of the run that is gone on with; ``None``: a new one is made."""
    asked = os.environ.get(RESUME_VARIABLE)
    if asked and (name is None or name == Path(asked).name):
        return Path(asked)
    if not resume:
        return None
    if name is None:
        raise RunNotResumable("which run is to be resumed is not said: give its name")
    return find_run(name, root=root_of(loaded.experiment, loaded.folder, root))
