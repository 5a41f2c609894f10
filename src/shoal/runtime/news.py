"""Copies what happens in a system into its run's journal: starts, exits and restarts of agents, and dead letters.

Looked for once a second, and once more before the hosts are stopped; what a supervisor told in the last second before
it was killed itself is not seen. Dead letters of other processes are collected at the end: the last of each host.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from shoal.runtime.deadletters import DeadLetter
from shoal.runtime.errors import ShoalError
from shoal.runtime.host import Host
from shoal.runtime.journal.happenings import DEAD_LETTER
from shoal.runtime.journal.records import Event
from shoal.runtime.run import Run

_LOOK_S = 1.0
_KNOWN = 10_000
"""Dead letters remembered, so that none is noted twice."""
_log = logging.getLogger("shoal.run")


class News:
    """Of one system."""

    def __init__(
        self,
        run: Run,
        host: Host,
        events: Callable[[float], Awaitable[list[dict[str, Any]]]],
        letters: Callable[[], Awaitable[list[DeadLetter]]],
    ) -> None:
        """``events(after)``: what was told of agents since that wall-clock second; ``letters``: of all hosts."""
        self._run = run
        self._host = host
        self._events = events
        self._letters = letters
        self._seen: list[dict[str, Any]] = []
        """The newest events, of one and the same time."""
        self._known: dict[tuple[str, str], None] = {}
        self._letters_seen = 0
        self._looking: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look."""
        self._looking = asyncio.ensure_future(self._keep_looking())

    async def stop(self) -> None:
        """Look once more. Hosts are still there."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)
        await self._look()
        try:
            self._note_letters(await self._letters())
        except ShoalError as error:
            _log.info("no dead letters of other hosts: %s", error)

    async def _keep_looking(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_S)
            await self._look()

    async def _look(self) -> None:
        new = self._host.dead_letters.total - self._letters_seen
        if new:
            self._letters_seen += new
            self._note_letters(self._host.dead_letters.list()[-new:])
        try:
            told = await self._events(self._seen[-1]["at"] if self._seen else 0.0)
        except ShoalError as error:
            _log.info("no news of agents: %s", error)
            return
        fresh = [event for event in told if event not in self._seen]
        if fresh:
            self._run.note_later([_of_agent(event) for event in fresh])
            self._seen = [event for event in told if event["at"] == fresh[-1]["at"]]

    def _note_letters(self, letters: Iterable[DeadLetter]) -> None:
        fresh = [letter for letter in letters if (letter.id, letter.recipient) not in self._known]
        for letter in fresh:
            self._known[letter.id, letter.recipient] = None
            if len(self._known) > _KNOWN:
                del self._known[next(iter(self._known))]
        self._run.note_later([_of_letter(letter) for letter in fresh])


def _of_agent(event: dict[str, Any]) -> Event:
    data = {key: value for key, value in event.items() if key not in ("kind", "agent", "at")}
    return Event(float(event["at"]), event["kind"], event["agent"], None, data)


def _of_letter(letter: DeadLetter) -> Event:
    data = {
        "reason": letter.reason.value, "detail": letter.detail, "id": letter.id, "sender": letter.sender,
        "tag": letter.tag, "size": letter.size, "path": list(letter.path),
    }  # fmt: skip
    return Event(letter.at, DEAD_LETTER, letter.recipient, letter.task, data)
