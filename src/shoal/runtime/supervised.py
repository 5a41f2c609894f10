"""The seam between a supervisor and where its children run: other processes on Ray, this one on the local host."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Protocol

from shoal.runtime.errors import ConfigError
from shoal.runtime.supervision import Adopt, ChildSpec, Event, Exit, SupervisorSpec
from shoal.runtime.supervision.specs import Shutdown


class SupervisedChildren(Protocol):
    """What a supervisor works on: starting, stopping, and word of what ended by itself."""

    def hear(self, heard: Callable[[Event], None]) -> None:
        """Say who is told of exits."""

    async def found(self, spec: SupervisorSpec) -> Adopt | None:
        """What an earlier incarnation of this supervisor left; ``None``: nothing, this one is the first."""

    async def start(self, id: str, token: int, spec: ChildSpec, extra: Any) -> str:
        """Start an incarnation; returns its address. Raises ``ShoalError`` when it does not come up."""

    async def stop(self, id: str, token: int, how: Shutdown, *, again: bool) -> Exit | None:
        """Stop an incarnation, also one that is only starting; how it went when not as wanted.

        ``again``: it will be started again, so that what waits for it is to be kept.
        """

    async def down(self, id: str, reason: str, *, died: bool, kept: bool) -> None:
        """A child is not started again by itself; ``kept``: its spec stays."""

    async def rest(self) -> None:
        """The supervisor has ended in order, and none of its children is alive."""

    def note(self, event: dict[str, Any]) -> None:
        """Something happened to a child."""

    def generation(self, id: str) -> int | None:
        """Which incarnation of its name a child is, or was last."""

    def close(self, *, kill: bool = False) -> None:
        """Let go of the children as they are, or kill them."""


def name_of_child(supervisor: str, id: str) -> str:
    """A child's name: ``<supervisor>/<id>``."""
    return f"{supervisor.partition('@')[0]}/{id}"


def agent_of(spec: ChildSpec, extra: Any) -> Any:
    """What to start: the spec's agent, or what its template makes of ``extra`` (arguments and keyword arguments)."""
    if extra is None:
        return spec.agent
    if not callable(spec.agent):
        raise ConfigError(
            f"child {spec.id!r}: agent: {spec.agent!r} takes no arguments; give a class or a factory"
        )
    arguments, named = extra
    return functools.partial(spec.agent, *arguments, **named) if arguments or named else spec.agent
