"""A region as agents and programs use it: ``ctx.board``, ``system.board(region)``.

Every operation is linearizable: it takes effect at one moment between its call and its return, and what has returned
is not lost when the board is killed (in a durable region). All of them raise :class:`BoardError`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from typing import Any, TypeVar, overload

from shoal.blackboard.claiming import Claiming, HeldItem
from shoal.blackboard.compares import Condition, as_where
from shoal.blackboard.connection import Connection
from shoal.blackboard.entry import Entries, Entry, Event, encode_value, entry_from, event_from, written_entry
from shoal.blackboard.errors import Conflict
from shoal.blackboard.leasing import Lease
from shoal.blackboard.operations import (
    Claim,
    Compact,
    Delete,
    DeletePrefix,
    Diff,
    Get,
    History,
    Order,
    Put,
    Range,
    Transaction,
)
from shoal.blackboard.region import Clock
from shoal.blackboard.requests import Status, Watch
from shoal.blackboard.results import Claimed, Decided, Differences, Found, Page, Written
from shoal.blackboard.seeing import Asker
from shoal.blackboard.spec import MAIN
from shoal.blackboard.termination.condition import Ended, Termination
from shoal.blackboard.termination.waiting import wait_until
from shoal.blackboard.transactions import (
    Completing,
    Outcome,
    Step,
    outcome_from,
    posting,
    seconds_of,
    step_from,
    texts_of,
)

T = TypeVar("T")
Expected = Entry[Any] | int | None
_WATCH_S = 30.0
_CLAIM_S = 60.0
"""How long one request of a watch or a claim waits; then the next one does."""


class Board:
    """One region of the blackboard. Cheap to make; keep it or take it from the context each time."""

    def __init__(
        self, asker: Asker, region: str = MAIN, open_region: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        self._asker = asker
        self._open_region = open_region
        self._connection = Connection(asker, region, open_region)

    def __repr__(self) -> str:
        return f"Board({self.region!r})"

    @property
    def region(self) -> str:
        """The region's name."""
        return self._connection.region

    def of(self, region: str) -> Board:
        """Another region that is open in this system."""
        return Board(self._asker, region)

    async def open(self) -> Board:
        """Start the board now instead of at first use (from ``system.board`` only); returns itself.

        Raises :class:`RegionInUse` when another run has the region open, ``StoreError`` when it cannot be read.
        """
        await self.status()
        return self

    # -- reading -------------------------------------------------------------------------------------------

    @overload
    async def get(self, key: str, *, revision: int | None = None) -> Entry[Any] | None: ...

    @overload
    async def get(self, key: str, kind: type[T], *, revision: int | None = None) -> Entry[T] | None: ...

    async def get(self, key: str, kind: Any = Any, *, revision: int | None = None) -> Entry[Any] | None:
        """The entry of a key, now or at a revision; ``None`` when it is not there.

        ``kind``: the value's type, a Pydantic model or a msgpack-native one. Raises :class:`Compacted`,
        :class:`FutureRevision`, and ``InvalidMessage`` for a value of another type.
        """
        found: Found = await self._connection.operate_and_see(Get(key, revision))
        return None if found.version is None else entry_from(found.version, kind)

    @overload
    async def range(
        self, prefix: str = "", *, after: str = "", revision: int | None = None, limit: int = 0,
        order: Order = "key", descending: bool = False,
    ) -> Entries[Any]: ...  # fmt: skip

    @overload
    async def range(
        self, prefix: str, kind: type[T], *, after: str = "", revision: int | None = None, limit: int = 0,
        order: Order = "key", descending: bool = False,
    ) -> Entries[T]: ...  # fmt: skip

    async def range(
        self, prefix: str = "", kind: Any = Any, *, after: str = "", revision: int | None = None, limit: int = 0,
        order: Order = "key", descending: bool = False,
    ) -> Entries[Any]:  # fmt: skip
        """The entries whose keys begin with ``prefix``, all of one revision.

        ``limit`` 0: as many as the board gives at once; ``entries.more`` says that there are others, and
        ``after=entries[-1].key, revision=entries.revision`` gets the next page.
        """
        page: Page = await self._connection.operate_and_see(
            Range(prefix, after, revision, limit, order, descending)
        )
        return Entries([entry_from(version, kind) for version in page.versions], page.revision, page.more)

    async def history(self, key: str, kind: Any = Any, *, since: int = 0, limit: int = 0) -> list[Event[Any]]:
        """What happened to a key, oldest first, as far back as the open region goes."""
        page: Page = await self._connection.operate_and_see(History(key, since, limit))
        return [event_from(version, kind) for version in page.versions]

    async def diff(
        self, before: int, after: int, prefix: str = ""
    ) -> list[tuple[str, Entry[Any] | None, Entry[Any] | None]]:
        """The keys that differ between two revisions: key, entry before, entry after."""
        found: Differences = await self._connection.operate_and_see(Diff(before, after, prefix))
        return [
            (one.key, one.before and entry_from(one.before), one.after and entry_from(one.after))
            for one in found.differences
        ]

    async def let_go(self) -> None:
        """End the waiting of all who wait on the board: the system is about to be shut down."""
        await self._connection.let_go()

    async def status(self) -> Status:
        """The region's revision, how many entries and work items it has, and in which states."""
        return await self._connection.status()

    # -- writing -------------------------------------------------------------------------------------------

    async def put(
        self,
        key: str,
        value: T,
        *,
        expected: Expected = None,
        lease: Lease | None = None,
        ttl_s: float | None = None,
    ) -> Entry[T]:
        """Set a key. ``ttl_s``: it is deleted so long after its last put; ``lease``: with that lease.

        ``expected``: as of :meth:`compare_and_set`. Raises :class:`ValueRefused`, :class:`SchemaRefused`,
        :class:`ItemState` on the key of a work item.
        """
        operation = Put(
            key,
            encode_value(value),
            _revision(expected),
            None if lease is None else lease.id,
            _seconds(ttl_s),
        )
        written: Written = await self._connection.operate_and_see(operation)
        return written_entry(written, value)

    async def compare_and_set(self, key: str, value: T, *, expected: Entry[Any] | int | None) -> Entry[T]:
        """Set a key only if nobody changed it since ``expected`` (an entry or its revision; ``None``: it must not be
        there). Raises :class:`Conflict`, whose ``entry`` is what is there."""
        return await self.put(key, value, expected=0 if expected is None else expected)

    @overload
    async def update(self, key: str, change: Callable[[Any], T], *, attempts: int = 100) -> Entry[T]: ...

    @overload
    async def update(
        self, key: str, change: Callable[[T | None], T], kind: type[T], *, attempts: int = 100
    ) -> Entry[T]: ...

    async def update(
        self, key: str, change: Callable[[Any], Any], kind: Any = Any, *, attempts: int = 100
    ) -> Entry[Any]:
        """Set a key to what ``change`` makes of its value (``None``: not there); again while others come first.

        ``change`` may be called several times. Raises :class:`Conflict` after so many ``attempts``.
        """
        entry: Entry[Any] | None = await self.get(key, kind)
        while True:
            attempts -= 1
            try:
                value = change(None if entry is None else entry.value)
                return await self.compare_and_set(key, value, expected=entry)
            except Conflict:
                if attempts <= 0:
                    raise
                entry = await self.get(key, kind)

    async def delete(self, key: str, *, expected: Expected = None) -> bool:
        """Delete a key; whether it was there. A work item is withdrawn: its holder's completion will be refused."""
        written: Written = await self._connection.operate_and_see(Delete(key, _revision(expected)))
        return written.deleted > 0

    async def delete_prefix(self, prefix: str) -> int:
        """Delete all keys that begin with ``prefix``; how many there were."""
        written: Written = await self._connection.operate_and_see(DeletePrefix(prefix))
        return written.deleted

    async def transaction(
        self,
        *conditions: Condition,
        then: Iterable[Step] = (),
        otherwise: Iterable[Step] = (),
    ) -> Outcome:
        """Do ``then`` if all conditions hold, else ``otherwise``: all its steps at one revision, or none of them.

        Conditions come from :class:`shoal.blackboard.Key`, steps from :class:`shoal.blackboard.Do`::

            await board.transaction(Key("a").value == 1, then=[Do.put("a", 2), Do.delete("b")])
        """
        then, otherwise = tuple(then), tuple(otherwise)
        operation = Transaction(
            tuple(condition.compare for condition in conditions),
            tuple(step_from(step) for step in then),
            tuple(step_from(step) for step in otherwise),
        )
        decided: Decided = await self._connection.operate_and_see(operation)
        for step in then if decided.succeeded else otherwise:
            if isinstance(step, Completing):
                step.item.settled = True
        return outcome_from(operation, decided)

    async def lease(self, ttl_s: float) -> Lease:
        """A lease: what is put under it is deleted when nobody keeps it alive for ``ttl_s``. Use ``async with``."""
        return await Lease.granted(self._connection, ttl_s)

    async def compact(self, revision: int) -> None:
        """Forget what was before ``revision``, in the file too: reads and watches below it raise
        :class:`Compacted`."""
        await self._connection.operate(Compact(revision))

    # -- work ----------------------------------------------------------------------------------------------

    async def post(
        self,
        key: str,
        value: T,
        *,
        priority: int = 0,
        tags: Iterable[str] = (),
        delay_s: float = 0.0,
        max_attempts: int = 3,
        depends_on: Iterable[str] = (),
        backoff_s: float = 1.0,
    ) -> Entry[T]:
        """Post a work item. Higher priorities are claimed first, then older items; none before ``delay_s`` has passed
        and everything it ``depends_on`` (keys of items) is done.

        An attempt that fails puts it back after ``backoff_s``, doubled with each; after ``max_attempts`` it is dead,
        and so is what depends on it. Raises :class:`Conflict` when the key is there, :class:`NoSuchKey` and
        :class:`ItemState` for what it depends on.
        """
        operation = posting(key, value, priority, tags, delay_s, max_attempts, depends_on, backoff_s)
        written: Written = await self._connection.operate_and_see(operation)
        return written_entry(written, value)

    @overload
    def claim(
        self, *, tags: Iterable[str] = (), where: Iterable[Condition] | Mapping[str, Any] = (), prefix: str = "",
        lease_s: float = 30.0, wait_s: float | None = 30.0,
    ) -> Claiming[Any]: ...  # fmt: skip

    @overload
    def claim(
        self, kind: type[T], *, tags: Iterable[str] = (), where: Iterable[Condition] | Mapping[str, Any] = (),
        prefix: str = "", lease_s: float = 30.0, wait_s: float | None = 30.0,
    ) -> Claiming[T]: ...  # fmt: skip

    def claim(
        self, kind: Any = Any, *, tags: Iterable[str] = (),
        where: Iterable[Condition] | Mapping[str, Any] = (), prefix: str = "", lease_s: float = 30.0,
        wait_s: float | None = 30.0,
    ) -> Claiming[Any]:  # fmt: skip
        """Take the best item: ``async with board.claim(tags={"research"}) as item: ...``

        The lease is renewed while the block runs. A block that ends completes the item with ``item.result``, one that
        raises fails it, one that is cancelled gives it back. ``tags``: the item has all of them; ``where``: values of
        its fields, or conditions made with :class:`shoal.blackboard.Field`. Entering raises :class:`NothingToClaim`
        after ``wait_s`` (``None``: never). When the lease is lost, the block is cancelled and
        :class:`LeaseLost` raised.
        """
        operation = Claim(seconds_of(lease_s), prefix, texts_of(tags), as_where(where))
        return Claiming(self._take, operation, kind, wait_s, self._connection)

    async def try_claim(self, kind: Any = Any, **selection: Any) -> HeldItem[Any] | None:
        """As :meth:`claim` without waiting and without a block: the item, or ``None``; complete, fail or give it back
        yourself, and renew it when it takes longer than its ``lease_s``."""
        claiming = self.claim(kind, **{**selection, "wait_s": 0.0})
        return await claiming.take()

    async def _take(self, operation: Claim, wait_s: float | None) -> Claimed:
        """Wait for an item, in requests of a minute."""
        while True:
            slice_s = _CLAIM_S if wait_s is None else min(wait_s, _CLAIM_S)
            claimed: Claimed = await self._connection.operate_and_see(operation, wait_s=slice_s)
            if claimed.version is not None:
                return claimed
            if wait_s is not None:
                wait_s -= slice_s
                if wait_s <= 0:
                    return claimed

    # -- watching ------------------------------------------------------------------------------------------

    @overload
    def watch(self, prefix: str = "", *, since: int | None = None) -> AsyncIterator[Event[Any]]: ...

    @overload
    def watch(self, prefix: str, kind: type[T], *, since: int | None = None) -> AsyncIterator[Event[T]]: ...

    async def watch(
        self, prefix: str = "", kind: Any = Any, *, since: int | None = None
    ) -> AsyncIterator[Event[Any]]:
        """Every change under ``prefix`` from revision ``since`` on (``None``: from when the loop begins), in order.

        No gap and no duplicate, whatever is killed in between: who is started again goes on with
        ``since=event.revision + 1`` once all events of that revision are handled. Nothing is buffered for a slow
        watcher; one that has fallen behind what the region keeps gets :class:`Compacted`.
        """
        if since is None:
            since = (await self.status()).revision + 1
        while True:
            page = await self._connection.watch(Watch(prefix, since, 0), _WATCH_S)
            for version in page.versions:
                self._connection.saw(version)
                yield event_from(version, kind)
            since = max(since, page.revision + 1)

    async def until(self, condition: Termination, *, timeout_s: float | None = None) -> Ended:
        """Wait until a condition holds; which one it was, and why. Restarts of the board are survived.

        ``condition``: such as ``Quiescence() | TimeLimit(60)``. Raises ``TimeoutError``, which says how far it was,
        after ``timeout_s``; :class:`InvalidOperation` when neither that nor the condition is sure to end.
        """
        return await wait_until(self._connection, condition, timeout_s, Clock())


def _revision(expected: Expected) -> int | None:
    return expected.revision if isinstance(expected, Entry) else expected


def _seconds(seconds: float | None) -> float | None:
    return None if seconds is None else seconds_of(seconds)
