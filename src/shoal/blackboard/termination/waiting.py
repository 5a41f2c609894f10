"""Waiting until a condition holds on a region: the check, fed with what the board says.

Restarts of the board are survived: its watch has no gap, and while nobody answers the conditions that need no board,
such as a limit of time, are looked at all the same.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import aclosing

from shoal.blackboard.connection import Connection
from shoal.blackboard.errors import BoardUnavailable, Compacted, InvalidOperation
from shoal.blackboard.following import Follower
from shoal.blackboard.requests import Status
from shoal.blackboard.termination.condition import Check, Clock, Ended, Situation, Termination, Verdict

_log = logging.getLogger("shoal.board")
_SLICE_S = 30.0
"""How long one request of the watch waits."""
_PAUSE_S = 1.0
"""Before a board that does not answer is asked again."""
_MOMENT_S = 0.001


async def wait_until(
    connection: Connection,
    condition: Termination,
    timeout_s: float | None,
    clock: Clock,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> Ended:
    """See :meth:`Board.until`."""
    check_bounded(condition, timeout_s)
    return await _Waiting(connection, condition, timeout_s, clock, sleep).run()


def check_bounded(condition: Termination, timeout_s: float | None) -> None:
    """Raise :class:`InvalidOperation` for a wait that might never end."""
    if timeout_s is None and not condition.certain:
        raise InvalidOperation(
            f"{condition} may never hold, and nothing else ends the waiting: give timeout_s, or add "
            "`| shoal.TimeLimit(seconds)`"
        )
    if timeout_s is not None and not timeout_s > 0:
        raise InvalidOperation(f"timeout_s is {timeout_s!r}; it must be a positive number of seconds")


class _Waiting:
    def __init__(
        self,
        connection: Connection,
        condition: Termination,
        timeout_s: float | None,
        clock: Clock,
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._connection = connection
        self._condition = condition
        self._clock = clock
        self._sleep = sleep
        self._began = clock()
        self._until = None if timeout_s is None else self._began + timeout_s
        self._timeout_s = timeout_s
        self._check: Check = condition.begin(self._began)
        self._follower = Follower(connection, condition.reads, everything=condition.wants_status)
        self._has_read = False

    async def run(self) -> Ended:
        while True:
            pause_s = 0.0
            try:
                verdict = await self._look()
                if verdict is None:
                    await self._wait()
            except Compacted as error:
                _log.warning("a wait for %s reads the region again: %s", self._condition, error.text)
                self._has_read = False
                verdict = self._judge(())
            except BoardUnavailable as error:
                _log.warning("a wait for %s goes on: %s", self._condition, error.text)
                verdict = self._judge(())
                pause_s = self._patience(_PAUSE_S)
            if verdict is not None:
                return self._ended(verdict)
            if pause_s:
                await self._sleep(pause_s)

    async def _look(self) -> Verdict | None:
        """What there is to know now, and what follows from it."""
        if not self._has_read:
            await self._read()
        if not self._condition.wants_status:
            return self._judge(())
        while True:
            status: Status = await self._connection.status()
            if status.revision <= self._follower.seen:
                return self._judge((status,))
            # The status is ahead: a verdict on it would miss the changes that led to it.
            await self._see(0.0)

    async def _read(self) -> None:
        self._check.again()
        async with aclosing(self._follower.there()) as there:
            async for version in there:
                self._check.found(version)
        self._has_read = True

    async def _see(self, wait_s: float) -> None:
        await self._follower.look(wait_s)
        while self._follower.changes:
            self._check.see(self._follower.changes.popleft(), self._clock())

    async def _wait(self) -> None:
        """Until something changes, or its time has come."""
        wait_s = self._patience(_SLICE_S)
        if self._follower.watches:
            await self._see(wait_s)
        else:
            await self._sleep(wait_s)

    def _judge(self, statuses: tuple[Status, ...]) -> Verdict | None:
        """The verdict. Raises ``TimeoutError`` when there is none in time."""
        now = self._clock()
        verdict = self._check.verdict(Situation(self._follower.seen, statuses), now)
        if verdict is None and self._until is not None and now >= self._until:
            raise TimeoutError(f"not after {self._timeout_s:g} s: {self._check.progress(now)}")
        return verdict

    def _patience(self, most_s: float) -> float:
        now = self._clock()
        times = [at - now for at in (self._until, self._check.due()) if at is not None]
        return max(_MOMENT_S, min([most_s, *times]))

    def _ended(self, verdict: Verdict) -> Ended:
        return Ended(
            reason=verdict.reason,
            condition=verdict.condition,
            revision=self._follower.seen,
            after_s=self._clock() - self._began,
        )
