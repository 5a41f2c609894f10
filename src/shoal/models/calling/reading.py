"""Reads one answer within its time limits.

Three limits: to the first token, between tokens, and for the whole; besides them the caller's deadline. A piece without
content (a role, or that a model is thinking) is no token, but a sign of life: after it the first token has at least as
long as there may be between two. An answer that is not streamed comes in one piece: for it only the whole time counts.
When a limit passes, the stream is closed, which takes the call back at the server.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Callable
from enum import StrEnum
from math import inf

from shoal.models.assembling import Assembler
from shoal.models.calling.candidate import Candidate
from shoal.models.chat import ChatChunk
from shoal.models.errors import ModelTimeout

_log = logging.getLogger("shoal.models")
_CLOSING_S = 5.0
"""What closing a stream may take; its connection is dropped after that."""


class Limit(StrEnum):
    """Which time was up."""

    FIRST = "first token"
    BETWEEN = "between tokens"
    WHOLE = "whole answer"
    DEADLINE = "deadline"


class Reading:
    """One answer as it comes in."""

    def __init__(self, candidate: Candidate, now: Callable[[], float]) -> None:
        self.assembler = Assembler(candidate.model.name, candidate.model.endpoint)
        self._candidate = candidate
        self._now = now
        self._started = now()
        self._token_at: float | None = None
        self._arrived = False
        self.took_s = 0.0

    @property
    def written(self) -> str | None:
        """What the model wrote; ``None`` when not a piece has come."""
        return self.assembler.written if self._arrived else None

    @property
    def first_token_s(self) -> float | None:
        """From the start to the first token; ``None`` when none came."""
        return None if self._token_at is None else self._token_at - self._started

    async def run(
        self, stream: AsyncGenerator[ChatChunk, None], left_s: float | None, on_token: Callable[[], None]
    ) -> None:
        """Read to the end. ``left_s``: seconds to the deadline; ``on_token`` is told of the first token.

        Raises :class:`ModelTimeout`, whose ``details["limit"]`` says which, and what the stream raises.
        """
        limits = _Limits(self._candidate, left_s)
        ended = False
        try:
            async with asyncio.timeout_at(limits.next(token=False, arrived=False)) as timer:
                async for chunk in stream:
                    self._take(chunk, on_token)
                    self._reschedule(timer, limits)
                ended = True
        except TimeoutError as exc:
            if not timer.expired():
                raise
            raise self._late(limits.limit) from exc
        finally:
            self.took_s = self._now() - self._started
            if not ended:
                await _close(stream)

    def _reschedule(self, timer: asyncio.Timeout, limits: _Limits) -> None:
        limit = limits.limit
        at = limits.next(token=self._token_at is not None, arrived=True)
        try:
            timer.reschedule(at)
        except RuntimeError as exc:  # its time was up, and the model did not heed the cancellation
            raise self._late(limit) from exc

    def _take(self, chunk: ChatChunk, on_token: Callable[[], None]) -> None:
        self._arrived = True
        if self._token_at is None and (chunk.text or chunk.tool_calls or chunk.refusal):
            self._token_at = self._now()
            on_token()
        self.assembler.feed(chunk)

    def _late(self, limit: Limit) -> ModelTimeout:
        name, timeouts = self._candidate.model.name, self._candidate.spec.timeouts
        texts = {
            Limit.FIRST: f"{name} wrote no token within {timeouts.first_token_s} s",
            Limit.BETWEEN: f"{name} stopped in the middle: nothing came for {timeouts.between_tokens_s} s",
            Limit.WHOLE: f"{name} was not done within {timeouts.whole_s} s",
            Limit.DEADLINE: f"{name} was not done when the deadline of the message passed",
        }
        return ModelTimeout(
            texts[limit], model=name, endpoint=self._candidate.model.endpoint, limit=limit.value
        )


class _Limits:
    """The moments, in the event loop's time, at which reading ends."""

    def __init__(self, candidate: Candidate, left_s: float | None) -> None:
        timeouts = candidate.spec.timeouts
        self._time = asyncio.get_running_loop().time
        start = self._time()
        self._first = start + (_or_inf(timeouts.first_token_s) if candidate.spec.stream else inf)
        self._whole = start + _or_inf(timeouts.whole_s)
        self._deadline = start + _or_inf(left_s)
        self._between = _or_inf(timeouts.between_tokens_s)
        self.limit = Limit.FIRST
        """The one that is the next."""

    def next(self, *, token: bool, arrived: bool) -> float | None:
        """When reading ends unless something comes before."""
        at, self.limit = self._first, Limit.FIRST
        if arrived:
            quiet = self._time() + self._between
            if token or quiet > at:
                at, self.limit = quiet, Limit.BETWEEN if token else Limit.FIRST
        if self._whole < at:
            at, self.limit = self._whole, Limit.WHOLE
        if self._deadline < at:
            at, self.limit = self._deadline, Limit.DEADLINE
        return None if at == inf else at


def _or_inf(seconds: float | None) -> float:
    return inf if seconds is None else seconds


async def _close(stream: AsyncGenerator[ChatChunk, None]) -> None:
    """Closing takes the call back at the server; where it fails, what was read is still worth something."""
    try:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CLOSING_S):
                await stream.aclose()
    except Exception:
        _log.warning("a model's stream could not be closed", exc_info=True)
