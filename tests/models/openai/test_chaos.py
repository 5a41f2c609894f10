"""The client against llmock, a server that others wrote: its faults and its answers are what we take them for."""

from __future__ import annotations

import json
from typing import Any

import pytest
from llmock.pytest_plugin import LLMock

from shoal.models.chat import Finish, ToolSpec
from shoal.models.errors import (
    ContextTooLong,
    ModelError,
    ModelMalformed,
    ModelRejected,
    ModelUnavailable,
    RateLimited,
)
from tests.models.openai.asking import ask, request

APIS = [pytest.param({"api": api}, id=api) for api in ("chat", "responses")]
WAYS = [
    pytest.param({"api": api, "stream": stream}, id=f"{api} {'streamed' if stream else 'whole'}")
    for api in ("chat", "responses")
    for stream in (True, False)
]
TOOL = ToolSpec(
    name="weather",
    parameters={"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
)


async def asked(llmock: LLMock, way: dict[str, Any], **fields: Any) -> Any:
    return await ask(llmock.base_url("openai"), request("What is the weather in Paris?", **fields), **way)


@pytest.mark.parametrize("way", WAYS)
async def test_an_answer_comes_with_its_usage(llmock: LLMock, way: dict[str, Any]) -> None:
    llmock.reply("It rains in Paris")
    answer = await asked(llmock, way)
    assert (answer.text, answer.finish) == ("It rains in Paris", Finish.STOP)
    assert answer.usage.input_tokens > 0
    assert answer.usage.output_tokens > 0
    assert not answer.usage.estimated


@pytest.mark.parametrize("way", WAYS)
async def test_a_tool_call_comes_whole(llmock: LLMock, way: dict[str, Any]) -> None:
    llmock.call_tool("weather", {"city": "Paris"})
    (call,) = (await asked(llmock, way, tools=(TOOL,))).tool_calls
    assert (call.name, call.arguments.replace(" ", "")) == ("weather", '{"city":"Paris"}')


@pytest.mark.parametrize("way", APIS)
async def test_broken_tool_calls_come_as_they_are(llmock: LLMock, way: dict[str, Any]) -> None:
    llmock.break_tool_call("malformed_arguments").break_tool_call("unknown_tool")
    answers = [await asked(llmock, way, tools=(TOOL,)) for _ in range(2)]
    assert all(answer.finish is Finish.TOOL_CALLS for answer in answers)
    with pytest.raises(ValueError, match=r"line 1 column"):
        json.loads(answers[0].tool_calls[0].arguments)
    assert answers[1].tool_calls[0].name != "weather"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, ModelRejected),
        (401, ModelRejected),
        (404, ModelRejected),
        (408, ModelUnavailable),
        (409, ModelUnavailable),
        (429, RateLimited),
        (500, ModelUnavailable),
        (502, ModelUnavailable),
        (503, ModelUnavailable),
        (529, ModelUnavailable),
    ],
)
async def test_its_statuses_are_ours(
    llmock: LLMock, way: dict[str, Any], status: int, kind: type[ModelError]
) -> None:
    llmock.fail(status)
    with pytest.raises(ModelError) as caught:
        await asked(llmock, way)
    assert type(caught.value) is kind
    assert caught.value.details["status"] == status
    assert len(llmock.requests) == 1


async def test_its_rate_limit_says_when_to_come_again(llmock: LLMock) -> None:
    llmock.rate_limit(retry_after=7)
    with pytest.raises(RateLimited) as caught:
        await asked(llmock, {})
    assert caught.value.retry_after_s == 7.0


async def test_its_context_overflow_is_ours(llmock: LLMock) -> None:
    llmock.context_overflow()
    with pytest.raises(ContextTooLong):
        await asked(llmock, {})


@pytest.mark.parametrize("way", APIS)
@pytest.mark.parametrize(
    ("fault", "kind"),
    [("disconnect", ModelUnavailable), ("truncate", ModelMalformed), ("corrupt", ModelMalformed)],
)
async def test_its_broken_streams_are_ours(
    llmock: LLMock, way: dict[str, Any], fault: str, kind: type[ModelError]
) -> None:
    llmock.reply("one two three four five six")
    getattr(llmock, fault)(after_chunks=2)
    with pytest.raises(ModelError) as caught:
        await asked(llmock, way)
    assert type(caught.value) is kind
