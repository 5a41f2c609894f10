"""``ctx.once``: effects outside happen once, whatever dies; and what is said when nobody can know."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import shoal
from shoal.runtime.durable import SqliteStateStore
from shoal.runtime.errors import AgentStopped, ConfigError, HandlerError
from tests.contract.agents import Fail, Notes, Text
from tests.contract.durable_agents import Careful, Doer, Effect
from tests.contract.stands import Stand

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """The file of effects."""
    return tmp_path / "effects"


def text_of(log: Path) -> str:
    return log.read_text()


async def test_an_effect_is_not_repeated_when_its_message_is_handled_again_after_a_kill(
    stand: Stand, log: Path
) -> None:
    await stand.spawn(Doer(str(log)), "doer")
    assert await stand.ask_as(b"the first 01", "doer", Effect(line="pay")) == "pay done"
    await stand.kill("doer")
    assert await stand.ask_as(b"the first 01", "doer", Effect(line="pay")) == "pay done"
    assert text_of(log) == "pay\n"
    assert await stand.ask_as(b"the second 1", "doer", Effect(line="pay")) == "pay done"
    assert text_of(log) == "pay\npay\n"


async def test_an_effect_in_the_scope_of_the_agent_happens_once_in_its_life(stand: Stand, log: Path) -> None:
    doer = await stand.spawn(Doer(str(log)), "doer")
    first = Effect(line="first", scope="agent")
    assert await doer.ask(first) == "first done"
    await stand.kill("doer")
    assert await stand.ref("doer").ask(Effect(line="second", scope="agent")) == "first done"
    assert text_of(log) == "first\n"


async def test_an_effect_in_a_hook_happens_once_in_the_agents_life(stand: Stand, log: Path) -> None:
    careful = await stand.spawn(Careful(str(log)), "careful")
    first, _ = await careful.ask(Notes())
    await stand.kill("careful")
    recorded, now = await stand.ref("careful").ask(Notes())
    assert recorded == first
    assert stand.kind == "local" or now != first
    assert text_of(log) == "begun\n"


@pytest.mark.slow_on_ray
async def test_a_key_used_twice_in_one_handling_gives_the_same_result(stand: Stand, log: Path) -> None:
    doer = await stand.spawn(Doer(str(log)), "doer")
    assert await doer.ask(Text(text="hello")) == ["hello", "hello"]
    assert text_of(log) == "hello\n"


@pytest.mark.slow_on_ray
async def test_an_effect_that_raised_has_not_happened_and_may_be_tried_again(stand: Stand, log: Path) -> None:
    doer = await stand.spawn(Doer(str(log)), "doer")
    assert await doer.ask(Fail(text="no luck")) == "no luck, then again done"
    assert text_of(log) == "again\n"


@pytest.mark.ray
@pytest.mark.parametrize(("unknown", "answer", "times"), [("raise", "unknown", 1), ("rerun", "pay done", 2)])
async def test_when_the_process_dies_between_effect_and_record_the_caller_has_chosen_what_happens(
    ray_stand: Stand, log: Path, unknown: str, answer: str, times: int
) -> None:
    doer = await ray_stand.spawn(Doer(str(log)), "doer")
    assert await doer.ask(Effect(line="pay", unknown=unknown, dies=True), timeout_s=60) == answer
    assert text_of(log) == "pay\n" * times


@pytest.mark.ray
async def test_under_kills_no_effect_happens_twice_and_all_but_those_cut_off_happen(
    ray_stand: Stand, log: Path
) -> None:
    doer = await ray_stand.spawn(Doer(str(log)), "doer")
    asks = []
    for number in range(200):
        asks.append(asyncio.ensure_future(doer.ask(Effect(line=str(number), unknown="raise"), timeout_s=60)))
        if number % 100 == 50:
            await ray_stand.kill("doer")
    answers = await asyncio.gather(*asks)
    happened = Counter(text_of(log).split())
    assert set(happened.values()) == {1}
    assert answers.count("unknown") <= 3
    for number, answer in enumerate(answers):
        assert answer in (f"{number} done", "unknown")
        assert happened[str(number)] == 1 or answer == "unknown"


async def test_an_effect_of_an_incarnation_that_was_given_up_is_refused(stand: Stand, log: Path) -> None:
    doer = await stand.spawn(Doer(str(log)), "doer")
    assert await doer.ask(Effect(line="early")) == "early done"
    file = "local" if stand.kind == "local" else stand.name("doer")
    store = SqliteStateStore(stand.run_dir / "state" / f"{file}.db")
    store.claim(stand.name("doer"))
    store.close()
    if stand.kind == "ray":  # it ends, and its successor, which nobody has replaced, does it
        assert await doer.ask(Effect(line="late"), timeout_s=60) == "late done"
        assert text_of(log) == "early\nlate\n"
        return
    with pytest.raises(HandlerError, match="opened by generation 2; generation 1 has to stop"):
        await doer.ask(Effect(line="late"))
    with pytest.raises(AgentStopped):
        await doer.ask(Effect(line="late"))
    assert text_of(log) == "early\n"


# -- in one process ----------------------------------------------------------------------------------------


async def test_two_that_want_the_same_effect_at_once_share_it() -> None:
    calls: list[str] = []
    release = asyncio.Event()

    async def slow() -> str:
        calls.append("called")
        await release.wait()
        return "done"

    async def both(message: str, ctx: shoal.Context) -> list[str]:
        asyncio.get_running_loop().call_soon(release.set)
        return list(await asyncio.gather(ctx.once("key", slow), ctx.once("key", slow)))

    async with shoal.start("local") as system:
        assert await (await system.spawn(both)).ask("go") == ["done", "done"]
    assert calls == ["called"]


async def test_an_effect_that_was_cut_off_by_the_handlers_limit_is_unknown() -> None:
    async def hang() -> None:
        await asyncio.Event().wait()

    class Impatient(shoal.Agent):
        handler_timeout_s = 0.1

        async def on_text(self, how: Text, ctx: shoal.Context) -> Any:
            return await ctx.once("key", hang if how.text == "hang" else list, unknown="raise", scope="agent")

    async with shoal.start("local") as system:
        agent = await system.spawn(Impatient())
        with pytest.raises(HandlerError, match="limit"):
            await agent.ask(Text(text="hang"))
        with pytest.raises(HandlerError, match=r"EffectUnknown.*'key' of .* was begun before"):
            await agent.ask(Text(text="again"))


async def test_a_result_that_is_no_message_is_an_error_and_not_called_again() -> None:
    calls: list[str] = []

    def effect() -> Any:
        calls.append("called")
        return object()

    async def odd(message: str, ctx: shoal.Context) -> Any:
        return await ctx.once("key", effect, unknown="raise", scope="agent")

    async with shoal.start("local") as system:
        agent = await system.spawn(odd)
        with pytest.raises(HandlerError, match="NotAMessage"):
            await agent.ask("go")
        with pytest.raises(HandlerError, match="EffectUnknown"):
            await agent.ask("go")
    assert calls == ["called"]


async def test_a_wrong_option_is_refused_before_anything_happens() -> None:
    async def odd(message: str, ctx: shoal.Context) -> Any:
        wrong: Any = message
        try:
            return await ctx.once("key", lambda: 1, unknown=wrong)
        except ConfigError as error:
            return str(error)

    async with shoal.start("local") as system:
        said = await (await system.spawn(odd)).ask("maybe")
    assert said == "once('key'): unknown is 'rerun' or 'raise', scope is 'message' or 'agent'"
