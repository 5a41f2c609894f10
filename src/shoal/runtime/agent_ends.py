"""How agents end by themselves: they stop, fail or find that they were given up, and whoever keeps them is told.

An agent that a supervisor keeps has a watcher here. Of the one that bears its host's name the process is told, which
ends with it. The failure of any other is that of the system.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from shoal.runtime.cell import Cell
from shoal.runtime.cell_state import State
from shoal.runtime.durable.errors import Fenced
from shoal.runtime.errors import SystemClosed
from shoal.runtime.peers import NoPeers
from shoal.runtime.supervision import Exit, ExitKind

if TYPE_CHECKING:
    from shoal.runtime.host import Host

_log = logging.getLogger("shoal.host")
_FENCED = 70
"""Exit status of a process that found it had been given up."""


class AgentEnds:
    """Those of one host."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.exits: list[Exit] = []
        """How the agent that bears the host's name ended by itself."""
        self.watchers: dict[str, Callable[[Exit], None]] = {}
        """Who is told of the end of a supervised agent of this process, by address."""
        self._failure: asyncio.Future[Exit] | None = None

    def exit(self, cell: Cell, kind: str, why: str, cause: Exit | None = None) -> None:
        """The agent has ended by itself: whoever keeps it, or this host, decides what that means."""
        exit = Exit(kind=ExitKind(kind), text=why, cause=cause)
        if cell.address == self._host.name:
            self.exits.append(exit)
            if self._host.on_exit is not None:
                self._host.on_exit()
        elif cell.address not in self.watchers:
            self._note_failure(cell.address, exit)
        self.tell_watcher(cell.address, exit)

    def fail(self, cell: Cell, why: str) -> None:
        """The agent cannot go on: it ends with an error. Where its process ends with it, what waits is kept for the
        next incarnation."""
        _log.error("%s ends with an error: %s", cell.address, why, extra={"agent": cell.address})
        cell.freeze(why)
        kept = cell.address == self._host.name and not isinstance(self._host.peers, NoPeers)
        if kept or cell.address in self.watchers:
            self.exit(cell, "error", why)
        else:
            self._host.out.errand(self._end_failed(cell, why))

    async def _end_failed(self, cell: Cell, why: str) -> None:
        await self._host.stop(cell.address, why, kill=True)
        self.exit(cell, "error", why)

    def fenced(self, cell: Cell, error: Fenced) -> None:
        """A later incarnation has the agent: this one was given up, and must do nothing more."""
        if cell.state is State.STOPPED:
            return
        _log.critical("%s was given up and has a successor: %s", cell.address, error.text)
        if isinstance(self._host.peers, NoPeers):
            cell.freeze(error.text)
            self._host.out.errand(self._host.stop(cell.address, error.text, kill=True))
        else:
            # Its handlers, its children and what it would still send: nothing of it may go on.
            os._exit(_FENCED)

    async def stop_itself(self, cell: Cell, drain: bool) -> None:
        """Stop an agent that wants to, once its handler has returned."""
        await self._host.stop(cell.address, "it stopped itself", drain=drain)
        self.exit(cell, "normal", "it stopped itself")
        if cell.address != self._host.name:
            await self._host.peers.forget(cell.address)

    def failure(self) -> asyncio.Future[Exit]:
        """Done once an agent of this process that nobody supervises has failed."""
        if self._failure is None:
            self._failure = self._host.loop.create_future()
        return self._failure

    def _note_failure(self, address: str, exit: Exit) -> None:
        if exit.failed and not self.failure().done():
            self.failure().set_result(exit.named(address))

    def tell_watcher(self, address: str, exit: Exit) -> None:
        """Tell whoever keeps this agent of its end, once."""
        watcher = self.watchers.pop(address, None)
        if watcher is not None:
            watcher(exit)
        else:
            self._host.suspended.bury_children(address, exit.named(address).describe())

    def close(self, error: SystemClosed) -> None:
        """Nobody will fail any more: whoever waits for that gets ``error``."""
        if self._failure is not None and not self._failure.done():
            self._failure.set_exception(error)
