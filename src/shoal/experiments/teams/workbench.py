"""Where a team is made of its description: what is found, what is made, and every problem on the way.

Problems are noted, not raised: what cannot be made is :data:`UNMADE`, and what it would be a part of is left out, so
that one look at a file finds all that is wrong with it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from difflib import get_close_matches
from pathlib import PurePath
from typing import Any, Protocol

from shoal.experiments.errors import BadExperiment, Problem
from shoal.experiments.importing import Importer
from shoal.experiments.teams.llm import LLMMember
from shoal.experiments.teams.place import ANYWHERE, Place, place_beside
from shoal.experiments.teams.shapes import Shape
from shoal.experiments.teams.shaping import shape_of, type_of
from shoal.experiments.teams.use import Called, UseSpec
from shoal.experiments.teams.words import TextSource
from shoal.experiments.theirs import TheirError, call_theirs
from shoal.runtime.errors import ConfigError
from shoal.topologies.wiring.topology import Topology

_TEXT_FILE = re.compile(r"^[^\n{}]+\.(md|txt|j2|jinja2?|prompt)$")
_MEMBER = re.compile(r"member '([^']+)'")


class Unmade:
    """Stands for what could not be made."""

    def __repr__(self) -> str:
        return "UNMADE"


UNMADE = Unmade()


class MakeMember(Protocol):
    """Makes whatever stands for a member; see :mod:`.making`."""

    def __call__(self, spec: Any, field: str, bench: Workbench, place: Place) -> Any:
        """The agent or topology, or :data:`UNMADE`."""


class Workbench:
    """One team being made."""

    def __init__(self, imports: Importer, models: Collection[str] | None, make: MakeMember) -> None:
        """``models``: the names of the models there are; ``None``: any."""
        self.imports = imports
        self.models = models
        self.problems: list[Problem] = []
        self._make = make

    # -- problems --------------------------------------------------------------------------------------------

    def problem(self, field: str, what: str, remedy: str = "") -> Unmade:
        """Note one. What is returned stands for what has it."""
        noted = Problem(what, field=field, remedy=remedy)
        if noted not in self.problems:
            self.problems.append(noted)
        return UNMADE

    def _problem_of(self, error: BadExperiment, field: str) -> Unmade:
        """Note what could not be found."""
        for one in error.details["found"]:
            self.problem(field, Problem(*one).what, Problem(*one).remedy)
        return UNMADE

    def is_broken(self, field: str) -> bool:
        """Whether there is a problem with it, or with a part of it."""
        return any(
            one.field == field or one.field.startswith(f"{field}." if field else "") for one in self.problems
        )

    def build(
        self, field: str, builder: Callable[[], Topology], members: str = "", by_key: bool = True
    ) -> Any:
        """What a builder makes, checked; a problem when it cannot be.

        ``members``: the key under which members stand, for problems that name one.
        """
        if self.is_broken(field):
            return UNMADE
        try:
            made = builder()
            made.validate()
        except ConfigError as exc:
            return self.problem(self._member_field(field, members, exc.text, by_key), _of_team(exc.text))
        except (TypeError, ValueError, RecursionError) as exc:
            return self.problem(field, f"the team cannot be built: {type(exc).__name__}: {exc}")
        return made

    @staticmethod
    def _member_field(field: str, members: str, said: str, by_key: bool) -> str:
        named = _MEMBER.search(said)
        if named is None or not members:
            return field
        name = named[1] if by_key or not named[1].isdecimal() else str(int(named[1]) - 1)
        return f"{inside(field, members)}.{name}"

    # -- finding -----------------------------------------------------------------------------------------------

    def find(self, where: str, field: str) -> Any:
        """What an import path leads to."""
        try:
            return self.imports.find(where)
        except BadExperiment as exc:
            return self._problem_of(exc, field)

    def function(self, where: str | None, field: str) -> Any:
        """What can be called; ``None`` for none."""
        if where is None:
            return None
        found = self.find(where, field)
        if found is not UNMADE and not callable(found):
            return self.problem(
                field, f"{where} is of type {type(found).__name__}, and a function is expected"
            )
        return found

    def functions(self, where: Mapping[str, str], field: str) -> dict[str, Any]:
        """The same by name."""
        return {name: self.function(path, inside(field, name)) for name, path in where.items()}

    def called(self, spec: str | Called | UseSpec, field: str) -> Any:
        """What is found, or what it makes when it is called."""
        if isinstance(spec, str):
            return self.find(spec, field)
        found = self.find(spec.use, inside(field, "use"))
        if found is UNMADE:
            return UNMADE
        return self.call(found, spec.arguments, spec.use, inside(field, "with"))

    def call(self, function: Any, arguments: Mapping[str, Any], name: str, field: str) -> Any:
        """What it makes with these arguments."""
        if not callable(function):
            return self.problem(field, f"{name} is of type {type(function).__name__}: it cannot be called")
        try:
            return call_theirs(lambda: function(**arguments))
        except TheirError as exc:
            given = ", ".join(f"{key}={value!r}" for key, value in arguments.items())
            return self.problem(field, f"{name}({given}) failed: {self.imports.said(exc)}")

    def type(self, name: str | None, field: str) -> Any:
        """The type of that name; ``None`` for none."""
        if name is None:
            return None
        return self._typed(lambda: type_of(name, field, self._found), field)

    def shape(self, shape: Shape | None, field: str) -> Any:
        """The type of a shape; ``None`` for none."""
        if shape is None:
            return None
        return self._typed(lambda: shape_of(shape, field, self._found), field)

    def model(self, where: str | None, field: str, base: Any = None) -> Any:
        """A class, of ``base`` where that is given; ``None`` for none."""
        found = None if where is None else self.find(where, field)
        if found is None or found is UNMADE:
            return found
        if not isinstance(found, type) or (base is not None and not issubclass(found, base)):
            wanted = "a class" if base is None else f"a class of {base.__name__}"
            return self.problem(field, f"{where} is no class that fits here: {wanted} is expected")
        return found

    def flag_or_type(self, given: bool | str, field: str) -> Any:
        """As it is, or the class of that name."""
        return given if isinstance(given, bool) else self.model(given, field)

    def _typed(self, make: Callable[[], Any], field: str) -> Any:
        try:
            return make()
        except _NotFoundError:
            return UNMADE
        except (TypeError, ValueError) as exc:
            return self.problem(field, str(exc))

    def _found(self, where: str, field: str) -> Any:
        found = self.find(where, field)
        if found is UNMADE:
            raise _NotFoundError
        return found

    def text(self, given: str | TextSource | None, field: str) -> Any:
        """The text, read where it names a file; ``None`` for none."""
        if isinstance(given, TextSource):
            if given.chosen == "text":
                return given.text
            return self._read(given.file, inside(field, "file"))
        if given is None or not _TEXT_FILE.match(given.strip()):
            return given
        name = given.strip()
        if " " in name and not (self.imports.folder / PurePath(name)).exists():
            return given  # a sentence that ends like a file
        return self._read(name, field)

    def _read(self, name: str, field: str) -> Any:
        try:
            return self.imports.read_text(name)
        except BadExperiment as exc:
            return self._problem_of(exc, field)

    def check_model(self, name: str, field: str) -> None:
        """That there is a model of that name."""
        if self.models is None or name in self.models:
            return
        near = get_close_matches(name, self.models, 1)
        known = ", ".join(self.models) or "none"
        self.problem(
            field,
            f"no model is called {name!r}; models are {known}",
            f"did you mean {near[0]!r}?" if near else "add it under models",
        )

    # -- making ------------------------------------------------------------------------------------------------

    def member(self, spec: Any, field: str, place: Place = ANYWHERE) -> Any:
        """What stands for a member; ``None`` for none."""
        return None if spec is None else self._make(spec, field, self, place)

    def members(
        self,
        specs: Mapping[str, Any] | Sequence[Any],
        field: str,
        place: Place = ANYWHERE,
        *,
        alike: bool = True,
    ) -> dict[str, Any]:
        """All of them by name, in their order. ``alike``: they are given the same, so that those who do not say what
        they take are like those who do."""
        listed = named(specs)
        made: dict[str, Any] = {}
        waiting = [name for name, (_, spec) in listed.items() if alike and _leaves_open(spec)]
        for name, (key, spec) in listed.items():
            if name not in waiting:
                made[name] = self.member(spec, inside(field, key), place)
        beside = place.or_else(place_beside(one for one in made.values() if one is not UNMADE))
        for name in waiting:
            key, spec = listed[name]
            made[name] = self.member(spec, inside(field, key), beside)
        return {name: made[name] for name in listed}


class _NotFoundError(Exception):
    """Noted already."""


def named(specs: Mapping[str, Any] | Sequence[Any]) -> dict[str, tuple[str, Any]]:
    """By the name in the team: the key in the file, and what stands there."""
    if isinstance(specs, Mapping):
        return {str(name): (str(name), spec) for name, spec in specs.items()}
    return {str(number + 1): (str(number), spec) for number, spec in enumerate(specs)}


def inside(field: str, key: str) -> str:
    """The field of a key in a field."""
    return f"{field}.{key}" if field else key


def _leaves_open(spec: Any) -> bool:
    """Whether its types depend on where it stands."""
    if isinstance(spec, LLMMember):
        return spec.llm.input is None or spec.llm.output is None
    return not isinstance(spec, str | UseSpec)


def _of_team(said: str) -> str:
    """The wiring's words; a pattern's name before a colon would be read as a field."""
    return f"the team cannot be wired: {said}"
