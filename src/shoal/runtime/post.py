"""What leaves a host's code: tells, asks and cancellations, to cells of this process or over links to others."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Any

from shoal.runtime.asks import Asks, OutOfTime, with_envelope
from shoal.runtime.codec import NATIVE, decode, decode_as, encode, entry_of
from shoal.runtime.custody import Custody
from shoal.runtime.deadletters import Reason
from shoal.runtime.delivery import ENCODED, Delivery
from shoal.runtime.envelope import ASK, LANE_SYSTEM, Envelope, Kind, Lane, Scope, make_envelope, scope_of_ask
from shoal.runtime.errors import (
    AgentNotFound,
    AgentStopped,
    AskTimeout,
    CircularAsk,
    HopLimit,
    MailboxFull,
    ShoalError,
    SystemClosed,
)
from shoal.runtime.origin import LocalOrigin
from shoal.runtime.outbox import Outbox
from shoal.runtime.outlink import OutLink
from shoal.runtime.ref import host_of
from shoal.runtime.wire import Reply, Status

if TYPE_CHECKING:
    from shoal.runtime.context import Context
    from shoal.runtime.host import Host

_log = logging.getLogger("shoal.post")
_YIELD_EVERY = 256
"""Sends after which a sender that never waits lets the event loop turn, so that others are served."""
_BY_REFERENCE_OK = frozenset({type(None), bool, int, float, str, bytes})


class Post:
    """The sending half of a host."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.asks = Asks()
        self._local = LocalOrigin(host)
        self._links: dict[str, OutLink] = {}
        self._connecting: dict[str, asyncio.Task[OutLink]] = {}
        self._routes: dict[str, tuple[OutLink, Outbox]] = {}
        self._since_yield = 0
        self._by_reference: dict[type, str] = {}
        """Types that are handed over as they are within this process, with their tags."""
        self._errands: set[asyncio.Task[Any]] = set()

    # -- sending -------------------------------------------------------------------------------------------

    async def post(
        self,
        kind: int,
        address: str,
        message: Any,
        message_id: bytes,
        sender: str,
        scope: Scope | None,
        lane: int,
        custody: Custody | None,
    ) -> Envelope:
        """Send one message; returns its envelope once it is accepted. Raises as ``Ref.tell``."""
        cell = self._host.cells.get(address)
        while cell is None and address in self._host.suspended:
            await self._host.suspended.wait(address)
            cell = self._host.cells.get(address)
        if cell is not None:
            payload = b""
            if self._host.config.isolate:
                tag, payload = encode(message, self._host.config.max_message_bytes)
                value = ENCODED
            else:
                tag, value = self._passed(message)
            envelope = make_envelope((message_id, kind, sender, address, tag, payload, lane, 1, scope))
            delivery = Delivery(
                envelope, value, self._local if kind == ASK else None, 0, time.monotonic(), custody
            )
            if custody is not None:
                custody.hold()  # first: an admission that ends the message at once must not be the last that is open
            if (cell.waiting and not cell.open_to(lane)) or not cell.admit(delivery):
                try:
                    await cell.wait_room()
                except BaseException:
                    if custody is not None:
                        custody.end()
                    raise
                cell.admit(delivery)
        else:
            tag, payload = encode(message, self._host.config.max_message_bytes)
            envelope = make_envelope((message_id, kind, sender, address, tag, payload, lane, 1, scope))
            link, box = self._routes.get(address) or await self._route(address)
            if not box.open and lane != LANE_SYSTEM:
                await box.wait_open()
            link.put(box, envelope, custody)
        self._since_yield += 1
        # (An ask waits anyway, and must know it was sent.)
        if self._since_yield >= _YIELD_EVERY and kind != ASK:
            self._since_yield = 0
            await asyncio.sleep(0)
        return envelope

    async def ask(
        self,
        sender: str,
        message_id: bytes,
        address: str,
        message: Any,
        base: Scope,
        asks: tuple[str, ...],
        task: str | None,
        timeout_s: float | None,
        lane: int,
        asker: Context | None = None,
    ) -> Any:
        """Send an ask and wait for its answer. Raises as ``Ref.ask``.

        ``base`` is the scope it inherits, with the ``answer_by`` of the ask above; ``asks`` are those who wait;
        ``asker`` is the handling that gets the answer, and with it the answer's origin.
        """
        answer_by = base.answer_by
        limit_s = self._host.config.ask_timeout_s if timeout_s is None else timeout_s
        if limit_s is not None:
            if limit_s <= 0:
                raise ValueError(f"timeout_s is {limit_s}; an ask waits a positive time")
            until = time.time() + limit_s
            if answer_by is None or until < answer_by:
                answer_by = until
        if asks:
            _check_chain(asks, address, self._host.config.ask_depth)
        scope = scope_of_ask(base, task, answer_by, asks)
        future = self.asks.open(message_id, answer_by)
        envelope: Envelope | None = None
        early: asyncio.Task[Envelope] | None = None
        try:
            posting = self.post(ASK, address, message, message_id, sender, scope, lane, None)
            if self._may_wait(address):
                early = self._host.loop.create_task(posting)
                envelope = await self._before(future, early)
            else:
                envelope = await posting
            return await future
        except OutOfTime:
            self._cancel_later(address, message_id, sender, scope, sent=envelope is not None)
            raise _timeout_error(address, message, limit_s, envelope) from None
        except asyncio.CancelledError:
            # The cancellation may overtake the news that the message has gone.
            sent = envelope is not None or (early is not None and _succeeded(early))
            self._cancel_later(address, message_id, sender, scope, sent=sent)
            raise
        except ShoalError as error:
            raise with_envelope(error, envelope) from None
        finally:
            origin = self.asks.close(message_id)
            # Of what the ask itself had, the answer says nothing new.
            if origin > scope.origin and asker is not None:
                asker.joined(origin, f"an answer of {address}")

    def _may_wait(self, address: str) -> bool:
        cell = self._host.cells.get(address)
        if cell is not None:
            return cell.crowded
        route = self._routes.get(address)
        return route is None or not route[1].open

    async def _before(self, future: asyncio.Future[Any], task: asyncio.Task[Envelope]) -> Envelope:
        """Await ``task``, which posts, but no longer than ``future`` (which its timer fails) stays open."""
        try:
            await asyncio.wait({task, future}, return_when=asyncio.FIRST_COMPLETED)
            if not task.done() and future.done():
                future.result()
            return await task
        finally:
            if not task.done():
                task.cancel()

    def _cancel_later(
        self, address: str, message_id: bytes, sender: str, scope: Scope, *, sent: bool
    ) -> None:
        """Take an ask back, wherever it is now; nobody waits for that."""
        if not sent:
            return
        cell = self._host.cells.get(address)
        if cell is not None:
            cell.cancel(message_id)
            return
        route = self._routes.get(address)
        if route is None or route[0].failure is not None:
            return
        cancel_id = message_id[::-1]
        envelope = Envelope(
            cancel_id, Kind.CANCEL, sender, address, "bytes", message_id, Lane.SYSTEM, 1, scope
        )
        route[0].put(route[1], envelope)

    # -- values --------------------------------------------------------------------------------------------

    def _passed(self, message: Any) -> tuple[str, Any]:
        kind = type(message)
        if kind in self._by_reference:
            return self._by_reference[kind], message
        tag = NATIVE.get(kind)
        if self._host.config.isolate or (tag is not None and kind not in _BY_REFERENCE_OK):
            own = tag is None
            tag, payload = encode(message, self._host.config.max_message_bytes)
            # By its own class: a second model of this process may carry the same tag.
            return tag, decode_as(entry_of(kind), payload) if own else decode(tag, payload)
        if tag is None:
            tag = entry_of(kind).tag
        self._by_reference[kind] = tag
        return tag, message

    def passed(self, value: Any) -> Any:
        """A value as another agent of this process gets it. Raises ``MessageError`` when it is no message."""
        return self._passed(value)[1]

    # -- routes --------------------------------------------------------------------------------------------

    async def _route(self, address: str) -> tuple[OutLink, Outbox]:
        host = self._host
        name = host_of(address)
        if host.closed:
            raise SystemClosed("the system is shut down")
        gone = host.stopped.get(address)
        if gone is not None:
            raise AgentStopped(f"{address} is stopped: {gone}")
        if name == host.name or name in host.aliases:
            raise AgentNotFound(f"there is no agent {address!r} in this system")
        link = self._links.get(name)
        if link is None:
            link = await self._connect(name)
        route = (link, link.outbox(address))
        if link.failure is None:
            self._routes[address] = route
        return route

    async def _connect(self, name: str) -> OutLink:
        task = self._connecting.get(name)
        if task is None:
            task = self._connecting[name] = self._host.loop.create_task(self._linked(name))
            task.add_done_callback(lambda _: self._connecting.pop(name, None))
        # Shielded: who else waits for the same host must not suffer from one of them being cancelled.
        return await asyncio.shield(task)

    async def _linked(self, name: str) -> OutLink:
        """The link is known before this task is done: nobody may find neither, and make another. The receiver would
        take the two for one, and its reports would go to the wrong one."""
        link = await self._host.peers.link(name)
        if link.failure is None:
            self._links[name] = link
        return link

    def new_link(self, peer: str) -> OutLink:
        """A link to ``peer`` for the peers' implementation to attach transports to."""
        return OutLink(
            peer, self._host.config, lambda reply: self._on_reply(peer, reply), self._host.stats.links
        )

    def _on_reply(self, peer: str, reply: Reply) -> None:
        if reply.ending == Status.BY_REFERENCE:
            self.errand(self._fetch(peer, reply.id))
        else:
            self.asks.on_reply(reply)

    async def _fetch(self, peer: str, message_id: bytes) -> None:
        try:
            self.asks.on_reply(await self._host.peers.fetch(peer, message_id))
        except ShoalError as error:
            self.asks.reject(message_id, error)

    def link_lost(self, link: OutLink, error: ShoalError, reason: Reason) -> None:
        """A peer is gone for good: its messages become dead letters, its asks fail, new sends look it up afresh."""
        self._links = {name: known for name, known in self._links.items() if known is not link}
        self._routes = {address: route for address, route in self._routes.items() if route[0] is not link}
        for envelope in link.fail(error):
            if envelope.kind == ASK:
                self.asks.reject(envelope.id, error)
            elif envelope.kind == Kind.TELL:
                self._host.dead_letters.add(envelope, reason, error.text)

    def errand(self, work: Any) -> None:
        """Run something nobody waits for, and keep it alive until it ends."""
        task = asyncio.ensure_future(work)
        self._errands.add(task)
        task.add_done_callback(self._errand_done)

    def _errand_done(self, task: asyncio.Task[Any]) -> None:
        self._errands.discard(task)
        if not task.cancelled() and task.exception() is not None:
            _log.warning("in the background: %r", task.exception(), exc_info=task.exception())

    def close(self, error: ShoalError) -> None:
        """Fail what is open: nobody will answer any more."""
        self.asks.fail_all(error)
        for link in list(self._links.values()):
            link.fail(error)
        self._links.clear()
        self._routes.clear()
        for task in self._errands:
            task.cancel()


