"""Systems whose agents can be made to die: a process on Ray, the whole system in one process."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import shoal
from shoal.runtime.envelope import LANE_NORMAL, ROOT_SCOPE
from tests.contract.settings import SETTINGS
from tests.contract.waiting import eventually


def stand_settings(run_dir: Path) -> dict[str, Any]:
    """How a system is started whose agents are killed."""
    # Kills that hit the same message again and again are the test's doing, not the message's. And no spares: a
    # process that nobody needs costs as much as one that somebody does.
    return {**SETTINGS, "run_dir": str(run_dir), "quarantine_after": 1000, "spares": 0}


class Stand:
    """One system after the other on the same run directory. On Ray one is enough, which all stands share.

    Agents and hosts have a name in the test and, since others share the system, a longer one outside of it.
    """

    def __init__(
        self,
        kind: str,
        run_dir: Path,
        *,
        shared: shoal.System | None = None,
        number: int = 0,
        **settings: Any,
    ) -> None:
        self.kind = kind
        self.run_dir = run_dir
        self.system: shoal.System
        self._shared = shared
        self._tail = f"-{number}" if shared is not None else ""
        self._settings = {**stand_settings(run_dir), **settings}
        self._agents: dict[str, tuple[Any, dict[str, Any]]] = {}
        self._hosts: list[str] = []
        self._old: list[shoal.System] = []

    async def open(self) -> None:
        self.system = self._shared or await shoal.start("local", **self._settings)

    async def close(self) -> None:
        if self._shared is not None:
            for name in [*map(self.name, self._agents), *self._hosts]:
                await self.system.stop(name, kill=True)
            return
        await asyncio.gather(*(system.shutdown() for system in [*self._old, self.system]))

    def name(self, name: str) -> str:
        """What the test's ``name`` is called in the system."""
        return f"{name}{self._tail}"

    def ref(self, name: str) -> shoal.Ref:
        """One of the test's agents."""
        return self.system.ref(self.name(name))

    async def spawn(self, agent: Any, name: str, **options: Any) -> shoal.Ref:
        self._agents[name] = (agent, options)
        return await self.system.spawn(agent, name=self.name(name), **options)

    async def host(self, name: str) -> str:
        """A host that several of the test's agents share."""
        self._hosts.append(await self.system.host(self.name(name)))
        return self._hosts[-1]

    async def kill(self, name: str) -> None:
        """Kill -9 of the agent, which comes again. In one process: of the system, and its agents are started again."""
        if self.kind == "ray":
            (health,) = await self.system.health(self.name(name))
            os.kill(health["pid"], signal.SIGKILL)

            async def another() -> bool:
                (now,) = await self.system.health(self.name(name))
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
            host.name, message_id, self.name(name), message, ROOT_SCOPE, (), None, 60.0, LANE_NORMAL
        )
