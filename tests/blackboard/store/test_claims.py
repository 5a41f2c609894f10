from __future__ import annotations

from typing import Any

import pytest

from shoal.blackboard.errors import Conflict, ItemState, LeaseLost, NoSuchKey
from shoal.blackboard.operations import Claim, Complete, Delete, Fail, GiveBack, Post, Put, Renew, Where
from shoal.blackboard.results import Claimed, Written
from shoal.blackboard.version import Item
from tests.blackboard.store.stand import ALICE, BOB, Stand, item_of, there, value


def names(stand: Stand, **claim: Any) -> list[str]:
    """The keys of all that can be claimed, in the order they are."""
    found = []
    while (version := stand.claim(**claim)) is not None:
        found.append(version.key)
    return found


def test_a_posted_item_waits_open_for_somebody() -> None:
    stand = Stand()
    version = stand.post("job", {"n": 1}, priority=2, tags=("b", "a", "b"), max_attempts=5, backoff_s=2)
    assert version.item == Item(priority=2, tags=("a", "b"), max_attempts=5, backoff_s=2.0)
    assert version.value == value({"n": 1})
    summary = stand.store.summary()
    assert (summary.open, summary.claimable, summary.claimed) == (1, 1, 0)


def test_a_claim_names_its_holder_and_its_token_is_its_revision() -> None:
    stand = Stand()
    stand.post("job")
    version = there(stand.claim(BOB, lease_s=7))
    item = item_of(version)
    assert (item.state, item.holder, item.lease_s, item.attempts) == ("claimed", BOB.author, 7.0, 1)
    assert item.token == version.mod_revision == stand.store.revision == 2
    assert version.value == value("a job")
    assert stand.get("job") == version


def test_nobody_claims_what_another_one_has() -> None:
    stand = Stand()
    stand.post("job")
    stand.claimed()
    revision = stand.store.revision
    assert stand.do(Claim(), BOB) == Claimed(revision, None)
    assert stand.store.revision == revision


def test_the_highest_priority_goes_first_and_among_equals_the_oldest() -> None:
    stand = Stand()
    for key, priority in (("c", 0), ("low", -5), ("b", 0), ("high", 5), ("a", 0), ("high too", 5)):
        stand.post(key, priority=priority)
    assert names(stand) == ["high", "high too", "c", "b", "a", "low"]


def test_an_item_that_comes_back_keeps_its_age() -> None:
    stand = Stand()
    for key in ("first", "second", "third"):
        stand.post(key, backoff_s=0)
    stand.do(GiveBack(*stand.claimed()))
    assert stand.claimed()[0] == "first"
    stand.do(Fail(*stand.claimed(), "why"))
    assert names(stand) == ["second", "third"]


def test_a_claim_takes_items_under_its_prefix_only() -> None:
    stand = Stand()
    for key in ("a/b/1", "a/1", "ab/1", "b", "a/b/c/d/e/f/1"):
        stand.post(key, priority=len(key))
    assert names(stand, prefix="a/b/c/d/e/f/") == ["a/b/c/d/e/f/1"]
    assert names(stand, prefix="a/b") == ["a/b/1"]
    assert names(stand, prefix="ab/1") == ["ab/1"]
    assert names(stand, prefix="c") == []
    assert names(stand) == ["a/1", "b"]


def test_a_claim_takes_items_that_have_all_its_tags() -> None:
    stand = Stand()
    stand.post("none")
    stand.post("red", tags=("red",))
    stand.post("blue", tags=("blue",))
    stand.post("both", tags=("blue", "red", "big"))
    assert names(stand, tags=("red", "blue")) == ["both"]
    assert names(stand, tags=("red",)) == ["red"]
    assert names(stand, tags=("green",)) == names(stand, tags=("blue", "green")) == []
    assert names(stand) == ["none", "blue"]


def test_a_claim_takes_items_whose_fields_fit() -> None:
    stand = Stand()
    stand.post("small", {"spec": {"size": 1, "lang": "fr"}})
    stand.post("large", {"spec": {"size": 9, "lang": "de"}}, priority=1)
    stand.post("no size", {"spec": {}}, priority=2)
    stand.post("no dict", [1], priority=3)
    stand.post("text", {"spec": {"size": "big"}}, priority=4)
    assert names(stand, where=(Where("spec.size", "<", 5),)) == ["small"]
    assert names(stand, where=(Where("spec.size", ">=", 5), Where("spec.lang", "==", "fr"))) == []
    assert names(stand, where=(Where("spec.size", ">=", 5), Where("spec.lang", "!=", "fr"))) == ["large"]
    assert names(stand, where=(Where("spec.size", "!=", 3),)) == ["text"]
    assert names(stand) == ["no dict", "no size"]


def test_a_delayed_item_can_be_claimed_exactly_when_its_time_has_come() -> None:
    stand = Stand()
    stand.post("job", delay_s=5)
    start = stand.now
    assert stand.store.due() == start + 5
    assert stand.store.summary().claimable == 0
    stand.now = start + 4.999
    assert stand.claim() is None
    stand.now = start + 5
    assert stand.advance() == ()
    assert stand.store.due() is None
    assert stand.store.summary().claimable == 1
    assert stand.claimed()[0] == "job"


