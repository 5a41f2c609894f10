"""Limits on every host: 64 agents at once never spend more than there is, also when the limiter dies half-way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

import shoal
from shoal.actors.limits import LimitsSpec, open_limits, permits_of
from shoal.errors import ConfigError
from shoal.models.errors import BudgetExceeded
from shoal.models.permits import Budget, Settlement, Want
from shoal.models.spec import Rates
from tests.contract.limit_agents import Model, Race, Racer
from tests.contract.settings import SETTINGS
from tests.contract.test_kills import kill, pid_of
from tests.contract.waiting import eventually

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(120)]
CALLS = 1000
FEW_OR_MANY = pytest.mark.parametrize("calls", [300, pytest.param(CALLS, marks=pytest.mark.slow)])


@pytest_asyncio.fixture(loop_scope="session", params=["local", pytest.param("ray", marks=pytest.mark.ray)])
async def limited(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[shoal.System]:
    """A system of the test's own, on each host."""
    if request.param == "ray":
        request.getfixturevalue("ray_session")
    target = "local" if request.param == "local" else None
    async with shoal.start(target, run_dir=str(tmp_path / "run"), spares=0, **SETTINGS) as system:
        yield system


async def race(system: shoal.System) -> tuple[shoal.Ref, asyncio.Future[list[list[int]]]]:
    """64 agents of 4 processes against the budget."""
    model = await system.spawn(Model(), name="model")
    racers = await asyncio.gather(*(system.spawn(Racer, name=f"racer-{number}") for number in range(4)))
    racing = asyncio.gather(*(racer.ask(Race(model=model, tasks=16), timeout_s=100) for racer in racers))
    return model, racing


async def test_64_agents_at_once_make_as_many_calls_as_the_budget_allows_and_not_one_more(
    limited: shoal.System,
) -> None:
    limits = await open_limits(limited, LimitsSpec(run=Budget(calls=CALLS)))
    model, racing = await race(limited)
    went = [count for count, _ in await racing]
    assert sum(went) == await model.ask(0) == CALLS
    status = await limits.status()
    assert (status.open, status.waiting) == (0, 0)
    run = status.levels["run"]
    assert (run.spent.calls, run.spent.tokens, run.over) == (CALLS, 5 * CALLS, 0)
    assert run.spent.usd == CALLS * 0.0005
    with pytest.raises(BudgetExceeded):
        await limits.permits.acquire(Want("e", "m", 10, 0.001))
    await limits.set_budget(Budget(calls=CALLS + 1))
    (await limits.permits.acquire(Want("e", "m", 10, 0.001))).settle(Settlement(1, 0.0))


@pytest.mark.slow_on_ray
async def test_limits_are_opened_once(limited: shoal.System) -> None:
    spec = LimitsSpec(run=Budget(calls=1))
    assert await open_limits(limited, spec) is await open_limits(limited, spec)
    with pytest.raises(ConfigError, match="raise them with set_budget"):
        await open_limits(limited, LimitsSpec())


async def test_a_429_that_one_process_got_holds_up_all_others(limited: shoal.System) -> None:
    limits = await open_limits(limited, LimitsSpec(run=Budget(calls=3), rates={"e": Rates(concurrency=9)}))
    permit = await limits.permits.acquire(Want("e", "m", 10, 0.001))
    permit.settle(Settlement(0, 0.0, rate_limited=True, retry_after_s=3600.0))
    await limits.permits.flush()
    model = await limited.spawn(Model(), name="model")
    racer = await limited.spawn(Racer, name="racer")
    racing = asyncio.ensure_future(racer.ask(Race(model=model, tasks=2), timeout_s=100))

    async def waiting() -> bool:
        return (await limits.status()).waiting == 2

    await eventually(waiting)
    assert await model.ask(0) == 0
    endpoint = (await limits.status()).endpoints["e"]
    assert endpoint.rate_limited == 1
    assert endpoint.paused_s > 3000
    racing.cancel()


async def test_without_limits_a_process_gives_leave_itself() -> None:
    async with shoal.start("local", **SETTINGS) as system:
        permits = permits_of(system.as_sender)
        permit = await permits.acquire(Want("e", "m", 10, 0.001))
        permit.settle(Settlement(5, 0.0005))


@pytest.mark.ray
@FEW_OR_MANY
async def test_a_limiter_that_is_killed_half_way_lets_nobody_spend_more(
    ray_session: str, tmp_path: Path, calls: int
) -> None:
    async with shoal.start(None, run_dir=str(tmp_path / "run"), spares=0, **SETTINGS) as system:
        limits = await open_limits(system, LimitsSpec(run=Budget(calls=calls)))
        model, racing = await race(system)
        for share in (0.3, 0.6):

            async def far_enough(share: float = share) -> bool:
                return bool(await model.ask(0) >= share * calls)

            await eventually(far_enough)
            kill(await pid_of(system, "limits"))
        went = [count for count, _ in await racing]
        assert sum(went) == await model.ask(0) == calls
        status = await limits.status()
        assert (status.open, status.levels["run"].spent.calls) == (0, calls)
        assert (await system.restarts())["limits"] >= 1


@pytest.mark.ray
@FEW_OR_MANY
async def test_what_a_killed_process_had_reserved_is_booked_when_it_comes_again(
    ray_session: str, tmp_path: Path, calls: int
) -> None:
    async with shoal.start(None, run_dir=str(tmp_path / "run"), spares=0, **SETTINGS) as system:
        limits = await open_limits(system, LimitsSpec(run=Budget(calls=calls)))
        model, racing = await race(system)
        racing.add_done_callback(lambda done: done.cancelled() or done.exception())

        async def begun() -> bool:
            return bool(await model.ask(0) >= calls // 10)

        await eventually(begun)
        kill(await pid_of(system, "racer-0"))
        await racing

        async def all_booked() -> bool:
            return (await limits.status()).open == 0

        await eventually(all_booked)
        assert (await limits.status()).levels["run"].spent.calls == calls
        assert await model.ask(0) <= calls
