from .mcp_tool import McpTool, mcp_tools
from .server import McpServer

__all__ = [
    "McpServer",
    "McpTool",
    "mcp_tools",
]
