"""What an exception in a handler does beyond failing its message: nothing, a retry, a restart, an escalation."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest

import shoal
from shoal.runtime.errors import AgentStopped, ConfigError, HandlerError
from tests.contract.agents import Fail, Note, Notes, Number, Tally
from tests.contract.stands import Stand
from tests.contract.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="session")
Fresh = Callable[[str], str]


class Shaky(shoal.Agent):
    """Fails as often as it is told to, and remembers what happened since it was made."""

    def __init__(self, stage: shoal.Ref | None = None) -> None:
        self.stage = stage
        self.attempts: list[str] = []
        self.fails = 0

    async def on_start(self, ctx: shoal.Context) -> None:
        self.attempts.append("start")

    async def on_restart(self, ctx: shoal.Context) -> None:
        self.attempts.append(f"restart {ctx.restarts}")

    async def on_number(self, number: Number, ctx: shoal.Context) -> None:
        self.fails = number.n

    async def on_fail(self, fail: Fail, ctx: shoal.Context) -> str:
        self.attempts.append(fail.text)
        if self.stage is not None:
            await ctx.tell(self.stage, Note(text=f"attempt {len(self.attempts)}"))
        if self.fails > 0:
            self.fails -= 1
            raise ValueError(fail.text)
        return "done"

    async def on_notes(self, notes: Notes, ctx: shoal.Context) -> list[str]:
        return self.attempts


class Trying(Shaky):
    on_error = "retry"
    retries = 2


class Restarting(Shaky):
    on_error = "restart"


class Escalating(Shaky):
    on_error = "escalate"

    async def on_notes(self, notes: Notes, ctx: shoal.Context) -> list[str]:
        return [*self.attempts, str(os.getpid())]


class Lasting(shoal.Agent):
    """Durable, and restarted by an error."""

    durable = True
    on_error = "restart"
    state: Tally

    async def on_number(self, number: Number, ctx: shoal.Context) -> int:
        self.state.count += number.n
        return self.state.count

    async def on_fail(self, fail: Fail, ctx: shoal.Context) -> None:
        self.state.count += 1000
        raise ValueError(fail.text)


class LastingAbove(Lasting):
    on_error = "escalate"


async def test_a_message_is_tried_again_and_its_attempts_send_messages_of_their_own(
    system: shoal.System, crowd: str, stage: shoal.Ref, fresh: Fresh
) -> None:
    agent = await system.spawn(Trying(stage), name=fresh("trying"), host=crowd)
    await agent.tell(Number(n=2))
    assert await agent.ask(Fail(text="once")) == "done"
    assert await agent.ask(Notes()) == ["start", "once", "once", "once"]
    assert await stage.ask(Notes(count=3)) == ["attempt 2", "attempt 3", "attempt 4"]


async def test_a_message_that_fails_at_every_attempt_fails_and_the_agent_goes_on(
    system: shoal.System, crowd: str, fresh: Fresh
) -> None:
    agent = await system.spawn(Trying(), name=fresh("trying"), host=crowd)
    await agent.tell(Number(n=3))
    with pytest.raises(HandlerError, match=r"ValueError on .*: thrice"):
        await agent.ask(Fail(text="thrice"))
    assert await agent.ask(Notes()) == ["start", "thrice", "thrice", "thrice"]


async def test_an_error_restarts_the_agent_and_what_waits_is_handled_by_the_fresh_one(
    system: shoal.System, crowd: str, fresh: Fresh
) -> None:
    agent = await system.spawn(Restarting(), name=fresh("restarting"), host=crowd)
    await agent.tell(Number(n=5))
    with pytest.raises(HandlerError, match="boom"):
        await agent.ask(Fail(text="boom"))
    assert await agent.ask(Fail(text="fine")) == "done"
    assert await agent.ask(Notes()) == ["start", "restart 1", "fine"]


async def test_an_error_that_escalates_ends_an_agent_that_nobody_keeps(
    system: shoal.System, crowd: str, fresh: Fresh
) -> None:
    agent = await system.spawn(Escalating(), name=fresh("escalating"), host=crowd)
    await agent.tell(Number(n=1))
    with pytest.raises(HandlerError, match="boom"):
        await agent.ask(Fail(text="boom"))

    async def stopped() -> Any:
        try:
            await agent.ask(Notes())
        except AgentStopped as error:
            return str(error)

    assert "escalates: " in await eventually(stopped)


@pytest.mark.ray
async def test_an_error_that_escalates_starts_the_process_again_with_what_waits(
    ray_system: shoal.System, fresh: Fresh
) -> None:
    agent = await ray_system.spawn(Escalating(), name=fresh("escalating"))
    before = (await agent.ask(Notes()))[-1]
    await agent.tell(Number(n=1))
    await agent.tell(Fail(text="boom"))
    attempts = await agent.ask(Notes(), timeout_s=60)
    assert attempts[:2] == ["start", "restart 1"]
    assert attempts[-1] != before
    await ray_system.stop(agent)


async def test_a_restart_takes_the_failed_messages_changes_out_of_a_durable_state() -> None:
    async with shoal.start("local") as system:
        agent = await system.spawn(Lasting())
        for number in (1, 2):
            await agent.tell(Number(n=number))
            with pytest.raises(HandlerError):
                await agent.ask(Fail(text="boom"))
        assert await agent.ask(Number(n=0)) == 3


@pytest.mark.ray
async def test_a_durable_agent_that_escalates_fails_the_message_once_and_keeps_the_rest(
    ray_stand: Stand,
) -> None:
    agent = await ray_stand.spawn(LastingAbove(), "lasting")
    await agent.tell(Number(n=1))
    await agent.tell(Fail(text="boom"))
    assert await agent.ask(Number(n=2), timeout_s=60) == 1003


async def test_an_agent_that_cannot_be_restarted_ends_with_both_reasons() -> None:
    started: list[str] = []

    class Twice(Restarting):
        async def on_start(self, ctx: shoal.Context) -> None:
            started.append("start")
            if len(started) > 1:
                raise OSError("the disk is gone")

    async with shoal.start("local") as system:
        agent = await system.spawn(Twice, name="twice")
        await agent.tell(Number(n=1))
        with pytest.raises(HandlerError):
            await agent.ask(Fail(text="boom"))
        with pytest.raises(AgentStopped, match=r"could not be restarted after .*boom: .*the disk is gone"):
            await agent.ask(Notes())


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (
            {"on_error": "explode"},
            "Odd.on_error is 'explode'; it must be one of 'fail', 'retry', 'restart', 'esc",
        ),
        ({"retries": -1}, "Odd.retries is -1; it must be a whole number from 0 to 100"),
    ],
)
async def test_an_option_that_cannot_be_is_refused_when_the_agent_is_spawned(
    options: dict[str, Any], why: str
) -> None:
    async with shoal.start("local") as system:
        with pytest.raises(ConfigError, match=why):
            await system.spawn(type("Odd", (Shaky,), options)())
