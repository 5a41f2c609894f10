"""Approval of messages: a message waits before it goes on, and goes on as the person left it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ValidationError

from shoal.actors.approvals.asking import decided, edited_value
from shoal.actors.approvals.request import Kind, Request, State
from shoal.actors.approvals.showing import jsonable
from shoal.actors.tools.errors import ApprovalRefused
from shoal.runtime.codec import NATIVE, entry_of, tag_of
from shoal.runtime.config import describe_invalid
from shoal.runtime.context import Context


async def approve_message(
    ctx: Context,
    message: Any,
    *,
    to: str,
    title: str = "",
    reason: str = "",
    timeout_s: float | None = None,
) -> Any:
    """Wait until a person lets a message to ``to`` go on; the message, or an edited one of the same type.

    Raises as :func:`~shoal.actors.approvals.asking.approve`; an edit that is no message of that type is a refusal too,
    with ``details['why']`` ``unfit``, which names the fields.
    """
    tag = tag_of(type(message))
    original = message if type(message) in NATIVE else entry_of(type(message)).dump(message)
    title = title or f"{type(message).__name__} to {to}"
    reason = reason or (f"{ctx.sender.address} sent it" if ctx.sender is not None else "")
    request = await decided(ctx, Kind.MESSAGE, title, tag, original, reason, timeout_s)
    if request.state is State.APPROVED:
        return message
    return _edited(ctx, request, message, original)


def _edited(ctx: Context, request: Request, message: Any, original: Any) -> Any:
    # The original by the fields that were shown; what was left alone is taken from it, with the types it has.
    shown = jsonable(original)
    value = edited_value(request, original if _same_shape(shown, original) else shown)
    kind = type(message)
    try:
        if issubclass(kind, BaseModel):
            return entry_of(kind).validate(value)
    except ValidationError as exc:
        raise _unfit(ctx, request, describe_invalid(f"the edited {kind.__name__}", exc)) from exc
    if kind is tuple and isinstance(value, list):
        return tuple(value)
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind:
        raise _unfit(ctx, request, f"the edited message is a {type(value).__name__}, not a {kind.__name__}")
    return value


def _same_shape(shown: Any, original: Any) -> bool:
    """Whether the original's fields are those that were shown, in their order: then one stands for the other."""
    return not isinstance(original, dict) or list(shown) == [str(key) for key in original]


def _unfit(ctx: Context, request: Request, text: str) -> ApprovalRefused:
    by = request.decision.by if request.decision is not None else ""
    return ApprovalRefused(
        f"not approved: {request.title!r} of {ctx.address}: {by} edited it, but {text}",
        agent=ctx.address,
        request=request.id,
        why="unfit",
        by=by,
    )
