"""A client's way to a board: requests, bounded retries, and the errors that a dead or unknown board means."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from hashlib import blake2b
from typing import Any

from tenacity import AsyncRetrying, retry_if_exception, stop_after_delay, wait_exponential, wait_random

from shoal.blackboard.entry import Entry, entry_from
from shoal.blackboard.errors import BoardUnavailable, Conflict, RegionLost, RegionUnknown
from shoal.blackboard.operation_span import OperationSpan
from shoal.blackboard.operations import Diff, Get, History, KeepAlive, Operation, Range, Renew
from shoal.blackboard.packing import pack_request, unpack_result, unpack_version
from shoal.blackboard.requests import (
    Status,
    Watch,
    pack_closing,
    pack_operation,
    pack_status,
    pack_watch,
    read_answer,
    read_status,
)
from shoal.blackboard.results import Page
from shoal.blackboard.seeing import Asker, asker_here, see, versions_in
from shoal.blackboard.spec import address_of
from shoal.blackboard.version import Version
from shoal.runtime.context import Context
from shoal.runtime.errors import (
    AgentDied,
    AgentNotFound,
    AskTimeout,
    DeliveryError,
    InvalidMessage,
    UnknownMessage,
)

TIMEOUT_S = 30.0
"""How long an operation may take, restarts of the board included."""
_MARK_BYTES = 8
_READS = (Get, Range, History, Diff, Renew, KeepAlive)
"""What writes nothing: done again it does no harm, and it must not be answered as it was before."""
RETRY_S = 10.0
"""How long an operation that certainly was not done is tried again."""


class Connection:
    """To one region. Remembers which region it is."""

    def __init__(
        self, asker: Asker, region: str, open_region: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        """``open_region``: starts the board where there is none; without it, that is an error."""
        self.region = region
        self._asker = asker
        self._address = address_of(region)
        self._open = open_region
        self._kept: dict[str, Any]
        self._kept = asker.kept if isinstance(asker, Context) else {}

    @property
    def _region_id(self) -> str:
        """The region's identity as it is known here; of an agent, from one message to the next."""
        known: str = self._kept.get(self._address, "")
        return known

    @_region_id.setter
    def _region_id(self, region_id: str) -> None:
        self._kept[self._address] = region_id

    async def operate(self, operation: Operation, *, wait_s: float = 0.0) -> Any:
        """Do an operation; its result. Raises ``BoardError``, and what asking raises."""
        packed = pack_request(operation)
        request_id = b""
        asker = asker_here(self._asker)
        if isinstance(asker, Context) and not isinstance(operation, _READS):
            # By what it asks for: an agent that handles its message again, and another way, must not get the answer
            # to something else.
            request_id = asker.id_of(blake2b(packed, digest_size=_MARK_BYTES).digest())
        reads = isinstance(operation, _READS)
        pack = lambda: pack_operation(self._region_id, packed, request_id, wait_s)  # noqa: E731
        if not isinstance(asker, Context) or asker._home.scribe is None:
            return unpack_result(await self._request(pack, wait_s, reads=reads))
        with OperationSpan(asker, self.region, operation, request_id or packed) as span:
            span.result = unpack_result(await self._request(pack, wait_s, reads=reads))
        return span.result

    async def operate_and_see(self, operation: Operation, *, wait_s: float = 0.0) -> Any:
        """As :meth:`operate`, for a handling that is given what is in the result: it has seen that."""
        try:
            result = await self.operate(operation, wait_s=wait_s)
        except Conflict as error:
            if isinstance(error.entry, Entry):
                self.saw(error.entry)
            raise
        self.saw(*versions_in(result))
        return result

    def saw(self, *versions: Version | Entry[Any]) -> None:
        """The handling that asks has been given these."""
        see(asker_here(self._asker), self.region, versions)

    async def watch(self, watch: Watch, wait_s: float) -> Page:
        """Wait for changes; those there are, or none after ``wait_s``."""
        body = await self._request(lambda: pack_watch(self._region_id, watch, wait_s), wait_s)
        page: Page = unpack_result(body)  # type: ignore[assignment]
        return page

    async def status(self) -> Status:
        """How the region is."""
        return read_status(await self._request(lambda: pack_status(self._region_id), 0.0))

    async def let_go(self) -> None:
        """Say that the system is about to be shut down, to those who wait on the board."""
        await self._once(pack_closing(), 0.0, reads=True)

    async def _request(self, pack: Callable[[], bytes], wait_s: float, *, reads: bool = True) -> bytes:
        if self._open is not None:
            await self._open()
        try:
            return await self._once(pack(), wait_s, reads)
        except BoardUnavailable as error:
            if not _certain(error):
                raise
        # Only now: tenacity takes 60 µs to see that nothing is to be tried again.
        async for attempt in AsyncRetrying(
            retry=retry_if_exception(_certain),
            stop=stop_after_delay(RETRY_S),
            wait=wait_exponential(multiplier=0.05, max=2.0) + wait_random(0, 0.05),
            reraise=True,
        ):
            with attempt:
                return await self._once(pack(), wait_s, reads)
        raise AssertionError("the last attempt returns or raises")

    async def _once(self, message: bytes, wait_s: float, reads: bool) -> bytes:
        began = time.monotonic()
        limit_s = wait_s + TIMEOUT_S
        try:
            asker = asker_here(self._asker)
            if isinstance(asker, Context):
                answer = await asker.ask(self._address, message, timeout_s=limit_s, anew=True)
            else:
                answer = await asker.ask(self._address, message, timeout_s=limit_s)
            region_id, body = read_answer(answer)
            if region_id != self._region_id:
                self._region_id = region_id
        except RegionLost:
            self._region_id = ""  # told once
            raise
        except AgentNotFound as exc:
            raise RegionUnknown(
                f"no region {self.region!r} is open in this system: open it with "
                f"`await system.board({self.region!r}).open()`"
            ) from exc
        except AskTimeout as exc:
            raise BoardUnavailable(
                f"the board of region {self.region!r} gave no answer in {time.monotonic() - began:.0f} s; a write may "
                "have been done",
                certain=False,
            ) from exc
        except DeliveryError as exc:
            # A read may be tried again in any case: its large answer can be lost with the board's process.
            again = reads and isinstance(exc, AgentDied)
            raise BoardUnavailable(f"the board of region {self.region!r}: {exc.text}", certain=again) from exc
        except Conflict as error:
            _give_entry(error)
            raise
        return body


def _certain(error: BaseException) -> bool:
    """Whether nothing was done, and it may go better in a moment."""
    return isinstance(error, BoardUnavailable) and bool(error.details.get("certain"))


def _give_entry(error: Conflict) -> None:
    packed = error.details.get("entry")
    if isinstance(packed, bytes):
        try:
            error.details["entry"] = entry_from(unpack_version(packed))
        except (InvalidMessage, UnknownMessage):  # a model that this process has not loaded
            error.details["entry"] = None
