"""Tools: what a model can have called, who may call what, and how a call is made."""

from shoal.actors.tools.agent_tool import AgentTool, agent_tool
from shoal.actors.tools.calling import CallLimits, ToolCaller
from shoal.actors.tools.files import file_tools
from shoal.actors.tools.function_tool import FunctionTool
from shoal.actors.tools.grants import Grant, granted_to
from shoal.actors.tools.mcp import McpServer, McpTool, mcp_tools
from shoal.actors.tools.outcome import ToolAccount, ToolAnswer
from shoal.actors.tools.tool import Tool, ToolPolicy
from shoal.actors.tools.toolbox import close_tools, toolbox
from shoal.actors.tools.web import Page, http_get

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
