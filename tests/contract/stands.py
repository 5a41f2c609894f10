"""Systems whose agents can be made to die: a process on Ray, the whole system in one process."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import shoal
from shoal.runtime.envelope import LANE_NORMAL, ROOT_SCOPE
from tests.contract.settings import SETTINGS
from tests.contract.waiting import eventually


class Stand:
    """One system after the other on the same run directory; on Ray one is enough."""

    def __init__(self, kind: str, run_dir: Path, **settings: Any) -> None:
        self.kind = kind
        self.run_dir = run_dir
        self.system: shoal.System
        # Kills that hit the same message again and again are the test's doing, not the message's.
        self._settings = {**SETTINGS, "run_dir": str(run_dir), "quarantine_after": 1000, **settings}
        self._agents: dict[str, tuple[Any, dict[str, Any]]] = {}
        self._old: list[shoal.System] = []

    async def open(self) -> None:
        self.system = await shoal.start("local" if self.kind == "local" else None, **self._settings)

    async def close(self) -> None:
        for system in [*self._old, self.system]:
            await system.shutdown()

    async def spawn(self, agent: Any, name: str, **options: Any) -> shoal.Ref:
        self._agents[name] = (agent, options)
        return await self.system.spawn(agent, name=name, **options)

    async def kill(self, name: str) -> None:
        """Kill -9 of the agent, which comes again. In one process: of the system, and its agents are started again."""
        if self.kind == "ray":
            (health,) = await self.system.health(name)
            os.kill(health["pid"], signal.SIGKILL)

            async def another() -> bool:
                (now,) = await self.system.health(name)
                return bool(now["pid"] != health["pid"])

            await eventually(another)
            return
        for cell in self.system._host.cells.values():
            cell.freeze("as if it had been killed")
        self._old.append(self.system)
        await self.open()
        for name, (agent, options) in self._agents.items():
            await self.system.spawn(agent, name=name, **options)

    async def ask_as(self, message_id: bytes, name: str, message: Any) -> Any:
        """Ask under an id, as a sender does that handles its own message again."""
        host = self.system._host
        return await host.ask_as(
            host.name, message_id, name, message, ROOT_SCOPE, (), None, 60.0, LANE_NORMAL
        )
