"""What ``workload.tasks`` names: files, a folder, a glob, or something of Python."""

from __future__ import annotations

import difflib
import glob
import os
import re
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Protocol

from shoal.experiments.errors import Problem
from shoal.experiments.workload.csv_rows import read_csv
from shoal.experiments.workload.json_lines import read_json_lines
from shoal.experiments.workload.matching import matching, mode_of
from shoal.experiments.workload.parquet_rows import read_parquet
from shoal.experiments.workload.python_cases import read_python
from shoal.experiments.workload.row import Found
from shoal.experiments.workload.spec import SUFFIXES, Format, WorkloadSpec
from shoal.experiments.workload.text_files import read_text_file

FIELD = "workload.tasks"
_PYTHON_NAME = re.compile(r"[^\s:*?\[]+:[A-Za-z_]\w*(\.\w+)*")
_FORMATS = ", ".join(SUFFIXES)
_LONGEST_SHOWN = 100


class Imports(Protocol):
    """What finds a name of Python: ``shoal.experiments.importing.Importer``."""

    def find(self, name: str, field: str) -> Any:
        """What ``module:name`` names; ``field`` is for the error. Raises :class:`BadExperiment`."""


def read_rows(spec: WorkloadSpec, folder: Path, imports: Imports) -> Iterator[Found]:
    """All rows of the workload, read as they are asked for. Raises :class:`BadExperiment`: it cannot be imported."""
    tasks = spec.tasks
    if not isinstance(tasks, str):
        return read_python(tasks, FIELD)
    path = folder / tasks
    mode = mode_of(path)
    if stat.S_ISDIR(mode):
        return _read_folder(path, tasks, spec)
    if stat.S_ISREG(mode):
        return _read_files([(path, tasks)], spec)
    if mode:  # a pipe would be waited for, and could not be read again
        what = "it is neither a file nor a folder, but a pipe, a device or a socket"
        return iter([Problem(what, tasks, remedy="write its content to a file")])
    if _PYTHON_NAME.fullmatch(tasks):
        return read_python(imports.find(tasks, FIELD), tasks)
    if glob.has_magic(tasks):
        return _read_glob(folder, tasks, spec)
    named = tasks if len(tasks) <= _LONGEST_SHOWN else f"{tasks[:_LONGEST_SHOWN]}..."
    return iter([Problem(f"there is no file or folder {named!r}", field=FIELD, remedy=_near(path, tasks))])


def _read_folder(path: Path, shown: str, spec: WorkloadSpec) -> Iterator[Found]:
    try:
        names = sorted({name for pattern in spec.patterns for name in matching(path, pattern)})
    except OSError as exc:
        yield _unreadable(exc, shown)
        return
    if not names:
        yield Problem(f"no file in {shown!r} matches {spec.pattern!r}", field="workload.pattern")
    base = shown.rstrip("/")
    for name in names:
        yield from _read_file(path / name, f"{base}/{name}", spec.format or "text", spec, name)


def _read_glob(folder: Path, pattern: str, spec: WorkloadSpec) -> Iterator[Found]:
    try:
        names = matching(folder, pattern)
    except OSError as exc:
        yield _unreadable(exc, pattern)
        return
    if not names:
        yield Problem(f"no file matches {pattern!r}", field=FIELD)
    yield from _read_files([(folder / name, name) for name in names], spec)


def _read_files(files: Iterable[tuple[Path, str]], spec: WorkloadSpec) -> Iterator[Found]:
    """Files of cases; of those that match a glob, text files that each are one."""
    several = isinstance(spec.tasks, str) and glob.has_magic(spec.tasks)
    for path, shown in files:
        kind = spec.format or SUFFIXES.get(path.suffix.lower())
        if kind is None and not several:
            what = f"its suffix {path.suffix!r} does not say how it is read; known are {_FORMATS}"
            yield Problem(what, shown, remedy="or say workload.format")
        else:
            yield from _read_file(path, shown, kind or "text", spec, shown)


def _read_file(path: Path, shown: str, kind: Format, spec: WorkloadSpec, relative: str) -> Iterator[Found]:
    try:
        if kind == "text":
            yield read_text_file(path, shown, relative, spec.encoding)
            return
        empty = True
        for found in _rows(path, shown, kind, spec.encoding):
            empty = False
            yield found
        if empty:
            yield Problem("there is no case in it", shown)
    except OSError as exc:
        yield _unreadable(exc, shown)


def _rows(path: Path, shown: str, kind: Format, encoding: str) -> Iterator[Found]:
    if kind == "jsonl":
        return read_json_lines(path, shown, encoding)
    if kind == "parquet":
        return read_parquet(path, shown)
    return read_csv(path, shown, encoding, "\t" if kind == "tsv" else ",")


def _unreadable(error: OSError, shown: str) -> Problem:
    return Problem(f"it cannot be read: {error.strerror or error}", shown)


def _near(path: Path, tasks: str) -> str:
    """Names like it beside where it should be."""
    try:
        names = os.listdir(path.parent)
    except OSError:
        return f"there is no folder {str(Path(tasks).parent)!r} either"
    near = difflib.get_close_matches(path.name, names, n=1)
    return (
        f"did you mean {str(Path(tasks).parent / near[0])!r}?"
        if near
        else "paths are relative to the experiment file"
    )
