from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

import shoal
from shoal.actors.tools.arguments import read_arguments
from shoal.actors.tools.calling import Approve, CallLimits, Judge, Proposed, ToolCaller
from shoal.actors.tools.errors import ApprovalRefused, BadArguments, OriginRefused
from shoal.actors.tools.function_tool import FunctionTool, tool
from shoal.actors.tools.grants import Grant
from shoal.actors.tools.outcome import ToolAnswer, shown
from shoal.actors.tools.tool import Tool
from shoal.actors.tools.toolbox import toolbox
from shoal.models.chat import Role, ToolCall
from shoal.runtime.provenance import Origin
from tests.actors.tools.calls import call, inside


class Hit(BaseModel):
    title: str


@tool
async def search(query: str, limit: int = 2) -> list[str]:
    """Search."""
    return [f"{query} {n}" for n in range(limit)]


@tool
async def fails(why: str) -> str:
    """Fail."""
    raise ValueError(why)


def caller(*tools: FunctionTool, **settings: Any) -> ToolCaller:
    found = toolbox(tools)
    return ToolCaller(found, Grant.of(*found), **settings)


async def answers(made: ToolCaller, *calls: ToolCall) -> list[ToolAnswer]:
    result: list[ToolAnswer] = await inside(lambda ctx: made.call_all(calls, ctx, "step-1"))
    return result


async def answer(made: ToolCaller, name: str, arguments: str = "{}") -> ToolAnswer:
    return (await answers(made, call(name, arguments)))[0]


def error_of(said: ToolAnswer) -> str:
    assert not said.account.ok
    return str(json.loads(said.message.text)["error"])


# -- one call -----------------------------------------------------------------------------------------------


async def test_a_call_is_answered_under_its_id_and_accounted() -> None:
    said = await answer(caller(search), "search", '{"query": "fees"}')
    assert said.message.role is Role.TOOL
    assert said.message.tool_call_id == "call_1"
    assert said.message.text == '["fees 0","fees 1"]'
    account = said.account
    assert (account.tool, account.call_id, account.ok, account.error) == ("search", "call_1", True, "")
    assert account.made
    assert not account.cached
    assert account.took_s >= 0
    assert account.origin is Origin.TOOL


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ('{"query": ', "no JSON: Expecting value at character 10"),
        ("nonsense", "no JSON"),
        ("[1]", "one JSON object, not an array"),
        ("3", "one JSON object, not 3"),
        ('{"query": "a", "query": "b"}', "'query' is given twice"),
        ('{"query": "a", "more": {"x": 1, "x": 2}}', "'x' is given twice"),
        ('{"query": NaN}', "NaN is no number"),
        ("{}", "query: is missing"),
        ('{"query": 1}', "query: Input should be a valid string"),
        ('{"query": "a", "lmit": 1}', "lmit: there is no such argument"),
        ("[" * 100_000, "nested too deep"),
        ('{"query": "' + "a" * 300_000 + '"}', "the limit is 262,144"),
        ('{"query": "\\ud800"}', "Invalid JSON"),
        ('{"query": 1' + "0" * 5_000 + "}", "no JSON"),
    ],
)
async def test_broken_arguments_are_told_to_the_model_and_nothing_is_called(written: str, says: str) -> None:
    said = await answer(caller(search), "search", written)
    assert says in error_of(said)
    assert said.account.error == "BadArguments"
    assert not said.account.made
    assert said.account.origin is Origin.MODEL


@given(st.text(max_size=200) | st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
).map(json.dumps))  # fmt: skip
def test_whatever_a_model_writes_as_arguments_is_an_object_or_refused(written: str) -> None:
    with contextlib.suppress(BadArguments):
        assert isinstance(read_arguments(written, "t", 10_000), dict)


async def test_no_arguments_at_all_are_an_empty_object() -> None:
    @tool
    async def now() -> str:
        """Now."""
        return "now"

    assert (await answer(caller(now), "now", "")).message.text == "now"


async def test_an_unknown_tool_is_answered_with_those_there_are_and_the_nearest() -> None:
    said = await answer(caller(search, fails), "serach")
    assert error_of(said) == "there is no tool 'serach'; did you mean search? There are: search, fails"
    assert said.account.error == "ToolUnknown"


