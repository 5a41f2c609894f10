from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest

from shoal.models.calling import Breakers, Candidate, Outcome
from shoal.models.calling.breaker import Phase
from shoal.models.chat import ChatChunk, ChatRequest, ToolCallPart
from shoal.models.errors import ModelTimeout
from shoal.models.scripted import Latency, ScriptedModel
from shoal.models.spec import Breaker, Retry, Timeouts
from tests.models.calling.counting import PRICE, REQUEST, Stage, Stalling, spec
from tests.models.calling.virtual_time import EPOCH, clock, run

LIMITS = Timeouts(first_token_s=10, between_tokens_s=5, whole_s=60)
ONCE = Retry(attempts=1)


def stage(*pieces: tuple[float, ChatChunk], timeouts: Timeouts = LIMITS) -> tuple[Stage, Stalling]:
    model = Stalling(*pieces)
    return Stage(Candidate(spec(timeouts=timeouts, retry=ONCE), model, PRICE)), model


def text(piece: str) -> ChatChunk:
    return ChatChunk(text=piece)


def test_a_first_token_that_does_not_come_in_time_ends_the_attempt_and_closes_the_stream() -> None:
    async def main() -> None:
        on_stage, model = stage()
        with pytest.raises(ModelTimeout, match="no token within"):
            await on_stage.caller.call(REQUEST)
        assert on_stage.at == 10
        assert model.closed == 1
        assert on_stage.permits.settled[0].tokens > 0, "the server had taken the request"

    run(main())


def test_an_answer_that_stops_in_the_middle_is_given_up_after_the_time_between_tokens() -> None:
    async def main() -> None:
        on_stage, model = stage((9, text("one ")), (13, text("two ")))
        with pytest.raises(ModelTimeout, match="stopped in the middle"):
            await on_stage.caller.call(REQUEST)
        assert on_stage.at == 13 + 5
        assert model.closed == 1

    run(main())


def test_an_answer_that_never_ends_is_cut_at_the_whole_time() -> None:
    async def main() -> None:
        on_stage, _ = stage(*((float(at), text("on and on ")) for at in range(1, 100)))
        with pytest.raises(ModelTimeout, match="not done within"):
            await on_stage.caller.call(REQUEST)
        assert on_stage.at == 60

    run(main())


def test_a_sign_of_life_is_no_token_but_gives_the_first_one_more_time() -> None:
    async def main() -> None:
        thinking, _ = stage(*((float(at), ChatChunk(model="m")) for at in (4, 8, 12, 16)))
        with pytest.raises(ModelTimeout, match="no token within"):
            await thinking.caller.call(REQUEST)
        assert thinking.at == 16 + 5
        role_only, _ = stage((0.5, ChatChunk(model="m")))
        began = role_only.at
        with pytest.raises(ModelTimeout):
            await role_only.caller.call(REQUEST)
        assert role_only.at - began == 10, "the time for the first token is not cut short by a sign of life"

    run(main())


def test_pieces_of_tool_calls_are_tokens() -> None:
    async def main() -> None:
        part = ChatChunk(tool_calls=(ToolCallPart(0, "c", "add", "{"),))
        on_stage, _ = stage((1, part))
        with pytest.raises(ModelTimeout, match="stopped in the middle"):
            await on_stage.caller.call(REQUEST)

    run(main())


def test_an_answer_that_is_not_streamed_has_the_whole_time_for_its_one_piece() -> None:
    async def main() -> None:
        model = Stalling()
        on_stage = Stage(Candidate(spec(timeouts=LIMITS, retry=ONCE, stream=False), model, PRICE))
        with pytest.raises(ModelTimeout, match="not done within"):
            await on_stage.caller.call(REQUEST)
        assert on_stage.at == 60

    run(main())


def test_without_limits_an_answer_may_take_its_time() -> None:
    async def main() -> None:
        none = Timeouts(first_token_s=None, between_tokens_s=None, whole_s=None)
        model = ScriptedModel(["slow but sure"], latency=Latency(3_600, tokens_per_s=0.001), piece=4)
        on_stage = Stage(Candidate(spec(timeouts=none, retry=ONCE), model, PRICE))
        assert (await on_stage.caller.call(REQUEST)).text == "slow but sure"
        assert on_stage.at > 3_600

    run(main())


def test_the_deadline_of_the_message_cuts_an_answer_and_does_not_speak_against_the_endpoint() -> None:
    async def main() -> None:
        breakers = Breakers(clock().now)
        model = Stalling()
        cautious = spec(timeouts=LIMITS, breaker=Breaker(failures=1))
        on_stage = Stage(Candidate(cautious, model, PRICE), breakers=breakers)
        with pytest.raises(ModelTimeout, match="deadline"):
            await on_stage.caller.call(REQUEST, deadline=EPOCH + 3)
        assert on_stage.at == 3
        assert model.calls == 1, "there is no time for another attempt"
        assert breakers.phase("stalling") is Phase.CLOSED
        with pytest.raises(ModelTimeout, match="no token within"):
            await on_stage.caller.call(REQUEST, deadline=EPOCH + 3 + 11)
        assert breakers.phase("stalling") is Phase.OPEN

    run(main())


@pytest.mark.parametrize("deadline", [None, EPOCH + 20])
def test_what_there_is_when_the_time_is_over_is_given_to_who_wants_partial_answers(
    deadline: float | None,
) -> None:
    async def main() -> None:
        on_stage, model = stage(*((float(at), text("on and on ")) for at in range(1, 100)))
        answer = await on_stage.caller.call(REQUEST, partial=True, deadline=deadline)
        assert answer.partial
        assert answer.text == "on and on " * (59 if deadline is None else 19)
        assert answer.usage.estimated
        assert on_stage.permits.settled[0].tokens == answer.usage.total_tokens
        assert on_stage.accounts[0].outcome is Outcome.PARTIAL
        assert model.closed == 1

    run(main())


def test_an_answer_with_its_finish_reason_is_whole_even_when_the_server_does_not_end_the_stream() -> None:
    async def main() -> None:
        on_stage, model = stage((1, text("all of it")), (2, ChatChunk(finish="stop")))
        answer = await on_stage.caller.call(REQUEST)
        assert (answer.text, answer.partial, answer.attempts) == ("all of it", False, 1)
        assert answer.usage.estimated
        assert on_stage.at == 2 + 5
        assert model.closed == 1
        assert len(on_stage.permits.settled) == 1

    run(main())


def test_nothing_at_all_or_a_stall_is_no_partial_answer() -> None:
    async def main() -> None:
        for pieces in ((), ((1.0, text("one ")),)):
            on_stage, _ = stage(*pieces)
            with pytest.raises(ModelTimeout):
                await on_stage.caller.call(REQUEST, partial=True)

    run(main())


def test_a_stream_that_cannot_be_closed_does_not_hold_up_the_caller() -> None:
    class Clinging(Stalling):
        async def stream(self, request: ChatRequest) -> AsyncGenerator[ChatChunk, None]:
            try:
                yield text("one ")
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                pass
            yield text("two ")
            try:
                await asyncio.Event().wait()
            finally:
                await asyncio.sleep(1_000)

    async def main() -> None:
        on_stage = Stage(Candidate(spec(timeouts=LIMITS, retry=ONCE), Clinging(), PRICE))
        task = asyncio.ensure_future(on_stage.caller.call(REQUEST, partial=True))
        await asyncio.wait([task], timeout=100)
        assert isinstance(task.exception(), ModelTimeout)
        assert len(on_stage.permits.settled) == 1

    run(main())