def test_a_completed_item_has_its_result_and_is_never_claimed_again() -> None:
    stand = Stand()
    stand.post("job")
    key, token = stand.claimed(BOB)
    stand.now += 1
    version = stand.complete(key, token, value({"answer": 42}))
    item = item_of(version)
    assert (item.state, item.result, item.holder, item.lease_s) == ("done", value({"answer": 42}), None, 0.0)
    assert (version.value, version.version, version.author) == (value("a job"), 3, ALICE.author)
    assert stand.store.due() is None
    stand.advance(10_000)
    assert stand.claim() is None


def test_completing_again_with_the_token_that_completed_gives_the_same_answer_and_writes_nothing() -> None:
    stand = Stand()
    stand.post("job")
    key, token = stand.claimed()
    first = stand.do(Complete(key, token, value(1)))
    stand.put("other")
    stand.now += 1_000
    assert stand.do(Complete(key, token, value(2)), BOB) == first
    assert stand.store.revision == 4
    for late in (Fail(key, token, "why"), GiveBack(key, token), Renew(key, token), Complete(key, token + 1)):
        with pytest.raises(LeaseLost):
            stand.do(late)


@pytest.mark.parametrize("wrong", [-1, 0, 1, 3, 2**40])
def test_a_token_that_is_not_that_of_the_claim_is_refused(wrong: int) -> None:
    stand = Stand()
    stand.post("job")
    key, token = stand.claimed()
    assert token == 2
    for operation in (Complete(key, wrong), Fail(key, wrong, "why"), GiveBack(key, wrong), Renew(key, wrong)):
        with pytest.raises(LeaseLost):
            stand.do(operation)
    assert stand.item("job").state == "claimed"


def test_nothing_is_accepted_exactly_at_the_end_of_the_lease_even_before_that_was_written() -> None:
    stand = Stand()
    stand.post("job")
    key, token = stand.claimed(lease_s=10)
    stand.now += 10
    for late in (Complete(key, token), Fail(key, token, "why"), GiveBack(key, token), Renew(key, token)):
        with pytest.raises(LeaseLost):
            stand.do(late)
    assert stand.item("job").state == "claimed"
    assert stand.advance() != ()
    with pytest.raises(LeaseLost):
        stand.do(Complete(key, token))


def test_just_before_the_end_of_the_lease_the_holder_still_completes() -> None:
    stand = Stand()
    stand.post("job")
    key, token = stand.claimed(lease_s=10)
    stand.now += 9.999
    assert item_of(stand.complete(key, token)).state == "done"


def test_a_renewed_claim_lasts_another_of_its_lease_and_nothing_is_written() -> None:
    stand = Stand()
    stand.post("job")
    key, token = stand.claimed(lease_s=10)
    stand.now += 9
    assert stand.do(Renew(key, token)) == Written(2, stand.get("job"))
    assert stand.advance(9) == ()
    assert stand.store.due() == stand.now + 1
    assert stand.do(Renew(key, token)) == Written(2, stand.get("job"))
    stand.advance(10)
    assert stand.item("job").state == "open"


def test_a_claim_that_ran_out_is_a_failed_attempt_and_the_late_holder_is_refused() -> None:
    stand = Stand()
    stand.post("job", backoff_s=4)
    key, token = stand.claimed(BOB, lease_s=10)
    (version,) = stand.advance(12)
    item = item_of(version)
    assert (item.state, item.holder, item.attempts, item.token) == ("open", None, 1, token)
    assert item.errors == (f"the lease of {BOB.author} ran out",)
    assert item.not_before == stand.now + 4
    assert (version.author, version.message_id, version.task) == ("", b"", None)
    assert stand.claim() is None
    stand.now += 4
    key, new = stand.claimed(ALICE)
    assert new > token
    with pytest.raises(LeaseLost):
        stand.do(Complete(key, token), BOB)
    assert item_of(stand.complete(key, new)).attempts == 2


def test_a_claim_that_ran_out_without_a_backoff_can_be_claimed_at_once() -> None:
    stand = Stand()
    stand.post("job", backoff_s=0)
    stand.claim(lease_s=5)
    stand.advance(5)
    assert stand.store.due() is None
    assert stand.store.summary().claimable == 1


def test_an_item_whose_last_attempt_runs_out_is_dead() -> None:
    stand = Stand()
    stand.post("job", max_attempts=1)
    stand.claim(lease_s=1)
    stand.advance(1)
    assert stand.item("job").state == "dead"
    assert stand.store.due() is None


def test_the_pause_after_a_failed_attempt_doubles_up_to_a_minute() -> None:
    stand = Stand()
    stand.post("job", max_attempts=10, backoff_s=8)
    pauses = []
    for _ in range(6):
        stand.do(Fail(*stand.claimed(), "why"))
        pauses.append(stand.item("job").not_before - stand.now)
        stand.now += pauses[-1]
    assert pauses == [8, 16, 32, 60, 60, 60]


