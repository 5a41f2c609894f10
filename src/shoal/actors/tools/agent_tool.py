"""An agent, or a team, as a tool: the model's arguments become its typed message, its answer the result.

The asked agent works with its own tools. Asking in a circle fails at once, as all circular asks do; what went wrong
there comes back as the call's failure.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, create_model

from shoal.actors.tools.call_mark import call_mark
from shoal.actors.tools.function_tool import policy_of
from shoal.actors.tools.naming import check_tool_name, tool_name_of
from shoal.actors.tools.parameters import check_arguments, schema_of
from shoal.actors.tools.tool import ToolPolicy
from shoal.models.chat import ToolSpec
from shoal.runtime.context import Context
from shoal.runtime.errors import ConfigError
from shoal.runtime.ref import Ref


class AgentTool:
    """A tool that asks an agent. Made by :func:`agent_tool`."""

    def __init__(
        self, ref: Ref, name: str, description: str, takes: type[BaseModel] | type[str], policy: ToolPolicy
    ) -> None:
        self._ref = ref
        self._takes = takes
        # A text has no fields, and arguments are an object: it is the one field of one.
        self._model = takes if issubclass(takes, BaseModel) else create_model(name, message=(str, ...))
        parameters = schema_of(self._model, name)
        self._spec = ToolSpec(name=name, description=description, parameters=parameters)
        self._policy = policy

    @property
    def spec(self) -> ToolSpec:
        """Its name, description and arguments, as the model sees them."""
        return self._spec

    @property
    def policy(self) -> ToolPolicy:
        """What is asked of a call, and said of its result."""
        return self._policy

    @property
    def ref(self) -> Ref:
        """Who is asked."""
        return self._ref

    def check(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """The message's fields as JSON has them. Raises ``BadArguments``."""
        return check_arguments(self._model, arguments, self._spec.name).model_dump(mode="json", by_alias=True)

    async def call(self, arguments: dict[str, Any], ctx: Context) -> Any:
        """Ask, and return the answer. Raises as ``ctx.ask`` does."""
        message: Any = check_arguments(self._model, arguments, self._spec.name)
        if not issubclass(self._takes, BaseModel):
            message = message.message
        return await ctx.ask(self._ref, message, timeout_s=self._policy.timeout_s, mark=call_mark.get())

    def __repr__(self) -> str:
        return f"<tool {self._spec.name}: {self._ref.address}>"

    def __reduce__(self) -> Any:
        name, description = self._spec.name, self._spec.description
        return AgentTool, (self._ref, name, description, self._takes, self._policy)


def agent_tool(
    agent: Ref,
    description: str,
    *,
    input: type[BaseModel] | type[str] | None = None,
    name: str = "",
    **policy: Any,
) -> AgentTool:
    """An agent or a team as a tool.

    ``description`` tells the model what to ask it. ``input`` is its message: a Pydantic model, whose fields are the
    arguments, or ``str``, which is one argument ``message``; a team that accepts one such type need not be told.
    ``name``: else made of the address. The rest are the fields of :class:`ToolPolicy`; ``timeout_s`` is that of the
    ask. Raises ``ConfigError``.
    """
    if not isinstance(agent, Ref):
        raise ConfigError(f"{agent!r} is no ref: spawn the agent (or build the team) first, and give its ref")
    if not isinstance(description, str) or not description.strip():
        raise ConfigError(f"{agent.address}: say what it can be asked; the model chooses tools by that")
    takes = input if input is not None else _input_of(agent)
    if not (isinstance(takes, type) and (takes is str or issubclass(takes, BaseModel))):
        raise ConfigError(f"{agent.address}: input is {takes!r}; it must be a Pydantic model or str")
    chosen = check_tool_name(name) if name else tool_name_of(agent.address)
    # Not the team: a team knows its system, and the tool travels.
    return AgentTool(Ref(agent.address), chosen, description, takes, policy_of(policy))


def _input_of(agent: Ref) -> Any:
    """The one type that a team says it accepts."""
    accepts = tuple(getattr(getattr(agent, "signature", None), "accepts", ()) or ())
    fitting = [
        kind for kind in accepts if isinstance(kind, type) and (kind is str or issubclass(kind, BaseModel))
    ]
    if len(fitting) != 1:
        raise ConfigError(f"{agent.address}: say which message it takes: agent_tool(..., input=Question)")
    return fitting[0]
