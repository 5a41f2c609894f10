"""Which tools an agent may use: those it was granted, and no other.

A grant is a set of names. It is part of what an agent is made of, so a restart has the same one. It travels: what an
agent hands on is at most what it has, and what it is given is met with what the child was made with. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict

from shoal.actors.tools.errors import ToolNotGranted
from shoal.actors.tools.naming import check_tool_name
from shoal.runtime.codec import message
from shoal.runtime.errors import ConfigError


@message("shoal.Grant")
class Grant(BaseModel):
    """The tools that may be used. The empty one, which is the default, allows none."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tools: frozenset[str] = frozenset()
    """Names, each in full: there are no patterns, so that a tool that comes later is not granted by accident."""

    @classmethod
    def of(cls, *names: str) -> Grant:
        """A grant of these tools. Raises ``ConfigError`` for what cannot be a tool's name."""
        return cls(tools=frozenset(check_tool_name(name) for name in names))

    def allows(self, name: str) -> bool:
        """Whether the tool may be used."""
        return name in self.tools

    def meet(self, other: Grant) -> Grant:
        """What both allow: the grant of a child whose parent has the other."""
        return Grant(tools=self.tools & other.tools)

    def within(self, other: Grant) -> bool:
        """Whether it allows nothing that the other does not."""
        return self.tools <= other.tools

    def require(self, name: str, agent: str) -> None:
        """Raise :class:`ToolNotGranted` unless the agent may use the tool."""
        if name not in self.tools:
            raise ToolNotGranted(
                f"{agent} was not granted the tool {name}; it has {_listed(self.tools)}",
                tool=name,
                agent=agent,
            )

    def narrowed(self, names: Iterable[str], agent: str) -> Grant:
        """A grant of exactly these, for a child. Raises ``ConfigError`` naming those that are not there to give."""
        wanted = Grant.of(*names)
        if missing := wanted.tools - self.tools:
            raise ConfigError(
                f"{agent} cannot hand on {_listed(missing)}: it has {_listed(self.tools)}, and nobody gives what "
                "they do not have"
            )
        return wanted


def granted_to(own: Iterable[str], *above: Grant | None) -> Grant:
    """The grant of an agent with its ``own`` tools under those ``above`` it: what all allow.

    ``None`` among them is nobody: code that started the agent, which gave it its tools itself.
    """
    grant = Grant.of(*own)
    for one in above:
        if one is not None:
            grant = grant.meet(one)
    return grant


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"
