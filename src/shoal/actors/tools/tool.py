"""The tool seam: what an agent's model can have called.

Implementations: typed functions (``function_tool.py``), agents and teams (``agent_tool.py``), MCP servers
(``mcp/``). Who may call which tool is in ``grants.py``; the calls themselves are made by ``calling.py``.
"""

from __future__ import annotations

from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict

from shoal.models.chat import ToolSpec
from shoal.runtime.context import Context
from shoal.runtime.provenance import Origin


class ToolPolicy(BaseModel):
    """What is asked of a call of a tool, and said of its result."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    consequential: bool = False
    """Whether a person has to approve each call before it is made."""
    accepts: Origin = Origin.WEB
    """The worst origin that its arguments may have. ``TRUSTED``: each value must be one of the trusted input's own;
    ``MODEL``: the model may compose them, as long as it saw trusted values only."""
    gives: Origin = Origin.TOOL
    """The origin of its results, at best; they are never better than its arguments."""
    timeout_s: float | None = 60.0
    """A call that takes longer is cancelled and fails; ``None``: only the handler's limit counts."""
    once: bool = True
    """Whether a finished call is recorded, and not made again when its message is handled again."""


class Tool(Protocol):
    """Something a model can have called."""

    @property
    def spec(self) -> ToolSpec:
        """Its name, description and arguments, as the model sees them."""

    @property
    def policy(self) -> ToolPolicy:
        """What is asked of a call, and said of its result."""

    def check(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """The arguments as they will be used. Raises :class:`~shoal.actors.tools.errors.BadArguments`, which names each
        field: the model is shown its text."""

    async def call(self, arguments: dict[str, Any], ctx: Context) -> Any:
        """Do it with checked arguments. The result, a message (msgpack-native or a Pydantic model), is what the model
        is shown. Whatever it raises is shown to the model as the call's failure, its text redacted."""