def test_a_backoff_of_0_lets_an_item_be_claimed_again_at_once() -> None:
    stand = Stand()
    stand.post("job", backoff_s=0, max_attempts=1_000_000)
    for attempt in range(1, 2_000):
        key, token = stand.claimed()
        stand.do(Fail(key, token, f"why {attempt}"))
    assert stand.item("job").attempts == 1_999


def test_an_item_is_dead_after_its_last_attempt_with_its_last_ten_errors() -> None:
    stand = Stand()
    stand.post("job", max_attempts=12, backoff_s=0)
    for n in range(12):
        stand.do(Fail(*stand.claimed(), f"error {n}"))
    item = stand.item("job")
    assert (item.state, item.attempts, item.holder) == ("dead", 12, None)
    assert item.errors == tuple(f"error {n}" for n in range(2, 12))
    assert stand.claim() is None
    assert stand.store.summary().dead == 1


def test_an_attempt_that_is_not_to_be_tried_again_is_the_last() -> None:
    stand = Stand()
    stand.post("job", max_attempts=5)
    stand.do(Fail(*stand.claimed(), "hopeless", retry=False))
    assert stand.item("job")[:1] == ("dead",)
    assert stand.item("job").errors == ("hopeless",)


def test_giving_back_is_no_attempt() -> None:
    stand = Stand()
    stand.post("job", max_attempts=1)
    key, token = stand.claimed()
    stand.do(GiveBack(key, token))
    item = stand.item("job")
    assert (item.state, item.attempts, item.errors, item.not_before) == ("open", 0, (), 0.0)
    with pytest.raises(LeaseLost):
        stand.do(GiveBack(key, token))
    stand.do(GiveBack(*stand.claimed(), 5))
    assert stand.claim() is None
    stand.now += 5
    assert stand.claimed()[0] == "job"


def test_every_claim_has_a_higher_token_than_all_before() -> None:
    stand = Stand()
    stand.post("job", backoff_s=0, max_attempts=100)
    tokens = []
    for n in range(20):
        key, token = stand.claimed(lease_s=1)
        tokens.append(token)
        if n % 3 == 0:
            stand.do(GiveBack(key, token))
        elif n % 3 == 1:
            stand.do(Fail(key, token, "why"))
        else:
            stand.advance(1)
    assert tokens == sorted(set(tokens))


def test_a_withdrawn_item_is_lost_to_its_holder() -> None:
    stand = Stand()
    stand.post("job")
    key, token = stand.claimed()
    assert stand.do(Delete("job")) == Written(3, None, 1)
    assert stand.store.due() is None
    with pytest.raises(LeaseLost):
        stand.do(Complete(key, token))
    stand.post("job")
    with pytest.raises(LeaseLost):
        stand.do(Complete(key, token))
    _, new = stand.claimed()
    with pytest.raises(LeaseLost):
        stand.do(Complete(key, token))
    stand.complete(key, new)


def test_an_operation_on_an_item_that_never_was_names_its_key() -> None:
    stand = Stand()
    for operation in (Complete("job", 1), Fail("job", 1, "why"), GiveBack("job", 1), Renew("job", 1)):
        with pytest.raises(NoSuchKey) as refused:
            stand.do(operation)
        assert refused.value.details["key"] == "job"


def test_an_entry_is_no_item_and_an_item_is_not_put() -> None:
    stand = Stand()
    stand.put("plan")
    stand.post("job")
    with pytest.raises(ItemState):
        stand.do(Complete("plan", 1))
    with pytest.raises(Conflict) as refused:
        stand.do(Post("plan", value()))
    assert refused.value.details == {"key": "plan", "expected": 0, "revision": 1}
    with pytest.raises(Conflict):
        stand.do(Post("job", value()))
    for expected in (None, 0, 2):
        with pytest.raises(ItemState):
            stand.do(Put("job", value(), expected))
    assert stand.claimed()[0] == "job"
    assert stand.claim() is None


def test_the_text_of_an_error_is_kept_short_and_writable() -> None:
    stand = Stand()
    stand.post("job")
    stand.do(Fail(*stand.claimed(), "file \udcff" + "x" * 100_000))
    (error,) = stand.item("job").errors
    assert error.startswith("file \\udcff" + "xxx")
    assert len(error.encode()) <= 4_000


def test_items_are_ready_no_matter_how_many_others_are() -> None:
    """A claim by folder and tag asks about no item but the one it takes."""
    stand = Stand()
    for n in range(300):
        stand.post(f"other/{n}", priority=9, tags=("other",))
        stand.post(f"jobs/other/{n}", priority=9)
    stand.post("jobs/mine/1", tags=("mine",))
    asked: list[str] = []

    def accept(key: str) -> bool:
        asked.append(key)
        return True

    ready = stand.store._region.work.ready
    for prefix, tags in (("jobs/mine/", ()), ("", ("mine",)), ("jobs/", ("mine",))):
        assert ready.best(prefix, tags, accept) == "jobs/mine/1"
    assert asked == ["jobs/mine/1"] * 3
