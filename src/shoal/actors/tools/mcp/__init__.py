"""Tools of MCP servers (https://modelcontextprotocol.io): the extra ``shoal[mcp]``."""

from shoal.runtime.lazily import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
