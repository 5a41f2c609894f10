"""The files that a glob matches.

As Python's ``glob``, but that ``**`` goes into each folder once, whatever links lead to it: with a link to a folder
above, ``glob`` finds the same files again and again, up to 40 folders deep. And what cannot be looked into is told.
"""

from __future__ import annotations

import glob
import os
import stat
from collections import deque
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

_ANY_DEPTH = "**"


def matching(folder: Path, pattern: str) -> list[str]:
    """The regular files that match, by their paths from ``folder``, sorted. Raises ``OSError``.

    Names that begin with a dot match only where the part of the pattern that they match begins with one itself.
    """
    given = pattern.replace(os.sep, "/")
    parts: list[str] = []
    for part in given.split("/"):
        if part and not part == _ANY_DEPTH == "".join(parts[-1:]):
            parts.append(part)
    return sorted({_slashed(name) for name in _found(folder, "/" if given.startswith("/") else "", parts)})


def mode_of(path: Path) -> int:
    """What it is, links followed, as ``stat`` says; 0: there is nothing of that name, nor can be."""
    try:
        return path.stat().st_mode
    except (OSError, ValueError):  # too long a name, a part that is a file, links that go round, a zero byte
        return 0


def _found(folder: Path, at: str, parts: list[str]) -> Iterator[str]:
    """Files below ``folder / at`` that match the parts."""
    if not parts:
        return
    head, rest = parts[0], parts[1:]
    if head == _ANY_DEPTH:
        for below in _folders(folder / at):
            yield from _found(folder, os.path.join(at, below), rest or ["*"])
        return
    for name in _named(folder / at, head):
        path = os.path.join(at, name)
        mode = mode_of(folder / path)
        if rest and stat.S_ISDIR(mode):
            yield from _found(folder, path, rest)
        elif not rest and stat.S_ISREG(mode):
            yield path


def _named(folder: Path, part: str) -> list[str]:
    """The names in a folder that one part of a pattern matches."""
    if not glob.has_magic(part):
        return [part]
    dotted = part.startswith(".")
    return [name for name in _listed(folder) if name.startswith(".") <= dotted and fnmatch(name, part)]


def _folders(folder: Path) -> Iterator[str]:
    """Those below it, itself as the first, each once: under its own name before that of a link."""
    seen: set[str] = set()
    folders, links = deque([""]), deque[str]()
    while folders or links:
        at = folders.popleft() if folders else links.popleft()
        real = os.path.realpath(folder / at)
        if real in seen:
            continue
        seen.add(real)
        yield at
        for name in _listed(folder / at):
            path = os.path.join(at, name)
            if not name.startswith(".") and stat.S_ISDIR(mode_of(folder / path)):
                (links if (folder / path).is_symlink() else folders).append(path)


def _listed(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return []


def _slashed(name: str) -> str:
    return name.replace(os.sep, "/")
