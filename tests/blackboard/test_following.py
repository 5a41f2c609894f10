"""Following a region: what is there, then each change once."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.blackboard.errors import Compacted
from shoal.blackboard.following import Follower, common, cover
from shoal.blackboard.operations import Compact
from tests.blackboard.stand_connection import StandConnection
from tests.blackboard.store.stand import Stand

prefixes = st.lists(st.text("ab/", max_size=4), max_size=6)


@given(prefixes, st.text("ab/", max_size=6))
def test_the_cover_has_the_same_keys_each_under_one_prefix(given: list[str], key: str) -> None:
    found = cover(given)
    assert any(map(key.startswith, given)) == (sum(map(key.startswith, found)) == 1)
    assert sum(map(key.startswith, found)) <= 1


@given(prefixes.filter(bool))
def test_what_is_common_is_the_longest_beginning_of_all(given: list[str]) -> None:
    found = common(cover(given))
    assert all(prefix.startswith(found) for prefix in given)
    longer = {prefix[: len(found) + 1] for prefix in given}
    assert len(longer) > 1 or len(min(given, key=len)) == len(found)


async def test_what_is_there_is_of_one_revision_and_changes_go_on_from_it() -> None:
    stand = Stand()
    for key in ("a/1", "b/1", "c/1"):
        stand.put(key)
    follower = Follower(StandConnection(stand), ["c/", "a/"])
    found = []
    async for version in follower.there():
        found.append(version.key)
        stand.put("c/2")
    assert found == ["a/1", "c/1"]
    assert follower.seen == 3
    assert await looked(follower) == ["c/2", "c/2"]
    assert follower.seen == 5
    assert await looked(follower) == []


async def test_what_was_read_anew_takes_the_place_of_what_had_changed() -> None:
    stand = Stand()
    follower = Follower(StandConnection(stand), ["a/"])
    stand.put("a/1")
    await follower.look(0.0)
    assert [version.key async for version in follower.there()] == ["a/1"]
    assert not follower.changes


async def looked(follower: Follower) -> list[str]:
    follower.changes.clear()
    await follower.look(0.0)
    return [version.key for version in follower.changes]


@pytest.mark.parametrize("first", [0.0, 1.0])
async def test_two_who_look_at_once_get_each_change_once_and_in_order(first: float) -> None:
    stand = Stand()
    connection = StandConnection(stand, page=10)
    follower = Follower(connection, [""])
    for number in range(50):
        stand.put(f"k/{number}")
        if number % 7 == 0:
            await asyncio.gather(follower.look(first), follower.look(1.0 - first))
    while follower.seen < 50:
        await follower.look(0.0)
    assert [version.mod_revision for version in follower.changes] == list(range(1, 51))


async def test_a_late_answer_brings_nothing_that_another_one_has_brought() -> None:
    stand = Stand()
    slow, follower = StandConnection(stand), Follower(StandConnection(stand), [""])
    slow.late = asyncio.Event()
    late = Follower(slow, [""])
    stand.put("k/1")
    looking = asyncio.create_task(late.look(1.0))
    await asyncio.sleep(0)
    stand.put("k/2")
    late._connection = follower._connection
    await late.look(0.0)
    slow.late.set()
    await looking
    assert [version.mod_revision for version in late.changes] == [1, 2]


async def test_a_follower_without_prefixes_watches_only_for_the_sake_of_any_change() -> None:
    stand = Stand()
    stand.put("a/1")
    connection = StandConnection(stand)
    assert not Follower(connection, []).watches
    follower = Follower(connection, [], everything=True)
    assert [version async for version in follower.there()] == []
    assert follower.seen == 1
    stand.put("b/1")
    assert await looked(follower) == ["b/1"]


async def test_who_fell_behind_is_told() -> None:
    stand = Stand()
    follower = Follower(StandConnection(stand), ["a/"])
    for number in range(9):
        stand.put(f"a/{number}")
    stand.do(Compact(8))
    with pytest.raises(Compacted):
        await follower.look(0.0)
