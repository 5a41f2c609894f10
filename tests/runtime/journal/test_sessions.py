from __future__ import annotations

from pathlib import Path

import shoal
from shoal.runtime.journal import RunDirectory, open_run
from shoal.runtime.journal.resuming import going_on_with
from shoal.runtime.journal.sessions import session_at, sessions_of

BEGUN = {"pid": 7, "resumed": False, "host": "local"}


def test_each_program_that_had_the_run_is_a_session() -> None:
    sessions = sessions_of(
        [
            (1.0, "run_started", BEGUN),
            (2.0, "run_stopped", {"error": "X"}),
            (3.0, "run_started", BEGUN),
            (5.0, "run_started", BEGUN),
            (6.0, "run_finished", {}),
        ]
    )
    assert [(one.number, one.started_at, one.ended_at, one.how) for one in sessions] == [
        (1, 1.0, 2.0, "stopped"),
        (2, 3.0, None, ""),
        (3, 5.0, 6.0, "finished"),
    ]
    assert [session_at(sessions, at) for at in (0.5, 1.0, 2.5, 4.0, 9.0)] == [0, 1, 1, 2, 3]


async def test_a_run_that_was_gone_on_with_has_two(tmp_path: Path) -> None:
    async with shoal.start("local", run="r", runs_root=tmp_path):
        pass
    with going_on_with(tmp_path / "r"):
        async with shoal.start("local", run="r"):
            pass
    with open_run("r", root=tmp_path) as reader:
        assert [(one.how, one.host) for one in reader.sessions()] == [("finished", "local")] * 2


def test_a_run_that_never_began_has_none(tmp_path: Path) -> None:
    RunDirectory.create("r", root=tmp_path, now=1.0).close()
    with open_run("r", root=tmp_path) as reader:
        assert [reader.sessions(), reader.messages(), reader.spans()] == [[], [], []]
