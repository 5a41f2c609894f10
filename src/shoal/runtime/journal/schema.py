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
      id, cause (hex digits), task, sender, recipient, tag, size (bytes), at, took_s, outcome
    message_batches    what the view reads: appended, without an index
      batch, count, first_at, last_at, rows (JSON: an array of arrays in the view's order)
    effects    how far each ctx.once came
      agent, scope, key, state (begun | done | failed | unknown), at
    sources    the number of the last batch from each sender: a batch that comes again is dropped
      source, number

For example ``sqlite3 journal.db "select state, count(*) from tasks group by state"``. Reading while a run writes is
fine; use ``sqlite3 -readonly``.
"""

from __future__ import annotations

from shoal.runtime.durable.sqlite_file import FileKind

_COLUMNS = ("id", "cause", "task", "sender", "recipient", "tag", "size", "at", "took_s", "outcome")
# A damaged batch is left out (its count tells): it would make every query of the view fail.
_MESSAGES = f"""CREATE VIEW messages AS
    SELECT {", ".join(f"json_extract(value, '$[{i}]') AS {name}" for i, name in enumerate(_COLUMNS))}
    FROM message_batches, json_each(CASE WHEN json_valid(rows) THEN rows ELSE '[]' END)"""

KIND = FileKind(
    name="journal",
    application_id=0x53484F4A,
    version=1,
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
        """CREATE TABLE message_batches (
            batch INTEGER PRIMARY KEY, count INTEGER NOT NULL, first_at REAL NOT NULL, last_at REAL NOT NULL,
            rows TEXT NOT NULL
        )""",
        _MESSAGES,
        """CREATE TABLE effects (
            agent TEXT NOT NULL, scope BLOB NOT NULL, key TEXT NOT NULL, state TEXT NOT NULL, at REAL NOT NULL,
            PRIMARY KEY (agent, scope, key)
        ) WITHOUT ROWID""",
        "CREATE TABLE sources (source TEXT PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID",
    ),
    remedy="Look at it with `sqlite3 journal.db .recover`, or put a backup in its place; the run cannot be resumed",
)
