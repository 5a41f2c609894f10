"""Answers in a SQLite file: shared by all processes of a machine, and by later runs."""

from __future__ import annotations

import asyncio
import logging
import time
from pathlib import Path

from pydantic import ValidationError

from shoal.models.chat import ChatResponse
from shoal.runtime.durable.sqlite_file import FileKind, SqliteFile, row_sum

_log = logging.getLogger("shoal.models")
_KIND = FileKind(
    name="cache of answers",
    application_id=0x53484141,  # "SHAA"
    version=1,
    schema=(
        "CREATE TABLE answers (key TEXT PRIMARY KEY, answer TEXT NOT NULL, at REAL NOT NULL, sum BLOB NOT NULL)",
        "CREATE INDEX answers_by_age ON answers (at)",
    ),
    remedy="It only saves calls: delete it, and it is made anew.",
)
_SWEEP = 256
"""Answers written between two looks at how many there are."""


class SqliteAnswers:
    """The file at ``path``, made when it is missing, with the ``most`` answers that were written last.

    Raises :class:`~shoal.runtime.durable.errors.StoreError` when it cannot be used. Making one blocks; reading and
    writing are done in threads.
    """

    def __init__(self, path: Path | str, most: int = 100_000) -> None:
        self._file = SqliteFile(Path(path), _KIND)
        self._most = most
        self._written = 0

    async def get(self, key: str) -> ChatResponse | None:
        """See :class:`~shoal.models.calling.answers.Answers`."""
        return await asyncio.to_thread(self._get, key)

    async def put(self, key: str, answer: ChatResponse) -> None:
        """See :class:`~shoal.models.calling.answers.Answers`."""
        await asyncio.to_thread(self._put, key, answer.model_dump_json(), time.time())

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _get(self, key: str) -> ChatResponse | None:
        with self._file.read() as connection:
            row = connection.execute("SELECT answer, at, sum FROM answers WHERE key = ?", (key,)).fetchone()
        if row is None:
            return None
        answer, at, written = row
        try:
            if row_sum(key, answer, at) == written:
                return ChatResponse.model_validate_json(answer)
        except ValidationError:
            pass  # of another version of shoal
        _log.warning(
            "%s: the answer under %s is not what was written; it is asked for again", self._file.path, key
        )
        return None

    def _put(self, key: str, answer: str, at: float) -> None:
        row = (key, answer, at, row_sum(key, answer, at))
        with self._file.write() as connection:
            connection.execute("INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?)", row)
            if self._written % _SWEEP == 0:
                connection.execute(
                    "DELETE FROM answers WHERE key IN (SELECT key FROM answers ORDER BY at DESC LIMIT -1 OFFSET ?)",
                    (self._most,),
                )
            self._written += 1
