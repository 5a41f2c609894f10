"""Claims at the client: an item that is held, and the block that holds it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Generic, TypeVar

from shoal.blackboard.connection import Connection
from shoal.blackboard.entry import Entry, encode_value, entry_from
from shoal.blackboard.errors import BoardError, BoardUnavailable, LeaseLost, NothingToClaim
from shoal.blackboard.operations import Claim, Complete, Fail, GiveBack, Renew
from shoal.blackboard.results import Claimed
from shoal.runtime.redaction import redact_start

T = TypeVar("T")
_TEXT_KEPT = 500


class HeldItem(Generic[T]):
    """A work item that is ours until its lease runs out."""

    def __init__(self, connection: Connection, entry: Entry[T], lease_s: float) -> None:
        assert entry.item is not None
        self._connection = connection
        self.entry = entry
        """As it was when it was claimed."""
        self.key = entry.key
        self.value = entry.value
        self.token = entry.item.token
        """The fencing token: grows with each claim in the region. Give it to what must refuse an old holder."""
        self.attempt = entry.item.attempts
        """1 for the first."""
        self.lease_s = lease_s
        self.result: Any = None
        """What the item is completed with when its block ends."""
        self.settled = False
        """Whether it was completed, failed or given back."""

    def __repr__(self) -> str:
        return f"HeldItem({self.key!r}, token={self.token})"

    async def renew(self) -> None:
        """Hold it for another ``lease_s``. Raises :class:`LeaseLost`."""
        await self._connection.operate(Renew(self.key, self.token))

    async def complete(self, result: Any = None) -> None:
        """It is done. Raises :class:`LeaseLost` when it is not ours any more: then this result does not count."""
        value = None if result is None else encode_value(result)
        await self._connection.operate(Complete(self.key, self.token, value))
        self.settled = True

    async def fail(self, error: str, *, retry: bool = True) -> None:
        """This attempt failed: back on the board after a pause, or dead after the last one or without ``retry``.

        Secrets in ``error`` are redacted.
        """
        await self._connection.operate(Fail(self.key, self.token, redact_start(error, _TEXT_KEPT), retry))
        self.settled = True

    async def give_back(self, *, delay_s: float = 0.0) -> None:
        """Somebody else may have it; this does not count as an attempt."""
        await self._connection.operate(GiveBack(self.key, self.token, float(delay_s)))
        self.settled = True


class Claiming(Generic[T]):
    """``async with board.claim(...) as item``; see there."""

    def __init__(
        self,
        take: Callable[[Claim, float | None], Awaitable[Claimed]],
        operation: Claim,
        kind: Any,
        wait_s: float | None,
        connection: Connection,
    ) -> None:
        self._take = take
        self._operation = operation
        self._kind = kind
        self._wait_s = wait_s
        self._connection = connection
        self._item: HeldItem[T] | None = None
        self._renewing: asyncio.Task[None] | None = None
        self._lost: BoardError | None = None

    async def take(self) -> HeldItem[T] | None:
        """Claim without a block."""
        claimed = await self._take(self._operation, self._wait_s)
        if claimed.version is None:
            return None
        try:
            entry: Entry[T] = entry_from(claimed.version, self._kind)
        except BaseException as exc:  # its value is none for us: not a secret loss until the lease ends
            item = claimed.version.item
            if item is not None:
                refusal = Fail(claimed.version.key, item.token, f"{type(exc).__name__}: {exc}"[:_TEXT_KEPT])
                await self._connection.operate(refusal)
            raise
        return HeldItem(self._connection, entry, self._operation.lease_s)

    async def __aenter__(self) -> HeldItem[T]:
        item = await self.take()
        if item is None:
            raise NothingToClaim(
                f"no item to claim in region {self._connection.region!r} in {self._wait_s:g} s"
            )
        self._item = item
        task = asyncio.current_task()
        assert task is not None
        self._renewing = asyncio.create_task(self._renew(item, task))
        return item

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        item, renewing = self._item, self._renewing
        assert item is not None
        assert renewing is not None
        renewing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await renewing
        if self._lost is not None:
            if isinstance(exc, asyncio.CancelledError):
                task = asyncio.current_task()
                if task is not None and task.uncancel() > 0:
                    return  # somebody else cancelled it too
            raise self._lost from exc
        if item.settled:
            return
        if exc is None:
            await item.complete(item.result)
        elif isinstance(exc, Exception):
            with contextlib.suppress(LeaseLost):
                await item.fail(f"{type(exc).__name__}: {exc}")
        else:
            with contextlib.suppress(BoardError):
                await asyncio.shield(item.give_back())

    async def _renew(self, item: HeldItem[T], block: asyncio.Task[Any]) -> None:
        """Renew at a third of the lease; when it is lost, cancel the block."""
        while True:
            await asyncio.sleep(item.lease_s / 3)
            if item.settled:
                return
            try:
                await item.renew()
            except BoardUnavailable:
                continue  # it may come back in time; if not, the lease is lost then
            except BoardError as error:
                if not item.settled:
                    self._lost = error
                    block.cancel()
                return
