from __future__ import annotations

from typing import Any

import pytest

from shoal.blackboard.errors import Conflict, InvalidOperation, LeaseLost, NoSuchKey
from shoal.blackboard.operations import (
    Compare,
    Complete,
    Delete,
    DeletePrefix,
    Fail,
    Get,
    GiveBack,
    Post,
    Put,
    Range,
    Transaction,
)
from shoal.blackboard.results import Decided, Found, Page, Written
from shoal.blackboard.store import Limits
from tests.blackboard.store.stand import Stand, there, value

V = value()


def decide(stand: Stand, *compares: Compare, then: Any = (), otherwise: Any = ()) -> Decided:
    result = stand.do(Transaction(compares, then, otherwise))
    assert isinstance(result, Decided)
    return result


def holds(stand: Stand, key: str, target: Any, comparison: Any, operand: Any) -> bool:
    return decide(stand, Compare(key, target, comparison, operand)).succeeded


def test_a_transaction_takes_one_of_two_lists_of_steps() -> None:
    stand = Stand()
    stand.put("lock", "free")
    take = Transaction(
        (Compare("lock", "value", "==", value("free")),), (Put("lock", value("taken")),), (Get("lock"),)
    )
    first = stand.do(take)
    assert first == Decided(2, True, (Written(2, stand.get("lock")),))
    assert stand.do(take) == Decided(2, False, (Found(2, stand.get("lock")),))


def test_all_compares_must_hold() -> None:
    stand = Stand()
    stand.put("a")
    there_is, there_is_not = Compare("a", "version", ">", 0), Compare("b", "version", ">", 0)
    assert decide(stand, there_is).succeeded
    assert not decide(stand, there_is, there_is_not).succeeded
    assert decide(stand).succeeded


def test_all_steps_are_at_one_revision() -> None:
    stand = Stand()
    stand.put("old")
    result = decide(
        stand, then=(Put("a", V), Delete("old"), Post("job", V), Put("b", V), Delete("nothing"), Get("a"))
    )
    assert result.revision == stand.store.revision == 2
    assert [each.revision for each in result.results] == [2] * 6
    assert {version.mod_revision for version in stand.commits[-1]} == {2}
    assert {version.key for version in stand.commits[-1]} == {"a", "old", "job", "b"}


def test_reads_see_what_the_steps_before_them_wrote() -> None:
    stand = Stand()
    for key in ("a/1", "a/2", "a/3"):
        stand.put(key)
    result = decide(
        stand,
        then=(
            Get("a/0"),
            Put("a/0", V),
            Delete("a/2"),
            Put("a/3", value("new")),
            Get("a/0"),
            Get("a/2"),
            Range("a/"),
            Range("a/", limit=2, descending=True),
            Range("a/", after="a/0", limit=1),
            Range("a/", order="mod_revision"),
        ),
    )
    before, _, _, _, put, deleted, *pages = result.results
    assert before == Found(3, None)
    assert put == Found(4, stand.get("a/0"))
    assert deleted == Found(4, None)
    found = [([v.key for v in page.versions], page.more) for page in pages if isinstance(page, Page)]
    assert found == [
        (["a/0", "a/1", "a/3"], False),
        (["a/3", "a/1"], True),
        (["a/1"], True),
        (["a/1", "a/0", "a/3"], False),
    ]


def test_deletes_by_prefix_see_what_the_steps_before_them_wrote() -> None:
    stand = Stand()
    stand.put("a/1")
    stand.put("a/2")
    result = decide(stand, then=(DeletePrefix("a/1"), DeletePrefix("a/"), Range("a/")))
    assert result.results == (Written(3, None, 1), Written(3, None, 1), Page(3, ()))


def test_a_read_of_an_old_revision_does_not_see_the_steps() -> None:
    stand = Stand()
    old = stand.put("a")
    result = decide(stand, then=(Put("a", value("new")), Get("a", revision=1), Range(revision=1)))
    assert result.results[1:] == (Found(1, old), Page(1, (old,)))


def test_one_refused_step_refuses_all() -> None:
    stand = Stand()
    stand.put("a")
    for refused in (Put("b", V, expected=9), Complete("a", 1), Put("b", V, lease="none"), Get("b", 99)):
        with pytest.raises(Exception):  # noqa: B017, PT011 - which one is told elsewhere
            decide(stand, then=(Put("c", V), Delete("a"), refused))
    assert (stand.store.revision, stand.keys()) == (1, ["a"])


def test_a_transaction_that_writes_nothing_makes_no_revision() -> None:
    stand = Stand()
    stand.put("a")
    assert decide(stand, then=(Get("a"), Delete("b"), DeletePrefix("c"))).revision == 1
    assert decide(stand) == Decided(1, True, ())
    assert stand.store.revision == 1


