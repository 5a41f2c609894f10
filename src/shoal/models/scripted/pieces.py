"""A whole answer as the pieces a server would send."""

from __future__ import annotations

from collections.abc import Iterator

from shoal.models.chat import ChatChunk, ToolCall, ToolCallPart


def cut(text: str, characters: int) -> list[str]:
    """``text`` in pieces of so many characters; no piece of no text."""
    return [text[at : at + characters] for at in range(0, len(text), characters)]


def pieces_of(text: str, tool_calls: tuple[ToolCall, ...], characters: int) -> Iterator[ChatChunk]:
    """Text first, then each tool call: its name, then its arguments in pieces."""
    for piece in cut(text, characters):
        yield ChatChunk(text=piece)
    for index, call in enumerate(tool_calls):
        head, *rest = cut(call.arguments, characters) or [""]
        yield ChatChunk(tool_calls=(ToolCallPart(index, call.id, call.name, head),))
        for piece in rest:
            yield ChatChunk(tool_calls=(ToolCallPart(index, arguments=piece),))
