"""Retries, fallbacks, breakers and budgets of a caller. (Time limits: test_time_limits; money: test_settling.)"""

from __future__ import annotations

import asyncio

import pytest

from shoal.models.calling import Breakers, Caller, Outcome
from shoal.models.calling.breaker import Phase
from shoal.models.chat import ChatRequest, ChatResponse, Finish
from shoal.models.errors import (
    BudgetExceeded,
    CircuitOpen,
    ContextTooLong,
    LimiterUnavailable,
    ModelError,
    ModelMalformed,
    ModelRefused,
    ModelRejected,
    ModelTimeout,
    ModelUnavailable,
    NoModelLeft,
    RateLimited,
)
from shoal.models.permits import Budget, Level
from shoal.models.scripted import Reply, ScriptedModel, wants
from shoal.models.spec import Breaker, Retry
from shoal.runtime.errors import ConfigError
from tests.models.calling.counting import REQUEST, CountingPermits, Stage, scripted
from tests.models.calling.virtual_time import EPOCH, clock, run


def calls(stage_model: object) -> int:
    assert isinstance(stage_model, ScriptedModel)
    return stage_model.calls


def test_an_answer_comes_back_with_its_usage_cost_and_times() -> None:
    async def main() -> None:
        stage = Stage(scripted(["fine, thank you"], latency=2.0))
        answer = await stage.caller.call(REQUEST)
        assert answer.text == "fine, thank you"
        assert answer.finish is Finish.STOP
        assert answer.first_token_s == answer.took_s == 2.0
        assert answer.attempts == 1
        assert not answer.usage.estimated
        assert answer.usd == pytest.approx((answer.usage.input_tokens + 2 * answer.usage.output_tokens) / 1e6)
        assert stage.permits.settled[0].tokens == answer.usage.total_tokens

    run(main())


def test_a_failure_that_may_pass_is_tried_again_after_a_random_pause() -> None:
    async def main() -> None:
        chain = scripted([ModelUnavailable("down", status=503), ModelMalformed("html"), "fine"])
        stage = Stage(chain)
        answer = await stage.caller.call(REQUEST)
        assert (answer.text, answer.attempts) == ("fine", 3)
        assert 0 < stage.at <= 0.5 + 1.0
        assert len(stage.permits.settled) == 3

    run(main())


def test_after_the_last_attempt_a_single_model_s_own_error_is_raised_with_what_was_charged() -> None:
    async def main() -> None:
        stage = Stage(scripted([Reply("half an answ", error=ModelUnavailable("gone"))] * 3))
        with pytest.raises(ModelUnavailable) as caught:
            await stage.caller.call(REQUEST)
        assert caught.value.details["attempts"] == 3
        assert caught.value.usage is not None
        assert caught.value.usage.total_tokens == sum(s.tokens for s in stage.permits.settled) > 0

    run(main())


def test_retry_after_is_kept_to_even_when_it_is_longer_than_any_pause_of_ours() -> None:
    async def main() -> None:
        stage = Stage(scripted([RateLimited("slow down", retry_after_s=90), "fine"], retry=Retry(most_s=1)))
        await stage.caller.call(REQUEST)
        assert 90 <= stage.at <= 91
        assert stage.permits.settled[0].rate_limited
        assert stage.permits.settled[0].retry_after_s == 90

    run(main())


def test_who_is_to_come_back_much_later_is_told_so_at_once() -> None:
    async def main() -> None:
        stage = Stage(scripted([RateLimited("tomorrow", retry_after_s=86_400), "fine"]))
        with pytest.raises(RateLimited) as caught:
            await stage.caller.call(REQUEST)
        assert caught.value.retry_after_s == 86_400
        assert stage.at == 0

    run(main())


def test_a_pause_that_would_pass_the_deadline_is_not_begun() -> None:
    async def main() -> None:
        stage = Stage(scripted([RateLimited("slow down", retry_after_s=90), "fine"]))
        with pytest.raises(RateLimited):
            await stage.caller.call(REQUEST, deadline=EPOCH + 60)
        assert stage.at == 0

    run(main())


@pytest.mark.parametrize("kind", [ContextTooLong, ModelRefused, ModelRejected])
def test_an_error_that_is_the_request_s_own_is_neither_retried_nor_passed_on(kind: type[ModelError]) -> None:
    async def main() -> None:
        first, second = scripted([kind("no")] * 3), scripted(["other"], "other")
        with pytest.raises(kind):
            await Stage(first, second).caller.call(REQUEST)
        assert (calls(first.model), calls(second.model)) == (1, 0)
        first = scripted([kind("no")] * 3)
        answer = await Stage(first, second, fall_back_on=(kind,)).caller.call(REQUEST)
        assert answer.text == "other"
        assert calls(first.model) == 1

    run(main())


