"""What every log keeps: all of what was written and nothing else, for the one who owns the region."""

from __future__ import annotations

import pytest

from shoal.blackboard.errors import RegionInUse
from shoal.blackboard.persistence import Answer, Owner, RegionLog
from shoal.blackboard.persistence.answer_rows import newest_answers
from shoal.blackboard.persistence.region_log import ANSWERS
from shoal.blackboard.version import Commit
from shoal.runtime.durable.errors import Fenced, StoreError
from tests.blackboard.persistence.logs import EVERYTHING, RUN, Storage, bring_up
from tests.blackboard.persistence.past import Past


def _write(log: RegionLog, *commits: Commit, now: float = 1.0) -> None:
    log.append(commits, [], now)


def _fill(log: RegionLog, past: Past) -> None:
    """Keys that come, change, go and come again; a lease; commits of several versions."""
    for changes in (
        {"a": b"1"},
        {"b": b"1", "c": b"1", "\x00lease/l": b"x"},
        {"a": b"2"},
        {"b": None, "item/1": b"i"},
        {"a": b"3", "c": None, "d": b"1"},
        {"b": b"2"},
        {"\x00lease/l": None, "d": b"2"},
    ):
        _write(log, past.commit(changes))


def test_a_new_region_is_empty_and_has_an_identity(storage: Storage) -> None:
    saved = storage.log().open(RUN, 1.0, 10)
    assert saved.region_id
    assert saved[1:] == (0, [], [], {})


@pytest.mark.parametrize("window", [0, 1, 3, 6, 7, 100])
def test_what_was_written_is_there_again_as_far_back_as_the_window(storage: Storage, window: int) -> None:
    past, log = Past(), storage.log()
    first = log.open(RUN, 1.0, 10)
    _fill(log, past)
    for _ in range(3):  # before the snapshot took it in, when it has, and again
        saved = log.open(RUN, 2.0, window)
        oldest = max(0, past.head - window)
        assert saved.region_id == first.region_id
        assert saved.oldest == oldest
        assert {version.key: version for version in saved.base} == past.states[oldest]
        assert len(saved.base) == len(past.states[oldest])
        assert saved.commits == past.commits[oldest:]
        bring_up(log)


def test_commits_that_come_together_are_written_together(storage: Storage) -> None:
    past, log = Past(), storage.log()
    log.open(RUN, 1.0, 10)
    log.append([past.put("a"), past.commit({"b": b"x", "c": b"y"}), past.put("a")], [], 1.0)
    assert log.open(RUN, 1.0, 10).commits == past.commits


def test_commits_that_do_not_follow_the_newest_revision_are_refused_and_nothing_is_written(
    storage: Storage,
) -> None:
    past, log = Past(), storage.log()
    log.open(RUN, 1.0, 10)
    first, second, third = past.put("a"), past.put("b"), past.put("c")
    for wrong in ([second], [first, third], [first, ()], [(*first, *second)]):
        with pytest.raises(StoreError):
            log.append(wrong, [Answer(b"m", 1, b"r")], 1.0)
    log.append([first, second, third], [], 1.0)
    assert log.open(RUN, 1.0, 10) == (*log.open(RUN, 1.0, 10)[:3], [first, second, third], {})


