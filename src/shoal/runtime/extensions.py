"""The seam to the floors above: what they check of the settings, and start with a system.

The runtime imports nothing from above; models and limits are settings that it carries without reading them. LLM agents
read them, and are asked by name (:mod:`shoal.runtime.above`); whoever else wants to be told registers here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Protocol

from shoal.runtime.above import LLM_AGENTS, made

if TYPE_CHECKING:
    from shoal.runtime.config import Config
    from shoal.runtime.system import System


class Extension(Protocol):
    """A floor above that wants to be told."""

    def check(self, config: Config) -> None:
        """Look at the settings before anything is started. Raises ``ConfigError``."""

    async def opened(self, system: System) -> None:
        """The system is there, its run too; nothing was spawned by its user yet. What it raises ends the system."""

    async def spawning(self, system: System, agent: Any) -> None:
        """The system's program is about to start an agent. What it raises keeps it from being started."""


_registered: list[Extension] = []


def register(extension: Extension) -> None:
    """Called once by each, before a system is started."""
    _registered.append(extension)


def _extensions() -> Iterator[Extension]:
    yield made(LLM_AGENTS)
    yield from _registered


def check_settings(config: Config) -> None:
    """Let everybody look. Raises ``ConfigError``."""
    for extension in _extensions():
        extension.check(config)


async def open_all(system: System) -> None:
    """Let everybody start what belongs to a system."""
    for extension in _extensions():
        await extension.opened(system)


async def prepare(system: System, agent: Any) -> None:
    """Let everybody start what an agent needs."""
    for extension in _extensions():
        await extension.spawning(system, agent)
