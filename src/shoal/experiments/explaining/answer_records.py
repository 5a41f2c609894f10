"""What a team's answer says itself of how it came about: the records of topologies, told from models of users. Pure.

A record may be a subclass of the user's, under a tag of its own. So it is told by its fields: all of the topology's
model are there, with values of its types. A model that only has a field of the same name says nothing here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from shoal.topologies.answers.fan_out_result import FanOutResult

R = TypeVar("R", bound=BaseModel)


def record_of(answer: Any, kind: type[R]) -> R | None:
    """An answer, as data, as the record that it is; ``None`` for one that is none of this kind."""
    fields = kind.model_fields.keys()
    if not isinstance(answer, Mapping) or not fields <= answer.keys():
        return None
    try:
        return kind.model_validate({name: answer[name] for name in fields})
    except ValidationError:
        return None


def member_votes(answer: Any) -> dict[str, str]:
    """Which members' answers a fan-out counted, where its answer says it (``FanOutResult``); else nothing."""
    found = record_of(answer, FanOutResult)
    if found is None:
        return {}
    others = set(found.dissent)
    votes = {name: "another answer" if name in others else "counted" for name in found.answers}
    return votes | {name: f"missing: {why}" for name, why in found.missing.items()}
