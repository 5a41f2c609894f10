"""``environment.json``: under which circumstances a run was made, one entry for each session that worked on it."""

from __future__ import annotations

import os
import platform
import socket
import subprocess
import sys
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, distribution, packages_distributions, version
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from shoal.experiments.errors import NotAnExperiment
from shoal.experiments.layout import ENVIRONMENT_FILE
from shoal.experiments.running.variables import Variables
from shoal.runtime.config import describe_invalid
from shoal.runtime.durable.errors import StoreBroken
from shoal.runtime.durable.sqlite_errors import describe_os_error
from shoal.runtime.redaction import redact_arguments

_GIT_S = 10.0
_REQUIREMENT_ENDS = " ;<>=!~[("


class Git(BaseModel):
    """The commit of the experiment's folder."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    commit: str
    dirty: bool
    """Whether files differ from it, or are new."""


class Session(BaseModel):
    """One program that worked on the run."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    started_at: float
    """Seconds since 1970."""
    resumed: bool
    argv: list[str]
    """Without secrets."""
    host: str
    """The machine's name, as its user sees it."""
    shoal: str
    ray: str
    """Empty where it is not installed."""
    python: str
    platform: str
    cpus: int
    packages: dict[str, str]
    """Versions of what shoal depends on, and of all that the program had imported when it was written."""
    git: Git | None = None


class Environment(BaseModel):
    """The whole file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    made_by: Literal["file", "python", "program"]
    """How ``shoal resume`` gets the experiment again: from the file in the run directory, from the Python file where it
    was, or by starting the program again."""
    folder: str
    """Where the experiment's code and data are."""
    file: str = ""
    """The experiment file; of Python with the name behind a colon."""
    overrides: tuple[str, ...] = ()
    """What ``--set`` said, also when it was resumed."""
    team: str = ""
    """Of several teams of an experiment, the one that this run is of."""
    seed: int
    address: str | None = None
    """What ``--address`` said last; ``None``: nothing, so it was where the experiment says. What agents recorded is in
    files of their hosts, which have other names in one process than on Ray."""
    variables: Variables = Variables()
    """Of those of the environment that results depend on, a hash of what they hold."""
    sessions: tuple[Session, ...] = ()


def read_environment(run_dir: Path) -> Environment:
    """``environment.json`` of a run. Raises :class:`NotAnExperiment`, :class:`StoreError`."""
    path = run_dir / ENVIRONMENT_FILE
    try:
        return Environment.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise NotAnExperiment(f"run {run_dir.name!r} has no {ENVIRONMENT_FILE}", run=run_dir.name) from None
    except OSError as exc:
        raise describe_os_error(exc, path, "read") from exc
    except ValidationError as exc:
        raise StoreBroken(f"{describe_invalid(str(path), exc)}: it is damaged", path=str(path)) from exc


def this_session(folder: Path, *, resumed: bool, now: float) -> Session:
    """What can be said of this process and machine."""
    return Session(
        started_at=now,
        resumed=resumed,
        argv=redact_arguments([sys.executable, *sys.orig_argv[1:]]),
        host=socket.gethostname(),
        shoal=_version("shoal"),
        ray=_version("ray"),
        python=platform.python_version(),
        platform=platform.platform(),
        cpus=os.cpu_count() or 1,
        packages=used_packages(sys.modules),
        git=git_of(folder),
    )


def used_packages(modules: Iterable[str]) -> dict[str, str]:
    """Versions of shoal's dependencies and of the packages that these modules come from, by name."""
    of_module: Mapping[str, list[str]] = packages_distributions()
    imported = {name.partition(".")[0] for name in modules}
    names = {package for module in imported for package in of_module.get(module, ())}
    found = {name: _version(name) for name in sorted(names | _dependencies("shoal"), key=str.lower)}
    return {name: number for name, number in found.items() if number}


def git_of(folder: Path) -> Git | None:
    """The commit of a folder; ``None`` when it is in no repository, or there is no git."""
    commit = _git(folder, "rev-parse", "HEAD")
    if not commit:
        return None
    changes = _git(folder, "status", "--porcelain", "--", ".")
    return Git(commit=commit.strip(), dirty=bool(changes is None or changes.strip()))


def _git(folder: Path, *arguments: str) -> str | None:
    # Without a lock of the index, which somebody's own git may want at this moment.
    command = ["git", "--no-optional-locks", "-C", str(folder), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_GIT_S, check=False)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def _dependencies(package: str) -> set[str]:
    try:
        wanted = distribution(package).requires or []
    except PackageNotFoundError:
        return set()
    return {_name(requirement) for requirement in wanted if "extra ==" not in requirement}


def _name(requirement: str) -> str:
    for end in _REQUIREMENT_ENDS:
        requirement = requirement.partition(end)[0]
    return requirement


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
