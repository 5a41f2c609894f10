"""Reads a function's parameters: a schema for the model, and a check of what the model then gives."""

from __future__ import annotations

import inspect
import json
import re
import types
import typing
from collections.abc import Callable
from typing import Annotated, Any, Union

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model
from pydantic.fields import FieldInfo

from shoal.actors.tools.errors import BadArguments
from shoal.runtime.context import Context
from shoal.runtime.errors import ConfigError

_PREFIX = "a_"
"""Before the names of fields: a parameter may be called ``json`` or ``_id``, a model's field may not."""
_MOST_NAMED = 8
"""Fields that one error text names."""


class Parameters:
    """The parameters of a function that a model can have called. Raises ``ConfigError`` for one that cannot work."""

    def __init__(
        self,
        function: Callable[..., Any],
        name: str,
        described: dict[str, str],
        hints: dict[str, Any] | None = None,
    ) -> None:
        hints = hints_of(function, name) if hints is None else hints
        self.hints = hints
        """The annotations, read: a function that has travelled may not see any more the names in them."""
        self._tool = name
        self._positional: list[str] = []
        self.context = ""
        """The parameter that takes the context; empty when there is none."""
        fields: dict[str, Any] = {}
        for parameter in inspect.signature(function).parameters.values():
            if self._is_context(parameter, hints):
                self.context = parameter.name
            else:
                fields[_PREFIX + parameter.name] = _field(parameter, hints, name, described)
            if parameter.kind is parameter.POSITIONAL_ONLY:
                self._positional.append(parameter.name)
        self._check_described(described, fields)
        self._model = _model(name, fields)
        self.schema = schema_of(self._model, name)
        """JSON schema of the arguments."""

    def check(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """All arguments as JSON has them, defaults included. Raises :class:`BadArguments`."""
        checked: dict[str, Any] = self._validated(arguments).model_dump(mode="json", by_alias=True)
        return checked

    def bind(self, arguments: dict[str, Any], ctx: Context) -> tuple[list[Any], dict[str, Any]]:
        """What the function is called with: each argument as its annotation wants it."""
        checked = self._validated(arguments)
        values = {name.removeprefix(_PREFIX): value for name, value in checked}
        if self.context:
            values[self.context] = ctx
        return [values.pop(name) for name in self._positional], values

    def _validated(self, arguments: dict[str, Any]) -> BaseModel:
        return check_arguments(self._model, arguments, self._tool)

    def _is_context(self, parameter: inspect.Parameter, hints: dict[str, Any]) -> bool:
        hint = hints.get(parameter.name)
        if hint is None:
            return parameter.name == "ctx" and not self.context
        if hint is not Context and not (_is_union(hint) and Context in typing.get_args(hint)):
            return False
        if self.context:
            raise ConfigError(f"{self._tool}: {self.context!r} and {parameter.name!r} both take the context")
        return True

    def _check_described(self, described: dict[str, str], fields: dict[str, Any]) -> None:
        known = {name.removeprefix(_PREFIX) for name in fields} | {self.context}
        if strange := sorted(set(described) - known):
            raise ConfigError(
                f"{self._tool}: its docstring describes {', '.join(map(repr, strange))}, which it does not take; "
                f"it takes {', '.join(sorted(known - {''})) or 'nothing'}"
            )


def check_arguments(model: type[BaseModel], arguments: dict[str, Any], tool: str) -> BaseModel:
    """The arguments as an instance of a model, read strictly. Raises :class:`BadArguments` naming each field."""
    try:
        # As JSON: what is strict there still takes a date from a text, or a tuple from a list.
        return model.model_validate_json(json.dumps(arguments), strict=True)
    except ValidationError as error:
        raise BadArguments(_wrong_fields(tool, error), tool=tool) from None
    except (TypeError, ValueError, RecursionError) as error:
        raise BadArguments(f"the arguments of {tool} are no JSON: {error}", tool=tool) from None


def schema_of(model: type[BaseModel], name: str) -> dict[str, Any]:
    """The JSON schema of a tool's arguments, without the titles that Pydantic makes of names."""
    try:
        schema = model.model_json_schema(by_alias=True)
    except Exception as error:  # whatever a type's own schema hook raises
        raise ConfigError(f"{name}: no JSON schema can say what it takes: {error}") from error
    schema = {key: _without_titles(part) for key, part in schema.items() if key != "title"}
    schema.pop("description", None)
    schema.setdefault("properties", {})
    return schema


def _field(
    parameter: inspect.Parameter, hints: dict[str, Any], tool: str, described: dict[str, str]
) -> tuple[Any, Any]:
    name = parameter.name
    if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
        stars = "*" if parameter.kind is parameter.VAR_POSITIONAL else "**"
        raise ConfigError(
            f"{tool}: a model cannot be told what goes into {stars}{name}; name each argument, or take one list or dict"
        )
    if name not in hints:
        raise ConfigError(
            f"{tool}: annotate {name!r} with its type, so that the model can be told what it takes"
        )
    settings: dict[str, Any] = {"alias": name, "validation_alias": name, "serialization_alias": name}
    if (said := described.get(name)) and not _is_described(hints[name]):
        settings["description"] = said
    if parameter.default is parameter.empty:
        return hints[name], Field(**settings)
    return hints[name], Field(parameter.default, **settings)


def _is_described(hint: Any) -> bool:
    said = typing.get_args(hint)[1:] if typing.get_origin(hint) is Annotated else ()
    return any(isinstance(one, FieldInfo) and one.description for one in said)


def _is_union(hint: Any) -> bool:
    return typing.get_origin(hint) in (Union, types.UnionType)


def _model(name: str, fields: dict[str, Any]) -> type[BaseModel]:
    config = ConfigDict(extra="forbid", validate_default=False, frozen=True)
    try:
        model: type[BaseModel] = create_model(name, __config__=config, **fields)
        model.model_rebuild()
    except Exception as error:  # Pydantic's own, or whatever a type's hook raises
        words = re.split(r"\n|\. Set `arbitrary", str(error))[0]
        raise ConfigError(f"{name}: an argument's type is none that JSON can carry: {words}") from error
    return model


def hints_of(function: Callable[..., Any], name: str) -> dict[str, Any]:
    """The annotations of a function's parameters. Raises ``ConfigError`` when one cannot be read."""
    closure = inspect.getclosurevars(function).nonlocals
    try:
        hints = typing.get_type_hints(function, localns=dict(closure), include_extras=True)
    except NameError as error:
        raise ConfigError(
            f"{name}: the annotation names {error.name!r}, which cannot be seen from its module. Import it at run time "
            "(not only for type checking), and define classes at module level"
        ) from error
    except Exception as error:  # an annotation is code: it raises what it likes
        raise ConfigError(
            f"{name}: its annotations cannot be read: {type(error).__name__}: {error}"
        ) from error
    hints.pop("return", None)
    return hints


def _wrong_fields(tool: str, error: ValidationError) -> str:
    parts = []
    for one in error.errors(include_url=False, include_context=False)[:_MOST_NAMED]:
        where = ".".join(map(str, one["loc"])) or "arguments"
        if one["type"] == "extra_forbidden":
            parts.append(f"{where}: there is no such argument")
        elif one["type"] == "missing":
            parts.append(f"{where}: is missing")
        else:
            found = json.dumps(one["input"], default=str, ensure_ascii=False)
            parts.append(f"{where}: {one['msg']}, not {found if len(found) <= 80 else found[:77] + '...'}")
    more = error.error_count() - len(parts)
    return f"wrong arguments for {tool}: " + "; ".join(parts) + (f"; and {more} more" if more > 0 else "")


def _without_titles(schema: Any) -> Any:
    """Titles cost tokens and say nothing; a property that is called ``title`` is a schema, not a text, and stays."""
    if isinstance(schema, dict):
        return {
            key: value if key in ("default", "enum", "const", "examples") else _without_titles(value)
            for key, value in schema.items()
            if not (key == "title" and isinstance(value, str))
        }
    return [_without_titles(item) for item in schema] if isinstance(schema, list) else schema
