"""What only processes show: blocked loops, hostile bytes, deaths, and that none is left behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
import pytest_asyncio

import shoal
from shoal.runtime.errors import AgentStopped, DeliveryError
from tests.contract.agents import Block, Blocker, Echo, Player, Seen, Text
from tests.contract.settings import SETTINGS
from tests.contract.waiting import eventually

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.ray]
Fresh = Callable[[str], str]


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def ended(*pids: int) -> bool:
    async def gone() -> bool:
        return not any(map(alive, pids))

    return bool(await eventually(gone))


async def test_a_handler_that_blocks_its_loop_is_seen_with_its_stack_and_can_be_killed(
    ray_system: shoal.System, fresh: Fresh
) -> None:
    blocker = await ray_system.spawn(Blocker(), name=fresh("blocker"))
    echo = await ray_system.spawn(Echo(), name=fresh("echo"))
    blocked = asyncio.ensure_future(blocker.ask(Block(seconds=60.0), timeout_s=600))

    async def seen() -> Any:
        (health,) = await ray_system.health(blocker)
        return health if health.get("stack") else None

    health = await eventually(seen)
    assert health["blocked_s"] > 0
    assert "on_block" in health["stack"]
    assert await echo.ask(Text(text="alive")) == Text(text="alive")
    await ray_system.stop(blocker, kill=True)
    with pytest.raises(DeliveryError):
        await blocked
    with pytest.raises(AgentStopped):
        await blocker.ask(Block(seconds=0.0))
    assert await ended(health["pid"])
    await ray_system.stop(echo)


async def test_a_temporary_agent_whose_process_dies_fails_its_asker_and_later_asks_at_once(
    ray_system: shoal.System, fresh: Fresh
) -> None:
    blocker = await ray_system.spawn(Blocker(), name=fresh("victim"), restart="temporary")
    (health,) = await ray_system.health(blocker)
    asking = asyncio.ensure_future(blocker.ask(Block(seconds=60.0), timeout_s=600))
    await asyncio.wait({asking}, timeout=0.2)
    psutil.Process(health["pid"]).kill()
    with pytest.raises(DeliveryError, match="died"):
        await asking
    with pytest.raises(DeliveryError):
        await blocker.ask(Block(seconds=0.0), timeout_s=600)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def echo(ray_system: shoal.System) -> shoal.Ref:
    """An agent that all attack; one whose process an attack ended would not answer the next test."""
    return await ray_system.spawn(Echo(), name="attacked", restart="temporary")


@pytest.mark.parametrize(
    "attack",
    [b"", b"\x00" * 64, b"\xff" * 5000, b"\x00\x00\x00\x05hello", b"GET / HTTP/1.1\r\n\r\n", b"\x7f\xff\xff\xffx"],
    ids=["nothing", "zeros", "ones", "bad hello", "http", "huge length"],
)  # fmt: skip
async def test_hostile_bytes_on_the_socket_close_that_connection_and_nothing_else(
    ray_system: shoal.System, echo: shoal.Ref, attack: bytes
) -> None:
    info, _ = await ray_system._peers.find(echo.address)  # type: ignore[attr-defined]
    reader, writer = await asyncio.open_unix_connection(info.socket)
    with contextlib.suppress(ConnectionError):
        writer.write(attack)
        await writer.drain()
        if attack:
            async with asyncio.timeout(60):
                await reader.read()
    writer.close()
    assert await echo.ask(Text(text="alive")) == Text(text="alive")


@pytest.mark.parametrize("frame", [b"", b"\xc1", b"\xff" * 99, b"\x95\x01\x01\x01\x00\xc0", bytes(100_000)])
async def test_hostile_frames_to_the_hosts_actor_are_refused_and_harm_nobody(
    ray_system: shoal.System, echo: shoal.Ref, frame: bytes
) -> None:
    _, actor = await ray_system._peers.find(echo.address)  # type: ignore[attr-defined]
    for park in (True, False):
        with pytest.raises(Exception, match="ProtocolError"):
            await actor.deliver.remote(b"stranger", frame, park)
    assert await echo.ask(Text(text="alive")) == Text(text="alive")


async def test_shutdown_leaves_no_process_and_no_socket_behind(ray_session: str) -> None:
    system = await shoal.start(None, **SETTINGS)
    for number in range(2):
        await (await system.spawn(Echo(), name=f"echo-{number}")).ask(1)
    pids = [health["pid"] for health in await system.health()]
    directory: Path = system._settings.socket_dir()  # type: ignore[attr-defined]
    assert len([name for name in os.listdir(directory) if name.endswith(".sock")]) == 2
    await system.shutdown()
    await system.shutdown()
    assert await ended(*pids)
    assert directory.name not in os.listdir(directory.parent)


PROGRAM = """
import asyncio, sys
import shoal
from tests.contract.agents import Blocker, Echo, Flood, Flooder, Stage, Text

async def main():
    async with shoal.start(stop_grace_s=0.5) as system:
        echo = await system.spawn(Stage(), name="stage")
        flooder = await system.spawn(Flooder(), name="flooder")
        await flooder.tell(Flood(to=echo))
        pids = [health["pid"] for health in await system.health()]
        print("running", *pids, flush=True)
        await asyncio.Event().wait()

try:
    asyncio.run(main())
except KeyboardInterrupt:
    sys.exit(130)
"""


@pytest.mark.parametrize(
    "how",
    [
        pytest.param(signal.SIGINT, id="ctrl-c"),
        pytest.param(signal.SIGKILL, id="kill -9", marks=pytest.mark.slow),
    ],
)
async def test_however_the_client_ends_in_the_middle_no_process_stays(how: signal.Signals) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    async with asyncio.timeout(100):
        line = b""
        while not line.startswith(b"running"):
            line = await process.stdout.readline()
            assert line, (await process.communicate())[1].decode()
        pids = [int(pid) for pid in line.split()[1:]]
        assert len(pids) == 2
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(how)
        _, errors = await process.communicate()
    try:
        assert await ended(*pids)
        if how is signal.SIGINT:
            assert process.returncode == 130, errors.decode()
            assert await ended(*(child.pid for child in children))
    finally:
        # After a kill -9, Ray's own agents take a minute or two to see that their cluster is gone.
        for child in children:
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()


async def test_a_player_of_a_host_whose_sockets_are_cut_answers_all_the_same(
    ray_system: shoal.System, fresh: Fresh
) -> None:
    stage = await ray_system.spawn(Echo(), name=fresh("echo"))
    player = await ray_system.spawn(Player(stage), name=fresh("player"))
    _, actor = await ray_system._peers.find(player.address)  # type: ignore[attr-defined]
    for _ in range(5):
        asks = [asyncio.ensure_future(player.ask(Seen())) for _ in range(100)]
        await asyncio.wait(asks, timeout=0.01)
        await actor.cut_sockets.remote()
        assert await asyncio.gather(*asks) == [[]] * 100
