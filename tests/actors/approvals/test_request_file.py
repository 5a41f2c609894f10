"""The file of requests: several writers, one decision, and nothing believed that was not written."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from shoal.actors.approvals.errors import ApprovalError, RequestDecided, RequestUnknown
from shoal.actors.approvals.request import State
from shoal.actors.approvals.request_file import FILE_NAME, RequestFile
from shoal.runtime.durable.errors import StoreBroken
from tests.actors.approvals.requests import decision, request


def test_a_request_and_its_decision_are_there_for_another_connection(tmp_path: Path) -> None:
    with RequestFile(tmp_path) as one, RequestFile(tmp_path, create=False) as other:
        before = one.version()
        assert one.ask(request(), 1.0).state is State.PENDING
        assert one.version() == before
        other.decide(request().id, decision(State.APPROVED), 2.0)
        assert one.version() != before
        assert one.get(request().id, 3.0).state is State.APPROVED
        assert one.ask(request(created_at=4.0), 4.0).decision == decision(State.APPROVED)


def test_of_many_who_decide_at_once_one_does(tmp_path: Path) -> None:
    with RequestFile(tmp_path) as file:
        file.ask(request(), 1.0)
    outcomes: list[str] = []

    def decide(name: str) -> None:
        with RequestFile(tmp_path) as mine:
            try:
                mine.decide(request().id, decision(State.APPROVED, by=name), 2.0)
                outcomes.append(name)
            except RequestDecided:
                outcomes.append("late")

    threads = [threading.Thread(target=decide, args=(f"p{n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (winner,) = [outcome for outcome in outcomes if outcome != "late"]
    with RequestFile(tmp_path) as file:
        decided = file.get(request().id, 3.0).decision
    assert decided is not None
    assert decided.by == winner


def test_a_list_knows_the_time_and_the_order(tmp_path: Path) -> None:
    with RequestFile(tmp_path) as file:
        for number in range(3):
            file.ask(request(id=f"{number}" * 24, created_at=9.0 - number, expires_at=10.0 + number), 1.0)
        assert [one.id[0] for one in file.list([State.PENDING], 11.5)] == ["2"]
        assert [one.id[0] for one in file.list([State.EXPIRED], 11.5)] == ["1", "0"]
        assert [one.id[0] for one in file.list(State, 11.5)] == ["2", "1", "0"]
        assert file.list([], 11.5) == []


def test_who_leaves_marks_what_has_expired(tmp_path: Path) -> None:
    with RequestFile(tmp_path) as file:
        file.ask(request(), 1.0)
        assert file.leave(request().id, 200.0).state is State.EXPIRED
    with sqlite3.connect(tmp_path / FILE_NAME) as connection:
        assert connection.execute("SELECT state FROM requests").fetchall() == [("expired",)]
    connection.close()


def test_an_id_may_be_shortened_as_long_as_it_is_the_only_one(tmp_path: Path) -> None:
    with RequestFile(tmp_path) as file:
        for known in ("abc111", "abc222", "def333"):
            file.ask(request(id=known), 1.0)
        assert file.find("D", 2.0).id == "def333"
        assert file.find("abc2", 2.0).id == "abc222"
        with pytest.raises(RequestUnknown, match="several requests begin with 'ab': abc"):
            file.find("ab", 2.0)
        for unknown in ("", "%", "abc1111", "_"):
            with pytest.raises(RequestUnknown):
                file.find(unknown, 2.0)
        with pytest.raises(RequestUnknown):
            file.get("abc", 2.0)


def test_a_row_that_somebody_changed_by_hand_is_no_approval(tmp_path: Path) -> None:
    with RequestFile(tmp_path) as file:
        file.ask(request(), 1.0)
        granted = request(state=State.APPROVED, decision=decision(State.APPROVED)).model_dump_json()
        with sqlite3.connect(tmp_path / FILE_NAME) as connection:
            connection.execute("UPDATE requests SET state = 'approved', body = ?", (granted,))
        connection.close()
        for read in (lambda: file.get(request().id, 2.0), lambda: file.list(State, 2.0)):
            with pytest.raises(StoreBroken, match="is not what was written"):
                read()
        with pytest.raises(StoreBroken):
            file.ask(request(), 2.0)


def test_a_file_is_for_its_owner_only(tmp_path: Path) -> None:
    with RequestFile(tmp_path / "run") as file:
        file.ask(request(), 1.0)
        assert (tmp_path / "run" / FILE_NAME).stat().st_mode & 0o777 == 0o600
        assert (tmp_path / "run").stat().st_mode & 0o777 == 0o700


def test_what_is_not_there_is_not_made_by_who_only_looks(tmp_path: Path) -> None:
    with pytest.raises(StoreBroken, match="it is missing"):
        RequestFile(tmp_path, create=False)
    assert list(tmp_path.iterdir()) == []


def test_an_error_crosses_processes_with_its_request() -> None:
    import pickle

    error = pickle.loads(pickle.dumps(RequestUnknown("none", request="ab")))
    assert isinstance(error, ApprovalError)
    assert (error.text, error.details) == ("none", {"request": "ab"})
