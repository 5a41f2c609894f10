"""What a model is sent, and what is learnt of an endpoint that does not understand it."""

from __future__ import annotations

from typing import Any

import pytest

from shoal.models.chat import ChatMessage, ChatRequest, OutputSchema, Role, ToolCall, ToolSpec
from shoal.models.errors import ModelRejected
from shoal.models.openai import OpenAIModel
from shoal.models.spec import Model
from tests.models.openai.asking import answer_of, ask, request
from tests.models.openai.stage import (
    Answer,
    Received,
    Reply,
    Stage,
    failure,
)

CONVERSATION = ChatRequest(
    messages=(
        ChatMessage(role=Role.SYSTEM, text="be brief"),
        ChatMessage(role=Role.USER, text="hi"),
        ChatMessage(role=Role.ASSISTANT, tool_calls=(ToolCall(id="a", name="f", arguments='{"x": '),)),
        ChatMessage(role=Role.TOOL, text="broken", tool_call_id="a"),
    ),
    tools=(ToolSpec(name="f", description="does it"),),
    tool_choice="required",
    parallel_tool_calls=False,
    output=OutputSchema(name="x", json_schema={"type": "object", "properties": {"x": {"type": "string"}}}),
    max_output_tokens=7,
    temperature=0.5,
    top_p=0.9,
)
STRICT = {
    "type": "object",
    "properties": {"x": {"type": "string"}},
    "required": ["x"],
    "additionalProperties": False,
}


async def test_a_request_is_written_as_a_chat_completion(stage: Stage) -> None:
    asked = CONVERSATION.model_copy(update={"seed": 3, "stop": ("END",)})
    await ask(stage.url, asked, extra_body={"cache_prompt": True})
    call = {
        "id": "a",
        "type": "function",
        "function": {"name": "f", "arguments": '{"unreadable": "{\\"x\\": "}'},
    }
    function = {"name": "f", "description": "does it", "parameters": {"type": "object", "properties": {}}}
    assert stage.requests[0].body == {
        "model": "m",
        "messages": [
            {"role": "system", "content": "be brief"},
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "a", "content": "broken"},
        ],
        "max_tokens": 7,
        "stream": True,
        "stream_options": {"include_usage": True},
        "temperature": 0.5,
        "top_p": 0.9,
        "seed": 3,
        "stop": ["END"],
        "tools": [{"type": "function", "function": function}],
        "tool_choice": "required",
        "parallel_tool_calls": False,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "x", "schema": STRICT, "strict": True},
        },
        "cache_prompt": True,
    }


async def test_a_request_is_written_for_the_responses_api(stage: Stage) -> None:
    await ask(stage.url, CONVERSATION, api="responses")
    arguments = '{"unreadable": "{\\"x\\": "}'
    parameters = {"type": "object", "properties": {}}
    tool = {
        "type": "function",
        "name": "f",
        "description": "does it",
        "parameters": parameters,
        "strict": False,
    }
    assert stage.requests[0].path == "/v1/responses"
    assert stage.requests[0].body == {
        "model": "m",
        "input": [
            {"role": "system", "content": "be brief"},
            {"role": "user", "content": "hi"},
            {"type": "function_call", "call_id": "a", "name": "f", "arguments": arguments},
            {"type": "function_call_output", "call_id": "a", "output": "broken"},
        ],
        "max_output_tokens": 7,
        "stream": True,
        "store": False,
        "temperature": 0.5,
        "top_p": 0.9,
        "tools": [tool],
        "tool_choice": "required",
        "parallel_tool_calls": False,
        "text": {"format": {"type": "json_schema", "name": "x", "schema": STRICT, "strict": True}},
    }


async def test_what_a_request_leaves_open_comes_from_the_specification(stage: Stage) -> None:
    await ask(stage.url, max_output_tokens=99, temperature=0.1, seed=4)
    body = stage.requests[0].body
    assert (body["max_tokens"], body["temperature"], body["seed"]) == (99, 0.1, 4)


@pytest.mark.parametrize(("structured", "sent"), [("json", {"type": "json_object"}), ("prompt", None)])
async def test_an_endpoint_without_schemas_is_sent_less(stage: Stage, structured: str, sent: object) -> None:
    await ask(stage.url, CONVERSATION, structured=structured)
    assert stage.requests[0].body.get("response_format") == sent
    await ask(stage.url, CONVERSATION, structured=structured, api="responses")
    assert stage.requests[1].body.get("text") == (sent and {"format": sent})


@pytest.mark.parametrize("fields", [{"stop": ("END",)}, {"seed": 3}])
async def test_what_the_responses_api_has_not_is_rejected_and_not_left_out(
    stage: Stage, fields: dict[str, Any]
) -> None:
    with pytest.raises(ModelRejected, match=next(iter(fields))):
        await ask(stage.url, request(**fields), api="responses")
    assert not stage.requests


# -- what an endpoint does not understand ------------------------------------------------------------------


def picky(*unknown: str) -> Any:
    def behave(asked: Received) -> Reply | Answer:
        for name in unknown:
            if name in asked.body:
                return failure(
                    400, f"Unsupported parameter: '{name}' is not known. Try 'max_completion_tokens' there"
                )
        return Answer()

    return behave


@pytest.mark.parametrize("unknown", ["stream_options", "parallel_tool_calls", "max_tokens"])
async def test_an_option_that_an_endpoint_refuses_is_learnt_once(stage: Stage, unknown: str) -> None:
    stage.otherwise = picky(unknown)
    model = OpenAIModel(Model(model="m", base_url=stage.url))
    for _ in range(2):
        assert (await answer_of(model, request(tools=(ToolSpec(name="f"),)))).text == "ok"
    await model.close()
    assert [unknown in asked.body for asked in stage.requests] == [True, False, False]
    assert stage.answered == 2


async def test_an_endpoint_that_refuses_everything_is_asked_a_few_times_only(stage: Stage) -> None:
    stage.otherwise = failure(
        400, "stream_options, parallel_tool_calls, max_tokens, max_completion_tokens: no"
    )
    with pytest.raises(ModelRejected):
        await ask(stage.url, request(tools=(ToolSpec(name="f"),)))
    assert len(stage.requests) == 4


async def test_one_call_at_a_time_is_never_left_out(stage: Stage) -> None:
    stage.otherwise = picky("parallel_tool_calls")
    with pytest.raises(ModelRejected, match="parallel_tool_calls"):
        await ask(stage.url, request(tools=(ToolSpec(name="f"),), parallel_tool_calls=False))


async def test_without_the_usage_option_usage_is_estimated(stage: Stage) -> None:
    stage.otherwise = picky("stream_options")
    assert (await ask(stage.url)).usage.estimated
