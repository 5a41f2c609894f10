"""Reads messages and spans out of a journal's batches, those of one task without reading all.

A batch that is settled notes the tasks in it; in the text of one that has the task, its rows are found by the task's
name, and only they are decoded. So the time for one task grows with the number of batches (some 0.1 ms each that has
it) and with the messages it has. A damaged batch is left out.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from itertools import islice, product
from math import isfinite
from typing import Any

from pydantic_core import to_json

from shoal.runtime.durable.sqlite_file import SqliteFile
from shoal.runtime.errors import ProtocolError
from shoal.runtime.journal.batches import MESSAGES, SPANS, TASK_AT, rows_as_json, task_mark, unpack_rows
from shoal.runtime.journal.entries import ASK, TELL, MessageEntry, SpanEntry
from shoal.runtime.journal.trace_ids import SPAN_BYTES

_PACKED = {MESSAGES: "packed", SPANS: "NULL"}
"""What a table has a batch in that is not JSON yet."""
_PAGE = 16
"""Batches read at once by who reads them all."""
_ID: tuple[type, ...] = (bytes, str)
_NONE = type(None)
_TASK: tuple[type, ...] = (str, _NONE)
_TIME: tuple[type, ...] = (float, int)
_LASTED: tuple[type, ...] = (float, int, _NONE)
_MESSAGE_SHAPES = frozenset(
    product(
        _ID, (*_ID, _NONE), _TASK, (str,), (str,), (str,), (int,), _TIME, _LASTED, (str,), _LASTED, (int, bool),
        (int,),
    )
)  # fmt: skip
"""The types that a row's values can have, for one look at all of them: 0.5 µs a row."""
_SPAN_SHAPES = frozenset(product(_ID, _ID, _TASK, (str,), (str,), (str,), _TIME, _TIME, (str,), (dict,)))
_decode = json.JSONDecoder().raw_decode


def all_messages(file: SqliteFile) -> Iterator[MessageEntry]:
    """Every message, in the order in which they were journaled: that of their end at each host."""
    return filter(None, map(message_of, _all_rows(file, MESSAGES)))


def all_spans(file: SqliteFile) -> Iterator[SpanEntry]:
    """Every span once, in the order in which they were journaled."""
    return _once(filter(None, map(span_of, _all_rows(file, SPANS))))


def messages_of(file: SqliteFile, task: str, limit: int | None) -> list[MessageEntry]:
    """The messages of a task, by when their handling began; of more than ``limit``, those journaled first."""
    found = filter(None, map(message_of, _rows_of(file, MESSAGES, task)))
    return sorted(islice(found, limit), key=lambda message: message.at)


def spans_of(file: SqliteFile, task: str) -> list[SpanEntry]:
    """The spans of a task, each once, by the time at which they began."""
    found = filter(None, map(span_of, _rows_of(file, SPANS, task)))
    return sorted(_once(found), key=lambda span: span.at)


def batches_after(file: SqliteFile, table: str, after: int) -> Iterator[tuple[int, list[Any]]]:
    """The batches of ``table`` whose number is over ``after``, in order: the number of each, and its rows."""
    query = f"SELECT batch, {_PACKED[table]}, rows FROM {table} WHERE batch > ? ORDER BY batch LIMIT {_PAGE}"
    more = True
    while more:
        with file.read() as connection:
            batches = connection.execute(query, (after,)).fetchall()
        for number, raw, text in batches:
            after = number
            yield number, _unpacked(raw) if raw is not None else _parsed(text)
        more = len(batches) == _PAGE


def message_of(row: Any) -> MessageEntry | None:
    """The entry of a row; ``None`` for what is none: values of other types, or a time that is no number."""
    if type(row) is not list or tuple(map(type, row)) not in _MESSAGE_SHAPES:
        return None
    own_id, cause, task, sender, recipient, tag, size, at, took_s, outcome, queued_s, kind, attempt = row
    if not _is_time(at, took_s, queued_s):
        return None
    return MessageEntry(
        own_id.hex() if type(own_id) is bytes else own_id,
        cause.hex() if type(cause) is bytes else cause,
        task, sender, recipient, tag, size, at, took_s, outcome, queued_s, ASK if kind else TELL, attempt,
    )  # fmt: skip


