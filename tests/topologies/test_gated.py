"""Gated: messages wait for approval before they go on."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from pydantic import BaseModel, Field

import shoal
from shoal.actors.approvals import Approvals, Request
from shoal.errors import ConfigError, HandlerError
from shoal.topologies.gated import gated
from tests.contract.waiting import eventually, letters_to

REFUSED = "shoal.actors.tools.errors.ApprovalRefused"


class Pay(BaseModel):
    cents: int = Field(ge=0)
    on: datetime.date = datetime.date(2026, 1, 2)
    seal: bytes = b"\xff\x00"


class Paid(BaseModel):
    pay: Pay


PAID: list[Pay] = []


async def pay(message: Pay) -> Paid:
    PAID.append(message)
    return Paid(pay=message)


async def receipt(message: Paid) -> str:
    return f"paid {message.pay.cents}"


async def echo(message: int | str | list[int]) -> Any:
    return message


def large(message: Pay) -> bool:
    return message.cents > 100


async def large_async(message: Pay) -> bool:
    await asyncio.sleep(0)
    return large(message)


def broken(message: Pay) -> bool:
    raise ValueError("no rule")


@pytest_asyncio.fixture
async def system(tmp_path: Path) -> AsyncIterator[shoal.System]:
    PAID.clear()
    async with shoal.start("local", run_dir=str(tmp_path), stop_grace_s=0.5) as running:
        yield running


@pytest_asyncio.fixture
async def approvals(system: shoal.System) -> Approvals:
    return await Approvals.open(system, poll_s=0.01)


async def next_of(approvals: Approvals) -> Request:
    async with asyncio.timeout(30):
        async for request in approvals.pending():
            return request
    raise AssertionError("requests never end")


def ask(to: shoal.Ref, message: Any) -> asyncio.Task[Any]:
    return asyncio.create_task(to.ask(message, timeout_s=600.0))


@pytest.mark.parametrize("when", [large, large_async])
async def test_only_what_needs_it_waits_and_holds_up_nothing_else(
    system: shoal.System, approvals: Approvals, when: Any
) -> None:
    team = await system.build(gated(pay, when=when), name="payments")
    waiting = ask(team, Pay(cents=500))
    request = await next_of(approvals)
    assert (request.agent, request.title) == ("payments", "Pay to payments/inside")
    assert request.reason == "local sent it"
    assert request.data == {"cents": 500, "on": "2026-01-02", "seal": "_wA="}
    for cents in range(3):
        assert (await team.ask(Pay(cents=cents))).pay.cents == cents
    assert not waiting.done()
    await approvals.approve(request.id)
    assert (await waiting).pay == Pay(cents=500)


async def test_an_edited_message_is_validated_and_keeps_what_was_left_alone(
    system: shoal.System, approvals: Approvals
) -> None:
    team = await system.build(gated(pay))
    waiting = ask(team, Pay(cents=500))
    request = await next_of(approvals)
    await approvals.edit(request.id, request.data | {"cents": 5, "on": "2026-03-04"})
    assert (await waiting).pay == Pay(cents=5, on=datetime.date(2026, 3, 4))


@pytest.mark.parametrize("edit", [{"cents": -5}, {"cents": "many"}, {"on": "today"}])
async def test_an_edit_that_does_not_fit_is_a_refusal_that_names_the_field(
    system: shoal.System, approvals: Approvals, edit: dict[str, Any]
) -> None:
    team = await system.build(gated(pay))
    waiting = ask(team, Pay(cents=500))
    request = await next_of(approvals)
    await approvals.edit(request.id, request.data | edit, by="ann")
    with pytest.raises(
        HandlerError, match=rf"ann edited it, but the edited Pay: {next(iter(edit))}"
    ) as caught:
        await waiting
    assert caught.value.details["type"] == REFUSED
    assert PAID == []


async def test_native_messages_can_be_gated_too(system: shoal.System, approvals: Approvals) -> None:
    team = await system.build(gated(echo))
    for message, edit in ((3, 4), ("a", "b"), ([1, 2], [3])):
        waiting = ask(team, message)
        request = await next_of(approvals)
        await approvals.edit(request.id, edit)
        assert await waiting == edit


async def test_a_refused_tell_is_a_dead_letter_and_a_granted_one_arrives(
    system: shoal.System, approvals: Approvals
) -> None:
    team = await system.build(gated(pay))
    await team.tell(Pay(cents=1))
    await approvals.reject((await next_of(approvals)).id)
    (letter,) = await letters_to(system, team)
    assert str(letter.reason) == "handler_error"
    await team.tell(Pay(cents=2))
    await approvals.approve((await next_of(approvals)).id)

    async def arrived() -> list[Pay]:
        return PAID

    assert await eventually(arrived) == [Pay(cents=2)]


async def test_a_rule_that_fails_lets_nothing_through(system: shoal.System, approvals: Approvals) -> None:
    team = await system.build(gated(pay, when=broken))
    with pytest.raises(HandlerError, match="no rule"):
        await team.ask(Pay(cents=1))
    assert PAID == []


async def test_a_gate_that_is_built_opens_the_keeper_of_requests_itself(system: shoal.System) -> None:
    team = await system.build(gated(pay))
    waiting = ask(team, Pay(cents=1))
    approvals = await Approvals.open(system)  # finds what is there already
    await approvals.reject((await next_of(approvals)).id, by="ann", note="no")
    with pytest.raises(HandlerError) as caught:
        await waiting
    assert caught.value.details["type"] == REFUSED
    assert PAID == []


async def test_a_gated_agent_is_a_stage_of_a_pipeline_and_a_topology_can_be_gated(
    system: shoal.System, approvals: Approvals
) -> None:
    line = await system.build(shoal.pipeline(gated(pay), receipt))
    whole = await system.build(gated(shoal.pipeline(pay, receipt)))
    for team in (line, whole):
        waiting = ask(team, Pay(cents=7))
        await approvals.approve((await next_of(approvals)).id)
        assert await waiting == "paid 7"


async def test_the_wiring_is_checked_through_the_gate(system: shoal.System) -> None:
    with pytest.raises(ConfigError, match="returns Paid, which stage"):
        await system.build(shoal.pipeline(gated(pay), gated(echo)))
    wrong: Any = "large"
    with pytest.raises(ConfigError, match="gated: when is 'large'"):
        await system.build(gated(pay, when=wrong))
    with pytest.raises(ConfigError, match="gated: timeout_s is 0"):
        await system.build(gated(pay, timeout_s=0))
