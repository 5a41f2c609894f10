"""Going back when a commit could not be saved, and coming back from what was saved."""

from __future__ import annotations

import pytest

from shoal.blackboard.errors import LeaseLost
from shoal.blackboard.operations import (
    Compact,
    Complete,
    Delete,
    DeletePrefix,
    Fail,
    Grant,
    KeepAlive,
    Post,
    Put,
    Renew,
    Transaction,
)
from shoal.blackboard.store import Store
from shoal.blackboard.version import Commit, Version
from tests.blackboard.store.stand import ALICE, BOB, Stand, item_of, value


def live_at(commits: list[Commit], revision: int) -> list[Version]:
    newest = {version.key: version for commit in commits[:revision] for version in commit}
    return [version for version in newest.values() if not version.deleted]


def restored(stand: Stand, oldest: int = 0) -> Stand:
    """Another stand with the store that comes back from what this one has written."""
    other = Stand()
    other.now, other.commits = stand.now, list(stand.commits)
    base = live_at(stand.commits, oldest)
    other.store = Store.restore(base, oldest, stand.commits[oldest:], stand.now)
    return other


def busy() -> Stand:
    """A bit of everything: 12 revisions."""
    stand = Stand()
    stand.put("plan", 1)
    stand.put("plan", 2)
    stand.do(Grant("mine", 10))
    stand.put("leased", lease="mine")
    stand.put("short", ttl_s=5)
    stand.post("a", tags=("red",))
    stand.post("b", depends_on=("a",), priority=3)
    stand.post("c", max_attempts=1)
    stand.claim(BOB, tags=("red",), lease_s=20)
    stand.do(Delete("plan"))
    stand.post("late", delay_s=50)
    stand.claim(BOB, prefix="c", lease_s=30)
    return stand


def test_undoing_a_write_brings_back_what_was_there() -> None:
    stand = Stand()
    first = stand.put("plan", 1)
    stand.put("plan", 2)
    stand.put("other")
    stand.do(Delete("plan"))
    stand.undo(1)
    assert (stand.store.revision, stand.keys(), stand.get("plan")) == (1, ["plan"], first)
    assert stand.store.changes(0) == [first]
    assert stand.put("plan", 3).mod_revision == 2
    stand.undo(0)
    assert (stand.store.revision, stand.keys()) == (0, [])
    assert stand.put("plan").version == 1


def test_undoing_nothing_changes_nothing() -> None:
    stand = busy()
    before = stand.store.summary(), stand.range(), stand.store.due()
    stand.undo(stand.store.revision)
    assert (stand.store.summary(), stand.range(), stand.store.due()) == before


@pytest.mark.parametrize("revision", range(13))
def test_undone_to_any_revision_a_store_is_as_one_that_never_went_further(revision: int) -> None:
    stand = busy()
    stand.undo(revision)
    fresh = restored(stand)
    assert stand.store.summary() == fresh.store.summary()
    assert stand.range() == fresh.range()
    while (mine := stand.claim(ALICE)) is not None:
        assert mine == fresh.claim(ALICE)
    assert fresh.claim(ALICE) is None
    for _ in range(4):
        assert stand.store.due() == fresh.store.due()
        assert sorted(stand.advance(30)) == sorted(fresh.advance(30))


def test_undoing_a_claim_lets_another_one_have_the_item() -> None:
    stand = Stand()
    stand.post("job")
    stand.claim(ALICE)
    stand.undo(1)
    assert stand.store.due() is None
    key, token = stand.claimed(BOB)
    assert token == 2
    assert item_of(stand.complete(key, token)).attempts == 1


def test_undoing_a_completion_gives_the_holder_the_full_time_again() -> None:
    stand = Stand()
    stand.post("a")
    stand.post("b", depends_on=("a",))
    key, token = stand.claimed(lease_s=10)
    stand.now += 9
    stand.complete(key, token)
    assert stand.store.summary().claimable == 1
    stand.undo(3)
    assert stand.store.summary().claimable == 0
    assert stand.claim() is None
    assert stand.store.due() == stand.now + 10
    stand.now += 9
    stand.complete(key, token)
    assert stand.claimed()[0] == "b"


def test_undoing_the_end_of_a_lease_gives_it_its_full_time_again() -> None:
    stand = Stand()
    stand.do(Grant("mine", 10))
    stand.put("a", lease="mine")
    stand.put("b", ttl_s=4)
    stand.advance(10)
    assert stand.keys() == []
    stand.undo(3)
    assert stand.keys() == ["a", "b"]
    assert stand.store.due() == stand.now + 4
    stand.do(KeepAlive("mine"))
    stand.advance(4)
    assert stand.keys() == ["a"]
    stand.advance(6)
    assert stand.keys() == []


