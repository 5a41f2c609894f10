"""How an ask ends, and how a tell that fails is found again (DESIGN 4.2), on every host."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest

import shoal
from shoal.runtime.errors import (
    AgentNotFound,
    AgentStopped,
    AskTimeout,
    CircularAsk,
    HandlerError,
    HandlerTimeout,
    Refused,
    UnknownOutcome,
)
from tests.contract.agents import (
    Arrived,
    Fail,
    Forward,
    Hang,
    Hold,
    Impatient,
    Note,
    Open,
    Player,
    Relay,
    Seen,
    Wide,
)
from tests.contract.waiting import eventually, letters_to

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.ray]
Fresh = Callable[[str], str]


async def test_a_handler_that_raises_gives_its_asker_the_type_the_text_and_the_remote_traceback(
    system: shoal.System, crowd: str, fresh: Fresh, stage: shoal.Ref
) -> None:
    player = await system.spawn(Player(stage), name=fresh("player"), host=crowd)
    with pytest.raises(HandlerError, match=r"ValueError.*no luck") as caught:
        await player.ask(Fail(text="no luck"))
    assert caught.value.details["type"] == "ValueError"
    assert caught.value.details["agent"] == player.address
    assert "in on_fail" in caught.value.details["traceback"]
    assert await player.ask(Seen()) == []


async def test_a_handler_that_raises_on_a_tell_leaves_a_dead_letter_and_the_agent_goes_on(
    system: shoal.System, crowd: str, fresh: Fresh, stage: shoal.Ref
) -> None:
    player = await system.spawn(Player(stage), name=fresh("player"), host=crowd)
    await player.tell(Fail(text="no luck"))
    await player.tell(Note(text="next"))
    assert await player.ask(Seen()) == ["next"]
    (letter,) = await letters_to(system, player)
    assert letter.reason == "handler_error"
    assert "no luck" in letter.detail


async def test_an_ask_to_an_agent_that_never_was_fails_at_once_and_for_certain(
    system: shoal.System, crowd: str, fresh: Fresh
) -> None:
    for address in (fresh("nobody"), f"{fresh('nobody')}@{crowd}"):
        with pytest.raises(AgentNotFound, match="nobody") as caught:
            await system.ref(address).ask(Note(text="?"), timeout_s=600)
        assert isinstance(caught.value, Refused)


async def test_an_ask_to_a_stopped_agent_fails_at_once_and_says_why(
    system: shoal.System, crowd: str, fresh: Fresh, stage: shoal.Ref
) -> None:
    for host in (crowd, None):
        player = await system.spawn(Player(stage), name=fresh(f"player-{host}"), host=host)
        await player.ask(Seen())
        await system.stop(player)
        with pytest.raises(AgentStopped, match="stopped by the client"):
            await player.ask(Seen(), timeout_s=600)


async def test_a_timeout_is_an_unknown_outcome_and_the_handler_is_cancelled(
    system: shoal.System, crowd: str, fresh: Fresh, stage: shoal.Ref
) -> None:
    player = await system.spawn(Player(stage), name=fresh("player"), host=crowd)
    with pytest.raises(AskTimeout, match=player.address) as caught:
        await player.ask(Hang(), timeout_s=0.2)
    assert isinstance(caught.value, UnknownOutcome)
    assert caught.value.envelope is not None
    assert await player.ask(Seen()) == ["cancelled"]


async def test_cancelling_an_ask_cancels_the_work_two_hops_downstream(
    system: shoal.System, crowd: str, fresh: Fresh, stage: shoal.Ref
) -> None:
    a, b, c = [await system.spawn(Player(stage), name=fresh(f"player-{i}"), host=crowd) for i in "abc"]
    asking = asyncio.ensure_future(a.ask(Relay(route=[b, c], gate="deep"), timeout_s=600))
    await stage.ask(Arrived(gate="deep"))
    asking.cancel()
    for player in (a, b, c):
        assert await player.ask(Seen()) == ["cancelled"]


async def test_cancelling_an_ask_cancels_the_work_in_other_processes(
    system: shoal.System, crowd: str, fresh: Fresh, stage: shoal.Ref
) -> None:
    a = await system.spawn(Player(stage), name=fresh("near"))
    b = await system.spawn(Player(stage), name=fresh("far"), host=crowd)
    asking = asyncio.ensure_future(a.ask(Relay(route=[b], gate="deep"), timeout_s=600))
    await stage.ask(Arrived(gate="deep"))
    asking.cancel()
    assert await a.ask(Seen()) == ["cancelled"]
    assert await b.ask(Seen()) == ["cancelled"]
    await system.stop(a)


async def test_an_ask_that_waits_in_the_mailbox_is_taken_out_when_its_asker_gives_up(
    system: shoal.System, crowd: str, fresh: Fresh, stage: shoal.Ref
) -> None:
    player = await system.spawn(Player(stage), name=fresh("player"), host=crowd)
    holding = asyncio.ensure_future(player.ask(Hold()))
    await stage.ask(Arrived(gate="hold"))
    with pytest.raises(AskTimeout):
        await player.ask(Note(text="too late"), timeout_s=0.1)
    await stage.tell(Open(gate="hold"))
    assert await holding == "passed"
    assert await player.ask(Seen()) == ["passed"]


async def test_a_circle_of_asks_fails_at_once_with_its_path(
    system: shoal.System, crowd: str, fresh: Fresh, stage: shoal.Ref
) -> None:
    a, b = [await system.spawn(Player(stage), name=fresh(f"player-{i}"), host=crowd) for i in "ab"]
    with pytest.raises(HandlerError) as caught:
        await a.ask(Relay(route=[b, a]), timeout_s=600)
    assert f"circular ask {a.address} -> {b.address} -> {a.address}" in caught.value.text
    assert "CircularAsk" in caught.value.text


async def test_an_agent_that_asks_itself_fails_at_once(
    system: shoal.System, crowd: str, fresh: Fresh, stage: shoal.Ref
) -> None:
    a = await system.spawn(Player(stage), name=fresh("player"), host=crowd)
    with pytest.raises(HandlerError) as caught:
        await a.ask(Relay(route=[a]), timeout_s=600)
    assert caught.value.details["type"].endswith(CircularAsk.__name__)
    assert f"{a.address} -> {a.address}" in caught.value.text


async def test_an_agent_with_room_for_another_handler_may_be_asked_again_in_its_own_chain(
    system: shoal.System, crowd: str, fresh: Fresh, stage: shoal.Ref
) -> None:
    a = await system.spawn(Wide(stage), name=fresh("wide"), host=crowd)
    b = await system.spawn(Player(stage), name=fresh("player"), host=crowd)
    assert await a.ask(Relay(route=[b, a])) == "end"
    with pytest.raises(HandlerError, match="circular ask"):
        await a.ask(Relay(route=[a] * 9), timeout_s=600)


async def test_a_message_passed_on_for_ever_ends_as_a_dead_letter_at_the_hop_limit(
    system: shoal.System, crowd: str, fresh: Fresh, stage: shoal.Ref
) -> None:
    a, b = [await system.spawn(Player(stage), name=fresh(f"player-{i}"), host=crowd) for i in "ab"]
    await a.tell(Forward(to=b))

    async def ended() -> list[shoal.DeadLetter]:
        return [x for x in await system.dead_letters() if x.recipient in (a.address, b.address)]

    letters = await eventually(ended)
    assert [letter.reason for letter in letters] == ["hop_limit"]
    assert letters[0].path[-1] in (a.address, b.address)
    assert "limit is 20" in letters[0].detail


async def test_a_message_past_its_deadline_is_not_begun(
    system: shoal.System, crowd: str, fresh: Fresh, stage: shoal.Ref
) -> None:
    player = await system.spawn(Player(stage), name=fresh("player"), host=crowd)
    holding = asyncio.ensure_future(player.ask(Hold()))
    await stage.ask(Arrived(gate="hold"))
    await player.tell(Note(text="too late"), deadline_s=0.05)
    late = time.time() + 0.05

    async def past() -> bool:
        return time.time() > late

    await eventually(past)
    await stage.tell(Open(gate="hold"))
    await holding
    assert await player.ask(Seen()) == ["passed"]
    (letter,) = await letters_to(system, player)
    assert letter.reason == "expired"


async def test_a_handler_past_its_limit_is_cancelled_and_its_asker_told(
    system: shoal.System, crowd: str, fresh: Fresh, stage: shoal.Ref
) -> None:
    player = await system.spawn(Impatient(stage), name=fresh("player"), host=crowd)
    with pytest.raises(HandlerTimeout, match=r"0\.2 s"):
        await player.ask(Hang(), timeout_s=600)
    await player.tell(Hang())
    assert await player.ask(Seen()) == ["cancelled", "cancelled"]
    (letter, *_) = [x for x in await letters_to(system, player) if "Hang" in x.tag]
    assert letter.reason == "handler_timeout"


async def test_an_agent_of_concurrency_three_runs_three_handlers_at_once_and_no_fourth(
    system: shoal.System, crowd: str, fresh: Fresh, stage: shoal.Ref
) -> None:
    wide = await system.spawn(Wide(stage), name=fresh("wide"), host=crowd)
    holding = [asyncio.ensure_future(wide.ask(Hold())) for _ in range(4)]
    await stage.ask(Arrived(gate="hold", count=3))
    with pytest.raises(AskTimeout):
        await stage.ask(Arrived(gate="hold", count=4), timeout_s=0.1)
    await stage.tell(Open(gate="hold"))
    assert await asyncio.gather(*holding) == ["passed"] * 4
