"""The agent that keeps the requests of a system: agents ask it and wait, people write their decisions into its file.

Callback contract: a message is an :class:`Ask`, its answer the request once it is decided, expired or withdrawn. While
somebody waits, the file is looked at every ``poll_s`` seconds (one number is read unless somebody wrote); while nobody
does, it is left alone. No message decides: an agent could send it.

An ask that is taken back withdraws its request, but not at once: a program that is interrupted takes all its asks back
just before it says that it is closing, and what it waited for is to stay open for the one that goes on with the run.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from shoal.actors.approvals.errors import ApprovalError
from shoal.actors.approvals.messages import Ask, Closing, Outcome
from shoal.actors.approvals.request import SHORT, Request, State
from shoal.actors.approvals.request_file import RequestFile
from shoal.actors.approvals.showing import Redact, as_it_is, json_text, redacted
from shoal.runtime.behavior import Handler, HandlerTable
from shoal.runtime.config import Overflow
from shoal.runtime.context import Context
from shoal.runtime.errors import ProtocolError, ShoalError
from shoal.runtime.failure import pack_error
from shoal.runtime.redaction import redact as redact_secrets

POLL_S = 0.2
FOREVER_S = 365 * 24 * 3600.0
_LEFT_S = 1.0
"""How long after its ask was taken back a request is withdrawn, unless it is asked for again."""
_CLOSING_S = 1.0
"""How long a system that is being shut down has to take its asks back, before those that wait are let go."""
T = TypeVar("T")
_log = logging.getLogger("shoal.approvals")


class ApprovalsActor:
    """A behaviour; see the module."""

    role = "Approvals"
    concurrency = 20_000
    mailbox: int | None = 4096
    overflow = Overflow.BLOCK
    handler_timeout_s: float | None = FOREVER_S
    quarantine = False

    def __init__(self, redact: Redact = redact_secrets, poll_s: float = POLL_S) -> None:
        """Nothing is opened yet."""
        self._redact = redact
        self._poll_s = poll_s
        self._file: RequestFile | None = None
        self._turn: asyncio.Lock
        self._opening: threading.Lock
        self._waiting: dict[str, list[asyncio.Future[Outcome]]] = {}
        self._pending: dict[str, Request] = {}
        """What is waited for, as it was when it was last read."""
        self._left: dict[str, float] = {}
        """Requests nobody waits for any more, and the event loop's second at which they are withdrawn."""
        self._polling: asyncio.Task[None] | None = None
        self._seen = -1
        """The file's version when it was last read."""
        self._unread = True
        """Whether to read in any case, for there is somebody new who waits."""
        self._closing_at: float | None = None
        """Event loop's second at which those who still wait are let go."""

    def handler_table(self) -> HandlerTable:
        """Asks, and the news that the system is being shut down."""
        return HandlerTable(
            [
                Handler("Approvals.on_ask", self.on_ask, Ask, Outcome),
                Handler("Approvals.on_closing", self.on_closing, Closing, None),
            ]
        )

    async def on_start(self, ctx: Context) -> None:
        """Nothing that can fail: a file that cannot be opened is the answer to asks."""
        self._turn = asyncio.Lock()
        self._opening = threading.Lock()

    def stopping(self) -> None:
        """Let go of those who wait."""
        self._closing_at = asyncio.get_running_loop().time()
        self._let_go()

    async def on_stop(self, ctx: Context, reason: str) -> None:
        """Look no more."""
        if self._polling is not None:
            self._polling.cancel()
            await asyncio.gather(self._polling, return_exceptions=True)
        if self._file is not None:
            await asyncio.to_thread(self._file.close)

    async def on_closing(self, message: Closing, ctx: Context) -> None:
        """Who leaves now is not to be withdrawn; who still waits in a second is let go."""
        self._left.clear()
        self._closing_at = asyncio.get_running_loop().time() + _CLOSING_S

    async def on_ask(self, message: Ask, ctx: Context) -> Outcome:
        """Answer once the request is decided."""
        try:
            request = await self._kept(message, ctx)
        except ShoalError as error:
            _log.error("a request of %s cannot be kept: %s", ctx.sender and ctx.sender.address, error)
            return Outcome(error=pack_error(error))
        if request.state is not State.PENDING:
            return Outcome(request=request)
        return await self._decided(request)

    async def _kept(self, ask: Ask, ctx: Context) -> Request:
        """The request that an ask means: written down, whoever is killed from now on."""
        if ctx.sender is None:
            raise ProtocolError("approvals are asked for with messages")
        now = time.time()
        request = Request(
            id=ask.id,
            kind=ask.kind,
            agent=ctx.sender.address,
            task=ctx.task,
            title=self._redact(ask.title),
            subject=ask.subject,
            value=self._shown(ask.value),
            reason=self._redact(ask.reason),
            created_at=now,
            expires_at=now + ask.timeout_s,
            waits_until=ask.waits_until,
            waits_for=ask.waits_for,
        )
        directory = ctx.directory
        return await self._with_file(lambda file: file.ask(request, now), directory)

    def _shown(self, value: str) -> str:
        if self._redact is as_it_is:
            return value
        shown: Any = Request.model_construct(value=value).data
        return json_text(redacted(shown, self._redact))

    # -- waiting -------------------------------------------------------------------------------------------

    async def _decided(self, request: Request) -> Outcome:
        answer: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        first = request.id not in self._pending
        self._waiting.setdefault(request.id, []).append(answer)
        self._pending[request.id] = request
        self._left.pop(request.id, None)
        self._unread = True  # it may have been decided between the reading of the request and now
        if first:
            _log.warning(
                "%s waits for a person: %s (shoal approvals show %s)",
                request.agent,
                request.title,
                request.id[:SHORT],
            )
        if self._closing_at is not None and self._closing_at <= asyncio.get_running_loop().time():
            self._let_go()
        self._poll()
        try:
            return await answer
        except asyncio.CancelledError:
            self._taken_back(request.id)
            raise
        finally:
            self._forget(request.id, answer)

    def _taken_back(self, request_id: str) -> None:
        """Its asker gave up. While the system is being shut down that means nothing: it will be asked again."""
        if self._closing_at is None and len(self._waiting.get(request_id, ())) == 1:
            self._left[request_id] = asyncio.get_running_loop().time() + _LEFT_S
            self._poll()

    def _forget(self, request_id: str, answer: asyncio.Future[Outcome]) -> None:
        others = [one for one in self._waiting.get(request_id, ()) if one is not answer]
        if others:
            self._waiting[request_id] = others
        else:
            self._waiting.pop(request_id, None)
            self._pending.pop(request_id, None)

    def _let_go(self) -> None:
        """Answer all who wait, before anybody decided."""
        for request_id, answers in self._waiting.items():
            _answer(answers, Outcome(request=self._pending[request_id], closing=True))

    # -- the file ------------------------------------------------------------------------------------------

    def _poll(self) -> None:
        if self._polling is None or self._polling.done():
            self._polling = asyncio.get_running_loop().create_task(self._look_while_waited_for())

    async def _look_while_waited_for(self) -> None:
        while self._waiting or self._left:
            try:
                await self._look()
            except ShoalError as error:
                self._unread = True
                _log.error("decisions cannot be read, trying again: %s", error)
            self._tell_expired()
            if self._closing_at is not None and asyncio.get_running_loop().time() >= self._closing_at:
                self._let_go()
            await asyncio.sleep(self._poll_s)

    async def _look(self) -> None:
        """Withdraw what was left, and answer with what was decided."""
        now = asyncio.get_running_loop().time()
        for request_id in [one for one, at in self._left.items() if at <= now]:
            del self._left[request_id]
            await self._withdraw(request_id)
        for request_id in self._expired():
            _answer(self._waiting.get(request_id, ()), Outcome(request=await self._leave(request_id)))
        unread, self._unread = self._unread, False
        version = await self._with_file(RequestFile.version)
        if version == self._seen and not unread:
            return
        wanted = list(self._waiting)
        for request in await self._with_file(lambda file: _read(file, wanted)):
            if request.state is not State.PENDING:
                _answer(self._waiting.get(request.id, ()), Outcome(request=request))
        self._seen = version

    async def _withdraw(self, request_id: str) -> None:
        async with self._turn:
            # Whoever has asked again is known here: it had its turn before, or will have it and reopen the request.
            if request_id not in self._waiting and self._file is not None:
                await asyncio.to_thread(self._file.leave, request_id, time.time())

    async def _leave(self, request_id: str) -> Request:
        return await self._with_file(lambda file: file.leave(request_id, time.time()))

    def _expired(self) -> list[str]:
        now = time.time()
        return [request_id for request_id, request in self._pending.items() if now >= request.expires_at]

    def _tell_expired(self) -> None:
        """Time decides also when the file cannot be used."""
        for request_id in self._expired():
            expired = self._pending[request_id].model_copy(update={"state": State.EXPIRED})
            _answer(self._waiting.get(request_id, ()), Outcome(request=expired))

    async def _with_file(
        self, use: Callable[[RequestFile], T], directory: Callable[[], Path] | None = None
    ) -> T:
        """Use the file in a thread, one after the other; open it before, in ``directory``."""

        def call() -> T:
            with self._opening:  # an ask that is taken back lets go of its turn, while its thread goes on
                if self._file is None:
                    if directory is None:
                        raise ApprovalError("the file of approvals is not open yet")
                    self._file = RequestFile(directory())
            return use(self._file)

        async with self._turn:
            return await asyncio.to_thread(call)


def _answer(answers: Sequence[asyncio.Future[Outcome]], outcome: Outcome) -> None:
    for answer in answers:
        if not answer.done():
            answer.set_result(outcome)


def _read(file: RequestFile, wanted: list[str]) -> list[Request]:
    now = time.time()
    return [file.get(request_id, now) for request_id in wanted]
