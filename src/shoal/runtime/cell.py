"""A cell: one agent being run. Mailbox, admission and credit here; the handler loop is in ``worker``.

A cell has no task while it is idle: the first message starts a worker (up to ``concurrency`` of them), which runs
handlers until the mailbox is empty. So an idle agent costs memory only, and 100,000 fit in one process.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from shoal.runtime.behavior import Behavior, keeps_origins, role_of
from shoal.runtime.cell_state import State
from shoal.runtime.config import Overflow
from shoal.runtime.deadletters import Reason
from shoal.runtime.delivery import Delivery
from shoal.runtime.effects import Effects
from shoal.runtime.envelope import LANE_SYSTEM, Envelope
from shoal.runtime.errors import AgentDied, AgentStopped, Cancelled, MailboxFull, ShoalError
from shoal.runtime.failure import handler_error
from shoal.runtime.hooks import run_hook
from shoal.runtime.mailbox import Mailbox
from shoal.runtime.provenance import Taint
from shoal.runtime.recent import Recent
from shoal.runtime.worker import Worker

if TYPE_CHECKING:
    from shoal.runtime.host import Host
    from shoal.runtime.inlink import Inlet

REPLIES_KEPT_BYTES = 8 * 1024 * 1024


_RUNNING = State.RUNNING  # read off the enum once: 0.05 µs a look


class Cell:
    """One agent in a host. Made by ``Host.add``; all calls on the host's event loop."""

    __slots__ = (
        "_effects",
        "_kept",
        "_recent",
        "_reserved",
        "_restarting",
        "address",
        "behavior",
        "children",
        "concurrency",
        "flows",
        "handler_timeout_s",
        "host",
        "mailbox",
        "quiet",
        "recipe",
        "restarts",
        "state",
        "stats",
        "stopped_because",
        "table",
        "taint",
        "waiting",
        "workers",
    )

    worker_kind: ClassVar[type[Worker]] = Worker

    def __init__(
        self, host: Host, address: str, behavior: Behavior, recipe: Callable[[], Behavior] | None = None
    ) -> None:
        self.host = host
        self.address = address
        self.behavior = behavior
        self.table = behavior.handler_table()
        self.stats = host.stats.role(role_of(behavior))
        self.mailbox: Mailbox[Delivery] = Mailbox(behavior.mailbox or host.config.mailbox, behavior.overflow)
        self.concurrency = behavior.concurrency
        limit_s = behavior.handler_timeout_s
        self.handler_timeout_s = limit_s if limit_s is not None else host.config.handler_timeout_s
        self.workers: list[Worker] = []
        self.state = State.RUNNING
        self.stopped_because = ""
        self.children: list[str] | None = None
        self.flows = 0
        """Remote flows that point here; free room is shared between them."""
        self.quiet: asyncio.Future[None] | None = None
        """Set while somebody waits for the last worker to end."""
        self.waiting: deque[Inlet | asyncio.Future[None]] | None = None
        self._reserved = 0
        self._recent: Recent[Any] | None = None
        """By id: a delivery in progress, or the outcome of one that ended."""
        self.recipe = recipe or (lambda: behavior)
        """Makes the behaviour afresh."""
        self.restarts = 0
        """How often it was made afresh in this process."""
        self._restarting: asyncio.Future[None] | None = None
        self.taint: Taint | None = Taint() if keeps_origins(behavior) else None
        """What this agent has seen, when that is kept from one message to the next."""
        self._effects: Effects | None = None
        self._kept: dict[str, Any] | None = None

    # -- starting ------------------------------------------------------------------------------------------

    async def begin(self) -> None:
        """Make the agent ready for its first message. Raises what its hooks raise."""
        await self._run_hooks(self.behavior, again=self.host.generation > 1)

    async def _run_hooks(self, behavior: Behavior, *, again: bool) -> None:
        await run_hook(self, behavior.on_start)
        on_restart = getattr(behavior, "on_restart", None)
        if again and on_restart is not None:
            await run_hook(self, on_restart)

    async def restart(self, why: str) -> None:
        """Go on with a fresh behaviour; what waits and who sends stays. When it does not start, the agent fails."""
        if self._restarting is not None:
            await asyncio.shield(self._restarting)  # of several handlers that failed, one restarts it
            return
        self._restarting = asyncio.get_running_loop().create_future()
        try:
            self.restarts += 1
            behavior = self.recipe()
            table = behavior.handler_table()
            await self._revive(behavior)
            self.behavior, self.table = behavior, table
        except (Exception, SystemExit) as exc:
            error = handler_error(exc, self.address, "restart")
            self.host.fail(self, f"{self.address} could not be restarted after {why}: {error.text}")
        finally:
            self._restarting.set_result(None)
            self._restarting = None

    async def _revive(self, behavior: Behavior) -> None:
        await self._run_hooks(behavior, again=True)

    async def settled(self) -> None:
        """Wait until what was handled has been answered and acknowledged, where that can take a while."""

    async def ended(self) -> None:
        """The agent has stopped in order: let go of what it holds."""

    @property
    def effects(self) -> Effects:
        """What it does once."""
        if self._effects is None:
            self._effects = Effects(self)
        return self._effects

    @property
    def kept(self) -> dict[str, Any]:
        """See ``Context.kept``."""
        if self._kept is None:
            self._kept = {}
        return self._kept

    # -- admission -----------------------------------------------------------------------------------------

    def admit(self, delivery: Delivery) -> bool:
        """Take a message in; ``False`` when its sender has to wait for room. It may also end here and now."""
        if self.state is not _RUNNING:
            self.reject(
                delivery, Reason.STOPPED, AgentStopped(f"{self.address} is stopped: {self.stopped_because}")
            )
            return True
        if not self.mailbox.push(delivery, self._reserved):
            if not self._overflow(delivery):
                return self.mailbox.overflow is not Overflow.BLOCK
            self.mailbox.push(delivery)
        if len(self.workers) < self.concurrency:
            self.worker_kind.start(self)
        return True

    def admit_once(self, delivery: Delivery) -> bool:
        """As :meth:`admit` for a message from another process, which may come again under the same id."""
        recent = self._recent
        if recent is None:
            recent = self._recent = Recent(self.host.config.remembered_ids, REPLIES_KEPT_BYTES)
        message_id = delivery.envelope.id
        known = recent.meet(message_id, delivery)
        if known is None:
            delivery.recent = recent
            if self.admit(delivery):
                return True
            recent.forget(message_id)
            return False
        self.stats.deduplicated += 1
        if isinstance(known, Delivery):
            known.joined = [*(known.joined or ()), delivery]
        else:
            delivery.repeat(known)
        return True

    def weigh(self, reply_bytes: int) -> None:
        """An answer of this size is now remembered for when its ask comes again."""
        if self._recent is not None:
            self._recent.weigh(reply_bytes)

    def _overflow(self, delivery: Delivery) -> bool:
        """The mailbox is full: whether ``delivery`` may be pushed after all."""
        policy = self.mailbox.overflow
        if policy is Overflow.DROP_OLDEST:
            victim = self.mailbox.make_room(delivery.envelope.sender)
            if victim is not None:
                why = f"{self.address}'s mailbox ({self.mailbox.capacity}) was full: the oldest message made room"
                self.reject(victim, Reason.OVERFLOW, MailboxFull(why))
                return True
        if policy is Overflow.REJECT:
            why = f"{self.address}'s mailbox is full ({self.mailbox.capacity} messages, policy reject)"
            self.reject(delivery, Reason.OVERFLOW, MailboxFull(why))
        return False

    def reject(self, delivery: Delivery, reason: Reason, error: ShoalError) -> None:
        """End a message without handling it: dead letter, error to an asker, acknowledgement."""
        self.host.bury(delivery, reason, error)

    # -- room ----------------------------------------------------------------------------------------------

    async def wait_room(self) -> None:
        """Wait until this sender's turn to put one message comes; the slot is then reserved for it."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue().append(waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                self._reserved -= 1
                self.give_room()
            raise
        self._reserved -= 1

    def open_to(self, lane: int) -> bool:
        """Whether a sender in this process need not wait behind those who wait already."""
        return lane == LANE_SYSTEM or self.state is not _RUNNING

    @property
    def crowded(self) -> bool:
        """Whether a sender in this process would have to wait its turn."""
        if self.mailbox.overflow is not Overflow.BLOCK or self.state is not State.RUNNING:
            return False
        return bool(self.waiting) or self.mailbox.free <= self._reserved

    def give_room(self) -> None:
        """Room came: let those who wait have it, first come first served, flows sharing evenly."""
        waiting = self.waiting
        if not waiting:
            return
        free = self.mailbox.free - self._reserved
        if free < max(1, self.mailbox.capacity // 8):
            return
        share = max(1, free // len(waiting))
        # A flow need not use its credit. So that those behind it do not wait for ever, an empty mailbox gives every
        # waiting flow some: too much in sum is harmless, what does not fit is refused and waits again.
        generous = len(self.mailbox) == 0
        kept: list[asyncio.Future[None]] = []
        while waiting and (free > 0 or generous):
            waiter = waiting.popleft()
            if not isinstance(waiter, asyncio.Future):
                waiter.waiting = False
                waiter.grant(share)
                free -= share
            elif not waiter.done():
                if free > 0:
                    self._reserved += 1
                    free -= 1
                    waiter.set_result(None)
                else:
                    kept.append(waiter)
        waiting.extendleft(reversed(kept))

    def refill(self, inlet: Inlet) -> None:
        """Give a flow credit again once it has used most of it; with no room it waits in line."""
        capacity = self.mailbox.capacity
        outstanding = inlet.flow.outstanding
        if inlet.waiting or outstanding > capacity // 4:
            return
        free = self.mailbox.free - self._reserved
        share = free // max(1, self.flows)
        if share > outstanding and not self.waiting:
            inlet.grant(share)
        elif outstanding <= 0:
            inlet.waiting = True
            self._queue().append(inlet)
            self.give_room()

    def _queue(self) -> deque[Inlet | asyncio.Future[None]]:
        if self.waiting is None:
            self.waiting = deque()
        return self.waiting

    def source(self) -> Callable[[], Delivery | None]:
        """Where its worker gets the next message from."""
        return self.mailbox.pop

    # -- cancelling and stopping ---------------------------------------------------------------------------

    def cancel(self, message_id: bytes) -> None:
        """Take a message back: out of the mailbox, or out of its running handler. Unknown ids are ignored."""
        waiting = self.mailbox.remove(message_id)
        if waiting is not None:
            error = Cancelled(f"cancelled by {waiting.envelope.sender} before {self.address} began it")
            self.reject(waiting, Reason.CANCELLED, error)
            self.give_room()
            scribe = self.host.scribe.of(self.address) if self.host.scribe is not None else None
            if scribe is not None:  # else nobody could say what became of it: it is no dead letter either
                scribe.note(waiting, time.monotonic(), Reason.CANCELLED.value)
            return
        for worker in self.workers:
            if worker.delivery is not None and worker.delivery.envelope.id == message_id:
                worker.cancel(Cancelled(f"cancelled by its sender while {self.address} handled it"))

    async def stop(self, reason: str, *, drain: bool, grace_s: float) -> None:
        """Stop in order: refuse new messages, finish (``drain``) or bury what waits, wait, then cancel."""
        if self.state is not State.RUNNING:
            return
        self.stopped_because = reason
        self.state = State.STOPPING
        stopping = getattr(self.behavior, "stopping", None)
        if stopping is not None:
            stopping()
        if drain:
            await self._wait_quiet(None)
        self._bury_all()
        if not await self._wait_quiet(grace_s):
            self._cancel_workers(
                f"{self.address} was stopped ({reason}) and its grace of {grace_s:g} s is over"
            )
            await self._wait_quiet(grace_s)
        self.state = State.STOPPED

    def kill(self, reason: str) -> None:
        """Stop at once: running handlers are cancelled, what waits is buried, ``on_stop`` is not called."""
        self.stopped_because = reason
        self.state = State.STOPPED
        self._bury_all()
        self._cancel_workers(f"{self.address} was killed: {reason}")

    def freeze(self, why: str) -> None:
        """Begin no further message: what waits stays for the next incarnation."""
        self.stopped_because = why
        self.concurrency = 0

    def _bury_all(self) -> None:
        error = AgentStopped(f"{self.address} is stopped: {self.stopped_because}")
        for delivery in self.mailbox.drain():
            self.reject(delivery, Reason.STOPPED, error)
        for waiter in self.waiting or ():
            if isinstance(waiter, asyncio.Future):
                if not waiter.done():
                    waiter.set_exception(error)
            else:
                waiter.waiting = False
                waiter.grant(self.mailbox.capacity)  # what it still sends is answered at once
        self.waiting = None

    def _cancel_workers(self, why: str) -> None:
        for worker in self.workers:
            # The handler ran in part: nobody can say what it did, so this is no refusal.
            worker.cancel(AgentDied(why))

    async def _wait_quiet(self, limit_s: float | None) -> bool:
        """Wait until no worker runs; ``False`` when ``limit_s`` is over first."""
        if not self.busy:
            return True
        if self.quiet is None or self.quiet.done():
            self.quiet = asyncio.get_running_loop().create_future()
        done, _ = await asyncio.wait([self.quiet], timeout=limit_s)
        return bool(done)

    def worker_ended(self, worker: Worker) -> None:
        """A worker found the mailbox empty."""
        self.workers.remove(worker)
        self.host.active.discard(worker)
        self.look_quiet()

    @property
    def busy(self) -> bool:
        """Whether something is still under way."""
        return bool(self.workers)

    def look_quiet(self) -> None:
        """Tell who waits for it when nothing is under way any more."""
        if self.quiet is not None and not self.quiet.done() and not self.busy:
            self.quiet.set_result(None)

    # -- seeing --------------------------------------------------------------------------------------------

    def running_for_s(self) -> float:
        """Seconds the oldest handler in progress has run; 0 when idle."""
        started = [worker.started for worker in self.workers if worker.delivery is not None]
        return time.monotonic() - min(started) if started else 0.0

    def next_envelope(self) -> Envelope | None:
        """The message handled now (the first of them), for people who ask what the agent is doing."""
        for worker in self.workers:
            if worker.delivery is not None:
                return worker.delivery.envelope
        return None
