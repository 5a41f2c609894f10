"""Which tool call is being made: a mark that is the same when the message is handled again.

``calling.py`` sets it around each call. A tool that sends, as an agent as a tool does, takes it for what it sends, and
so asks under the same id again after a death: the asked agent knows the question and does not answer it twice.
Counting the sends would not do: calls that were recorded are not made again, so the count is another one.
"""

from __future__ import annotations

from contextvars import ContextVar

call_mark: ContextVar[str] = ContextVar("shoal_tool_call", default="")
