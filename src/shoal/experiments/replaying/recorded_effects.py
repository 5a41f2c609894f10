"""What a run recorded of its agents' effects (``ctx.once``): model calls, tools, what programs put there. Read-only.

An effect is known by agent, message and key. Ids of messages are derived from the task's, so a task that is played
again asks for the same effects under the same names, as long as the code does the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from shoal.runtime.durable.opening import state_files
from shoal.runtime.durable.sqlite_file import SqliteFile
from shoal.runtime.durable.sqlite_store import KIND
from shoal.runtime.durable.store import Recorded

_ONE = "SELECT tag, payload FROM effects WHERE agent = ? AND scope = ? AND key = ? AND tag IS NOT NULL"
_OF = "SELECT key, tag, payload FROM effects WHERE agent = ? AND scope = ? AND tag IS NOT NULL"


class Name(NamedTuple):
    """What an effect is known by."""

    agent: str
    scope: bytes
    """The id of the message in whose handling it was done; empty: once in the agent's life."""
    key: str


class RecordedEffects:
    """Those of one run. Raises :class:`StoreError` for a file that cannot be read; close it after use."""

    def __init__(self, run_dir: Path) -> None:
        self._files = [SqliteFile(path, KIND, read_only=True) for path in sorted(state_files(run_dir))]

    def find(self, name: Name) -> Recorded | None:
        """The effect of this name."""
        for file in self._files:
            with file.read() as connection:
                row = connection.execute(_ONE, name).fetchone()
            if row is not None:
                return Recorded(*row)
        return None

    def of_handling(self, agent: str, scope: bytes) -> Iterator[tuple[Name, Recorded]]:
        """All effects of one agent's handling of one message."""
        for file in self._files:
            with file.read() as connection:
                rows = connection.execute(_OF, (agent, scope)).fetchall()
            for key, tag, payload in rows:
                yield Name(agent, scope, key), Recorded(tag, payload)

    def of_handlings(self, handlings: Iterable[tuple[str, bytes]]) -> dict[Name, Recorded]:
        """All effects of several handlings."""
        return {name: effect for agent, scope in handlings for name, effect in self.of_handling(agent, scope)}

    def close(self) -> None:
        """Let go of the files. Closing twice is fine."""
        for file in self._files:
            file.close()
