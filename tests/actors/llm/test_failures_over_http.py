"""Every way in which a model server fails, over real HTTP, as an LLM agent meets it: the error or the recovery, and
what was charged."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from pydantic import BaseModel

import shoal
from shoal.actors.limits import permits_of
from shoal.actors.llm.spending import calls_of, total_of
from shoal.actors.tools.function_tool import tool
from shoal.errors import HandlerError
from shoal.models.spec import Breaker, Model, Retry, Timeouts
from tests.models.openai.stage import (
    Answer,
    Behaviour,
    Called,
    Cut,
    Gate,
    Stage,
    chunk,
    events,
    failure,
    gone,
    page,
)

WHOLE = 15
"""Tokens that the stage says an answer took: 10 in, 5 out."""


class Label(BaseModel):
    label: str


@tool
async def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


class Case(NamedTuple):
    """What the server does, and what comes of it."""

    does: tuple[Behaviour, ...]
    """With the first requests; after them it answers as it should."""
    ends: str = "ok"
    """The answer, or the class of the error."""
    requests: int = 2
    charged: tuple[int, int] = (WHOLE, WHOLE)
    """Tokens, at least and at most: where the server does not say, they are counted here."""
    options: dict[str, Any] = {}  # noqa: RUF012 - never changed
    estimated: bool = False


FREE = (0, 0)
COUNTED = (WHOLE + 1, WHOLE + 400)
"""The answer, and what was read or written before it broke off."""


def stalled() -> Answer:
    return Answer("a long answer", amid=Gate())


CASES = {
    "400": Case((failure(400),), "ModelRejected", 1, FREE),
    "401": Case((failure(401),), "ModelRejected", 1, FREE),
    "404": Case((failure(404),), "ModelRejected", 1, FREE),
    **{str(status): Case((failure(status),)) for status in (408, 409, 500, 502, 503, 529)},
    "429": Case((failure(429),)),
    "429 with Retry-After": Case((failure(429, headers={"retry-after": "0"}),)),
    "always 500": Case((failure(500),) * 3, "ModelUnavailable", 3, FREE),
    "always 429": Case((failure(429),) * 3, "RateLimited", 3, FREE),
    "slow first token": Case((Answer(before=Gate()),), charged=COUNTED, estimated=True),
    "stall in mid-stream": Case((stalled(),), charged=COUNTED, estimated=True),
    "disconnect": Case((gone(),), charged=(WHOLE, WHOLE + 400)),
    "reset": Case((gone(Cut.RESET),), charged=(WHOLE, WHOLE + 400)),
    "truncated stream": Case((events(chunk("half")),), charged=COUNTED, estimated=True),
    "corrupt stream": Case((events(chunk("half"), "{not json"),), charged=COUNTED, estimated=True),
    "HTML with 200": Case((page("<html>", content_type="text/html"),), charged=(WHOLE, WHOLE + 400)),
    "empty choices": Case((events({"id": "x", "choices": []}, "[DONE]"),), charged=(WHOLE, WHOLE + 400)),
    "content filter": Case((Answer("no", finish="content_filter"),), "ModelRefused", 1, (WHOLE, WHOLE)),
    "refusal": Case((Answer("", refusal="I will not"),), "ModelRefused", 1, (WHOLE, WHOLE)),
    "unknown finish reason": Case((Answer("x", finish="tired"),), charged=(2 * WHOLE, 2 * WHOLE)),
    "usage missing": Case((Answer("ok", usage=None),), requests=1, charged=(1, 400), estimated=True),
    "tool call with broken arguments": Case(
        (Answer("", calls=(Called("add", '{"a": 1'),)),),
        charged=(2 * WHOLE, 2 * WHOLE),
        options={"tools": [add]},
    ),
    "unknown tool": Case(
        (Answer("", calls=(Called("subtract"),)),), charged=(2 * WHOLE, 2 * WHOLE), options={"tools": [add]}
    ),
    "wrong schema": Case(
        (Answer('{"lable": 1}'), Answer('{"label": "ok"}')),
        charged=(2 * WHOLE, 2 * WHOLE),
        options={"output": Label},
    ),
    "always the wrong schema": Case(
        (Answer("{}"),) * 3, "OutputInvalid", 3, (3 * WHOLE, 3 * WHOLE), {"output": Label}
    ),
    "context too long": Case(
        (failure(400, "too long", code="context_length_exceeded"),), "ContextTooLong", 1, FREE
    ),
}
WHOLE_BODIES = {
    "malformed JSON": Case((page('{"choices": ['),), charged=(WHOLE, WHOLE + 400)),
    "HTML with 200, not streamed": Case(
        (page("<html>", content_type="text/html"),), charged=(WHOLE, WHOLE + 400)
    ),
}


@pytest.fixture
def stage() -> Iterator[Stage]:
    with Stage(Answer("ok")) as running:
        yield running


@pytest.mark.parametrize("streamed", [True, False], ids=["streamed", "whole"])
@pytest.mark.parametrize("name", [*CASES, *WHOLE_BODIES])
async def test_each_failure_is_recovered_from_or_told_and_charged_for(
    name: str, streamed: bool, stage: Stage, tmp_path: Path
) -> None:
    if not streamed and name in CASES and name not in ("400", "500", "429"):
        pytest.skip("streaming is the default; these differ by the status alone")
    if streamed and name in WHOLE_BODIES:
        pytest.skip("a stream has no body")
    case = CASES.get(name) or WHOLE_BODIES[name]
    stage.put(*case.does)
    model = Model(
        model="stage-1", base_url=stage.url, stream=streamed, retry=Retry(attempts=3, first_s=0.01),
        timeouts=Timeouts(first_token_s=0.5, between_tokens_s=0.5), breaker=Breaker(failures=100),
    )  # fmt: skip
    async with shoal.start("local", run_dir=tmp_path, budget={"tokens": 10**6}) as system:
        agent = await system.spawn(shoal.LLMAgent(model, **case.options))
        try:
            answer = await agent.ask("hello")
            ended = answer.label if isinstance(answer, Label) else answer
        except HandlerError as error:
            ended = type(error.cause).__name__
        permits = permits_of(system.as_sender)
        await permits.flush()
        booked = (await permits.status()).levels["run"].spent.tokens
    assert (ended, len(stage.requests)) == (case.ends, case.requests)
    total = total_of(calls_of(tmp_path))
    assert case.charged[0] <= total.usage.total_tokens <= case.charged[1]
    assert total.usage.total_tokens == booked
    assert total.usage.estimated == case.estimated or not case.estimated
    assert total.attempts == case.requests


async def test_a_cancelled_ask_stops_the_server(stage: Stage, tmp_path: Path) -> None:
    stage.put(Answer("a long answer", amid=Gate()))
    async with shoal.start("local", run_dir=tmp_path) as system:
        agent = await system.spawn(shoal.LLMAgent(Model(model="m", base_url=stage.url)))
        # The model's own cut of the same deadline and the asker's clock race: either may be told first.
        with pytest.raises((shoal.errors.AskTimeout, shoal.errors.HandlerError)):
            await agent.ask("hello", timeout_s=0.5)
        await stage.until(lambda s: s.cancelled == 1)
