"""Every permit is settled exactly once, with what was charged, however the attempt ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from shoal.models.calling import Candidate, Outcome
from shoal.models.chat import ChatChunk, ChatRequest, Usage
from shoal.models.errors import (
    ModelError,
    ModelMalformed,
    ModelRefused,
    ModelRejected,
    ModelUnavailable,
    RateLimited,
)
from shoal.models.scripted import Reply
from shoal.models.spec import Retry
from shoal.models.tokens import estimate_input, estimate_text
from tests.models.calling.counting import PRICE, REQUEST, Stage, Stalling, scripted, spec
from tests.models.calling.virtual_time import run

ONCE = Retry(attempts=1)
INPUT = estimate_input(REQUEST)
SAID = Usage(input_tokens=50, output_tokens=7, cached_tokens=10)
WORDS = "these are some words"

# How it ended, and the tokens that are charged.
ENDS: dict[str, tuple[Any, int]] = {
    "the server says what it took": (Reply(WORDS, usage=SAID), 57),
    "the server does not say": (Reply(WORDS, usage="missing"), INPUT + estimate_text(WORDS)),
    "no connection": (ModelUnavailable("refused"), 0),
    "an error status": (ModelUnavailable("overloaded", status=529), 0),
    "rate limited": (RateLimited("slow down", status=429), 0),
    "rejected": (ModelRejected("no such model", status=404), 0),
    "nothing that can be read": (ModelMalformed("html"), INPUT),
    "refused without a word": (ModelRefused("no"), INPUT),
    "refused with its usage": (ModelRefused("no", usage=SAID.model_dump()), 57),
    "breaks off in the middle": (
        Reply(WORDS, error=ModelUnavailable("gone")),
        INPUT + estimate_text(WORDS),
    ),
    "an unknown finish reason": (Reply(WORDS, finish="tired", usage=SAID), 57),
    "a refusal that was counted": (Reply(refusal="I will not", finish="stop", usage=SAID), 57),
}


@pytest.mark.parametrize("end", ENDS)
def test_each_end_of_an_attempt_settles_its_permit_once_with_what_was_charged(end: str) -> None:
    async def main() -> None:
        answer, tokens = ENDS[end]
        stage = Stage(scripted([answer], retry=ONCE))
        usage: Usage | None
        try:
            usage = (await stage.caller.call(REQUEST)).usage
        except ModelError as error:
            usage = error.usage
        settled = stage.permits.settled
        assert [one.tokens for one in settled] == [tokens]
        assert usage is not None
        assert usage.total_tokens == tokens == stage.accounts[0].usage.total_tokens
        assert settled[0].usd == stage.accounts[0].usd

    run(main())


@pytest.mark.parametrize(("at_s", "written"), [(0.5, ""), (1.5, "one "), (2.5, "one two ")])
def test_a_call_that_is_cancelled_is_charged_its_input_and_what_had_come(at_s: float, written: str) -> None:
    async def main() -> None:
        model = Stalling((1.0, ChatChunk(text="one ")), (2.0, ChatChunk(text="two ")))
        stage = Stage(Candidate(spec(), model, PRICE))
        call = asyncio.ensure_future(stage.caller.call(REQUEST))
        await asyncio.sleep(at_s)
        call.cancel()
        await asyncio.wait([call])
        assert call.cancelled()
        assert model.closed == 1
        assert [one.tokens for one in stage.permits.settled] == [INPUT + estimate_text(written)]
        assert stage.accounts[0].outcome is Outcome.CANCELLED
        assert stage.accounts[0].estimated

    run(main())


def test_a_call_that_is_taken_back_where_the_server_writes_on_is_charged_all_that_it_may_write() -> None:
    async def main() -> None:
        stage = Stage(Candidate(spec(stream=False), Stalling(), PRICE))
        call = asyncio.ensure_future(stage.caller.call(REQUEST))
        await asyncio.sleep(1)
        call.cancel()
        await asyncio.wait([call])
        assert [one.tokens for one in stage.permits.settled] == [INPUT + 100]

    run(main())


def test_a_model_that_raises_what_is_no_model_error_is_settled_all_the_same() -> None:
    class Broken(Stalling):
        async def stream(self, request: ChatRequest) -> AsyncGenerator[ChatChunk, None]:
            yield ChatChunk(text="one ")
            raise ZeroDivisionError

    async def main() -> None:
        stage = Stage(Candidate(spec(), Broken(), PRICE))
        with pytest.raises(ZeroDivisionError):
            await stage.caller.call(REQUEST)
        assert [one.tokens for one in stage.permits.settled] == [INPUT + estimate_text("one ")]
        assert stage.accounts[0].outcome is Outcome.BROKEN

    run(main())


def test_the_answer_says_what_all_attempts_and_all_models_took_and_each_account_its_own() -> None:
    async def main() -> None:
        breaks = Reply(WORDS, error=ModelUnavailable("gone"))
        stage = Stage(
            scripted([breaks, breaks], "dear", retry=Retry(attempts=2)),
            scripted([breaks, Reply("fine", usage=SAID)], "cheap"),
        )
        answer = await stage.caller.call(REQUEST)
        assert answer.attempts == 4
        assert answer.usage.total_tokens == sum(one.tokens for one in stage.permits.settled)
        assert answer.usd == pytest.approx(sum(one.usd for one in stage.permits.settled))
        assert answer.usage.estimated
        dear, cheap = stage.accounts
        assert (dear.model, dear.attempts, dear.retries, dear.outcome) == ("dear", 2, 1, Outcome.UNAVAILABLE)
        assert (cheap.model, cheap.attempts, cheap.retries, cheap.outcome) == ("cheap", 2, 1, Outcome.OK)
        assert dear.usd + cheap.usd == pytest.approx(answer.usd)
        assert cheap.fallback
        assert not dear.fallback

    run(main())


def test_an_account_that_cannot_be_taken_does_not_lose_the_answer(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        stage = Stage(scripted(["fine"]))

        def full(account: object) -> None:
            raise OSError("disk full")

        stage.caller._meter._on_account = full
        assert (await stage.caller.call(REQUEST)).text == "fine"

    run(main())
    assert "disk full" in caplog.text
