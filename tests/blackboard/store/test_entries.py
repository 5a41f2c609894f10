from __future__ import annotations

import pytest

from shoal.blackboard.errors import Compacted, Conflict, FutureRevision, InvalidOperation, SchemaRefused
from shoal.blackboard.operations import Compact, Delete, DeletePrefix, Get, Put
from shoal.blackboard.results import Found, Written
from shoal.blackboard.store import Limits, Store
from shoal.blackboard.version import Value
from tests.blackboard.store.stand import ALICE, BOB, START, Stand, there, value


def test_an_empty_store_is_at_revision_0() -> None:
    stand = Stand()
    assert (stand.store.revision, stand.store.oldest) == (0, 0)
    assert stand.do(Get("plan")) == Found(0, None)
    assert stand.keys() == []
    assert stand.get("plan", revision=0) is None


def test_a_put_makes_a_revision_and_says_who_wrote_it_why_and_when() -> None:
    stand = Stand()
    stand.put("plan", "first")
    stand.now += 5
    result = stand.do(Put("plan", value("second")), BOB)
    assert isinstance(result, Written)
    version = there(result.version)
    assert result.revision == stand.store.revision == 2
    assert (version.create_revision, version.mod_revision, version.version) == (1, 2, 2)
    assert (version.author, version.message_id, version.task) == (BOB.author, BOB.message_id, None)
    assert (version.value, version.at) == (value("second"), START + 5)
    assert stand.do(Get("plan")) == Found(2, version)


def test_the_revision_counts_all_writes_of_the_region_and_the_version_those_of_the_key() -> None:
    stand = Stand()
    for key in ("a", "b", "a"):
        last = stand.put(key)
    assert (last.mod_revision, last.version, last.create_revision) == (3, 2, 1)


def test_a_key_that_was_deleted_and_put_again_begins_anew() -> None:
    stand = Stand()
    stand.put("plan")
    stand.do(Delete("plan"))
    again = stand.put("plan")
    assert (again.create_revision, again.mod_revision, again.version) == (3, 3, 1)


def test_a_deletion_is_a_version_without_a_value() -> None:
    stand = Stand()
    stand.put("plan")
    assert stand.do(Delete("plan"), BOB) == Written(2, None, 1)
    (gone,) = stand.commits[-1]
    assert gone.deleted
    assert (gone.version, gone.create_revision, gone.mod_revision, gone.author) == (0, 0, 2, BOB.author)
    assert stand.get("plan") is None


def test_deleting_what_is_not_there_writes_nothing() -> None:
    stand = Stand()
    stand.put("other")
    assert stand.do(Delete("plan")) == Written(1)
    assert stand.do(Delete("plan", expected=0)) == Written(1)
    assert stand.do(DeletePrefix("plan")) == Written(1)
    assert stand.store.revision == 1


def test_a_key_can_be_read_as_it_was_at_any_revision() -> None:
    stand = Stand()
    versions = [stand.put("plan", n) for n in range(5)]
    stand.do(Delete("plan"))
    assert [stand.get("plan", revision) for revision in range(7)] == [None, *versions, None]
    assert stand.do(Get("plan", 3)) == Found(3, versions[2])


def test_a_read_in_the_future_is_refused_and_names_the_newest_revision() -> None:
    stand = Stand()
    stand.put("plan")
    with pytest.raises(FutureRevision) as refused:
        stand.get("plan", revision=2)
    assert refused.value.details["revision"] == 1


def test_a_read_below_the_compaction_is_refused_and_names_the_oldest_revision() -> None:
    stand = Stand()
    for n in range(5):
        stand.put("plan", n)
    stand.do(Compact(3))
    with pytest.raises(Compacted) as refused:
        stand.get("plan", revision=2)
    assert refused.value.details["oldest"] == 3
    assert there(stand.get("plan", revision=3)).value == value(2)


def test_a_compare_and_set_goes_through_at_the_expected_revision_only() -> None:
    stand = Stand()
    first = stand.put("plan", "first", expected=0)
    second = stand.put("plan", "second", expected=first.mod_revision)
    with pytest.raises(Conflict) as refused:
        stand.put("plan", "third", expected=first.mod_revision)
    assert refused.value.details == {"key": "plan", "expected": 1, "revision": 2}
    assert stand.get("plan") == second


def test_expecting_0_means_that_the_key_is_not_there() -> None:
    stand = Stand()
    with pytest.raises(Conflict) as refused:
        stand.put("plan", expected=7)
    assert refused.value.details == {"key": "plan", "expected": 7, "revision": 0}
    stand.put("plan", expected=0)
    with pytest.raises(Conflict):
        stand.put("plan", expected=0)
    stand.do(Delete("plan"))
    stand.put("plan", expected=0)


def test_a_delete_can_expect_a_revision_too() -> None:
    stand = Stand()
    version = stand.put("plan")
    for expected in (0, version.mod_revision + 1):
        with pytest.raises(Conflict):
            stand.do(Delete("plan", expected))
    with pytest.raises(Conflict):
        stand.do(Delete("other", expected=1))
    assert stand.do(Delete("plan", version.mod_revision)) == Written(2, None, 1)


def test_what_was_refused_changed_nothing() -> None:
    stand = Stand()
    stand.put("plan")
    before = stand.store.summary(), stand.range()
    for operation in (Put("plan", value(), expected=9), Put("", value()), Get("plan", 9)):
        with pytest.raises(Exception):  # noqa: B017, PT011 - which one is told above
            stand.do(operation)
    assert (stand.store.summary(), stand.range()) == before


def test_deleting_by_prefix_deletes_in_one_commit_and_leaves_the_rest() -> None:
    stand = Stand()
    for key in ("a", "a/1", "a/2", "a0", "b/1"):
        stand.put(key)
    assert stand.do(DeletePrefix("a/")) == Written(6, None, 2)
    assert stand.keys() == ["a", "a0", "b/1"]
    assert {version.key for version in stand.commits[-1]} == {"a/1", "a/2"}


def test_deleting_more_by_prefix_than_one_commit_may_is_refused_as_a_whole() -> None:
    stand = Stand(limits=Limits(entries_per_commit=3))
    for n in range(4):
        stand.put(f"a/{n}")
    with pytest.raises(InvalidOperation):
        stand.do(DeletePrefix("a/"))
    assert len(stand.keys()) == 4
    stand.do(Delete("a/0"))
    assert stand.do(DeletePrefix("a/")) == Written(6, None, 3)


def test_a_value_that_its_key_may_not_have_is_refused() -> None:
    def only_texts(key: str, of: Value) -> None:
        if key.startswith("text/") and of.tag != "str":
            raise SchemaRefused("no text", key=key)

    stand = Stand(check=only_texts)
    stand.put("text/1", "yes")
    stand.put("number/1", 1)
    with pytest.raises(SchemaRefused):
        stand.put("text/1", 1)
    with pytest.raises(SchemaRefused):
        stand.post("text/2", 1)
    assert there(stand.get("text/1")).value == value("yes")
    assert stand.store.revision == 2


def test_a_clock_that_goes_back_is_taken_to_stand_still() -> None:
    store = Store()
    store.execute(Put("plan", value()), ALICE, 100.0)
    _, (version,) = store.execute(Put("plan", value()), ALICE, 40.0)
    assert version.at == 100.0
