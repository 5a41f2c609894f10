"""Tools of MCP servers (https://modelcontextprotocol.io): the extra ``shoal[mcp]``."""

from shoal.actors.tools.mcp.mcp_tool import McpTool, mcp_tools
from shoal.actors.tools.mcp.server import McpServer

__all__ = ["McpServer", "McpTool", "mcp_tools"]
