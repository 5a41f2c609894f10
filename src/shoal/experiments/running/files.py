"""Files of an experiment in its run directory: written whole or not at all; results also line by line."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TextIO

from pydantic import BaseModel

from shoal.runtime.durable.sqlite_errors import describe_os_error

_MODE = 0o600


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[TextIO]:
    """A file that takes the place of ``path`` once the block has ended well; else nothing changes.

    Whoever reads ``path`` meanwhile has the old one, whole. Raises :class:`StoreError`, as ``StoreFull``.
    """
    draft = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(draft, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, _MODE)
        with open(descriptor, "w", encoding="utf-8") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as exc:
        raise describe_os_error(exc, path, "write") from exc
    finally:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a file whole. Raises :class:`StoreError`."""
    with replacing(path) as file:
        file.write(text)


def write_json(path: Path, data: Any) -> None:
    """Write data for people and programs. Raises :class:`StoreError`."""
    write_text(path, json.dumps(data, indent=2, ensure_ascii=False) + "\n")


def write_lines(path: Path, models: Iterable[BaseModel]) -> None:
    """Write one model a line. Raises :class:`StoreError`, and what the iterator raises: nothing changes then."""
    with replacing(path) as file:
        for model in models:
            file.write(model.model_dump_json() + "\n")


class Lines:
    """A file that grows by a line at a time, each there for ``tail -f`` once it is added."""

    def __init__(self, path: Path) -> None:
        """Open it, behind what it has. Raises :class:`StoreError`."""
        self._path = path
        try:
            self._descriptor = os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, _MODE)
        except OSError as exc:
            raise describe_os_error(exc, path, "open") from exc

    def add(self, model: BaseModel) -> None:
        """Add a line, by one write. Raises :class:`StoreError`."""
        line = (model.model_dump_json() + "\n").encode()
        try:
            while line:
                line = line[os.write(self._descriptor, line) :]
        except OSError as exc:
            raise describe_os_error(exc, self._path, "write") from exc

    def close(self) -> None:
        """Let go of it. Closing twice is fine."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
