from __future__ import annotations

import pytest

from shoal.models.assembling import Assembler
from shoal.models.chat import ChatMessage, ChatRequest, ChatResponse, Finish, Role, ToolCall, Usage
from shoal.models.errors import NotRecorded
from shoal.models.replay import ReplayModel
from shoal.models.request_key import request_key


def ask(text: str) -> ChatRequest:
    return ChatRequest(messages=(ChatMessage(role=Role.USER, text=text),))


async def answer(model: ReplayModel, request: ChatRequest) -> ChatResponse:
    assembler = Assembler()
    async for chunk in model.stream(request):
        assembler.feed(chunk)
    return assembler.result()


@pytest.mark.parametrize(
    "recorded",
    [
        ChatResponse(text="x" * 1_001, usage=Usage(input_tokens=3, output_tokens=4), model="m", id="7"),
        ChatResponse(text="cut of", finish=Finish.LENGTH, model="m"),
        ChatResponse(
            tool_calls=(
                ToolCall(id="a", name="add", arguments='{"a": ' + "1" * 500 + "}"),
                ToolCall(id="b", name="none", arguments=""),
            ),
            finish=Finish.TOOL_CALLS,
            model="m",
        ),
    ],
)
async def test_a_recorded_answer_comes_back_whole_as_often_as_it_is_asked_for(recorded: ChatResponse) -> None:
    model = ReplayModel({request_key("m", ask("hello")): recorded}, name="m")
    assert await answer(model, ask("hello")) == recorded
    assert await answer(model, ask("hello")) == recorded


async def test_a_request_that_was_not_recorded_is_an_error_that_names_its_key() -> None:
    model = ReplayModel({request_key("other", ask("hello")): ChatResponse()}, name="m")
    with pytest.raises(NotRecorded) as caught:
        await answer(model, ask("hello"))
    assert caught.value.details["key"] == request_key("m", ask("hello"))
