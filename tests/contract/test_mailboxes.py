"""Full mailboxes (DESIGN 4.2): waiting, refusing, dropping, and fairness, on every host."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

import shoal
from shoal.runtime.errors import AgentDied, AgentStopped, DeliveryError, MailboxFull
from tests.contract.agents import (
    Arrived,
    Depth,
    Flood,
    Flooder,
    Forgetting,
    Gauged,
    Hold,
    Note,
    Notes,
    Open,
    Player,
    Refusing,
    Seen,
)
from tests.contract.waiting import PATIENCE_S, letters_to

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.ray]
Fresh = Callable[[str], str]


async def test_a_full_mailbox_slows_its_sender_and_loses_nothing(
    system: shoal.System, crowd: str, fresh: Fresh, stage: shoal.Ref
) -> None:
    gauged = await system.spawn(Gauged(stage), name=fresh("gauged"), host=crowd)
    holding = asyncio.ensure_future(gauged.ask(Hold()))
    await stage.ask(Arrived(gate="hold"))

    async def send() -> None:
        for number in range(500):
            await gauged.tell(Note(text=str(number)))

    sending = asyncio.ensure_future(send())
    done, _ = await asyncio.wait({sending}, timeout=0.3)
    assert not done
    await stage.tell(Open(gate="hold"))
    await sending
    await holding
    assert await gauged.ask(Seen()) == ["passed", *map(str, range(500))]
    assert 1 <= await gauged.ask(Depth()) <= 4


async def test_a_sender_that_waits_for_room_can_be_cancelled_and_the_others_still_get_it(
    system: shoal.System, crowd: str, fresh: Fresh, stage: shoal.Ref
) -> None:
    gauged = await system.spawn(Gauged(stage), name=fresh("gauged"), host=crowd)
    holding = asyncio.ensure_future(gauged.ask(Hold()))
    await stage.ask(Arrived(gate="hold"))
    sends = [asyncio.ensure_future(gauged.tell(Note(text=str(n)))) for n in range(200)]
    _, waiting = await asyncio.wait(sends, timeout=0.3)
    assert waiting
    for send in list(waiting)[::2]:
        send.cancel()
    await stage.tell(Open(gate="hold"))
    await holding
    await asyncio.gather(*sends, return_exceptions=True)
    kept = [str(n) for n, send in enumerate(sends) if not send.cancelled()]
    seen = await gauged.ask(Seen())
    assert sorted(seen[1:]) == sorted(kept)
    assert await gauged.ask(Depth()) <= 4


async def test_an_ask_that_finds_no_room_until_its_timeout_was_certainly_not_processed(
    system: shoal.System, crowd: str, fresh: Fresh, stage: shoal.Ref
) -> None:
    gauged = await system.spawn(Gauged(stage), name=fresh("gauged"), host=crowd)
    holding = asyncio.ensure_future(gauged.ask(Hold()))
    await stage.ask(Arrived(gate="hold"))
    sends = [asyncio.ensure_future(gauged.tell(Note(text=str(n)))) for n in range(200)]
    await asyncio.wait(sends, timeout=0.3)
    with pytest.raises(MailboxFull, match="not sent"):
        await gauged.ask(Note(text="refused"), timeout_s=0.1)
    await stage.tell(Open(gate="hold"))
    await asyncio.gather(holding, *sends)
    assert "refused" not in await gauged.ask(Seen())


async def test_a_mailbox_that_rejects_refuses_the_asker_and_buries_the_told(
    system: shoal.System, crowd: str, fresh: Fresh, stage: shoal.Ref
) -> None:
    refusing = await system.spawn(Refusing(stage), name=fresh("refusing"), host=crowd)
    holding = asyncio.ensure_future(refusing.ask(Hold()))
    await stage.ask(Arrived(gate="hold"))
    for number in range(5):
        await refusing.tell(Note(text=str(number)))
    with pytest.raises(MailboxFull, match="reject"):
        await refusing.ask(Seen())
    await stage.tell(Open(gate="hold"))
    await holding
    letters = await letters_to(system, refusing, 4)
    assert [letter.reason for letter in letters] == ["overflow"] * len(letters)
    assert await refusing.ask(Seen()) == ["passed", "0", "1"]


async def test_a_mailbox_that_drops_the_oldest_keeps_the_newest_and_buries_the_rest(
    system: shoal.System, crowd: str, fresh: Fresh, stage: shoal.Ref
) -> None:
    forgetting = await system.spawn(Forgetting(stage), name=fresh("forgetting"), host=crowd)
    holding = asyncio.ensure_future(forgetting.ask(Hold()))
    await stage.ask(Arrived(gate="hold"))
    for number in range(5):
        await forgetting.tell(Note(text=str(number)))
    letters = await letters_to(system, forgetting, 3)
    assert [letter.reason for letter in letters] == ["overflow"] * 3
    await stage.tell(Open(gate="hold"))
    await holding
    assert await forgetting.ask(Seen()) == ["passed", "3", "4"]


async def test_fifty_senders_that_never_stop_leave_health_a_polite_sender_and_stop_answered(
    system: shoal.System, fresh: Fresh, stage: shoal.Ref
) -> None:
    target = await system.spawn(Gauged(stage), name=fresh("target"))
    flooders = await system.spawn_many(Flooder(), 50, name=fresh("flooder"))
    for flooder in flooders:
        await flooder.tell(Flood(to=target))
    async with asyncio.timeout(PATIENCE_S):
        while not await target.ask(Seen()):
            pass
        for _ in range(10):
            assert await system.health(target)
            assert await target.ask(Depth()) <= 4
        await system.stop(target)
        with pytest.raises(AgentStopped):
            await target.ask(Depth())
        ends = await asyncio.gather(*(flooder.ask(Seen()) for flooder in flooders))
    assert set(ends) == {"AgentStopped"}
    for flooder in flooders:
        await system.stop(flooder)


async def test_a_sender_that_never_stops_and_never_has_to_wait_leaves_the_other_agents_of_its_host_alive(
    system: shoal.System, crowd: str, fresh: Fresh, stage: shoal.Ref
) -> None:
    refusing = await system.spawn(Refusing(stage), name=fresh("refusing"), host=crowd)
    holding = asyncio.ensure_future(refusing.ask(Hold()))
    await stage.ask(Arrived(gate="hold"))
    flooder = await system.spawn(Flooder(), name=fresh("flooder"), host=crowd)
    await flooder.tell(Flood(to=refusing))
    await letters_to(system, refusing, 100)
    await stage.tell(Open(gate="hold"))
    assert await holding == "passed"
    await system.stop(flooder, kill=True)
    with pytest.raises(AgentStopped):
        await flooder.ask(Seen())


async def test_stopping_with_drain_handles_what_waits_first(
    system: shoal.System, crowd: str, fresh: Fresh, stage: shoal.Ref
) -> None:
    player = await system.spawn(Player(stage), name=fresh("player"), host=crowd)
    holding = asyncio.ensure_future(player.ask(Hold()))
    await stage.ask(Arrived(gate="hold"))
    asks = [asyncio.ensure_future(player.ask(Seen())) for _ in range(3)]
    await asyncio.wait(asks, timeout=0.05)
    stopping = asyncio.ensure_future(system.stop(player, drain=True))
    await asyncio.wait({stopping}, timeout=0.1)
    await stage.tell(Open(gate="hold"))
    await stopping
    assert await holding == "passed"
    assert await asyncio.gather(*asks) == [["passed"]] * 3
    assert await stage.ask(Notes(count=1)) == [f"{player.address} stopped"]


async def test_stopping_buries_what_waits_and_cancels_the_handler_after_its_grace(
    system: shoal.System, crowd: str, fresh: Fresh, stage: shoal.Ref
) -> None:
    player = await system.spawn(Player(stage), name=fresh("player"), host=crowd)
    holding = asyncio.ensure_future(player.ask(Hold()))
    await stage.ask(Arrived(gate="hold"))
    for number in range(3):
        await player.tell(Note(text=str(number)))
    waiting = asyncio.ensure_future(player.ask(Seen()))
    await asyncio.wait({waiting}, timeout=0.05)
    await system.stop(player)
    with pytest.raises(AgentDied, match="grace"):
        await holding
    with pytest.raises(AgentStopped):
        await waiting
    letters = await letters_to(system, player, 3)
    assert {letter.reason for letter in letters} == {"stopped"}
    assert await stage.ask(Notes(count=1)) == [f"{player.address} stopped"]


async def test_a_kill_ends_the_handler_at_once_and_skips_on_stop(
    system: shoal.System, crowd: str, fresh: Fresh, stage: shoal.Ref
) -> None:
    for host in (crowd, None):
        player = await system.spawn(Player(stage), name=fresh(f"player-{host}"), host=host)
        holding = asyncio.ensure_future(player.ask(Hold(gate=player.address)))
        await stage.ask(Arrived(gate=player.address))
        await player.tell(Note(text="waits"))
        await system.stop(player, kill=True)
        with pytest.raises((AgentStopped, DeliveryError)):
            await holding
        with pytest.raises(AgentStopped):
            await player.ask(Seen())
    assert await stage.ask(Notes()) == []
