from __future__ import annotations

import asyncio
from typing import Any

import pytest

from shoal.bench.contender import Contender
from shoal.bench.errors import Miscounted, SideTimedOut
from shoal.bench.rows import Figure, Row
from shoal.bench.sides import Contestant, Counts, Outcome, Side, Stage
from tests.bench.fakes import World

ROW = Row(name="work", what="work is done", op="job")


def contender(world: World, rate: float = 1000.0, row: Row = ROW, **settings: Any) -> Contender:
    return Contender(world.contestant("one", rate, **settings), row, world.instruments())


async def test_only_the_run_is_timed() -> None:
    world = World()
    one = contender(world)
    await one.set_up(Stage())
    one.count = 500
    await one.sample(3, 1)
    (sample,) = one.samples
    assert (sample.round, sample.turn, sample.count) == (3, 1, 500)
    assert sample.wall_s == pytest.approx(0.5)
    assert sample.cpu_total_s == pytest.approx(0.005)
    assert sample.memory_total_b is None
    assert world.diary == ["one setup", "one run 500", "one settle"]


async def test_calibration_finds_the_count_that_lasts_as_long_as_asked() -> None:
    one = contender(World(), rate=2000.0)
    await one.calibrate(1.5)
    assert one.count == pytest.approx(3000, abs=1)
    assert one.samples == []


async def test_calibration_settles_after_each_trial() -> None:
    world = World()
    await contender(world, rate=10.0).calibrate(1.0)
    runs = [entry for entry in world.diary if "run" in entry]
    assert len(runs) > 1
    assert world.diary[1::2] == ["one settle"] * len(runs)


async def test_a_side_that_handles_another_number_is_refused() -> None:
    one = contender(World(), miscounts_by=-1)
    one.count = 10
    with pytest.raises(Miscounted, match="given 10 operations and handled 9"):
        await one.sample(0, 0)
    assert one.samples == []


async def test_latencies_become_percentiles() -> None:
    one = contender(World(), latencies_s=lambda count: [(number + 1) / 1000 for number in range(count)])
    one.count = 100
    await one.sample(0, 0)
    assert one.samples[0].p50_s == pytest.approx(0.05)
    assert one.samples[0].p99_s == pytest.approx(0.099)


async def test_memory_is_read_where_the_row_asks_for_it() -> None:
    row = Row(name="work", what="memory is taken", op="job", memory=True)
    one = contender(World(), row=row, memory_each_b=2048)
    one.count = 10
    await one.sample(0, 0)
    assert one.samples[0].memory_total_b == 20_480


async def test_what_a_run_uses_up_is_laid_ready_before_it_and_not_timed() -> None:
    world = World()
    one = contender(world, prepares=True)
    one.count = 500
    await one.sample(0, 0)
    assert one.samples[0].wall_s == pytest.approx(0.5)
    assert world.diary == ["one prepare 500", "one run 500", "one settle"]
    await one.calibrate(1.0)
    assert world.diary[3:6] == ["one prepare 1", "one run 1", "one settle"]
    assert one.count == pytest.approx(1000, abs=1)


async def test_a_side_that_cannot_take_part_is_absent_and_no_failure() -> None:
    one = contender(World(), absent="no server is here")
    await one.attempt(one.set_up(Stage()))
    assert (one.absent, one.error, one.standing) == ("no server is here", None, False)


async def test_what_a_side_says_of_itself_goes_with_its_result() -> None:
    one = contender(World(), remark="synchronous=NORMAL")
    await one.set_up(Stage())
    assert one.result().remark == "synchronous=NORMAL"


async def test_a_growth_that_was_measured_is_kept() -> None:
    one = contender(World(), growth=1.25)
    one.count = 10
    await one.sample(0, 0)
    assert one.samples[0].figure(Figure.GROWTH) == 1.25


async def test_the_first_error_is_kept() -> None:
    one = contender(World(), fails="run")
    await one.attempt(one.sample(0, 0))
    one.side = contender(World(), fails="teardown").side
    await one.attempt(one.tear_down())
    assert one.error == "RuntimeError: run 1 went wrong"
    assert one.result().error == one.error


class Stuck(Side):
    """Never ends a run."""

    counts = Counts.exactly(1)

    async def setup(self, stage: Stage) -> None:
        raise TimeoutError("the side's own clock ran out")

    async def run(self, count: int) -> Outcome:
        await asyncio.Event().wait()
        return Outcome(done=count)


async def test_a_run_that_never_ends_is_given_up_at_its_limit() -> None:
    stuck = Contender(Contestant("stuck", "Stuck", {"work": Stuck}), ROW, World().instruments(limit_s=0.01))
    with pytest.raises(SideTimedOut, match=r"Stuck needed more than 0\.01 s for a run"):
        await stuck.sample(0, 0)


async def test_a_timeout_of_the_side_itself_stays_what_it_is() -> None:
    stuck = Contender(Contestant("stuck", "Stuck", {"work": Stuck}), ROW, World().instruments())
    with pytest.raises(TimeoutError, match="own clock"):
        await stuck.set_up(Stage())


async def test_cancelling_the_bench_is_no_error_of_the_side() -> None:
    stuck = Contender(Contestant("stuck", "Stuck", {"work": Stuck}), ROW, World().instruments())
    running = asyncio.create_task(stuck.attempt(stuck.sample(0, 0)))
    await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert stuck.error is None
