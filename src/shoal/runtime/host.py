"""A host: the cells of one process, their life, and the end of messages that are not handled.

The same class runs in the client, in the local system and in every Ray actor; :class:`~shoal.runtime.post.Post` is
its sending half, :class:`~shoal.runtime.arrivals.Arrivals` its receiving half, and what lies beyond the process it
reaches through :class:`~shoal.runtime.peers.Peers`.

A message between two cells of one process is handed over as the object it is (a Pydantic model: treat it as
immutable; lists and dicts are copied). Between processes the sender encodes it and the receiver validates it.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections import deque
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from shoal.runtime.arrivals import Arrivals
from shoal.runtime.asks import Asks
from shoal.runtime.behavior import Behavior, role_of
from shoal.runtime.cell import Cell, State
from shoal.runtime.codec import encode
from shoal.runtime.config import Config
from shoal.runtime.context import Context
from shoal.runtime.deadletters import DeadLetter, DeadLetters, Reason
from shoal.runtime.delivery import Delivery
from shoal.runtime.durable.access import OwnStateAccess
from shoal.runtime.durable.errors import Fenced
from shoal.runtime.durable_cell import make_cell
from shoal.runtime.envelope import ASK, LANE_NORMAL, ROOT_SCOPE, TELL, Envelope, IdSource, Lane, Scope
from shoal.runtime.errors import (
    AgentNotFound,
    AgentStartFailed,
    HandlerTimeout,
    MessageError,
    NameTaken,
    ShoalError,
    SystemClosed,
)
from shoal.runtime.failure import handler_error
from shoal.runtime.flight import FlightRecorder
from shoal.runtime.incarnation import make_incarnation
from shoal.runtime.on_loop import OnLoop
from shoal.runtime.peers import NoPeers, Peers, References
from shoal.runtime.post import Post
from shoal.runtime.recipe import recipe_of
from shoal.runtime.ref import Ref, check_name, current_sender, host_of, make_address
from shoal.runtime.stats import HostStats
from shoal.runtime.supervision import Exit, ExitKind
from shoal.runtime.supervision_event import EVENTS_KEPT
from shoal.runtime.suspended import Suspended
from shoal.runtime.worker import Worker

if TYPE_CHECKING:
    from shoal.runtime.scribe import Scribe

_log = logging.getLogger("shoal.host")
_TOMBSTONES = 10_000
_TICK_S = 1.0
LAST_ROWS_S = 3.0
"""Longest wait for the recorder to take the last messages of a host that ends in order."""
_FENCED = 70
"""Exit status of a process that found it had been given up."""


class Host(OnLoop):
    """The cells of one process. Use from one event loop only."""

    scribe: Scribe | None = None
    """Who journals the messages of this host, when they are."""

    def __init__(self, name: str, config: Config, peers: Peers | None = None, generation: int = 1) -> None:
        self.name = name
        self.generation = generation
        self.incarnation = make_incarnation(name, generation)
        self.config = config
        self.peers: Peers = peers if peers is not None else NoPeers()
        self.ids = IdSource()
        self.stats: HostStats = HostStats()
        self.dead_letters = DeadLetters(config.dead_letters, self._log_letter)
        self.cells: dict[str, Cell] = {}
        self.stopped: dict[str, str] = {}
        """Why an agent that was here is not any more; the last 10,000."""
        self.active: set[Worker] = set()
        self.references: References | None = None
        self.closed = False
        self.flight: FlightRecorder | None = None
        """Where it is noted what is being handled, for whoever finds this process dead."""
        self.state = OwnStateAccess(config, name, isinstance(self.peers, NoPeers))
        """Where durable agents and effects are kept; opened at first use."""
        self.suspects: dict[bytes, int] = {}
        """Messages in whose handling earlier incarnations of this host died, and how often."""
        self.exits: list[Exit] = []
        """How the agent that bears the host's name ended by itself."""
        self.watchers: dict[str, Callable[[Exit], None]] = {}
        """Who is told of the end of a supervised agent of this process, by address."""
        self.on_exit: Callable[[], None] | None = None
        self.events: deque[dict[str, Any]] = deque(maxlen=EVENTS_KEPT)
        """What supervisors of this process told of their children, where nobody else keeps a list."""
        self.suspended = Suspended(self)
        self.aliases: set[str] = set()
        self._starting: set[str] = set()
        self._failure: asyncio.Future[Exit] | None = None
        self._out = Post(self)
        self.post = self._out.post
        self.ask_as = self._out.ask
        self.asks: Asks = self._out.asks
        self.passed = self._out.passed
        self.arrivals = Arrivals(self)
        self.out = self._out
        self._ticker: asyncio.TimerHandle | None = None
        self._tick_s = _TICK_S
        self._letters_logged = 0
        self._letters_second = 0.0

    # -- sending for code that is no agent (Sender protocol) -------------------------------------------------

    def tell(
        self,
        address: str,
        message: Any,
        *,
        lane: Lane | None = None,
        deadline_s: float | None = None,
        task: str | None = None,
    ) -> Coroutine[Any, Any, Envelope]:
        """Send for the client; see ``Ref.tell``."""
        scope = None
        if deadline_s is not None or task is not None:
            scope = Scope(task=task, deadline=None if deadline_s is None else time.time() + deadline_s)
        return self._out.post(
            TELL, address, message, self.ids.fresh(), self.name, scope,
            LANE_NORMAL if lane is None else lane, None,
        )  # fmt: skip

    def ask(
        self,
        address: str,
        message: Any,
        *,
        timeout_s: float | None = None,
        lane: Lane | None = None,
        task: str | None = None,
    ) -> Coroutine[Any, Any, Any]:
        """Ask for the client; see ``Ref.ask``."""
        return self._out.ask(
            self.name, self.ids.fresh(), address, message, ROOT_SCOPE, (), task, timeout_s,
            LANE_NORMAL if lane is None else lane,
        )  # fmt: skip

    # -- the life of cells ---------------------------------------------------------------------------------

    def add_alias(self, name: str) -> None:
        """Give the host one more name (the local system has all its hosts in one)."""
        if name in self.aliases or name in self.cells:
            raise NameTaken(f"the name {name!r} is in use in this system")
        self.aliases.add(name)

    async def add(self, agent: Any, name: str, address: str | None = None) -> Cell:
        """Start an agent here. Raises ``SpawnError``; ``on_start`` has returned when this does."""
        address = address or make_address(check_name(name), self.name)
        if self.closed:
            raise SystemClosed("the system is shut down")
        if address in self.cells or address in self._starting:
            raise NameTaken(f"the name {address!r} is in use in this system")
        self._starting.add(address)
        try:
            cell = await self._start(address, agent)
        except ShoalError as error:
            if address not in self.suspended:  # nobody tries again
                self.suspended.bury_children(address, error.text)
            raise
        finally:
            self._starting.discard(address)
        self.cells[address] = cell
        self.stopped.pop(address, None)
        cell.stats.agents += 1
        return cell

    async def _start(self, address: str, agent: Any) -> Cell:
        try:
            recipe = recipe_of(agent)
            behavior: Behavior = recipe()
            cell = make_cell(self, address, behavior, recipe)
            self._watch(cell.handler_timeout_s)
            await cell.begin()
        except ShoalError:
            raise
        except TimeoutError as exc:
            raise AgentStartFailed(f"{address}: on_start took longer than the handler limit") from exc
        except (Exception, SystemExit) as exc:
            details = handler_error(exc, address, "start").details
            raise AgentStartFailed(
                f"{address} could not start: {type(exc).__name__}: {exc}", **details
            ) from exc
        return cell

    async def run_hook(self, cell: Cell, hook: Any, *arguments: Any, limit_s: float | None = None) -> None:
        """Run a hook under the agent's context, within the handler limit and ``limit_s``.

        Raises what it raises; or ``TimeoutError``, and the hook is cancelled and left behind.
        """
        ctx = Context(cell, None)
        limits = [limit for limit in (limit_s, cell.handler_timeout_s) if limit is not None]

        async def run() -> BaseException | None:
            current_sender.set(ctx)
            try:
                await hook(ctx, *arguments)
            except SystemExit as exc:  # out of a task of its own it would end the event loop
                return exc
            return None

        running = asyncio.ensure_future(run())
        try:
            # Not wait_for: it would wait for a hook that heeds no cancellation.
            done, _ = await asyncio.wait({running}, timeout=min(limits, default=None))
        except asyncio.CancelledError:
            running.cancel()
            raise
        if not done:
            running.cancel()
            raise TimeoutError
        if (ending := running.result()) is not None:
            raise ending

    async def stop(
        self,
        address: str,
        reason: str,
        *,
        drain: bool = False,
        kill: bool = False,
        grace_s: float | None = None,
    ) -> None:
        """Stop an agent here or elsewhere; children go first, newest first. Unknown ones are fine: they are gone.

        ``grace_s``: what it waits for a handler in progress and for ``on_stop``; ``None``: what the system's says.
        """
        cell = self.cells.get(address)
        if cell is None:
            if address not in self.stopped and host_of(address) != self.name:
                await self.peers.stop(address, reason, drain=drain, kill=kill)
            return
        for child in reversed(cell.children or ()):
            try:
                await self.stop(child, f"its parent {address} stops: {reason}", drain=drain, kill=kill)
            except AgentNotFound:
                continue
        if kill:
            cell.kill(reason)
            if hasattr(cell.behavior, "killed"):
                cell.behavior.killed()
        else:
            grace_s = self.config.stop_grace_s if grace_s is None else grace_s
            await self.wind_down(cell, reason, grace_s, drain=drain)
        self._forget(cell)
        self._tell_watcher(address, Exit(kind=ExitKind.KILLED if kill else ExitKind.SHUTDOWN, text=reason))

    async def wind_down(self, cell: Cell, reason: str, grace_s: float, *, drain: bool = False) -> None:
        """Let a cell end in order: its handlers, then its ``on_stop``."""
        await cell.stop(reason, drain=drain, grace_s=grace_s)
        await self._run_on_stop(cell, reason, grace_s)
        await cell.ended()

    async def _run_on_stop(self, cell: Cell, reason: str, grace_s: float) -> None:
        # A supervisor's takes as long as its children may.
        limit_s = None if getattr(cell.behavior, "stops_children", False) else grace_s or None
        try:
            await self.run_hook(cell, cell.behavior.on_stop, reason, limit_s=limit_s)
        except (Exception, SystemExit):
            _log.exception("on_stop of %s failed", cell.address, extra={"agent": cell.address})

    def _forget(self, cell: Cell) -> None:
        if self.cells.pop(cell.address, None) is None:
            return
        cell.stats.agents -= 1
        self.stopped[cell.address] = cell.stopped_because
        if len(self.stopped) > _TOMBSTONES:
            del self.stopped[next(iter(self.stopped))]

    async def spawn_child(
        self, parent: Cell, agent: Any, name: str | None, host: str | None, mark: str
    ) -> Ref:
        """Start an agent that stops with ``parent``, or find it where it outlived an earlier life of ``parent``."""
        if parent.state is not State.RUNNING:
            raise SystemClosed(f"{parent.address} is stopping and starts no children")
        base = parent.address.partition("@")[0]
        name = name or f"{base}/{role_of_agent(agent)}-{mark}"
        if isinstance(self.peers, NoPeers) or host == self.name:
            where = host or (name if isinstance(self.peers, NoPeers) else self.name)
            address = make_address(check_name(name), where)
            if address not in self.cells or address not in self._children_of(parent):
                await self.add(agent, name, address)
        else:
            address = await self.peers.spawn(agent, check_name(name), host, parent.address)
        if parent.children is None:
            parent.children = []
        if address not in parent.children:
            parent.children.append(address)
        return agent.spawned_ref(address, None) if hasattr(agent, "spawned_ref") else Ref(address)

    def _children_of(self, parent: Cell) -> list[str]:
        held = self.suspended.get(parent.address)
        return [*(parent.children or ()), *(held.children if held is not None else ())]

    async def stop_from(self, cell: Cell, child: str | None, drain: bool) -> None:
        """An agent stops a child, or itself (then after its handler, which must return first)."""
        if child is None:
            self._out.errand(self._stop_itself(cell, drain))
            return
        await self.stop(child, f"stopped by {cell.address}", drain=drain)
        if host_of(child) == self.name and child != self.name:
            await self.peers.forget(child)
        if cell.children and child in cell.children:
            cell.children.remove(child)

    async def _stop_itself(self, cell: Cell, drain: bool) -> None:
        await self.stop(cell.address, "it stopped itself", drain=drain)
        self.exit(cell, "normal", "it stopped itself")
        if cell.address != self.name:
            await self.peers.forget(cell.address)

    def exit(self, cell: Cell, kind: str, why: str, cause: Exit | None = None) -> None:
        """The agent has ended by itself: whoever keeps it, or this host, decides what that means."""
        exit = Exit(kind=ExitKind(kind), text=why, cause=cause)
        if cell.address == self.name:
            self.exits.append(exit)
            if self.on_exit is not None:
                self.on_exit()
        elif cell.address not in self.watchers:
            self._note_failure(cell.address, exit)
        self._tell_watcher(cell.address, exit)

    def fail(self, cell: Cell, why: str) -> None:
        """The agent cannot go on: it ends with an error. Where its process ends with it, what waits is kept for the
        next incarnation."""
        _log.error("%s ends with an error: %s", cell.address, why, extra={"agent": cell.address})
        cell.freeze(why)
        kept = cell.address == self.name and not isinstance(self.peers, NoPeers)
        if kept or cell.address in self.watchers:
            self.exit(cell, "error", why)
        else:
            self._out.errand(self._end_failed(cell, why))

    async def _end_failed(self, cell: Cell, why: str) -> None:
        await self.stop(cell.address, why, kill=True)
        self.exit(cell, "error", why)

    def fenced(self, cell: Cell, error: Fenced) -> None:
        """A later incarnation has the agent: this one was given up, and must do nothing more."""
        if cell.state is State.STOPPED:
            return
        _log.critical("%s was given up and has a successor: %s", cell.address, error.text)
        if isinstance(self.peers, NoPeers):
            cell.freeze(error.text)
            self._out.errand(self.stop(cell.address, error.text, kill=True))
        else:
            os._exit(
                _FENCED
            )  # its handlers, its children and what it would still send: nothing of it may go on

    def failure(self) -> asyncio.Future[Exit]:
        """Done once an agent of this process that nobody supervises has failed."""
        if self._failure is None:
            self._failure = self.loop.create_future()
        return self._failure

    def _note_failure(self, address: str, exit: Exit) -> None:
        if exit.failed and not self.failure().done():
            self.failure().set_result(exit.named(address))

    def _tell_watcher(self, address: str, exit: Exit) -> None:
        watcher = self.watchers.pop(address, None)
        if watcher is not None:
            watcher(exit)
        else:
            self.suspended.bury_children(address, exit.named(address).describe())

    async def close(self, reason: str, *, kill: bool = False) -> None:
        """Stop all agents, newest first, and fail what is open. The host cannot be used again."""
        # Supervised ones are their supervisors' to stop: it would start them again.
        newest_first = list(reversed(self.cells))
        for address in sorted(newest_first, key=lambda known: known in self.watchers):
            if self.scribe is not None and self.scribe.of(address) is None:
                await self.scribe.close(LAST_ROWS_S)
            await self.stop(address, reason, kill=kill)
        self.closed = True
        await self.state.close()
        if self._ticker is not None:
            self._ticker.cancel()
        closed = SystemClosed(f"the system is shut down: {reason}")
        if self._failure is not None and not self._failure.done():
            self._failure.set_exception(closed)
        self._out.close(closed)

    def summary(self) -> dict[str, Any]:
        """Figures of this host for ``System.health``; callable from any thread."""
        return {
            "host": self.name,
            "pid": os.getpid(),
            "agents": len(self.cells),
            "waiting": sum(len(cell.mailbox) for cell in list(self.cells.values())),
            "handled": sum(role.handled for role in list(self.stats.roles.values())),
            "dead_letters": self.dead_letters.total,
            "state_trouble": self.state.trouble,
        }

    def hung(self, silent_s: float) -> str:
        """Why only ending the process can help; empty when it need not. Callable from any thread."""
        now = time.monotonic()
        for worker in list(self.active):
            limit_s = worker.cell.handler_timeout_s
            if limit_s is None or worker.delivery is None:
                continue
            late_s = now - worker.started - limit_s
            if silent_s > limit_s or (
                worker.stop_with is not None and late_s > self.config.stop_grace_s + 1.0
            ):
                how = (
                    "blocks the event loop" if silent_s > limit_s else "goes on in spite of its cancellation"
                )
                return f"a handler of {worker.cell.address} {how}, past its limit of {limit_s:g} s"
        return ""

    # -- the end of messages -------------------------------------------------------------------------------

    def bury(self, delivery: Delivery, reason: Reason, error: ShoalError) -> None:
        """End a message that was not handled with success: answer, dead letter, acknowledgement."""
        envelope = delivery.envelope
        asked = envelope.kind == ASK and delivery.origin is not None
        if asked and delivery.origin is not None:
            delivery.origin.fail(delivery, error)
        if not (asked and reason in (Reason.HANDLER_ERROR, Reason.CANCELLED)):
            self.dead_letters.add(self.encoded(delivery), reason, error.text)
        delivery.end()

    def encoded(self, delivery: Delivery) -> Envelope:
        """The envelope with its payload, also of a message that never left this process."""
        envelope = delivery.envelope
        if envelope.payload or not hasattr(delivery, "value"):
            return envelope
        try:
            tag, payload = encode(delivery.value, self.config.max_message_bytes)
        except MessageError:
            return envelope
        return envelope._replace(tag=tag, payload=payload)

    def _log_letter(self, letter: DeadLetter) -> None:
        """Log dead letters, ten a second at most: a flood is counted, not printed."""
        now = time.monotonic()
        if now - self._letters_second > 1.0:
            self._letters_second, self._letters_logged = now, 0
        self._letters_logged += 1
        if self._letters_logged <= 10:
            _log.warning(
                "dead letter (%s): %s to %s: %s", letter.reason, letter.tag, letter.recipient, letter.detail,
                extra={"agent": letter.recipient, "task": letter.task},
            )  # fmt: skip

    # -- handlers past their limit -------------------------------------------------------------------------

    def _watch(self, limit_s: float | None) -> None:
        """See that handlers are looked at often enough for this limit."""
        if limit_s is None:
            return
        self._tick_s = min(self._tick_s, max(0.02, limit_s / 4))
        if self._ticker is None or self._ticker.when() - self.loop.time() > self._tick_s:
            if self._ticker is not None:
                self._ticker.cancel()
            self._ticker = self.loop.call_later(self._tick_s, self._tick)

    def _tick(self) -> None:
        now = time.monotonic()
        for worker in list(self.active):
            limit_s = worker.cell.handler_timeout_s
            if worker.delivery is not None and limit_s is not None and now - worker.started > limit_s:
                address = worker.cell.address
                error = HandlerTimeout(
                    f"the handler of {address} ran longer than its limit of {limit_s:g} s and was cancelled",
                    type="HandlerTimeout",
                    agent=address,
                )
                worker.cancel(error)
        self._ticker = self.loop.call_later(self._tick_s, self._tick)


def role_of_agent(agent: Any) -> str:
    """A short name for what is about to be spawned."""
    if isinstance(agent, type):
        return agent.__name__.lower()
    if hasattr(agent, "handler_table"):
        return role_of(agent).lower()
    return str(getattr(agent, "__name__", "agent")).strip("<>").lower()
