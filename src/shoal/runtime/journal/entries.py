"""What readers of a run are given: its messages and its spans, as they were journaled. All times in seconds."""

from __future__ import annotations

from typing import Any, NamedTuple

TELL, ASK = "tell", "ask"
DONE = "done"
"""The outcome of a message whose handler returned."""
OK = "ok"
"""The outcome of a span of something that succeeded."""


class MessageEntry(NamedTuple):
    """One message that was handled, or that will not be."""

    id: str
    """Hex digits."""
    cause: str | None
    """Id of the message whose handling sent it; ``None``: nobody's, as a task's own."""
    task: str | None
    sender: str
    recipient: str
    tag: str
    size: int
    """Of its payload, in bytes."""
    at: float
    """When its handling began, since 1970."""
    took_s: float | None
    """How long that took, with its retries and the pauses between them."""
    outcome: str
    """:data:`DONE`, or the reason of its dead letter."""
    queued_s: float | None = None
    """How long it waited in the mailbox."""
    kind: str = TELL
    """:data:`TELL` or :data:`ASK`."""
    attempt: int = 1
    """Which time it was tried, from 1: its agent's process had died in it, or ``on_error="retry"``."""


class SpanEntry(NamedTuple):
    """Something that took its time while a message was handled: a call of a model, a tool, the board, an effect."""

    id: str
    """16 hex digits, the same when the message is handled again."""
    parent: str
    """Id of the message in whose handling it happened, in hex digits; empty: in a hook."""
    task: str | None
    agent: str
    kind: str
    """``model``, ``tool``, ``board`` or ``effect``."""
    name: str
    at: float
    """When it began, since 1970."""
    took_s: float
    outcome: str
    """:data:`OK`, or what went wrong."""
    data: dict[str, Any]
