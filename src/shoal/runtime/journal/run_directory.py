"""A run directory: everything durable about one run, in ``<root>/<run>/``.

::

    run.json     what the run is and how to start it again (written once)
    run.lock     held by the process that runs it
    journal.db   the ledger, events and messages
    state/       a file for each host: durable agents, and what was done once
    limits.db    what was spent of budgets
    approvals.db what people were asked, and what they said
    boards/      a file for each region of the board, and what belongs to it

The root is an argument, else the environment's ``SHOAL_RUNS``, else ``.shoal/runs`` under the current directory.
Directories have mode 0700 and files 0600: payloads and results are in them. A directory is made under another name
and moved into place, so that one without a ``run.json`` is no run of ours.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import shlex
import shutil
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import TracebackType
from typing import Any

from shoal.runtime.durable.errors import StoreError, StoreFull
from shoal.runtime.durable.sqlite_errors import describe_os_error
from shoal.runtime.errors import ConfigError
from shoal.runtime.journal.errors import RunExists, RunNotFound, RunUnwritable
from shoal.runtime.journal.journal import settle_journal
from shoal.runtime.journal.manifest import FILE_NAME, Manifest, read_manifest, write_manifest
from shoal.runtime.journal.run_lock import RunLock

ROOT_VARIABLE = "SHOAL_RUNS"
JOURNAL_FILE = "journal.db"
_RUN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:\-]{0,127}")
_LETTERS = "abcdefghjkmnpqrstvwxyz23456789"


def runs_root(root: Path | str | None = None) -> Path:
    """Where runs are kept: the argument, else ``SHOAL_RUNS``, else ``.shoal/runs`` here."""
    return Path(root or os.environ.get(ROOT_VARIABLE) or ".shoal/runs").absolute()


def unusual(root: Path) -> Path | None:
    """The root, where commands would not look for runs there."""
    return None if root == runs_root() else root


def root_option(root: Path | None) -> str:
    """What tells a command where runs are; ``None``: it need not be told."""
    return f" --root {shlex.quote(str(root))}" if root is not None else ""


def generate_run_id(now: float) -> str:
    """A readable id: UTC date and time of ``now`` and four random letters, ``20260131-093005-k7qd``."""
    moment = datetime.fromtimestamp(now, UTC).strftime("%Y%m%d-%H%M%S")
    return f"{moment}-{''.join(secrets.choice(_LETTERS) for _ in range(4))}"


def check_run_id(run: str) -> str:
    """The id, if it can be one. Raises :class:`ConfigError`."""
    if not isinstance(run, str) or not _RUN.fullmatch(run):
        raise ConfigError(
            f"{run!r} cannot be a run's name: 1 to 128 of letters, digits and _ . : -, beginning with a letter, a "
            "digit or _"
        )
    return run


class RunDirectory:
    """A run that this process runs: it holds the run's lock until :meth:`close`."""

    def __init__(self, path: Path, manifest: Manifest, lock: RunLock) -> None:
        self.path = path
        self.manifest = manifest
        self._lock = lock
        self._closed = False

    @classmethod
    def create(
        cls,
        run: str | None = None,
        *,
        root: Path | str | None = None,
        argv: Sequence[str] = (),
        cwd: Path | str | None = None,
        settings: Mapping[str, Any] | None = None,
        now: float,
    ) -> RunDirectory:
        """Make a new run; without a name it gets a generated one. ``now``: seconds since 1970.

        Raises :class:`ConfigError` for a bad name, :class:`RunExists`, :class:`RunUnwritable`, :class:`StoreFull`.
        """
        name = check_run_id(run) if run is not None else generate_run_id(now)
        parent = runs_root(root)
        path = parent / name
        if path.exists():
            raise _exists(path)
        manifest = Manifest(
            run=name,
            created_at=now,
            argv=tuple(argv),
            cwd=str(cwd if cwd is not None else Path.cwd()),
            shoal=_our_version(),
            settings=dict(settings or {}),
        )
        draft = _make_draft(parent)
        try:
            write_manifest(draft, manifest)
            lock = RunLock(draft)
            try:
                _move(draft, path)
            except BaseException:
                lock.release()
                raise
        except BaseException as exc:
            shutil.rmtree(draft, ignore_errors=True)
            if isinstance(exc, StoreError) and not isinstance(exc, StoreFull):
                raise RunUnwritable(exc.text, run=name) from exc
            raise
        return cls(path, manifest, lock)

    @classmethod
    def open(cls, run: str, *, root: Path | str | None = None) -> RunDirectory:
        """Take a run that exists, to go on with it.

        Raises :class:`RunNotFound`, :class:`RunInUse`, :class:`StoreNewer` or :class:`StoreBroken`.
        """
        path = find_run(run, root=root)
        manifest = read_manifest(path)
        return cls(path, manifest, RunLock(path))

    @property
    def run(self) -> str:
        """The run's id."""
        return self.manifest.run

    @property
    def journal_path(self) -> Path:
        """The journal's file."""
        return self.path / JOURNAL_FILE

    def close(self) -> None:
        """Let go of the run, its messages as they are for anyone to query. Closing twice is fine."""
        if not self._closed and self.journal_path.exists():
            with contextlib.suppress(StoreError):  # what is wrong with it is for who reads it
                settle_journal(self.journal_path)
        self._closed = True
        self._lock.release()

    def discard(self) -> None:
        """Undo :meth:`create`: the run never began."""
        shutil.rmtree(self.path, ignore_errors=True)
        self.close()

    def __enter__(self) -> RunDirectory:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def find_run(run: str, *, root: Path | str | None = None) -> Path:
    """The directory of a run. Raises :class:`RunNotFound`."""
    parent = runs_root(root)
    path = parent / check_run_id(run)
    if not path.is_dir():
        raise RunNotFound(
            f"there is no run {run!r} in {parent}. `shoal runs` lists the runs there are", run=run
        )
    return path


