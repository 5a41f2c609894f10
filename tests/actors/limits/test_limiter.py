"""The limiter and the links to it: what is safe when one of them dies, and who hears of what."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from shoal.actors.limits import LimitsSpec, link
from shoal.actors.limits.ledger_file import FILE_NAME
from shoal.actors.limits.link import LimiterLink
from shoal.models.errors import BudgetExceeded, LimiterUnavailable
from shoal.models.permits import Budget, Settlement
from shoal.models.spec import Rates
from shoal.runtime.durable.errors import Fenced
from tests.actors.limits.limiter_stand import LimiterStand
from tests.actors.limits.wants import want
from tests.contract.waiting import eventually

DONE = Settlement(10, 0.001)


@pytest_asyncio.fixture
async def stand(tmp_path: Path) -> AsyncIterator[LimiterStand]:
    """A limiter with a budget of a hundred calls."""
    stand = LimiterStand(tmp_path, LimitsSpec(run=Budget(calls=100), lease_s=40.0))
    await stand.start()
    yield stand
    await stand.stop()


async def test_leave_is_given_and_given_back(stand: LimiterStand) -> None:
    one = stand.link()
    permit = await one.acquire(want("team/red"))
    status = await stand.status()
    assert (status.open, status.levels["team/red"].reserved.tokens) == (1, 10)
    permit.settle(Settlement(4, 0.0005))
    permit.settle(Settlement(9, 0.001))
    await one.flush()
    status = await stand.status()
    assert (status.open, status.levels["run"].spent.tokens, status.levels["run"].spent.calls) == (0, 4, 1)
    assert status.levels["run"].spent.usd == 0.0005


async def test_what_is_wanted_at_once_goes_as_one_message(stand: LimiterStand) -> None:
    one = stand.link()
    (await one.acquire(want())).settle(DONE)
    await one.flush()
    before = stand.messages
    permits = await asyncio.gather(*(one.acquire(want()) for _ in range(64)))
    assert stand.messages == before + 1
    for permit in permits:
        permit.settle(DONE)
    await one.flush()
    assert stand.messages == before + 2


async def test_a_settlement_goes_with_the_next_call(stand: LimiterStand) -> None:
    one = stand.link()
    permit = await one.acquire(want())
    before = stand.messages
    for _ in range(10):
        permit.settle(DONE)
        permit = await one.acquire(want())
    assert stand.messages == before + 10  # and not one more for each settlement
    permit.settle(DONE)
    await one.flush()
    assert (await stand.status()).levels["run"].spent.calls == 11


async def test_a_settlement_after_which_nothing_is_wanted_goes_by_itself(stand: LimiterStand) -> None:
    (await stand.link().acquire(want())).settle(DONE)

    async def settled() -> bool:
        return (await stand.status()).levels["run"].spent.calls == 1

    assert await eventually(settled)


async def test_a_closed_link_has_told_everything_and_tells_nothing_more(stand: LimiterStand) -> None:
    one = stand.link()
    permits = [await one.acquire(want()) for _ in range(2)]
    permits[0].settle(DONE)
    await one.flush()
    one.close()
    before = stand.messages
    permits[1].settle(DONE)
    with pytest.raises(LimiterUnavailable, match="shut down"):
        await one.acquire(want())
    assert stand.messages == before
    assert (await stand.status()).levels["run"].spent.calls == 1


async def test_who_must_wait_hears_of_it_when_another_process_gives_back(tmp_path: Path) -> None:
    stand = LimiterStand(tmp_path, LimitsSpec(rates={"e": Rates(concurrency=1)}))
    await stand.start()
    one, two = stand.link("one"), stand.link("two")
    permit = await one.acquire(want())
    waiting = asyncio.ensure_future(two.acquire(want()))
    await waits(stand, 1)
    assert not waiting.done()
    permit.settle(DONE)
    (await waiting).settle(DONE)
    await stand.stop()


async def waits(stand: LimiterStand, count: int) -> None:
    async def there() -> bool:
        return (await stand.status()).waiting == count

    await eventually(there)


async def test_a_wait_that_is_cancelled_leaves_nothing_reserved(tmp_path: Path) -> None:
    stand = LimiterStand(tmp_path, LimitsSpec(run=Budget(calls=3), rates={"e": Rates(concurrency=1)}))
    await stand.start()
    one = stand.link()
    permit = await one.acquire(want())
    waiting = [asyncio.ensure_future(one.acquire(want())) for _ in range(2)]
    await waits(stand, 2)
    unheard = asyncio.ensure_future(one.acquire(want()))
    await asyncio.sleep(0)
    for task in (*waiting, unheard):
        task.cancel()
    await asyncio.gather(*waiting, unheard, return_exceptions=True)
    permit.settle(DONE)
    await one.flush()
    status = await stand.status()
    assert (status.open, status.waiting, status.levels["run"].spent.calls) == (0, 0, 1)
    await stand.stop()


async def test_a_call_cancelled_in_the_moment_it_gets_leave_leaves_nothing_reserved(
    stand: LimiterStand,
) -> None:
    one = stand.link()
    for turns in range(30):
        task = asyncio.ensure_future(one.acquire(want()))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        (found,) = await asyncio.gather(task, return_exceptions=True)
        del task
        if not isinstance(found, BaseException):
            found.settle(DONE)
    await one.flush()

    async def nothing_open() -> bool:
        status = await stand.status()
        return status.open == status.waiting == 0

    await eventually(nothing_open)


async def test_a_permit_that_is_thrown_away_is_booked_in_full(stand: LimiterStand) -> None:
    one = stand.link()
    permit = await one.acquire(want())
    del permit
    await one.flush()
    status = await stand.status()
    assert (status.open, status.levels["run"].spent.tokens) == (0, 10)


async def test_what_was_promised_counts_after_the_limiter_is_killed_and_is_settled_with_the_next(
    stand: LimiterStand,
) -> None:
    one = stand.link()
    permit = await one.acquire(want())
    stand.kill()
    await stand.start()
    assert (await stand.status()).levels["run"].reserved.calls == 1
    permit.settle(Settlement(3, 0.0))
    await one.flush()
    status = await stand.status()
    assert (status.open, status.levels["run"].reserved.calls, status.levels["run"].spent.tokens) == (0, 0, 3)


async def test_those_who_waited_when_the_limiter_was_killed_wait_at_the_next(tmp_path: Path) -> None:
    stand = LimiterStand(tmp_path, LimitsSpec(rates={"e": Rates(concurrency=1)}))
    await stand.start()
    one = stand.link()
    permit = await one.acquire(want())
    waiting = asyncio.ensure_future(one.acquire(want()))
    await waits(stand, 1)
    stand.kill()
    await stand.start()
    await waits(stand, 1)
    permit.settle(DONE)
    (await waiting).settle(DONE)
    await one.flush()
    await stand.stop()


@pytest.mark.parametrize("seed", range(4))
async def test_a_race_for_a_budget_never_spends_more_however_often_the_limiter_is_killed(
    tmp_path: Path, seed: int
) -> None:
    stand = LimiterStand(tmp_path, LimitsSpec(run=Budget(calls=300)))
    await stand.start()
    chance = random.Random(seed)
    calls = 0

    async def agent(one: LimiterLink) -> None:
        nonlocal calls
        while True:
            try:
                permit = await one.acquire(want())
            except BudgetExceeded:
                return
            calls += 1
            if calls % 60 == 0:
                stand.kill()
                await asyncio.sleep(0)
                await stand.start()
            for _ in range(chance.randrange(4)):
                await asyncio.sleep(0)
            permit.settle(Settlement(chance.randrange(10), 0.0))

    links = [stand.link(f"p{number}") for number in range(8)]
    await asyncio.gather(*(agent(links[number % 8]) for number in range(64)))
    assert calls == 300
    await asyncio.gather(*(one.flush() for one in links))
    status = await stand.status()
    assert (status.open, status.levels["run"].spent.calls, status.levels["run"].over) == (0, 300, 0)
    await stand.stop()


async def test_what_a_process_holds_that_is_not_heard_from_is_booked_in_full_after_its_lease(
    stand: LimiterStand,
) -> None:
    silent, alive = stand.link("silent"), stand.link("alive")
    lost = await silent.acquire(want())
    held = await alive.acquire(want())
    stand.now += 30.0
    held.settle(DONE)
    held = await alive.acquire(want())
    stand.now += 15.0
    stand.limiter._run()

    async def booked() -> bool:
        return (await stand.status()).open == 1

    await eventually(booked)
    assert (await stand.status()).levels["run"].spent.calls == 2
    lost.settle(Settlement(1, 0.0))
    held.settle(DONE)
    await asyncio.gather(silent.flush(), alive.flush())
    assert (await stand.status()).levels["run"].spent.tokens == 21


async def test_what_a_process_held_that_came_again_is_booked_at_once(stand: LimiterStand) -> None:
    lost = await stand.link("worker", 1).acquire(want())
    again = stand.link("worker", 2)
    (await again.acquire(want())).settle(DONE)
    await again.flush()
    status = await stand.status()
    assert (status.open, status.levels["run"].spent.calls) == (0, 2)
    lost.settle(DONE)


async def test_of_two_limiters_on_one_ledger_the_older_one_gives_nothing(stand: LimiterStand) -> None:
    one = stand.link("one")
    (await one.acquire(want())).settle(DONE)
    await one.flush()
    old, process = stand.limiter, stand.process
    await stand.start()
    await stand.status()

    async def send(message: bytes, limit_s: float) -> bytes:
        limiter = stand.limiter if process.gave_up else old
        return await limiter.on_request(message, process)

    two = LimiterLink(send, "two")
    (await two.acquire(want())).settle(DONE)
    await two.flush()
    assert [type(error) for error in process.gave_up] == [Fenced]
    await old.on_stop(process, "fenced")
    assert (await stand.status()).levels["run"].spent.calls == 2


async def test_a_limiter_that_is_gone_is_tried_again_in_bounds_and_then_it_is_an_error(
    stand: LimiterStand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "PATIENCE_S", 0.2)
    one = stand.link()
    permit = await one.acquire(want())
    stand.kill()
    with pytest.raises(LimiterUnavailable, match="nobody can say whether the call fits"):
        await one.acquire(want())
    permit.settle(DONE)
    await stand.start()
    (await one.acquire(want())).settle(DONE)
    await one.flush()
    status = await stand.status()
    assert (status.open, status.waiting, status.levels["run"].spent.calls) == (0, 0, 2)


async def test_a_damaged_ledger_gives_no_leave_and_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "PATIENCE_S", 0.2)
    (tmp_path / FILE_NAME).write_bytes(b"no ledger")
    stand = LimiterStand(tmp_path, LimitsSpec())
    await stand.start()
    with pytest.raises(LimiterUnavailable, match=r"limits ledger .* is damaged.*What was spent is not known"):
        await stand.link().acquire(want())
    await stand.stop()


async def test_a_run_that_goes_on_has_spent_what_it_spent_and_may_have_other_limits(tmp_path: Path) -> None:
    stand = LimiterStand(tmp_path, LimitsSpec(run=Budget(calls=1)))
    await stand.start()
    one = stand.link()
    (await one.acquire(want())).settle(DONE)
    await one.flush()
    await stand.stop()
    stand.session, stand.spec = "another", LimitsSpec(run=Budget(calls=2))
    await stand.start()
    two = stand.link()
    (await two.acquire(want())).settle(DONE)
    with pytest.raises(BudgetExceeded, match="of 2 there are 0 left"):
        await two.acquire(want())
    await two.flush()
    await stand.stop()


async def test_the_time_in_which_nobody_works_on_a_run_is_not_of_its_wall_time(tmp_path: Path) -> None:
    stand = LimiterStand(tmp_path, LimitsSpec(run=Budget(wall_s=100.0), per_task=Budget(wall_s=50.0)))
    await stand.start()
    one = stand.link()
    (await one.acquire(want("task/7"))).settle(DONE)
    await one.flush()
    stand.now += 30.0
    await stand.stop()
    for session in (
        "another",
        "another",
        "a third",
    ):  # the same one, too: a program may go on with its own run
        stand.now += 3600.0
        stand.session = session
        await stand.start()
        left = (await stand.status()).levels
        assert (left["run"].left.wall_s, left["task/7"].left.wall_s) == (70.0, 20.0)
        await stand.stop()
    await stand.start()
    await stand.status()
    stand.now += 71.0
    with pytest.raises(
        BudgetExceeded, match=r"100 s are over; it was first used 101\.0 s ago, pauses of the run not"
    ):
        await stand.link().acquire(want("task/7"))
    await stand.stop()


async def test_a_limiter_that_is_killed_loses_no_more_time_than_since_it_was_asked_last(
    tmp_path: Path,
) -> None:
    stand = LimiterStand(tmp_path, LimitsSpec(run=Budget(wall_s=100.0)))
    await stand.start()
    (await stand.link().acquire(want())).settle(DONE)
    for _ in range(40):
        stand.now += 1.0
        await stand.status()
    stand.kill()
    stand.now += 5.0
    await stand.start()
    assert (await stand.status()).levels["run"].left.wall_s == 60.0
    await stand.stop()


async def test_rates_that_a_process_declares_hold_for_all_also_after_the_limiter_was_killed(
    stand: LimiterStand,
) -> None:
    one, two = stand.link("one"), stand.link("two")
    one.declare_rates("e", Rates(rpm=2))
    permits = [await one.acquire(want()) for _ in range(2)]
    stand.kill()
    await stand.start()
    permits[0].settle(DONE)
    await one.flush()
    waiting = asyncio.ensure_future(two.acquire(want()))
    await waits(stand, 1)
    stand.now += 61.0
    stand.limiter._run()
    (await waiting).settle(DONE)
    permits[1].settle(DONE)
    await asyncio.gather(one.flush(), two.flush())
