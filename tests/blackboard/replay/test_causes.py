"""Which message made somebody write, from the journal of a run."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from shoal.blackboard.replay import causes
from shoal.blackboard.replay.causes import Message, Messages, Wanted
from shoal.runtime.journal import Journal, TaskSubmitted, messages_handled
from shoal.runtime.journal.journal import settle_journal
from shoal.runtime.journal.records import MessageRow

START = 1000.0


def message_id(number: int) -> bytes:
    return number.to_bytes(12, "big")


def row(number: int, cause: int | None = None) -> MessageRow:
    by = None if cause is None else message_id(cause)
    return (
        message_id(number),
        by,
        "t",
        f"s{number}",
        f"r{number}",
        "app:Ask",
        9,
        START + number,
        0.1,
        "done",
        0.0,
        0,
        1,
    )


def wanted(number: int, at: float | None = None, task: str | None = None) -> Wanted:
    return Wanted(message_id(number), task, START + number if at is None else at)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A journal with 500 messages, ten a batch; each was caused by the one ten before."""
    file = tmp_path / "journal.db"
    journal = Journal(file)
    for first in range(0, 500, 10):
        rows = [row(n, n - 10 if n >= 10 else None) for n in range(first, first + 10)]
        journal.append([messages_handled(rows)])
    journal.append([TaskSubmitted("task", "team", "app:Job", b"x", b"m" * 12, START)])
    journal.close()
    return file


@pytest.fixture
def messages(path: Path) -> Iterator[Messages]:
    opened = Messages(path)
    yield opened
    opened.close()


@pytest.mark.parametrize("at", [0.0, START + 250, START + 9999])
def test_a_message_is_found_wherever_it_is(messages: Messages, at: float) -> None:
    numbers = (0, 9, 10, 333, 499)
    for number in numbers:
        messages.look_for([wanted(number, at)])
    messages.look_for([wanted(number, at) for number in range(100, 200)])
    for number in (*numbers, *range(100, 200)):
        found = messages.of(message_id(number))
        assert found is not None
        assert (found.sender, found.recipient, found.tag) == (f"s{number}", f"r{number}", "app:Ask")


def test_one_that_is_not_there_is_none_and_is_not_looked_for_again(messages: Messages) -> None:
    messages.look_for([wanted(77777)])
    assert messages.of(message_id(77777)) is None
    messages.close()
    messages.look_for([wanted(77777)])
    assert messages.problem == ""


def test_what_led_to_a_message_is_followed_to_its_beginning(messages: Messages) -> None:
    chain = messages.chain(wanted(42))
    assert [message.sender for message in chain] == ["s42", "s32", "s22", "s12", "s2"]
    assert len(messages.chain(wanted(499))) == 20


def test_messages_that_caused_each_other_end(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db")
    journal.append([messages_handled([row(1, 2), row(2, 1)])])
    journal.close()
    messages = Messages(tmp_path / "journal.db")
    assert [message.sender for message in messages.chain(wanted(1))] == ["s1", "s2"]
    messages.close()


def test_without_messages_the_ledger_tells_who_was_given_the_task(messages: Messages) -> None:
    messages.look_for([Wanted(b"m" * 12, "task", START), Wanted(b"n" * 12, "task", START)])
    assert messages.of(b"m" * 12) == Message(b"m" * 12, b"", "task", "", "team", "app:Job", "")
    assert messages.of(b"n" * 12) is None


def test_a_damaged_batch_is_left_out(path: Path) -> None:
    settle_journal(path)
    connection = sqlite3.connect(path)
    connection.execute("UPDATE message_batches SET rows = ? WHERE batch = 1", ("{",))
    connection.execute(
        "UPDATE message_batches SET rows = ? WHERE batch = 2", (f'[["{message_id(11).hex()}", 3]]',)
    )
    connection.execute("UPDATE message_batches SET rows = ? WHERE batch = 3", ("[5]",))
    connection.commit()
    connection.close()
    messages = Messages(path)
    messages.look_for([wanted(1), wanted(11), wanted(21), wanted(31)])
    assert [messages.of(message_id(n)) is None for n in (1, 11, 21, 31)] == [True, True, True, False]
    assert messages.problem == ""
    messages.close()


@pytest.mark.parametrize("content", [b"", b"garbage"])
def test_a_journal_that_cannot_be_read_is_told_once_it_is_needed(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "journal.db"
    file.write_bytes(content)
    messages = Messages(file)
    assert messages.problem == ""
    messages.look_for([wanted(1)])
    assert str(file) in messages.problem
    assert messages.of(message_id(1)) is None
    messages.close()


def test_without_a_journal_nothing_is_known() -> None:
    messages = Messages(None)
    assert messages.chain(wanted(1)) == []
    assert messages.problem == ""
    messages.close()


def test_after_searches_in_vain_only_what_is_near_is_looked_through(
    path: Path, messages: Messages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(causes, "_NEAR", 10)
    monkeypatch.setattr(causes, "_FRUITLESS", 3)
    for number in range(5000, 5003):
        messages.look_for([wanted(number, START)])
    messages.look_for([wanted(480, START), wanted(20, START)])
    assert messages.of(message_id(480)) is None
    assert messages.of(message_id(20)) is not None
