from __future__ import annotations

from typing import Literal

import pytest

from shoal.blackboard.errors import Compacted, FutureRevision
from shoal.blackboard.operations import Compact, Delete, Grant
from shoal.blackboard.store import Limits
from tests.blackboard.store.stand import Stand, value

LAST = chr(0x10FFFF)


def stand_with(*keys: str) -> Stand:
    stand = Stand()
    for key in keys:
        stand.put(key)
    return stand


def test_a_range_has_the_keys_of_a_prefix_in_order() -> None:
    stand = stand_with("b/2", "a", "b", "b/1", "b0", "c")
    assert stand.keys("b/") == ["b/1", "b/2"]
    assert stand.keys("b") == ["b", "b/1", "b/2", "b0"]
    assert stand.keys() == ["a", "b", "b/1", "b/2", "b0", "c"]
    assert stand.keys("b", descending=True) == ["b0", "b/2", "b/1", "b"]
    assert stand.keys("nothing") == []


def test_keys_are_in_the_order_of_their_bytes_in_any_script() -> None:
    keys = ["zebra", "Ärger", "ß", "日本", "🐟", "a", "~", LAST, LAST + "x", "\ue000"]
    stand = stand_with(*keys)
    assert stand.keys() == sorted(keys, key=str.encode)
    assert stand.keys(LAST) == [LAST, LAST + "x"]
    assert stand.keys("🐟") == ["🐟"]


def test_a_limit_cuts_and_says_so() -> None:
    stand = stand_with("a", "b", "c")
    page = stand.range(limit=2)
    assert ([v.key for v in page.versions], page.more) == (["a", "b"], True)
    assert not stand.range(limit=3).more
    assert not stand.range().more


def test_pages_go_on_where_the_last_one_ended_in_both_directions() -> None:
    keys = [f"k/{n:02d}" for n in range(23)]
    stand = stand_with("j", *keys, "l")
    for descending in (False, True):
        seen: list[str] = []
        more = True
        while more:
            page = stand.range("k/", limit=5, after=seen[-1] if seen else "", descending=descending)
            seen += [version.key for version in page.versions]
            more = page.more
        assert seen == sorted(keys, reverse=descending)


def test_after_a_key_outside_of_the_prefix_there_is_all_or_nothing() -> None:
    stand = stand_with("b/1", "b/2")
    assert stand.keys("b/", after="a") == ["b/1", "b/2"]
    assert stand.keys("b/", after="c") == []
    assert stand.keys("b/", after="a", descending=True) == []
    assert stand.keys("b/", after="c", descending=True) == ["b/2", "b/1"]
    assert stand.keys("b/", after="b/1x") == ["b/2"]
    assert stand.keys("b/1", after="b/1") == stand.keys("b/1", after="b/1", descending=True) == []


@pytest.mark.parametrize("order", ["mod_revision", "create_revision"])
def test_a_range_can_be_in_the_order_of_revisions(order: Literal["mod_revision", "create_revision"]) -> None:
    stand = stand_with("c", "a", "b", "c")
    expected = ["a", "b", "c"] if order == "mod_revision" else ["c", "a", "b"]
    assert stand.keys(order=order) == expected
    assert stand.keys(order=order, descending=True) == expected[::-1]
    page = stand.range(order=order, limit=2)
    assert ([v.key for v in page.versions], page.more) == (expected[:2], True)


def test_a_range_can_be_read_as_it_was_at_any_revision() -> None:
    stand = stand_with("a", "b")
    stand.do(Delete("a"))
    stand.put("c")
    stand.put("a")
    found = [stand.keys(revision=revision) for revision in range(6)]
    assert found == [[], ["a"], ["a", "b"], ["b"], ["b", "c"], ["a", "b", "c"]]
    assert stand.keys(revision=2, descending=True) == ["b", "a"]
    assert stand.range(revision=2).revision == 2
    with pytest.raises(FutureRevision):
        stand.keys(revision=6)
    stand.do(Compact(3))
    assert stand.keys(revision=3) == ["b"]
    with pytest.raises(Compacted):
        stand.keys(revision=2)


def test_leases_are_in_no_range() -> None:
    stand = Stand()
    stand.do(Grant("mine", 10))
    stand.put("a", lease="mine")
    stand.put("b", ttl_s=5)
    assert stand.keys() == ["a", "b"]
    assert stand.keys(descending=True) == ["b", "a"]
    assert stand.keys(revision=stand.store.revision) == ["a", "b"]
    assert stand.store.summary().keys == 2


def test_a_page_ends_at_the_limits_of_the_region_but_is_never_empty_while_there_is_more() -> None:
    stand = Stand(limits=Limits(page=4, page_bytes=1_000))
    for n in range(6):
        stand.put(f"small/{n}", n)
    page = stand.range(limit=100)
    assert (len(page.versions), page.more) == (4, True)
    for n in range(3):
        stand.put(f"large/{n}", "x" * 900)
    page = stand.range("large/")
    assert ([v.key for v in page.versions], page.more) == (["large/0"], True)
    stand.put("large/0", "x" * 2_000)
    assert len(stand.range("large/").versions) == 1


def test_a_range_gives_whole_versions() -> None:
    stand = stand_with("a")
    version = stand.put("b", {"x": [1, 2]})
    assert stand.range("b").versions == (version,)
    assert version.value == value({"x": [1, 2]})
