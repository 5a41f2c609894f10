from __future__ import annotations

import pytest

from shoal.blackboard.errors import Conflict, InvalidOperation, LeaseLost, NoSuchKey
from shoal.blackboard.operations import Delete, DeletePrefix, Grant, KeepAlive, Put, Revoke, Transaction
from shoal.blackboard.results import Written
from tests.blackboard.store.stand import BOB, Stand, there, value


def with_lease(ttl_s: float = 10.0) -> Stand:
    """A lease with the entries a and b."""
    stand = Stand()
    stand.do(Grant("mine", ttl_s))
    stand.put("a", lease="mine")
    stand.put("b", lease="mine")
    return stand


def test_the_entries_of_a_lease_go_with_it_exactly_when_its_time_is_over() -> None:
    stand = with_lease(10)
    assert stand.store.due() == stand.now + 10
    assert stand.advance(9.999) == ()
    assert stand.keys() == ["a", "b"]
    stand.now = there(stand.get("a")).at + 10
    commit = stand.advance()
    assert stand.keys() == []
    assert {version.author for version in commit} == {""}
    assert stand.store.due() is None
    assert stand.store.summary().leases == 0


def test_what_ends_together_ends_in_one_commit() -> None:
    stand = with_lease(10)
    stand.put("c", ttl_s=10)
    stand.post("job")
    stand.claim(lease_s=10)
    before = stand.store.revision
    commit = stand.advance(10)
    assert stand.store.revision == before + 1
    assert {"a", "b", "c", "job"} < {version.key for version in commit}


def test_keeping_a_lease_alive_begins_its_time_anew_and_writes_nothing() -> None:
    stand = with_lease(10)
    stand.now += 9
    assert stand.do(KeepAlive("mine")) == Written(3)
    assert stand.advance(9.5) == ()
    assert stand.store.due() == stand.now + 0.5
    stand.advance(0.5)
    assert stand.keys() == []


def test_a_lease_that_ran_out_is_not_kept_alive_even_before_its_end_was_written() -> None:
    stand = with_lease(10)
    stand.now += 10
    with pytest.raises(LeaseLost):
        stand.do(KeepAlive("mine"))
    with pytest.raises(NoSuchKey):
        stand.put("c", lease="mine")
    stand.advance()
    with pytest.raises(LeaseLost):
        stand.do(KeepAlive("mine"))


def test_revoking_a_lease_deletes_its_entries_in_the_same_commit() -> None:
    stand = with_lease()
    stand.put("other")
    assert stand.do(Revoke("mine"), BOB) == Written(5, None, 2)
    assert stand.keys() == ["other"]
    with pytest.raises(LeaseLost):
        stand.do(Revoke("mine"))
    assert stand.store.due() is None


def test_an_id_can_be_granted_again_when_its_lease_ended_but_not_before() -> None:
    stand = with_lease(10)
    with pytest.raises(Conflict) as refused:
        stand.do(Grant("mine", 99))
    assert refused.value.details == {"key": "mine", "expected": 0, "revision": 1}
    stand.do(Revoke("mine"))
    stand.do(Grant("mine", 5))
    stand.put("c", lease="mine")
    stand.advance(5)
    assert stand.keys() == []


def test_a_put_under_a_lease_that_was_never_granted_is_refused() -> None:
    stand = Stand()
    with pytest.raises(NoSuchKey):
        stand.put("a", lease="mine")
    assert stand.store.revision == 0


def test_a_put_without_a_lease_lets_go_of_it() -> None:
    stand = with_lease(10)
    assert stand.put("a").lease is None
    stand.advance(10)
    assert stand.keys() == ["a"]


def test_a_put_under_another_lease_moves_the_entry() -> None:
    stand = with_lease(10)
    stand.do(Grant("other", 100))
    assert stand.put("a", lease="other").lease == "other"
    stand.advance(10)
    assert stand.keys() == ["a"]
    assert stand.do(Revoke("other")) == Written(stand.store.revision, None, 1)


def test_a_put_under_a_lease_does_not_keep_it_alive() -> None:
    stand = with_lease(10)
    stand.now += 5
    stand.put("a", lease="mine")
    stand.advance(5)
    assert stand.keys() == []


def test_deleting_an_entry_takes_it_from_its_lease() -> None:
    stand = with_lease()
    stand.do(Delete("a"))
    stand.put("a")
    assert stand.do(Revoke("mine")) == Written(6, None, 1)
    assert stand.keys() == ["a"]


def test_an_entry_with_a_time_to_live_goes_when_it_is_over() -> None:
    stand = Stand()
    stand.put("a", ttl_s=5)
    assert stand.store.due() == stand.now + 5
    stand.advance(4)
    assert stand.keys() == ["a"]
    stand.advance(1)
    assert stand.keys() == []
    assert stand.store.summary().leases == 0


def test_putting_again_with_the_same_time_to_live_begins_it_anew_without_another_version_of_the_lease() -> (
    None
):
    stand = Stand()
    stand.put("a", ttl_s=5)
    stand.now += 4
    stand.put("a", ttl_s=5)
    assert [version.key for version in stand.commits[-1]] == ["a"]
    assert stand.advance(4) == ()
    stand.advance(1)
    assert stand.keys() == []


@pytest.mark.parametrize("ttl_s", [1.0, 50.0])
def test_another_time_to_live_replaces_the_one_before(ttl_s: float) -> None:
    stand = Stand()
    stand.put("a", ttl_s=5)
    stand.put("a", ttl_s=ttl_s)
    assert stand.store.due() == stand.now + ttl_s
    stand.advance(ttl_s)
    assert stand.keys() == []


def test_a_put_without_a_time_to_live_takes_it_away() -> None:
    stand = Stand()
    stand.put("a", ttl_s=5)
    stand.put("a")
    assert stand.store.due() is None
    assert stand.store.summary().leases == 0
    stand.put("b", ttl_s=5)
    stand.do(Grant("mine", 100))
    stand.put("b", lease="mine")
    assert stand.store.summary().leases == 1
    stand.advance(5)
    assert stand.keys() == ["a", "b"]


def test_deleting_an_entry_ends_its_time_to_live() -> None:
    stand = Stand()
    for delete in (Delete("a"), DeletePrefix("a"), Revoke("key:a"), Transaction((), (Delete("a"),))):
        stand.put("a", ttl_s=5)
        stand.do(delete)
        assert stand.keys() == []
        assert stand.store.summary().leases == 0
        assert stand.store.due() is None


def test_the_time_to_live_of_an_entry_can_be_kept_up_by_its_name() -> None:
    stand = Stand()
    version = stand.put("a", ttl_s=5)
    assert version.lease == "key:a"
    stand.now += 4
    stand.do(KeepAlive("key:a"))
    stand.advance(4)
    assert stand.keys() == ["a"]


def test_the_leases_of_keys_are_not_for_others() -> None:
    stand = Stand()
    stand.put("a", ttl_s=5)
    with pytest.raises(InvalidOperation):
        stand.put("b", lease="key:a")
    with pytest.raises(InvalidOperation):
        stand.do(Grant("key:b", 5))


def test_the_longest_key_can_have_a_time_to_live() -> None:
    stand = Stand()
    key = "k" * 1024
    stand.put(key, ttl_s=5)
    stand.do(KeepAlive(f"key:{key}"))
    stand.advance(5)
    assert stand.keys() == []


def test_a_lease_and_a_time_to_live_together_are_refused() -> None:
    stand = with_lease()
    with pytest.raises(InvalidOperation):
        stand.do(Put("c", value(), lease="mine", ttl_s=5))
