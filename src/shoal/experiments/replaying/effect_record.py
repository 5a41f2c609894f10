"""Which effects a replayed task may take, and which it took. Pure.

An effect is taken under its own name; where that is not recorded, under its key in another handling of the same agent
in the same task: code that sends one message more gives later messages other ids, and asks the same all the same. Each
recorded one is taken once that way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from shoal.runtime.durable.run_effects import Name
from shoal.runtime.durable.store import Recorded


class Wanted(NamedTuple):
    """An effect that was asked for and is not recorded."""

    name: Name
    instead: str
    """The recorded key in the same place, where there is one: the same step asked something else then."""


Find = Callable[[Name], Recorded | None]
"""Looks for an effect by its name in all of the run."""


def _nowhere(name: Name) -> None:
    return None


class EffectRecord:
    """Of one task."""

    def __init__(self, recorded: Mapping[Name, Recorded], find: Find = _nowhere) -> None:
        """``recorded``: all effects of the task's messages, as far as those are known; ``find`` knows of others."""
        self._recorded = dict(recorded)
        self._find = find
        self._spare: dict[tuple[str, str], list[Name]] = {}
        for name in recorded:
            self._spare.setdefault((name.agent, name.key), []).append(name)
        self.taken: set[Name] = set()
        self.moved: dict[Name, Name] = {}
        """Those that were found under another message."""
        self.wanted: list[Wanted] = []

    def take(self, name: Name) -> Recorded | None:
        """The effect asked for; ``None`` where none is recorded, which is noted."""
        found = self._recorded.get(name) or self._find(name)
        if found is not None:
            self._recorded[name] = found
        else:
            other = self.moved.get(name) or self._elsewhere(name)
            if other is not None:
                self.moved[name] = other
                name, found = other, self._recorded[other]
        if found is None:
            if all(wanted.name != name for wanted in self.wanted):
                self.wanted.append(Wanted(name, self._in_its_place(name)))
            return None
        self.taken.add(name)
        return found

    @property
    def left(self) -> list[Name]:
        """What is recorded and was not asked for."""
        return [name for name in self._recorded if name not in self.taken]

    def _elsewhere(self, name: Name) -> Name | None:
        spare = self._spare.get((name.agent, name.key), ())
        return next((one for one in spare if one not in self.taken), None)

    def _in_its_place(self, name: Name) -> str:
        """A key that differs only in its last part, which is a digest of what was asked."""
        place, _, _ = name.key.rpartition("/")
        if not place:
            return ""
        here = (one.key for one in self._recorded if one.agent == name.agent and one.scope == name.scope)
        return next((key for key in here if key.rpartition("/")[0] == place), "")
