"""How a call of a tool ended: what the model is shown, what is recorded, and what is accounted."""

from __future__ import annotations

from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict
from pydantic_core import to_json

from shoal.models.chat import ChatMessage
from shoal.runtime.codec import message
from shoal.runtime.provenance import Origin


@message("shoal.ToolOutcome")
class ToolOutcome(BaseModel):
    """What is recorded of a call that was made, also of one that failed: a rerun then goes the same way."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str
    """What the model is shown."""
    error: str = ""
    """The class of what it failed with; empty when it did not."""
    took_s: float = 0.0


class ToolAccount(NamedTuple):
    """One call of a tool by an agent."""

    tool: str
    call_id: str
    """The model's name for it."""
    ok: bool
    error: str
    """Why it gave no result: the class of the error; empty when it did."""
    took_s: float
    """Of the call itself, when it was made; waiting for its turn or for an approval is not in it."""
    made: bool
    """Whether the tool was called, now or when the message was handled before."""
    cached: bool
    """Whether the result is that of an earlier handling of the message."""
    origin: Origin
    """Where the text comes from that the model is shown, at best."""


class ToolAnswer(NamedTuple):
    """What the model is told of a call, and the account of it."""

    message: ChatMessage
    account: ToolAccount


def shown(result: Any, limit: int) -> str:
    """A result as text for a model: a text as it is, all else as JSON. Over ``limit`` characters it is cut, visibly."""
    if isinstance(result, str):
        text = clean(result)
    elif isinstance(result, BaseModel):
        text = result.model_dump_json()
    else:
        text = to_json(result, bytes_mode="base64", inf_nan_mode="constants").decode()
    return cut(text, limit)


def clean(text: str) -> str:
    """A text that can be sent: halves of surrogate pairs, as in names of files that are no UTF-8, become ``?``."""
    return text.encode(errors="replace").decode()


def cut(text: str, limit: int) -> str:
    """A text of at most ``limit`` characters, and a line that says so where it was longer."""
    if len(text) <= limit:
        return text
    return f"{text[:limit]}\n[cut: these are the first {limit:,} of {len(text):,} characters]"
