"""The sessions of a run: each program that had it, from its beginning to its end. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from shoal.runtime.journal.happenings import RUN_FINISHED, RUN_STARTED, RUN_STOPPED

KINDS = (RUN_STARTED, RUN_FINISHED, RUN_STOPPED)
FINISHED, STOPPED, CUT_OFF = "finished", "stopped", ""


class Session(NamedTuple):
    """What one program did of a run. The next one, after ``shoal resume``, is the next session."""

    number: int
    """From 1."""
    started_at: float
    ended_at: float | None
    """``None``: it goes on, or was killed."""
    how: str
    """:data:`FINISHED` in order, :data:`STOPPED` by an exception, or :data:`CUT_OFF`: neither is known."""
    host: str
    """``local`` or ``ray``."""
    pid: int


def sessions_of(events: Iterable[tuple[float, str, dict[str, Any]]]) -> list[Session]:
    """The sessions, from the events of :data:`KINDS` in their order: when, kind, data."""
    found: list[Session] = []
    for at, kind, data in events:
        if kind == RUN_STARTED:
            host, pid = str(data.get("host", "")), data.get("pid")
            found.append(Session(len(found) + 1, at, None, CUT_OFF, host, pid if isinstance(pid, int) else 0))
        elif found and found[-1].ended_at is None:
            how = FINISHED if kind == RUN_FINISHED else STOPPED
            found[-1] = found[-1]._replace(ended_at=at, how=how)
    return found


def session_at(sessions: Sequence[Session], at: float) -> int:
    """The number of the session in which something was at that time; 0: before the first began."""
    return max((each.number for each in sessions if each.started_at <= at), default=0)
