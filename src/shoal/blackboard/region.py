"""A region as its board serves it: the store in memory, and its log. Requests that came together are one batch.

All of a batch is done in memory, then what it wrote goes to the log as one transaction, then all of it is answered:
an answer never shows what could still be lost. When the log refuses, the store goes back to where it was. After a loss
of contact, where nobody knows whether the transaction was written, the region is loaded again and the batch done once
more: a write that is there is known by its message's id, and answered as it was.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import NamedTuple

from shoal.blackboard.errors import BoardRefused, BoardUnavailable, Conflict, FutureRevision, RegionLost
from shoal.blackboard.operations import Claim, Compact, Get, Operation, Post, Put, Transaction
from shoal.blackboard.packing import pack_result, pack_version, unpack_result
from shoal.blackboard.persistence.region_log import ANSWER_BYTES, ANSWERS, Answer, Owner, RegionLog, Saved
from shoal.blackboard.requests import Status, pack_answer, pack_refusal, pack_status_answer
from shoal.blackboard.results import Claimed, Decided, Found, Result, Written
from shoal.blackboard.schema import Schema
from shoal.blackboard.spec import RegionSpec
from shoal.blackboard.store import Limits, Store
from shoal.blackboard.version import Cause, Commit, Value, Version
from shoal.runtime.durable.access import HEAVY_BYTES, PASSING, StoreAccess, pause_s
from shoal.runtime.durable.errors import StoreBroken, StoreError, StoreUnreachable
from shoal.runtime.errors import ShoalError

_log = logging.getLogger("shoal.board")
_NOBODY = Cause("")
_OMITTED = Value("", b"")
_COMPACT_EVERY = 256
_LOADS = 8
"""Attempts to load a region before those who wait are told."""


class Write(NamedTuple):
    """One operation of a batch, or (``None``) a look at the region's status."""

    id: bytes
    """Of the message that asks for it."""
    operation: Operation | None
    cause: Cause
    region_id: str = ""
    """The region it is meant for; empty: whichever is there."""


class Clock:
    """Wall-clock time that does not go back while the process lives, whatever is done to the system's clock."""

    def __init__(self) -> None:
        self._since_1970 = time.time() - time.monotonic()

    def __call__(self) -> float:
        """Seconds since 1970."""
        return self._since_1970 + time.monotonic()


