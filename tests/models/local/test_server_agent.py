"""An agent that serves a model on its node, and how it is shared."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

import shoal
from shoal.models.local import ModelServer, ServeOptions, WhereIs, local_model, server_agent, sharing
from shoal.models.local.errors import LocalModelError, NotGguf, ServedElsewhere, ServerFailed
from shoal.models.local.process import answers
from shoal.models.local.server_agent import ServedAt, place, port_of
from shoal.models.local.sharing import server_name
from shoal.runtime.errors import ConfigError, HandlerError
from tests.models.local.test_serving import FakeEngine, gone


async def asked_until_it_fails(agent: shoal.Ref) -> None:
    """Ask until the death has been heard of."""
    while True:
        await agent.ask(WhereIs())


pytestmark = pytest.mark.usefixtures("fake_engine")


class Asker(shoal.Agent):
    """Looks for the model on its node."""

    async def on_path(self, path: str, ctx: shoal.Context) -> str:
        return (await local_model(ctx, path)).base_url or ""


async def test_it_says_where_its_model_is_and_ends_the_server_when_it_stops(gguf: Path) -> None:
    async with shoal.start("local") as system:
        agent = await system.spawn(ModelServer(ServeOptions(gguf=str(gguf))), name="model/tiny")
        served = await agent.ask(WhereIs())
        assert await answers(served.base_url)
        assert served.place == place()
        assert served.options.name == "tiny"
        await system.stop(agent)
        assert gone(served.pid)


async def test_the_server_ends_when_the_system_does_and_when_the_agent_is_killed(gguf: Path) -> None:
    async with shoal.start("local") as system:
        agent = await system.spawn(ModelServer(ServeOptions(gguf=str(gguf))))
        killed = await agent.ask(WhereIs())
        await system.stop(agent, kill=True)
        left = await (await system.spawn(ModelServer(ServeOptions(gguf=str(gguf))))).ask(WhereIs())
    assert gone(killed.pid)
    assert gone(left.pid)


async def test_a_server_that_dies_is_started_again_at_the_same_address(gguf: Path) -> None:
    async with shoal.start("local") as system:
        agent = await system.spawn(ModelServer(ServeOptions(gguf=str(gguf))))
        before = await agent.ask(WhereIs())
        os.kill(before.pid, signal.SIGKILL)
        after = before
        while after.pid == before.pid:  # it may be asked before it has heard of the death
            after = await agent.ask(WhereIs())
        assert after.base_url == before.base_url
        assert await answers(after.base_url)


async def test_a_server_that_dies_again_and_again_is_given_up_with_the_reason(
    gguf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_agent, "MOST_DEATHS", 0)
    async with shoal.start("local") as system:
        agent = await system.spawn(ModelServer(ServeOptions(gguf=str(gguf))), name="model/tiny")
        served = await agent.ask(WhereIs())
        os.kill(served.pid, signal.SIGSEGV)
        with pytest.raises(HandlerError, match="ended by signal 11"):
            await asked_until_it_fails(agent)
        with pytest.raises(ServerFailed, match="ended by signal 11"):
            await local_model(system, str(gguf))


async def test_what_keeps_it_from_serving_fails_the_spawn(gguf: Path, fake_engine: FakeEngine) -> None:
    fake_engine("refuses")
    async with shoal.start("local") as system:
        with pytest.raises(NotGguf, match="cannot load the file of tiny"):
            await system.spawn(ModelServer(ServeOptions(gguf=str(gguf))))


async def test_all_who_ask_on_a_node_share_one_server(gguf: Path) -> None:
    async with shoal.start("local") as system:
        models = await asyncio.gather(*(local_model(system, ServeOptions(gguf=str(gguf))) for _ in range(4)))
        asker = await system.spawn(Asker())
        assert {model.base_url for model in models} == {await asker.ask(str(gguf))}
        served = await system.ref("model/tiny").ask(WhereIs())
    assert gone(served.pid)


async def test_an_agent_that_asks_first_has_the_server_as_its_child(gguf: Path) -> None:
    async with shoal.start("local") as system:
        asker = await system.spawn(Asker())
        first = await asker.ask(str(gguf))
        assert (await local_model(system, str(gguf))).base_url == first
        await system.stop(asker)
        assert not await answers(first)


async def test_who_asks_for_a_model_that_cannot_be_served_gets_the_reason_itself(
    gguf: Path, fake_engine: FakeEngine
) -> None:
    fake_engine("refuses")
    async with shoal.start("local") as system:
        with pytest.raises(NotGguf, match="cannot load the file of tiny"):
            await local_model(system, str(gguf))


async def test_another_file_under_the_same_name_is_refused(gguf: Path) -> None:
    async with shoal.start("local") as system:
        await local_model(system, str(gguf))
        with pytest.raises(ConfigError, match=r"tiny is served from .* another alias"):
            await local_model(system, ServeOptions(gguf="/elsewhere/tiny.gguf"))


async def test_a_node_on_which_the_model_is_not_served_gets_a_server_of_its_own(
    gguf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = ModelServer.on_where_is

    async def of_its_node(self: ModelServer, asked: WhereIs, ctx: shoal.Context) -> ServedAt:
        """As if the servers were on the nodes that they are for."""
        where = "here" if ctx.address.count("/") > 1 else "there"
        return (await answer(self, asked, ctx)).model_copy(update={"place": where})

    monkeypatch.setattr(ModelServer, "on_where_is", of_its_node)
    monkeypatch.setattr(sharing, "place", lambda: "here")
    async with shoal.start("local") as system:
        asker = await system.spawn(Asker())
        address = await asker.ask(str(gguf))
        assert address != (await system.ref("model/tiny").ask(WhereIs())).base_url
        assert await asker.ask(str(gguf)) == address


async def test_a_server_that_was_started_on_the_wrong_node_is_not_given_out(
    gguf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with shoal.start("local") as system:
        monkeypatch.setattr(sharing, "place", lambda: "another machine")
        with pytest.raises(ServedElsewhere, match=r"another one.*shoal model serve"):
            await local_model(system, str(gguf))


async def test_the_port_is_the_same_in_each_life_and_another_one_when_it_is_taken(gguf: Path) -> None:
    async with shoal.start("local") as one, shoal.start("local") as two:
        first, second = [await local_model(system, str(gguf)) for system in (one, two)]
    assert first.base_url == f"http://127.0.0.1:{port_of('', 'model/tiny')}/v1"
    assert second.base_url != first.base_url


def test_names_of_files_become_names_of_agents() -> None:
    assert server_name(ServeOptions(gguf="/m/My model (v2).gguf")) == "model/My-model--v2-"
    assert isinstance(NotGguf("x"), LocalModelError)
