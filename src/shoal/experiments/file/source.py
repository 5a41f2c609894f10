"""The text of an experiment file, or what is wrong with it before its fields are looked at."""

from __future__ import annotations

import codecs
from pathlib import Path

from shoal.experiments.errors import Problem
from shoal.experiments.file.telling import wrong

MOST_BYTES = 256 * 1024
"""An experiment file says what is done; data is in the workload's own files."""
SUFFIXES = (".yaml", ".yml", ".json", ".py")


def read_source(path: Path, shown: str) -> str:
    """The file's text, which is UTF-8 and not empty. Raises ``BadExperiment``."""
    if problem := _unreadable(path):
        raise wrong([problem._replace(file=shown)])
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as exc:
        raise wrong([Problem(f"cannot be read: {exc.strerror or exc}", shown)]) from exc
    if len(data) > MOST_BYTES:
        what = f"the file is over {MOST_BYTES // 1024} KiB"
        raise wrong([Problem(what, shown, remedy="put data into files that `workload` names")])
    text = _decoded(data, shown)
    if not text.strip():
        raise wrong([Problem("the file is empty", shown, remedy="`shoal init` writes one to begin with")])
    return text


def _unreadable(path: Path) -> Problem | None:
    if path.is_dir():
        return Problem("is a directory, not an experiment file", remedy=f"give {path.name}/experiment.yaml")
    if not path.exists():
        return Problem("there is no such file", remedy="`shoal init` writes one to begin with")
    if not path.is_file():  # reading a pipe would wait for whoever writes to it
        return Problem("is no regular file", remedy="give a file ending in .yaml, .yml, .json or .py")
    if path.suffix.lower() not in SUFFIXES:
        return Problem(f"an experiment file ends in .yaml, .yml, .json or .py, not in {path.suffix!r}")
    return None


def _decoded(data: bytes, shown: str) -> str:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise wrong([Problem("the file is UTF-16", shown, remedy="save it as UTF-8")])
    try:
        text = data.removeprefix(codecs.BOM_UTF8).decode("utf-8")
    except UnicodeDecodeError as exc:
        line = data.count(b"\n", 0, exc.start) + 1
        what = f"the byte 0x{data[exc.start]:02x} is not UTF-8"
        raise wrong([Problem(what, shown, line, remedy="save the file as UTF-8")]) from exc
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise wrong([Problem("a NUL character: this is no text", shown, line)])
    return text.replace("\r\n", "\n")
