"""The seam to the floors above: what they check of the settings, and start with a system.

The runtime imports nothing from above; models and limits are settings that it carries without reading them. Whoever
reads them registers here while ``shoal`` is imported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

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
    """Called once by each, while it is imported."""
    _registered.append(extension)


def check_settings(config: Config) -> None:
    """Let everybody look. Raises ``ConfigError``."""
    for extension in _registered:
        extension.check(config)


async def open_all(system: System) -> None:
    """Let everybody start what belongs to a system."""
    for extension in _registered:
        await extension.opened(system)


async def prepare(system: System, agent: Any) -> None:
    """Let everybody start what an agent needs."""
    for extension in _registered:
        await extension.spawning(system, agent)
