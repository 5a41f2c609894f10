"""Pipeline: order, no barrier, gates, and what it refuses."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import shoal
from shoal.runtime.errors import ConfigError, HandlerError
from tests.topologies.crew import (
    Draft,
    Editor,
    Failing,
    Gate,
    Held,
    Mute,
    Reply,
    Step,
    Ticket,
    Worker,
    Writer,
    polish,
)

TAKEN: dict[str, Any] = {"1": Step("b")}
BAD_NAME: dict[str, Any] = {"a b": Step("a")}


async def maybe(ticket: Ticket) -> Ticket | None:
    return None


async def test_a_message_goes_through_the_stages_in_order(system: shoal.System) -> None:
    team = await system.build(shoal.pipeline(Step("a"), Step("b"), Writer(), polish, Editor()))
    reply = await team.ask(Ticket(text=" x "))
    assert reply == Reply(text="x", by="editor", steps=["a", "b", "writer", "polish", "editor"])


async def test_a_fast_item_overtakes_a_slow_one(system: shoal.System) -> None:
    gate = Gate()
    team = await system.build(shoal.pipeline(Step("a"), Held(gate), Step("b")))
    slow = asyncio.ensure_future(team.ask(Ticket(text="slow")))
    await gate.until_running(1)
    assert (await team.ask(Ticket(text="fast"))).steps == ["a", "b"]
    assert not slow.done()
    gate.open.set()
    assert (await slow).text == "slow"


async def test_items_are_in_different_stages_at_once(system: shoal.System) -> None:
    first, second = Gate(), Gate()
    team = await system.build(shoal.pipeline(Held(first), Held(second)))
    items = [asyncio.ensure_future(team.ask(Ticket(text=str(n)))) for n in range(5)]
    await first.until_running(5)
    first.open.set()
    await second.until_running(5)
    second.open.set()
    assert [item.text for item in await asyncio.gather(*items)] == ["0", "1", "2", "3", "4"]


def no_blame(draft: Draft) -> None:
    if "blame" in draft.text:
        raise ValueError("it blames")


def short(draft: Draft) -> bool:
    return len(draft.text) < 10


async def short_too(draft: Draft) -> bool:
    return len(draft.text) < 10


@pytest.mark.parametrize(
    ("gate", "text", "why"),
    [
        (no_blame, "blame", "the gate after stage 'write' refused: ValueError: it blames"),
        (short, "far too long", "the gate after stage 'write' refused: the check said no to a Draft"),
        (short_too, "far too long", "the gate after stage 'write' refused: the check said no to a Draft"),
    ],
)
async def test_a_gate_ends_the_item_it_refuses_and_lets_others_pass(
    system: shoal.System, gate: Any, text: str, why: str
) -> None:
    team = await system.build(shoal.pipeline(write=Writer(), edit=Editor(), gates={"write": gate}))
    with pytest.raises(HandlerError, match=why) as caught:
        await team.ask(Ticket(text=text))
    assert caught.value.details["type"] == "shoal.topologies.errors.GateRejected"
    assert (await team.ask(Ticket(text="fine"))).by == "editor"


async def test_a_failing_stage_is_named_to_the_asker(system: shoal.System) -> None:
    team = await system.build(shoal.pipeline(first=Step("a"), second=Failing()), name="line")
    with pytest.raises(HandlerError, match=r"line/second raised ValueError on .*: cannot do it"):
        await team.ask(Ticket(text="it"))


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (shoal.pipeline, "pipeline has no members"),
        (
            lambda: shoal.pipeline(a=Writer(), b=Worker()),
            "stage 'a' returns Draft, which stage 'b' does not accept",
        ),
        (lambda: shoal.pipeline(a=Writer, b=Worker), r"\(it accepts Ticket\)"),
        (
            lambda: shoal.pipeline(a=maybe, b=Step("b")),
            "stage 'a' returns None, which stage 'b' does not accept",
        ),
        (lambda: shoal.pipeline(a=Mute()), "member 'a': Mute handles nothing"),
        (lambda: shoal.pipeline(a=Mute), "member 'a': Mute handles nothing"),
        (
            lambda: shoal.pipeline(Step("a"), gates={"x": no_blame}),
            "gate 'x' belongs to no stage; stages are 1",
        ),
        (lambda: shoal.pipeline(Step("a"), gates={"1": 5}), "gate '1': check is 5, not a callable"),  # type: ignore[dict-item]
        (lambda: shoal.pipeline(Step("a"), **TAKEN), "two stages are called '1'"),
        (lambda: shoal.pipeline(**BAD_NAME), "'a b' cannot name an agent"),
        (
            lambda: shoal.pipeline(a=Step("a"), b=shoal.worker([shoal.pipeline(x=Step("x"), y=Editor())])),
            "member 'b': worker, member '1': pipeline: stage 'x' returns Ticket, which stage 'y' does not",
        ),
        (
            lambda: shoal.pipeline(
                a=shoal.worker([Step("a"), shoal.pipeline(Step("b"), Writer())]), b=Step("c")
            ),
            "stage 'a' returns Draft, which stage 'b' does not accept",
        ),
    ],
)
async def test_a_wiring_that_cannot_work_is_refused_before_anything_is_started(
    system: shoal.System, make: Any, why: str
) -> None:
    with pytest.raises(ConfigError, match=why):
        await system.build(make())
    assert [host["agents"] for host in await system.health()] == [0]


async def test_only_the_types_that_flow_are_checked(system: shoal.System) -> None:
    """The second stage would answer an Invoice with what the third cannot take, but none ever comes."""

    class Two(shoal.Agent):
        async def on_ticket(self, ticket: Ticket, ctx: shoal.Context) -> Ticket:
            return ticket

        async def on_text(self, text: str, ctx: shoal.Context) -> str:
            return text

    team = await system.build(shoal.pipeline(Step("a"), Two(), Step("b")))
    assert (await team.ask(Ticket(text=""))).steps == ["a", "b"]


async def test_a_thousand_items_in_flight_all_come_out(system: shoal.System) -> None:
    team = await system.build(shoal.pipeline(Step("a"), shoal.worker([Step("b"), Step("b")])))
    items = await asyncio.gather(*(team.ask(Ticket(text=str(n))) for n in range(1000)))
    assert [item.text for item in items] == [str(n) for n in range(1000)]
    assert all(item.steps == ["a", "b"] for item in items)
