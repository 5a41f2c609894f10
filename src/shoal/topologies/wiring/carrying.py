"""Messages that carry other messages: what a team's member gets beside, or in place of, the task itself. Pure.

Their fields of type ``Any`` hold what is carried as plain data. A subclass that names the type gets it as that::

    class Again(shoal.Revision):
        task: Ticket
        draft: Draft

A member that takes the subclass is given the subclass; one that takes ``str`` is given the text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError, ValidationInfo, field_validator
from pydantic_core import to_json, to_jsonable_python

from shoal.runtime.config import describe_invalid
from shoal.topologies.errors import ContextLost
from shoal.topologies.wiring.signature import Kinds, Signature


class Carrying(BaseModel):
    """Base of such messages."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @field_validator("*", mode="before")
    @classmethod
    def _as_data(cls, value: Any, info: ValidationInfo) -> Any:
        field = cls.model_fields.get(info.field_name or "")
        return as_data(value) if field is not None and field.annotation is Any else value


def as_data(value: Any) -> Any:
    """A message as native values: what a field of type ``Any`` holds on every host, also where nothing is encoded."""
    if value is None or isinstance(value, str | int | float):
        return value
    return to_jsonable_python(value, bytes_mode="base64", serialize_unknown=True)


def data_text(value: Any) -> str:
    """What such a field holds, as people and models read it: text as it is, anything else as JSON."""
    return (
        value
        if isinstance(value, str)
        else to_json(value, bytes_mode="base64", serialize_unknown=True).decode()
    )


def plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Several of them, by name."""
    return {name: as_data(value) for name, value in values.items()}


def form_for(signature: Signature, base: type[Carrying]) -> type | None:
    """What a member is given in place of ``base``: its own subclass of it, ``base``, ``str``, or ``None`` when it takes
    none of them."""
    for kind in signature.answers:
        if kind is not object and issubclass(kind, base):
            return kind
    return next((kind for kind in (base, str) if signature.takes(kind)), None)


def make_form(form: type, base: type[Carrying], who: str, **fields: Any) -> Any:
    """The message in a form that :func:`form_for` gave. Raises :class:`ContextLost`: a field does not fit the type that
    ``who`` declares."""
    kind = form if issubclass(form, Carrying) else base
    try:
        made = kind.model_validate(fields)
    except ValidationError as exc:
        what = describe_invalid(f"{kind.__name__}, made for {who},", exc)
        raise ContextLost(what, member=who, kind=kind.__name__) from exc
    return str(made) if form is str else made


def task_kinds(signature: Signature, base: type[Carrying]) -> tuple[type, ...]:
    """What a member takes as a task: all but what it takes as ``base``. ``object`` stands for anything."""
    return tuple(kind for kind in signature.answers if kind is object or not issubclass(kind, base))


def without(kinds: Kinds, base: type[BaseModel]) -> Kinds:
    """The kinds but for those of ``base``."""
    return None if kinds is None else tuple(kind for kind in kinds if not issubclass(kind, base))
