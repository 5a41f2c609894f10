"""Whatever happens to a call, and whenever it is cancelled: the same few things hold."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from shoal.models.calling import AnswerCache, Breakers, Candidate, MemoryAnswers
from shoal.models.chat import ChatResponse
from shoal.models.errors import (
    BudgetExceeded,
    ContextTooLong,
    ModelError,
    ModelMalformed,
    ModelRefused,
    ModelUnavailable,
    RateLimited,
)
from shoal.models.scripted import Latency, Reply, ScriptedModel
from shoal.models.spec import Breaker, Retry, Timeouts
from tests.models.calling.counting import PRICE, REQUEST, CountingPermits, Stage, spec
from tests.models.calling.virtual_time import EPOCH, clock, run

ERRORS: list[ModelError | None] = [
    None,
    ModelUnavailable("down"),
    RateLimited("slow down", retry_after_s=3.0),
    ModelMalformed("html"),
    ModelRefused("no"),
    ContextTooLong("too long"),
]
REPLIES = st.lists(
    st.builds(
        Reply,
        text=st.sampled_from(["", "a few words", "a rather longer answer, of several pieces"]),
        error=st.sampled_from(ERRORS),
        latency=st.builds(
            Latency,
            first_token_s=st.sampled_from([0.0, 1.0, 4.0, 30.0]),
            tokens_per_s=st.sampled_from([None, 0.2, 5.0]),
        ),
        usage=st.sampled_from(["count", "missing"]),
        finish=st.sampled_from(["", "length", "tired"]),
    ),
    min_size=1,
    max_size=4,
)
SPECS = st.fixed_dictionaries(
    {
        "hedge_after_s": st.sampled_from([None, 2.0]),
        "stream": st.booleans(),
        "timeouts": st.just(Timeouts(first_token_s=10, between_tokens_s=15, whole_s=40)),
        "retry": st.builds(Retry, attempts=st.integers(1, 3)),
        "breaker": st.builds(Breaker, failures=st.integers(1, 4)),
    }
)
COURSES = st.fixed_dictionaries(
    {
        "models": st.lists(st.tuples(SPECS, REPLIES), min_size=1, max_size=2),
        "calls": st.integers(1, 3),
        "deadline_s": st.sampled_from([None, 5.0, 25.0]),
        "cancel_at": st.sampled_from([None, 0.0, 1.0, 2.0, 3.5, 20.0]),
        "partial": st.booleans(),
        "cached": st.booleans(),
        "leave": st.lists(st.sampled_from([None, BudgetExceeded("used up")]), max_size=2),
        "wait_s": st.sampled_from([0.0, 2.0]),
    }
)


@settings(max_examples=100, deadline=None)
@given(COURSES)
def test_each_permit_is_settled_once_all_that_was_charged_is_told_and_nothing_is_left_behind(
    course: dict[str, Any],
) -> None:
    async def main() -> None:
        models = [
            Candidate(
                spec(f"m{number}", **fields),
                ScriptedModel(replies, name=f"m{number}", piece=8, cycle=True),
                PRICE,
            )
            for number, (fields, replies) in enumerate(course["models"])
        ]
        stage = Stage(
            *models,
            permits=CountingPermits(*course["leave"], wait_s=course["wait_s"]),
            breakers=Breakers(clock().now),
            cache=AnswerCache(MemoryAnswers()) if course["cached"] else None,
        )
        deadline = None if course["deadline_s"] is None else EPOCH + course["deadline_s"]
        calls = [
            asyncio.ensure_future(
                stage.caller.call(REQUEST, steps=1, deadline=deadline, partial=course["partial"])
            )
            for _ in range(course["calls"])
        ]
        if course["cancel_at"] is not None:
            await asyncio.sleep(course["cancel_at"])
            calls[0].cancel()
        ends = await asyncio.gather(*calls, return_exceptions=True)
        check(stage, ends, course)

    run(main())


def check(stage: Stage, ends: list[Any], course: dict[str, Any]) -> None:
    settled = stage.permits.settled
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert sum(one.tokens for one in settled) == sum(one.usage.total_tokens for one in stage.accounts)
    assert len(settled) == sum(one.attempts for one in stage.accounts)
    assert all(
        0 <= one.tokens <= p.want.tokens for one, p in zip(settled, stage.permits.permits, strict=True)
    )
    assert sum(permit.want.steps for permit in stage.permits.permits) <= len(ends)
    told = [usage_of(end) for end in ends]
    if None not in told:
        assert sum(told) == sum(one.tokens for one in settled)
    if course["deadline_s"] is not None:
        assert stage.at <= max(course["deadline_s"], course["cancel_at"] or 0.0) + 1e-6
    for end in ends:
        assert isinstance(end, ChatResponse | ModelError | asyncio.CancelledError)
        if isinstance(end, ChatResponse):
            assert course["partial"] or not end.partial


def usage_of(end: object) -> Any:
    if isinstance(end, ChatResponse):
        return end.usage.total_tokens
    usage = end.usage if isinstance(end, ModelError) else None
    return None if usage is None else usage.total_tokens
