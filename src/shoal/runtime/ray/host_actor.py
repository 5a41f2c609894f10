"""The Ray actor that is a host: one process, its cells, its socket.

Everything about cells runs on the actor's own event loop. The ``control`` methods run on another thread's loop, so
that a handler that blocks the first does not keep anyone from seeing or ending the process.

Methods return ``(True, value)`` or ``(False, packed error)``: Ray would wrap a raised error in classes of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import os
import threading
import traceback
from collections.abc import Awaitable, Callable
from typing import Any

import ray

from shoal.runtime.deadletters import DeadLetter
from shoal.runtime.errors import AgentNotFound, ShoalError, SpawnError
from shoal.runtime.failure import pack_error
from shoal.runtime.flight import FlightRecorder, flight_path
from shoal.runtime.host import LAST_ROWS_S, Host
from shoal.runtime.logs import set_up_logs
from shoal.runtime.metrics_snapshot import Snapshot, take_snapshot
from shoal.runtime.ray.calls import ParkedCalls
from shoal.runtime.ray.cluster import RayPeers, pack_agent
from shoal.runtime.ray.creation import BOOT_S
from shoal.runtime.ray.lifeline import Lifeline
from shoal.runtime.ray.metrics_node import MetricsCandidate, NodeMetrics
from shoal.runtime.ray.records import HostInfo, HostRecord, Tenant
from shoal.runtime.ray.settings import Settings
from shoal.runtime.redaction import redact
from shoal.runtime.ref import current_sender
from shoal.runtime.scribe import give_scribe
from shoal.runtime.socket_server import SocketServer
from shoal.runtime.supervision import Exit, ExitKind
from shoal.runtime.supervisor_order import take_order
from shoal.runtime.watchdog import LoopWatch
from shoal.runtime.wire import Reply

_UNWANTED_S = 5.0
_UNBOOTED_S = BOOT_S + 60.0
_REFERENCES_KEPT_S = 120.0
"""How long a large answer waits to be fetched: its asker does so at once, or has given up."""


def _answered(method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[tuple[bool, Any]]]:
    @functools.wraps(method)
    async def answer(self: Any, *arguments: Any) -> tuple[bool, Any]:
        try:
            return True, await method(self, *arguments)
        except ShoalError as error:
            return False, pack_error(error)
        except Exception as exc:  # a fault of ours: it must reach somebody
            return False, pack_error(
                ShoalError(redact(f"{type(exc).__name__}: {exc}"), traceback=redact(traceback.format_exc()))
            )

    # Ray looks through ``__wrapped__`` and would then run ``control`` methods on the loop that may be blocked.
    del answer.__wrapped__
    return answer


class HostActor:
    """A host in a Ray actor."""

    def __init__(self, settings: Settings) -> None:
        # Nothing that can fail: a constructor that raises is never retried by Ray and hides its reason.
        self._settings = settings
        self._parked: dict[bytes, ParkedCalls] = {}
        self._kept: dict[bytes, Reply] = {}
        self._server: SocketServer | None = None
        self._lifeline: Lifeline | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._prepared = False
        # Detached actors outlive who created them: one that died before it booted this leaves nobody to end it.
        waiting = threading.Timer(_UNBOOTED_S, self._end_unbooted)
        waiting.daemon = True
        waiting.start()

    def _end_unbooted(self) -> None:
        if not self._prepared:
            os._exit(0)

    # -- life ----------------------------------------------------------------------------------------------

    @_answered
    async def prepare(self) -> None:
        """Do what needs no name: a spare that has done it becomes somebody in a moment."""
        if self._prepared:
            return
        self._prepared = True
        set_up_logs()
        self._loop = asyncio.get_running_loop()
        self._lifeline = Lifeline(self._settings)
        self._lifeline.hold()

    @_answered
    async def boot(self, record: HostRecord, suspects: dict[bytes, int]) -> HostInfo:
        """Become the host of ``record``: bring it up with its agents, and register it."""
        await self.prepare()
        name = record.name
        self._watch = LoopWatch(self._settings.config.blocked_loop_s, name)
        self._watch.start(asyncio.get_running_loop())
        self._peers = RayPeers(self._settings, HostActor)
        self._host = Host(name, self._settings.config, self._peers, generation=record.generation)
        self._peers.bind(self._host)
        give_scribe(self._host)
        self._host.references = self
        self._host.suspects = suspects
        path = await self._open_node_files()
        for tenant in record.tenants:
            await self._start(tenant)
        # This process is ours alone. What is loaded now stays; messages are freed by their reference counts, and
        # collecting every 700 of them cost a tenth of the throughput.
        gc.freeze()
        gc.set_threshold(50_000, 20, 100)
        context = ray.get_runtime_context()
        info = HostInfo(
            name, context.get_actor_name() or "", context.get_node_id(), os.getpid(), path,
            self._host.incarnation, "", record.generation,
        )  # fmt: skip
        if not await self._peers.ask_system("register", info):
            # Whoever booted it ends it; if that one died meanwhile, nobody does.
            asyncio.get_running_loop().call_later(_UNWANTED_S, os._exit, 0)
            raise SpawnError(
                f"{name} is not wanted any more: the system ends, or the name has a newer holder"
            )
        metrics = NodeMetrics(info.node, self._snapshot, self._settings.directory)
        MetricsCandidate(self._settings, metrics, info, self._settings.directory).stand()
        return info

    async def _open_node_files(self) -> str:
        """The socket and the flight recorder; returns the socket's path."""
        path = ""
        if self._settings.config.sockets:
            self._server = SocketServer(self._host, self._settings.secret)
            path = await self._server.listen(self._settings.socket_dir())
        with contextlib.suppress(OSError):  # then no message is ever suspected
            self._host.flight = FlightRecorder(
                flight_path(self._settings.socket_dir(), self._host.incarnation)
            )
        assert self._lifeline is not None
        self._lifeline.at_end = self._unlink
        return path

    def _unlink(self) -> None:
        if self._server is not None:
            self._server.unlink()
        if self._host.flight is not None:
            self._host.flight.remove()

    async def _start(self, tenant: Tenant) -> None:
        if tenant.count is None:
            await self._add(tenant.blob, tenant.name)
        else:
            await self._add_many(tenant.blob, tenant.name, tenant.count)

    async def _add(self, blob: bytes, name: str) -> None:
        current_sender.set(self._host)
        await self._host.add(ray.cloudpickle.loads(blob), name)

    @_answered
    async def add_agent(self, blob: bytes, name: str) -> None:
        """Start one more agent here."""
        await self._add(blob, name)
        await self._peers.ask_system("add_tenant", self._host.name, Tenant(name, blob))

    @_answered
    async def add_agents(self, blob: bytes, prefix: str, count: int) -> None:
        """Start ``count`` agents ``prefix-0``, ``prefix-1``, ... here; all or, when one fails, none."""
        await self._add_many(blob, prefix, count)
        await self._peers.ask_system("add_tenant", self._host.name, Tenant(prefix, blob, count))

    async def _add_many(self, blob: bytes, prefix: str, count: int) -> None:
        added: list[str] = []
        agent = ray.cloudpickle.loads(blob)
        try:
            for index in range(count):
                added.append((await self._host.add(agent, f"{prefix}-{index}")).address)
                if index % 256 == 255:
                    await asyncio.sleep(0)
        except ShoalError:
            for address in added:
                await self._host.stop(address, "one of its group could not start", kill=True)
            raise

    @_answered
    async def stop_agent(self, address: str, reason: str, drain: bool, kill: bool) -> None:
        """Stop one agent."""
        if address not in self._host.cells:
            raise AgentNotFound(f"there is no agent {address!r} in host {self._host.name!r}")
        await self._host.stop(address, reason, drain=drain, kill=kill)
        await self._peers.ask_system("drop_tenant", self._host.name, address.partition("@")[0])

    @_answered
    async def stop(
        self, reason: str, drain: bool, grace_s: float | None = None, again: bool = False
    ) -> list[DeadLetter]:
        """Stop all agents in order, then close; the process is ended by whoever called. Returns its dead letters.

        ``again``: the host will be started again, so messages that wait are left to their senders.
        """
        self._host.arrivals.closed = again
        for address in reversed(list(self._host.cells)):
            if again:
                cell = self._host.cells[address]
                list(cell.mailbox.drain())
                cell.children = None  # they go on meanwhile, and are found again
            await self._host.stop(address, reason, drain=drain, grace_s=grace_s)
        letters = await self._last_words()
        self._host.exits.append(Exit(kind=ExitKind.SHUTDOWN, text=reason))
        if self._host.on_exit is not None:
            self._host.on_exit()
        return letters

    @_answered
    async def last_words(self) -> list[DeadLetter]:
        """The host's agent has ended by itself and the process is about to be: report on what it handled."""
        return await self._last_words()

    @_answered
    async def order(self, address: str, blob: bytes) -> bytes:
        """An order with code in it for an agent here that takes such, and its answer; Ray's pickle, never a mailbox."""
        cell = self._host.cells.get(address)
        if cell is None:
            raise AgentNotFound(f"there is no agent {address!r} in host {self._host.name!r}")
        return pack_agent(await take_order(cell.behavior, address, ray.cloudpickle.loads(blob)))

    async def _last_words(self, rows_s: float = LAST_ROWS_S) -> list[DeadLetter]:
        """Let senders know what became of their messages, then close."""
        self._host.arrivals.flush()
        await asyncio.sleep(0)
        if self._host.scribe is not None:
            await self._host.scribe.close(rows_s)
        self._close()
        return self._host.dead_letters.list()

    def _close(self) -> None:
        self._peers.close()
        self._watch.stop()
        self._unlink()

    # -- links ---------------------------------------------------------------------------------------------

    async def deliver(self, sender: bytes, frame: bytes, park: bool) -> bytes:
        """A DATA frame from another host; returns a REPORT frame, when there is one, or nothing."""
        parked = self._parked.get(sender)
        if parked is None:
            parked = self._parked[sender] = ParkedCalls()
        arrivals = self._host.arrivals
        if not park:
            arrivals.on_frame(sender, frame, None)
            return b""
        waiting = parked.park()
        arrivals.on_frame(sender, frame, parked)
        return await waiting

    @_answered
    async def cut_sockets(self) -> None:
        """Close the socket's connections, as a fault would: links go on over Ray calls and connect again."""
        if self._server is not None:
            self._server.cut()

    def keep(self, reply: Reply) -> None:
        """Keep a large answer until it is fetched (``References``)."""
        self._kept[reply.id] = reply
        asyncio.get_running_loop().call_later(_REFERENCES_KEPT_S, self._kept.pop, reply.id, None)

    @_answered
    async def fetch(self, message_id: bytes) -> tuple[Any, ...]:
        """A large answer; Ray moves it through the object store."""
        reply = self._kept.pop(message_id, None)
        if reply is None:
            raise AgentNotFound(f"the answer to {message_id.hex()} is not kept here any more")
        return tuple(reply)

    # -- seeing --------------------------------------------------------------------------------------------

    @_answered
    async def dead_letters(self) -> list[DeadLetter]:
        """The last dead letters of this host."""
        return self._host.dead_letters.list()

    @ray.method(concurrency_group="control")
    @_answered
    async def ended(self) -> Exit:
        """Returns when the host's agent has ended, and how. Fails when the process died."""
        loop, done = asyncio.get_running_loop(), asyncio.Event()

        def wake() -> None:
            loop.call_soon_threadsafe(done.set)

        self._host.on_exit = wake
        if not self._host.exits:
            await done.wait()
        return self._host.exits[0]

    @ray.method(concurrency_group="control")
    @_answered
    async def health(self) -> dict[str, Any]:
        """How the host is, answered also while its loop is blocked."""
        silent_s = self._watch.silent_s
        blocked = silent_s > self._settings.config.blocked_loop_s
        return {
            **self._host.summary(),
            "pid": os.getpid(),
            "blocked_s": silent_s,
            "stack": self._watch.stack() if blocked else "",
            "hung": self._host.hung(silent_s),
        }

    @ray.method(concurrency_group="control")
    @_answered
    async def metrics(self) -> Snapshot:
        """The host's figures, answered also while its loop is blocked."""
        return self._snapshot()

    def _snapshot(self) -> Snapshot:
        return take_snapshot(self._host, self._watch.silent_s)

    @ray.method(concurrency_group="control")
    @_answered
    async def kill_agents(self, reason: str) -> list[DeadLetter]:
        """Before the process is killed: bury what waits, if the loop still turns (it has a second to)."""
        if self._loop is None:
            return []
        done = asyncio.run_coroutine_threadsafe(self._bury(reason), self._loop)
        try:
            return await asyncio.wait_for(asyncio.wrap_future(done), 1.0)
        except TimeoutError:
            return []  # it is blocked: the senders' dead letters will say that the process died

    async def _bury(self, reason: str) -> list[DeadLetter]:
        for address in list(self._host.cells):
            await self._host.stop(address, reason, kill=True)
        return await self._last_words(rows_s=0.2)  # whoever kills waits no longer than a second
