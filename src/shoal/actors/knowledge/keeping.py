"""How a controller keeps its position and its agenda on the board, and finds them there.

All that belongs together is written in one transaction, which holds only if nobody else wrote the position meanwhile:
a controller that was given up and did not notice can do no harm.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from shoal.actors.knowledge.keys import agenda_key, ended_key, position_key
from shoal.actors.knowledge.plan import Position
from shoal.blackboard.activation import Activation
from shoal.blackboard.connection import Connection
from shoal.blackboard.entry import decode_value, encode_value
from shoal.blackboard.errors import BoardError
from shoal.blackboard.following import Follower
from shoal.blackboard.operations import Compare, Get, Put, Step, Transaction
from shoal.blackboard.results import Decided, Found
from shoal.blackboard.termination import Ended

_STEPS = 5_000
"""Writes in one transaction; a board takes 10,000."""


class Kept(NamedTuple):
    """What is on the board of one team."""

    position: Position | None
    ended: Ended | None
    waiting: list[Activation]


class Keeping:
    """One controller's hand on what is kept."""

    def __init__(self, connection: Connection, team: str) -> None:
        self._connection = connection
        self._team = team
        self._revision = 0
        """Of the position, as this controller read or wrote it last; 0: there is none."""

    async def load(self) -> Kept:
        """What there is. Raises ``BoardError``, and ``InvalidMessage`` for what another version of shoal wrote."""
        position, self._revision = await self._read(position_key(self._team), Position)
        ended, _ = await self._read(ended_key(self._team), Ended)
        follower = Follower(self._connection, [agenda_key(self._team)])
        waiting = [
            decode_value(version.value, Activation)
            async for version in follower.there()
            if version.value is not None
        ]
        return Kept(position, ended, waiting)

    async def _read(self, key: str, kind: type[Any]) -> tuple[Any, int]:
        found: Found = await self._connection.operate(Get(key))
        if found.version is None or found.version.value is None:
            return None, 0
        return decode_value(found.version.value, kind), found.version.mod_revision

    async def save(self, steps: Sequence[Step], position: Position, ended: Ended | None = None) -> None:
        """Write changes of the agenda with the position. Raises ``BoardError`` when somebody else wrote it."""
        key = position_key(self._team)
        last: list[Step] = [Put(key, encode_value(position))]
        if ended is not None:
            last.append(Put(ended_key(self._team), encode_value(ended)))
        unchanged = Compare(key, "mod_revision", "==", self._revision)
        full = len(steps) - len(steps) % _STEPS
        # Many are written in parts, the position with the last: until then they would be found out again.
        for at in range(0, full, _STEPS):
            await self._write(unchanged, steps[at : at + _STEPS])
        self._revision = await self._write(unchanged, [*steps[full:], *last])

    async def _write(self, unchanged: Compare, steps: Sequence[Step]) -> int:
        decided: Decided = await self._connection.operate(Transaction((unchanged,), tuple(steps)))
        if not decided.succeeded:
            raise BoardError(f"another controller of team {self._team!r} is at work on this board")
        return decided.revision
