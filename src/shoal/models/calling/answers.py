"""Answers that were given before, taken again on purpose: exact match only, and only where somebody asked for it.

An :class:`AnswerCache` is shared by the callers of a process. Its store is :class:`MemoryAnswers` (gone with the
process: per run) or :class:`~shoal.models.calling.sqlite_answers.SqliteAnswers` (a file: shared between processes and
runs). Who asks what somebody else is asking for at this moment waits for that answer. A store that fails is as one
that has nothing: it is logged, and the model is asked.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import NamedTuple, Protocol

from shoal.models.chat import ChatResponse, Usage
from shoal.runtime.errors import ShoalError

_log = logging.getLogger("shoal.models")
_FREE = {"usage": Usage(), "usd": 0.0, "attempts": 1, "first_token_s": 0.0, "took_s": 0.0}


class Answers(Protocol):
    """Where answers are kept. Both methods may raise ``ShoalError``."""

    async def get(self, key: str) -> ChatResponse | None:
        """The answer under ``key``; ``None`` when there is none."""

    async def put(self, key: str, answer: ChatResponse) -> None:
        """Keep an answer, in place of another under the same key."""


class MemoryAnswers:
    """In this process, the ``most`` that were used last."""

    def __init__(self, most: int = 10_000) -> None:
        self._most = most
        self._answers: OrderedDict[str, ChatResponse] = OrderedDict()

    async def get(self, key: str) -> ChatResponse | None:
        """See :class:`Answers`."""
        answer = self._answers.get(key)
        if answer is not None:
            self._answers.move_to_end(key)
        return answer

    async def put(self, key: str, answer: ChatResponse) -> None:
        """See :class:`Answers`."""
        self._answers[key] = answer
        self._answers.move_to_end(key)
        while len(self._answers) > self._most:
            self._answers.popitem(last=False)


class Found(NamedTuple):
    """An answer, and whether it cost nothing, because it was there or somebody else was asking for it."""

    answer: ChatResponse
    hit: bool


class AnswerCache:
    """A store, and the questions that are being asked."""

    def __init__(self, store: Answers) -> None:
        self._store = store
        self._asked: dict[str, asyncio.Future[ChatResponse | None]] = {}

    async def answer(
        self, key: str, ask: Callable[[], Awaitable[ChatResponse]], *, left_s: float | None = None
    ) -> Found:
        """The answer under ``key``, from ``ask`` when nobody has it. A partial answer is neither kept nor shared.

        When the other one who asks fails or is cancelled, this one asks for itself. Raises what ``ask`` raises, and
        ``TimeoutError`` when the other one takes longer than ``left_s``.
        """
        found = await self._get(key)
        if found is None and (asked := self._asked.get(key)) is not None:
            async with asyncio.timeout(left_s):
                await asyncio.wait([asked])
            found = asked.result()
        if found is not None:
            return Found(found.model_copy(update=_FREE), hit=True)
        return Found(await self._ask(key, ask), hit=False)

    async def _ask(self, key: str, ask: Callable[[], Awaitable[ChatResponse]]) -> ChatResponse:
        mine: asyncio.Future[ChatResponse | None] = asyncio.get_running_loop().create_future()
        leads = self._asked.setdefault(key, mine) is mine
        try:
            answer = await ask()
            if not answer.partial:
                if leads:
                    mine.set_result(answer)
                await self._put(key, answer)
            return answer
        finally:
            if leads:
                del self._asked[key]
                if not mine.done():
                    mine.set_result(None)

    async def _get(self, key: str) -> ChatResponse | None:
        try:
            return await self._store.get(key)
        except ShoalError as error:
            _log.warning("the cache of answers cannot be read, the model is asked: %s", error)
            return None

    async def _put(self, key: str, answer: ChatResponse) -> None:
        try:
            await self._store.put(key, answer)
        except ShoalError as error:
            _log.warning("an answer was not cached: %s", error)