async def test_who_asks_for_an_unknown_tool_is_not_told_of_tools_it_may_not_use() -> None:
    made = ToolCaller(toolbox([search, fails]), Grant.of("fails"))
    assert "search" not in error_of(await answer(made, "find"))


async def test_what_a_tool_raises_is_told_to_the_model_redacted() -> None:
    made = caller(fails, redact=lambda text: text.replace("sk-12345", "[secret]"))
    said = await answer(made, "fails", '{"why": "key sk-12345 is wrong"}')
    assert error_of(said) == "ValueError: key [secret] is wrong"
    assert said.account.error == "ValueError"
    assert said.account.made


async def test_a_long_error_is_cut() -> None:
    made = caller(fails, limits=CallLimits(error_chars=100))
    said = error_of(await answer(made, "fails", json.dumps({"why": "x" * 1000})))
    assert "[cut: these are the first 100 of 1,012 characters]" in said


async def test_half_of_a_surrogate_pair_in_a_result_does_not_keep_it_from_being_recorded() -> None:
    @tool
    async def odd(fail: bool) -> str:
        """Odd."""
        if fail:
            raise ValueError("file \udc80")
        return "file"

    made = caller(odd)
    assert error_of(await answer(made, "odd", '{"fail": true}')) == "ValueError: file ?"


@pytest.mark.parametrize(
    ("result", "text"),
    [
        ("plain", "plain"),
        (None, "null"),
        (3, "3"),
        ([1, {"a": b"\x00"}], '[1,{"a":"AA=="}]'),
        (Hit(title="Grüße"), '{"title":"Grüße"}'),
        ([1.5, float("nan")], "[1.5,NaN]"),
    ],
)
def test_results_are_shown_as_text_or_json(result: Any, text: str) -> None:
    assert shown(result, 100) == text


def test_a_long_result_is_cut_with_a_mark_that_says_so() -> None:
    assert shown("ab" * 100, 3) == "aba\n[cut: these are the first 3 of 200 characters]"


async def test_a_tool_that_takes_too_long_is_given_up_and_the_model_is_told() -> None:
    stopped = asyncio.Event()

    @tool(timeout_s=0.01)
    async def hang() -> None:
        """Hang."""
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()

    said = await answer(caller(hang), "hang")
    assert error_of(said) == "hang took longer than 0.01 s and was given up"
    assert said.account.error == "TimeoutError"
    assert stopped.is_set()


async def test_a_sync_tool_that_hangs_does_not_keep_its_agent() -> None:
    let_go = threading.Event()

    @tool(timeout_s=0.01)
    def hang() -> None:
        """Hang."""
        let_go.wait()

    try:
        assert "longer than 0.01 s" in error_of(await answer(caller(hang), "hang"))
    finally:
        let_go.set()


async def test_a_tool_of_the_users_own_whose_check_breaks_only_fails_its_call() -> None:
    class Broken:
        spec = search.spec
        policy = search.policy

        def check(self, arguments: dict[str, Any]) -> dict[str, Any]:
            raise KeyError("oops")

        async def call(self, arguments: dict[str, Any], ctx: shoal.Context) -> Any:
            return None

    made = ToolCaller(toolbox([Broken()]), Grant.of("search"))
    assert "could not check its arguments" in error_of(await answer(made, "search"))


# -- many calls ---------------------------------------------------------------------------------------------


async def test_calls_run_side_by_side_within_the_bound_and_are_answered_in_order() -> None:
    running, most = 0, 0
    all_in = asyncio.Event()

    @tool
    async def meet(number: int) -> int:
        """Wait until three are here."""
        nonlocal running, most
        running += 1
        most = max(most, running)
        if running == 3:
            all_in.set()
        await all_in.wait()
        await asyncio.sleep(0)
        running -= 1
        return number

    made = caller(meet, limits=CallLimits(parallel=3))
    said = await answers(made, *(call("meet", f'{{"number": {n}}}', n) for n in range(9)))
    assert [each.message.text for each in said] == [str(n) for n in range(9)]
    assert [each.message.tool_call_id for each in said] == [f"call_{n}" for n in range(9)]
    assert most == 3


