"""Which member of a branch does which part of a task: what its division comes to. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from shoal.runtime.codec import NATIVE
from shoal.runtime.config import describe_invalid
from shoal.topologies.errors import BadSubtasks
from shoal.topologies.wiring.signature import Signature, type_names

MOST_PARTS = 10_000
"""Of one task at one level."""


@dataclass(frozen=True)
class Part:
    """A part of a task, and who does it."""

    label: str
    """What its answer is called: the member's name, and for its second part ``name.2``."""
    member: str
    message: Any


def parts_of(divided: Any, members: Mapping[str, Signature], who: str) -> list[Part]:
    """The parts that a division makes. Raises :class:`BadSubtasks`.

    ``divided``: parts by member; or a list of parts, dealt to the members in turn; or a model whose one field is
    either.
    """
    divided = _unwrapped(divided)
    if isinstance(divided, Mapping):
        pairs = list(divided.items())
    elif isinstance(divided, list | tuple):
        names = list(members)
        pairs = [(names[place % len(names)], part) for place, part in enumerate(divided)]
    else:
        raise BadSubtasks(
            f"{who} was divided into a {type(divided).__name__}: divide makes a list of parts, or a dict of them by "
            "member"
        )
    if not 0 < len(pairs) <= MOST_PARTS:
        raise BadSubtasks(f"{who} was divided into {len(pairs)} parts; it takes 1 to {MOST_PARTS}")
    seen: Counter[str] = Counter()
    parts = []
    for member, message in pairs:
        if member not in members:
            raise BadSubtasks(
                f"{who} was divided with a part for {member!r}, who is none of its members: {', '.join(members)}"
            )
        seen[member] += 1
        label = member if seen[member] == 1 else f"{member}.{seen[member]}"
        parts.append(Part(label, member, _fitting(message, members[member], f"{who}/{member}")))
    return parts


def _unwrapped(divided: Any) -> Any:
    """The one field of a model: how an agent of a model says parts of a type."""
    if isinstance(divided, BaseModel) and len(type(divided).model_fields) == 1:
        return getattr(divided, next(iter(type(divided).model_fields)))
    return divided


def _fitting(message: Any, member: Signature, who: str) -> Any:
    """The part as the member takes it: a dict becomes the one model that it accepts."""
    if member.takes(type(message)):
        return message
    models = [kind for kind in member.answers if kind not in NATIVE and issubclass(kind, BaseModel)]
    if isinstance(message, dict) and len(models) == 1:
        try:
            return models[0].model_validate(message)
        except ValidationError as exc:
            raise BadSubtasks(describe_invalid(f"the part for {who}, a {models[0].__name__},", exc)) from exc
    raise BadSubtasks(
        f"the part for {who} is a {type(message).__name__}, and it takes {type_names(member.accepts)}"
    )
