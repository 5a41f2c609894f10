"""Approvals on both hosts: what people decide reaches the agents that wait, whoever dies in between."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

import shoal
from shoal.actors.approvals import Approvals, Request, State
from shoal.actors.approvals.command import approvals as command
from shoal.actors.approvals.errors import RequestExpired, RequestWithdrawn
from tests.contract.petitioners import Hasty, Petitioner, Question, Spend, Told
from tests.contract.settings import SETTINGS
from tests.contract.stands import Stand
from tests.contract.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="session")
LONG_S = 600.0


async def of(agent: shoal.Ref, approvals: Approvals, *states: State) -> list[Request]:
    """The requests of the agent in these states: on Ray others have theirs in the same file."""
    return [request for request in await approvals.list(*states) if request.agent == agent.address]


async def waiting(agent: shoal.Ref, approvals: Approvals, count: int = 1) -> list[Request]:
    """The agent's pending requests, once there are so many."""

    async def enough() -> list[Request]:
        found = await of(agent, approvals, State.PENDING)
        return found if len(found) == count else []

    found: list[Request] = await eventually(enough)
    return found


@contextlib.asynccontextmanager
async def asking(to: shoal.Ref, message: Spend | Question) -> AsyncIterator[asyncio.Task[Told]]:
    """An ask under way; taken back at the end unless it was answered."""
    task = asyncio.create_task(to.ask(message, timeout_s=LONG_S))
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_an_agent_waits_for_a_person_and_goes_on_as_the_person_said(stand: Stand) -> None:
    approvals = await Approvals.open(stand.system, poll_s=0.02)
    agent = await stand.spawn(Petitioner(), "petitioner")

    async with asking(agent, Spend(amount=5)) as told:
        (request,) = await waiting(agent, approvals)
        assert (request.agent, request.subject, request.data) == (agent.address, "spend", {"amount": 5})
        await approvals.approve(request.id, by="ann")
        assert (await told).amount == 5
    async with asking(agent, Spend(amount=6)) as told:
        (request,) = await waiting(agent, approvals)
        await approvals.reject(request.id, by="ann", note="too much")
        assert (await told).why == "rejected"
        assert "ann refused it: too much" in (await told).text
    async with asking(agent, Spend(amount=7)) as told:
        (request,) = await waiting(agent, approvals)
        await approvals.edit(request.id, {"amount": 1}, by="ann")
        assert (await told).amount == 1
    async with asking(agent, Question(text="where to?")) as told:
        (request,) = await waiting(agent, approvals)
        await approvals.answer(request.id, "home", by="ann")
        assert (await told).text == "home"
    states = [request.state for request in await of(agent, approvals, *State)]
    assert states == [State.APPROVED, State.REJECTED, State.EDITED, State.ANSWERED]


@pytest.mark.slow_on_ray
async def test_silence_is_a_refusal_and_cannot_be_mended_later(stand: Stand) -> None:
    approvals = await Approvals.open(stand.system, poll_s=0.02)
    agent = await stand.spawn(Petitioner(), "petitioner")
    told = await agent.ask(Spend(amount=5, timeout_s=0.2), timeout_s=LONG_S)
    assert told.why == "expired"
    (request,) = await of(agent, approvals, State.EXPIRED)
    with pytest.raises(RequestExpired):
        await approvals.approve(request.id)


@pytest.mark.slow_on_ray
async def test_an_agent_does_not_wait_longer_than_its_handler_may_and_says_so(stand: Stand) -> None:
    approvals = await Approvals.open(stand.system, poll_s=0.02)
    agent = await stand.spawn(Hasty(), "hasty")
    told = await agent.ask(Spend(amount=5), timeout_s=LONG_S)
    assert told.why == "handler"
    assert "handler_timeout_s is 1 s" in told.text
    (request,) = await eventually(lambda: of(agent, approvals, State.WITHDRAWN))
    assert request.waits_for == "handler"
    with pytest.raises(RequestWithdrawn):
        await approvals.approve(request.id)


@pytest.mark.slow_on_ray
async def test_an_asker_that_gives_up_withdraws_the_request(stand: Stand) -> None:
    approvals = await Approvals.open(stand.system, poll_s=0.02)
    agent = await stand.spawn(Petitioner(), "petitioner")
    async with asking(agent, Spend(amount=5)):
        await waiting(agent, approvals)
    (request,) = await eventually(lambda: of(agent, approvals, State.WITHDRAWN))
    with pytest.raises(RequestWithdrawn):
        await approvals.approve(request.id)


