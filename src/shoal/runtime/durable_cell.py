"""The cell of a durable agent: its state and what it handled are saved together, and only then acknowledged.

Handled messages gather and are committed as one, between two messages, where the state is whole: when the mailbox is
empty, after 256 of them or two milliseconds, and before a next one that may take long (one of the last hundred did).
While a commit is on its way the next messages are handled. When it cannot be made, because the disk is full, nothing
is acknowledged, the agent begins no more once so many have gathered, and its mailbox fills up: its senders wait.

A message that an earlier incarnation handled is not handled again: what that one told others is sent again under the
same ids, for it may have died with it, then the same answer is given.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from shoal.runtime.behavior import Behavior
from shoal.runtime.cell import REPLIES_KEPT_BYTES, Cell
from shoal.runtime.cell_state import State
from shoal.runtime.codec import decode_as, encode, entry_of
from shoal.runtime.config import describe_invalid
from shoal.runtime.deadletters import Reason
from shoal.runtime.delivery import HANDLED, Delivery
from shoal.runtime.durable.access import HEAVY_BYTES, PASSING
from shoal.runtime.durable.errors import Fenced, StoreError
from shoal.runtime.durable.store import Handled, Saved
from shoal.runtime.durable.store import State as SavedState
from shoal.runtime.durable_worker import Before, DurableWorker, Ended
from shoal.runtime.envelope import Envelope
from shoal.runtime.errors import AgentDied, AgentStartFailed, InvalidMessage, MessageError
from shoal.runtime.provenance import marked_tag, read_marked_tag
from shoal.runtime.recent import Recent
from shoal.runtime.wire import Reply
from shoal.runtime.worker import reason_of

if TYPE_CHECKING:
    from shoal.runtime.host import Host

_log = logging.getLogger("shoal.durable")
_MOST_UNSAVED = 256
_MOST_UNSAVED_S = 0.002
_SLOW_S = 0.005
_WARY_FOR = 100
"""Messages after a slow one before each of which what was handled is saved: it would wait for the next slow one."""


class DurableCell(Cell):
    """One durable agent in a host."""

    __slots__ = ("_frozen", "_saved", "_since", "_unsaved", "_wary", "_writing", "told")
    worker_kind = DurableWorker

    def __init__(
        self, host: Host, address: str, behavior: Behavior, recipe: Callable[[], Behavior] | None = None
    ) -> None:
        super().__init__(host, address, behavior, recipe)
        self.told: list[Envelope] = []
        """What the handling in progress told others."""
        self._unsaved: list[Ended] = []
        self._since = 0.0
        """When the first of them had ended."""
        self._saved: SavedState | None = None
        self._writing: asyncio.Task[None] | None = None
        self._wary = _WARY_FOR
        self._frozen = False

    # -- starting ------------------------------------------------------------------------------------------

    async def begin(self) -> None:
        """Claim the agent, load what is saved of it, run the hooks, and save what they changed."""
        try:
            claimed = await self.effects.claim()
        except StoreError as error:
            raise AgentStartFailed(
                f"{self.address}: its durable state cannot be opened: {error.text}"
            ) from error
        self._saved = claimed.saved.state
        if self.taint is not None and self._saved is not None:
            self.taint.join(read_marked_tag(self._saved[0])[1], f"the saved state of {self.address}")
        self._load(self.behavior)
        self._remember(claimed.saved)
        again = self.host.generation > 1 or claimed.saved != Saved(None, [])
        await self._run_hooks(self.behavior, again=again)
        self._commit(also_nothing=True)

    async def _revive(self, behavior: Behavior) -> None:
        self._load(behavior)
        await super()._revive(behavior)

    def _load(self, behavior: Any) -> None:
        """Give the behaviour the state that was saved last. Raises :class:`AgentStartFailed`."""
        if self._saved is None:
            return
        model = type(behavior.state)
        try:
            behavior.state = decode_as(entry_of(model), self._saved[1])
        except InvalidMessage as error:
            why = error.__cause__
            text = (
                describe_invalid("the saved state", why) if isinstance(why, ValidationError) else error.text
            )
            raise AgentStartFailed(
                f"{self.address}: {text}. {model.__name__} has changed since it was saved: give new fields defaults, "
                "accept the old ones with a validator, or start the run anew"
            ) from error

    def _remember(self, saved: Saved) -> None:
        recent: Recent[Any] = Recent(max(1, self.host.config.remembered_ids), REPLIES_KEPT_BYTES)
        for handled in saved.handled:
            outcome: Any = HANDLED
            if handled.tag or handled.payload:
                outcome = Reply(handled.id, handled.ending, handled.tag, handled.payload)
            before = Before(outcome, handled.sends)
            if recent.meet(handled.id, before) is not None:
                recent.settle(handled.id, before)
        self._recent = recent

    # -- admission -----------------------------------------------------------------------------------------

    def admit_once(self, delivery: Delivery) -> bool:
        """See :meth:`Cell.admit_once`."""
        recent, message_id = self._recent, delivery.envelope.id
        known = recent.get(message_id) if recent is not None else None
        if recent is None or type(known) is not Before:
            return super().admit_once(delivery)
        delivery.recent = recent
        delivery.outcome = known
        recent.settle(message_id, delivery)
        if self.admit(delivery):
            return True
        recent.settle(message_id, known)
        return False

    def admit(self, delivery: Delivery) -> bool:
        """See :meth:`Cell.admit`. Also within a process a message comes again: when its sender handles one again."""
        if delivery.recent is None and self._recent is not None:
            known = self._recent.get(delivery.envelope.id)
            if type(known) is Before:
                delivery.outcome = known
        return super().admit(delivery)

    # -- between two messages --------------------------------------------------------------------------------

    def source(self) -> Callable[[], Delivery | None]:
        """See :meth:`Cell.source`."""
        return self._next

    def _next(self) -> Delivery | None:
        """Save when it is time, then the next message; ``None`` also while saving has to come first."""
        if self._unsaved:
            count, waiting = len(self._unsaved), bool(self.mailbox)
            hurried = self._wary > 0 or count >= _MOST_UNSAVED
            if hurried or not waiting or self.workers[0].started - self._since > _MOST_UNSAVED_S:
                self._commit()
                if hurried and waiting and self._unsaved:
                    self.concurrency = 0  # until the commit before is through
        if self.concurrency == 0:
            return None
        return self.mailbox.pop()

    def record(self, ended: Ended) -> None:
        """The handling of a message has ended: save that, then answer and acknowledge."""
        now = time.monotonic()
        if not self._unsaved:
            self._since = now
        self._unsaved.append(ended)
        if now - self.workers[0].started > _SLOW_S or self._restarts_on_error:
            self._wary = _WARY_FOR
        elif self._wary:
            self._wary -= 1

    @property
    def _restarts_on_error(self) -> bool:
        """Then what is saved has to be the state before the message that fails."""
        return getattr(self.behavior, "on_error", None) == "restart"

    # -- saving --------------------------------------------------------------------------------------------

    def _commit(self, *, also_nothing: bool = False) -> None:
        """Save what was handled and the state, now or as soon as the commit before is through."""
        if self._writing is not None or not (self._unsaved or also_nothing):
            return
        batch, self._unsaved = self._unsaved, []
        try:
            state = self._changed_state()
        except MessageError as error:
            self._give_up(batch, f"the state of {self.address} cannot be saved: {error.text}")
            return
        handled = [_handled(ended) for ended in batch]
        heavy = sum(len(one.payload) for one in handled) + (len(state[1]) if state else 0) > HEAVY_BYTES
        access = self.host.state
        if access.free and not heavy:
            try:
                access.now("commit", self.address, self.effects.generation, state, handled)
            except PASSING:
                pass  # again below, after a pause
            except StoreError as error:
                self._refused(batch, error)
                return
            else:
                self._settle(batch, state)
                return
        self._writing = self.host.loop.create_task(self._write(batch, state, handled, heavy))

    def _changed_state(self) -> SavedState | None:
        """The state as it is now; ``None`` when it is as it was saved."""
        state = self.behavior.state  # type: ignore[attr-defined]
        if not isinstance(state, BaseModel):
            raise MessageError(f"it is {state!r}, not a Pydantic model")
        tag, payload = encode(state, self.host.config.max_message_bytes)
        packed = marked_tag(tag, self.taint.origin if self.taint is not None else 0), payload
        return packed if packed != self._saved else None

    async def _write(
        self, batch: list[Ended], state: SavedState | None, handled: list[Handled], heavy: bool
    ) -> None:
        try:
            await self.host.state.persist(
                "commit", self.address, self.effects.generation, state, handled, heavy=heavy
            )
        except StoreError as error:
            self._writing = None
            self._refused(batch, error)
        except asyncio.CancelledError:
            self._writing = None
            self._bury(batch, "the store did not take it in time")
            raise
        else:
            self._writing = None
            self._settle(batch, state)
            if self._unsaved and not self.workers:
                self._commit()
            if self._writing is None:
                self._go_on()
        finally:
            self.look_quiet()

    def _go_on(self) -> None:
        if self.concurrency == 0 and not self._frozen:
            self.concurrency = self.behavior.concurrency
            if self.mailbox and not self.workers:
                self.worker_kind.start(self)

    def _settle(self, batch: list[Ended], state: SavedState | None) -> None:
        """It is saved: answer and acknowledge."""
        if state is not None:
            self._saved = state
        for delivery, reply, kind, error, _ in batch:
            if error is not None:
                self.host.bury(delivery, reason_of(error), error)
                continue
            if reply is not None and delivery.origin is not None:
                delivery.origin.send(delivery, reply, kind)
            delivery.end()

    def _refused(self, batch: list[Ended], error: StoreError) -> None:
        """The store will not have it, now or later."""
        if self.state is State.STOPPED:
            self._bury(batch, error.text)  # the name has a new holder, or the host is closed
        elif isinstance(error, Fenced):
            self._unsaved[:0] = batch
            self.host.fenced(self, error)
        else:
            self._give_up(batch, f"the state of {self.address} cannot be saved: {error.text}")

    def _give_up(self, batch: list[Ended], why: str) -> None:
        self._unsaved[:0] = batch
        self.host.fail(self, why)

    def _bury(self, batch: list[Ended], why: str) -> None:
        """What was handled and could not be saved: nobody can say that it was done."""
        error = AgentDied(f"{self.address} handled it, but that could not be saved: {why}")
        for ended in batch:
            self.host.bury(ended.delivery, Reason.STOPPED, error)

    async def settled(self) -> None:
        """See :meth:`Cell.settled`. Call between two messages."""
        while self._unsaved or self._writing is not None:
            self._commit()
            if self._writing is None:
                return
            await asyncio.wait([self._writing])

    # -- stopping ------------------------------------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """Whether a handler runs or something is being saved."""
        return bool(self.workers) or self._writing is not None

    async def ended(self) -> None:
        """Save what ``on_stop`` changed and what is not saved yet, as long as the grace lasts."""
        grace_s = self.host.config.stop_grace_s
        self._commit(also_nothing=True)
        if self._writing is not None:
            await asyncio.wait([self._writing], timeout=grace_s)
        if self._writing is not None:
            _log.error("%s stops without its last changes saved: %s", self.address, self.host.state.trouble)
            self._writing.cancel()
        self._let_go()

    def kill(self, reason: str) -> None:
        """See :meth:`Cell.kill`. What was handled and is not being saved will not be."""
        super().kill(reason)
        if not self.workers:
            self._let_go()

    def freeze(self, why: str) -> None:
        """See :meth:`Cell.freeze`."""
        super().freeze(why)
        self._frozen = True

    def _let_go(self) -> None:
        batch, self._unsaved = self._unsaved, []
        self._bury(batch, self.stopped_because)


def _handled(ended: Ended) -> Handled:
    envelope, reply = ended.delivery.envelope, ended.reply
    sends = tuple(tuple(told) for told in ended.sends)
    if reply is None:
        return Handled(envelope.id, 0, "", b"", sends)
    return Handled(envelope.id, reply.ending, reply.tag, reply.payload, sends)


def make_cell(host: Host, address: str, behavior: Behavior, recipe: Callable[[], Behavior]) -> Cell:
    """The cell that fits the behaviour."""
    kind = DurableCell if getattr(behavior, "durable", False) else Cell
    return kind(host, address, behavior, recipe)
