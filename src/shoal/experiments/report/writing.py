"""Writing a report: the whole file or none, for its owner alone as the run it is of."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from shoal.runtime.durable.sqlite_errors import describe_os_error
from shoal.runtime.errors import ConfigError


def check_output(path: Path) -> None:
    """Before a report is made. Raises :class:`ConfigError` where it could not be written there."""
    if path.is_dir():
        raise ConfigError(f"--out {path} is a directory: name a file in it, as {path / 'report.html'}")
    parent = path.absolute().parent
    if not parent.is_dir():
        raise ConfigError(f"--out {path}: there is no directory {parent}")
    if not os.access(parent, os.W_OK):
        raise ConfigError(f"--out {path}: {parent} cannot be written to")


def write_report(path: Path, html: str) -> None:
    """Put the file in its place; one that is there is replaced. Raises :class:`StoreError`."""
    draft = ""
    try:
        handle, draft = tempfile.mkstemp(prefix=".report-", suffix=".html", dir=path.absolute().parent)
        with os.fdopen(handle, "wb") as file:
            file.write(html.encode("utf-8", "backslashreplace"))
        os.replace(draft, path)
    except OSError as exc:
        with contextlib.suppress(OSError):
            os.unlink(draft)
        raise describe_os_error(exc, path, "write") from exc
