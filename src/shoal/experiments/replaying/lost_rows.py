"""Messages of the recorded run whose rows are not in its journal: a killed host takes its last ones along. Pure.

A row that names a cause without a row shows that there was one; what else that handling sent may have lost its row too.
"""

from __future__ import annotations

from collections.abc import Sequence

from shoal.experiments.replaying.message_pairs import Pair
from shoal.runtime.journal.ledger import TaskEntry
from shoal.runtime.journal.sessions import CUT_OFF, Session, session_at


def without_lost(paired: Sequence[Pair]) -> list[Pair]:
    """The pairs but for messages of the replay that the run had too, as far as its journal shows, and for what follows
    from those.

    ``paired``: causes before what they caused.
    """
    known = {one.then.id for one in paired if one.then is not None}
    lost = {one.then.cause for one in paired if one.then is not None and one.then.cause} - known
    kept = []
    for one in paired:
        if one.then is None and one.now is not None and (one.now.id in lost or one.now.cause in lost):
            lost.add(one.now.id)
        else:
            kept.append(one)
    return kept


def of_kills(sessions: Sequence[Session], entry: TaskEntry) -> list[str]:
    """That the run was killed in the session in which the task was, in words."""
    at = entry.submitted_at if entry.ended_at is None else entry.ended_at
    number = session_at(sessions, at)
    if not number or sessions[number - 1].how != CUT_OFF:
        return []
    return [
        "the run was killed in the session in which the task was, or still goes on: messages that were not written "
        "down by then are missing from the record"
    ]
