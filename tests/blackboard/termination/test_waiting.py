"""Waiting until a condition holds, on a store in this process whose time passes only while somebody waits."""

from __future__ import annotations

from functools import partial

import pytest

from shoal.blackboard.errors import BoardUnavailable, InvalidOperation, RegionLost
from shoal.blackboard.operations import Compact, Complete, Delete, Transaction
from shoal.blackboard.termination import (
    CountReached,
    Ended,
    ItemsDone,
    NoImprovement,
    Quiescence,
    Termination,
    TimeLimit,
)
from shoal.blackboard.termination.waiting import wait_until
from tests.blackboard.stand_connection import StandConnection
from tests.blackboard.store.stand import Stand


@pytest.fixture
def stand() -> Stand:
    return Stand()


@pytest.fixture
def board(stand: Stand) -> StandConnection:
    return StandConnection(stand)


async def until(board: StandConnection, condition: Termination, timeout_s: float | None = 100.0) -> Ended:
    return await wait_until(board, condition, timeout_s, board.clock, board.sleep)


async def test_what_holds_already_ends_the_wait_at_once(stand: Stand, board: StandConnection) -> None:
    stand.put("a/1")
    ended = await until(board, CountReached("a/", 1))
    assert ended == Ended(
        reason="1 keys under 'a/', 1 were waited for",
        condition="CountReached('a/', 1)",
        revision=1,
        after_s=0.0,
    )


async def test_changes_end_the_wait_when_they_come(stand: Stand, board: StandConnection) -> None:
    for second in range(1, 6):
        board.after(second, partial(stand.put, f"a/{second}"))
    ended = await until(board, CountReached("a/", 3))
    assert (ended.revision, ended.after_s) == (3, 3.0)


async def test_of_many_changes_that_come_at_once_none_is_missed(stand: Stand) -> None:
    board = StandConnection(stand, page=7)
    for number in range(50):
        stand.put(f"a/{number}")
    board.after(1, lambda: [stand.put(f"a/{number}") for number in range(50, 100)])
    ended = await until(board, CountReached("a/", 100))
    assert ended.revision == 100


async def test_quiescence_is_found_when_the_last_item_is_done(stand: Stand, board: StandConnection) -> None:
    for key in ("job/1", "job/2"):
        stand.post(key)
    held = [stand.claimed(lease_s=1000.0) for _ in range(2)]
    board.after(4, lambda: stand.do(Complete(*held[0])))
    board.after(9, lambda: stand.do(Complete(*held[1])))
    ended = await until(board, Quiescence() | TimeLimit(50))
    assert (ended.condition, ended.after_s) == ("Quiescence()", 9.0)
    assert ended.reason == "nothing is left to do: 2 items are done, 0 dead"


async def test_quiescence_that_must_last_is_found_without_another_change(
    stand: Stand, board: StandConnection
) -> None:
    stand.post("job/1")
    held = stand.claimed(lease_s=1000.0)
    board.after(2, lambda: stand.do(Complete(*held)))
    board.after(4, lambda: stand.put("notes", "a late word"))
    ended = await until(board, Quiescence(quiet_s=10))
    assert ended.after_s == 14.0


async def test_an_item_that_nobody_claims_is_said_when_the_time_is_over(
    stand: Stand, board: StandConnection
) -> None:
    stand.post("job/1")
    with pytest.raises(TimeoutError, match=r"not after 20 s: Quiescence\(\): 1 items open, 0 claimed"):
        await until(board, Quiescence(), timeout_s=20)
    assert stand.now == 1020.0


async def test_a_limit_of_time_alone_asks_the_board_for_no_changes(board: StandConnection) -> None:
    ended = await until(board, TimeLimit(75), timeout_s=None)
    assert ended.after_s == 75.0
    assert board.requests == 1


async def test_a_wait_that_might_never_end_is_refused(board: StandConnection) -> None:
    with pytest.raises(InvalidOperation, match=r"Quiescence\(\) may never hold.*TimeLimit"):
        await until(board, Quiescence(), timeout_s=None)
    with pytest.raises(InvalidOperation, match="positive"):
        await until(board, Quiescence(), timeout_s=0)


async def test_a_board_that_is_away_is_waited_for(stand: Stand, board: StandConnection) -> None:
    board.failing = [BoardUnavailable("it died")] * 3
    board.after(5, lambda: stand.put("a/1"))
    board.after(6, lambda: board.failing.extend([BoardUnavailable("it died again")] * 2))
    board.after(20, lambda: stand.put("a/2"))
    ended = await until(board, CountReached("a/", 2))
    assert ended.after_s == 20.0


async def test_time_passes_also_while_the_board_is_away(board: StandConnection) -> None:
    board.failing = [BoardUnavailable("it is gone")] * 1000
    ended = await until(board, CountReached("a/", 2) | TimeLimit(30), timeout_s=None)
    assert (ended.condition, ended.after_s) == ("TimeLimit(30)", 30.0)
    with pytest.raises(TimeoutError, match="not after 10 s"):
        await until(board, CountReached("a/", 2), timeout_s=10)


async def test_a_region_that_was_lost_is_an_error(board: StandConnection) -> None:
    board.failing = [RegionLost("it was kept in memory")]
    with pytest.raises(RegionLost):
        await until(board, CountReached("a/", 2))


async def test_who_fell_behind_compaction_reads_the_region_again(
    stand: Stand, board: StandConnection
) -> None:
    stand.put("a/1")

    def much() -> None:
        for number in range(2, 12):
            stand.put(f"a/{number % 4}")
        stand.do(Compact(stand.store.revision))

    board.after(5, much)
    board.after(9, lambda: stand.put("a/x"))
    ended = await until(board, CountReached("a/", 5))
    assert ended.after_s == 9.0


async def test_improvement_counts_from_the_best_that_was_there(stand: Stand, board: StandConnection) -> None:
    stand.put("plan/1", {"score": 8})
    for second in range(1, 9):
        board.after(second, partial(stand.put, "plan/2", {"score": second}))
    ended = await until(board, NoImprovement("plan/", "score", revisions=5) | ItemsDone("", 1))
    assert ended.after_s == 5.0


async def test_the_status_and_the_changes_of_a_verdict_are_of_one_moment(
    stand: Stand, board: StandConnection
) -> None:
    """The key goes when the item is done: there is no moment at which both conditions hold."""
    stand.post("job/1")
    stand.put("a/1")
    key, token = stand.claimed(lease_s=1000.0)
    both = Transaction((), (Delete("a/1"), Complete(key, token)))
    board.before_status = [lambda: stand.do(both)]
    with pytest.raises(TimeoutError, match=r"0 items open, 0 claimed; CountReached\('a/', 1\): 0 so far"):
        await until(board, Quiescence() & CountReached("a/", 1), timeout_s=5)
