"""From what a user spawns to a recipe: a callable that makes a fresh behaviour each time an incarnation starts."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from shoal.runtime.behavior import Behavior, HandlerTable
from shoal.runtime.config import Overflow
from shoal.runtime.errors import ConfigError
from shoal.runtime.signature import handlers_of

if TYPE_CHECKING:
    from shoal.runtime.context import Context


class FunctionBehavior:
    """One async function as a behaviour."""

    def __init__(
        self,
        function: Callable[..., Awaitable[Any]],
        *,
        concurrency: int = 1,
        mailbox: int | None = None,
        overflow: Overflow = Overflow.BLOCK,
        handler_timeout_s: float | None = None,
    ) -> None:
        self.function = function
        self.role = getattr(function, "__name__", "function").strip("<>")
        self.concurrency = concurrency
        self.mailbox = mailbox
        self.overflow = overflow
        self.handler_timeout_s = handler_timeout_s

    def handler_table(self) -> HandlerTable:
        """One handler for each type the function's message parameter names."""
        return HandlerTable(handlers_of(self.function, self.role))

    async def on_start(self, ctx: Context) -> None:
        """Nothing to do."""

    async def on_stop(self, ctx: Context, reason: str) -> None:
        """Nothing to do."""


def is_behavior(agent: Any) -> bool:
    """Whether it is an instance that can be run as it is."""
    return not isinstance(agent, type) and hasattr(agent, "handler_table")


def recipe_of(agent: Any) -> Callable[[], Behavior]:
    """A recipe for an agent instance, an agent class, an async function, or a factory of any of them.

    An instance is copied for each incarnation, so that a restart begins with what was spawned. Raises
    :class:`ConfigError` for anything else.
    """
    if is_behavior(agent):
        return lambda: _copy(agent)
    if inspect.iscoroutinefunction(agent):
        return lambda: FunctionBehavior(agent)
    if isinstance(agent, type) and hasattr(agent, "handler_table"):
        return agent
    if callable(agent) and not isinstance(agent, type):
        return lambda: _from_factory(agent)
    raise ConfigError(
        f"{agent!r} cannot be spawned: give an Agent, an Agent class, an async function or a factory"
    )


def check_recipe(agent: Any) -> None:
    """Raise :class:`ConfigError` now for what could not be spawned later: unknown kinds, wrong handlers."""
    recipe = recipe_of(agent)
    if is_behavior(agent):
        agent.handler_table()
    elif inspect.iscoroutinefunction(agent):
        recipe().handler_table()


def _from_factory(factory: Callable[[], Any]) -> Behavior:
    return recipe_of(_made(factory))()


def _made(factory: Callable[[], Any]) -> Any:
    made = factory()
    if made is factory or (
        callable(made) and not is_behavior(made) and not inspect.iscoroutinefunction(made)
    ):
        raise ConfigError(f"the factory {factory!r} returned {made!r}, which is no agent")
    return made


def _copy(agent: Any) -> Any:
    try:
        return copy.deepcopy(agent)
    except Exception as exc:
        raise ConfigError(
            f"{type(agent).__name__} cannot be copied for a start ({exc}): spawn the class or a factory, and open "
            "files, sockets and locks in on_start"
        ) from exc
