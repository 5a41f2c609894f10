"""A typed function as a tool.

::

    @shoal.tool
    async def search(query: str, limit: int = 5, *, ctx: shoal.Context) -> list[Hit]:
        \"""Search the handbook.

        Args:
            query: What to look for, in a few words.
            limit: Hits at most.
        \"""

The model is told the name, what the docstring says, and a JSON schema of the arguments; not the context. A plain
``def`` runs in a thread (``threads.py`` says what that means for time limits).
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import sys
from collections.abc import Callable
from typing import Any, overload

from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticSerializationError

from shoal.actors.tools.docstrings import read_docstring
from shoal.actors.tools.errors import ToolFailed
from shoal.actors.tools.naming import check_tool_name
from shoal.actors.tools.parameters import Parameters
from shoal.actors.tools.threads import call_in_thread
from shoal.actors.tools.tool import ToolPolicy
from shoal.models.chat import ToolSpec
from shoal.runtime.codec import encode
from shoal.runtime.config import describe_invalid
from shoal.runtime.context import Context
from shoal.runtime.errors import ConfigError, MessageError
from shoal.runtime.provenance import Origin


class FunctionTool:
    """A tool that calls a function; itself it can be called as the function can. Made by :func:`tool`."""

    def __init__(
        self,
        function: Callable[..., Any],
        policy: ToolPolicy,
        name: str = "",
        description: str = "",
        hints: dict[str, Any] | None = None,
    ) -> None:
        if not inspect.isroutine(function):
            raise ConfigError(f"{function!r} cannot be a tool: @shoal.tool is for functions and methods")
        own_name = getattr(function, "__name__", "")
        self._name = check_tool_name(name or own_name)
        if inspect.isasyncgenfunction(function) or inspect.isgeneratorfunction(function):
            raise ConfigError(f"{self._name} yields; a tool returns its whole result")
        said = read_docstring(inspect.getdoc(function))
        text = description or said.text
        if not text:
            raise ConfigError(
                f"{self._name}: say in its docstring (or description=) what it does: the model chooses by that"
            )
        self._parameters = Parameters(function, self._name, said.arguments, hints)
        self._spec = ToolSpec(name=self._name, description=text, parameters=self._parameters.schema)
        self._policy = policy
        self._described = description
        functools.update_wrapper(self, function)

    @property
    def spec(self) -> ToolSpec:
        """Its name, description and arguments, as the model sees them."""
        return self._spec

    @property
    def policy(self) -> ToolPolicy:
        """What is asked of a call, and said of its result."""
        return self._policy

    def check(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """The arguments with defaults filled in, as JSON has them. Raises ``BadArguments``."""
        return self._parameters.check(arguments)

    async def call(self, arguments: dict[str, Any], ctx: Context) -> Any:
        """Call the function. Raises what it raises, and :class:`ToolFailed` when its result is no message."""
        args, kwargs = self._parameters.bind(arguments, ctx)
        called = functools.partial(self.function, *args, **kwargs)
        if inspect.iscoroutinefunction(self.function):
            result = await _uncut(called, self._name)
        else:
            result = await call_in_thread(called, self._name)
        try:
            result = _plain(result)
            encode(result, ctx.config.max_message_bytes)
        except (MessageError, RecursionError, PydanticSerializationError) as error:
            raise ToolFailed(
                f"{self._name} returned a {type(result).__name__}, which is no message: {error}. Return a Pydantic "
                "model or plain values",
                tool=self._name,
                type=type(error).__name__,
            ) from error
        return result

    @property
    def function(self) -> Callable[..., Any]:
        """The function itself."""
        wrapped: Callable[..., Any] = self.__wrapped__  # type: ignore[attr-defined]
        return wrapped

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function, as if it were no tool."""
        return self.function(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<tool {self._name}>"

    def __reduce__(self) -> Any:
        """By its name, where it stands in a module under it: as functions travel. Else by what it is made of."""
        name: str = getattr(self, "__qualname__", "")
        module = sys.modules.get(self.__module__)
        # A module without a spec was made by hand: no other process could import it.
        if (
            self.__module__ != "__main__"
            and getattr(module, "__spec__", None)
            and _named(module, name) is self
        ):
            return name
        return FunctionTool, (
            self.function,
            self._policy,
            self._name,
            self._described,
            self._parameters.hints,
        )


@overload
def tool(
    function: Callable[..., Any],
    /,
    *,
    name: str = "",
    description: str = "",
    consequential: bool = False,
    accepts: Origin = Origin.WEB,
    gives: Origin = Origin.TOOL,
    timeout_s: float | None = 60.0,
    once: bool = True,
) -> FunctionTool: ...


@overload
def tool(
    *,
    name: str = "",
    description: str = "",
    consequential: bool = False,
    accepts: Origin = Origin.WEB,
    gives: Origin = Origin.TOOL,
    timeout_s: float | None = 60.0,
    once: bool = True,
) -> Callable[[Callable[..., Any]], FunctionTool]: ...


def tool(
    function: Callable[..., Any] | None = None, /, *, name: str = "", description: str = "", **policy: Any
) -> FunctionTool | Callable[[Callable[..., Any]], FunctionTool]:
    """Make a typed function a tool: ``@shoal.tool``, ``@shoal.tool(timeout_s=5)`` or ``shoal.tool(function)``.

    ``name`` and ``description`` stand for the function's own; the rest are the fields of :class:`ToolPolicy`. Raises
    ``ConfigError`` when it cannot work.
    """
    checked = policy_of(policy)
    if function is None:
        return lambda found: FunctionTool(found, checked, name, description)
    return FunctionTool(function, checked, name, description)


def policy_of(settings: dict[str, Any]) -> ToolPolicy:
    """A policy of its fields. Raises ``ConfigError`` naming those that are wrong."""
    try:
        made = ToolPolicy(**settings)
    except ValidationError as error:
        raise ConfigError(describe_invalid("a tool's settings", error)) from error
    if made.timeout_s is not None and not made.timeout_s > 0:
        raise ConfigError(f"a tool's settings: timeout_s is {made.timeout_s!r}; it must be positive, or None")
    return made


async def _uncut(called: Callable[[], Any], name: str) -> Any:
    """Await the function, but let neither its own exit nor its own cancellation be taken for the agent's."""
    try:
        return await called()
    except SystemExit as error:
        raise ToolFailed(
            f"{name} wanted to end the process ({error})", tool=name, type="SystemExit"
        ) from error
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        raise ToolFailed(f"{name} was cancelled from inside", tool=name, type="CancelledError") from error


def _plain(result: Any) -> Any:
    """A result as a message: models in lists and dicts, which no message has, as the dicts that they are."""
    if type(result) in (list, tuple):
        return [_dumped(item) for item in result]
    return {key: _dumped(item) for key, item in result.items()} if type(result) is dict else result


def _dumped(value: Any) -> Any:
    return value.model_dump(mode="json") if isinstance(value, BaseModel) else _plain(value)


def _named(module: Any, qualname: str) -> Any:
    found = module
    for part in qualname.split("."):
        found = getattr(found, part, None)
    return found
