"""Looking at a saved region: beside its board, after it, and at any revision there is."""

from __future__ import annotations

import pytest

from shoal.blackboard.errors import Compacted, FutureRevision, RegionUnknown
from shoal.blackboard.persistence import RegionLog
from tests.blackboard.persistence.logs import RUN, Storage, bring_up
from tests.blackboard.persistence.past import Past


def _filled(storage: Storage, window: int = 3) -> tuple[Past, RegionLog]:
    past, log = Past(), storage.log()
    log.open(RUN, 1.0, window)
    for changes in (
        {"a": b"1", "b/1": b"1"},
        {"\x00lease/l": b"x"},
        {"a": b"2", "\x00lease/l": b"y"},
        {"b/1": None, "b/2": b"1"},
        {"b/1": b"2", "é": b"1"},
        {"a": None},
        {"c": b"1"},
    ):
        log.append([past.commit(changes)], [], 1.0)
    return past, log


@pytest.mark.parametrize("brought_up", [False, True])
def test_each_revision_is_seen_as_it_was(storage: Storage, brought_up: bool) -> None:
    past, log = _filled(storage)
    if brought_up:
        bring_up(log)
    reader = storage.reader()
    for revision in range(past.head + 1):
        assert list(reader.entries_at(revision)) == past.entries_at(revision)
        assert list(reader.entries_at(revision, "b/")) == past.entries_at(revision, "b/")
        for key in ("a", "b/1", "b/2", "nothing", "\ud800", "\x00lease/l"):
            assert reader.get_at(key, revision) == past.states[revision].get(key)
    assert list(reader.entries_at()) == past.entries_at(past.head)
    assert reader.get_at("c") == past.states[-1]["c"]
    assert (reader.head, reader.compacted) == (past.head, 0)


def test_a_keys_history_has_its_deletions_and_begins_where_it_is_asked_to(storage: Storage) -> None:
    past, log = _filled(storage)
    bring_up(log)
    reader = storage.reader()
    for key in ("a", "b/1", "nothing", "\x00lease/l"):
        for since in (-1, 0, 1, 3, 6, 7, 99):
            assert list(reader.history(key, since)) == past.history(key, since)


def test_commits_are_given_in_order_between_two_revisions(storage: Storage) -> None:
    past, _ = _filled(storage)
    reader = storage.reader()
    assert list(reader.commits(hidden=True)) == past.commits
    assert list(reader.commits(3, 5, hidden=True)) == past.commits[2:5]
    assert list(reader.commits(0, 0)) == list(reader.commits(7, 6)) == []
    with pytest.raises(FutureRevision):
        list(reader.commits(1, past.head + 1))


def test_hidden_keys_are_left_out_unless_they_are_asked_for(storage: Storage) -> None:
    past, _ = _filled(storage)
    reader = storage.reader()
    assert [version.key for version in reader.entries_at(3)] == ["a", "b/1"]
    assert [version.key for version in reader.entries_at(3, hidden=True)] == ["\x00lease/l", "a", "b/1"]
    assert list(reader.commits(2, 3)) == [(past.commits[2][0],)]


def test_what_was_compacted_is_refused_and_what_is_left_is_as_it_was(storage: Storage) -> None:
    past, log = _filled(storage)
    log.compact(4)
    for _ in range(3):
        reader = storage.reader()
        assert reader.compacted == 4
        for refused in (
            lambda: reader.entries_at(3),  # noqa: B023 - called within the loop
            lambda: reader.get_at("a", 3),  # noqa: B023
            lambda: list(reader.commits(4)),  # noqa: B023
        ):
            with pytest.raises(Compacted) as caught:
                refused()
            assert caught.value.details["oldest"] in (4, 5)
        for revision in range(4, past.head + 1):
            assert list(reader.entries_at(revision)) == past.entries_at(revision)
            assert reader.get_at("b/2", revision) == past.states[revision]["b/2"]
        assert list(reader.commits(hidden=True)) == past.commits[4:]
        assert [v.mod_revision for v in reader.history("a")][-1] == 6
        assert [v.mod_revision for v in reader.history("a", 5)] == [6]
        bring_up(log)


def test_a_revision_that_is_not_there_yet_is_refused(storage: Storage) -> None:
    past, _ = _filled(storage)
    reader = storage.reader()
    for call in (lambda: reader.entries_at(past.head + 1), lambda: reader.get_at("a", past.head + 1)):
        with pytest.raises(FutureRevision) as caught:
            call()
        assert caught.value.details["revision"] == past.head


def test_a_reader_sees_what_is_written_meanwhile_and_keeps_nobody_from_writing(storage: Storage) -> None:
    past, log = _filled(storage)
    reader = storage.reader()
    for _ in range(3):
        log.append([past.put("a", b"new")], [], 1.0)
        assert reader.head == past.head
        assert reader.get_at("a") == past.states[-1]["a"]
    half_read = reader.commits()
    next(half_read)
    log.append([past.put("a", b"newer")], [], 1.0)
    assert (
        len(list(half_read)) == past.head - 3
    )  # two of one lease only are hidden... and the newest came after it began


def test_what_is_compacted_while_it_is_read_is_refused_in_the_middle(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shoal.blackboard.persistence.region_reader._PAGE", 2)
    _, log = _filled(storage)
    reader = storage.reader()
    commits, history = reader.commits(), reader.history("a")
    next(commits)
    next(history)
    log.compact(6)
    bring_up(log)
    for half_read in (commits, history):
        with pytest.raises(Compacted):
            list(half_read)


def test_a_region_that_nobody_opened_is_unknown(storage: Storage) -> None:
    with pytest.raises(RegionUnknown):
        storage.reader()
    storage.log()
    with pytest.raises(RegionUnknown):
        storage.reader()
