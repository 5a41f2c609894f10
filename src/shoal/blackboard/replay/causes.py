"""Which message made somebody write: who sent it to whom, as the run's journal has it.

A run that journals its messages has all of them (but for those of a host's last tenth of a second before it was
killed); any run has those that carried its tasks. A journal that is not there or cannot be read tells of none.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from itertools import islice, zip_longest
from pathlib import Path
from typing import NamedTuple

from shoal.runtime.durable.errors import StoreError
from shoal.runtime.durable.sqlite_file import SqliteFile
from shoal.runtime.journal import ledger
from shoal.runtime.journal.batch_reading import batch_text
from shoal.runtime.journal.schema import KIND

_BESIDE = """SELECT coalesce(
    (SELECT min(batch) FROM message_batches WHERE last_at >= ?), (SELECT max(batch) + 1 FROM message_batches), 0)"""
_ONWARD = "SELECT packed, rows FROM message_batches WHERE batch >= ? ORDER BY batch"
_BACKWARD = "SELECT packed, rows FROM message_batches WHERE batch < ? ORDER BY batch DESC"
_FRUITLESS = 10
"""Searches of the whole journal that found nothing, before others stop at :data:`_NEAR`."""
_NEAR = 200
"""Batches, counted from where a message should be."""
_FEW = 4


class Message(NamedTuple):
    """A message that was handled."""

    id: bytes
    cause: bytes
    """The message whose handling sent this one; empty: none, or not known."""
    task: str | None
    sender: str
    """Empty: the run itself, which gave a task to somebody."""
    recipient: str
    tag: str
    outcome: str
    """``done``, or why not; empty: not known."""


class Wanted(NamedTuple):
    """A message to look for."""

    id: bytes
    task: str | None
    at: float
    """When what it caused was written: it had ended by then or later, so that its row is not far behind."""


class Messages:
    """The messages of a run's journal, as far as it can be read."""

    def __init__(self, journal: Path | None) -> None:
        """``journal``: its file, opened when it is needed; ``None``: there is none."""
        self.problem = ""
        """Why the journal cannot be read."""
        self._journal = journal
        self._file: SqliteFile | None = None
        self._known: dict[bytes, Message | None] = {}
        self._fruitless = 0

    def of(self, message_id: bytes) -> Message | None:
        """A message that was looked for."""
        return self._known.get(message_id)

    def look_for(self, wanted: Iterable[Wanted]) -> None:
        """Look for messages, beginning at the time of the first of them."""
        news = {one.id: one for one in wanted if one.id and one.id not in self._known}
        if not news:
            return
        self._known.update(dict.fromkeys(news))
        if self._journal is None or self.problem:
            return
        try:
            if self._file is None:
                self._file = SqliteFile(self._journal, KIND, read_only=True)
            self._look_for(self._file, news)
        except StoreError as exc:
            self.problem = exc.text

    def chain(self, wanted: Wanted, longest: int = 20) -> list[Message]:
        """The message, the one whose handling sent it, and so on, as far as they are known."""
        found: list[Message] = []
        while len(found) < longest:
            self.look_for([wanted])
            message = self.of(wanted.id)
            if message is None or message in found:
                break
            found.append(message)
            wanted = Wanted(message.cause, message.task, wanted.at)
        return found

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()

    def _look_for(self, file: SqliteFile, news: dict[bytes, Wanted]) -> None:
        missing = {message_id.hex() for message_id in news}
        with file.read() as connection:
            complete = self._search(connection, missing, min(one.at for one in news.values()))
            for text in missing:
                one = news[bytes.fromhex(text)]
                entry = ledger.get(file, connection, one.task) if one.task is not None else None
                if entry is not None and entry.message_id == one.id:
                    self._known[one.id] = Message(one.id, b"", entry.task, "", entry.team, entry.tag, "")
        if complete:
            self._fruitless += 1

    def _search(self, connection: sqlite3.Connection, missing: set[str], at: float) -> bool:
        """Find what is ``missing``, and take it out of there. Whether all of the journal was looked through."""
        most = _NEAR if self._fruitless >= _FRUITLESS else None
        for batch in islice(_batches(connection, at), most):
            if len(missing) < _FEW and not any(text in batch for text in missing):
                continue  # several times as quick as reading it
            for message in _found_in(batch, missing):
                self._known[message.id] = message
            if not missing:
                return False
        return most is None


def _batches(connection: sqlite3.Connection, at: float) -> Iterator[str]:
    """All batches, the nearest to a time first: in turns a later and an earlier one."""
    (beside,) = connection.execute(_BESIDE, (at,)).fetchone()
    later, earlier = (connection.execute(statement, (beside,)) for statement in (_ONWARD, _BACKWARD))
    for pair in zip_longest(later, earlier):
        for row in pair:
            if row is not None:
                yield batch_text(*row)


def _found_in(batch: str, missing: set[str]) -> list[Message]:
    """The messages of a batch that are missing, which they are no more."""
    found = []
    try:
        for message_id, cause, task, sender, recipient, tag, _, _, _, outcome, *_ in json.loads(batch):
            if message_id in missing:
                ids = (bytes.fromhex(message_id), bytes.fromhex(cause or ""))
                found.append(Message(*ids, task, sender, recipient, tag, outcome))
                missing.discard(message_id)
    except (ValueError, TypeError):
        pass  # a damaged batch is left out, as the journal's own view does
    return found
