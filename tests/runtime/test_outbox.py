"""The outbox: who waits for credit gets it in order, and gives it back when it is cancelled."""

from __future__ import annotations

import asyncio

import pytest

from shoal.runtime.custody import Custody
from shoal.runtime.errors import AgentDied
from shoal.runtime.flow import INITIAL_CREDIT, FlowReport
from shoal.runtime.outbox import Outbox
from tests.runtime.strategies import envelope


def full_outbox() -> tuple[Outbox, list[Outbox]]:
    """An outbox without credit left, and the list of those that were reported starved."""
    starved: list[Outbox] = []
    box = Outbox("agent", starved.append)
    while box.open:
        box.put(envelope(), None)
    return box, starved


def credit(box: Outbox, more: int, received: int = 0) -> None:
    box.report(FlowReport("agent", received, 0, (), INITIAL_CREDIT + more, refused=False))


async def turn() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_an_outbox_is_open_for_as_many_messages_as_it_has_credit() -> None:
    box, starved = full_outbox()
    assert len(box.flow.unacked) == INITIAL_CREDIT
    assert not starved
    credit(box, 1)
    assert box.open
    box.put(envelope(), None)
    assert not box.open


async def test_those_who_wait_for_credit_get_it_in_the_order_they_came() -> None:
    box, starved = full_outbox()
    served: list[int] = []

    async def wait(number: int) -> None:
        await box.wait_open()
        box.put(envelope(), None)
        served.append(number)

    tasks = [asyncio.create_task(wait(number)) for number in range(4)]
    await turn()
    assert starved == [box]
    credit(box, 2)
    await turn()
    assert served == [0, 1]
    credit(box, 9)
    await asyncio.gather(*tasks)
    assert served == [0, 1, 2, 3]
    assert not box.starved
    assert box.flow.room == 5


async def test_nobody_overtakes_those_who_wait_though_there_is_credit() -> None:
    box, _ = full_outbox()
    waiting = asyncio.create_task(box.wait_open())
    await turn()
    credit(box, 1)
    assert not box.open
    await waiting
    box.put(envelope(), None)
    credit(box, 2)
    assert box.open


async def test_a_waiter_that_is_cancelled_leaves_its_place_to_the_next() -> None:
    box, _ = full_outbox()
    first, second = (asyncio.create_task(box.wait_open()) for _ in range(2))
    await turn()
    first.cancel()
    await turn()
    credit(box, 1)
    await second
    assert first.cancelled()


async def test_a_waiter_that_is_cancelled_just_after_it_got_credit_gives_it_to_the_next() -> None:
    box, _ = full_outbox()
    first, second = (asyncio.create_task(box.wait_open()) for _ in range(2))
    await turn()
    credit(box, 1)
    first.cancel()
    await second
    assert first.cancelled()
    box.put(envelope(), None)
    assert box.flow.room == 0
    credit(box, 2)
    assert box.open


async def test_a_custody_ends_when_its_message_is_received() -> None:
    box, _ = full_outbox()
    ended: list[str] = []
    for name in ("a", "b"):
        custody = Custody(lambda name=name: ended.append(name))  # type: ignore[misc]
        box.put(envelope(), custody)
        custody.end()
    credit(box, 2, received=INITIAL_CREDIT)
    assert ended == []
    credit(box, 2, received=INITIAL_CREDIT + 1)
    assert ended == ["a"]
    credit(box, 2, received=INITIAL_CREDIT + 2)
    assert ended == ["a", "b"]


async def test_when_the_receiver_is_gone_waiters_get_the_error_custodies_end_and_messages_come_back() -> None:
    box, _ = full_outbox()
    ended: list[bool] = []
    custody = Custody(lambda: ended.append(True))
    box.put(envelope(), custody)
    custody.end()
    waiting = asyncio.create_task(box.wait_open())
    await turn()
    lost = box.fail(AgentDied("its process died"))
    assert len(lost) == INITIAL_CREDIT + 1
    assert ended == [True]
    with pytest.raises(AgentDied):
        await waiting
    assert not box.flow.unacked
