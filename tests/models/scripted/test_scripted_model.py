from __future__ import annotations

import asyncio
import copy
import pickle
import re
from random import Random
from typing import Any

import pytest
from pydantic import BaseModel

from shoal.models.assembling import Assembler
from shoal.models.chat import (
    ChatMessage,
    ChatRequest,
    ChatResponse,
    Finish,
    OutputSchema,
    Role,
    ToolSpec,
    Usage,
)
from shoal.models.errors import ModelRejected, ModelUnavailable, RateLimited
from shoal.models.scripted import Latency, Reply, ScriptedModel, When, wants
from shoal.models.tokens import estimate_input, estimate_text
from shoal.runtime.errors import ConfigError


class Label(BaseModel):
    label: str


def ask(text: str, **fields: Any) -> ChatRequest:
    return ChatRequest(messages=(ChatMessage(role=Role.USER, text=text),), **fields)


async def answer(model: ScriptedModel, request: ChatRequest | str) -> ChatResponse:
    assembler = Assembler()
    async for chunk in model.stream(ask(request) if isinstance(request, str) else request):
        assembler.feed(chunk)
    return assembler.result()


class Sleeps:
    """Counts instead of sleeping."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.slept.append(seconds)


async def test_a_list_is_answered_in_order_and_then_it_is_used_up() -> None:
    model = ScriptedModel(["one", "two"])
    assert [(await answer(model, "go on")).text for _ in range(2)] == ["one", "two"]
    with pytest.raises(ModelRejected, match="no answer to call 3, whose last message is 'go on'"):
        await answer(model, "go on")
    assert model.calls == 3
    assert [request.messages[0].text for request in model.requests] == ["go on"] * 3
    cycle = ScriptedModel(["one", "two"], cycle=True)
    assert [(await answer(cycle, "go on")).text for _ in range(3)] == ["one", "two", "one"]


async def test_rules_go_by_the_last_message_and_the_first_that_fits_counts() -> None:
    model = ScriptedModel(
        {
            "refund": "billing",
            re.compile(r"\b\d{4}\b"): "number",
            When(tool="add", contains="sum"): wants("add", a=1),
            When(output="Label"): Label(label="x"),
            When(role=Role.TOOL): "thanks",
            When(anywhere="secret", regex="^tell"): "no",
        },
        default="other",
    )
    assert (await answer(model, "A REFUND for 1234, please")).text == "billing"
    assert (await answer(model, "card 1234")).text == "number"
    assert (await answer(model, ask("the sum", tools=(ToolSpec(name="add"),)))).tool_calls[0].name == "add"
    assert (await answer(model, "the sum")).text == "other"
    shaped = ask("what", output=OutputSchema(name="Label", json_schema={}))
    assert (await answer(model, shaped)).text == '{"label":"x"}'
    tool = ChatRequest(messages=(ChatMessage(role=Role.TOOL, text="3", tool_call_id="1"),))
    assert (await answer(model, tool)).text == "thanks"
    both = ChatRequest(
        messages=(ChatMessage(role=Role.USER, text="my secret"), ChatMessage(role=Role.USER, text="tell me"))
    )
    assert (await answer(model, both)).text == "no"


async def test_a_function_answers_and_may_use_chance_that_repeats() -> None:
    def rule(request: ChatRequest, random: Random) -> str:
        return f"{request.messages[0].text} {random.random()}"

    def drawn(seed: int) -> ScriptedModel:
        return ScriptedModel(rule, seed=seed)

    one, other = drawn(7), drawn(7)
    texts = ["a", "b", "a"]
    ordered = [(await answer(one, text)).text for text in texts]
    backwards = [(await answer(other, text)).text for text in ("b", "a", "a")]
    assert sorted(ordered) == sorted(backwards), "the order of different requests does not matter"
    assert len(set(ordered)) == 3
    assert (await answer(drawn(8), "a")).text != ordered[0]
    assert (await answer(ScriptedModel(lambda request: None, default="d"), "a")).text == "d"


async def test_usage_is_counted_given_or_missing() -> None:
    given = Usage(input_tokens=5, output_tokens=6)
    model = ScriptedModel(["some words here", Reply("x", usage=given), Reply("y", usage="missing")])
    counted = (await answer(model, "hello")).usage
    assert counted == Usage(
        input_tokens=estimate_input(ask("hello")), output_tokens=estimate_text("some words here")
    )
    assert (await answer(model, "hello")).usage == given
    assert (await answer(model, "hello")).usage.estimated
    assert model.usage == counted.plus(given)


async def test_errors_are_raised_fresh_at_the_start_or_in_the_middle() -> None:
    error = RateLimited("slow down", retry_after_s=3)
    model = ScriptedModel([error, Reply("half", error=ModelUnavailable("gone"))], name="m")
    with pytest.raises(RateLimited) as caught:
        await answer(model, "hello")
    assert caught.value is not error
    assert caught.value.details == {"retry_after_s": 3, "model": "m", "endpoint": "scripted#m"}
    stream = model.stream(ask("hello"))
    assert (await anext(stream)).text == "half"
    with pytest.raises(ModelUnavailable):
        await anext(stream)


async def test_tool_calls_have_ids_of_their_own() -> None:
    model = ScriptedModel([[wants("add", a=1), wants("add", a=2)], wants("stop")])
    first, second = await answer(model, "x"), await answer(model, "x")
    assert first.finish is Finish.TOOL_CALLS
    ids = [call.id for response in (first, second) for call in response.tool_calls]
    assert len(set(ids)) == 3
    assert [call.arguments for call in first.tool_calls] == ['{"a": 1}', '{"a": 2}']


async def test_a_response_can_be_answered_again() -> None:
    response = ChatResponse(text="cut", finish=Finish.LENGTH, usage=Usage(input_tokens=1))
    again = await answer(ScriptedModel([response]), "x")
    assert (again.text, again.finish, again.usage) == ("cut", Finish.LENGTH, Usage(input_tokens=1))


async def test_latency_is_waited_for_by_the_sleep_that_is_given_and_repeats_by_its_seed() -> None:
    async def slept(seed: int) -> list[float]:
        sleeps = Sleeps()
        model = ScriptedModel(
            ["twelve chars", "x"],
            latency=Latency(2.0, spread=0.5, tokens_per_s=10),
            piece=4,
            seed=seed,
            sleep=sleeps,
        )
        await answer(model, "hello")
        return sleeps.slept

    one = await slept(1)
    assert one[1:] == [0.1, 0.1]
    assert one[0] != 2.0
    assert one == await slept(1)
    assert one != await slept(2)
    sleeps = Sleeps()
    await answer(ScriptedModel(["x"], latency=1.5, sleep=sleeps), "hello")
    assert sleeps.slept == [1.5]


async def test_answers_come_in_pieces_and_one_that_is_taken_back_is_counted() -> None:
    model = ScriptedModel(["a long answer"], piece=5, cycle=True)
    assert [chunk.text async for chunk in model.stream(ask("x"))] == ["a lon", "g ans", "wer", ""]
    taken_back = model.stream(ask("x"))
    await anext(taken_back)
    await taken_back.aclose()
    assert (model.calls, model.finished, model.stopped) == (2, 1, 1)


async def test_a_copy_begins_anew_and_a_pickled_one_works_elsewhere() -> None:
    model = ScriptedModel(
        {"hello": "there", re.compile("x+"): wants("t")}, default=Label(label="d"), latency=0.0
    )
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert (await answer(twin, "hello")).text == "there"
        assert (await answer(twin, "?")).text == '{"label":"d"}'
        assert twin.calls == 2
    assert model.calls == 0


@pytest.mark.parametrize(
    "script", [3, None, "text", {3: "x"}, [object()], {"a": object()}, ScriptedModel, [[]]]
)
def test_what_is_no_script_is_refused_when_the_model_is_made(script: Any) -> None:
    with pytest.raises(ConfigError):
        ScriptedModel(script)


async def test_many_calls_at_once_each_get_their_answer() -> None:
    model = ScriptedModel(lambda request: request.messages[0].text)
    texts = [f"text {number}" for number in range(100)]
    answers = await asyncio.gather(*(answer(model, text) for text in texts))
    assert [one.text for one in answers] == texts
