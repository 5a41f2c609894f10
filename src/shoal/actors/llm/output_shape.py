"""The shape of an answer: what the model is told of it, and how its text becomes a typed value.

A Pydantic model is asked for as a JSON object. Other types (``bool``, ``Literal[...]``, ``list[int]``) are wrapped in
an object with one field ``answer``, because endpoints take only objects; ``str`` is the text as it is.
"""

from __future__ import annotations

import json
import re
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError

from shoal.models.chat import OutputSchema
from shoal.runtime.errors import ConfigError

_FENCE = re.compile(r"```(?:json)?[ \t]*\n(.*?)```", re.DOTALL)
_MOST_STARTS = 50
"""Places in a text where an object may begin that are tried."""
_WRONG_SHOWN = 5
_NAME = re.compile(r"[^A-Za-z0-9_-]+")


class NotInShape(Exception):
    """The answer does not fit; the text is for the model to read."""


class OutputShape:
    """What an agent answers with."""

    def __init__(self, output: Any) -> None:
        """``output``: the type. Raises :class:`ConfigError` for one that has no JSON schema."""
        self.output = output
        self.is_text = output is str
        self._is_model = isinstance(output, type) and issubclass(output, BaseModel)
        self._adapter: TypeAdapter[Any] = TypeAdapter(str)
        self.schema: OutputSchema | None = None
        """What the endpoint is given; ``None`` for text."""
        if not self.is_text:
            self._adapter, self.schema = _schema_of(output, self._is_model)

    def __reduce__(self) -> tuple[Any, ...]:
        return OutputShape, (self.output,)

    def __deepcopy__(self, memo: dict[int, Any]) -> OutputShape:
        return self  # it never changes

    def in_words(self) -> str:
        """What the model is told where the endpoint cannot be given a schema; empty for text."""
        if self.schema is None:
            return ""
        schema = json.dumps(self.schema.json_schema, separators=(",", ":"), ensure_ascii=False)
        return (
            "Answer with one JSON object and nothing else: no explanation, no Markdown. "
            f"It must fit this JSON schema:\n{schema}"
        )

    def read(self, text: str) -> Any:
        """The typed value of an answer. Raises :class:`NotInShape`, which says what is wrong with it."""
        if self.is_text:
            return text
        try:
            value = self._adapter.validate_python(_object_in(text))
        except ValidationError as exc:
            raise NotInShape(_wrong(exc)) from exc
        return value if self._is_model else value["answer"]


def _schema_of(output: Any, is_model: bool) -> tuple[TypeAdapter[Any], OutputSchema]:
    name = getattr(output, "__name__", str(output))
    try:
        if is_model:
            adapter: TypeAdapter[Any] = TypeAdapter(output)
            schema = adapter.json_schema()
        else:
            from typing_extensions import TypedDict  # noqa: PLC0415 - Pydantic wants this one before Python 3.12

            adapter = TypeAdapter(TypedDict("Answer", {"answer": output}))  # type: ignore[operator]
            schema = adapter.json_schema() | {"additionalProperties": False}
    except (PydanticUserError, TypeError, ValueError) as exc:
        raise ConfigError(
            f"output={name} has no JSON schema ({exc}): use a Pydantic model or a plain type"
        ) from exc
    return adapter, OutputSchema(name=_NAME.sub("_", name)[:60] or "answer", json_schema=schema)


def _object_in(text: str) -> Any:
    """The JSON object in a text: the whole of it, what stands in a fence, or the first one there is."""
    stripped = text.strip()
    if not stripped:
        raise NotInShape("the answer is empty")
    fence = _FENCE.search(stripped)
    for candidate in (stripped, fence.group(1) if fence else ""):
        try:
            found = json.loads(candidate)
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict):
            return found
    return _first_object(stripped)


def _first_object(text: str) -> Any:
    decoder = json.JSONDecoder()
    problem, at = "", -1
    for _ in range(_MOST_STARTS):
        at = text.find("{", at + 1)
        if at < 0:
            break
        try:
            found, _end = decoder.raw_decode(text, at)
        except ValueError as exc:
            problem = problem or str(exc)
        except RecursionError:
            raise NotInShape("the answer is nested too deep") from None
        else:
            return found
    raise NotInShape(
        f"the answer is not valid JSON: {problem}" if problem else "the answer holds no JSON object"
    )


def _wrong(exc: ValidationError) -> str:
    lines = []
    for error in exc.errors(include_url=False, include_input=False)[:_WRONG_SHOWN]:
        where = ".".join(map(str, error["loc"])) or "the object"
        lines.append(f"{where}: {error['msg']}")
    more = exc.error_count() - len(lines)
    return "; ".join(lines) + (f"; and {more} more" if more > 0 else "")
