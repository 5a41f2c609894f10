"""Which changes of a board make which knowledge source eligible: declarations, read off agents and applied. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from shoal.actors.knowledge.keys import CONTROL
from shoal.actors.knowledge.on_board import Declaration, Declared, declarations_of
from shoal.actors.knowledge.source import Kinds, event_as, fits, shape_of
from shoal.blackboard.activation import Activation, Slot, activation_id
from shoal.blackboard.entry import Event, event_from
from shoal.blackboard.store.comparisons import decoded, where_holds
from shoal.blackboard.version import Version
from shoal.runtime.errors import ConfigError, InvalidMessage


@dataclass(frozen=True)
class Trigger:
    """One declaration of one source in a team."""

    source: str
    """Its name in the team."""
    address: str
    """What the source's writes are signed with."""
    name: str
    """Within the source: its method, with a number from the second ``on_board`` of one on."""
    method: str
    region: str
    declaration: Declaration
    kinds: Kinds

    def concerns(self, key: str) -> bool:
        """Whether changes of a key may wake it."""
        prefix = self.declaration.prefix
        return key.startswith(prefix) and (not key.startswith(CONTROL) or prefix.startswith(CONTROL))

    def slot(self, key: str) -> Slot:
        """What changes of a key replace."""
        return Slot(self.source, self.name, self.region, key)

    def wake(self, version: Version, now: float) -> Activation | None:
        """The activation that a change of a key it ``concerns`` makes; ``None``: none.

        Raises whatever its ``when`` and ``priority`` raise, and ``UnknownMessage`` when they need a value whose model
        is not loaded here.
        """
        if not self._is_woken_by(version):
            return None
        one = self.declaration
        priority = one.priority if isinstance(one.priority, int) else int(one.priority(self._event(version)))
        slot = self.slot(version.key)
        return Activation(
            id=activation_id(slot, version.mod_revision),
            source=self.source,
            trigger=self.name,
            region=self.region,
            key=version.key,
            revision=version.mod_revision,
            change="delete" if version.deleted else "put",
            priority=priority,
            cost=one.cost,
            every=one.every,
            since=now,
        )

    def _is_woken_by(self, version: Version) -> bool:
        one, value = self.declaration, version.value
        if one.on != "any" and version.deleted != (one.on == "delete"):
            return False
        if not one.own and version.author == self.address:
            return False
        if value is not None and not fits(value, self.kinds):
            return False
        if one.where:
            fields = decoded(value) if value is not None else None
            if not all(where_holds(where, fields) for where in one.where):
                return False
        if one.test is None:
            return True
        try:
            event = self._event(version)
        except InvalidMessage:
            return False
        return bool(one.test(event))

    def _event(self, version: Version) -> Event[Any]:
        return event_as(version, self.kinds) if self.kinds is not None else event_from(version)


class Declaring(NamedTuple):
    """One ``on_board`` of an agent's."""

    name: str
    """Within the agent."""
    method: str
    declaration: Declaration
    kinds: Kinds


def check_source(source: str, agent: Any) -> list[Declaring]:
    """What wakes an agent, an agent class or a declared function, in order of definition.

    Raises ``ConfigError`` for a method that no event could be given to, and when nothing would ever wake it.
    """
    found = list(_declaring(agent))
    if not found:
        what = agent.__name__ if isinstance(agent, type) else type(agent).__name__
        raise ConfigError(
            f"knowledge source {source!r}: nothing wakes {what}: decorate an `async def` of it with "
            "@shoal.on_board(prefix)"
        )
    return found


def _declaring(agent: Any) -> Iterator[Declaring]:
    if isinstance(agent, Declared):
        yield from _of_function(agent.__name__, agent.function, agent.declarations, is_method=False)
        return
    kind = agent if isinstance(agent, type) else type(agent)
    for name in dict.fromkeys(name for base in reversed(kind.__mro__) for name in vars(base)):
        function = getattr(kind, name, None)
        if callable(function):
            yield from _of_function(name, function, declarations_of(function), is_method=True)


def _of_function(
    method: str, function: Callable[..., Any], declarations: tuple[Declaration, ...], *, is_method: bool
) -> Iterator[Declaring]:
    for number, declaration in enumerate(declarations, 1):
        name = method if number == 1 else f"{method}-{number}"
        yield Declaring(name, method, declaration, shape_of(function, is_method=is_method).kinds)
