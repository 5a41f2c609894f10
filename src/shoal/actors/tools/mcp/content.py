"""Reads what a tool of an MCP server returns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shoal.actors.tools.errors import ToolFailed

if TYPE_CHECKING:
    from mcp.types import CallToolResult


def read_result(result: CallToolResult, tool: str) -> Any:
    """The structured content where there is some, else the texts. Raises :class:`ToolFailed` for an error."""
    text = "\n".join(_text_of(block) for block in result.content)
    if result.is_error:
        raise ToolFailed(f"{tool} failed: {text or 'it does not say why'}", tool=tool, type="McpError")
    return text if result.structured_content is None else result.structured_content


def _text_of(block: Any) -> str:
    """A block as text; of one that is none, what it is."""
    if block.type == "text":
        return str(block.text)
    if block.type == "resource" and isinstance(text := getattr(block.resource, "text", None), str):
        return text
    about = getattr(block, "mime_type", None) or getattr(block, "uri", None) or ""
    return f"[{block.type} {about}: not shown]".replace(" :", ":")