def test_undoing_deaths_brings_back_all_that_depended_on_one_another() -> None:
    stand = Stand()
    stand.post("a")
    stand.post("b", depends_on=("a",))
    stand.post("c", depends_on=("b",))
    for end in (Delete("a"), DeletePrefix("a"), Transaction((), (Delete("a"), Post("d", value())))):
        stand.do(end)
        assert stand.store.summary().dead == 2
        stand.undo(3)
        assert stand.store.summary()[3:8] == (3, 0, 0, 0, 1)
    for key in ("a", "b", "c"):
        name, token = stand.claimed()
        assert name == key
        stand.complete(name, token)


def test_what_came_and_went_in_what_is_undone_leaves_nothing() -> None:
    stand = Stand()
    stand.put("kept")
    before = stand.store.summary()
    stand.do(Grant("mine", 10))
    stand.put("a", lease="mine")
    stand.post("job")
    stand.do(Complete(*stand.claimed()))
    stand.do(Delete("job"))
    stand.advance(10)
    stand.undo(1)
    assert stand.store.summary() == before
    assert stand.store.due() is None


def test_only_what_is_still_known_can_be_undone() -> None:
    stand = busy()
    stand.do(Compact(5))
    for revision in (4, 13, -1):
        with pytest.raises(ValueError, match="go back"):
            stand.store.undo(revision)
    stand.undo(5)
    assert (stand.store.revision, stand.store.oldest) == (5, 5)


def test_undone_to_a_compacted_deletion_the_key_is_as_new() -> None:
    stand = Stand()
    for of in ("a", "b"):
        stand.put("plan", of)
        stand.do(Delete("plan"))
    for n in range(9):
        stand.put("plan", n)
    stand.do(Compact(4))
    stand.undo(4)
    assert stand.keys() == []
    assert not stand.store._versions.was_there("plan")
    assert (stand.put("plan").version, stand.put("plan").version) == (1, 2)


@pytest.mark.parametrize("oldest", range(13))
def test_a_restored_store_is_as_the_one_before(oldest: int) -> None:
    stand = busy()
    other = restored(stand, oldest)
    assert other.store.summary() == stand.store.summary()._replace(oldest=oldest)
    for revision in range(oldest, 13):
        assert other.range(revision=revision) == stand.range(revision=revision)
    if oldest < 12:
        assert other.store.changes(oldest + 1) == stand.store.changes(oldest + 1)
    assert other.put("plan") == stand.put("plan")
    while (mine := stand.claim(ALICE)) is not None:
        assert mine == other.claim(ALICE)


def test_a_restored_claim_has_its_full_time_and_its_token_still_counts() -> None:
    stand = Stand()
    stand.post("job")
    key, token = stand.claimed(lease_s=10)
    stand.now += 500
    other = restored(stand)
    assert other.store.due() == stand.now + 10
    other.now += 9
    other.do(Renew(key, token))
    other.now += 9
    assert item_of(other.complete(key, token)).state == "done"


def test_a_restored_store_knows_who_completed_what() -> None:
    stand = Stand()
    stand.post("job")
    key, token = stand.claimed()
    answer = stand.do(Complete(key, token))
    other = restored(stand, oldest=3)
    assert other.do(Complete(key, token)) == answer
    with pytest.raises(LeaseLost):
        other.do(Complete(key, token - 1))


def test_a_restored_store_remembers_that_what_is_gone_was_done() -> None:
    stand = Stand()
    stand.post("a")
    stand.post("b", depends_on=("a",))
    stand.do(Complete(*stand.claimed()))
    stand.do(Delete("a"))
    stand.post("a")
    for oldest in range(6):
        other = restored(stand, oldest)
        assert other.claimed(prefix="b")[0] == "b"


def test_a_restored_pause_goes_on() -> None:
    stand = Stand()
    stand.post("job", backoff_s=30)
    stand.do(Fail(*stand.claimed(), "why"))
    other = restored(stand)
    assert other.store.due() == stand.now + 30
    assert other.claim() is None


def test_an_empty_store_can_be_restored() -> None:
    store = Store.restore([], 0, [], 5.0)
    assert (store.revision, store.oldest) == (0, 0)
    store.execute(Put("a", value()), ALICE, 6.0)
    assert store.revision == 1


def test_what_does_not_fit_together_is_not_restored() -> None:
    stand = busy()
    deletion = stand.commits[9]
    for base, oldest, commits in (
        ([], 0, stand.commits[1:]),
        ([], 0, [*stand.commits[:3], *stand.commits[4:]]),
        ([], 0, [stand.commits[0], ()]),
        (live_at(stand.commits, 5), 4, []),
        (list(deletion), 10, []),
        ([], 9, [deletion]),
    ):
        with pytest.raises(ValueError, match=r"revision"):
            Store.restore(base, oldest, commits, stand.now)
