"""A supervisor's children on the local host: cells of the same process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from shoal.runtime.ref import check_name, make_address
from shoal.runtime.supervised import agent_of, name_of_child
from shoal.runtime.supervision import Adopt, ChildSpec, Event, Exit, Exited, ExitKind, SupervisorSpec
from shoal.runtime.supervision.specs import Shutdown

if TYPE_CHECKING:
    from shoal.runtime.host import Host

_LONG_S = 1e9


class LocalChildren:
    """The children of the supervisor at ``address``."""

    def __init__(self, host: Host, address: str) -> None:
        self._host = host
        self._address = address
        self._heard: Callable[[Event], None] = lambda event: None
        self._starting: dict[int, asyncio.Task[Any]] = {}
        self._up: dict[int, str] = {}
        self._incarnations: dict[str, int] = {}
        self._addresses: dict[str, str] = {}
        self._own: frozenset[str] = frozenset()
        self._down: set[str] = set()

    def hear(self, heard: Callable[[Event], None]) -> None:
        """Say who is told of exits."""
        self._heard = heard

    def generation(self, id: str) -> int | None:
        """Which incarnation of its name a child is, or was last."""
        return self._incarnations.get(id)

    async def found(self, spec: SupervisorSpec) -> Adopt | None:
        """Nothing: here children do not outlive their supervisor."""
        self._own = frozenset(child.id for child in spec.children)
        return None

    async def start(self, id: str, token: int, spec: ChildSpec, extra: Any) -> str:
        """Start an incarnation as a cell; returns its address."""
        name = check_name(name_of_child(self._address, id))
        address = make_address(name, spec.host or name)
        task = asyncio.current_task()
        assert task is not None
        self._starting[token] = task
        try:
            cell = await self._host.add(agent_of(spec, extra), name, address)
        finally:
            del self._starting[token]
        self._addresses[id] = address
        self._down.discard(id)
        self._host.suspended.resume(cell)
        self._incarnations[id] = self._incarnations.get(id, 0) + 1
        self._up[token] = address
        self._host.watchers[address] = lambda exit: self._ended(id, token, exit)
        return address

    def _ended(self, id: str, token: int, exit: Exit) -> None:
        address = self._up.pop(token, None)
        if address is not None:
            cell = self._host.suspended.hold(address, self._address)
            if cell is not None:
                cell.kill(exit.describe())
                if hasattr(cell.behavior, "killed"):
                    cell.behavior.killed()  # what it started on its own ends with it
            self._heard(Exited(id, token, exit))

    async def stop(self, id: str, token: int, how: Shutdown, *, again: bool) -> Exit | None:
        """Stop an incarnation; one that is only starting is called off."""
        starting = self._starting.get(token)
        if starting is not None:
            starting.cancel()
            await asyncio.wait({starting})
        address = self._up.pop(token, None)
        if address is None:
            return None
        self._host.watchers.pop(address, None)
        reason = f"stopped by its supervisor {self._address}"
        if again:
            return await self._stop_for_now(address, reason, how)
        if how == "brutal_kill":
            await self._host.stop(address, reason, kill=True)
            return None
        grace_s = _seconds(how)
        try:
            async with asyncio.timeout(grace_s):
                await self._host.stop(address, reason, grace_s=grace_s)
        except TimeoutError:
            await self._host.stop(address, reason, kill=True)
            return _out_of_grace(grace_s)
        return None

    async def _stop_for_now(self, address: str, reason: str, how: Shutdown) -> Exit | None:
        """Stop a child that another one's restart takes along: its messages wait for its next incarnation."""
        cell = self._host.suspended.hold(address, self._address)
        if cell is None or how == "brutal_kill":
            if cell is not None:
                cell.kill(reason)
            return None
        grace_s = _seconds(how)
        try:
            async with asyncio.timeout(grace_s):
                await self._host.wind_down(cell, reason, grace_s)
        except TimeoutError:
            cell.kill(reason)
            return _out_of_grace(grace_s)
        return None

    async def down(self, id: str, reason: str, *, died: bool, kept: bool) -> None:
        """A child is not started again by itself: what waits for it is refused, with the reason."""
        self._down.add(id)
        address = self._addresses.get(id)
        if address is not None:
            self._host.suspended.bury(address, reason, died=died)
        if not kept:
            self._incarnations.pop(id, None)
            self._addresses.pop(id, None)

    async def rest(self) -> None:
        """The supervisor has ended in order; its own keeper may start it again, and it its children."""
        for id, address in self._addresses.items():
            if id in self._own - self._down:
                self._host.suspended.hold(address, self._address)
            else:
                self._host.suspended.bury(address, "its supervisor has ended", died=False)

    def note(self, event: dict[str, Any]) -> None:
        """Something happened to a child: the host keeps a list."""
        self._host.events.append(event)

    def close(self, *, kill: bool = False) -> None:
        """Let go of the children, or kill them with their supervisor."""
        for address in self._up.values():
            self._host.watchers.pop(address, None)
            if kill:
                self._host.out.errand(
                    self._host.stop(address, f"its supervisor {self._address} was killed", kill=True)
                )
        self._up.clear()


def _seconds(how: Shutdown) -> float:
    return _LONG_S if how == "infinity" else float(how)


def _out_of_grace(grace_s: float) -> Exit:
    return Exit(kind=ExitKind.KILLED, text=f"killed: it had not stopped within its {grace_s:g} s")
