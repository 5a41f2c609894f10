"""The board under SIGKILL on Ray: what was acknowledged is there, answers fit one order, no item is done twice."""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import Sequence
from itertools import chain
from typing import Any

import pytest

import shoal
from shoal.errors import RegionLost
from tests.blackboard.history import Operation
from tests.blackboard.linearizability import check
from tests.blackboard.register_model import UNSAID, Answer, Read, Write
from tests.contract.board_clients import Harvest, Harvester, Probe, Prober
from tests.contract.test_kills import kill, kill_system_actor, pids
from tests.contract.waiting import eventually

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.ray, pytest.mark.timeout(300)]

BOARD = "board/main"


async def kill_board(system: shoal.System) -> int:
    """Kill it where it runs now; 0 while it is being started again."""
    pid = (await pids(system)).get(BOARD)
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


async def test_what_clients_in_several_processes_are_told_while_the_board_dies_is_linearizable(
    ray_session: str,
) -> None:
    chance = random.Random(3)
    async with shoal.start(None, stop_grace_s=0.5) as system:
        await system.board().open()
        probers = [await system.spawn(Prober, name=f"prober-{n}") for n in range(3)]
        until = time.time() + 12.0
        probing = asyncio.gather(
            *(
                prober.ask(
                    Probe(client=f"c{n}", keys=["a", "b", "c", "d"], until=until, seed=11), timeout_s=200
                )
                for n, prober in enumerate(probers)
            )
        )
        killed = 0
        while time.time() < until:
            await asyncio.wait({probing}, timeout=chance.uniform(0.5, 1.5))
            killed += await kill_board(system)
        histories = await probing
    history = [operation(noted) for noted in chain.from_iterable(histories)]
    assert killed >= 3
    assert len(history) > 300
    check(history)


async def test_items_are_each_done_once_while_board_claimers_and_system_die(ray_session: str) -> None:
    chance = random.Random(5)
    total = 400
    async with shoal.start(None, stop_grace_s=0.5) as system:
        board = await system.board().open()
        names = [f"harvester-{n}" for n in range(4)]
        for number in range(total):
            await board.post(f"item/{number}", number, max_attempts=1000, backoff_s=0.0)
        refs = [await system.spawn(Harvester, name=name) for name in names]
        until = time.time() + 120.0
        harvesting = asyncio.gather(
            *(
                ref.ask(Harvest(client=ref.address, prefix="item/", total=total, until=until), timeout_s=250)
                for ref in refs
            )
        )
        for attack in range(8):
            await asyncio.wait({harvesting}, timeout=chance.uniform(0.3, 1.2))
            await kill_board(system)
            if attack % 2:
                kill((await pids(system)).get(chance.choice(names), 0) or os.getpid() + 10**7)
            if attack == 5:
                await kill_system_actor(system)
        noted = list(chain.from_iterable(await harvesting))
        status = await board.status()
        assert (status.done, status.open, status.claimed, status.dead) == (total, 0, 0, 0)
        events = [event async for event in all_until(board, status.revision)]
    check_claims(events, noted, {f"item/{number}" for number in range(total)})


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


async def all_until(board: shoal.Board, revision: int) -> Any:
    async for event in board.watch("item/", since=1):
        yield event
        if event.revision >= revision - 1 and (await board.status()).revision == event.revision:
            return


async def test_a_watcher_misses_nothing_and_sees_nothing_twice_while_the_board_dies(ray_session: str) -> None:
    async with shoal.start(None, stop_grace_s=0.5) as system:
        board = await system.board().open()

        async def see() -> list[Any]:
            seen: list[Any] = []
            async for event in board.watch("n", int, since=1):
                seen.append(event.value)
                if event.value == 299:
                    break
            return seen

        seeing = [asyncio.create_task(see()) for _ in range(3)]
        for number in range(300):
            await board.put("n", number)
            if number % 60 == 30:
                await eventually(lambda: kill_board(system))
        assert await asyncio.gather(*seeing) == [list(range(300))] * 3


async def test_a_region_in_memory_that_died_is_not_taken_for_the_one_it_was(ray_session: str) -> None:
    async with shoal.start(None, stop_grace_s=0.5) as system:
        board = await system.board(durable=False).open()
        await board.put("a", 1)
        await eventually(lambda: kill_board(system))
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
