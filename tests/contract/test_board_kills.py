"""The board under SIGKILL on Ray: what was acknowledged is there, answers fit one order, no item is done twice."""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import AsyncIterator, Callable, Sequence
from itertools import chain
from typing import Any

import pytest
import pytest_asyncio

import shoal
from shoal.errors import RegionLost
from tests.blackboard.history import Operation
from tests.blackboard.linearizability import check
from tests.blackboard.register_model import UNSAID, Answer, Read, Write
from tests.contract.board_clients import Harvest, Harvester, Probe, Prober
from tests.contract.test_kills import kill, kill_system_actor, pids
from tests.contract.waiting import eventually

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.ray, pytest.mark.timeout(300)]
Fresh = Callable[[str], str]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def system(ray_session: str) -> AsyncIterator[shoal.System]:
    """The tests share it and its board, and have keys of their own."""
    async with shoal.start(None, stop_grace_s=0.5) as system:
        yield system


async def kill_board(system: shoal.System, region: str = "main") -> int:
    """Kill it where it runs now; 0 while it is being started again."""
    pid = (await pids(system)).get(f"board/{region}")
    if pid is None:
        return 0
    kill(pid)
    return 1


def operation(noted: Sequence[Any]) -> Operation:
    client, key, what, value, expected, called, returned, done, found, mod, revision = noted
    request = Read() if what == "read" else Write(None if what == "delete" else value, expected)
    if returned is None:
        return Operation(client, key, request, called)
    if what == "read" or (what == "write" and not done):
        answer = Answer(done, None, found, mod)
    else:
        answer = Answer(done, revision, UNSAID if done else None, mod)
    return Operation(client, key, request, called, returned, answer)


@pytest.mark.parametrize("lasts_s", [6.0, pytest.param(20.0, marks=pytest.mark.slow)])
async def test_what_clients_in_several_processes_are_told_while_the_board_dies_is_linearizable(
    system: shoal.System, fresh: Fresh, lasts_s: float
) -> None:
    chance = random.Random(3)
    await system.board().open()
    probers = await asyncio.gather(*(system.spawn(Prober, name=fresh(f"prober-{n}")) for n in range(3)))
    until = time.time() + lasts_s
    keys = [fresh(key) for key in "abcd"]
    probing = asyncio.gather(
        *(
            prober.ask(Probe(client=f"c{n}", keys=keys, until=until, seed=11), timeout_s=200)
            for n, prober in enumerate(probers)
        )
    )
    killed = 0
    while time.time() < until:
        await asyncio.wait({probing}, timeout=chance.uniform(0.4, 1.2))
        killed += await kill_board(system)
    histories = await probing
    history = [operation(noted) for noted in chain.from_iterable(histories)]
    assert killed >= 2
    assert len(history) > 150
    check(history)
    for prober in probers:
        await system.stop(prober)


@pytest.mark.parametrize(("total", "attacks"), [(150, 4), pytest.param(400, 8, marks=pytest.mark.slow)])
async def test_items_are_each_done_once_while_board_claimers_and_system_die(
    system: shoal.System, fresh: Fresh, total: int, attacks: int
) -> None:
    chance = random.Random(5)
    prefix = fresh("item")
    board = await system.board().open()
    before = (await board.status()).done
    names = [fresh(f"harvester-{n}") for n in range(3)]
    for number in range(total):
        await board.post(f"{prefix}/{number}", number, max_attempts=1000, backoff_s=0.0)
    refs = await asyncio.gather(*(system.spawn(Harvester, name=name) for name in names))
    until = time.time() + 120.0
    harvest = Harvest(client="", prefix=f"{prefix}/", total=before + total, until=until)
    harvesting = asyncio.gather(
        *(ref.ask(harvest.model_copy(update={"client": ref.address}), timeout_s=250) for ref in refs)
    )
    for attack in range(attacks):
        await asyncio.wait({harvesting}, timeout=chance.uniform(0.3, 1.0))
        await kill_board(system)
        if attack % 2:
            kill((await pids(system)).get(chance.choice(names), 0) or os.getpid() + 10**7)
        if attack == attacks // 2:
            await kill_system_actor(system)
    noted = list(chain.from_iterable(await harvesting))
    status = await board.status()
    assert (status.done - before, status.open, status.claimed, status.dead) == (total, 0, 0, 0)
    events = [event async for event in all_until(board, status.revision, f"{prefix}/")]
    check_claims(events, noted, {f"{prefix}/{number}" for number in range(total)})
    for ref in refs:
        await system.stop(ref)


def check_claims(events: Sequence[Any], noted: Sequence[Any], keys: set[str]) -> None:
    """Every item was done once, was nobody's when it was claimed, and by whoever was told that it did it."""
    completed = [event.key for event in events if event.entry.item.state == "done"]
    assert sorted(completed) == sorted(keys)
    holders: dict[str, int] = {}
    for event in events:
        item = event.entry.item
        if item.state == "claimed":
            assert event.key not in holders
            assert item.token == event.revision
            holders[event.key] = item.token
        elif event.key in holders:
            assert holders.pop(event.key) == item.token
    done = {event.key: event.entry.result(str) for event in events if event.entry.item.state == "done"}
    for client, key, token, *_, returned in noted:
        if returned is not None:
            assert done[key] == f"{client}:{token}"


async def all_until(board: shoal.Board, revision: int, prefix: str = "item/") -> Any:
    async for event in board.watch(prefix, since=1):
        yield event
        if event.revision >= revision - 1 and (await board.status()).revision == event.revision:
            return


async def test_a_watcher_misses_nothing_and_sees_nothing_twice_while_the_board_dies(
    system: shoal.System,
) -> None:
    board = await system.board().open()

    async def see() -> list[Any]:
        seen: list[Any] = []
        async for event in board.watch("n", int, since=1):
            seen.append(event.value)
            if event.value == 199:
                break
        return seen

    seeing = [asyncio.create_task(see()) for _ in range(3)]
    for number in range(200):
        await board.put("n", number)
        if number % 60 == 30:
            await eventually(lambda: kill_board(system))
    assert await asyncio.gather(*seeing) == [list(range(200))] * 3


async def test_a_region_in_memory_that_died_is_not_taken_for_the_one_it_was(system: shoal.System) -> None:
    board = await system.board("memory", durable=False).open()
    await board.put("a", 1)
    await eventually(lambda: kill_board(system, "memory"))
    with pytest.raises(RegionLost):
        await board.get("a")
    assert await board.get("a") is None  # it is said once


@pytest.mark.slow
@pytest.mark.timeout(1500)
async def test_no_acknowledged_write_is_lost_in_two_hundred_kills(ray_session: str) -> None:
    chance = random.Random(9)
    acknowledged: dict[str, int] = {}
    async with shoal.start(None, stop_grace_s=0.5) as system:
        board = await system.board().open()
        stop = asyncio.Event()

        async def write(client: int) -> None:
            number = 0
            while not stop.is_set():
                number += 1
                entry = await board.put(f"w/{client}/{number}", number)
                acknowledged[entry.key] = entry.revision

        writing = asyncio.gather(*(write(client) for client in range(4)))
        killed = 0
        while killed < 200:
            await asyncio.sleep(chance.random() * 0.2)
            killed += await eventually(lambda: kill_board(system))
            await board.status()  # it is there again
        stop.set()
        await writing
        found: dict[str, int] = {}
        after = ""
        while page := await board.range("w/", int, after=after, limit=1000):
            found.update((entry.key, entry.revision) for entry in page)
            after = page[-1].key
    assert len(acknowledged) > 200
    assert found == acknowledged
