"""The limiter: the agent that gives leave for the whole cluster, alone in its process.

Callback contract: a message is bytes (see :mod:`.requests`), and so is its answer. Those that arrive together are
served as a batch: the book decides, what changed is written in one transaction, and only then anybody is answered;
what comes meanwhile is the next batch. So what a killed limiter had promised is in its file, and what is in its
file counts as spent until somebody says what it really took.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from shoal.actors.limits.book import Book
from shoal.actors.limits.holders import Asked, Holders
from shoal.actors.limits.ledger_file import LedgerFile
from shoal.actors.limits.requests import Answer, Ask, Request, pack_answer, read_request
from shoal.actors.limits.rows import clock_row, pause_before, restore, session_row, take_changes
from shoal.actors.limits.spec import LimitsSpec
from shoal.runtime.behavior import Handler, HandlerTable
from shoal.runtime.config import Overflow
from shoal.runtime.context import Context
from shoal.runtime.durable.errors import Fenced, StoreError
from shoal.runtime.errors import ConfigError, ShoalError

_BEATS = 4
"""How often a process says that it lives while a lease lasts."""
_NOTED_EVERY_S = 1.0
"""How often it is written down until when the book was kept: what is not counts as a pause of the run."""
_FOREVER_S = 365 * 24 * 3600.0
_log = logging.getLogger("shoal.limits")


class LimiterOpening(NamedTuple):
    """What a limiter is started with."""

    spec: LimitsSpec
    session: str
    """Of one started system."""


class Limiter:
    """A behaviour; see the module."""

    role = "Limiter"
    concurrency = 20_000
    mailbox: int | None = 4096
    overflow = Overflow.BLOCK
    handler_timeout_s: float | None = _FOREVER_S
    quarantine = False

    def __init__(self, opening: LimiterOpening, clock: Callable[[], float] = time.time) -> None:
        """Nothing is opened yet."""
        self._opening = opening
        self._clock = clock
        self._beat_s = opening.spec.lease_s / _BEATS
        self._book: Book | None = None
        self._file: LedgerFile | None = None
        self._holders = Holders(opening.spec.lease_s)
        self._queue: list[Asked] = []
        self._serving: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._stopping = False
        self._trouble = ""
        self._noted_at = 0.0
        self._directory: Callable[[], Path]
        self._give_up: Callable[[Fenced], None]

    def handler_table(self) -> HandlerTable:
        """Requests are bytes, and so are answers."""
        return HandlerTable([Handler("Limiter.on_request", self.on_request, bytes, bytes)])

    async def on_start(self, ctx: Context) -> None:
        """Load the book. What keeps it from being loaded is no death at every start, but the answer to requests."""
        self._directory = ctx.directory
        self._give_up = ctx.fenced
        self._run()

    def stopping(self) -> None:
        """Let go of those who wait."""
        self._stopping = True
        for asked in self._holders.polls():
            asked.reply(pack_answer(self._answer(trouble="the limiter is being stopped")))

    async def on_stop(self, ctx: Context, reason: str) -> None:
        """All that was answered is written; let go of the file."""
        if self._timer is not None:
            self._timer.cancel()
        if self._serving is not None:
            await self._serving
        if self._file is not None:
            with contextlib.suppress(StoreError):  # it is a second or so of the run's time
                self._file.write([clock_row(self._clock())])
        await self._close()

    async def on_request(self, message: bytes, ctx: Context) -> bytes:
        """Answer one request."""
        asked = Asked(read_request(message), asyncio.get_running_loop().create_future())
        self._queue.append(asked)
        self._run()
        return await asked.answer

    # -- batches -------------------------------------------------------------------------------------------

    def _run(self) -> None:
        if self._serving is None:
            self._serving = asyncio.get_running_loop().create_task(self._serve())

    async def _serve(self) -> None:
        """Serve batch after batch until nothing waits."""
        try:
            while True:
                taken, self._queue = self._queue, []
                await self._serve_batch(taken)
                if not self._queue:
                    return
        finally:
            self._serving = None

    async def _serve_batch(self, batch: list[Asked]) -> None:
        try:
            book = self._book or await self._load()
            now = self._clock()
            current = [asked for asked in batch if self._is_current(book, asked, now)]
            for asked in current:
                self._take(book, asked.request, now)
            self._let_go_of_the_silent(book, now)
            decisions = book.serve(now)
            self._write(self._file, book, now)
        except Fenced as error:
            self._give_up(error)
            await self._fail(batch, error.text)
        except (StoreError, ConfigError) as error:
            if error.text != self._trouble:  # those who ask try again and again
                _log.error("the limits cannot be kept: %s", error)
            self._trouble = error.text
            await self._fail(batch, error.text)
        except Exception as exc:
            _log.exception("a batch of the limiter failed")
            await self._fail(batch, f"the limiter failed: {type(exc).__name__}: {exc}")
        else:
            self._holders.decided(decisions)
            self._reply(book, current)
            self._set_timer(book)
            await self._tend()

    def _is_current(self, book: Book, asked: Asked, now: float) -> bool:
        """Whether this limiter knows what the process said before; else it shall say everything again."""
        request = asked.request
        if request.ask in (Ask.STATUS, Ask.SET, Ask.BEGIN):
            return True
        known = self._holders.knows(request.holder)
        for dead in self._holders.heard(request.holder, now):
            book.holder_gone(dead, now)
        if known and request.epoch == self._epoch:
            return True
        asked.reply(pack_answer(self._answer(stale=True)))
        return False

    def _let_go_of_the_silent(self, book: Book, now: float) -> None:
        for holder, poll in self._holders.silent(now):
            book.holder_gone(holder, now)
            if poll is not None:  # should it live after all, it says everything again
                poll.reply(pack_answer(self._answer(stale=True)))

    def _take(self, book: Book, request: Request, now: float) -> None:
        """What one message says."""
        holder = request.holder
        if request.ask is Ask.SET and request.budget is not None:
            book.set_budget(request.level, request.budget, now)
        if request.ask is Ask.BEGIN:
            book.begin(request.level, now)
        for endpoint, rates in request.rates:
            book.declare_rates(endpoint, rates)
        for number, took in request.settled:
            book.settle(f"{holder}/{number}", took, now)
        for number in request.cancelled:
            book.cancel(f"{holder}/{number}", now)
        for charge in request.recorded:
            book.record(charge, now)
        for number, want in request.wants:
            book.ask(f"{holder}/{number}", want, now)

    def _reply(self, book: Book, batch: list[Asked]) -> None:
        for asked in batch:
            if asked.request.ask is Ask.POLL:
                before = self._holders.park(asked)
                if before is not None:
                    before.reply(pack_answer(self._answer()))
                if self._stopping:
                    asked.reply(pack_answer(self._answer(trouble="the limiter is being stopped")))
                else:
                    asyncio.get_running_loop().call_later(self._beat_s, self._end_poll, asked)
            elif asked.request.ask is Ask.EXCHANGE:
                asked.reply(pack_answer(self._with_news(asked.request.holder)))
            else:
                status = book.status(self._clock()).model_dump_json()
                asked.reply(pack_answer(self._answer()._replace(status=status)))
        for asked in self._holders.to_tell():
            asked.reply(pack_answer(self._with_news(asked.request.holder)))

    def _end_poll(self, asked: Asked) -> None:
        if not asked.answer.done():
            asked.reply(pack_answer(self._answer()))

    def _with_news(self, holder: str) -> Answer:
        granted, denied = self._holders.take_news(holder)
        return self._answer()._replace(granted=granted, denied=denied)

    def _answer(self, *, stale: bool = False, trouble: str = "") -> Answer:
        return Answer(self._epoch, self._beat_s, stale, trouble)

    # -- time ----------------------------------------------------------------------------------------------

    def _set_timer(self, book: Book) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        now = self._clock()
        times = [at for at in (book.next_at(now), self._holders.next_at()) if at is not None]
        if times and not self._stopping:
            delay_s = max(0.001, min(times) - now)
            self._timer = asyncio.get_running_loop().call_later(delay_s, self._run)

    # -- the file ------------------------------------------------------------------------------------------

    @property
    def _epoch(self) -> int:
        return self._file.epoch if self._file is not None else 0

    def _write(self, file: LedgerFile | None, book: Book, now: float) -> None:
        rows = take_changes(book)
        if now - self._noted_at >= _NOTED_EVERY_S:
            rows.append(clock_row(now))
            self._noted_at = now
        if rows and file is not None:
            file.write(rows)

    async def _load(self) -> Book:
        self._file, book = await asyncio.to_thread(self._read)
        now = self._noted_at = self._clock()
        self._holders = Holders(self._opening.spec.lease_s)
        for reservation_id in book.ledger.open:
            self._holders.heard(reservation_id.rpartition("/")[0], now)
        self._book = book
        self._trouble = ""
        return book

    def _read(self) -> tuple[LedgerFile, Book]:
        file, now = LedgerFile(self._directory()), self._clock()
        try:
            book = Book(self._opening.spec)
            try:
                rows = file.load()
                restore(book, rows, self._opening.session, pause_s=pause_before(rows, now))
            except (ValueError, TypeError) as exc:
                raise file.broken(f"a row cannot be read: {exc}") from exc
            # In one step: with the clock alone the pause would be forgotten, without it taken out twice.
            file.write([session_row(self._opening.session), *take_changes(book), clock_row(now)])
        except BaseException:
            file.close()
            raise
        return file, book

    async def _tend(self) -> None:
        """Do what was put off for the writes to be quick; what is asked meanwhile gathers."""
        if self._file is None or not self._file.wants_tending:
            return
        try:
            await asyncio.to_thread(self._file.tend)
        except StoreError as error:
            await self._fail([], error.text)

    async def _fail(self, batch: list[Asked], why: str) -> None:
        """Nobody knows what of it is written: begin anew from the file, in the next epoch, when somebody asks again."""
        for asked in [*batch, *self._holders.polls()]:
            asked.reply(pack_answer(self._answer(trouble=why)))
        self._book = None
        await self._close()

    async def _close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            try:
                await asyncio.to_thread(file.close)
            except ShoalError as error:
                _log.error("the limits' file: %s", error)
