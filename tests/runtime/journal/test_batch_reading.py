"""Messages and spans by their task: whatever was journaled is found, settled or not, and nothing else."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shoal.runtime.errors import ProtocolError
from shoal.runtime.journal import (
    Journal,
    MessageEntry,
    MessagesHandled,
    RunDirectory,
    RunReader,
    SpanEntry,
    SpansNoted,
    messages_handled,
    open_run,
    spans_noted,
)
from shoal.runtime.journal.records import MessageRow, SpanRow

# Names that look like pieces of a row, and a few that anything can be.
NAME = st.sampled_from(["t", '"t"', '","t","', "[", '["t', "\\", "é", "\u2028", "a,b", "null", ""]) | st.text(
    st.characters(exclude_categories=["Cs"]), max_size=4
)
ID = st.binary(min_size=12, max_size=12)
ROW = st.tuples(
    ID, st.none() | ID, st.none() | NAME, NAME, NAME, NAME, st.integers(0, 9), st.floats(0, 1e10), st.floats(0, 9),
    st.sampled_from(["done", "handler_error"]), st.none() | st.floats(0, 9), st.integers(0, 1), st.integers(1, 3),
)  # fmt: skip
SPAN = st.tuples(
    st.binary(min_size=8, max_size=8), ID, st.none() | NAME, NAME, NAME, NAME, st.floats(0, 1e10), st.floats(0, 9),
    NAME, st.dictionaries(NAME, NAME | st.integers(-9, 9) | st.none() | st.booleans(), max_size=3),
)  # fmt: skip


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[RunDirectory]:
    with RunDirectory.create("r", root=tmp_path, now=1.0) as made:
        yield made


@pytest.fixture
def journal(directory: RunDirectory) -> Iterator[Journal]:
    opened = Journal(directory.journal_path)
    yield opened
    opened.close()


@pytest.fixture
def reader(directory: RunDirectory, journal: Journal) -> Iterator[RunReader]:
    with open_run("r", root=directory.path.parent) as opened:
        yield opened


def entry(row: MessageRow) -> MessageEntry:
    fields = dict(zip(MessageEntry._fields, row, strict=True))
    plain = MessageEntry(**fields)  # type: ignore[arg-type]
    cause = None if row[1] is None else row[1].hex()
    return plain._replace(id=row[0].hex(), cause=cause, kind=["tell", "ask"][row[11]])


def emptied(journal: Journal) -> None:
    with journal._file.write() as connection:
        connection.execute("DELETE FROM message_batches")
        connection.execute("DELETE FROM span_batches")


ONE_JOURNAL = settings(
    deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@ONE_JOURNAL
@given(st.lists(st.lists(ROW, min_size=1, max_size=5), max_size=4), st.integers(0, 20))
def test_a_tasks_messages_are_found_whether_they_are_settled_or_not(
    journal: Journal, reader: RunReader, batches: list[list[MessageRow]], settled: int
) -> None:
    emptied(journal)
    for batch in batches:
        journal.append([messages_handled(batch)])
    if settled:
        journal.settle(settled)
    written = [entry(row) for batch in batches for row in batch]
    assert list(reader.iter_messages()) == written
    for task in {row.task for row in written if row.task is not None} | {"nobody's"}:
        expected = sorted((row for row in written if row.task == task), key=lambda row: row.at)
        assert reader.messages(task) == expected


@ONE_JOURNAL
@given(st.lists(st.lists(SPAN, min_size=1, max_size=5), max_size=4))
def test_a_tasks_spans_are_found_each_once(
    journal: Journal, reader: RunReader, batches: list[list[SpanRow]]
) -> None:
    emptied(journal)
    for batch in [*batches, *batches]:
        journal.append([spans_noted(batch)])
    firsts: dict[bytes, SpanRow] = {}
    for batch in batches:
        for row in batch:
            firsts.setdefault(row[0], row)
    written = [SpanEntry(row[0].hex(), row[1].hex(), *row[2:]) for row in firsts.values()]
    assert list(reader.iter_spans()) == written == reader.spans()
    of_each: dict[str, dict[str, SpanEntry]] = {}
    for batch in batches:
        for row in batch:
            if row[2] is not None:
                found = SpanEntry(row[0].hex(), row[1].hex(), *row[2:])
                of_each.setdefault(row[2], {}).setdefault(found.id, found)
    for task, spans in of_each.items():
        assert reader.spans(task) == sorted(spans.values(), key=lambda span: span.at)


def row(number: int, task: str | None = "t") -> MessageRow:
    return (
        number.to_bytes(12, "big"), None, task, "a", "b", "int", 1, 10.0 - number, 0.1, "done", 0.2, 1, 1,
    )  # fmt: skip


def test_no_more_than_asked_for_come_back(journal: Journal, reader: RunReader) -> None:
    journal.append([messages_handled([row(n) for n in range(5)])])
    assert [int(found.id, 16) for found in reader.messages("t", limit=2)] == [1, 0]
    assert [int(found.id, 16) for found in reader.messages(limit=2)] == [0, 1]


def test_a_damaged_batch_is_left_out_and_the_others_are_read(journal: Journal, reader: RunReader) -> None:
    journal.append([messages_handled([row(n)]) for n in range(4)])
    journal.settle()
    plain = sqlite3.connect(journal.path)
    for batch, text in enumerate(["{", "[5]", '[["00", null, "t"], ["', None], 1):
        plain.execute("UPDATE message_batches SET rows = ? WHERE batch = ?", (text, batch))
    plain.commit()
    plain.close()
    assert reader.messages("t") == reader.messages() == []
    journal.append([messages_handled([row(9)])])
    assert len(reader.messages("t")) == len(reader.messages()) == 1


@pytest.mark.parametrize("packed", [b"", b"\xc1", b"\x91\xc0", b"\x05"])
def test_bytes_that_are_no_rows_are_counted_and_shown_nowhere(
    journal: Journal, reader: RunReader, packed: bytes
) -> None:
    journal.append([MessagesHandled(3, 1.0, 2.0, packed), messages_handled([row(1)])])
    for _ in range(2):
        assert (len(reader.messages()), len(reader.messages("t")), reader.message_count()) == (1, 1, 4)
        journal.settle()
    with pytest.raises(ProtocolError):
        journal.append([SpansNoted(1, 1.0, 1.0, packed)])


def test_settling_a_part_leaves_the_rest_for_later(journal: Journal) -> None:
    journal.append([messages_handled([row(n) for n in range(3)]) for _ in range(3)])
    assert journal.settle(4)
    assert shown(journal) == 6
    assert not journal.settle(4)
    assert shown(journal) == 9


def test_whoever_lets_go_of_a_run_settles_what_is_left(directory: RunDirectory, journal: Journal) -> None:
    journal.append([messages_handled([row(1)])])
    directory.close()
    assert shown(journal) == 1


def test_the_view_of_spans_has_their_data_as_json(journal: Journal) -> None:
    journal.append(
        [spans_noted([(b"s" * 8, b"m" * 12, "t", "a", "model", "m1", 1.0, 0.5, "ok", {"tokens": 7})])]
    )
    plain = sqlite3.connect(journal.path)
    found = plain.execute("SELECT id, parent, kind, json_extract(data, '$.tokens') FROM spans").fetchall()
    plain.close()
    assert found == [((b"s" * 8).hex(), (b"m" * 12).hex(), "model", 7)]


def test_the_query_in_the_schemas_text_finds_a_task(journal: Journal) -> None:
    journal.append([messages_handled([row(1, "t17"), row(2, "t1"), row(3, None)])])
    journal.settle()
    plain = sqlite3.connect(journal.path)
    query = """select value ->> 0 as id, value ->> 5 as tag from message_batches, json_each(rows)
        where instr(rows, ',"t17",') and json_valid(rows) and value ->> 2 = 't17'"""
    found: list[Any] = plain.execute(query).fetchall()
    plain.close()
    assert found == [((1).to_bytes(12, "big").hex(), "int")]


def shown(journal: Journal) -> int:
    plain = sqlite3.connect(journal.path)
    try:
        found: int = plain.execute("SELECT count(*) FROM messages").fetchone()[0]
        return found
    finally:
        plain.close()
