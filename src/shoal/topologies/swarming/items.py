"""One task of a swarm on the board: its seed is posted, its items are claimed and completed, its end is noted.

All that follows from an item (findings, new items, that it is done) is written in one transaction, which holds only
while the claim does: whatever dies, each item counts once.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

from shoal.blackboard import Board, Do, Key
from shoal.blackboard.claiming import Claiming, HeldItem
from shoal.blackboard.connection import Connection
from shoal.blackboard.entry import Entries, Entry
from shoal.blackboard.errors import Conflict
from shoal.blackboard.following import Follower
from shoal.blackboard.operations import Delete, GiveBack, Range, Transaction
from shoal.blackboard.results import Page
from shoal.blackboard.transactions import Step
from shoal.blackboard.version import Version
from shoal.topologies.swarming.messages import Published
from shoal.topologies.swarming.plan import END, FINDING, ITEM, RECORD, SwarmPlan, groups_for, item_name, tag
from shoal.topologies.swarming.run import Progress

_STEPS = 4_000
"""Entries in one transaction; a board takes 10,000."""
_CONFLICTS = 100
_PAGE = 2_000


class TaskBoard:
    """A task's part of the board, as its handling has it."""

    def __init__(self, board: Board, connection: Connection, plan: SwarmPlan, prefix: str) -> None:
        """``prefix``: of the task's keys."""
        self._board = board
        self._connection = connection
        self._plan = plan
        self.prefix = prefix

    async def open(
        self, seed: Sequence[Any], record: dict[str, Any], progress: Progress
    ) -> dict[str, Any] | None:
        """Post what the task begins with; its record when that was done before, by whoever died."""
        key = f"{self.prefix}{RECORD}"
        names = [item_name(self._plan, item, "", number) for number, item in enumerate(seed, 1)]
        fresh = progress.reserve(names)
        items = dict(zip(names, seed, strict=True))
        posts = [self._post(name, items[name]) for name in fresh]
        first = [Do.put(key, record), *posts[:_STEPS]]
        opened = await self._board.transaction(Key(key).version == 0, then=first, otherwise=[Do.get(key)])
        for at in range(_STEPS, len(posts), _STEPS):
            unposted = Key(f"{self.prefix}{ITEM}{fresh[at]}").version == 0
            await self._board.transaction(unposted, then=posts[at : at + _STEPS])
        if opened:
            return None
        (entry,) = opened.answers
        assert isinstance(entry, Entry)
        before: dict[str, Any] = entry.value
        return before

    async def load(self, progress: Progress, died: str = "") -> int:
        """Read how far the task is, and give back what whoever died had claimed. The revision that was read."""
        follower = Follower(self._connection, [self.prefix])
        mine: list[Version] = []
        async for version in follower.there():
            progress.found(version.key.removeprefix(self.prefix), version)
            if version.item is not None and version.item.state == "claimed" and version.item.holder == died:
                mine.append(version)
        back = [GiveBack(one.key, one.item.token) for one in mine if one.item is not None]
        for at in range(0, len(back), _STEPS):
            await self._connection.operate(Transaction((), tuple(back[at : at + _STEPS])))
        return follower.seen

    def claim(self, group: int) -> Claiming[Any]:
        """The best item that a group can take; ``NothingToClaim`` at once when there is none."""
        prefix = f"{self.prefix}{ITEM}"
        return self._board.claim(prefix=prefix, tags={tag(group)}, lease_s=self._plan.lease_s, wait_s=0.0)

    def name_of(self, item: HeldItem[Any]) -> str:
        """What a claimed item is called in its task."""
        return item.key.removeprefix(f"{self.prefix}{ITEM}")

    async def complete(self, item: HeldItem[Any], made: Published, by: str, progress: Progress) -> None:
        """Publish what an item led to, and complete it. Raises ``LeaseLost``: then nothing of it counts."""
        parent = self.name_of(item)
        named = {item_name(self._plan, new, parent, number): new for number, new in enumerate(made.items, 1)}
        new = [name for name in named if not progress.knows(name)]
        overflow = len(new) > progress.room
        fresh = progress.reserve(new[: progress.room])
        result = {"by": by, "done": made.done[:1000]}
        findings: list[Step] = [
            Do.put(f"{self.prefix}{FINDING}{parent}.{number}", found)
            for number, found in enumerate(made.findings, 1)
        ]
        try:
            for _ in range(_CONFLICTS):
                posts = [self._post(name, named[name]) for name in fresh]
                try:
                    await self._board.transaction(then=[*findings, *posts, Do.complete(item, result)])
                except Conflict as conflict:  # somebody else has posted it
                    known = conflict.entry.key if isinstance(conflict.entry, Entry) else ""
                    fresh = [name for name in fresh if f"{self.prefix}{ITEM}{name}" != known]
                else:
                    progress.overflow = progress.overflow or overflow
                    return
            raise RuntimeError(f"others post the items of {self.prefix} all the time")
        except BaseException:
            progress.release(fresh)
            raise

    def _post(self, name: str, item: Any) -> Step:
        plan = self._plan
        return Do.post(
            f"{self.prefix}{ITEM}{name}",
            item,
            tags=[tag(group) for group in groups_for(plan, item)],
            priority=0 if plan.priority is None else plan.priority(item),
            max_attempts=plan.attempts,
            backoff_s=plan.backoff_s,
        )

    async def end(self, condition: str, reason: str) -> tuple[str, str, list[Any]]:
        """Note how the task ended; how it did, where that was noted before, and what was found."""
        key, found = f"{self.prefix}{END}", Do.range(f"{self.prefix}{FINDING}")
        noted = await self._board.transaction(
            Key(key).version == 0,
            then=[Do.put(key, [condition, reason]), found],
            otherwise=[Do.get(key), found],
        )
        entry, page = noted.answers
        assert isinstance(entry, Entry)
        assert isinstance(page, Entries)
        condition, reason = entry.value
        findings = [one.value for one in page]
        if page.more:
            findings += [one.value async for one in self.entries(FINDING, after=page[-1].key)]
        return condition, reason, findings

    async def ended(self) -> tuple[str, str] | None:
        """How it ended, if it did."""
        entry = await self._board.get(f"{self.prefix}{END}", list)
        return None if entry is None else (str(entry.value[0]), str(entry.value[1]))

    async def entries(self, what: str, *, after: str = "") -> AsyncIterator[Entry[Any]]:
        """All findings, or all items, behind a key."""
        revision: int | None = None
        while True:
            page = await self._board.range(
                f"{self.prefix}{what}", after=after, revision=revision, limit=_PAGE
            )
            for entry in page:
                yield entry
            if not page.more:
                return
            after, revision = page[-1].key, page.revision


async def clear(connection: Connection, prefix: str) -> None:
    """Delete all keys of a task: what it knew is in its answer, and in the file's history."""
    while True:
        page: Page = await connection.operate(Range(prefix, "", None, _STEPS))
        if page.versions:
            steps = tuple(Delete(version.key) for version in page.versions)
            await connection.operate(Transaction((), steps))
        if not page.more:
            return
