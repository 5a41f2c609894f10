"""What the floor of LLM agents does for a system: it reads the settings, and starts what its agents need."""

from __future__ import annotations

from typing import Any

from shoal.actors.approvals.client import Approvals
from shoal.actors.limits import open_limits
from shoal.actors.llm.registry import has_limits, limits_of, models_of
from shoal.runtime.config import Config
from shoal.runtime.system import System


class LLMExtension:
    """See :class:`~shoal.runtime.extensions.Extension`."""

    def check(self, config: Config) -> None:
        """Models, budgets and limits must make sense before anything is started."""
        models_of(config)
        limits_of(config)

    async def opened(self, system: System) -> None:
        """Start the limiter when anything is limited."""
        if has_limits(system.config):
            await open_limits(system, limits_of(system.config))

    async def spawning(self, system: System, agent: Any) -> None:
        """Start the keeper of requests before the first agent that may ask a person."""
        if getattr(agent, "needs_people", False):
            await Approvals.open(system)