def test_a_write_that_fails_half_way_leaves_nothing(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    past, log = Past(), storage.log()
    log.open(RUN, 1.0, 10)
    _write(log, past.put("a"))
    commit = past.put("b")

    def fail(*_: object) -> None:
        raise StoreError("no")

    with monkeypatch.context() as patch:
        patch.setattr("shoal.blackboard.persistence.writing.write_region", fail)
        with pytest.raises(StoreError, match="no"):
            log.append([commit], [Answer(b"m", 2, b"r")], 1.0)
    _write(log, commit)
    saved = log.open(RUN, 1.0, 10)
    assert (saved.commits, saved.answers) == (past.commits, {})


def test_a_log_that_was_not_opened_writes_nothing(storage: Storage) -> None:
    log = storage.log()
    with pytest.raises(StoreError):
        log.append([Past().put("a")], [], 1.0)
    with pytest.raises(StoreError):
        log.beat(1.0)
    assert storage.log().open(RUN, 1.0, 10).commits == []


# Owners.


def test_a_later_generation_of_a_session_takes_the_region_and_the_one_before_has_to_stop(
    storage: Storage,
) -> None:
    past, old, new = Past(), storage.log(), storage.log()
    old.open(RUN, 1.0, 10)
    _write(old, past.put("a"))
    assert new.open(RUN._replace(generation=2), 1.0, 10).commits == past.commits
    refused = Past()
    refused.commits, refused.states = list(past.commits), list(past.states)
    for call in (
        lambda: _write(old, refused.put("b")),
        lambda: old.beat(2.0),
        lambda: old.compact(1),
        lambda: old.open(RUN, 2.0, 10),
        lambda: bring_up(old),
    ):
        with pytest.raises(Fenced):
            call()
    old.close()
    _write(new, past.put("c"))
    assert new.open(RUN._replace(generation=2), 1.0, 10).commits == past.commits


def test_the_same_generation_may_open_again_and_then_only_the_newest_opening_counts(storage: Storage) -> None:
    past, old, new = Past(), storage.log(), storage.log()
    old.open(RUN, 1.0, 10)
    new.open(RUN, 1.0, 10)
    with pytest.raises(Fenced):
        _write(old, Past().put("late"))
    _write(new, past.put("a"))


def test_another_session_waits_until_the_owner_is_silent_and_is_told_whose_it_is(storage: Storage) -> None:
    past, owner, other = Past(), storage.log(), storage.log()
    owner.open(RUN, 100.0, 10)
    _write(owner, past.put("a"), now=105.0)
    rival = Owner("session-2", "run-2", 1)
    for now in (105.0, 119.9, 101.0):
        with pytest.raises(RegionInUse, match="run-1") as caught:
            other.open(rival, now, 10)
        assert caught.value.details["owner"] == "run-1"
    owner.beat(115.0)
    with pytest.raises(RegionInUse):
        other.open(rival, 129.0, 10)
    _write(owner, past.put("b"), now=115.0)
    assert other.open(rival, 130.0, 10).commits == past.commits
    with pytest.raises(Fenced, match="run-2"):
        owner.beat(130.0)


def test_another_session_takes_at_once_what_was_closed_or_when_it_is_the_only_one_there_can_be(
    storage: Storage,
) -> None:
    past, first, second, third = Past(), storage.log(), storage.log(), storage.log()
    first.open(RUN, 100.0, 10)
    _write(first, past.put("a"), now=100.0)
    first.close()
    first.close()
    assert second.open(Owner("session-2", "run-1", 1), 100.0, 10).commits == past.commits
    assert third.open(Owner("session-3", "run-1", 1, sole=True), 100.0, 10).commits == past.commits
    with pytest.raises(Fenced):
        _write(second, Past().put("late"))


def test_a_fenced_owner_that_closes_does_not_close_the_region_of_the_next(storage: Storage) -> None:
    old, new, other = storage.log(), storage.log(), storage.log()
    old.open(RUN, 100.0, 10)
    new.open(RUN._replace(generation=2), 100.0, 10)
    old.close()
    with pytest.raises(RegionInUse):
        other.open(Owner("session-2", "run-2", 1), 101.0, 10)


# Answers.


def test_answers_are_remembered_with_the_writes_that_they_tell_of(storage: Storage) -> None:
    past, log = Past(), storage.log()
    log.open(RUN, 1.0, 10)
    log.append([past.put("a"), past.put("b")], [Answer(b"m1", 1, b"one"), Answer(b"m2", 2, b"")], 1.0)
    log.append([past.put("c")], [Answer(b"m1", 3, b"newer")], 1.0)
    saved = log.open(RUN, 1.0, 10)
    assert saved.answers == {b"m1": b"newer", b"m2": b""}


def test_the_newest_answers_are_remembered_and_older_ones_deleted(storage: Storage) -> None:
    past, log = Past(), storage.log()
    log.open(RUN, 1.0, 10)
    total = 0
    while total < ANSWERS + ANSWERS // 2:
        answers = [Answer((total + each).to_bytes(4, "big"), 1, b"r") for each in range(1000)]
        log.append([past.put("a")], answers, 1.0)
        total += len(answers)
    answers_kept = log.open(RUN, 1.0, 10).answers
    assert list(answers_kept) == [each.to_bytes(4, "big") for each in range(total - ANSWERS, total)]


def test_of_large_answers_fewer_are_remembered(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{newest_answers.__module__}.ANSWER_BYTES", 100_000)
    past, log = Past(), storage.log()
    log.open(RUN, 1.0, 10)
    for number in range(50):
        log.append([past.put("a")], [Answer(bytes([number]), 1, bytes(10_000)), Answer(b"s", 1, b"")], 1.0)
    answers = log.open(RUN, 1.0, 10).answers
    assert set(answers) == {b"s", *(bytes([number]) for number in range(40, 50))}


# Compaction.


@pytest.mark.parametrize("revision", [1, 3, 5, 7])
def test_after_compaction_nothing_older_can_be_read_and_the_rest_is_as_it_was(
    storage: Storage, revision: int
) -> None:
    past, log = Past(), storage.log()
    log.open(RUN, 1.0, 10)
    _fill(log, past)
    log.compact(revision)
    log.compact(revision - 1)
    for _ in range(3):
        for window in (0, 1, EVERYTHING):
            saved = log.open(RUN, 1.0, window)
            assert saved.oldest == max(revision, past.head - window)
            assert {version.key: version for version in saved.base} == past.states[saved.oldest]
            assert saved.commits == past.commits[saved.oldest :]
        bring_up(log)
    with pytest.raises(StoreError):
        log.compact(past.head + 1)
    storage.reader().verify()


def test_compaction_deletes_what_nobody_can_read_any_more(storage: Storage) -> None:
    past, log = Past(), storage.log()
    log.open(RUN, 1.0, 10)
    for number in range(100):
        _write(log, past.commit({"a": bytes([number]), f"gone/{number}": b""}))
        _write(log, past.commit({f"gone/{number}": None}))
    _write(log, past.put("b"))
    log.compact(past.head - 1)
    bring_up(log)
    reader = storage.reader()
    reader.verify()
    with reader._source.transaction() as rows:
        left = [row.place >> 20 for row in rows.versions(0, 1 << 60)]
    assert left == [past.states[-1]["a"].mod_revision, past.head]
