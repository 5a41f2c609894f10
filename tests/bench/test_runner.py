from __future__ import annotations

import asyncio

import pytest

from shoal.bench.results import Settings
from shoal.bench.rows import Bar, Figure, Row
from shoal.bench.runner import Runner
from shoal.bench.sides import Contestant, Counts, Outcome, Stage
from tests.bench.fakes import FakeSide, World

ROW = Row(name="work", what="work is done", op="job", bars=(Bar(10, times="plain"), Bar(1e6)))


def runner(world: World, rounds: int = 3, notify: list[str] | None = None) -> Runner:
    told = [] if notify is None else notify
    return Runner(Stage(), Settings(rounds=rounds, seconds=1.0), world.instruments(), world.rest, told.append)


async def test_sides_take_turns_and_each_round_starts_with_another() -> None:
    world = World()
    counts = Counts.exactly(100)
    pair = [world.contestant("a", 100.0, counts=counts), world.contestant("b", 100.0, counts=counts)]
    await runner(world).run(ROW, pair)
    runs = [entry[0] for entry in world.diary if "run" in entry]
    assert runs == ["a", "b", *"abbaba"[:2], *"ba", *"ba"]
    assert world.diary[-2:] == ["b teardown", "a teardown"]


async def test_a_ratio_is_judged_round_by_round() -> None:
    world = World()
    result = await runner(world).run(
        ROW, [world.contestant("shoal", 50_000.0), world.contestant("plain", 1000.0)]
    )
    assert {key: len(side.samples) for key, side in result.sides.items()} == {"shoal": 3, "plain": 3}
    ratio, limit = result.bars
    assert ratio.measured is not None
    assert ratio.measured.median == pytest.approx(50.0)
    assert ratio.met is True
    assert limit.measured is not None
    assert limit.measured.median == pytest.approx(50_000.0)
    assert limit.met is False


async def test_each_side_has_the_count_that_lasts_as_long_as_asked() -> None:
    world = World()
    result = await runner(world).run(
        ROW, [world.contestant("shoal", 50_000.0), world.contestant("plain", 1000.0)]
    )
    assert result.sides["shoal"].samples[0].count == pytest.approx(50_000, abs=1)
    assert result.sides["plain"].samples[0].count == pytest.approx(1000, abs=1)


async def test_idle_processes_are_listened_to_once_all_sides_are_set_up() -> None:
    world = World()
    result = await runner(world).run(ROW, [world.contestant("plain", 1000.0)])
    assert result.idle_cores == pytest.approx(0.1)


@pytest.mark.parametrize("step", ["setup", "run", "settle"])
async def test_a_side_that_fails_is_reported_and_the_others_go_on(step: str) -> None:
    world = World()
    bad, good = world.contestant("bad", 1000.0, fails=step), world.contestant("plain", 1000.0)
    result = await runner(world).run(ROW, [bad, good])
    assert result.sides["bad"].error is not None
    assert "went wrong" in result.sides["bad"].error
    assert len(result.sides["plain"].samples) == 3
    assert "bad teardown" in world.diary
    assert "plain teardown" in world.diary


async def test_a_side_that_fails_half_way_keeps_the_rounds_it_has() -> None:
    world = World()

    class Tiring(FakeSide):
        runs = 0

        async def run(self, count: int) -> Outcome:
            self.runs += 1
            if self.runs > 3:  # the trial and two rounds
                raise RuntimeError("too tired")
            return await super().run(count)

    tiring = Contestant(
        "shoal", "Tiring", {"work": lambda: Tiring(world, "t", 10.0, counts=Counts.exactly(10))}
    )
    result = await runner(world, rounds=5).run(ROW, [tiring, world.contestant("plain", 1.0)])
    assert len(result.sides["shoal"].samples) == 2
    assert result.sides["shoal"].error == "RuntimeError: too tired"
    assert result.bars[0].measured is not None
    assert result.bars[0].measured.rounds == 2


async def test_a_bar_whose_sides_did_not_run_is_neither_met_nor_missed() -> None:
    world = World()
    result = await runner(world).run(ROW, [world.contestant("plain", 1000.0)])
    assert [(bar.measured, bar.met) for bar in result.bars] == [(None, None), (None, None)]


@pytest.mark.parametrize("fresh", [False, True])
async def test_a_side_that_cannot_take_part_is_left_out_with_its_reason(fresh: bool) -> None:
    world = World()
    row = Row(name="work", what="work is done", op="job", bars=(Bar(1, times="redis"),), fresh=fresh)
    pair = [world.contestant("redis", 1000.0, absent="no server is here"), world.contestant("shoal", 1000.0)]
    result = await runner(world, rounds=2).run(row, pair)
    assert result.absent == {"redis": "no server is here"}
    assert set(result.sides) == {"shoal"}
    assert result.sides["shoal"].error is None
    assert result.bars[0].met is None
    assert world.diary.count("redis setup") == 1
    assert "redis teardown" in world.diary


async def test_a_contestant_without_a_side_of_the_row_takes_no_part() -> None:
    world = World()
    other = world.contestant("other", 1.0, row="elsewhere")
    result = await runner(world).run(ROW, [other, world.contestant("plain", 1000.0)])
    assert list(result.sides) == ["plain"]


async def test_a_fresh_row_sets_its_sides_up_for_each_round_without_trials() -> None:
    world = World()
    row = Row(name="work", what="memory is taken", op="job", memory=True, fresh=True, rounds_at_most=2,
              bars=(Bar(4096, figure=Figure.MEMORY),))  # fmt: skip
    one = world.contestant("shoal", 1000.0, counts=Counts.exactly(50), memory_each_b=1024)
    result = await runner(world, rounds=5).run(row, [one])
    assert world.diary == ["shoal setup", "shoal run 50", "shoal settle", "shoal teardown"] * 2
    assert result.idle_cores is None
    assert result.bars[0].met is True


async def test_a_fresh_row_tears_down_after_a_failure_and_does_not_try_again() -> None:
    world = World()
    row = Row(name="work", what="work is done", op="job", fresh=True)
    result = await runner(world).run(row, [world.contestant("shoal", 1.0, fails="run")])
    assert world.diary == ["shoal setup", "shoal run 1", "shoal teardown"]
    assert result.sides["shoal"].error == "RuntimeError: run 1 went wrong"


@pytest.mark.parametrize("fresh", [False, True])
async def test_cancelling_a_row_tears_all_of_it_down(fresh: bool) -> None:
    world = World()
    running = asyncio.Event()

    class Endless(FakeSide):
        async def run(self, count: int) -> Outcome:
            running.set()
            await asyncio.Event().wait()
            return await super().run(count)

    endless = Contestant("shoal", "Endless", {"work": lambda: Endless(world, "shoal", 1.0)})
    row = Row(name="work", what="work is done", op="job", fresh=fresh)
    task = asyncio.create_task(runner(world).run(row, [endless]))
    await running.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert world.diary == ["shoal setup", "shoal teardown"]


async def test_what_is_being_done_is_told() -> None:
    world, told = World(), list[str]()
    await runner(world, rounds=1, notify=told).run(ROW, [world.contestant("plain", 1000.0)])
    assert told == [
        "work: starting plain",
        "work: how much plain does in 1 s",
        "work: what the idle processes use",
        "work: round 1 of 1, plain",
    ]