def span_of(row: Any) -> SpanEntry | None:
    """The entry of a row; ``None`` for what is none, as above."""
    if type(row) is not list or tuple(map(type, row)) not in _SPAN_SHAPES:
        return None
    own_id, parent, task, agent, kind, name, at, took_s, outcome, data = row
    try:
        raw = own_id if type(own_id) is bytes else bytes.fromhex(own_id)
        if len(raw) != SPAN_BYTES or not isfinite(at + took_s):
            return None
    except (ValueError, OverflowError):
        return None
    parent = parent.hex() if type(parent) is bytes else parent
    return SpanEntry(raw.hex(), parent, task, agent, kind, name, at, took_s, outcome, data)


def batch_text(raw: Any, text: Any) -> str:
    """A batch of messages as JSON, from its columns ``packed`` and ``rows``; empty for one that is damaged."""
    if raw is None:
        return text if isinstance(text, str) else ""
    try:
        return rows_as_json(unpack_rows(raw))
    except ProtocolError:
        return ""


def _all_rows(file: SqliteFile, table: str) -> Iterator[Any]:
    for _, rows in batches_after(file, table, 0):
        yield from rows


def _rows_of(file: SqliteFile, table: str, task: str) -> Iterator[Any]:
    """The rows of a task. Batches are fetched one by one: the rows of all of them would be much memory."""
    name, packed = task.encode(errors="surrogatepass"), _PACKED[table]
    with file.read() as connection:
        batches = connection.execute(
            f"SELECT batch FROM {table} WHERE instr(tasks, ?) OR (tasks IS NULL AND instr({packed}, ?)) ORDER BY batch",
            (task_mark(task), name),
        ).fetchall()
    needle = _json_of(task)
    for (batch,) in batches:
        with file.read() as connection:
            raw, text = _batch(connection, table, batch)
        if raw is not None:
            yield from (row for row in _unpacked(raw) if row[TASK_AT] == task)
        elif needle is not None and isinstance(text, str):
            yield from _found(text, needle, task)


def _batch(connection: sqlite3.Connection, table: str, batch: int) -> tuple[Any, Any]:
    row = connection.execute(
        f"SELECT {_PACKED[table]}, rows FROM {table} WHERE batch = ?", (batch,)
    ).fetchone()
    return row if row is not None else (None, "")


def _found(text: str, needle: str, task: str) -> Iterator[Any]:
    """The task's rows in a batch's text: what stands in a row before its task has no bracket in it."""
    at = text.find(needle)
    while at >= 0:
        begin = text.rfind("[", 0, at)
        end = at + 1
        try:
            row, end_of_row = _decode(text, begin)
        except (ValueError, RecursionError):  # a name or an error's text that looks like it
            row = None
        if type(row) is list and len(row) > TASK_AT and row[TASK_AT] == task:
            yield row
            end = end_of_row
        at = text.find(needle, max(end, at + 1))


def _json_of(task: str) -> str | None:
    try:
        return f",{to_json(task).decode()},"
    except (ValueError, TypeError):  # a lone surrogate: no such task was ever journaled
        return None


def _unpacked(raw: Any) -> list[Any]:
    try:
        return unpack_rows(raw)
    except ProtocolError:
        return []


def _parsed(text: Any) -> list[Any]:
    try:
        rows = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        return []
    return rows if type(rows) is list else []


def _once(spans: Iterator[SpanEntry]) -> Iterator[SpanEntry]:
    seen: set[str] = set()
    for span in spans:
        if span.id not in seen:
            seen.add(span.id)
            yield span


def _is_time(at: float, took_s: float | None, queued_s: float | None = None) -> bool:
    try:
        return isfinite(at + (took_s or 0.0) + (queued_s or 0.0))
    except OverflowError:  # a whole number that no float is as large as
        return False
