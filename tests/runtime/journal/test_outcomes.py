from __future__ import annotations

from pathlib import Path

import pytest

from shoal.runtime.errors import ProtocolError
from shoal.runtime.journal import (
    Event,
    Journal,
    TaskConflict,
    TaskEnded,
    TaskEntry,
    TaskSubmitted,
    TaskUnknown,
)
from shoal.runtime.journal.outcomes import pack_outcomes, unpack_outcomes
from shoal.runtime.journal.records import Record

ID = b"m" * 12


def test_outcomes_come_back_without_what_their_sender_knows(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db")
    records: list[Record] = [
        TaskSubmitted("t1", "team", "int", b"x" * 1000, ID, 1.0),
        TaskEnded("t1", "done", "int", b"first" * 1000, "", "", {}, 2.0),
        TaskEnded("t1", "done", "int", b"late", "", "", {}, 3.0),
        TaskSubmitted("t1", "team", "int", b"other", ID, 4.0),
        TaskEnded("t9", "done", "int", b"", "", "", {}, 5.0),
        Event(6.0, "start", "a", None, {}),
    ]
    entered, ended, late, conflict, unknown, event = unpack_outcomes(
        pack_outcomes(records, journal.append(records))
    )
    journal.close()
    assert isinstance(entered, TaskEntry)
    assert (entered.open, entered.payload, entered.message_id) == (True, b"", ID)
    assert ended is None
    assert isinstance(late, TaskEntry)
    assert (late.result, late.ended_at) == (b"first" * 1000, 2.0)
    assert isinstance(conflict, TaskConflict)
    assert conflict.details == {"task": "t1"}
    assert isinstance(unknown, TaskUnknown)
    assert event is None


@pytest.mark.parametrize(
    "data", [b"", b"\xc1", b"\x01", b"\x91\x91\x07", b"\x91\x92\x01\x90", b"\x91\x92\x02\xa0"]
)
def test_bytes_that_are_no_outcomes_are_refused(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        unpack_outcomes(data)
