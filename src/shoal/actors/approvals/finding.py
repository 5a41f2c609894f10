"""From what a user typed to the requests of a run: its directory, whether it runs, its file."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from shoal.actors.approvals.request_file import FILE_NAME
from shoal.runtime.durable.errors import StoreError
from shoal.runtime.journal.errors import RunNotFound
from shoal.runtime.journal.manifest import FILE_NAME as MANIFEST
from shoal.runtime.journal.reader import RUNNING, RunReader, list_runs
from shoal.runtime.journal.run_directory import find_directory, runs_root


class Place(NamedTuple):
    """A run that has asked somebody."""

    name: str
    directory: Path
    status: str
    """``running``, ``interrupted``, ...; empty where it cannot be told."""

    @property
    def running(self) -> bool:
        """Whether a decision is taken at once."""
        return self.status == RUNNING


def find_place(run: str | None, root: Path | None) -> Place:
    """The run of this name, or in this directory; else the newest that has asked somebody.

    Raises ``RunNotFound`` when there is none, or it never asked.
    """
    if run is None:
        return _latest(root)
    directory = find_directory(run, root=root, holds=(FILE_NAME,))
    if not (directory / FILE_NAME).exists():
        raise RunNotFound(
            f"run {directory.name!r} has not asked anybody: there is no {FILE_NAME} in it", run=run
        )
    return Place(directory.name, directory, _status(directory))


def _latest(root: Path | None) -> Place:
    parent = runs_root(root)
    for summary in list_runs(root):
        if (parent / summary.run / FILE_NAME).exists():
            return Place(summary.run, parent / summary.run, summary.status)
    raise RunNotFound(
        f"no run in {parent} has asked anybody. Name a run, or the directory that a system was given as run_dir",
        run=None,
    )


def _status(directory: Path) -> str:
    if not (directory / MANIFEST).exists():
        return ""
    try:
        with RunReader(directory) as reader:
            return reader.summary().status
    except StoreError:
        return ""
