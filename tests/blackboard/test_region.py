"""A region and its log: what was answered is written, and what cannot be written was never there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from shoal.blackboard.entry import encode_value
from shoal.blackboard.errors import BoardUnavailable
from shoal.blackboard.operations import Get, Operation, Put
from shoal.blackboard.packing import unpack_result
from shoal.blackboard.persistence import Answer, Owner, SqliteRegionLog
from shoal.blackboard.region import Region, Write
from shoal.blackboard.requests import read_answer
from shoal.blackboard.results import Found, Result, Written
from shoal.blackboard.spec import make_spec
from shoal.blackboard.version import Cause, Commit
from shoal.runtime.durable import Fenced, StoreFull, StoreUnreachable


class FaultyLog(SqliteRegionLog):
    """Fails when it is told to, before or after it has written."""

    def __init__(self, path: Path, faults: list[tuple[bool, Exception]], written: list[int]) -> None:
        super().__init__(path, "main", quick=True)
        self._faults = faults
        self._appended = written

    def append(self, commits: Sequence[Commit], answers: Sequence[Answer], now: float) -> None:
        """Notes how many commits came at once."""
        writes_first, fault = self._faults.pop(0) if self._faults else (True, None)
        if writes_first:
            super().append(commits, answers, now)
            self._appended.append(len(commits))
        if fault is not None:
            raise fault


class Rig:
    """One region, and how to ask it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.faults: list[tuple[bool, Exception]] = []
        self.appended: list[int] = []
        """How many commits each transaction of the log had."""

    def region(self, generation: int = 1) -> Region:
        """Its ``generation``-th board."""
        owner = Owner("session", "test", generation)
        return Region(make_spec("main", {}), owner, lambda: FaultyLog(self.path, self.faults, self.appended))


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path / "main.db")


def put(number: int, key: str, value: int) -> Write:
    return write(number, Put(key, encode_value(value)))


def get(number: int, key: str) -> Write:
    return write(number, Get(key))


def write(number: int, operation: Operation) -> Write:
    return Write(number.to_bytes(12), operation, Cause("agent", b"because"))


async def served(region: Region, *batch: Write) -> list[Result]:
    """What a batch was answered."""
    return [unpack_result(read_answer(reply)[1]) for reply in await region.serve(batch)]


def is_at(revision: int) -> Callable[[Result], bool]:
    return lambda result: isinstance(result, Written) and result.revision == revision


async def test_what_comes_together_is_one_transaction_of_the_log_and_reads_see_what_came_before(
    rig: Rig,
) -> None:
    region = rig.region()
    results = await served(region, put(1, "a", 1), put(2, "a", 2), get(3, "a"), put(4, "b", 1))
    assert rig.appended == [3]
    assert [result.revision for result in results if isinstance(result, Written)] == [1, 2, 3]
    found = results[2]
    assert isinstance(found, Found)
    assert found.version is not None
    assert found.version.mod_revision == 2
    await region.close()


async def test_while_nothing_can_be_saved_writers_are_told_so_and_readers_see_what_is_safe(rig: Rig) -> None:
    region = rig.region()
    await served(region, put(1, "a", 1))
    rig.faults.append((False, StoreFull("no room")))
    replies = await region.serve([put(2, "a", 2), get(3, "a")])
    with pytest.raises(BoardUnavailable, match="nothing was written") as caught:
        read_answer(replies[0])
    assert caught.value.details["certain"]
    (found,) = [unpack_result(read_answer(replies[1])[1])]
    assert isinstance(found, Found)
    assert found.version is not None
    assert found.version.mod_revision == region.safe == 1
    (again,) = await served(region, put(2, "a", 2))
    assert is_at(2)(again)
    await region.close()


@pytest.mark.parametrize("was_written", [True, False])
async def test_when_nobody_knows_whether_it_was_written_it_is_found_out_and_done_once(
    rig: Rig, was_written: bool
) -> None:
    region = rig.region()
    await served(region, put(1, "a", 1))
    rig.faults.append((was_written, StoreUnreachable("the connection was lost")))
    (result,) = await served(region, put(2, "a", 2))
    assert is_at(2)(result)
    assert region.store.revision == 2
    await region.close()


async def test_a_write_that_comes_again_after_a_death_gets_the_answer_it_had(rig: Rig) -> None:
    await served(rig.region(), put(1, "a", 1), put(2, "b", 1))
    results = await served(rig.region(2), put(1, "a", 1), put(3, "c", 1))
    assert is_at(1)(results[0])
    assert is_at(3)(results[1])


async def test_a_board_that_was_given_up_writes_nothing_and_is_told_to_stop(rig: Rig) -> None:
    old, new = rig.region(1), rig.region(2)
    await served(old, put(1, "a", 1))
    await served(new, put(2, "a", 2))
    with pytest.raises(Fenced):
        await old.serve([put(3, "a", 3)])
    (found,) = await served(new, get(4, "a"))
    assert isinstance(found, Found)
    assert found.revision == 2
    with pytest.raises(Fenced):  # nor does it take the region back
        await old.serve([get(5, "a")])
    await new.close()
