"""Leases at the client: kept alive while a block runs, revoked at its end."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from types import TracebackType

from shoal.blackboard.connection import Connection
from shoal.blackboard.errors import BoardError, BoardUnavailable
from shoal.blackboard.operations import Grant, KeepAlive, Revoke
from shoal.blackboard.results import Written


class Lease:
    """A lease of a region. ``async with await board.lease(10) as lease: await board.put(..., lease=lease)``."""

    def __init__(self, connection: Connection, id: str, ttl_s: float) -> None:
        self._connection = connection
        self.id = id
        self.ttl_s = ttl_s
        self.lost: BoardError | None = None
        """Why it could not be kept alive, once that is so: what was put under it is gone or will be."""
        self._keeping: asyncio.Task[None] | None = None

    @classmethod
    async def granted(cls, connection: Connection, ttl_s: float) -> Lease:
        """A new lease. Raises :class:`InvalidOperation` for a time that cannot be one."""
        lease = cls(connection, secrets.token_hex(8), ttl_s)
        await connection.operate(Grant(lease.id, float(ttl_s) if type(ttl_s) is int else ttl_s))
        return lease

    async def keep_alive(self) -> None:
        """Begin its time anew. Raises :class:`LeaseLost`."""
        await self._connection.operate(KeepAlive(self.id))

    async def revoke(self) -> int:
        """End it: what was put under it is deleted, and how many keys that were."""
        written: Written = await self._connection.operate(Revoke(self.id))
        return written.deleted

    async def __aenter__(self) -> Lease:
        self._keeping = asyncio.create_task(self._keep())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._keeping is not None:
            self._keeping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeping
        with contextlib.suppress(BoardError):  # gone already, or it will run out
            await self.revoke()

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(self.ttl_s / 3)
            try:
                await self.keep_alive()
            except BoardUnavailable:
                continue
            except BoardError as error:
                self.lost = error
                return
