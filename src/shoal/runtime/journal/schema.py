"""The tables of ``journal.db``: a plain SQLite file that anyone can query.

::

    tasks      the ledger, one row a task
      task            text, primary key
      state           submitted | done | failed | partial | abandoned
      team            the team's address
      tag, payload    the task: its message's tag and msgpack
      message_id      id of the message that carries it
      attempts        how often it was submitted
      result_tag, result                     the result: tag and msgpack (done, partial)
      error, error_text, error_details       class name, text, JSON (failed, partial, abandoned)
      submitted_at, ended_at                 seconds since 1970
      sum             checksum of the row
    events     starts, exits, restarts with their reasons, give-ups, dead letters, ...
      seq, at, kind, agent, task, data (JSON)
    messages   a view: one row a handled message, where the run journals them
      id, cause (hex digits), task, sender, recipient, tag, size (bytes), at, took_s, outcome, queued_s,
      kind (tell | ask), attempt (from 1)
    spans      a view: one row a span, what a handler did: calls of models, tools, the board, effects
      id (hex digits; a span that was noted again has the same), parent (id of the message), task, agent, kind,
      name, at, took_s, outcome (ok, or what went wrong), data (JSON)
    message_batches, span_batches    what the views read: appended
      batch, count, first_at, last_at, rows (JSON: an array of arrays in the view's order),
      tasks (CRC-32 of each task in it, four bytes each), packed (messages: the rows as msgpack, before they are JSON)
    effects    how far each ctx.once came
      agent, scope, key, state (begun | done | failed | unknown), at
    sources    the number of the last batch from each sender: a batch that comes again is dropped
      source, number

For example ``sqlite3 journal.db "select state, count(*) from tasks group by state"``. Reading while a run writes is
fine; use ``sqlite3 -readonly``.

Messages are made JSON when the recorder has time for it: a moment later as a rule, while it is busy with a hundredth of
its time, and the rest when the run ends, so the view has all of them then. (``RunReader`` has them at once.) Of a run
that was killed, it is the resumed one that does it. The views decode each batch; who wants one task of a large journal
says so to the batches first, here for task ``t17`` of a million messages in under a second::

    select value ->> 0 as id, value ->> 3 as sender, value ->> 4 as recipient, value ->> 5 as tag, value ->> 7 as at
    from message_batches, json_each(rows)
    where instr(rows, ',"t17",') and json_valid(rows) and value ->> 2 = 't17' order by at
"""

from __future__ import annotations

from shoal.runtime.durable.sqlite_file import FileKind
from shoal.runtime.journal.entries import MessageEntry, SpanEntry


def _view(name: str, batches: str, fields: tuple[str, ...], instead: dict[str, str]) -> str:
    """A view of the rows in batches, a column a field; ``instead``: what makes a field of its place in the row."""
    columns = [
        instead.get(field, "{}").format(f"json_extract(value, '$[{i}]')") for i, field in enumerate(fields)
    ]
    named = ", ".join(f"{column} AS {field}" for column, field in zip(columns, fields, strict=True))
    # A damaged batch is left out (its count tells): it would make every query of the view fail.
    rows = f"{batches}, json_each(CASE WHEN json_valid(rows) THEN rows ELSE '[]' END)"
    return f"CREATE VIEW {name} AS SELECT {named} FROM {rows}"


_KIND = {"kind": "CASE {} WHEN 1 THEN 'ask' ELSE 'tell' END"}

KIND = FileKind(
    name="journal",
    application_id=0x53484F4A,
    version=2,
    schema=(
        """CREATE TABLE tasks (
            task TEXT PRIMARY KEY, state TEXT NOT NULL, team TEXT NOT NULL, tag TEXT NOT NULL,
            payload BLOB NOT NULL, message_id BLOB NOT NULL, attempts INTEGER NOT NULL,
            result_tag TEXT NOT NULL, result BLOB NOT NULL, error TEXT NOT NULL, error_text TEXT NOT NULL,
            error_details TEXT NOT NULL, submitted_at REAL NOT NULL, ended_at REAL, sum BLOB NOT NULL
        )""",
        "CREATE INDEX tasks_by_state ON tasks (state, ended_at)",
        """CREATE TABLE events (
            seq INTEGER PRIMARY KEY, at REAL NOT NULL, kind TEXT NOT NULL, agent TEXT, task TEXT, data TEXT NOT NULL
        )""",
        "CREATE INDEX events_by_kind ON events (kind)",
        # What tells whether a batch is wanted stands before its rows, which are many pages.
        """CREATE TABLE message_batches (
            batch INTEGER PRIMARY KEY, count INTEGER NOT NULL, first_at REAL NOT NULL, last_at REAL NOT NULL,
            tasks BLOB, packed BLOB, rows TEXT
        )""",
        "CREATE INDEX message_batches_unsettled ON message_batches (batch) WHERE tasks IS NULL",
        _view("messages", "message_batches", MessageEntry._fields, _KIND),
        """CREATE TABLE span_batches (
            batch INTEGER PRIMARY KEY, count INTEGER NOT NULL, first_at REAL NOT NULL, last_at REAL NOT NULL,
            tasks BLOB NOT NULL, rows TEXT NOT NULL
        )""",
        _view("spans", "span_batches", SpanEntry._fields, {}),
        """CREATE TABLE effects (
            agent TEXT NOT NULL, scope BLOB NOT NULL, key TEXT NOT NULL, state TEXT NOT NULL, at REAL NOT NULL,
            PRIMARY KEY (agent, scope, key)
        ) WITHOUT ROWID""",
        "CREATE TABLE sources (source TEXT PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID",
    ),
    remedy="Look at it with `sqlite3 journal.db .recover`, or put a backup in its place; the run cannot be resumed",
)
