"""Links over Ray calls: always there, across nodes.

Each DATA frame is one ``deliver`` call on the host's actor, and reports ride back on the calls' results. A call is
*parked* at the receiver until there is something to say, so that an answer needs no call of its own; while the
receiver owes something, the sender sees to it that one call is there to carry it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

import ray
from ray.exceptions import ActorDiedError, RayActorError, RayError

from shoal.runtime.outlink import OutLink
from shoal.runtime.wire import Report, unpack

_PARKED = 2
"""Calls a receiver keeps open for reports to come; more are answered empty, so that the sender's window moves on."""


class ParkedCalls:
    """The receiver's side: open ``deliver`` calls of one sender, a ``Backway``."""

    def __init__(self) -> None:
        self._open: deque[asyncio.Future[bytes]] = deque()

    def park(self) -> asyncio.Future[bytes]:
        """Open one more call; its result comes when there is something to say."""
        future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._open.append(future)
        return future

    @property
    def ready(self) -> bool:
        """Whether a report can go now."""
        while self._open and self._open[0].done():
            self._open.popleft()  # its caller went away
        return bool(self._open)

    def emit(self, frame: bytes) -> None:
        """Send a REPORT frame as the result of the oldest call."""
        self._open.popleft().set_result(frame)

    def settle(self, owes: bool) -> None:
        """Let go of calls that are not needed to carry what is still owed."""
        while len(self._open) > (_PARKED if owes else 0):
            future = self._open.popleft()
            if not future.done():
                future.set_result(b"")


class CallCarrier:
    """The sender's side: a ``Carrier`` over one actor's ``deliver``."""

    def __init__(
        self,
        actor: Any,
        sender: bytes,
        link: OutLink,
        on_broken: Callable[[CallCarrier, Exception], None],
        errand: Callable[[Any], None],
    ) -> None:
        self._actor = actor
        self._sender = sender
        self._link = link
        self._on_broken = on_broken
        self._errand = errand
        self._open = 0
        self._closed = False

    def carry(self, frame: bytes, *, large: bool) -> None:
        """Send a DATA frame. Ray moves arguments over 100 KB through its object store by itself."""
        self._call(frame, park=True)

    def carry_beside(self, frame: bytes) -> None:
        """Send a large frame for a link whose reports come another way."""
        self._call(frame, park=False)

    def poll(self) -> None:
        """Open a call for reports to come, if none is; also finds out whether the actor lives."""
        if self._open == 0 and not self._closed:
            self._link.nudge()

    def close(self) -> None:
        """Take in nothing any more."""
        self._closed = True

    def _call(self, frame: bytes, *, park: bool) -> None:
        self._open += 1
        try:
            result = self._actor.deliver.remote(self._sender, frame, park)
        except RayError as exc:
            self._open -= 1
            self._broke(exc)
            return
        self._errand(self._await(result))

    async def _await(self, result: Any) -> None:
        try:
            report = await result
        except Exception as exc:  # RayError, or what ``deliver`` raised for a bad frame
            self._open -= 1
            self._broke(exc)
            return
        self._open -= 1
        if self._closed:
            return
        if report:
            frame = unpack(report)
            if isinstance(frame, Report):
                self._link.on_report(frame)
        if self._link.owed:
            self.poll()

    def _broke(self, exc: Exception) -> None:
        if not self._closed:
            self._closed = True
            self._on_broken(self, exc)


def is_death(exc: Exception) -> bool:
    """Whether Ray says for certain that the actor is gone (and not just out of reach for now)."""
    return isinstance(exc, ActorDiedError) or (
        isinstance(exc, RayActorError) and "unavailable" not in str(exc).lower()
    )


def actor_by_name(name: str, namespace: str) -> Any:
    """The handle of a named actor, or ``None``."""
    try:
        return ray.get_actor(name, namespace=namespace)
    except ValueError:
        return None
