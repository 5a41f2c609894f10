"""Kill anything, lose nothing: real SIGKILLs under load, and what stands outside in files afterwards."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest

import shoal
from tests.contract.kill_agents import Clerk, Send, Source
from tests.contract.waiting import eventually

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.ray, pytest.mark.timeout(300)]

KILL_EVERY_S = (0.5, 1.5)
Fresh = Callable[[str], str]


async def pids(system: shoal.System) -> dict[str, int]:
    return {info.name: info.pid for info in await system._peers.ask_system("hosts")}  # type: ignore[attr-defined]


async def pid_of(system: shoal.System, name: str) -> int:
    """Where the agent runs: while it is being started again it runs nowhere, and others may go on without it."""

    async def found() -> int | None:
        return (await pids(system)).get(name)

    pid: int = await eventually(found)
    return pid


def kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


async def kill_some(system: shoal.System, names: list[str], chance: random.Random, many: int = 1) -> int:
    alive = await pids(system)
    there = [name for name in names if name in alive]
    victims = chance.sample(there, k=min(many, len(there)))
    for name in victims:
        kill(alive[name])
    return len(victims)


async def kill_system_actor(system: shoal.System) -> int:
    kill(await system._peers.ask_system("pid"))  # type: ignore[attr-defined]
    return 1


def read_lines(path: Path) -> list[tuple[int, int]]:
    return [(int(sender), int(number)) for sender, number in map(str.split, path.read_text().splitlines())]


def in_order_without_repeats(lines: list[tuple[int, int]]) -> dict[int, list[int]]:
    """By sender: the numbers in the order in which each was first handled."""
    first: dict[int, dict[int, None]] = {}
    for sender, number in lines:
        first.setdefault(sender, {})[number] = None
    return {sender: list(numbers) for sender, numbers in first.items()}


Attack = Callable[[shoal.System, list[str], list[str], random.Random], Awaitable[int]]


async def _agents(system: Any, receivers: list[str], sources: list[str], chance: random.Random) -> int:
    return await kill_some(system, receivers, chance)


async def _agents_and_keeper(
    system: Any, receivers: list[str], sources: list[str], chance: random.Random
) -> int:
    if chance.random() < 0.3:
        return await kill_system_actor(system)
    return await kill_some(system, receivers, chance)


async def _several(system: Any, receivers: list[str], sources: list[str], chance: random.Random) -> int:
    killed = await kill_some(system, [*receivers, *sources], chance, many=3)
    return killed + (await kill_system_actor(system) if chance.random() < 0.5 else 0)


@pytest.mark.parametrize(
    ("attack", "attacks", "senders", "receiving", "messages"),
    [
        pytest.param(_agents, 15, 4, 8, 20_000, id="agents", marks=pytest.mark.slow),
        pytest.param(
            _agents_and_keeper, 15, 4, 8, 20_000, id="agents and the system actor", marks=pytest.mark.slow
        ),
        pytest.param(_several, 15, 4, 8, 20_000, id="several at once", marks=pytest.mark.slow),
        pytest.param(_several, 3, 2, 3, 1_200, id="several at once, thrice"),
    ],
)
async def test_nothing_is_lost_and_order_is_kept_while_processes_are_killed_at_random(
    ray_session: str,
    tmp_path: Path,
    attack: Attack,
    attacks: int,
    senders: int,
    receiving: int,
    messages: int,
) -> None:
    # A sender that is killed begins again, so the killing has to end for the sending to.
    chance = random.Random(7)
    async with shoal.start(None, stop_grace_s=0.5) as system:
        clerks = [
            system.spawn(Clerk(str(tmp_path / f"clerk-{n}")), name=f"clerk-{n}") for n in range(receiving)
        ]
        receivers = await asyncio.gather(*clerks)
        sources = await asyncio.gather(*(system.spawn(Source, name=f"source-{n}") for n in range(senders)))
        each = messages // senders // receiving
        sending = asyncio.gather(
            *(
                source.ask(Send(sender=n, to=receivers, count=each), timeout_s=280)
                for n, source in enumerate(sources)
            )
        )
        receiver_names, source_names = ([ref.address for ref in refs] for refs in (receivers, sources))
        killed = 0
        for _ in range(attacks):
            await asyncio.wait({sending}, timeout=chance.uniform(*KILL_EVERY_S))
            killed += await attack(system, receiver_names, source_names, chance)
        assert await sending == [each] * senders

        async def all_written() -> bool:
            paths = [tmp_path / f"clerk-{n}" for n in range(receiving)]
            return all(len(set(read_lines(path))) == senders * each for path in paths)

        await eventually(all_written)
        assert killed >= attacks
        for n in range(receiving):
            by_sender = in_order_without_repeats(read_lines(tmp_path / f"clerk-{n}"))
            assert by_sender == {sender: list(range(each)) for sender in range(senders)}
        assert [letter for letter in await system.dead_letters() if letter.tag.endswith("Item")] == []
        started = set((await pids(system)).values())
    await eventually(partial(ended, started))


async def ended(processes: set[int]) -> bool:
    """Whether none of them is there any more."""
    left = [pid for pid in processes if psutil.pid_exists(pid)]
    with contextlib.suppress(psutil.NoSuchProcess):
        return all(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE for pid in left)
    return False
