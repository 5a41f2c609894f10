"""A member's place in its team: what it is called there, what it is given and what is wanted of it. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from shoal.runtime.recipe import is_behavior
from shoal.topologies.wiring.edge import Edge
from shoal.topologies.wiring.signature import Kinds, Signature
from shoal.topologies.wiring.topology import Topology, signature_of
from shoal.topologies.work.capable import Capable


class Place(NamedTuple):
    """What is known of a place before a member stands there; ``None``: nothing."""

    takes: Any = None
    """The type of what it is given."""
    answers: Any = None
    """The type of what it is to answer."""

    def or_else(self, other: Place) -> Place:
        """This, and where nothing is known the other."""
        return Place(
            other.takes if self.takes is None else self.takes,
            other.answers if self.answers is None else self.answers,
        )


ANYWHERE = Place()


def place_beside(members: Iterable[Any]) -> Place:
    """What those who stand side by side have in common, as far as it is one type."""
    known = [one for one in map(seen, members) if one is not None]
    return Place(_common([one.accepts for one in known]), _common([one.returns for one in known]))


def seen(member: Any) -> Signature | None:
    """A member's signature, as far as it can be told; ``None`` for what is wrong, which others say."""
    while isinstance(member, Capable):
        member = member.agent
    if isinstance(member, Edge):
        return None if member.context is not None else seen(member.agent)
    try:
        if isinstance(member, Topology):
            member.validate()
        elif not (is_behavior(member) or callable(member)):
            return None
        return signature_of(member)
    except Exception:  # whoever checks the wiring says what is wrong with it
        return None


def answer_of(member: Any) -> Any:
    """The one type that it answers; ``None`` where that is not known, or not one."""
    signature = seen(member)
    return _common([signature.returns]) if signature is not None else None


def _common(kinds: list[Kinds]) -> Any:
    if not kinds or any(one is None for one in kinds):
        return None
    common = set.intersection(*(set(one or ()) for one in kinds))
    return next(iter(common)) if len(common) == 1 else None
