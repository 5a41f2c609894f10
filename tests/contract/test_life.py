"""Starting and stopping agents and systems (DESIGN 4.3), on every host."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

import shoal
from shoal.runtime.errors import AgentStartFailed, AgentStopped, ConfigError, NameTaken, SystemClosed
from tests.contract.agents import (
    BadConstructor,
    BadStart,
    Counter,
    Echo,
    Notes,
    Number,
    Parent,
    Player,
    Seen,
    Text,
)
from tests.contract.settings import SETTINGS

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.ray]
Fresh = Callable[[str], str]


@pytest.mark.parametrize("bad", [BadConstructor, BadStart])
@pytest.mark.parametrize("alone", [False, True])
async def test_an_agent_that_cannot_start_fails_its_spawn_with_the_traceback_and_its_name_is_free_again(
    system: shoal.System, crowd: str, fresh: Fresh, bad: Any, alone: bool
) -> None:
    name, host = fresh("bad"), None if alone else crowd
    with pytest.raises(AgentStartFailed, match="no such luck") as caught:
        await system.spawn(bad, name=name, host=host)
    assert "ValueError: no such luck" in caught.value.details["traceback"]
    good = await system.spawn(Echo(), name=name, host=host)
    assert await good.ask(Text(text="here")) == Text(text="here")
    await system.stop(good)


async def test_a_name_in_use_is_refused_and_its_agent_unharmed(
    system: shoal.System, crowd: str, fresh: Fresh
) -> None:
    for host in (crowd, None):
        name = fresh(f"twin-{host}")
        first = await system.spawn(Counter(), name=name, host=host)
        assert await first.ask(Number(n=1)) == 1
        with pytest.raises(NameTaken, match=name):
            await system.spawn(Counter(), name=name, host=host)
        assert await first.ask(Number(n=1)) == 2
        await system.stop(first)


async def test_a_stopped_agents_name_can_be_used_again(
    system: shoal.System, crowd: str, fresh: Fresh
) -> None:
    for host in (crowd, None):
        name = fresh(f"again-{host}")
        for _ in range(2):
            counter = await system.spawn(Counter(), name=name, host=host)
            assert await counter.ask(Number(n=1)) == 1
            await system.stop(counter)


async def test_what_cannot_be_an_agent_is_refused_before_anything_starts(system: shoal.System) -> None:
    class Deaf(shoal.Agent):
        pass

    for wrong in (Deaf(), 17, "agent"):
        with pytest.raises(ConfigError):
            await system.spawn(wrong)
    with pytest.raises(ConfigError):
        await system.spawn(Echo(), name="no spaces allowed")


async def test_children_stop_with_their_parent(
    system: shoal.System, crowd: str, fresh: Fresh, stage: shoal.Ref
) -> None:
    parent = await system.spawn(Parent(stage), name=fresh("parent"), host=crowd)
    children = [system.ref(await parent.ask(Text(text=fresh(f"child-{n}")))) for n in range(2)]
    assert await asyncio.gather(*(child.ask(Seen()) for child in children)) == [[], []]
    await system.stop(parent)
    for child in children:
        with pytest.raises(AgentStopped, match="its parent"):
            await child.ask(Seen())
    assert await stage.ask(Notes(count=3)) == [
        f"{ref.address} stopped" for ref in (*reversed(children), parent)
    ]


async def test_children_in_processes_of_their_own_stop_with_their_parent(
    system: shoal.System, fresh: Fresh, stage: shoal.Ref
) -> None:
    parent = await system.spawn(Parent(stage), name=fresh("parent"))
    child = system.ref(await parent.ask(Text(text=fresh("child"))))
    assert await child.ask(Seen()) == []
    await system.stop(parent)
    with pytest.raises(AgentStopped):
        await child.ask(Seen())


@pytest.mark.slow_on_ray
async def test_a_second_system_in_the_process_has_its_own_names_and_ends_alone(
    system: shoal.System, crowd: str, fresh: Fresh, request: pytest.FixtureRequest
) -> None:
    name = fresh("counter")
    mine = await system.spawn(Counter(), name=name, host=crowd)
    target = None if request.node.callspec.params["system"] == "ray" else "local"
    async with shoal.start(target, **SETTINGS) as second:
        other = await second.spawn(Counter(), name=name)
        assert await other.ask(Number(n=5)) == 5
        assert await mine.ask(Number(n=1)) == 1
    with pytest.raises(SystemClosed):
        await other.ask(Number(n=1))
    with pytest.raises(SystemClosed):
        await second.spawn(Counter())
    assert await mine.ask(Number(n=1)) == 2


async def test_a_players_on_stop_may_still_send(
    system: shoal.System, crowd: str, fresh: Fresh, stage: shoal.Ref
) -> None:
    player = await system.spawn(Player(stage), name=fresh("player"), host=crowd)
    await system.stop(player)
    assert await stage.ask(Notes(count=1)) == [f"{player.address} stopped"]
