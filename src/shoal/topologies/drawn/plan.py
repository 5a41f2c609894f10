"""A graph as data: nodes, the ways between them, joins. Pure. What it means: :func:`~.graph.graph`."""

from __future__ import annotations

import asyncio
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal

from pydantic import BaseModel

from shoal.runtime.errors import ConfigError
from shoal.topologies.wiring.signature import Kinds, kinds_of, signature_of_function, type_names

Take = Literal["first", "all"]
When = Callable[[Any], Any] | type | types.UnionType
By = Callable[[dict[str, Any]], Any]


class Sort(Enum):
    """When a way is taken."""

    ALWAYS = "always"
    WHEN = "when"
    ELSE = "else"


@dataclass(frozen=True)
class Way:
    """From one place to one or several at once."""

    sender: str
    receivers: tuple[str, ...]
    sort: Sort
    test: Callable[[Any], Any] | None = None
    """``None``: its kind decides alone."""
    kinds: Kinds = None
    """The types of answers that the condition is about; ``None``: any."""
    label: str = ""

    def holds(self, answer: Any) -> bool:
        """Whether its condition does. Raises what the condition raises."""
        if self.kinds is not None and not any(_is_of(answer, kind) for kind in self.kinds):
            return False
        return self.test is None or bool(self.test(answer))


@dataclass(frozen=True)
class Node:
    """What an agent of the graph is, beside the agent."""

    most: int | None = None
    """Visits on one way through the graph; ``None``: not counted."""
    then: str | None = None
    """Where a message goes that would be one visit too many; ``None``: an error."""
    take: Take = "first"


@dataclass(frozen=True)
class Join:
    """Where branches come together."""

    of: tuple[str, ...]
    need: int | None = None
    """How many answers it goes on with; ``None``: all that come."""
    by: By | None = None


@dataclass(frozen=True)
class Plan:
    """The whole of it. What is called a *place* is a node or a join."""

    nodes: Mapping[str, Node]
    joins: Mapping[str, Join]
    ways: Mapping[str, tuple[Way, ...]]
    """By sender, in the order in which they are looked at."""
    first: str
    ends: frozenset[str]
    most_steps: int

    def next_of(self, place: str) -> tuple[str, ...]:
        """Every place that may come right after it, each once."""
        found: dict[str, None] = {}
        for way in self.ways.get(place, ()):
            for receiver in way.receivers:
                found[receiver] = None
                node = self.nodes.get(receiver)
                if node is not None and node.then is not None:
                    found[node.then] = None
        return tuple(found)


def way_of(sender: str, receivers: tuple[str, ...], when: When | None) -> Way:
    """A way as :meth:`Graph.edge` is told it. Raises :class:`ConfigError` for what is no condition."""
    where = f"graph: the edge {sender!r} -> {', '.join(map(repr, receivers)) or 'nowhere'}"
    if not receivers:
        raise ConfigError(f"{where} leads to no node: name at least one")
    if len(set(receivers)) < len(receivers):
        raise ConfigError(f"{where} names a node twice")
    if when is None:
        return Way(sender, receivers, Sort.ALWAYS)
    if isinstance(when, type | types.UnionType):
        kinds = kinds_of(when)
        if kinds is None:
            raise ConfigError(f"{where}: when is {when!r}, which is no type of message")
        return Way(sender, receivers, Sort.WHEN, None, kinds, type_names(kinds))
    if not callable(when) or asyncio.iscoroutinefunction(when):
        raise ConfigError(
            f"{where}: when is {when!r}; give a plain function of the answer that says whether, or a type of answer"
        )
    label = getattr(when, "__name__", type(when).__name__).strip("<>")
    return Way(sender, receivers, Sort.WHEN, when, kinds_of(signature_of_function(when)[0]), label)


def _is_of(answer: Any, kind: type) -> bool:
    return isinstance(answer, kind) if issubclass(kind, BaseModel) else type(answer) is kind
