"""What a controller sees of its regions: every change once and in order, as far as its agenda has room for it.

What it has no room for stays here, or on the board, and is not counted as seen: nothing of it is lost when the
controller dies.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from contextlib import aclosing
from operator import attrgetter

from shoal.actors.knowledge.control import Control
from shoal.actors.knowledge.plan import Plan
from shoal.blackboard.connection import Connection
from shoal.blackboard.errors import Compacted
from shoal.blackboard.following import Follower
from shoal.blackboard.requests import Status
from shoal.blackboard.termination import Clock
from shoal.blackboard.version import Version

_log = logging.getLogger("shoal.knowledge")
_WATCH_S = 30.0
"""How long one request of a watch waits; then the next one does."""
_ROUNDS = 10
"""Pages of changes that are looked at before the next choice, where others write without a pause."""


class Sight:
    """Of one controller, since it read its control last."""

    def __init__(
        self, plan: Plan, control: Control, connections: Mapping[str, Connection], clock: Clock
    ) -> None:
        self._plan = plan
        self._control = control
        self._connections = connections
        self._clock = clock
        self._followers = {region: self._follower(region) for region in plan.regions}
        self._read_at: dict[str, int] = {}
        """Regions that were read anew, and at which revision: up to it the changes are entries that were found."""
        self._polls: dict[str, asyncio.Task[None]] = {}

    def _follower(self, region: str) -> Follower:
        plan, until = self._plan, self._plan.until
        triggers = (one for source in plan.sources.values() for one in source.triggers)
        prefixes = [one.declaration.prefix for one in triggers if one.region == region]
        if until is not None and region == plan.region:
            prefixes += until.reads
        everything = until is not None and until.wants_status
        seen = self._control.cursors.get(region, 0)
        return Follower(self._connections[region], prefixes, everything=everything, seen=seen)

    async def read(self) -> None:
        """Read the regions that have to be: all that is there counts as changed."""
        for region in sorted(self._control.reading):
            await self._read_anew(region)

    async def _read_anew(self, region: str) -> None:
        self._stop(region)
        control, follower = self._control, self._followers[region]
        new: list[Version] = []
        reading = True
        while reading:
            control.again(region)
            new.clear()
            try:
                async with aclosing(follower.there()) as there:
                    new = [version async for version in there if control.found(region, version)]
                reading = False
            except Compacted:
                _log.warning("team %s reads region %s once more", self._plan.team, region)
        follower.changes.extend(sorted(new, key=attrgetter("mod_revision")))
        self._read_at[region] = follower.seen

    # -- looking -------------------------------------------------------------------------------------------

    @property
    def clear(self) -> bool:
        """Whether all that was read was seen."""
        return not any(follower.changes for follower in self._followers.values())

    @property
    def revision(self) -> int:
        """Of the team's own region, up to which everything was read."""
        return self._followers[self._plan.region].seen

    async def catch_up(self) -> None:
        """See what has changed until now. Raises ``BoardError``."""
        for _ in range(_ROUNDS):
            await self._digest()
            if not self.clear:
                return
            for region in self._followers:
                await self._look(region)
            if self.clear:
                break
        await self._digest()

    async def _look(self, region: str) -> None:
        follower = self._followers[region]
        if follower.watches:
            try:
                await follower.look(0.0)
            except Compacted as error:
                await self._fall_back(region, error)

    async def _fall_back(self, region: str, error: Compacted) -> None:
        _log.warning("team %s reads region %s anew: %s", self._plan.team, region, error.text)
        await self._read_anew(region)

    async def _digest(self) -> None:
        control = self._control
        for region, follower in self._followers.items():
            changes, read_at = follower.changes, self._read_at.get(region, 0)
            while changes and control.agenda.room:
                revision = changes[0].mod_revision
                see = control.wake if revision <= read_at else control.see
                while changes and changes[0].mod_revision == revision:
                    see(region, changes.popleft(), self._clock())
                control.passed(region, revision)
                await asyncio.sleep(0)  # predicates are others' code: let the rest of the process live
            if not changes:
                control.passed(region, follower.seen)
            if region in control.reading and control.cursors.get(region, 0) >= read_at:
                control.read(region)

    async def statuses(self) -> tuple[Status, ...]:
        """How the regions are, if all that led to it was seen; else nothing: a verdict would miss it."""
        statuses = tuple([await self._connections[region].status() for region in self._plan.regions])
        seen = [self._followers[region].seen for region in self._plan.regions]
        ahead = any(status.revision > at for status, at in zip(statuses, seen, strict=True))
        return () if ahead or not self.clear else statuses

    # -- waiting -------------------------------------------------------------------------------------------

    def polls(self) -> list[asyncio.Task[None]]:
        """What ends when something changes; nothing while there is no room for more."""
        if not self.clear:
            return []
        for region, follower in self._followers.items():
            if region not in self._polls and follower.watches:
                self._polls[region] = asyncio.create_task(follower.look(_WATCH_S))
        return list(self._polls.values())

    async def collect(self) -> None:
        """Take note of those that have ended. Raises ``BoardError``."""
        for region in [region for region, poll in self._polls.items() if poll.done()]:
            try:
                self._polls.pop(region).result()
            except Compacted as error:
                await self._fall_back(region, error)

    def close(self) -> None:
        """Stop looking."""
        for region in list(self._polls):
            self._stop(region)

    def _stop(self, region: str) -> None:
        poll = self._polls.pop(region, None)
        if poll is not None:
            poll.cancel()
            poll.add_done_callback(_ignore_end)


def _ignore_end(poll: asyncio.Task[None]) -> None:
    """Nobody wants to know how it ended."""
    if not poll.cancelled():
        poll.exception()
