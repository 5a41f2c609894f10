"""History, differences, compaction and the changes that a watch is made of."""

from __future__ import annotations

import pytest

from shoal.blackboard.errors import Compacted, FutureRevision, InvalidKey, InvalidOperation
from shoal.blackboard.operations import Compact, Delete, DeletePrefix, Diff, Grant, History, Put, Transaction
from shoal.blackboard.results import Difference, Differences, Page, Written
from shoal.blackboard.store import Limits
from shoal.blackboard.version import Version
from tests.blackboard.store.stand import Stand, value


def history(stand: Stand, key: str, since: int = 0, limit: int = 0) -> Page:
    page = stand.do(History(key, since, limit))
    assert isinstance(page, Page)
    return page


def revisions(versions: list[Version] | tuple[Version, ...]) -> list[int]:
    return [version.mod_revision for version in versions]


def five_versions() -> Stand:
    """Revisions 1, 2, 4 put a, 3 deletes it; 5 puts b."""
    stand = Stand()
    stand.put("a", 1)
    stand.put("a", 2)
    stand.do(Delete("a"))
    stand.put("a", 4)
    stand.put("b", 5)
    return stand


def test_a_history_has_every_version_and_deletion_of_a_key() -> None:
    stand = five_versions()
    page = history(stand, "a")
    assert [(v.mod_revision, v.deleted) for v in page.versions] == [
        (1, False),
        (2, False),
        (3, True),
        (4, False),
    ]
    assert revisions(history(stand, "a", since=3).versions) == [3, 4]
    assert history(stand, "a", since=5) == Page(5, ())
    assert history(stand, "nothing") == Page(5, ())


def test_a_history_is_cut_by_its_limit() -> None:
    stand = five_versions()
    page = history(stand, "a", limit=2)
    assert (revisions(page.versions), page.more) == ([1, 2], True)
    assert not history(stand, "a", limit=4).more


def test_after_a_compaction_a_history_has_what_reads_still_need() -> None:
    stand = five_versions()
    stand.do(Compact(2))
    assert revisions(history(stand, "a").versions) == [2, 3, 4]
    stand.do(Compact(3))
    assert revisions(history(stand, "a").versions) == [4]
    assert history(stand, "a", since=1).versions == history(stand, "a").versions


def test_a_difference_has_the_keys_that_changed_between_two_revisions() -> None:
    stand = Stand()
    kept, changed = stand.put("kept"), stand.put("changed")
    gone = stand.put("gone")
    before = stand.store.revision
    again, new = stand.put("changed"), stand.put("new")
    stand.do(Delete("gone"))
    stand.put("came and went")
    stand.do(Delete("came and went"))
    after = stand.store.revision
    expected = (
        Difference("changed", changed, again),
        Difference("gone", gone, None),
        Difference("new", None, new),
    )
    assert stand.do(Diff(before, after)) == Differences(expected)
    assert stand.do(Diff(after, before)) == Differences(tuple(Difference(k, b, a) for k, a, b in expected))
    assert stand.do(Diff(before, before)) == Differences(())
    assert stand.do(Diff(0, 1)) == Differences((Difference("kept", None, kept),))
    assert stand.do(Diff(before, after, "ne")) == Differences(expected[2:])


def test_a_difference_of_revisions_that_cannot_be_read_is_refused() -> None:
    stand = five_versions()
    with pytest.raises(FutureRevision):
        stand.do(Diff(0, 6))
    stand.do(Compact(3))
    with pytest.raises(Compacted):
        stand.do(Diff(2, 5))
    assert isinstance(stand.do(Diff(3, 5)), Differences)


def test_a_difference_too_large_for_one_answer_is_refused() -> None:
    stand = Stand(limits=Limits(page=3))
    for n in range(4):
        stand.put(f"{n % 2}/{n}")
    with pytest.raises(InvalidOperation, match="prefixes"):
        stand.do(Diff(0, 4))
    found = stand.do(Diff(0, 4, "1/"))
    assert isinstance(found, Differences)
    assert [each.key for each in found.differences] == ["1/1", "1/3"]