def find_directory(
    run: Path | str, *, root: Path | str | None = None, holds: Sequence[str] = (FILE_NAME,)
) -> Path:
    """What a user means by a run: its name, or a path to its directory.

    A word that is no run's name is a directory here if that has one of ``holds``. Raises :class:`RunNotFound`, and
    :class:`ConfigError` for a word that is neither.
    """
    typed = str(run)
    path = Path(os.path.abspath(os.path.expanduser(typed)))
    if os.sep not in typed and typed not in (".", "..", "~"):
        try:
            return find_run(typed, root=root)
        except (RunNotFound, ConfigError):
            if not any((path / name).exists() for name in holds):
                raise
    if not path.is_dir():
        what = "is a file: name the directory of a run" if path.exists() else "does not exist"
        raise RunNotFound(f"{path} {what}. `shoal runs` lists the runs there are", run=typed)
    return path


def _make_draft(parent: Path) -> Path:
    draft = parent / f".new-{secrets.token_hex(6)}"
    try:
        # mkdir gives its mode to the last directory only.
        for directory in [*reversed(parent.parents), parent]:
            with contextlib.suppress(FileExistsError):
                directory.mkdir(mode=0o700)
        draft.mkdir(mode=0o700)
    except OSError as exc:
        raise _unwritable(exc, parent) from exc
    return draft


def _move(draft: Path, path: Path) -> None:
    try:
        draft.rename(path)
    except OSError as exc:
        if exc.errno in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR):
            raise _exists(path) from exc
        raise _unwritable(exc, path.parent) from exc


def _unwritable(exc: OSError, parent: Path) -> Exception:
    error = describe_os_error(exc, parent, "make a run directory in")
    if isinstance(error, StoreFull):
        return error
    return RunUnwritable(
        f"{error.text}. Name another root, or set {ROOT_VARIABLE}", run=None, path=str(parent)
    )


def _exists(path: Path) -> RunExists:
    return RunExists(
        f"run {path.name!r} exists in {path.parent}: go on with it (`shoal resume {path.name}`), or take another name",
        run=path.name,
    )


def _our_version() -> str:
    try:
        return version("shoal")
    except PackageNotFoundError:
        return ""
