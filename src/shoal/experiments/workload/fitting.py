"""One input to one message type. Pure."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import to_json

from shoal.runtime.config import describe_invalid

TEXT_FIELDS = ("text", "input", "question", "prompt")
"""Where the text is in an input of several fields."""
_CHOOSE = "choose the field by workload.input"


class Misfit(Exception):
    """The input is no message of this type; says why."""

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(what)
        self.remedy = remedy


def nearness(value: Any, kind: type, name: str) -> int:
    """How near a type is to an input that fits it; 0 is the nearest. ``name``: as in :func:`fit`."""
    if issubclass(kind, BaseModel):
        fields = set(value) if isinstance(value, dict) else {name}
        return 1 if fields <= _names_of(kind) else 2
    return 0 if type(value) is kind and kind is not dict else 3


def fit(value: Any, kind: type, name: str) -> Any:
    """The message. ``name``: the field that the input is the value of, where it is one. Raises :class:`Misfit`."""
    if issubclass(kind, BaseModel):
        return _model(value, kind, name)
    if kind is object:
        return value
    if kind is str:
        return _text(value)
    if kind is dict:
        return value if isinstance(value, dict) else {name or "input": value}
    return _native(value, kind)


def _model(value: Any, kind: type[BaseModel], name: str) -> BaseModel:
    if not isinstance(value, dict) and not kind.__pydantic_root_model__:
        value = {_only_field(kind, name): value}
    elif (
        isinstance(value, dict)
        and value
        and not kind.__pydantic_root_model__
        and not set(value) & _names_of(kind)
    ):
        found, declared = ", ".join(value), ", ".join(kind.model_fields) or "none"
        raise Misfit(
            f"the input has no field of {kind.__name__}: it has {found}, and {kind.__name__} {declared}",
            _CHOOSE,
        )
    try:
        return kind.model_validate_json(to_json(value))
    except ValidationError as exc:
        raise Misfit(describe_invalid(kind.__name__, exc), _remedy(exc)) from exc


def _only_field(kind: type[BaseModel], name: str) -> str:
    """The field that an input without fields is meant for."""
    if name in _names_of(kind):
        return name
    fields = kind.model_fields
    needed = [field for field, about in fields.items() if about.is_required()] or list(fields)
    if len(needed) != 1:
        declared = ", ".join(needed) or "no field"
        raise Misfit(
            f"{kind.__name__} has {declared}: the input is not for one of them",
            "map fields in workload.input",
        )
    return fields[needed[0]].alias or needed[0]


def _text(value: Any) -> str:
    if isinstance(value, dict):
        value = _text_field(value)
    return value if isinstance(value, str) else to_json(value).decode()


def _text_field(fields: dict[str, Any]) -> Any:
    if len(fields) == 1:
        return next(iter(fields.values()))
    found = [name for name in TEXT_FIELDS if name in fields]
    if len(found) != 1:
        names = ", ".join(found or fields)
        raise Misfit(f"the team takes text, and the input has several fields: {names}", _CHOOSE)
    return fields[found[0]]


def _native(value: Any, kind: type) -> Any:
    if isinstance(value, dict) and len(value) == 1:
        value = next(iter(value.values()))
    try:
        return TypeAdapter(kind).validate_python(value)
    except ValidationError as exc:
        raise Misfit(describe_invalid(kind.__name__, exc), _CHOOSE) from exc


def _names_of(kind: type[BaseModel]) -> set[str]:
    """What a model's fields can be called in data."""
    names = set(kind.model_fields)
    for about in kind.model_fields.values():
        alias = about.validation_alias
        names.update(
            choice for choice in (getattr(alias, "choices", None) or [alias]) if isinstance(choice, str)
        )
    return names


def _remedy(exc: ValidationError) -> str:
    kinds = {error["type"] for error in exc.errors(include_url=False, include_input=False)}
    return "choose or map fields by workload.input" if kinds & {"missing", "extra_forbidden"} else ""
