"""A host's way to its state store: opened when it is first needed, one call at a time, the event loop never held up.

A quick store (SQLite) is called on the loop: a commit takes 56 µs, through a thread 143, and an ask to a durable agent
144 µs against 289. What is slow about it, folding its log with an fsync (83 ms in the worst of 3,000 commits), goes to
a thread, and so does every call of a store that is not quick.
"""

from __future__ import annotations

import asyncio
import logging
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from shoal.runtime.config import Config
from shoal.runtime.durable.errors import StoreBusy, StoreError, StoreFull, StoreUnreachable
from shoal.runtime.durable.opening import open_state_store
from shoal.runtime.durable.store import StateStore
from shoal.runtime.errors import ConfigError

_log = logging.getLogger("shoal.state")
PASSING = (StoreFull, StoreBusy, StoreUnreachable)
"""What may be better in a moment: nothing is given up for it."""
HEAVY_BYTES = 1024 * 1024
"""A write of more than this goes to a thread in any case."""
_FIRST_PAUSE_S = 0.02
_LONGEST_PAUSE_S = 2.0


def pause_s(failures: int) -> float:
    """How long to wait after so many failures in a row (from 1)."""
    return min(_FIRST_PAUSE_S * 2.0 ** min(failures - 1, 20), _LONGEST_PAUSE_S)


class Tended(Protocol):
    """What any such store has."""

    quick: bool

    @property
    def wants_tending(self) -> bool: ...

    def tend(self) -> None: ...

    def close(self) -> None: ...


S = TypeVar("S", bound=Tended)


class StoreAccess(Generic[S]):
    """The way to one store. Use from one event loop."""

    def __init__(self, open_store: Callable[[], S]) -> None:
        """``open_store`` is called in a thread, at the first call."""
        self._open_store = open_store
        self._store: S | None = None
        self._turn = asyncio.Lock()
        self._tending: asyncio.Task[None] | None = None
        self.trouble = ""
        """Why the last call failed, while the store does not work; for people who look."""
        self.unreachable = 0
        """How often a call's outcome stayed unknown because the store could not be reached."""

    @property
    def free(self) -> bool:
        """Whether the next call may be made with :meth:`now`."""
        store = self._store
        return store is not None and store.quick and not self._turn.locked()

    def now(self, method: str, *arguments: Any) -> Any:
        """Make a call on the loop; only while it is :attr:`free`. Raises :class:`StoreError`."""
        store = self._store
        assert store is not None
        try:
            return getattr(store, method)(*arguments)
        finally:
            if store.wants_tending and self._tending is None:
                self._tending = asyncio.get_running_loop().create_task(self._tend(store))

    async def call(self, method: str, *arguments: Any, heavy: bool = False) -> Any:
        """Make a call once. What was begun goes to its end, also when the caller is cancelled.

        Raises :class:`StoreError`, and :class:`ConfigError` when no store can be opened.
        """
        if self.free and not heavy:
            return self.now(method, *arguments)
        return await asyncio.shield(self._in_turn(method, arguments, heavy))

    async def persist(self, method: str, *arguments: Any, heavy: bool = False) -> Any:
        """As :meth:`call`, again and again while the store is full, busy or cannot be reached."""
        failures = 0
        while True:
            try:
                result = await self.call(method, *arguments, heavy=heavy)
            except PASSING as exc:
                failures += 1
                self._failed(exc, failures)
            else:
                if self.trouble:
                    _log.info("the state store works again")
                    self.trouble = ""
                return result
            await asyncio.sleep(pause_s(failures))

    def _failed(self, exc: StoreError, failures: int) -> None:
        self.trouble = exc.text
        if isinstance(exc, StoreUnreachable):
            self.unreachable += 1
        if failures & (failures - 1) == 0:  # the first, the second, the fourth, ...
            _log.error("nothing can be saved or acknowledged (attempt %d): %s", failures, exc.text)

    async def close(self) -> None:
        """Let go of the store, once what is under way has ended."""
        if self._tending is not None:
            await self._tending
        async with self._turn:
            store, self._store = self._store, None
            if store is not None:
                await asyncio.to_thread(store.close)

    async def _in_turn(self, method: str, arguments: tuple[Any, ...], heavy: bool) -> Any:
        async with self._turn:
            if self._store is None:
                self._store = await asyncio.to_thread(self._open_store)
            call = getattr(self._store, method)
            if self._store.quick and not heavy:
                return call(*arguments)
            return await asyncio.to_thread(call, *arguments)

    async def _tend(self, store: S) -> None:
        try:
            async with self._turn:
                await asyncio.to_thread(store.tend)
        except StoreError as exc:
            _log.warning("the state store could not be tended: %s", exc.text)
        finally:
            self._tending = None


StateAccess = StoreAccess[StateStore]
"""The way to a host's state store."""


class OwnStateAccess(StateAccess):
    """The access of a host as its configuration says.

    A system in one process that was given no run directory uses a temporary one: what it held cannot be asked for
    after that process in any case.
    """

    def __init__(self, config: Config, host: str, alone: bool) -> None:
        """``alone``: the host is the whole system."""
        super().__init__(self._open)
        self._config = config
        self._host = host
        self._alone = alone
        self._temporary: tempfile.TemporaryDirectory[str] | None = None

    def directory(self) -> Path:
        """Where stores of this host are kept; made when it is a temporary one. Blocks. Raises ``ConfigError``."""
        if self._config.run_dir:
            return Path(self._config.run_dir)
        if not self._alone:
            raise ConfigError(
                "durable agents, boards and ctx.once need a run directory: shoal.start(run_dir=...)"
            )
        if self._temporary is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="shoal-state-", ignore_cleanup_errors=True)
        return Path(self._temporary.name)

    def _open(self) -> StateStore:
        return open_state_store(self._config, self.directory(), self._host)

    async def close(self) -> None:
        """Let go of the store."""
        await super().close()
        if self._temporary is not None:
            self._temporary.cleanup()
            self._temporary = None
