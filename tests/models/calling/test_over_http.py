"""Calls over real HTTP with the real client: what each failure of a server becomes, and what it is charged."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from shoal.models.calling import CallAccount, Caller, Candidate
from shoal.models.chat import Finish
from shoal.models.errors import (
    ContextTooLong,
    ModelError,
    ModelMalformed,
    ModelRefused,
    ModelRejected,
    ModelTimeout,
    ModelUnavailable,
    NoModelLeft,
    RateLimited,
)
from shoal.models.openai import OpenAIModel
from shoal.models.spec import Breaker, Model, Price, Retry, Timeouts
from shoal.models.tokens import estimate_input, estimate_text
from tests.models.calling.counting import REQUEST, CountingPermits
from tests.models.openai.stage import (
    Answer,
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

INPUT = estimate_input(REQUEST)
SAID = 15
"""What a server that counts says: 10 tokens in, 5 out."""


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Any:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    with Stage() as stage:
        yield stage


class Calling:
    """Callers of models on a stage, and what they were charged."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._models: list[OpenAIModel] = []
        self.permits = CountingPermits()
        self.accounts: list[CallAccount] = []

    def candidate(self, name: str = "m", **fields: Any) -> Candidate:
        quick = {"retry": Retry(attempts=3, first_s=0.001), "breaker": Breaker(failures=99)}
        spec = Model(model=name, base_url=self._url, **{**quick, **fields})
        self._models.append(OpenAIModel(spec))
        return Candidate(spec, self._models[-1], Price(input=1, output=1))

    def caller(self, *chain: Candidate, **options: Any) -> Caller:
        options = {"permits": self.permits, "on_account": self.accounts.append, **options}
        return Caller(chain or (self.candidate(),), **options)

    async def close(self) -> None:
        for model in self._models:
            await model.close()


@pytest.fixture
async def calling(stage: Stage) -> AsyncIterator[Calling]:
    made = Calling(stage.url)
    yield made
    await made.close()


BROKEN_OFF = events(chunk("one two "), Cut.RESET)

RECOVERIES = {
    "408": (failure(408), 0),
    "409": (failure(409), 0),
    "429": (failure(429), 0),
    "429 with Retry-After": (failure(429, headers={"retry-after": "0.01"}), 0),
    "500": (failure(500), 0),
    "502 with a page": (page("<html>bad gateway</html>", status=502, content_type="text/html"), 0),
    "503": (failure(503), 0),
    "529": (failure(529), 0),
    "gone without an answer": (gone(Cut.RESET), 0),
    "HTML with status 200": (page("<html>hello</html>", content_type="text/html"), INPUT),
    "broken off in the middle": (BROKEN_OFF, INPUT + estimate_text("one two ")),
    "a stream that just ends": (events(chunk("one two ")), INPUT + estimate_text("one two ")),
    "a stream that is no JSON": (events(chunk("one two "), "{broken"), INPUT + estimate_text("one two ")),
    "an unknown finish reason": (events(chunk("x"), chunk(finish="tired", usage=(10, 5)), "[DONE]"), SAID),
}


@pytest.mark.parametrize("case", RECOVERIES)
async def test_a_failure_that_may_pass_is_survived_and_charged_as_far_as_it_was_served(
    stage: Stage, calling: Calling, case: str
) -> None:
    reply, charged = RECOVERIES[case]
    stage.put(reply)
    answer = await calling.caller().call(REQUEST)
    assert (answer.text, answer.attempts) == ("ok", 2)
    assert [one.tokens for one in calling.permits.settled] == [charged, SAID]
    assert answer.usage.total_tokens == charged + SAID
    assert answer.usd == pytest.approx((charged + SAID) / 1e6)
    assert len(stage.requests) == 2


REFUSALS: dict[str, tuple[Any, type[ModelError], int]] = {
    "400": (failure(400), ModelRejected, 0),
    "401": (failure(401), ModelRejected, 0),
    "404": (failure(404), ModelRejected, 0),
    "too long": (failure(400, code="context_length_exceeded"), ContextTooLong, 0),
    "a content filter": (Answer("par", finish="content_filter"), ModelRefused, SAID),
    "the model declines": (Answer("", refusal="I will not"), ModelRefused, SAID),
}


@pytest.mark.parametrize("case", REFUSALS)
async def test_a_refusal_is_asked_for_once_only(stage: Stage, calling: Calling, case: str) -> None:
    reply, kind, charged = REFUSALS[case]
    stage.put(reply)
    with pytest.raises(kind) as caught:
        await calling.caller().call(REQUEST)
    assert type(caught.value) is kind
    assert [one.tokens for one in calling.permits.settled] == [charged]
    assert caught.value.usage is not None
    assert caught.value.usage.total_tokens == charged
    assert len(stage.requests) == 1


