"""A host: the cells of one process, and how they begin and are stopped.

The same class runs in the client, in the local system and in every Ray actor. Its parts are named for what they do,
and their methods are its own: :class:`~shoal.runtime.post.Post` sends, :class:`~shoal.runtime.arrivals.Arrivals`
receives, :class:`~shoal.runtime.burial.Burial` ends messages that are not handled,
:class:`~shoal.runtime.handler_limits.HandlerLimits` looks for handlers past their limit,
:class:`~shoal.runtime.agent_ends.AgentEnds` knows how agents end by themselves, and
:class:`~shoal.runtime.spawned.Spawned` what they start themselves. What lies beyond the process it reaches through
:class:`~shoal.runtime.peers.Peers`.

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

from shoal.runtime.agent_ends import AgentEnds
from shoal.runtime.arrivals import Arrivals
from shoal.runtime.asks import Asks
from shoal.runtime.behavior import Behavior
from shoal.runtime.burial import Burial
from shoal.runtime.cell import Cell
from shoal.runtime.config import Config
from shoal.runtime.durable.access import OwnStateAccess
from shoal.runtime.durable.errors import Fenced
from shoal.runtime.durable_cell import make_cell
from shoal.runtime.envelope import LANE_NORMAL, ROOT_SCOPE, TELL, Envelope, IdSource, Lane, Scope
from shoal.runtime.errors import (
    AgentNotFound,
    AgentStartFailed,
    NameTaken,
    ShoalError,
    SystemClosed,
)
from shoal.runtime.failure import handler_error
from shoal.runtime.flight import FlightRecorder
from shoal.runtime.handler_limits import HandlerLimits
from shoal.runtime.hooks import run_hook
from shoal.runtime.incarnation import make_incarnation
from shoal.runtime.on_loop import OnLoop
from shoal.runtime.peers import NoPeers, Peers, References
from shoal.runtime.post import Post
from shoal.runtime.provenance import Origin
from shoal.runtime.recipe import recipe_of
from shoal.runtime.redaction import redact
from shoal.runtime.ref import Ref, check_name, host_of, make_address
from shoal.runtime.spawned import Spawned
from shoal.runtime.stats import HostStats
from shoal.runtime.supervision import Exit, ExitKind
from shoal.runtime.supervision_event import EVENTS_KEPT
from shoal.runtime.suspended import Suspended

if TYPE_CHECKING:
    from shoal.runtime.scribe import Scribe

_log = logging.getLogger("shoal.host")
_TOMBSTONES = 10_000
LAST_ROWS_S = 3.0
"""Longest wait for the recorder to take the last messages of a host that ends in order."""


class Host(OnLoop):
    """The cells of one process. Use from one event loop only."""

    scribe: Scribe | None = None
    """Who journals the messages of this host, when they are."""
    flight: FlightRecorder | None = None
    """Where it is noted what is being handled, for whoever finds this process dead."""
    references: References | None = None
    on_exit: Callable[[], None] | None = None
    """Called when something is added to ``exits``."""
    raising: Callable[[BaseException], None] | None = None
    """Called with what a handler raises, where it raises: for a debugger."""
    closed = False

    def __init__(self, name: str, config: Config, peers: Peers | None = None, generation: int = 1) -> None:
        self.name = name
        self.generation = generation
        self.incarnation = make_incarnation(name, generation)
        self.config = config
        self.peers: Peers = peers if peers is not None else NoPeers()
        self.ids = IdSource()
        self.stats: HostStats = HostStats()
        self._burial = Burial(config)
        self.dead_letters = self._burial.letters
        self.bury = self._burial.bury
        self.encoded = self._burial.encoded
        self.cells: dict[str, Cell] = {}
        self.stopped: dict[str, str] = {}
        """Why an agent that was here is not any more; the last 10,000."""
        self._limits = HandlerLimits(config.stop_grace_s)
        self.active = self._limits.active
        self.state = OwnStateAccess(config, name, isinstance(self.peers, NoPeers))
        """Where durable agents and effects are kept; opened at first use."""
        self.suspects: dict[bytes, int] = {}
        """Messages in whose handling earlier incarnations of this host died, and how often."""
        self._ends = AgentEnds(self)
        self.exits = self._ends.exits
        self.watchers = self._ends.watchers
        self.events: deque[dict[str, Any]] = deque(maxlen=EVENTS_KEPT)
        """What supervisors of this process told of their children, where nobody else keeps a list."""
        self.suspended = Suspended(self)
        self.aliases: set[str] = set()
        self._starting: set[str] = set()
        self._spawned = Spawned(self)
        self._out = Post(self)
        self.post = self._out.post
        self.ask_as = self._out.ask
        self.asks: Asks = self._out.asks
        self.passed = self._out.passed
        self.arrivals = Arrivals(self)
        self.out = self._out

    @property
    def _home(self) -> Host:
        return self

    # -- sending for code that is no agent (Sender protocol) -------------------------------------------------

    def tell(
        self,
        address: str,
        message: Any,
        *,
        lane: Lane | None = None,
        deadline_s: float | None = None,
        task: str | None = None,
        origin: int = 0,
    ) -> Coroutine[Any, Any, Envelope]:
        """Send for the client; see ``Ref.tell``."""
        scope = None
        if deadline_s is not None or task is not None or origin:
            deadline = None if deadline_s is None else time.time() + deadline_s
            scope = Scope(task=task, deadline=deadline, origin=int(Origin(origin)))
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
        origin: int = 0,
    ) -> Coroutine[Any, Any, Any]:
        """Ask for the client; see ``Ref.ask``."""
        scope = Scope(origin=int(Origin(origin))) if origin else ROOT_SCOPE
        return self._out.ask(
            self.name, self.ids.fresh(), address, message, scope, (), task, timeout_s,
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
            self._limits.watch(cell.handler_timeout_s)
            await cell.begin()
        except ShoalError:
            raise
        except TimeoutError as exc:
            raise AgentStartFailed(f"{address}: on_start took longer than the handler limit") from exc
        except (Exception, SystemExit) as exc:
            details = handler_error(exc, address, "start").details
            raise AgentStartFailed(
                redact(f"{address} could not start: {type(exc).__name__}: {exc}"), **details
            ) from exc
        return cell

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
        self._ends.tell_watcher(
            address, Exit(kind=ExitKind.KILLED if kill else ExitKind.SHUTDOWN, text=reason)
        )

    async def wind_down(self, cell: Cell, reason: str, grace_s: float, *, drain: bool = False) -> None:
        """Let a cell end in order: its handlers, then its ``on_stop``."""
        await cell.stop(reason, drain=drain, grace_s=grace_s)
        await self._run_on_stop(cell, reason, grace_s)
        await cell.ended()

    async def _run_on_stop(self, cell: Cell, reason: str, grace_s: float) -> None:
        # A supervisor's takes as long as its children may.
        limit_s = None if getattr(cell.behavior, "stops_children", False) else grace_s or None
        try:
            await run_hook(cell, cell.behavior.on_stop, reason, limit_s=limit_s)
        except (Exception, SystemExit):
            _log.exception("on_stop of %s failed", cell.address, extra={"agent": cell.address})

    def _forget(self, cell: Cell) -> None:
        if self.cells.pop(cell.address, None) is None:
            return
        cell.stats.agents -= 1
        self.stopped[cell.address] = cell.stopped_because
        if len(self.stopped) > _TOMBSTONES:
            del self.stopped[next(iter(self.stopped))]

    # -- what agents do themselves, and how they end by themselves ------------------------------------------

    async def spawn_child(
        self, parent: Cell, agent: Any, name: str | None, host: str | None, mark: str
    ) -> Ref:
        """See :meth:`Spawned.spawn_child`."""
        return await self._spawned.spawn_child(parent, agent, name, host, mark)

    async def stop_from(self, cell: Cell, child: str | None, drain: bool) -> None:
        """An agent stops a child, or itself (then after its handler, which must return first)."""
        if child is None:
            self._out.errand(self._ends.stop_itself(cell, drain))
        else:
            await self._spawned.stop_child(cell, child, drain)

    def exit(self, cell: Cell, kind: str, why: str, cause: Exit | None = None) -> None:
        """The agent has ended by itself: whoever keeps it, or this host, decides what that means."""
        self._ends.exit(cell, kind, why, cause)

    def fail(self, cell: Cell, why: str) -> None:
        """The agent cannot go on: it ends with an error."""
        self._ends.fail(cell, why)

    def fenced(self, cell: Cell, error: Fenced) -> None:
        """A later incarnation has the agent: this one was given up, and must do nothing more."""
        self._ends.fenced(cell, error)

    def failure(self) -> asyncio.Future[Exit]:
        """Done once an agent of this process that nobody supervises has failed."""
        return self._ends.failure()

    # -- the whole process ----------------------------------------------------------------------------------

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
        self._limits.close()
        closed = SystemClosed(f"the system is shut down: {reason}")
        self._ends.close(closed)
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
        """Why only ending the process can help, when its loop has not turned for ``silent_s``; empty when it need not.

        Callable from any thread.
        """
        return self._limits.hung(silent_s)
