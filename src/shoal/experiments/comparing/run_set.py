"""The runs of one comparison are a set: one of each team, all of one number.

``triage-single`` and ``triage-vote`` are the first, ``triage-single-2`` and ``triage-vote-2`` the second. What is run
anew is a new set, beside all that are there; else the newest is read, and gone on with where it is not finished. So a
set that was stopped before all of its runs were begun is found by those that were.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from shoal.experiments.comparing.baseline import baseline_name
from shoal.experiments.errors import NotAnExperiment
from shoal.experiments.file.loaded import Loaded
from shoal.experiments.finished import ExperimentRun
from shoal.experiments.running.planning import root_of
from shoal.experiments.running.unbegun import is_unbegun
from shoal.runtime.durable.errors import StoreError
from shoal.runtime.durable.sqlite_errors import describe_os_error
from shoal.runtime.journal.errors import RunNotFound
from shoal.runtime.journal.run_lock import holder_of

_NUMBERED = re.compile(r"(?P<base>.+)-(?P<number>[1-9][0-9]{0,8})")


def run_name(loaded: Loaded, team: str, number: int) -> str:
    """What a team's run is called in the set of this number."""
    base = f"{loaded.experiment.name}-{team}"
    return base if number == 1 else f"{base}-{number}"


def set_number(loaded: Loaded, root: Path | str | None, *, fresh: bool = False) -> int:
    """The number of the experiment's newest set, 1 where there is none; ``fresh``: of the next one that is free.

    Raises :class:`StoreError` when the runs that are there cannot be listed.
    """
    experiment = loaded.experiment
    where = root_of(experiment, loaded.folder, root)
    teams = [*experiment.every_team, baseline_name(experiment.every_team)]
    first = [run_name(loaded, team, 1) for team in teams]
    numbers = _numbers(where, first)
    newest = next((n for n in sorted(numbers, reverse=True) if _is_of(experiment.name, numbers[n])), 1)
    if not fresh:
        return newest
    number = newest
    while _is_taken(where, first, number):
        number += 1
    return number


def _numbers(root: Path, first: Sequence[str]) -> dict[int, list[Path]]:
    """What there is under names of later sets, by number. A name that is a team's in the first set is none."""
    try:
        paths = list(root.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as exc:
        raise describe_os_error(exc, root, "list the runs in") from exc
    numbers: dict[int, list[Path]] = {}
    for path in paths:
        found = None if path.name in first else _NUMBERED.fullmatch(path.name)
        if found is not None and found["base"] in first and int(found["number"]) > 1:
            numbers.setdefault(int(found["number"]), []).append(path)
    return numbers


def _is_taken(root: Path, first: Sequence[str], number: int) -> bool:
    """Whether a run of this set is there, or would have the name of another team's first one."""
    if number == 1:
        return any((root / base).exists() for base in first)
    names = [f"{base}-{number}" for base in first]
    return any(name in first or (root / name).exists() for name in names)


def _is_of(experiment: str, paths: Sequence[Path]) -> bool:
    return any(_is_run_of(experiment, path) for path in paths)


def _is_run_of(experiment: str, path: Path) -> bool:
    """Whether it is a run of the experiment, or one that was cut off before it said of which it is."""
    try:
        with ExperimentRun(path) as run:
            return run.name == experiment
    except NotAnExperiment:
        return holder_of(path) is not None or is_unbegun(path)
    except RunNotFound:
        return False
    except StoreError:
        return True  # whoever reads or goes on with it says what is wrong
