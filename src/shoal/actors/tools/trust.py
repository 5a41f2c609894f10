"""Whether the arguments of a tool call come from where the tool accepts them. Pure.

After CaMeL (arXiv 2503.18813): a value counts as trusted when it is, whole, one of the trusted input's own, however the
model came by it; any other is the model's, who may have made it of the worst that it has seen. Booleans, ``null`` and
what is empty are not judged: they say no more than that the tool is called.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from pydantic_core import to_jsonable_python

from shoal.actors.tools.errors import OriginRefused
from shoal.actors.tools.tool import Tool
from shoal.runtime.context import Context
from shoal.runtime.provenance import Origin

_SHOWN_CHARS = 60
Leaf = tuple[str, Any]
"""Kind (text or number) and value: ``1`` and ``"1"`` are not the same."""


class Seen(NamedTuple):
    """What whoever composed the arguments had seen."""

    origin: Origin
    """The worst of it."""
    sources: tuple[str, ...] = ()
    """Where that came from."""
    trusted: tuple[Any, ...] = ()
    """Trusted inputs: messages, each a Pydantic model or a native value."""


def judge_in(ctx: Context, message: Any) -> Callable[[Tool, dict[str, Any]], OriginRefused | None]:
    """The judge of the calls made while ``message`` is handled; its values are trusted if it came from who is."""
    envelope = ctx.message
    trusted = envelope is not None and (envelope.scope is None or envelope.scope.origin == Origin.TRUSTED)

    def judge(tool: Tool, arguments: dict[str, Any]) -> OriginRefused | None:
        return judged(tool, arguments, Seen(ctx.origin, ctx.sources, (message,) if trusted else ()))

    return judge


def judged(tool: Tool, arguments: Mapping[str, Any], seen: Seen) -> OriginRefused | None:
    """What is wrong with where the arguments (as the model wrote them) come from; ``None``: nothing.

    The error names the first argument at fault, its origin and where that is from; ``details`` have ``tool``,
    ``argument``, ``origin`` and ``sources``.
    """
    accepts = tool.policy.accepts
    composed = max(seen.origin, Origin.MODEL)
    if composed <= accepts:
        return None
    spec = tool.spec
    given = [part for message in seen.trusted for part in _leaves(to_jsonable_python(message), "", keys=True)]
    values = {leaf for _, leaf, is_key in given if not is_key}
    known = {leaf for _, leaf, _ in given} | {("text", name) for name in _properties(spec.parameters)}
    for name, value in arguments.items():
        for path, leaf, is_key in _leaves(value, name, keys=True):
            if leaf not in (known if is_key else values):
                return _refusal(spec.name, path, leaf, composed, accepts, seen)
    return None


def _leaves(value: Any, path: str, *, keys: bool = False) -> Iterator[tuple[str, Leaf, bool]]:
    """Texts and numbers in a JSON value, each with its path; with ``keys`` also those of objects, marked as such."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if keys and key:
                yield f"{path}.{key}", ("text", key), True
            yield from _leaves(inner, f"{path}.{key}" if path else str(key), keys=keys)
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from _leaves(inner, f"{path}[{index}]", keys=keys)
    elif isinstance(value, str):
        if value:
            yield path, ("text", value), False
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield path, ("number", value), False


def _properties(schema: Any) -> Iterator[str]:
    """The names of fields that a JSON schema declares: as keys of an object they are no data."""
    if isinstance(schema, dict):
        declared = schema.get("properties")
        if isinstance(declared, dict):
            yield from declared
        for inner in schema.values():
            yield from _properties(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from _properties(inner)


def _refusal(tool: str, path: str, leaf: Leaf, origin: Origin, accepts: Origin, seen: Seen) -> OriginRefused:
    text = repr(leaf[1])
    shown = text if len(text) <= _SHOWN_CHARS else f"{text[:_SHOWN_CHARS]}..."
    due: Sequence[str] = seen.sources if origin == seen.origin else ()
    whence = f" (from {'; '.join(due)})" if due else ""
    remedy = (
        "it must be one of the values that the trusted input gives"
        if accepts == Origin.TRUSTED
        else "whoever composes it may have seen nothing worse, unless it is a value of the trusted input"
    )
    return OriginRefused(
        f"{tool} was not called: argument {path} is {shown}, of origin {origin.name.lower()}{whence}, and the tool "
        f"accepts {accepts.name.lower()} at worst: {remedy}",
        tool=tool,
        argument=path,
        origin=origin.name.lower(),
        sources=list(due),
    )
