"""The log of a region that is kept in memory only: it keeps nothing."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from shoal.blackboard.persistence.region_log import Answer, Owner, Saved
from shoal.blackboard.version import Commit


class MemoryLog:
    """A :class:`RegionLog` that forgets. Each one is another region: whoever knew the one before is told so."""

    quick = True
    wants_tending = False

    def tend(self) -> None:
        """Nothing to do."""

    def open(self, owner: Owner, now: float, window: int) -> Saved:
        """An empty region."""
        return Saved(secrets.token_hex(8), 0, [], [], {})

    def append(self, commits: Sequence[Commit], answers: Sequence[Answer], now: float) -> None:
        """Nothing is kept."""

    def compact(self, revision: int) -> None:
        """Nothing is kept."""

    def beat(self, now: float) -> None:
        """Nobody else can open it."""

    def close(self) -> None:
        """Nothing to let go of."""
