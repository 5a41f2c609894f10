"""How agents ask and wait: whatever is wrong, the answer is no."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

import shoal
from shoal.actors.approvals import Approvals, DecisionUnfit, Request, State
from shoal.actors.approvals.request_file import FILE_NAME
from shoal.errors import AskTimeout, ConfigError, HandlerError
from tests.actors.approvals.petitioners import Asks, Brief, Do, Doer, Early
from tests.contract.waiting import eventually

LONG_S = 600.0
REFUSED = "shoal.actors.tools.errors.ApprovalRefused"


def mask(text: str) -> str:
    return text.replace("sk-123", "***")


@pytest_asyncio.fixture
async def system(tmp_path: Path) -> AsyncIterator[shoal.System]:
    async with shoal.start("local", run_dir=str(tmp_path), stop_grace_s=0.5) as running:
        yield running


@pytest_asyncio.fixture
async def approvals(system: shoal.System) -> Approvals:
    return await Approvals.open(system, redact=mask, poll_s=0.01)


@pytest_asyncio.fixture
async def doer(system: shoal.System) -> shoal.Ref:
    return await system.spawn(Doer(), name="doer")


def ask(to: shoal.Ref, message: Any) -> asyncio.Task[Any]:
    return asyncio.create_task(to.ask(message, timeout_s=LONG_S))


async def next_of(approvals: Approvals) -> Request:
    async with asyncio.timeout(30):
        async for request in approvals.pending():
            return request
    raise AssertionError("requests never end")


async def refusal(asked: asyncio.Task[Any]) -> HandlerError:
    with pytest.raises(HandlerError) as caught:
        await asked
    assert caught.value.details["type"] == REFUSED
    return caught.value


async def test_where_nobody_keeps_requests_nothing_is_allowed(doer: shoal.Ref) -> None:
    error = await refusal(ask(doer, Do(what=1)))
    assert "await Approvals.open(system)" in error.text


@pytest.mark.parametrize("accepts", [object, int])
async def test_another_agent_of_that_name_allows_nothing(
    system: shoal.System, doer: shoal.Ref, accepts: Any
) -> None:
    async def impostor(message):  # type: ignore[no-untyped-def]
        return {"state": "approved"}

    impostor.__annotations__["message"] = accepts
    await system.spawn(impostor, name="approvals")
    await refusal(ask(doer, Do(what=1)))


async def test_where_the_file_cannot_be_used_nothing_is_allowed(
    system: shoal.System, doer: shoal.Ref, tmp_path: Path
) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"no database")
    await Approvals.open(system)
    error = await refusal(ask(doer, Do(what=1)))
    assert "its request could not be kept" in error.text


async def test_when_the_one_who_keeps_requests_is_stopped_nothing_is_allowed(
    system: shoal.System, approvals: Approvals, doer: shoal.Ref
) -> None:
    waiting = ask(doer, Do(what=1))
    await next_of(approvals)
    await system.stop("approvals")
    assert "shut down" in (await refusal(waiting)).text
    assert "cannot be reached" in (await refusal(ask(doer, Do(what=2)))).text


async def test_what_was_approved_is_the_value_itself_and_the_file_never_sees_its_secrets(
    approvals: Approvals, doer: shoal.Ref, tmp_path: Path
) -> None:
    what = {"key": "sk-123", "raw": b"\x00", "n": 1}
    asked = ask(doer, Do(what=what))
    request = await next_of(approvals)
    assert request.title == "do ***"
    assert request.data == {"key": "***", "raw": "AA==", "n": 1}
    await approvals.approve(request.id)
    assert await asked == [what]
    kept = await asyncio.to_thread(_bytes_of, tmp_path)
    assert b"***" in kept
    assert b"sk-123" not in kept


async def test_an_edit_keeps_what_was_left_as_it_was_shown(approvals: Approvals, doer: shoal.Ref) -> None:
    asked = ask(doer, Do(what={"key": "sk-123", "n": 1}))
    request = await next_of(approvals)
    with pytest.raises(DecisionUnfit):
        await approvals.edit(request.id, [2])
    with pytest.raises(DecisionUnfit, match="is no JSON"):
        await approvals.edit(request.id, {"n": object()})
    await approvals.edit(request.id, {"key": "***", "n": 2})
    assert await asked == [{"key": "sk-123", "n": 2}]


async def test_a_refusal_names_who_and_why(approvals: Approvals, doer: shoal.Ref) -> None:
    asked = ask(doer, Do(what=1))
    request = await next_of(approvals)
    await approvals.reject(request.id, by="ann", note="not today")
    error = await refusal(asked)
    assert "'do ***' of doer: ann refused it: not today" in error.text
    assert (await approvals.wait(request.id)).state is State.REJECTED


async def test_the_same_thing_twice_is_approved_twice(approvals: Approvals, doer: shoal.Ref) -> None:
    asked = ask(doer, Do(what=1, times=2))
    first = await next_of(approvals)
    await approvals.approve(first.id)
    second = await next_of(approvals)
    assert second.id != first.id
    await approvals.reject(second.id)
    await refusal(asked)


async def test_a_question_gets_its_answer_or_none(approvals: Approvals, doer: shoal.Ref) -> None:
    asked = ask(doer, Asks(question="which one?"))
    await approvals.answer((await next_of(approvals)).id, "the “second”")
    assert await asked == "the “second”"
    asked = ask(doer, Asks(question="and now?"))
    await approvals.reject((await next_of(approvals)).id)
    assert "not answered: 'and now?'" in (await refusal(asked)).text


async def test_a_timeout_that_the_handler_cannot_wait_for_is_a_mistake_that_says_so(
    system: shoal.System, approvals: Approvals
) -> None:
    brief = await system.spawn(Brief(), name="brief")
    with pytest.raises(HandlerError, match="its handlers are cancelled after 10 s") as caught:
        await brief.ask(Do(timeout_s=11.0))
    assert "ConfigError" in caught.value.details["type"]
    for wrong in (0.0, -1.0, float("inf")):
        with pytest.raises(HandlerError, match="a positive number of seconds"):
            await brief.ask(Do(timeout_s=wrong))
    assert await approvals.list(*State) == []


async def test_a_request_says_whose_limit_comes_first(
    system: shoal.System, approvals: Approvals, doer: shoal.Ref
) -> None:
    brief = await system.spawn(Brief(), name="brief")
    under_way = [
        ask(brief, Do()),
        ask(doer, Do()),
        asyncio.create_task(doer.tell(Do(what=3, timeout_s=60.0))),
    ]

    async def all_three() -> list[Request]:
        found = await approvals.list()
        return found if len(found) == 3 else []

    found: list[Request] = await eventually(all_three)
    now = time.time()
    limits = {(one.agent, one.value): (one.waits_for, (one.waits_until or now) - now) for one in found}
    assert limits["brief", "null"][0] == "handler"
    assert 5 < limits["brief", "null"][1] < 10
    assert limits["doer", "null"][0] == "asker"
    assert 500 < limits["doer", "null"][1] <= 600
    assert limits["doer", "3"] == ("", 0.0)
    for one in found:
        await approvals.reject(one.id)
    await asyncio.gather(*under_way, return_exceptions=True)


async def test_an_asker_that_is_out_of_patience_withdraws_the_request(
    approvals: Approvals, doer: shoal.Ref
) -> None:
    with pytest.raises(AskTimeout):
        await doer.ask(Do(), timeout_s=0.3)
    found = await eventually(lambda: approvals.list(State.WITHDRAWN))
    assert found[0].waits_for == "asker"


async def test_a_hook_cannot_wait_for_a_person(system: shoal.System, approvals: Approvals) -> None:
    with pytest.raises(ConfigError, match="only the handling of a message can wait"):
        await system.spawn(Early())


async def test_a_system_that_shuts_down_does_not_wait_for_people_and_leaves_requests_open(
    tmp_path: Path,
) -> None:
    async with shoal.start("local", run_dir=str(tmp_path), stop_grace_s=60.0) as system:
        approvals = await Approvals.open(system, poll_s=0.01)
        doer = await system.spawn(Doer())
        await doer.tell(Do(what="told"))
        await next_of(approvals)
    (left,) = await approvals.list()
    assert left.state is State.PENDING


async def test_approvals_can_be_opened_twice_and_give_the_same_requests(
    system: shoal.System, approvals: Approvals, doer: shoal.Ref
) -> None:
    asked = ask(doer, Do(what=1))
    again = await Approvals.open(system)
    await again.approve((await next_of(approvals)).id[:6])
    assert await asked == [1]


async def test_a_hundred_wait_at_once_and_each_gets_its_own_decision(
    system: shoal.System, approvals: Approvals
) -> None:
    class Crowd(Doer):
        concurrency = 100

    crowd = await system.spawn(Crowd())
    asked = {number: ask(crowd, Do(what=number)) for number in range(100)}
    decided = 0
    async with asyncio.timeout(60):
        async for request in approvals.pending():
            if request.data % 2:
                await approvals.reject(request.id)
            else:
                await approvals.edit(request.id, request.data + 1000)
            decided += 1
            if decided == 100:
                break
    for number, one in asked.items():
        if number % 2:
            await refusal(one)
        else:
            assert await one == [number + 1000]


def _bytes_of(directory: Path) -> bytes:
    return b"".join(path.read_bytes() for path in directory.glob(f"{FILE_NAME}*"))
