"""A model behind an endpoint: its answers, its connections and keys, and that taking a call back stops the server."""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing
from typing import Any

import pytest

from shoal.models.chat import ToolCall, Usage
from shoal.models.errors import KeyMissing, ModelRejected
from shoal.models.openai import OpenAIModel
from shoal.models.openai.clients import CLIENTS
from shoal.models.spec import Model
from shoal.runtime.errors import ConfigError
from tests.models.openai.asking import KEY, WAYS, answer_of, ask, request
from tests.models.openai.stage import (
    Answer,
    Called,
    Gate,
    Stage,
    chunk,
    events,
    failure,
    page,
)

STREAMED = [WAYS[0], WAYS[2]]


@pytest.mark.parametrize("way", WAYS)
async def test_an_answer_comes_whole(stage: Stage, way: dict[str, Any]) -> None:
    stage.put(Answer("Hello, you", calls=(Called("f", {"x": 1}, "a"), Called("g", {}, "b")), pieces=3))
    answer = await ask(stage.url, **way)
    assert answer.text == "Hello, you"
    assert answer.tool_calls == (
        ToolCall(id="a", name="f", arguments='{"x": 1}'),
        ToolCall(id="b", name="g", arguments="{}"),
    )
    assert answer.usage == Usage(input_tokens=10, output_tokens=5)
    assert (answer.model, bool(answer.id)) == ("stage-1", True)


async def test_details_of_the_usage_are_kept(stage: Stage) -> None:
    told = {"prompt_tokens": 9, "completion_tokens": 4, "prompt_tokens_details": {"cached_tokens": 8}}
    told["completion_tokens_details"] = {"reasoning_tokens": 3}
    stage.put(events(chunk("a", finish="stop"), {**chunk(choices=False), "usage": told}))
    usage = Usage(input_tokens=9, output_tokens=4, cached_tokens=8, reasoning_tokens=3)
    assert (await ask(stage.url)).usage == usage


# -- taking a call back ------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", STREAMED)
async def test_closing_a_stream_that_stalls_stops_the_server(stage: Stage, way: dict[str, Any]) -> None:
    stage.put(Answer("one two", amid=Gate()))
    model = OpenAIModel(Model(model="m", base_url=stage.url, **way))
    async with aclosing(model.stream(request())) as pieces:
        async for piece in pieces:
            if piece.text:
                break
    await stage.until(lambda stage: stage.cancelled == 1)
    assert (await answer_of(model)).text == "ok"
    await model.close()


@pytest.mark.parametrize("way", WAYS)
async def test_cancelling_while_the_first_piece_is_waited_for_stops_the_request(
    stage: Stage, way: dict[str, Any]
) -> None:
    stage.put(Answer(before=Gate()))
    asking = asyncio.ensure_future(ask(stage.url, **way))
    await stage.until(lambda stage: stage.in_flight == 1)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await stage.until(lambda stage: stage.cancelled == 1)


@pytest.mark.parametrize("way", WAYS)
async def test_cancelling_amid_the_answer_stops_the_request(stage: Stage, way: dict[str, Any]) -> None:
    begun = asyncio.Event()
    stage.put(Answer("one two", amid=Gate()))
    model = OpenAIModel(Model(model="m", base_url=stage.url, **way))

    async def read() -> None:
        async for _ in model.stream(request()):
            begun.set()

    asking = asyncio.ensure_future(read())
    await (begun.wait() if model.spec.stream else stage.until(lambda stage: stage.in_flight == 1))
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await stage.until(lambda stage: stage.cancelled == 1)
    await model.close()


async def test_a_slow_first_piece_is_waited_for_as_long_as_the_caller_likes(stage: Stage) -> None:
    gate = Gate()
    stage.put(Answer(before=gate))
    asking = asyncio.ensure_future(ask(stage.url))
    await stage.until(lambda stage: stage.in_flight == 1)
    assert not asking.done()
    gate.open()
    assert (await asking).text == "ok"


# -- clients and connections -------------------------------------------------------------------------------


async def test_models_of_one_place_share_a_client_and_the_last_closes_it(stage: Stage) -> None:
    first, second = (OpenAIModel(Model(model=name, base_url=stage.url)) for name in ("a", "b"))
    for _ in range(2):
        await answer_of(first)
        await answer_of(second)
    assert (CLIENTS.count(), stage.connections) == (1, 1)
    await first.close()
    await first.close()
    assert CLIENTS.count() == 1
    await second.close()
    assert CLIENTS.count() == 0
    assert (await answer_of(first)).text == "ok"
    await first.close()