class Region:
    """Use from one event loop; one call of :meth:`serve` at a time."""

    def __init__(
        self,
        spec: RegionSpec,
        owner: Owner,
        open_log: Callable[[], RegionLog],
        clock: Callable[[], float] | None = None,
    ) -> None:
        """``open_log`` is called in a thread, when the region is needed first, and again after an error."""
        self._spec = spec
        self._owner = owner
        self._open_log = open_log
        self.clock = clock or Clock()
        self._access: StoreAccess[RegionLog] = StoreAccess(open_log)
        self._check = Schema(spec.schema_).check
        self._store: Store | None = None
        self._answers: OrderedDict[bytes, bytes] = OrderedDict()  # a dict's oldest key is slow to find
        self._answer_bytes = 0
        self._failures = 0
        self._done_now: dict[bytes, bytes] = {}
        """Answers of this batch: an agent that died and its next incarnation can ask for the same at once."""
        self.id = ""
        """Its identity; empty before it is loaded."""
        self.safe = 0
        """The newest revision that is written."""
        self.waiting: Callable[[], tuple[int, int]] = lambda: (0, 0)
        """How many watches and claims wait, for the status."""
        self._loading = asyncio.Lock()
        self.news: list[Version] = []
        """What the last batches changed: whoever takes it away empties it."""

    @property
    def store(self) -> Store:
        """Its store; only while it is loaded."""
        assert self._store is not None
        return self._store

    @property
    def loaded(self) -> bool:
        """Whether requests can be served."""
        return self._store is not None

    async def load(self) -> None:
        """Open the log and read the region, unless that was done. Raises ``StoreError`` or :class:`RegionInUse`."""
        if self._store is not None:
            return
        async with self._loading:
            if self._store is None:
                await self._load()

    async def _load(self) -> None:
        now = self.clock()
        saved: Saved = await self._access.call("open", self._owner, now, self._spec.history, heavy=True)
        limits = Limits(value_bytes=self._spec.value_bytes)
        try:
            store = Store.restore(
                saved.base, saved.oldest, saved.commits, now, limits=limits, check=self._check
            )
        except ValueError as exc:
            raise StoreBroken(f"region {self._spec.region!r} is damaged: {exc}") from exc
        self._store, self._answers, self.id = store, OrderedDict(saved.answers), saved.region_id
        self._answer_bytes = sum(map(len, self._answers.values()))
        self.safe = store.revision

    async def serve(self, batch: Sequence[Write]) -> list[bytes]:
        """Do a batch, also an empty one: what is due by now is done first. One answer each.

        Raises ``StoreError`` or :class:`RegionInUse` when the region cannot be loaded or written for a reason that
        does not pass; the next call tries again.
        """
        for attempt in range(1, _LOADS + 1):
            try:
                await self.load()
                return await self._try(batch)
            except StoreUnreachable as exc:
                _log.warning("region %s: %s; it is loaded again", self._spec.region, exc.text)
                self._store = None
                if attempt == _LOADS:
                    raise
            except ShoalError:
                self._store = None  # what it holds may not be what is written
                raise
            await asyncio.sleep(pause_s(attempt))
        raise AssertionError("the last attempt returns or raises")

    async def _try(self, batch: Sequence[Write]) -> list[bytes]:
        store, now = self.store, self.clock()
        self._done_now.clear()
        before = store.revision
        commits: list[Commit] = []
        if due := store.advance(now):
            commits.append(due)
        answers: list[Answer] = []
        replies = [self._do(write, now, commits, answers) for write in batch]
        if commits:
            try:
                await self._append(commits, answers, now)
            except PASSING as exc:
                if isinstance(exc, StoreUnreachable):
                    raise
                store.undo(before)
                self._done_now.clear()
                return self._refuse(batch, now, exc)
            self._failures = 0
            self._remember(answers)
            self.safe = store.revision
            for commit in commits:
                self.news.extend(commit)
        await self._compact(batch)
        return replies

    def _do(self, write: Write, now: float, commits: list[Commit], answers: list[Answer]) -> bytes:
        """Do one operation; what it wrote and answered is added to the lists."""
        if write.region_id and write.region_id != self.id:
            return pack_refusal(self.id, self.lost())
        known = self._known(write)
        if known is not None:
            return pack_answer(self.id, known)
        if write.operation is None:
            return pack_answer(self.id, pack_status_answer(self._status(now)))
        store = self.store
        try:
            if isinstance(write.operation, Compact):
                self._check_compact(write.operation)
            result, commit = store.execute(write.operation, write.cause, now)
        except BoardRefused as error:
            if isinstance(error, Conflict):
                self._show_current(error)
            return pack_refusal(self.id, error)
        body = pack_result(_without_what_the_asker_has(write.operation, result))
        if commit:
            self._done_now[write.id] = body
            commits.append(commit)
            answers.append(Answer(write.id, store.revision, body))
        return pack_answer(self.id, body)

    def _known(self, write: Write) -> bytes | None:
        """The answer to a write that was done before; a claim's only while the item is held by it."""
        known = self._done_now.get(write.id) or self._answers.get(write.id)
        if known is None or not isinstance(write.operation, Claim):
            return known
        result = unpack_result(known)
        if isinstance(result, Claimed) and result.version is not None and result.version.item is not None:
            there = self._at(result.version.key)
            if there is not None and there.item is not None and there.item.state == "claimed":
                return known if there.item.token == result.version.item.token else None
        return None

    def _at(self, key: str) -> Version | None:
        found, _ = self.store.execute(Get(key), _NOBODY, self.clock())
        return found.version if isinstance(found, Found) else None

    def _check_compact(self, compact: Compact) -> None:
        """What is in memory only may have to be undone: it cannot be all that is known."""
        if compact.revision > self.safe:
            raise FutureRevision(
                f"revision {compact.revision} cannot be compacted to yet: the newest is {self.safe}",
                revision=self.safe,
            )

    def _show_current(self, error: Conflict) -> None:
        """Put what is there now into a refusal."""
        key = error.details.get("key")
        if isinstance(key, str) and key.isprintable():
            current = self._at(key)
            if current is not None:
                error.details["entry"] = pack_version(current)

    def forget(self) -> None:
        """What is in memory may not be what is written: load it again at the next batch."""
        self._store = None

    def _status(self, now: float) -> Status:
        store = self.store
        found, (watchers, claimers) = store.summary(), self.waiting()
        return Status(
            found.revision, found.oldest, found.keys, found.open, found.claimable, found.claimed, found.done,
            found.dead, found.leases, watchers, claimers,
        )  # fmt: skip

    def lost(self) -> RegionLost:
        """What is said to those who knew another region of this name."""
        return RegionLost(
            f"region {self._spec.region!r} is not the one it was: its board kept it in memory and died (durable=False)"
        )

    async def _append(self, commits: list[Commit], answers: list[Answer], now: float) -> None:
        size = sum(len(v.value.payload) for commit in commits for v in commit if v.value is not None)
        heavy = size > HEAVY_BYTES or self._spec.sync == "power"
        await self._access.call("append", commits, answers, now, heavy=heavy)

    def _refuse(self, batch: Sequence[Write], now: float, exc: StoreError) -> list[bytes]:
        """Nothing can be saved: whoever writes is told so, whoever reads gets an answer all the same."""
        self._failures += 1
        if self._failures & (self._failures - 1) == 0:  # the first, the second, the fourth, ...
            _log.error(
                "region %s: nothing can be saved (attempt %d): %s",
                self._spec.region,
                self._failures,
                exc.text,
            )
        refusal = BoardUnavailable(
            f"nothing was written to region {self._spec.region!r}: {exc.text}", certain=True
        )
        replies = []
        for write in batch:
            commits: list[Commit] = []
            before = self.store.revision
            reply = self._do(write, now, commits, [])
            if commits:
                self.store.undo(before)
                self._done_now.clear()
                reply = pack_refusal(self.id, refusal)
            replies.append(reply)
        return replies

    def _remember(self, answers: Sequence[Answer]) -> None:
        known = self._answers
        for answer in answers:
            known[answer.message_id] = answer.reply
            self._answer_bytes += len(answer.reply)
        while len(known) > ANSWERS or self._answer_bytes > ANSWER_BYTES:
            self._answer_bytes -= len(known.popitem(last=False)[1])

    async def _compact(self, batch: Sequence[Write]) -> None:
        """Keep no more history in memory than was asked for; and on disk, where that was asked for."""
        store = self.store
        asked = max((w.operation.revision for w in batch if isinstance(w.operation, Compact)), default=0)
        if 0 < asked == store.oldest:
            await self._access.call("compact", asked, heavy=True)
        floor = store.revision - self._spec.history
        if floor >= store.oldest + _COMPACT_EVERY:
            store.compact(floor)
            if not self._spec.keep_history:
                await self._access.call("compact", floor)

    async def beat(self) -> None:
        """Say that the region is in use. Raises ``StoreError``."""
        if self._store is not None:
            await self._access.call("beat", self.clock())

    async def close(self) -> None:
        """Let go of the log."""
        self._store = None
        await self._access.close()


def _without_what_the_asker_has(operation: Operation, result: Result) -> Result:
    """The result without values that came with the request: a large one would travel back, and be remembered."""
    if isinstance(result, Written):
        return _without_value(result)
    if isinstance(result, Decided) and isinstance(operation, Transaction):
        steps = operation.then if result.succeeded else operation.otherwise
        return result._replace(
            results=tuple(
                _without_value(one) if isinstance(one, Written) and isinstance(step, Put | Post) else one
                for step, one in zip(steps, result.results, strict=True)
            )
        )
    return result


def _without_value(written: Written) -> Written:
    version = written.version
    return written if version is None else written._replace(version=version._replace(value=_OMITTED))