@pytest.mark.parametrize(
    "decided",
    ["while it is dead", pytest.param("once it waits again", marks=pytest.mark.slow_on_ray)],
)
async def test_an_agent_that_is_killed_while_it_waits_finds_its_request_and_the_decision(
    stand: Stand, decided: str
) -> None:
    approvals = await Approvals.open(stand.system, poll_s=0.02)
    agent = await stand.spawn(Petitioner(), "petitioner")
    message_id = b"m" * 12
    told = first = asyncio.create_task(stand.ask_as(message_id, "petitioner", Spend(amount=5)))
    (request,) = await waiting(agent, approvals)
    if decided == "while it is dead":
        await _die(stand)
        await approvals.approve(request.id)
    if decided == "once it waits again" or stand.kind == "local":
        await stand.kill("petitioner")
    if stand.kind == "local":  # who asks has died with it
        await Approvals.open(stand.system, poll_s=0.02)
        told = asyncio.create_task(stand.ask_as(message_id, "petitioner", Spend(amount=5)))
    if decided == "once it waits again":
        await approvals.approve(request.id)
    assert (await told).amount == 5
    assert [one.id for one in await of(agent, approvals, *State)] == [request.id]
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)


async def _die(stand: Stand) -> None:
    """Kill -9 of the agent; nobody waits until it is back."""
    if stand.kind == "ray":
        (health,) = await stand.system.health(stand.name("petitioner"))
        os.kill(health["pid"], signal.SIGKILL)
        return
    for cell in stand.system._host.cells.values():
        cell.freeze("as if it had been killed")


@pytest.mark.ray
async def test_the_one_who_keeps_the_requests_can_be_killed_while_agents_wait(ray_stand: Stand) -> None:
    approvals = await Approvals.open(ray_stand.system, poll_s=0.02)
    agent = await ray_stand.spawn(Petitioner(), "petitioner")
    async with asking(agent, Spend(amount=5)) as first, asking(agent, Spend(amount=6)) as second:
        requests = {request.data["amount"]: request for request in await waiting(agent, approvals, 2)}
        os.kill((await ray_stand.system.processes())["approvals"], signal.SIGKILL)
        await approvals.approve(requests[5].id)
        assert (await first).amount == 5
        await approvals.reject(requests[6].id)
        assert (await second).why == "rejected"


@pytest.mark.slow_on_ray
@pytest.mark.parametrize("kind", ["local", pytest.param("ray", marks=pytest.mark.ray)])
async def test_a_run_that_is_left_and_resumed_takes_the_decision_that_was_made_meanwhile(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if kind == "ray":
        request.getfixturevalue("ray_session")
    target = "local" if kind == "local" else None
    async with shoal.start(target, run="r", runs_root=tmp_path, spares=0, **SETTINGS) as system:
        approvals = await Approvals.open(system, poll_s=0.02)
        agent = await system.spawn(Petitioner(), name="petitioner")
        task = asyncio.create_task(system.run.task(agent, Spend(amount=5), task="t", timeout_s=LONG_S))
        (asked,) = await waiting(agent, approvals)
        task.cancel()  # as Ctrl-C does
        await asyncio.gather(task, return_exceptions=True)
    done = await asyncio.to_thread(_command, "approve", asked.id[:6], "--by", "ann", "--root", str(tmp_path))
    assert done == 0
    monkeypatch.setenv("SHOAL_RESUME", str(tmp_path / "r"))
    async with shoal.start(target, run="r", runs_root=tmp_path, spares=0, **SETTINGS) as system:
        approvals = await Approvals.open(system, poll_s=0.02)
        agent = await system.spawn(Petitioner(), name="petitioner")
        told = await system.run.task(agent, Spend(amount=5), task="t", timeout_s=LONG_S)
        assert told.amount == 5
        (decided,) = await approvals.list(*State)
        assert decided.id == asked.id
        assert decided.decision is not None
        assert decided.decision.by == "ann"


PROGRAM = """
import asyncio, os, sys, shoal
from shoal.actors.approvals import Approvals
from tests.contract.petitioners import Petitioner, Spend

async def main():
    async with shoal.start("local", run="r", runs_root=sys.argv[1]) as system:
        approvals = await Approvals.open(system)
        agent = await system.spawn(Petitioner(), name="petitioner")
        task = asyncio.create_task(system.run.task(agent, Spend(amount=5), task="t", timeout_s=600.0))
        async for request in approvals.pending():
            os._exit(9)

asyncio.run(main())
"""


async def test_a_run_whose_program_was_killed_takes_the_decision_that_was_made_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    died = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", PROGRAM, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert died.returncode == 9, died.stderr
    (asked,) = await Approvals(tmp_path / "r").list()
    assert await asyncio.to_thread(_command, "reject", asked.id, "--note", "no", "--root", str(tmp_path)) == 0
    monkeypatch.setenv("SHOAL_RESUME", str(tmp_path / "r"))
    async with shoal.start("local", run="r", runs_root=tmp_path) as system:
        await Approvals.open(system, poll_s=0.02)
        agent = await system.spawn(Petitioner(), name="petitioner")
        told = await system.run.task(agent, Spend(amount=5), task="t", timeout_s=LONG_S)
        assert told.why == "rejected"


def _command(*arguments: str) -> int:
    return CliRunner().invoke(command, arguments).exit_code