def test_leases_are_in_no_difference_and_have_no_history_for_users() -> None:
    stand = Stand()
    stand.do(Grant("mine", 10))
    assert stand.do(Diff(0, 1)) == Differences(())
    with pytest.raises(InvalidKey):
        history(stand, "\x00lease/mine")


def test_a_compaction_keeps_the_newest_version_of_every_key_that_is_there() -> None:
    stand = five_versions()
    stand.do(Compact(5))
    assert stand.store.oldest == 5
    assert stand.keys() == stand.keys(revision=5) == ["a", "b"]


def test_compacting_again_below_what_is_compacted_is_no_error_and_changes_nothing() -> None:
    stand = five_versions()
    stand.do(Compact(4))
    for revision in (0, 3, 4):
        assert stand.do(Compact(revision)) == Written(5)
    assert stand.store.oldest == 4


def test_a_compaction_in_the_future_is_refused() -> None:
    stand = five_versions()
    with pytest.raises(FutureRevision):
        stand.do(Compact(6))
    with pytest.raises(FutureRevision):
        stand.store.compact(6)
    assert stand.store.oldest == 0


def test_a_compaction_writes_nothing() -> None:
    stand = five_versions()
    stand.do(Compact(5))
    assert (stand.store.revision, len(stand.commits)) == (5, 5)


def test_a_key_that_is_deleted_and_compacted_away_leaves_nothing_behind() -> None:
    stand = Stand()
    for n in range(500):
        stand.put(f"k/{n}")
    stand.do(DeletePrefix("k/"))
    stand.put("last")
    stand.do(Compact(stand.store.revision))
    assert history(stand, "k/7").versions == ()
    assert stand.keys("k/", revision=stand.store.revision) == []
    assert stand.put("k/7").version == 1


def test_compacting_one_revision_at_a_time_is_as_compacting_at_once() -> None:
    one, other = five_versions(), five_versions()
    for n in range(400):
        for stand in (one, other):
            stand.put("hot", n)
            if n % 7 == 0:
                stand.do(Delete("hot"))
        one.do(Compact(one.store.revision - 2))
    other.do(Compact(other.store.revision - 2))
    assert one.store.oldest == other.store.oldest
    assert history(one, "hot") == history(other, "hot")
    for revision in range(one.store.oldest, one.store.revision + 1):
        assert one.range(revision=revision) == other.range(revision=revision)


def test_changes_are_all_versions_since_a_revision_in_the_order_of_commits() -> None:
    stand = five_versions()
    assert revisions(stand.store.changes(0)) == revisions(stand.store.changes(1)) == [1, 2, 3, 4, 5]
    assert revisions(stand.store.changes(3)) == [3, 4, 5]
    assert revisions(stand.store.changes(3, "b")) == [5]
    assert stand.store.changes(6) == []
    assert stand.store.changes(1_000) == []


def test_changes_are_cut_between_commits_only() -> None:
    stand = Stand()
    stand.do(Transaction((), (Put("a", value()), Put("b", value()), Put("c", value()))))
    stand.put("d")
    assert [v.key for v in stand.store.changes(1, limit=1)] == ["a", "b", "c"]
    assert [v.key for v in stand.store.changes(1, limit=4)] == ["a", "b", "c", "d"]
    assert [v.key for v in stand.store.changes(1, "b", limit=1)] == ["b"]


def test_changes_have_no_leases() -> None:
    stand = Stand()
    stand.do(Grant("mine", 10))
    stand.put("a", lease="mine", expected=0)
    stand.put("b", ttl_s=1)
    assert [version.key for version in stand.store.changes(0)] == ["a", "b"]


def test_changes_up_to_the_compacted_revision_are_refused() -> None:
    stand = five_versions()
    stand.do(Compact(3))
    for since in (0, 1, 3):
        with pytest.raises(Compacted) as refused:
            stand.store.changes(since)
        assert refused.value.details["oldest"] == 3
    assert revisions(stand.store.changes(4)) == [4, 5]


@pytest.mark.parametrize("since", [-1, True, 1.0, None, "1"])
def test_changes_since_what_is_no_revision_are_refused(since: int) -> None:
    with pytest.raises(InvalidOperation):
        five_versions().store.changes(since)