async def test_answers_that_are_odd_but_whole_are_given_as_they_are(stage: Stage, calling: Calling) -> None:
    caller = calling.caller()
    stage.put(
        Answer("cut of", finish="length"),
        Answer("", calls=(Called("add", '{"a": broken'), Called("unknown"))),
        Answer("no figures", usage=None),
    )
    assert (await caller.call(REQUEST)).finish is Finish.LENGTH
    called = await caller.call(REQUEST)
    assert [(call.name, call.arguments) for call in called.tool_calls] == [
        ("add", '{"a": broken'),
        ("unknown", "{}"),
    ]
    counted = await caller.call(REQUEST)
    assert counted.usage.estimated
    assert counted.usage.total_tokens == INPUT + estimate_text("no figures")
    assert [account.estimated for account in calling.accounts] == [False, False, True]


@pytest.mark.parametrize(
    ("where", "limits", "charged"),
    [
        ("before", Timeouts(first_token_s=0.5), INPUT),
        ("amid", Timeouts(between_tokens_s=0.5), INPUT + estimate_text("one ")),
        ("amid", Timeouts(whole_s=1.0), INPUT + estimate_text("one ")),
    ],
)
async def test_an_answer_that_stalls_is_taken_back_at_the_server_and_asked_for_again(
    stage: Stage, calling: Calling, where: str, limits: Timeouts, charged: int
) -> None:
    held = Gate()
    stage.put(Answer("one two ", **{where: held}))  # type: ignore[arg-type]
    answer = await calling.caller(calling.candidate(timeouts=limits)).call(REQUEST)
    assert answer.text == "ok"
    await stage.until(lambda stage: stage.cancelled >= 1)
    first, *_, last = calling.permits.settled
    assert (first.tokens, last.tokens) == (charged, SAID)
    held.open()


async def test_a_call_that_is_cancelled_stops_the_server(stage: Stage, calling: Calling) -> None:
    held = Gate()
    stage.put(Answer("one two ", amid=held))
    call = asyncio.ensure_future(calling.caller().call(REQUEST))
    await stage.until(lambda stage: stage.in_flight == 1)
    call.cancel()
    await asyncio.wait([call])
    await stage.until(lambda stage: stage.cancelled == 1)
    assert calling.permits.settled[0].tokens >= INPUT
    held.open()


async def test_of_two_hedged_requests_the_loser_is_stopped_at_the_server(
    stage: Stage, calling: Calling
) -> None:
    held = Gate()
    stage.put(Answer("late", before=held))
    answer = await calling.caller(calling.candidate(hedge_after_s=0.02)).call(REQUEST)
    assert (answer.text, answer.attempts) == ("ok", 2)
    await stage.until(lambda stage: stage.cancelled == 1)
    assert sorted(one.tokens for one in calling.permits.settled) == sorted([INPUT, SAID])
    held.open()


async def test_when_a_model_stays_down_the_next_one_answers_and_when_all_are_the_causes_are_told(
    stage: Stage, calling: Calling
) -> None:
    stage.otherwise = lambda asked: failure(503) if asked.body["model"] == "dear" else Answer("cheap")
    dear, cheap = calling.candidate("dear"), calling.candidate("cheap")
    answer = await calling.caller(dear, cheap).call(REQUEST)
    assert (answer.text, answer.attempts) == ("cheap", 4)
    stage.otherwise = failure(429)
    with pytest.raises(NoModelLeft) as caught:
        await calling.caller(dear, cheap).call(REQUEST)
    assert [cause["error"] for cause in caught.value.details["causes"]] == ["RateLimited"] * 2
    assert all(one.rate_limited for one in calling.permits.settled[4:])


async def test_a_server_that_does_not_answer_at_all_is_a_typed_error_within_the_deadline(
    stage: Stage, calling: Calling
) -> None:
    held = Gate()
    stage.otherwise = Answer(before=held)
    caller = calling.caller(calling.candidate(timeouts=Timeouts(first_token_s=0.1)))
    with pytest.raises(ModelTimeout):
        await caller.call(REQUEST)
    assert len(calling.permits.settled) == 3
    held.open()


async def test_where_nobody_listens_is_unavailable_and_costs_nothing(calling: Calling, stage: Stage) -> None:
    stage.stop()
    with pytest.raises(ModelUnavailable) as caught:
        await calling.caller().call(REQUEST)
    assert caught.value.details["usd"] == 0
    assert [one.tokens for one in calling.permits.settled] == [0, 0, 0]
    assert not isinstance(caught.value, ModelMalformed | RateLimited)