async def test_keys_of_two_variables_are_two_clients(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONE", "key-one")
    monkeypatch.setenv("TWO", "key-two")
    models = [OpenAIModel(Model(model="m", base_url=stage.url, api_key_env=name)) for name in ("ONE", "TWO")]
    for model in models:
        await answer_of(model)
    assert CLIENTS.count() == 2
    for model in models:
        await model.close()
    assert [asked.headers["authorization"] for asked in stage.requests] == [
        "Bearer key-one",
        "Bearer key-two",
    ]


def test_each_event_loop_has_a_client_of_its_own(stage: Stage) -> None:
    model = OpenAIModel(Model(model="m", base_url=stage.url))

    async def once() -> str:
        answer = await answer_of(model)
        await model.close()
        return answer.text

    assert [asyncio.run(once()) for _ in range(2)] == ["ok", "ok"]


async def test_256_calls_are_in_flight_at_once(stage: Stage) -> None:
    gate = Gate()
    stage.otherwise = Answer(before=gate)
    model = OpenAIModel(Model(model="m", base_url=stage.url))
    asking = [asyncio.ensure_future(answer_of(model)) for _ in range(256)]
    await stage.until(lambda stage: stage.in_flight == 256, within_s=60)
    gate.open()
    assert {answer.text for answer in await asyncio.gather(*asking)} == {"ok"}
    await model.close()


# -- keys and addresses ------------------------------------------------------------------------------------


async def test_the_key_is_read_at_each_call(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    model = OpenAIModel(Model(model="m", base_url=stage.url))
    for key in ("key-one", "key-two\n"):
        monkeypatch.setenv("OPENAI_API_KEY", key)
        await answer_of(model)
    monkeypatch.delenv("OPENAI_API_KEY")
    await answer_of(model)
    await model.close()
    sent = [asked.headers["authorization"] for asked in stage.requests]
    assert sent == ["Bearer key-one", "Bearer key-two", "Bearer no-key-needed"]


async def test_an_endpoint_elsewhere_needs_a_key_before_anything_is_sent() -> None:
    with pytest.raises(KeyMissing, match="set the environment variable MY_KEY") as caught:
        await ask("https://example.invalid/v1", api_key_env="MY_KEY")
    assert isinstance(caught.value, ConfigError)
    assert isinstance(caught.value, ModelRejected)


async def test_the_key_is_in_no_log_and_no_text_of_an_object(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    model = OpenAIModel(Model(model="m", base_url=stage.url))
    with caplog.at_level(logging.DEBUG):
        await answer_of(model)
        stage.put(page("<html>"), failure(500, "no"))
        for _ in range(2):
            with pytest.raises(Exception, match="answer"):
                await answer_of(model)
    await model.close()
    assert KEY in stage.requests[0].headers["authorization"]
    assert caplog.text
    assert KEY not in caplog.text + repr(model) + repr(vars(model)) + str(model._call())


async def test_what_the_environment_holds_for_openai_goes_to_no_other_endpoint(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_ORG_ID", "org-1")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-1")
    await ask(stage.url)
    assert not {"openai-organization", "openai-project"} & stage.requests[0].headers.keys()


async def test_the_address_may_come_from_the_environment(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", stage.url + "/")
    model = OpenAIModel(Model(model="m"))
    assert (await answer_of(model)).text == "ok"
    await model.close()
    assert stage.requests[0].path == "/v1/chat/completions"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "127.0.0.1:8000/v1",
        "localhost:8000",
        "ftp://host/v1",
        "http://",
        "http://host:port/v1",
        "http://user:hunter2@host/v1",
        "https://host/v1?api-key=hunter2",
        "//user:hunter2@host",
        "http://[::1/v1",
    ],
)
def test_an_address_that_cannot_work_is_refused_before_anything_is_asked(url: str) -> None:
    with pytest.raises(ConfigError, match="base_url of model 'm'") as caught:
        OpenAIModel(Model(model="m", base_url=url))
    assert "hunter2" not in str(caught.value)


def test_a_specification_that_cannot_work_is_refused() -> None:
    with pytest.raises(ConfigError, match="provider"):
        OpenAIModel(Model(model="m", provider="scripted"))
    with pytest.raises(ConfigError, match="seed"):
        OpenAIModel(Model(model="m", api="responses", seed=1))
