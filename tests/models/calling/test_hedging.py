from __future__ import annotations

import asyncio

import pytest

from shoal.models.calling import Candidate
from shoal.models.chat import ChatChunk
from shoal.models.errors import BudgetExceeded, ModelUnavailable
from shoal.models.scripted import Latency, Reply, ScriptedModel
from shoal.models.spec import Retry
from shoal.models.tokens import estimate_input
from shoal.runtime.stats import HostStats
from tests.models.calling.counting import PRICE, REQUEST, CountingPermits, Stage, Stalling, spec
from tests.models.calling.virtual_time import run

HEDGED = spec(hedge_after_s=2.0, retry=Retry(attempts=1))


def slow(text: str, first_s: float, **fields: object) -> Reply:
    return Reply(text, latency=Latency(first_s), **fields)  # type: ignore[arg-type]


def stage(
    *replies: Reply, permits: CountingPermits | None = None, **options: object
) -> tuple[Stage, ScriptedModel]:
    model = ScriptedModel(list(replies), name="m")
    return Stage(Candidate(HEDGED, model, PRICE), permits=permits, **options), model


def test_an_answer_that_begins_in_time_is_asked_for_once() -> None:
    async def main() -> None:
        on_stage, model = stage(slow("quick", 1.9))
        assert (await on_stage.caller.call(REQUEST)).text == "quick"
        assert model.calls == 1
        assert on_stage.at == 1.9

    run(main())


def test_a_late_one_is_asked_for_again_and_the_loser_is_cancelled_and_settled() -> None:
    async def main() -> None:
        stats = HostStats()
        on_stage, model = stage(slow("late", 100), slow("second", 1), stats=stats)
        answer = await on_stage.caller.call(REQUEST)
        assert (answer.text, answer.attempts, on_stage.at) == ("second", 2, 3)
        assert (model.calls, model.stopped, model.finished) == (2, 1, 1)
        loser, winner = on_stage.permits.settled
        assert loser.tokens == estimate_input(REQUEST)
        assert answer.usage.total_tokens == loser.tokens + winner.tokens
        assert stats.model("m").calls["cancelled"] == 1
        assert stats.model("m").calls["ok"] == 1

    run(main())


def test_the_first_may_still_win() -> None:
    async def main() -> None:
        on_stage, model = stage(slow("first", 3), slow("second", 5))
        assert (await on_stage.caller.call(REQUEST)).text == "first"
        assert on_stage.at == 3
        assert model.stopped == 1
        assert len(on_stage.permits.settled) == 2

    run(main())


def test_who_gives_the_first_token_wins_even_when_the_other_would_be_done_sooner() -> None:
    async def main() -> None:
        first = Reply("a slow writer", latency=Latency(3, tokens_per_s=0.1))
        model = ScriptedModel([first, slow("quick", 5)], name="m", piece=4)
        on_stage = Stage(Candidate(spec(hedge_after_s=2.0), model, PRICE))
        assert (await on_stage.caller.call(REQUEST)).text == "a slow writer"
        assert on_stage.at > 20

    run(main())


def test_one_that_fails_leaves_it_to_the_other() -> None:
    async def main() -> None:
        on_stage, _ = stage(slow("", 3, error=ModelUnavailable("first")), slow("second", 5))
        assert (await on_stage.caller.call(REQUEST)).text == "second"
        on_stage, _ = stage(slow("first", 9), slow("", 1, error=ModelUnavailable("second")))
        assert (await on_stage.caller.call(REQUEST)).text == "first"

    run(main())


def test_when_both_fail_the_first_one_s_error_is_raised() -> None:
    async def main() -> None:
        on_stage, _ = stage(
            slow("", 5, error=ModelUnavailable("first")), slow("", 1, error=ModelUnavailable("second"))
        )
        with pytest.raises(ModelUnavailable, match="first"):
            await on_stage.caller.call(REQUEST)
        assert len(on_stage.permits.settled) == 2

    run(main())


def test_a_failure_before_the_second_is_asked_is_raised_at_once() -> None:
    async def main() -> None:
        on_stage, model = stage(slow("", 1, error=ModelUnavailable("first")), slow("second", 0))
        with pytest.raises(ModelUnavailable, match="first"):
            await on_stage.caller.call(REQUEST)
        assert (model.calls, on_stage.at) == (1, 1)

    run(main())


def test_a_second_request_that_no_budget_has_room_for_does_not_spoil_the_first() -> None:
    async def main() -> None:
        permits = CountingPermits(None, BudgetExceeded("used up"))
        on_stage, _ = stage(slow("first", 9), permits=permits)
        assert (await on_stage.caller.call(REQUEST)).text == "first"
        assert len(permits.settled) == 1

    run(main())


def test_waiting_for_leave_does_not_make_a_second_request() -> None:
    async def main() -> None:
        on_stage, model = stage(slow("first", 1), permits=CountingPermits(wait_s=60))
        assert (await on_stage.caller.call(REQUEST)).text == "first"
        assert model.calls == 1
        assert on_stage.at == 61

    run(main())


@pytest.mark.parametrize("at_s", [1.0, 3.0, 6.0])
def test_a_cancelled_call_leaves_neither_behind(at_s: float) -> None:
    async def main() -> None:
        model = Stalling((5.0, ChatChunk(text="one ")))
        on_stage = Stage(Candidate(HEDGED, model, PRICE))
        call = asyncio.ensure_future(on_stage.caller.call(REQUEST))
        await asyncio.sleep(at_s)
        call.cancel()
        await asyncio.wait([call])
        assert call.cancelled()
        assert model.closed == model.calls == len(on_stage.permits.settled)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    run(main())
