"""``approvals.db`` in the run directory: requests and decisions. Several processes may have it open and write.

::

    requests   one row a request
      id            hex digits, primary key
      state         pending | approved | edited | answered | rejected | expired | withdrawn
      created_at    seconds since 1970
      body          the whole request as JSON
      sum           checksum of the row

Who decides writes here, be it this program, another one, or nobody else's: whoever may write in the run directory may
decide. For example ``sqlite3 -readonly approvals.db "select id, state, body ->> 'title' from requests"``.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Any

from pydantic import ValidationError

from shoal.actors.approvals.errors import RequestUnknown
from shoal.actors.approvals.lifecycle import Asked, Left, as_of, step
from shoal.actors.approvals.request import Decision, Request, State
from shoal.runtime.durable.sqlite_file import FileKind, SqliteFile, row_sum

FILE_NAME = "approvals.db"
KIND = FileKind(
    name="file of approvals",
    application_id=0x53484F50,
    version=1,
    schema=(
        """CREATE TABLE requests (
            id TEXT PRIMARY KEY, state TEXT NOT NULL, created_at REAL NOT NULL, body TEXT NOT NULL, sum BLOB NOT NULL
        ) WITHOUT ROWID""",
        "CREATE INDEX requests_by_state ON requests (state, created_at)",
    ),
    remedy="Move it away: what was pending is asked again when its messages are handled again",
)
_ALL = "SELECT id, state, created_at, body, sum FROM requests"
_MOST_NAMED = 5


class RequestFile:
    """An open file. Blocks; raises :class:`StoreError` and its subclasses. Threads take turns."""

    def __init__(self, directory: Path, *, create: bool = True, read_only: bool = False) -> None:
        """Open the file in ``directory``, making both where ``create`` says so."""
        if create and not read_only:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = SqliteFile(directory / FILE_NAME, KIND, create=create, read_only=read_only)

    def ask(self, request: Request, now: float) -> Request:
        """The request of this id, made now unless it is there: with its decision, if somebody took one."""
        with self._file.write() as connection:
            known = self._get(connection, request.id)
            current = request if known is None else step(known, Asked(request), now)
            if current != known:
                _put(connection, current)
        return current

    def decide(self, request_id: str, decision: Decision, now: float) -> Request:
        """Take a decision. Raises :class:`ApprovalError` when it cannot be taken."""
        return self._change(request_id, lambda known: step(known, decision, now))

    def leave(self, request_id: str, now: float) -> Request:
        """Whoever asked does not wait any more."""
        return self._change(request_id, lambda known: step(known, Left(), now))

    def get(self, request_id: str, now: float) -> Request:
        """The request of this id, as it stands now. Raises :class:`RequestUnknown`."""
        with self._file.read() as connection:
            known = self._get(connection, request_id)
        if known is None:
            raise RequestUnknown(f"there is no request {request_id}", request=request_id)
        return as_of(known, now)

    def find(self, beginning: str, now: float) -> Request:
        """The one request whose id begins so. Raises :class:`RequestUnknown` when none does, or several do."""
        prefix = beginning.strip().lower()
        with self._file.read() as connection:
            query = f"{_ALL} WHERE substr(id, 1, ?) = ? ORDER BY created_at DESC"
            rows = connection.execute(query, (len(prefix), prefix)).fetchall() if prefix else []
        if not rows:
            raise RequestUnknown(f"no request's id begins with {beginning!r}", request=beginning)
        if len(rows) > 1:
            names = ", ".join(str(row[0]) for row in rows[:_MOST_NAMED])
            more = f" and {len(rows) - _MOST_NAMED} more" if len(rows) > _MOST_NAMED else ""
            raise RequestUnknown(
                f"several requests begin with {beginning!r}: {names}{more}", request=beginning
            )
        return as_of(self._checked(rows[0]), now)

    def list(self, states: Iterable[State], now: float) -> list[Request]:
        """The requests that are in one of these states now, oldest first."""
        wanted = set(states)
        # One that has expired may still be written down as pending.
        stored = sorted(wanted | ({State.PENDING} if State.EXPIRED in wanted else set()))
        marks = ", ".join("?" * len(stored))
        with self._file.read() as connection:
            rows = connection.execute(
                f"{_ALL} WHERE state IN ({marks}) ORDER BY created_at, id", [str(state) for state in stored]
            ).fetchall()
        found = [as_of(self._checked(row), now) for row in rows]
        return [request for request in found if request.state in wanted]

    def version(self) -> int:
        """A number that changes when another connection has written."""
        with self._file.read() as connection:
            version: int = connection.execute("PRAGMA data_version").fetchone()[0]
        return version

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def __enter__(self) -> RequestFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _change(self, request_id: str, change: Callable[[Request], Request]) -> Request:
        with self._file.write() as connection:
            known = self._get(connection, request_id)
            if known is None:
                raise RequestUnknown(f"there is no request {request_id}", request=request_id)
            current = change(known)
            if current != known:
                _put(connection, current)
        return current

    def _get(self, connection: sqlite3.Connection, request_id: str) -> Request | None:
        row = connection.execute(f"{_ALL} WHERE id = ?", (request_id,)).fetchone()
        return None if row is None else self._checked(row)

    def _checked(self, row: tuple[Any, ...]) -> Request:
        """The request of a row. One that is not what was written must not become an approval."""
        *columns, known = row
        try:
            if row_sum(*columns) != known:
                raise ValueError("its checksum is wrong")
            request = Request.model_validate_json(row[3])
        except (ValueError, ValidationError, TypeError) as exc:
            raise self._file.broken(f"request {row[0]} is not what was written") from exc
        return request


def _put(connection: sqlite3.Connection, request: Request) -> None:
    columns = (request.id, str(request.state), request.created_at, request.model_dump_json())
    connection.execute(
        "INSERT OR REPLACE INTO requests VALUES (?, ?, ?, ?, ?)", (*columns, row_sum(*columns))
    )