def _succeeded(task: asyncio.Task[Any]) -> bool:
    return task.done() and not task.cancelled() and task.exception() is None


def _timeout_error(
    address: str, message: Any, limit_s: float | None, envelope: Envelope | None
) -> ShoalError:
    what = type(message).__name__
    if envelope is None:
        return MailboxFull(
            f"{what} was not sent to {address}: no room in its mailbox, or no way to it, in {limit_s} s"
        )
    return AskTimeout(f"{address} did not answer {what} in {limit_s} s; it may still run", envelope)


def _check_chain(asks: tuple[str, ...], address: str, depth: int) -> None:
    """A chain of waiting agents must neither close nor grow without end.

    An agent that takes ``n`` messages at once is noted as ``address*n``; it blocks only when it waits n times.
    """
    if len(asks) > depth:
        raise HopLimit(f"{len(asks)} agents wait for one another in one chain of asks; the limit is {depth}")
    blocked = address in asks
    if not blocked and asks:
        several = [waiting for waiting in asks if waiting.rpartition("*")[0] == address]
        blocked = bool(several) and len(several) >= int(several[0].rpartition("*")[2])
    if blocked:
        path = " -> ".join((*asks, address))
        raise CircularAsk(
            f"circular ask {path}: {address} waits for this answer itself and could never give one"
        )
