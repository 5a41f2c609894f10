"""What people decided in a run is played back to its replay; nobody is asked, and nothing waits."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import shoal
from shoal.actors.approvals import Approvals, Request, approve, ask_person
from shoal.experiments.replaying.replay import Replayed, replay_task
from shoal.runtime.journal.reader import RunReader

SOON_S = 60.0
"""Far less than people have."""


class Clerk(shoal.Agent):
    """Asks before it does something, and asks what to call it."""

    handler_timeout_s = 600.0

    async def on_text(self, text: str, ctx: shoal.Context) -> str:
        value = await approve(ctx, title="send it", subject="send", value={"text": text}, timeout_s=500.0)
        name = await ask_person(ctx, f"What do we call {value['text']}?", timeout_s=500.0)
        return f"{value['text']} is {name}"


class Hasty(Clerk):
    """Wants another thing."""

    async def on_text(self, text: str, ctx: shoal.Context) -> str:
        return str(await approve(ctx, title="burn it", subject="burn", value=text, timeout_s=500.0))


async def recorded(folder: Path, decide: Any) -> Path:
    """A run with one task, about which a person says what ``decide`` does with each request."""
    async with shoal.start("local", run="r", runs_root=folder, journal="messages") as system:
        approvals = await Approvals.open(system, poll_s=0.01)
        built = await system.build(shoal.single(Clerk()), name="team")
        task = asyncio.create_task(system.run.task(built, "a letter", task="t-1"))
        async with asyncio.timeout(SOON_S):
            async for request in approvals.pending():
                await decide(approvals, request)
                if request.subject == "" or decide is refused:
                    break
            await asyncio.gather(task, return_exceptions=True)
        return system.run.path


async def left(folder: Path) -> Path:
    """A run that ends while its task waits for a person."""
    async with shoal.start("local", run="r", runs_root=folder, journal="messages") as system:
        approvals = await Approvals.open(system, poll_s=0.01)
        built = await system.build(shoal.single(Clerk()), name="team")
        task = asyncio.create_task(system.run.task(built, "a letter", task="t-1"))
        await anext(aiter(approvals.pending()))
        path = system.run.path
    await asyncio.gather(task, return_exceptions=True)
    return path


async def granted(approvals: Approvals, request: Request) -> None:
    if request.subject == "send":
        await approvals.edit(request.id, {"text": "a card"}, by="ann")
    else:
        await approvals.answer(request.id, "Greeting", by="ann")


async def refused(approvals: Approvals, request: Request) -> None:
    await approvals.reject(request.id, note="not today", by="ann")


async def replayed(path: Path, team: shoal.Topology) -> Replayed:
    began = time.monotonic()
    with RunReader(path) as reader:
        found = await replay_task(reader, team, "team", "t-1")
    assert time.monotonic() - began < SOON_S
    return found


async def test_what_was_approved_edited_and_answered_is_so_again(tmp_path: Path) -> None:
    path = await recorded(tmp_path, granted)
    found = await replayed(path, shoal.single(Clerk()))
    assert found.same, found.divergences
    assert found.now.output == "a card is Greeting"


async def test_what_was_refused_is_refused_again(tmp_path: Path) -> None:
    path = await recorded(tmp_path, refused)
    found = await replayed(path, shoal.single(Clerk()))
    assert found.same, found.divergences
    assert "not today" in found.now.error_text


async def test_what_was_not_asked_then_is_refused_at_once_and_named(tmp_path: Path) -> None:
    path = await recorded(tmp_path, granted)
    found = await replayed(path, shoal.single(Hasty()))
    assert found.divergences[0].text == "team asks a person about 'burn it', which it did not do then"
    assert "a replay asks nobody" in found.now.error_text


async def test_what_nobody_decided_then_does_not_wait_either(tmp_path: Path) -> None:
    path = await left(tmp_path)
    found = await replayed(path, shoal.single(Clerk()))
    assert found.likely == [
        "nobody decided about 'send it' of team in the run, so there is no decision to play back"
    ]
