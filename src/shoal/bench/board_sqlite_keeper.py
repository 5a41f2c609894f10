"""The process that is killed in plain SQLite's side of the row about recovery: it answers keys with what is there.

Run by its path, so that nothing is imported but what a program of SQLite alone would import::

    python board_sqlite_keeper.py FILE < keys, one a line > values in hexadecimal, one a line
"""

from __future__ import annotations

import sqlite3
import sys


def main(path: str) -> None:
    """Answer until the questions end."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous = NORMAL")
    for line in sys.stdin:
        row = connection.execute("SELECT value FROM entries WHERE key = ?", (line.strip(),)).fetchone()
        sys.stdout.write(row[0].hex() + "\n" if row else "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
