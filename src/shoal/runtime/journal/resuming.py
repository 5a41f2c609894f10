"""Which run a program gets, and how its program is started again.

``shoal resume RUN`` starts the recorded program with ``SHOAL_RESUME`` set to the run's directory: there
``shoal.start(run=...)`` opens that run instead of making one. A program that goes on with a run by itself says so with
:func:`going_on_with`.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import Any, NamedTuple

from shoal.runtime.errors import ConfigError
from shoal.runtime.journal.errors import RunNotResumable
from shoal.runtime.journal.manifest import Manifest
from shoal.runtime.journal.run_directory import ROOT_VARIABLE, RunDirectory, check_run_id

RESUME_VARIABLE = "SHOAL_RESUME"
_going_on: ContextVar[str] = ContextVar("going_on", default="")


class TakenRun(NamedTuple):
    """A run this process has taken."""

    directory: RunDirectory
    resumed: bool
    """Whether it was there before."""


class Program(NamedTuple):
    """A program to start."""

    argv: tuple[str, ...]
    cwd: str
    environment: dict[str, str]


def take_run(
    run: str | bool,
    *,
    root: Path | str | None = None,
    settings: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
    now: float,
) -> TakenRun:
    """The run for ``shoal.start(run=...)``: the one that is being resumed, else a new one.

    ``run``: its name, or ``True`` for a generated one. Raises :class:`ConfigError` when another run is being resumed
    than the program names, and what :class:`RunDirectory` raises.
    """
    if run is not True:
        check_run_id(run)  # type: ignore[arg-type]
    resuming = _going_on.get() or (os.environ if environment is None else environment).get(RESUME_VARIABLE)
    if not resuming:
        made = RunDirectory.create(
            None if run is True else str(run), root=root, argv=this_program(), settings=settings, now=now
        )
        return TakenRun(made, False)
    path = Path(resuming)
    if run is not True and run != path.name:
        raise ConfigError(
            f"run {path.name!r} is being resumed ({RESUME_VARIABLE}={resuming}), but the program asks for run {run!r}: "
            "start it the way that run was started, or let it take any (run=True)"
        )
    return TakenRun(RunDirectory.open(path.name, root=path.parent if path.is_absolute() else root), True)


@contextlib.contextmanager
def going_on_with(path: Path) -> Iterator[None]:
    """In this block ``shoal.start(run=...)`` opens the run in this directory instead of making one."""
    token = _going_on.set(str(path.absolute()))
    try:
        yield
    finally:
        _going_on.reset(token)


def this_program() -> list[str]:
    """The interpreter and the arguments this process was started with."""
    return [sys.executable, *sys.orig_argv[1:]]


def program_of(path: Path, manifest: Manifest) -> Program:
    """How to start the run's program again. Raises :class:`RunNotResumable`."""
    if not manifest.argv:
        raise RunNotResumable(
            f"run {manifest.run!r} does not say which program made it: start that with "
            f"{RESUME_VARIABLE}={path} in its environment",
            run=manifest.run,
        )
    if not Path(manifest.cwd).is_dir():
        raise RunNotResumable(
            f"run {manifest.run!r} was started in {manifest.cwd}, which is not there any more",
            run=manifest.run,
        )
    if shutil.which(manifest.argv[0], path=os.environ.get("PATH")) is None:
        raise RunNotResumable(
            f"run {manifest.run!r} was started with {manifest.argv[0]}, which is not there any more: start the program "
            f"by hand with {RESUME_VARIABLE}={path} in its environment",
            run=manifest.run,
        )
    environment = {**os.environ, RESUME_VARIABLE: str(path), ROOT_VARIABLE: str(path.parent)}
    return Program(manifest.argv, manifest.cwd, environment)
