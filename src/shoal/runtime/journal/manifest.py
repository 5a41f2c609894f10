"""``run.json``: what a run is, and what is needed to go on with it."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shoal.runtime.config import describe_invalid
from shoal.runtime.durable.errors import StoreBroken, StoreNewer
from shoal.runtime.durable.sqlite_errors import describe_os_error
from shoal.runtime.journal.errors import RunNotFound

FILE_NAME = "run.json"
LAYOUT = 1
"""Version of the run directory's layout."""


class Manifest(BaseModel):
    """A run as its directory describes it. Written once, when the run is made."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    layout: int = Field(default=LAYOUT, ge=1)
    """Version of the directory's layout."""
    run: str
    """The run's id, the directory's name."""
    created_at: float
    """Seconds since 1970."""
    argv: tuple[str, ...] = ()
    """The program and its arguments, as resume starts it again."""
    cwd: str = ""
    """The directory the program was started in."""
    shoal: str = ""
    """The version that made the run."""
    settings: dict[str, Any] = Field(default_factory=dict)
    """The system's settings that are not the defaults."""


def write_manifest(directory: Path, manifest: Manifest) -> None:
    """Write ``run.json`` and see it to the disk. Raises :class:`StoreFull` or another :class:`StoreError`."""
    path = directory / FILE_NAME
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(manifest.model_dump_json(indent=2) + "\n")
            file.flush()
            os.fsync(file.fileno())
        with contextlib.closing(_Directory(directory)) as opened:
            os.fsync(opened.descriptor)
    except OSError as exc:
        raise describe_os_error(exc, path, "write") from exc


def read_manifest(directory: Path) -> Manifest:
    """The run of a directory.

    Raises :class:`RunNotFound` when there is none, :class:`StoreNewer` for one of a newer shoal and
    :class:`StoreBroken` for a damaged ``run.json``.
    """
    path = directory / FILE_NAME
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError) as exc:
        what = "is no run: it has no run.json" if directory.is_dir() else "does not exist"
        raise RunNotFound(
            f"{directory} {what}. `shoal runs` lists the runs there are", run=directory.name
        ) from exc
    except OSError as exc:
        raise describe_os_error(exc, path, "read") from exc
    except ValueError as exc:  # JSON, UTF-8
        raise _broken(path, str(exc)) from exc
    layout = raw.get("layout") if isinstance(raw, dict) else None
    if isinstance(layout, int) and layout > LAYOUT:
        raise StoreNewer(
            f"{directory} was made by a newer shoal (layout {layout}; this one knows {LAYOUT}): use that",
            path=str(path),
        )
    try:
        return Manifest.model_validate(raw)
    except ValidationError as exc:
        raise _broken(path, describe_invalid("run.json", exc)) from exc


class _Directory:
    """An open directory, to sync the names in it."""

    def __init__(self, path: Path) -> None:
        self.descriptor = os.open(path, os.O_RDONLY)

    def close(self) -> None:
        os.close(self.descriptor)


def _broken(path: Path, why: str) -> StoreBroken:
    return StoreBroken(
        f"{path} is damaged: {why}. Mend it by hand, or start the run anew under another name", path=str(path)
    )
