"""Local models on both hosts: one server for all agents of a node, which comes and goes with its agent."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

import shoal
from shoal.models.local import ServeOptions, WhereIs, local_model
from shoal.models.local.preparing import Launch, launch_of
from shoal.models.local.process import answers
from tests.contract.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="session")
FAKES = Path(__file__).parents[1] / "models" / "local" / "fake_engine"


def fake_launch(options: ServeOptions) -> Launch:
    """An engine that needs neither library nor file."""
    command, environment = launch_of(options, Path("/nothing"))
    return Launch(command, {**environment, "PYTHONPATH": str(FAKES)})


class Asker(shoal.Agent):
    """Looks for the model on its node."""

    async def on_alias(self, alias: str, ctx: shoal.Context) -> str:
        model = await local_model(ctx, ServeOptions(alias=alias), launcher=fake_launch)
        return model.base_url or ""


async def test_agents_and_the_program_share_the_server_of_their_node(
    system: shoal.System, fresh: Callable[[str], str]
) -> None:
    alias = fresh("shared")
    asker = await system.spawn(Asker())
    model = await local_model(system, ServeOptions(alias=alias), launcher=fake_launch)
    assert await asker.ask(alias) == model.base_url
    assert await answers(model.base_url or "")

    await system.stop(f"model/{alias}")
    assert not await answers(model.base_url or "")
    await system.stop(asker)


async def test_a_server_dies_with_the_process_of_its_agent_and_comes_again_at_the_same_address(
    ray_system: shoal.System, fresh: Callable[[str], str]
) -> None:
    alias = fresh("killed")
    model = await local_model(ray_system, ServeOptions(alias=alias), launcher=fake_launch)
    before = await ray_system.ref(f"model/{alias}").ask(WhereIs())

    os.kill((await ray_system.processes())[f"model/{alias}"], signal.SIGKILL)

    async def gone() -> bool:
        return not psutil.pid_exists(before.pid)

    await eventually(gone)
    again = await local_model(ray_system, ServeOptions(alias=alias), launcher=fake_launch)
    after = await ray_system.ref(f"model/{alias}").ask(WhereIs())
    assert again.base_url == model.base_url
    assert after.pid != before.pid
    await ray_system.stop(f"model/{alias}")
