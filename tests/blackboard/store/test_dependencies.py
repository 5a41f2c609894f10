from __future__ import annotations

import pytest

from shoal.blackboard.errors import ItemState, NoSuchKey
from shoal.blackboard.operations import Delete, DeletePrefix, Fail, Post, Transaction
from shoal.blackboard.version import Version
from tests.blackboard.store.stand import BOB, Stand, value


def finish(stand: Stand, *keys: str) -> None:
    """Claim items in this order, and complete them."""
    for key in keys:
        name, token = stand.claimed(prefix=key)
        assert name == key
        stand.complete(name, token)


def kill(stand: Stand, key: str) -> dict[str, Version]:
    """Let an item be dead; what that commit wrote."""
    stand.do(Fail(*stand.claimed(prefix=key), "hopeless", retry=False), BOB)
    return {version.key: version for version in stand.commits[-1]}


def states(stand: Stand) -> dict[str, str]:
    return {v.key: v.item.state for v in stand.range().versions if v.item}


def test_an_item_can_be_claimed_when_all_it_depends_on_is_done() -> None:
    stand = Stand()
    stand.post("a")
    stand.post("b")
    stand.post("c", depends_on=("a", "b"), priority=9)
    assert stand.store.summary().claimable == 2
    finish(stand, "a")
    assert stand.claim(prefix="c") is None
    finish(stand, "b")
    assert stand.claimed()[0] == "c"


def test_an_item_can_depend_on_one_that_is_done_already() -> None:
    stand = Stand()
    stand.post("a")
    finish(stand, "a")
    stand.post("b", depends_on=("a", "a"))
    assert stand.item("b").depends_on == ("a",)
    finish(stand, "b")


def test_a_delay_counts_beside_what_an_item_depends_on() -> None:
    stand = Stand()
    stand.post("a")
    stand.post("b", depends_on=("a",), delay_s=5)
    assert stand.store.due() is None
    finish(stand, "a")
    assert stand.store.due() == stand.now + 5
    assert stand.claim() is None
    stand.advance(5)
    finish(stand, "b")


def test_what_an_item_depends_on_must_be_an_item_that_can_still_be_done() -> None:
    stand = Stand()
    stand.put("entry")
    stand.post("dead")
    kill(stand, "dead")
    for key, refusal in (
        ("nothing", NoSuchKey),
        ("mine", NoSuchKey),
        ("entry", ItemState),
        ("dead", ItemState),
    ):
        with pytest.raises(refusal) as refused:
            stand.post("mine", depends_on=(key,))
        assert refused.value.details["key"] == key
    assert stand.get("mine") is None


def test_an_item_that_dies_takes_all_that_wait_for_it_along_in_the_same_commit() -> None:
    stand = Stand()
    for key, depends_on in (("a", ()), ("b", ("a",)), ("c", ("b",)), ("d", ("a", "c")), ("other", ())):
        stand.post(key, depends_on=depends_on)
    written = kill(stand, "a")
    assert set(written) == {"a", "b", "c", "d"}
    assert states(stand) == {"a": "dead", "b": "dead", "c": "dead", "d": "dead", "other": "open"}
    assert stand.item("b").errors == ("it depends on 'a', which is dead",)
    assert stand.item("c").errors == ("it depends on 'b', which is dead",)
    assert len(stand.item("d").errors) == 1
    assert {version.author for version in written.values()} == {BOB.author}
    assert written["b"].version == 2


def test_an_item_that_is_withdrawn_takes_all_that_wait_for_it_along() -> None:
    stand = Stand()
    stand.post("a")
    stand.post("b", depends_on=("a",))
    stand.post("c", depends_on=("b",))
    stand.claim()
    stand.do(Delete("a"))
    assert states(stand) == {"b": "dead", "c": "dead"}
    assert stand.item("b").errors == ("it depends on 'a', which was withdrawn",)


def test_an_item_whose_last_claim_ran_out_takes_all_that_wait_for_it_along() -> None:
    stand = Stand()
    stand.post("a", max_attempts=1)
    stand.post("b", depends_on=("a",))
    stand.claim(lease_s=1)
    commit = stand.advance(1)
    assert {version.key for version in commit} == {"a", "b"}
    assert states(stand) == {"a": "dead", "b": "dead"}


def test_an_item_that_fails_and_is_tried_again_lets_others_wait() -> None:
    stand = Stand()
    stand.post("a", backoff_s=0)
    stand.post("b", depends_on=("a",))
    stand.do(Fail(*stand.claimed(), "once"))
    assert states(stand) == {"a": "open", "b": "open"}
    finish(stand, "a", "b")


def test_clearing_away_what_is_done_harms_nobody() -> None:
    stand = Stand()
    stand.post("a")
    stand.post("b")
    stand.post("c", depends_on=("a", "b"))
    finish(stand, "a")
    stand.do(Delete("a"))
    assert states(stand) == {"b": "open", "c": "open"}
    stand.post("a")  # another item by that name
    finish(stand, "b")
    stand.do(Delete("a"))
    finish(stand, "c")


def test_deleting_a_prefix_deletes_items_that_depend_on_one_another() -> None:
    stand = Stand()
    stand.post("x/a")
    stand.post("x/b", depends_on=("x/a",))
    stand.post("y", depends_on=("x/b",))
    stand.do(DeletePrefix("x/"))
    assert states(stand) == {"y": "dead"}
    assert {(v.key, v.deleted) for v in stand.commits[-1]} == {("x/a", True), ("x/b", True), ("y", False)}


def test_a_transaction_can_post_items_that_depend_on_one_another() -> None:
    stand = Stand()
    stand.do(
        Transaction(
            (), (Post("a", value()), Post("b", value(), depends_on=("a",)), Post("c", value(), tags=("x",)))
        )
    )
    assert stand.store.summary().claimable == 2
    finish(stand, "a", "b", "c")
    with pytest.raises(NoSuchKey):
        stand.do(Transaction((), (Post("e", value(), depends_on=("d",)), Post("d", value()))))


def test_an_item_posted_after_one_that_the_same_transaction_withdraws_cannot_depend_on_it() -> None:
    stand = Stand()
    stand.post("a")
    with pytest.raises(NoSuchKey):
        stand.do(Transaction((), (Delete("a"), Post("b", value(), depends_on=("a",)))))
    stand.do(Transaction((), (Post("b", value(), depends_on=("a",)), Delete("a"))))
    assert states(stand) == {"b": "dead"}
    assert stand.item("b").errors == ("it depends on 'a', which was withdrawn",)
    (written,) = (v for v in stand.commits[-1] if v.key == "b")
    assert (written.version, written.create_revision) == (1, stand.store.revision)


def test_a_chain_of_thousands_dies_without_a_stack_of_thousands() -> None:
    stand = Stand()
    stand.post("0")
    for n in range(1, 5_000):
        stand.post(str(n), depends_on=(str(n - 1),))
    assert len(kill(stand, "0")) == 5_000
    assert stand.store.summary().dead == 5_000