@pytest.mark.parametrize(
    "steps",
    [
        (Put("a", V), Put("a", V)),
        (Put("a", V), Delete("a")),
        (Delete("a"), Put("a", V)),
        (Delete("b"), Delete("b")),
        (Post("a/1", V), DeletePrefix("a")),
        (DeletePrefix("a"), Put("a/1", V)),
        (Complete("a", 1), Fail("a", 1, "why")),
        (GiveBack("a", 1), Put("a", V)),
    ],
)
def test_a_transaction_that_writes_a_key_twice_is_refused_in_either_list(steps: Any) -> None:
    stand = Stand()
    for then, otherwise in ((steps, ()), ((), steps)):
        with pytest.raises(InvalidOperation):
            decide(stand, then=then, otherwise=otherwise)


def test_steps_on_items_follow_the_rules_of_items() -> None:
    stand = Stand()
    stand.post("job")
    key, token = stand.claimed()
    with pytest.raises(LeaseLost):
        decide(stand, then=(Complete(key, token + 1), Put("result", V)))
    with pytest.raises(NoSuchKey):
        decide(stand, then=(Complete("other", token), Put("result", V)))
    with pytest.raises(Conflict):
        decide(stand, then=(Put("result", V), Post("job", V)))
    assert stand.get("result") is None
    done = decide(stand, then=(Complete(key, token, value(1)), Put("result", V), Post("next", V)))
    assert done.results[0] == Written(3, stand.get("job"))
    again = decide(stand, then=(Complete(key, token, value(1)),))
    assert again == Decided(3, True, (done.results[0],))


def test_revisions_and_versions_are_compared_as_numbers_and_are_0_where_nothing_is() -> None:
    stand = Stand()
    stand.put("other")
    stand.put("a")
    stand.put("a")
    for target, number in (("version", 2), ("create_revision", 2), ("mod_revision", 3)):
        for comparison, expected in (("==", True), ("!=", False), ("<", False), ("<=", True), (">", False)):
            assert holds(stand, "a", target, comparison, number) is expected
        assert holds(stand, "a", target, "<", number + 1)
        assert holds(stand, "a", target, ">=", number - 1)
        assert holds(stand, "nothing", target, "==", 0)
        assert holds(stand, "nothing", target, "<", 1)
        assert not holds(stand, "nothing", target, "!=", 0)


@pytest.mark.parametrize(
    ("left", "comparison", "right", "expected"),
    [
        (1, "==", 1, True),
        (1, "==", 1.0, True),
        (1, "!=", 1.0, False),
        (1, "<", 1.5, True),
        (True, "==", 1, False),
        (True, "==", True, True),
        (False, "<", 1, False),
        ("a", "<", "b", True),
        ("a", "<", 1, False),
        ("1", "==", 1, False),
        ("1", "!=", 1, True),
        (b"a", "<=", b"a", True),
        (b"a", "==", "a", False),
        (None, "==", None, True),
        (None, "!=", 0, True),
        ([1, 2], "==", [1, 2], True),
        ([1, 2], "!=", [1, 3], True),
        ([1], "<", 2, False),
        ({"a": 1, "b": 2}, "==", {"b": 2, "a": 1}, True),
        ({"a": 1}, "!=", {"a": 2}, True),
        (float("nan"), "<=", float("nan"), False),
        (float("nan"), "==", 1.0, False),
        (float("inf"), ">", 1, True),
    ],
)
def test_values_are_compared_within_their_kind(
    left: Any, comparison: Any, right: Any, expected: bool
) -> None:
    stand = Stand()
    stand.put("a", left)
    assert holds(stand, "a", "value", comparison, value(right)) is expected


@pytest.mark.parametrize("comparison", ["==", "!=", "<", "<=", ">", ">="])
def test_a_value_that_is_not_there_is_only_unequal(comparison: Any) -> None:
    assert holds(Stand(), "nothing", "value", comparison, value(1)) is (comparison == "!=")


def test_an_item_is_compared_by_its_value() -> None:
    stand = Stand()
    stand.post("job", "a job")
    stand.claim()
    assert holds(stand, "job", "value", "==", value("a job"))
    assert holds(stand, "job", "version", "==", 2)


def test_a_transaction_is_bounded_in_steps_reads_and_writes() -> None:
    stand = Stand(limits=Limits(entries_per_commit=10, page_bytes=5_000, wide_steps=3))
    for n in range(9):
        stand.put(f"k/{n}", "x" * 500)
    for refused in (
        Transaction((), tuple(Get("a") for _ in range(11))),
        Transaction(tuple(Compare("a", "version", "==", 0) for _ in range(11))),
        Transaction((), tuple(Range("a") for _ in range(4))),
        Transaction((), (Range("k/"), Range("k/"))),
        Transaction((), tuple(Get("k/1") for _ in range(9))),
        Transaction((), (DeletePrefix("k/"), Put("a", V), Put("b", V))),
    ):
        before = stand.store.revision
        with pytest.raises(InvalidOperation):
            stand.do(refused)
        assert stand.store.revision == before
    assert there(stand.get("k/1")).version == 1


def test_comparing_very_many_bytes_is_refused() -> None:
    stand = Stand(limits=Limits(page_bytes=5_000))
    stand.put("a", "x" * 600)
    same, other = value("x" * 600), value("y")
    assert holds(stand, "a", "value", "==", same)
    with pytest.raises(InvalidOperation):
        decide(stand, *(Compare("a", "value", "!=", other) for _ in range(9)))
