"""The sides of the rows about the blackboard that need no Ray do what they are given, with few entries."""

from __future__ import annotations

import psutil
import pytest

from shoal.bench import board_growth, board_redis_sides, board_sqlite_killed, board_sqlite_sides
from shoal.bench.board_contestants import LOCAL, REDIS, SQLITE
from shoal.bench.board_redis_server import RedisServer
from shoal.bench.catalogue import ABOUT_BOARDS
from shoal.bench.errors import CannotTakePart
from shoal.bench.rows import Figure
from shoal.bench.sides import Side, SideFactory, Stage

SIDES = [
    *((f"local {row}", side) for row, side in LOCAL.items() if row in ABOUT_BOARDS),
    *((f"sqlite {row}", side) for row, side in SQLITE.items()),
    *((f"redis {row}", side) for row, side in REDIS.items()),
]


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """A large region has 600 entries, so that the tests are quick."""
    for module in (board_growth, board_redis_sides, board_sqlite_killed, board_sqlite_sides):
        monkeypatch.setattr(module, "MANY", 600)
    monkeypatch.setattr(board_redis_sides.RedisRecovery, "entries", 600)


@pytest.mark.parametrize(("name", "factory"), SIDES, ids=[name for name, _ in SIDES])
async def test_a_side_handles_what_it_is_given_and_leaves_no_process_behind(
    name: str, factory: SideFactory
) -> None:
    if name.startswith("redis"):
        try:
            RedisServer()
        except CannotTakePart as reason:
            pytest.skip(str(reason))
    before = set(psutil.Process().children(recursive=True))
    side: Side = factory()
    count = side.counts.fit(100)
    try:
        await side.setup(Stage())
        for _ in range(2):
            await side.prepare(count)
            outcome = await side.run(count)
            assert outcome.done == count
            assert len(outcome.latencies_s) in (0, count)
            assert (outcome.growth is not None) == name.endswith(Figure.GROWTH[:4])
            await side.settle()
    finally:
        await side.teardown()
    # Python's own tracker of what its children share is one for all, and stays.
    left = set(psutil.Process().children(recursive=True)) - before
    assert [one for one in left if "resource_tracker" not in " ".join(one.cmdline())] == []


async def test_a_side_that_was_not_set_up_to_its_end_is_torn_down_all_the_same() -> None:
    for factory in (*SQLITE.values(), *REDIS.values()):
        await factory().teardown()
