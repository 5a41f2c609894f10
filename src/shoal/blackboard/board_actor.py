"""The board: the agent that serves one region, alone in its process.

Callback contract: a message is a request (bytes, see :mod:`shoal.blackboard.requests`), its answer is bytes too. The
handlers of requests that arrive together each put theirs into a queue; one turn of the event loop later the queue is
served as a batch, and while a batch is written the next one gathers. Nothing is answered, and so nothing acknowledged,
before it is safe: what a killed board had not answered comes again to its next incarnation.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from shoal.blackboard.errors import BoardError, BoardUnavailable
from shoal.blackboard.opening import RegionOpening
from shoal.blackboard.operations import Claim
from shoal.blackboard.packing import pack_result, unpack_result
from shoal.blackboard.parked import MOST_PARKED, ParkedWatch, Parking, Queued
from shoal.blackboard.region import Region, Write
from shoal.blackboard.requests import (
    Closing,
    Request,
    Watch,
    pack_answer,
    pack_refusal,
    read_answer,
    read_request,
)
from shoal.blackboard.results import Claimed, Page
from shoal.blackboard.version import Cause, Version
from shoal.runtime.behavior import Handler, HandlerTable
from shoal.runtime.config import MIB, Overflow
from shoal.runtime.context import Context
from shoal.runtime.durable.errors import Fenced, StoreError
from shoal.runtime.errors import ConfigError, ProtocolError, ShoalError

FOREVER_S = 365 * 24 * 3600.0
_PAGE = 1000
_PAGE_BYTES = 4 * MIB
"""Versions, and bytes of their values, in one answer to a watch."""
_BEAT_S = 5.0
_LONG_S, _REST = 0.005, 4.0
"""A batch that took so long, for claims that look through many items do, is followed by so many times its length
without another try of the claims that wait."""
_log = logging.getLogger("shoal.board")


class BoardActor:
    """A behaviour; see the module."""

    role = "Board"
    concurrency = 20_000
    mailbox: int | None = 4096
    overflow = Overflow.BLOCK
    handler_timeout_s: float | None = FOREVER_S
    quarantine = False

    def __init__(self, opening: RegionOpening) -> None:
        """Nothing is opened yet."""
        self._opening = opening
        self._region: Region
        self._queue: list[Queued] = []
        self._parking = Parking()
        self._serving: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._beat: asyncio.TimerHandle | None = None
        self._give_up: Callable[[Fenced], None]
        self._retry = False
        """Whether there is something new for the claims that wait."""
        self._retry_at = 0.0
        """Event loop's second before which they are not tried again."""

    def handler_table(self) -> HandlerTable:
        """Requests are bytes, and so are answers."""
        return HandlerTable([Handler("Board.on_request", self.on_request, bytes, bytes)])

    async def on_start(self, ctx: Context) -> None:
        """Load the region. What keeps it from being loaded is no death at every start, but the answer to requests."""
        self._region = self._opening.region(ctx)
        self._region.waiting = self._parking.counts
        self._give_up = ctx.fenced
        try:
            await self._region.load()
        except (StoreError, BoardError, ConfigError) as error:
            _log.error("region %s cannot be loaded: %s", self._opening.spec.region, error)
        self._run()
        self._beat = asyncio.get_running_loop().call_later(_BEAT_S, self._be_seen)

    def stopping(self) -> None:
        """Let go of those who wait for something to happen."""
        for answer in self._parking.close():
            if not answer.done():
                answer.set_result(self._no_room())

    def _no_room(self) -> bytes:
        """The answer to those who would have to wait."""
        region = self._opening.spec.region
        if self._parking.closed:
            return pack_refusal("", BoardUnavailable(f"the board of region {region!r} is being stopped"))
        return pack_refusal(
            "", BoardUnavailable(f"{MOST_PARKED:,} wait on the board of region {region!r} already")
        )

    async def on_stop(self, ctx: Context, reason: str) -> None:
        """All that was answered is written; let go of the log."""
        for timer in (self._timer, self._beat):
            if timer is not None:
                timer.cancel()
        if self._serving is not None:
            await self._serving
        await self._region.close()

    async def on_request(self, message: bytes, ctx: Context) -> bytes:
        """Answer one request."""
        request = read_request(message)
        if isinstance(request.what, Watch):
            return await self._watch(request, request.what)
        if isinstance(request.what, Closing):
            self.stopping()
            return pack_answer(self._region.id, b"")
        envelope = ctx.message
        if envelope is None:
            raise ProtocolError("a board is asked with messages")
        cause = envelope.scope.cause if envelope.scope is not None else None
        write = Write(
            request.request_id or envelope.id,
            request.what,
            Cause(envelope.sender, cause or envelope.id, ctx.task, ctx.origin),
            request.region_id,
        )
        until = 0.0
        if request.wait_s > 0 and isinstance(request.what, Claim):
            until = asyncio.get_running_loop().time() + request.wait_s
        return await self._served(Queued(write, _future(), until))

    # -- operations ----------------------------------------------------------------------------------------

    async def _served(self, one: Queued) -> bytes:
        self._queue.append(one)
        self._run()
        try:
            return await one.answer
        except asyncio.CancelledError:
            one.answer.cancel()
            raise

    def _run(self) -> None:
        if self._serving is None:
            self._serving = asyncio.get_running_loop().create_task(self._serve())

    async def _serve(self) -> None:
        """Serve batch after batch until nothing waits."""
        try:
            while True:
                taken, self._queue = self._queue, []
                await self._serve_batch([one for one in taken if not one.answer.done()])
                if not self._queue:
                    return
        finally:
            self._serving = None
            self._set_timer()

    async def _serve_batch(self, batch: list[Queued]) -> None:
        began = asyncio.get_running_loop().time()
        try:
            replies = await self._region.serve([one.write for one in batch])
        except Fenced as error:
            self._give_up(error)
            replies = [pack_refusal("", BoardUnavailable(error.text))] * len(batch)
        except (StoreError, BoardError, ConfigError) as error:
            replies = [pack_refusal("", error)] * len(batch)
        except Exception as exc:
            _log.exception("region %s: a batch failed", self._opening.spec.region)
            self._region.forget()
            failed = BoardUnavailable(f"the board failed: {type(exc).__name__}: {exc}")
            replies = [pack_refusal("", failed)] * len(batch)
        now = asyncio.get_running_loop().time()
        if now - began > _LONG_S:
            self._retry_at = now + _REST * (now - began)
        for one, reply in zip(batch, replies, strict=True):
            if one.answer.done():
                continue
            if one.until > now and _found_nothing(reply):
                if self._parking.has_room:
                    self._parking.claims.append(one)
                    continue
                reply = self._no_room()  # noqa: PLW2901 - the answer is another one
            one.answer.set_result(reply)
        self._tell_of_news()

    def _tell_of_news(self) -> None:
        """Answer the watches that were waited for; let the claims that wait try again."""
        region = self._region
        if not region.loaded:
            return
        if region.news:
            news, region.news = region.news, []
            self._answer_watches(self._parking.touched_by(news))
            self._retry = self._retry or bool(self._parking.claims)
        now = asyncio.get_running_loop().time()
        if self._retry and now >= self._retry_at:
            self._retry = False
            if region.store.summary().claimable:
                self._queue.extend(self._parking.take_claims())

    # -- watches -------------------------------------------------------------------------------------------

    async def _watch(self, request: Request, watch: Watch) -> bytes:
        region = self._region
        try:
            await region.load()
        except ShoalError as error:
            return pack_refusal("", error)
        if request.region_id and request.region_id != region.id:
            return pack_refusal(region.id, region.lost())
        answer = self._changes(watch)
        if answer is not None:
            return answer
        if request.wait_s <= 0:
            return self._nothing_yet()
        if not self._parking.has_room:
            return self._no_room()
        until = asyncio.get_running_loop().time() + request.wait_s
        parked = ParkedWatch(watch, until, _future())
        self._parking.watches.append(parked)
        self._set_timer()
        try:
            return await parked.answer
        except asyncio.CancelledError:
            parked.answer.cancel()
            raise

    def _changes(self, watch: Watch) -> bytes | None:
        """The answer to a watch; ``None`` while there is nothing to tell."""
        limit = _PAGE if watch.limit <= 0 else min(watch.limit, _PAGE)
        safe = self._region.safe  # what is above is in memory only: it could still be lost
        try:
            found = self._region.store.changes(watch.since, watch.prefix, limit)
        except BoardError as error:
            return pack_refusal(self._region.id, error)
        versions, more = _page([version for version in found if version.mod_revision <= safe])
        if not versions:
            return None
        more = more or len(found) >= limit
        revision = versions[-1].mod_revision if more else safe
        return pack_answer(self._region.id, pack_result(Page(revision, tuple(versions), more)))

    def _answer_watches(self, touched: list[ParkedWatch]) -> None:
        packed: dict[Watch, bytes | None] = {}
        for one in touched:
            if one.answer.done():
                continue
            if one.watch not in packed:
                packed[one.watch] = self._changes(one.watch)
            answer = packed[one.watch]
            if answer is None:
                self._parking.watches.append(one)
            else:
                one.answer.set_result(answer)

    def _nothing_yet(self) -> bytes:
        """The answer to a watch that has waited long enough: it goes on behind the newest revision."""
        return pack_answer(self._region.id, pack_result(Page(self._region.safe, (), False)))

    # -- time ----------------------------------------------------------------------------------------------

    def _set_timer(self) -> None:
        """Wake up when a lease runs out, an item may be claimed, or somebody has waited long enough."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        loop = asyncio.get_running_loop()
        waits = []
        if (due := self._parking.next_due()) is not None:
            waits.append(due - loop.time())
        if self._region.loaded and (at := self._region.store.due()) is not None:
            waits.append(at - self._region.clock())
        if self._retry:
            waits.append(self._retry_at - loop.time())
        if waits:
            self._timer = loop.call_later(max(0.001, min(waits)), self._wake)

    def _wake(self) -> None:
        self._timer = None
        self._parking.drop_gone()
        for watch in self._parking.take_due_watches(asyncio.get_running_loop().time()):
            watch.answer.set_result(self._nothing_yet())
        # An item may have become free with time; those that waited long enough are answered in any case.
        self._queue.extend(self._parking.take_claims())
        self._run()

    def _be_seen(self) -> None:
        self._beat = asyncio.get_running_loop().call_later(_BEAT_S, self._be_seen)
        if self._serving is None:
            self._serving = asyncio.get_running_loop().create_task(self._say_it_lives())

    async def _say_it_lives(self) -> None:
        try:
            await self._region.beat()
        except Fenced as error:
            self._give_up(error)
        except ShoalError as error:
            _log.warning("region %s: %s", self._opening.spec.region, error)
        finally:
            self._serving = None
            if self._queue:
                self._run()


def _page(versions: list[Version]) -> tuple[list[Version], bool]:
    """As many whole commits as an answer may hold, and whether some are left."""
    size = 0
    for index, version in enumerate(versions):
        if size > _PAGE_BYTES and version.mod_revision != versions[index - 1].mod_revision:
            return versions[:index], True
        size += len(version.value.payload) if version.value is not None else 0
    return versions, False


def _future() -> asyncio.Future[bytes]:
    return asyncio.get_running_loop().create_future()


def _found_nothing(answer: bytes) -> bool:
    """Whether this is the answer of a claim that found no item."""
    try:
        _, body = read_answer(answer)
    except ShoalError:
        return False
    result: Any = unpack_result(body)
    return isinstance(result, Claimed) and result.version is None
