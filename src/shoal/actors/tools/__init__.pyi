from .agent_tool import AgentTool, agent_tool
from .calling import CallLimits, ToolCaller
from .files import file_tools
from .function_tool import FunctionTool
from .grants import Grant, granted_to
from .mcp import McpServer, McpTool, mcp_tools
from .outcome import ToolAccount, ToolAnswer
from .tool import Tool, ToolPolicy
from .toolbox import close_tools, toolbox
from .web import Page, http_get

__all__ = [
    "AgentTool",
    "CallLimits",
    "FunctionTool",
    "Grant",
    "McpServer",
    "McpTool",
    "Page",
    "Tool",
    "ToolAccount",
    "ToolAnswer",
    "ToolCaller",
    "ToolPolicy",
    "agent_tool",
    "close_tools",
    "file_tools",
    "granted_to",
    "http_get",
    "mcp_tools",
    "toolbox",
]