def test_the_chain_goes_from_model_to_model_to_rule_to_last_resort() -> None:
    async def main() -> None:
        down = [ModelUnavailable("down")] * 99
        ways = [scripted(down, "dear"), scripted(down, "cheap")]
        asked: list[tuple[str, ...]] = []

        async def person(request: ChatRequest, failures: object) -> ChatResponse:
            assert isinstance(failures, list)
            asked.append(tuple(error.details["model"] for error in failures))
            return ChatResponse(text="a person's answer")

        with pytest.raises(NoModelLeft) as caught:
            await Stage(*ways).caller.call(REQUEST)
        assert [cause["model"] for cause in caught.value.details["causes"]] == ["dear", "cheap"]
        assert caught.value.details["attempts"] == 6
        with_rule = Stage(*ways, rule=lambda request: "by rule")
        assert (await with_rule.caller.call(REQUEST)).text == "by rule"
        assert [account.model for account in with_rule.accounts] == ["dear", "cheap", "rule"]
        assert [account.fallback for account in with_rule.accounts] == [False, True, True]
        everything = Stage(*ways, rule=lambda request: None, last_resort=person)
        assert (await everything.caller.call(REQUEST)).text == "a person's answer"
        assert asked == [("dear", "cheap")]

    run(main())


def test_a_caller_without_any_way_to_answer_is_refused() -> None:
    with pytest.raises(ConfigError):
        Caller(())


def test_a_budget_that_the_dear_model_does_not_fit_into_may_have_room_for_a_cheaper_one() -> None:
    async def main() -> None:
        permits = CountingPermits(BudgetExceeded("too dear", budget="run"))
        dear, cheap = scripted(["dear"], "dear"), scripted(["cheap"], "cheap")
        answer = await Stage(dear, cheap, permits=permits).caller.call(REQUEST, steps=1)
        assert answer.text == "cheap"
        assert calls(dear.model) == 0
        assert [permit.want.steps for permit in permits.permits] == [1]

    run(main())


def test_when_budgets_kept_every_model_the_error_is_the_budget_s() -> None:
    async def main() -> None:
        permits = CountingPermits(*[BudgetExceeded("used up", budget="run")] * 2)
        with pytest.raises(BudgetExceeded) as caught:
            await Stage(scripted(["a"]), scripted(["b"], "b"), permits=permits).caller.call(REQUEST)
        assert caught.value.details["budget"] == "run"
        assert caught.value.details["attempts"] == 0

    run(main())


def test_without_a_limiter_no_model_is_asked_but_the_rule_is() -> None:
    async def main() -> None:
        permits = CountingPermits(*[LimiterUnavailable("gone")] * 3)
        first, second = scripted(["a"]), scripted(["b"], "b")
        stage = Stage(first, second, permits=permits, rule=lambda request: "by rule")
        assert (await stage.caller.call(REQUEST)).text == "by rule"
        assert calls(first.model) == calls(second.model) == 0

    run(main())


def test_a_step_is_taken_with_the_first_attempt_only() -> None:
    async def main() -> None:
        stage = Stage(scripted([ModelUnavailable("down")] * 9), scripted(["fine"], "other"))
        await stage.caller.call(REQUEST, steps=1)
        assert [permit.want.steps for permit in stage.permits.permits] == [1, 0, 0, 0]

    run(main())


def test_what_is_wanted_is_the_most_that_the_call_can_take() -> None:
    async def main() -> None:
        stage = Stage(scripted(["a", "b"], context_tokens=150))
        level = Level("run", Budget(usd=1.0))
        await stage.caller.call(REQUEST, levels=(level,), task="t", priority=2, deadline=EPOCH + 60)
        want = stage.permits.permits[0].want
        assert want.tokens == 150
        assert want.usd == pytest.approx((50 * 1.0 + 100 * 2.0) / 1e6)
        assert want[:2] == ("scripted#m", "m")
        assert want[4:] == ((level,), 0, "t", 2, EPOCH + 60, ())

    run(main())


def test_a_model_without_a_known_price_is_refused_under_a_budget_of_dollars_and_nowhere_else() -> None:
    async def main() -> None:
        unpriced, other = scripted(["a", "b"], price=None), scripted(["cheap"], "cheap")
        levels = (Level("run", Budget(tokens=9_999)), Level("team/x", Budget(usd=1.0)))
        stage = Stage(unpriced)
        with pytest.raises(BudgetExceeded, match="team/x limits dollars"):
            await stage.caller.call(REQUEST, levels=levels)
        with pytest.raises(BudgetExceeded, match="price of m is not known"):
            await Stage(unpriced, usd_limited=True).caller.call(REQUEST)
        assert calls(unpriced.model) == 0
        assert (await Stage(unpriced, other).caller.call(REQUEST, levels=levels)).text == "cheap"
        assert (await stage.caller.call(REQUEST, levels=levels[:1])).usd == 0
        assert not stage.accounts[-1].priced

    run(main())


