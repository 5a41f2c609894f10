"""Finds what an experiment file names: Python objects by import path, and text files. Everything beside the file.

The file's folder is put in front of ``sys.path`` and stays there: agents of its modules travel to other processes by
name, and are found there the same way. Modules are imported once, under the name that the folder gives them, so that
``file.py:name`` and ``file:name`` are the same object.
"""

from __future__ import annotations

import importlib
import sys
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import Any

from shoal.experiments.errors import BadExperiment, Problem, bad_experiment
from shoal.experiments.theirs import TheirError, call_theirs, place_of_error

_LARGEST_TEXT = 1024 * 1024


class Importer:
    """What stands beside an experiment file."""

    def __init__(self, folder: Path | str) -> None:
        """``folder``: of the experiment file; it is put in front of ``sys.path``."""
        self.folder = Path(folder).resolve()
        _put_in_front(self.folder)

    def find(self, where: str, field: str = "") -> Any:
        """The object under ``package.module:name`` or ``file.py:name``. Its module is imported, so its code runs.

        Raises :class:`BadExperiment`, with ``field`` as its place: there is no such module or name, or the import
        failed. What the import raised is its ``__cause__``.
        """
        place, _, name = where.rpartition(":")
        if not place or not name:
            raise _wrong(field, f"{where!r} is no import path; give package.module:name or file.py:name")
        found: Any = self._module(place, field)
        for part in name.split("."):
            found = self._attribute(found, part, f"{place} has no {name!r}", field)
        return found

    def read_text(self, path: str, field: str = "") -> str:
        """A text file, UTF-8, given from the folder. Raises :class:`BadExperiment`: it is not there, or no text."""
        file = self.folder / path
        try:
            if file.stat().st_size > _LARGEST_TEXT:
                raise _wrong(field, f"{path} is over {_LARGEST_TEXT:,} bytes; is it the right file?")
            return file.read_text(encoding="utf-8")
        except FileNotFoundError:
            raise _wrong(field, f"there is no file {path}", _near(file.name, _beside(file))) from None
        except UnicodeDecodeError as exc:
            raise _wrong(field, f"{path} is no UTF-8 text: {exc.reason} at byte {exc.start}") from exc
        except (OSError, ValueError) as exc:
            why = exc.strerror if isinstance(exc, OSError) and exc.strerror else str(exc)
            raise _wrong(field, f"{path} cannot be read: {why}") from exc

    def said(self, error: TheirError) -> str:
        """What was raised, and in which line of which file."""
        file, line = place_of_error(error.raised, self.folder)
        return f"{error} ({Path(file).name}:{line})" if file else str(error)

    # -- inside --------------------------------------------------------------------------------------------

    def _module(self, place: str, field: str) -> ModuleType:
        name = self._name_of_file(place, field) if place.endswith(".py") else place
        _put_in_front(self.folder)
        importlib.invalidate_caches()  # a file that is a moment old would else not be seen
        try:
            module = call_theirs(lambda: importlib.import_module(name))
        except TheirError as exc:
            if not _is_missing(exc.raised, name):
                raise _wrong(field, f"{place} cannot be imported: {self.said(exc)}") from exc.raised
            remedy = _near(name.partition(".")[0], [one.stem for one in self.folder.glob("*.py")])
            why = f"there is no module {name!r} in the experiment's folder or among what is installed"
            raise _wrong(field, why, remedy) from exc.raised
        if place.endswith(".py") and not _is_at(module, file := (self.folder / place).resolve()):
            raise _taken(field, name, module, file)
        self._check_mine(module, name, field)
        return module

    def _attribute(self, found: Any, part: str, lacking: str, field: str) -> Any:
        """An attribute; a module may have code that answers for it."""
        try:
            return call_theirs(lambda: getattr(found, part))
        except TheirError as exc:
            if not isinstance(exc.raised, AttributeError):
                raise _wrong(field, f"{lacking}: {self.said(exc)}") from exc.raised
            raise _wrong(field, lacking, _near(part, _public(found))) from exc.raised

    def _name_of_file(self, place: str, field: str) -> str:
        """The module's name under which every process can import the file."""
        file = (self.folder / place).resolve()
        if not file.is_file():
            raise _wrong(field, f"there is no file {place}", _near(file.name, _beside(file)))
        if file.is_relative_to(self.folder):
            parts = file.relative_to(self.folder).with_suffix("").parts
        else:
            _put_in_front(file.parent)
            parts = (file.stem,)
        for part in parts:
            if not part.isidentifier():
                raise _wrong(
                    field, f"{place} cannot be imported: {part!r} is no name of a module", "rename it"
                )
        name = ".".join(parts)
        loaded = sys.modules.get(name)
        if loaded is not None and not _is_at(loaded, file):
            raise _taken(field, name, loaded, file)
        return name

    def _check_mine(self, module: ModuleType, name: str, field: str) -> None:
        """That a module of the folder is the one that was imported, and not another of its name."""
        top = name.partition(".")[0]
        loaded = sys.modules.get(top, module)
        for mine in (self.folder / f"{top}.py", self.folder / top / "__init__.py"):
            if mine.is_file() and not _is_at(loaded, mine):
                raise _taken(field, top, loaded, mine)


def _put_in_front(folder: Path) -> None:
    if sys.path[:1] != [str(folder)]:
        if str(folder) in sys.path:
            sys.path.remove(str(folder))
        sys.path.insert(0, str(folder))


def _is_at(module: ModuleType, file: Path) -> bool:
    at = getattr(module, "__file__", None)
    return at is not None and Path(at).resolve() == file.resolve()


def _taken(field: str, name: str, loaded: ModuleType, mine: Path) -> BadExperiment:
    other = getattr(loaded, "__file__", None) or "Python itself"
    return _wrong(
        field, f"{mine} cannot be imported: a module {name!r} is there already, from {other}", "rename it"
    )


def _is_missing(error: BaseException, name: str) -> bool:
    """Whether it is this module, or a package that it is in, that there is not."""
    if not isinstance(error, ModuleNotFoundError) or error.name is None:
        return False
    return name == error.name or name.startswith(f"{error.name}.")


def _public(found: Any) -> list[str]:
    try:
        return [name for name in call_theirs(lambda: dir(found)) if not name.startswith("_")]
    except TheirError:
        return []


def _beside(file: Path) -> list[str]:
    try:
        return [one.name for one in file.parent.iterdir()]
    except OSError:
        return []


def _near(found: str, known: list[str]) -> str:
    near = get_close_matches(found, known, 1)
    return f"did you mean {near[0]!r}?" if near else ""


def _wrong(field: str, what: str, remedy: str = "") -> BadExperiment:
    return bad_experiment([Problem(what, field=field, remedy=remedy)])