async def test_calls_beyond_the_limit_of_a_step_are_not_made_but_answered() -> None:
    made = caller(search, limits=CallLimits(calls=2))
    said = await answers(made, *(call("search", '{"query": "a"}', n) for n in range(4)))
    assert [each.account.made for each in said] == [True, True, False, False]
    assert "only the first 2 are made" in error_of(said[3])


async def test_cancelling_the_step_cancels_all_its_calls() -> None:
    started, ended = [], []
    both = asyncio.Event()

    @tool
    async def hang(number: int) -> None:
        """Hang."""
        started.append(number)
        if len(started) == 2:
            both.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(number)

    async def use(ctx: shoal.Context) -> bool:
        step = asyncio.create_task(
            caller(hang).call_all([call("hang", f'{{"number": {n}}}', n) for n in range(2)], ctx, "s")
        )
        await both.wait()
        step.cancel()
        await asyncio.wait([step])
        return step.cancelled()

    assert await inside(use)
    assert sorted(ended) == [0, 1]


async def test_an_error_of_a_hook_ends_the_step_as_it_is() -> None:
    class Parked(Exception):
        pass

    async def approve(proposed: Proposed, ctx: shoal.Context) -> dict[str, Any]:
        raise Parked

    async def use(ctx: shoal.Context) -> None:
        with pytest.raises(Parked):
            await caller(risky(), approve=approve).call_all([call("risky", '{"n": 1}')], ctx, "s")

    await inside(use)


# -- what stands before a call ------------------------------------------------------------------------------


def risky(done: list[int] | None = None, **settings: Any) -> FunctionTool:
    async def risky(n: int, note: str = "") -> int:
        """Do something."""
        if done is not None:
            done.append(n)
        return n

    return tool(risky, **{"consequential": True, **settings})


async def test_a_consequential_call_that_nobody_can_approve_is_refused() -> None:
    done: list[int] = []
    said = await answer(caller(risky(done)), "risky", '{"n": 1}')
    assert said.account.error == "ApprovalRefused"
    assert "nobody is there to ask" in error_of(said)
    assert not done


@pytest.mark.parametrize("text", ["a person said no", "the time for it ran out"])
async def test_a_refused_approval_is_told_to_the_model(text: str) -> None:
    async def approve(proposed: Proposed, ctx: shoal.Context) -> dict[str, Any]:
        raise ApprovalRefused(text)

    done: list[int] = []
    said = await answer(caller(risky(done), approve=approve), "risky", '{"n": 1}')
    assert error_of(said) == text
    assert not done


@pytest.mark.parametrize(("edited", "result"), [({"n": 7}, "7"), ({"n": "seven"}, "BadArguments")])
async def test_a_person_sees_all_arguments_and_may_edit_them_within_what_the_tool_takes(
    edited: dict[str, Any], result: str
) -> None:
    seen: list[Proposed] = []

    async def approve(proposed: Proposed, ctx: shoal.Context) -> dict[str, Any]:
        seen.append(proposed)
        return edited

    approver: Approve = approve
    said = await answer(caller(risky(), approve=approver), "risky", '{"n": 1}')
    assert seen[0].arguments == {"n": 1, "note": ""}
    assert seen[0].call_id == "call_1"
    assert seen[0].key.startswith("step-1/tool/0/")
    assert result in (said.message.text, said.account.error)


async def test_a_tool_that_accepts_only_trusted_arguments_is_refused_where_nobody_knows_their_origin() -> (
    None
):
    done: list[int] = []
    careful = risky(done, consequential=False, accepts=Origin.TRUSTED)
    said = await answer(caller(careful), "risky", '{"n": 1}')
    assert said.account.error == "OriginRefused"
    assert not done


