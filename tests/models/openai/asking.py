"""Asking a model behind a URL and putting its answer together, as a caller does; in four ways, each a parameter."""

from __future__ import annotations

from contextlib import aclosing
from typing import Any

import pytest

from shoal.models.assembling import Assembler
from shoal.models.chat import ChatMessage, ChatRequest, ChatResponse, Role
from shoal.models.errors import ModelError
from shoal.models.openai import OpenAIModel
from shoal.models.spec import Model
from tests.models.openai.stage import Reply, Stage

KEY = "sk-secret-0123456789"
WAYS = [
    pytest.param({}, id="chat streamed"),
    pytest.param({"stream": False}, id="chat whole"),
    pytest.param({"api": "responses"}, id="responses streamed"),
    pytest.param({"api": "responses", "stream": False}, id="responses whole"),
]


def request(text: str = "hi", **fields: Any) -> ChatRequest:
    """A request of one user message."""
    return ChatRequest(messages=(ChatMessage(role=Role.USER, text=text),), **fields)


async def answer_of(model: OpenAIModel, asked: ChatRequest | None = None) -> ChatResponse:
    """The whole answer."""
    assembler = Assembler(model.name, model.endpoint)
    async with aclosing(model.stream(asked or request())) as pieces:
        async for piece in pieces:
            assembler.feed(piece)
    return assembler.result()


async def ask(url: str, asked: ChatRequest | None = None, **spec: Any) -> ChatResponse:
    """Of a model that is closed again."""
    model = OpenAIModel(Model(base_url=url, **{"model": "m", **spec}))
    try:
        return await answer_of(model, asked)
    finally:
        await model.close()


async def failed(stage: Stage, reply: Reply, **spec: Any) -> ModelError:
    """The error that a reply becomes; that nothing is tried again is seen to."""
    stage.put(reply)
    with pytest.raises(ModelError) as caught:
        await ask(stage.url, **spec)
    assert caught.value.details["model"] == "m"
    assert stage.url in caught.value.details["endpoint"]
    assert len(stage.requests) == 1
    return caught.value
