"""What a swarm survives, and how many tasks it has at once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import shoal
from shoal.runtime.envelope import Scope
from shoal.runtime.errors import HandlerError
from shoal.topologies.swarm import swarm
from shoal.topologies.swarming.front import SwarmFront
from shoal.topologies.swarming.plan import home
from tests.topologies.crew import Gate
from tests.topologies.swarming import (
    Halves,
    Number,
    halve,
    numbers,
    until_tidy,
)

# -- deaths ------------------------------------------------------------------------------------------------


async def test_a_task_that_is_taken_up_again_goes_on_and_counts_each_item_once(system: shoal.System) -> None:
    gate = Gate()
    seen: list[int] = []

    class Slow(shoal.Agent):
        concurrency = 4

        async def on_number(self, number: Number, ctx: shoal.Context) -> Halves:
            seen.append(number.n)
            if number.n == 3:
                await gate.pass_through()
            return await halve(number)

    topology = swarm(
        Slow, count=2, lease_s=600, keep=True
    )  # a killed process does not tidy up, this one would
    team = await system.build(topology, name="s")
    id = bytes(range(16))

    def lead() -> Any:
        host = system.as_sender
        return host.ask_as("client", id, "s", Number(n=12), Scope(), (), None, 60.0, 1)

    first = asyncio.ensure_future(lead())
    await gate.until_running(2)
    await system.stop("s", kill=True)
    with pytest.raises(shoal.errors.ShoalError):
        await first
    front = topology.front({name: team.members[name] for name in topology.members})
    assert isinstance(front, SwarmFront)
    topology._equip(front, {name: team.members[name] for name in topology.members}, "s")
    gate.open.set()
    before = len(seen)
    await system.board().put(f"{home('s')}crew", 3)  # it had been resized
    await system.spawn(front, name="s")
    result = await lead()
    assert result.findings == [1] * 12
    assert (result.posted, result.done) == (23, 23)
    assert len(seen) - before < 23  # what was done is not done again
    assert "3" in result.agents


async def test_a_front_that_has_missed_changes_reads_its_tasks_again(system: shoal.System) -> None:
    gate = Gate()

    async def hold(number: Number) -> int:
        if number.n > 2:
            await gate.pass_through()
        return number.n

    team = await system.build(swarm(hold, count=2, seed=numbers), name="s")
    asking = asyncio.ensure_future(team.ask([1, 2, 3, 4], timeout_s=60))
    await gate.until_running(2)
    front: Any = system.as_sender.cells["s"].behavior
    await front._catch_up()  # as after Compacted
    gate.open.set()
    result = await asking
    assert sorted(result.findings) == [1, 2, 3, 4]
    assert (result.done, result.partial) == (4, False)


async def test_a_board_that_is_gone_for_good_fails_the_task_and_nobody_hangs(
    system: shoal.System, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shoal.blackboard.connection.RETRY_S", 0.1)
    gate = Gate()

    async def hold(number: Number) -> int:
        await gate.pass_through()
        return number.n

    await system.board("brief", durable=False).open()
    team = await system.build(swarm(hold, board="brief"))
    asking = asyncio.ensure_future(team.ask(Number(n=1), timeout_s=60))
    await gate.until_running(1)
    await system.stop("board/brief", kill=True)
    gate.open.set()
    with pytest.raises(HandlerError, match="brief"):
        await asking


async def test_deadline_and_cancellation_pass_through_and_leave_nothing(system: shoal.System) -> None:
    gate = Gate()

    class Held(shoal.Agent):
        async def on_number(self, number: Number, ctx: shoal.Context) -> int:
            gate.deadlines.append(ctx.deadline)
            try:
                await gate.pass_through()
            except asyncio.CancelledError:
                gate.called_off.set()
                raise
            return 1

    team = await system.build(swarm(Held, count=1))
    asking = asyncio.ensure_future(team.ask(Number(n=1), timeout_s=30))
    await gate.until_running(1)
    assert gate.deadlines[0] is not None
    asking.cancel()
    await gate.until_cancelled()
    await until_tidy(system.board())


async def test_a_thousand_tasks_are_in_flight_and_a_blocked_one_holds_up_none(system: shoal.System) -> None:
    gate = Gate()

    async def hold(number: Number) -> int:
        if number.n < 0:
            await gate.pass_through()
        return number.n

    await system.board("quick", durable=False).open()
    team = await system.build(swarm(hold, count=4, board="quick"))
    held = asyncio.ensure_future(team.ask(Number(n=-1), timeout_s=300))
    await gate.until_running(1)
    results = await asyncio.gather(*(team.ask(Number(n=n), timeout_s=300) for n in range(1000)))
    assert [result.findings for result in results] == [[n] for n in range(1000)]
    assert not held.done()
    gate.open.set()
    assert (await held).findings == [-1]


async def test_a_large_task_does_not_keep_a_small_one_waiting(system: shoal.System) -> None:
    done: list[int] = []

    async def note(number: Number) -> None:
        done.append(number.n)

    team = await system.build(swarm(note, seed=numbers))
    large = asyncio.ensure_future(team.ask([1] * 200, timeout_s=60))
    await asyncio.sleep(0)
    small = await team.ask([2] * 3, timeout_s=60)
    assert small.done == 3
    assert done.count(1) < 200
    assert (await large).done == 200