async def test_the_judge_sees_what_the_model_wrote_and_its_refusal_comes_before_any_person_is_asked() -> None:
    seen: list[dict[str, Any]] = []
    asked: list[Proposed] = []

    def judge(tool: Tool, arguments: dict[str, Any]) -> OriginRefused | None:
        seen.append(arguments)
        return OriginRefused("n is from the web") if arguments["n"] > 1 else None

    async def approve(proposed: Proposed, ctx: shoal.Context) -> dict[str, Any]:
        asked.append(proposed)
        return proposed.arguments

    judged: Judge = judge
    made = caller(risky(accepts=Origin.MODEL), judge=judged, approve=approve)
    refused, passed = await answers(made, call("risky", '{"n": 2}', 1), call("risky", '{"n": 1}', 2))
    assert error_of(refused) == "n is from the web"
    assert passed.message.text == "1"
    assert seen == [{"n": 2}, {"n": 1}]
    assert len(asked) == 1


# -- once ---------------------------------------------------------------------------------------------------


async def twice(made: ToolCaller, first: list[ToolCall], second: list[ToolCall]) -> list[list[ToolAnswer]]:
    """The same message handled twice, as after a death: the first handling fails once its calls have ended."""
    said: list[list[ToolAnswer]] = []

    class Twice(shoal.Agent):
        on_error = "retry"
        retries = 1

        async def on_go(self, message: int, ctx: shoal.Context) -> None:
            said.append(await made.call_all(second if said else first, ctx, "step-1"))
            if len(said) == 1:
                raise RuntimeError("died")

    async with shoal.start("local") as system:
        await (await system.spawn(Twice())).ask(1, timeout_s=30)
    return said


async def test_a_finished_call_is_not_made_again_when_the_message_is_handled_again() -> None:
    done: list[int] = []
    made = caller(risky(done, consequential=False))
    calls = [call("risky", '{"n": 1}', 1), call("risky", '{"n": 2}', 2)]
    before, after = await twice(made, calls, calls)
    assert done == [1, 2]
    assert [each.message for each in before] == [each.message for each in after]
    assert [each.account.cached for each in before] == [False, False]
    assert [each.account.cached for each in after] == [True, True]
    assert all(each.account.made for each in after)


async def test_a_call_that_failed_fails_the_same_way_again_so_that_the_dialogue_goes_the_same_way() -> None:
    tries: list[int] = []

    @tool
    async def flaky() -> str:
        """Fail at first."""
        tries.append(1)
        if len(tries) == 1:
            raise ConnectionError("gone")
        return "well"

    before, after = await twice(caller(flaky), [call("flaky")], [call("flaky")])
    assert error_of(after[0]) == error_of(before[0]) == "ConnectionError: gone"
    assert len(tries) == 1


async def test_another_call_in_the_same_place_is_made() -> None:
    done: list[int] = []
    made = caller(risky(done, consequential=False))
    await twice(made, [call("risky", '{"n": 1}')], [call("risky", '{"n": 2}')])
    assert done == [1, 2]


async def test_a_tool_that_says_so_is_called_each_time() -> None:
    done: list[int] = []
    made = caller(risky(done, consequential=False, once=False))
    await twice(made, [call("risky", '{"n": 1}')], [call("risky", '{"n": 1}')])
    assert done == [1, 1]


@pytest.mark.parametrize(("consequential", "times"), [(True, 1), (False, 2)])
async def test_a_call_that_was_cut_off_is_made_again_only_if_it_has_no_consequences(
    consequential: bool, times: int
) -> None:
    begun: list[int] = []
    first = asyncio.Event()

    @tool(consequential=consequential)
    async def pay() -> str:
        """Pay."""
        begun.append(1)
        if len(begun) == 1:
            first.set()
            await asyncio.Event().wait()
        return "paid"

    async def approve(proposed: Proposed, ctx: shoal.Context) -> dict[str, Any]:
        return proposed.arguments

    made = caller(pay, approve=approve)

    async def use(ctx: shoal.Context) -> ToolAnswer:
        step = asyncio.create_task(made.call_all([call("pay")], ctx, "s"))
        await first.wait()
        step.cancel()
        await asyncio.wait([step])
        return (await made.call_all([call("pay")], ctx, "s"))[0]

    said = await inside(use)
    assert len(begun) == times
    if consequential:
        assert said.account.error == "EffectUnknown"
        assert "nobody knows how it ended" in error_of(said)
    else:
        assert said.message.text == "paid"
