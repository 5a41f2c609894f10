"""The same entries, items and changes in plain SQLite, as one would write it for a program of one process.

One connection, prepared statements, one transaction an operation, in WAL mode with ``synchronous=NORMAL``: what is
answered survives the death of the process, as in a durable region. Each change has a revision and stays readable, so
that somebody can watch; claims have a lease and a token. What it leaves out is what a region adds: checksums of its
rows, answers remembered for requests that come twice, schemas, leases of entries, dependencies, other processes.

Not safe to use from several threads at once.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from shoal.bench.board_work import Row, pack, unpack
from shoal.bench.errors import Miscounted
from shoal.bench.workload import Parcel

REMARK = (
    "one process, one thread, one transaction an operation; WAL, synchronous=NORMAL: survives the death of the "
    "process, as shoal's regions do, not a loss of power"
)
_SCHEMA = (
    "PRAGMA journal_mode = WAL",
    """CREATE TABLE IF NOT EXISTS changes (
        revision INTEGER PRIMARY KEY, key TEXT NOT NULL, value BLOB NOT NULL, state TEXT, author TEXT NOT NULL,
        at REAL NOT NULL
    )""",
    """CREATE TABLE IF NOT EXISTS entries (
        key TEXT PRIMARY KEY, value BLOB NOT NULL, created INTEGER NOT NULL, revision INTEGER NOT NULL,
        version INTEGER NOT NULL, author TEXT NOT NULL, at REAL NOT NULL
    ) WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS items (
        key TEXT PRIMARY KEY, value BLOB NOT NULL, priority INTEGER NOT NULL, tag TEXT NOT NULL,
        created INTEGER NOT NULL, state TEXT NOT NULL, token INTEGER NOT NULL, holder TEXT NOT NULL,
        deadline REAL NOT NULL, attempts INTEGER NOT NULL, result BLOB
    ) WITHOUT ROWID""",
    "CREATE INDEX IF NOT EXISTS ready ON items (tag, priority DESC, created, key) WHERE state = 'open'",
    "CREATE INDEX IF NOT EXISTS held ON items (deadline) WHERE state = 'claimed'",
)
_CHANGE = "INSERT INTO changes (key, value, state, author, at) VALUES (?, ?, ?, ?, ?)"
_PUT = """INSERT INTO entries VALUES (?1, ?2, ?3, ?3, 1, ?4, ?5) ON CONFLICT (key) DO UPDATE SET
    value = ?2, revision = ?3, version = version + 1, author = ?4, at = ?5"""
_SWAP = """UPDATE entries SET value = ?2, revision = ?3, version = version + 1, author = ?4, at = ?5
    WHERE key = ?1 AND revision = ?6"""
_POST = "INSERT INTO items VALUES (?, ?, 0, ?, ?, 'open', 0, '', 0, 0, NULL)"
_EXPIRE = "UPDATE items SET state = 'open' WHERE state = 'claimed' AND deadline <= ?"
_BEST = "SELECT key, value FROM items WHERE state = 'open' AND tag = ? ORDER BY priority DESC, created, key LIMIT 1"
_CLAIM = """UPDATE items SET state = 'claimed', token = ?, holder = ?, deadline = ?, attempts = attempts + 1
    WHERE key = ?"""
_COMPLETE = """UPDATE items SET state = 'done', result = ? WHERE key = ? AND state = 'claimed' AND token = ?
    AND deadline > ?"""


class SqliteBoard:
    """The entries of one file, which is made when it is not there."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        for statement in _SCHEMA:
            self._db.execute(statement)
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.execute("PRAGMA cache_size = -16384")

    def get(self, key: str) -> Row | None:
        """The entry of a key."""
        row = self._db.execute("SELECT value, revision FROM entries WHERE key = ?", (key,)).fetchone()
        return None if row is None else Row(key, unpack(row[0]), row[1])

    def put(self, key: str, value: Parcel, author: str) -> Row:
        """Set a key."""
        packed, now = pack(value), time.time()
        with self._transaction():
            revision = self._change(key, packed, None, author, now)
            self._db.execute(_PUT, (key, packed, revision, author, now))
        return Row(key, value, revision)

    def compare_and_set(self, key: str, value: Parcel, expected: Row | None, author: str) -> Row:
        """Set a key that nobody changed meanwhile; raises :class:`Miscounted` where somebody did."""
        packed, now = pack(value), time.time()
        with self._transaction():
            revision = self._change(key, packed, None, author, now)
            if expected is None:
                statement = "INSERT OR IGNORE INTO entries VALUES (?1, ?2, ?3, ?3, 1, ?4, ?5)"
                done = self._db.execute(statement, (key, packed, revision, author, now))
            else:
                done = self._db.execute(_SWAP, (key, packed, revision, author, now, expected.revision))
            if done.rowcount != 1:
                raise Miscounted(f"{key!r} was changed by somebody else")
        return Row(key, value, revision)

    def put_all(self, keys: Sequence[str], value: Parcel) -> None:
        """Set many keys at once."""
        packed, now = pack(value), time.time()
        with self._transaction():
            for key in keys:
                revision = self._change(key, packed, None, "", now)
                self._db.execute(_PUT, (key, packed, revision, "", now))

    def post_all(self, keys: Sequence[str], value: Parcel, tag: str) -> None:
        """Post many items at once."""
        packed, now = pack(value), time.time()
        with self._transaction():
            for key in keys:
                revision = self._change(key, packed, "open", "", now)
                self._db.execute(_POST, (key, packed, tag, revision))

    def claim(self, tag: str, holder: str, lease_s: float) -> Row | None:
        """Take the best item with a tag."""
        now = time.time()
        with self._transaction():
            self._db.execute(_EXPIRE, (now,))
            best = self._db.execute(_BEST, (tag,)).fetchone()
            if best is None:
                return None
            key, packed = best
            token = self._change(key, packed, "claimed", holder, now)
            self._db.execute(_CLAIM, (token, holder, now + lease_s, key))
        return Row(key, unpack(packed), token)

    def complete(self, item: Row, result: Parcel, holder: str) -> None:
        """It is done; raises :class:`Miscounted` when it is not the holder's any more."""
        packed, now = pack(result), time.time()
        with self._transaction():
            self._change(item.key, packed, "done", holder, now)
            if self._db.execute(_COMPLETE, (packed, item.key, item.revision, now)).rowcount != 1:
                raise Miscounted(f"the claim of {item.key!r} is over")

    def changes(self, since: int, prefix: str) -> list[Row]:
        """What happened from a revision on, a page of it."""
        rows = self._db.execute(
            "SELECT key, value, revision FROM changes WHERE revision >= ? ORDER BY revision LIMIT 1000",
            (since,),
        )
        return [Row(key, unpack(value), revision) for key, value, revision in rows if key.startswith(prefix)]

    def revision(self) -> int:
        """The newest."""
        newest: int = self._db.execute("SELECT coalesce(max(revision), 0) FROM changes").fetchone()[0]
        return newest

    def done(self, after: int) -> int:
        """How many items were done after a revision."""
        statement = "SELECT count(*) FROM changes WHERE revision > ? AND state = 'done'"
        done: int = self._db.execute(statement, (after,)).fetchone()[0]
        return done

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _change(self, key: str, packed: bytes, state: str | None, author: str, now: float) -> int:
        revision = self._db.execute(_CHANGE, (key, packed, state, author, now)).lastrowid
        assert revision is not None
        return revision

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")
