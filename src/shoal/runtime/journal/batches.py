"""Messages and spans in the journal: one row a batch, appended as it comes, and made JSON when there is time for it.

A batch of messages is kept first as the msgpack it came as, which costs the recorder nearly nothing while the agents
are busy. :func:`settle` makes JSON of it, which the view ``messages`` shows, and notes which tasks are in it, four
bytes a task, so that who looks for one task need not read the batches without it.
Spans are few: theirs are made at once.

A batch that is no rows is settled as one of no text: the views and the readers leave it out, its ``count`` tells.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Any
from zlib import crc32

import msgpack
from pydantic_core import to_json

from shoal.runtime.durable.sqlite_file import SqliteFile
from shoal.runtime.errors import ProtocolError
from shoal.runtime.journal.records import MessagesHandled, SpansNoted

MESSAGES, SPANS = "message_batches", "span_batches"
TASK_AT = 2
"""Where the task is in a row, of messages and of spans."""
_ADD_MESSAGES = f"INSERT INTO {MESSAGES} (count, first_at, last_at, packed) VALUES (?, ?, ?, ?)"
_ADD_SPANS = f"INSERT INTO {SPANS} (count, first_at, last_at, tasks, rows) VALUES (?, ?, ?, ?, ?)"
_UNSETTLED = f"SELECT batch, packed, count FROM {MESSAGES} WHERE tasks IS NULL ORDER BY batch"
_SETTLE = f"UPDATE {MESSAGES} SET tasks = ?, rows = ?, packed = NULL WHERE batch = ? AND tasks IS NULL"


def add_messages(connection: sqlite3.Connection, record: MessagesHandled) -> None:
    """Append a batch of messages as it came."""
    connection.execute(_ADD_MESSAGES, record)


def add_spans(connection: sqlite3.Connection, record: SpansNoted) -> None:
    """Append a batch of spans. Raises :class:`ProtocolError` for bytes that are no rows."""
    tasks, rows = _settled(record.rows)
    connection.execute(_ADD_SPANS, (*record[:3], tasks, rows))


def settle(file: SqliteFile, most: int) -> bool:
    """Make JSON of the oldest batches that are none yet, of about ``most`` messages. Whether there may be more."""
    found, left = [], most
    with file.read() as connection:
        for batch, packed, count in connection.execute(_UNSETTLED):
            if left <= 0:
                break
            found.append((batch, packed))
            left -= max(count, 1)
    settled = [(*_settled_or_none(packed), batch) for batch, packed in found]
    if settled:
        with file.write() as connection:
            connection.executemany(_SETTLE, settled)
    return left <= 0


def task_mark(task: str) -> bytes:
    """What a batch notes of a task in it: two tasks in four thousand million have the same."""
    return crc32(task.encode(errors="surrogatepass")).to_bytes(4, "big")


def unpack_rows(packed: Any) -> list[Any]:
    """Rows from what they travel as. Raises :class:`ProtocolError` for bytes that are no rows."""
    try:
        rows = msgpack.unpackb(packed, strict_map_key=False)
        if type(rows) is list and all(type(row) is list and len(row) > TASK_AT for row in rows):
            return rows
        why = "an array of arrays is expected"
    except Exception as exc:  # msgpack raises ValueError, its own classes and UnicodeDecodeError
        why = f"{type(exc).__name__}: {exc}"
    raise ProtocolError(f"these bytes are no journaled rows ({why})")


def rows_as_json(rows: list[Any]) -> str:
    """The rows as they are kept, their ids as hex digits. Raises :class:`ProtocolError` for what JSON cannot hold."""
    try:
        return to_json(rows, bytes_mode="hex", inf_nan_mode="null").decode()
    except Exception as exc:  # pydantic raises several of its own
        raise ProtocolError(f"these rows cannot be kept as JSON ({type(exc).__name__}: {exc})") from exc


def _settled(packed: Any) -> tuple[bytes, str]:
    """The marks of the tasks in these rows, and the rows as JSON."""
    rows = unpack_rows(packed)
    return _marks(row[TASK_AT] for row in rows), rows_as_json(rows)


def _settled_or_none(packed: Any) -> tuple[bytes, str]:
    try:
        return _settled(packed)
    except ProtocolError:
        return b"", ""


def _marks(tasks: Iterable[Any]) -> bytes:
    return b"".join([task_mark(task) for task in set(tasks) if type(task) is str])
