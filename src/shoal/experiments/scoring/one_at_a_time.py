"""Calls of functions beside the event loop, one after the other, of which one that never comes back can be given up."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Call:
    """One that waits for its turn, is made, or was made."""

    def __init__(self, function: Callable[[], Any]) -> None:
        self._function = function
        self.begun: Future[None] = Future()
        """Is done when it is this call's turn."""
        self.outcome: Future[tuple[BaseException | None, Any]] = Future()
        """What it raised, and what it returned. Never an exception itself: asyncio takes not all of them."""
        self.outcome.set_running_or_notify_cancel()  # nobody can take it back who does not want it any more

    def make(self) -> tuple[BaseException | None, Any]:
        """Call the function. What it raises ends nothing, not even when it is ``SystemExit``."""
        try:
            return None, self._function()
        except (Exception, SystemExit) as exc:
            return exc, None
        except BaseException as exc:
            return RuntimeError(type(exc).__name__), None


class OneAtATime:
    """Makes calls in the order they come in a thread, which is there while there is something to do."""

    def __init__(self, name: str) -> None:
        """``name``: of its threads."""
        self._name = name
        self._lock = threading.Lock()
        self._waiting: deque[Call] = deque()
        self._made: Call | None = None

    def put(self, function: Callable[P, Any], *args: P.args, **kwargs: P.kwargs) -> Call:
        """Have it called when it is its turn."""
        call = Call(lambda: function(*args, **kwargs))
        with self._lock:
            self._waiting.append(call)
            if self._made is None:
                self._go_on()
        return call

    async def made(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What it returns, for one that comes back in any case. Raises what it raises."""
        call = self.put(function, *args, **kwargs)
        try:
            error, value = await asyncio.wrap_future(call.outcome)
        finally:
            self.give_up(call)
        if error is not None:
            raise error
        found: T = value
        return found

    def give_up(self, call: Call) -> None:
        """Do not wait for it any longer. One that is being made is left behind with its thread; others go on."""
        call.begun.cancel()
        with self._lock:
            if call is self._made:
                self._go_on()

    def _go_on(self) -> None:
        """The next one, in a thread that must not hold up the program's end. Whoever calls this holds the lock."""
        self._made = self._next()
        if self._made is not None:
            threading.Thread(target=self._make, args=(self._made,), name=self._name, daemon=True).start()

    def _next(self) -> Call | None:
        while self._waiting:
            call = self._waiting.popleft()
            if call.begun.set_running_or_notify_cancel():
                return call
        return None

    def _make(self, call: Call | None) -> None:
        while call is not None:
            call.begun.set_result(None)
            outcome = call.make()
            following = None
            with self._lock:
                if self._made is call:  # else it was given up meanwhile, and another thread makes the calls
                    following = self._made = self._next()
            call.outcome.set_result(outcome)
            call = following