def test_an_endpoint_that_fails_again_and_again_is_left_alone_by_all_callers_of_the_process() -> None:
    async def main() -> None:
        breakers = Breakers(clock().now)
        down = scripted([ModelUnavailable("down")] * 99)
        for _ in range(2):
            with pytest.raises(ModelUnavailable):
                await Stage(down, breakers=breakers).caller.call(REQUEST)
        assert breakers.phase("scripted#m") is Phase.OPEN
        assert calls(down.model) == 5
        other = Stage(down, scripted(["fine"], "other"), breakers=breakers)
        began = other.at
        assert (await other.caller.call(REQUEST)).text == "fine"
        assert other.at == began, "an open circuit is not waited for when there is another model"
        assert other.accounts[0].outcome is Outcome.CIRCUIT_OPEN
        assert other.accounts[0].attempts == 0
        assert calls(down.model) == 5

    run(main())


def test_a_single_model_s_open_circuit_is_waited_for_and_probed() -> None:
    async def main() -> None:
        fast = Breaker(failures=2, open_s=30)
        one = scripted([ModelUnavailable("down"), ModelUnavailable("down"), "well again"], breaker=fast)
        stage = Stage(one, breakers=Breakers(clock().now))
        with pytest.raises(ModelUnavailable, match="down"):
            await stage.caller.call(REQUEST, deadline=EPOCH + 20)
        with pytest.raises(CircuitOpen):
            await stage.caller.call(REQUEST, deadline=EPOCH + 20)
        answer = await stage.caller.call(REQUEST)
        assert answer.text == "well again"
        assert stage.at >= 30

    run(main())


def test_a_probe_that_is_cancelled_does_not_leave_the_endpoint_alone_for_ever() -> None:
    async def main() -> None:
        rule = Breaker(failures=1, open_s=30)
        breakers = Breakers(clock().now)
        one = scripted([ModelUnavailable("down"), "never", "fine"], breaker=rule, retry=Retry(attempts=1))
        with pytest.raises(ModelUnavailable):
            await Stage(one, breakers=breakers).caller.call(REQUEST)
        await asyncio.sleep(30)
        waiting = Stage(one, breakers=breakers, permits=CountingPermits(wait_s=50))
        probe = asyncio.ensure_future(waiting.caller.call(REQUEST))
        await asyncio.sleep(1)
        assert breakers.phase("scripted#m") is Phase.HALF_OPEN
        probe.cancel()
        await asyncio.wait([probe])
        await Stage(one, breakers=breakers).caller.call(REQUEST)
        assert breakers.phase("scripted#m") is Phase.CLOSED

    run(main())


def test_a_rate_limit_or_a_refusal_does_not_speak_against_the_endpoint() -> None:
    async def main() -> None:
        breakers = Breakers(clock().now)
        rule = Breaker(failures=1)
        errors = [RateLimited("slow down"), ModelRefused("no")]
        with pytest.raises(ModelRefused):
            await Stage(scripted(errors, breaker=rule), breakers=breakers).caller.call(REQUEST)
        assert breakers.phase("scripted#m") is Phase.CLOSED

    run(main())


def test_after_the_deadline_nothing_is_sent() -> None:
    async def main() -> None:
        one = scripted(["fine"])
        stage = Stage(one, scripted(["other"], "other"))
        with pytest.raises(NoModelLeft, match="deadline"):
            await stage.caller.call(REQUEST, deadline=EPOCH)
        assert calls(one.model) == 0
        assert stage.permits.permits == []

    run(main())


def test_leave_that_does_not_come_before_the_deadline_is_not_waited_for() -> None:
    async def main() -> None:
        stage = Stage(scripted(["fine"]), permits=CountingPermits(wait_s=100))
        with pytest.raises(ModelTimeout, match="nothing was sent"):
            await stage.caller.call(REQUEST, deadline=EPOCH + 10)
        assert stage.at == 10
        assert stage.permits.permits == []

    run(main())


def test_tool_calls_and_an_answer_cut_by_its_limit_come_back_as_they_are() -> None:
    async def main() -> None:
        stage = Stage(scripted([wants("add", a=1), Reply("cut of", finish="length")]))
        called = await stage.caller.call(REQUEST)
        assert called.finish is Finish.TOOL_CALLS
        assert [(call.name, call.arguments) for call in called.tool_calls] == [("add", '{"a": 1}')]
        cut = await stage.caller.call(REQUEST)
        assert (cut.text, cut.finish, cut.partial) == ("cut of", Finish.LENGTH, False)

    run(main())
