"""Answers that are none, and answers with a catch, over real HTTP: the typed error, or what is made of them."""

from __future__ import annotations

from typing import Any

import pytest

from shoal.models.chat import OutputSchema, ToolSpec, Usage
from shoal.models.errors import (
    ContextTooLong,
    ModelError,
    ModelMalformed,
    ModelRefused,
    ModelRejected,
    ModelUnavailable,
    RateLimited,
)
from tests.models.openai.asking import WAYS, ask, failed, request
from tests.models.openai.stage import (
    DONE,
    Answer,
    Called,
    Reply,
    Stage,
    chunk,
    events,
    page,
)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "reply",
    [
        page("<!doctype html><title>Sign in</title>", content_type="text/html; charset=utf-8"),
        page('{"id": "x", "choices": [', content_type="application/json"),
        page("", content_type="application/json"),
        page("[" * 100_000, content_type="application/json"),
        page("just text", content_type="text/plain"),
        page("[]"),
        page("null"),
        page('{"choices": []}'),
        page('{"choices": [{"index": 0}]}'),
        page('{"choices": [{"index": 0, "message": null, "finish_reason": null}]}'),
        page('{"choices": [[]]}'),
        page('{"choices": {"a": 1}, "output": 3}'),
        page(b"\xff\xfe\x00"),
        page(b"not gzip", headers={"content-encoding": "gzip"}),
    ],
    ids=str,
)
async def test_what_is_no_answer_is_malformed(stage: Stage, way: dict[str, Any], reply: Reply) -> None:
    error = await failed(stage, reply, **way)
    assert type(error) is ModelMalformed
    assert error.retryable


async def test_a_page_in_place_of_an_answer_says_what_is_probably_wrong(stage: Stage) -> None:
    for way in ({}, {"stream": False}):
        stage.put(page("<html></html>", content_type="text/html"))
        with pytest.raises(ModelMalformed, match="HTML page - is base_url right"):
            await ask(stage.url, **way)  # type: ignore[arg-type]


async def test_an_endpoint_that_does_not_stream_says_what_to_set(stage: Stage) -> None:
    assert "stream=False" in str(await failed(stage, page('{"choices": [{"index": 0}]}')))


@pytest.mark.parametrize("way", WAYS)
async def test_an_error_with_status_200_is_one_all_the_same(stage: Stage, way: dict[str, Any]) -> None:
    error = await failed(
        stage, page('{"error": {"message": "slow down", "code": "rate_limit_exceeded"}}'), **way
    )
    assert type(error) is RateLimited


@pytest.mark.parametrize(
    "parts",
    [
        (chunk("half"),),
        (chunk("half"), DONE),
        (),
        (DONE,),
        (chunk("half"), b'data: {"id": "x", "choi'),
        (chunk("half"), b'data: {"id": "x", "choi\n\n'),
        (chunk("half"), "not json", chunk(finish="stop"), DONE),
        (chunk("half"), b"data: \xff\xfe\n\n"),
        (chunk("half"), "[" * 100_000),
        (chunk("half"), "[]"),
        (chunk("half"), "17"),
        (chunk("half"), '{"choices": 3}'),
        (chunk("half"), '{"choices": [{"delta": {"tool_calls": [{"function": 7}]}}]}'),
        (chunk(choices=False, usage=(10, 0)), DONE),
        (chunk("a", finish="because"), DONE),
        (b": only a comment\n\n",),
    ],
    ids=str,
)
async def test_a_stream_that_is_cut_or_corrupt_is_malformed(stage: Stage, parts: tuple[Any, ...]) -> None:
    assert type(await failed(stage, events(*parts))) is ModelMalformed


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ('{"error": {"message": "boom", "type": "server_error"}}', ModelUnavailable),
        ('{"error": {"message": "boom", "type": "InternalServerError", "code": 500}}', ModelUnavailable),
        ('{"error": "boom"}', ModelUnavailable),
        ('{"error": {"message": "who knows: boom"}}', ModelUnavailable),
        ('{"error": {"message": "boom: slow down", "code": "rate_limit_exceeded"}}', RateLimited),
        ('{"error": {"message": "boom", "type": "overloaded_error"}}', ModelUnavailable),
        ('{"error": {"message": "boom", "type": "BadRequestError", "code": 400}}', ModelRejected),
        ('{"error": {"message": "boom: the context size has been exceeded"}}', ContextTooLong),
        ('{"error": {"message": "boom", "code": "content_filter"}}', ModelRefused),
    ],
)
async def test_an_error_inside_of_a_stream_is_mapped_by_what_it_says(
    stage: Stage, said: str, kind: type[ModelError]
) -> None:
    reply = events(chunk("half", usage=(10, 1)), said, headers={"x-request-id": "req-9"})
    error = await failed(stage, reply)
    assert type(error) is kind
    assert "boom" in str(error)
    assert error.details["request_id"] == "req-9"
    assert error.usage == Usage(input_tokens=10, output_tokens=1)


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        (
            {"type": "error", "message": "boom", "code": "server_error", "sequence_number": 1},
            ModelUnavailable,
        ),
        (
            {
                "type": "response.failed",
                "response": {"error": {"code": "rate_limit_exceeded", "message": "boom"}},
            },
            RateLimited,
        ),
        ({"type": "response.failed", "response": {"error": None}}, ModelUnavailable),
    ],
)
async def test_a_response_that_fails_is_mapped_by_what_it_says(
    stage: Stage, event: dict[str, Any], kind: type[ModelError]
) -> None:
    assert type(await failed(stage, events(event), api="responses")) is kind


@pytest.mark.parametrize("reply", [events(), events({"type": "response.output_text.delta", "delta": "half"})])
async def test_a_streamed_response_that_just_ends_is_malformed(stage: Stage, reply: Reply) -> None:
    assert type(await failed(stage, reply, api="responses")) is ModelMalformed


# -- answers with a catch ----------------------------------------------------------------------------------


@pytest.mark.parametrize("way", WAYS)
async def test_an_answer_that_a_filter_stops_is_refused_with_its_usage(
    stage: Stage, way: dict[str, Any]
) -> None:
    stage.put(Answer("Well", finish="content_filter"))
    with pytest.raises(ModelRefused) as caught:
        await ask(stage.url, **way)
    assert caught.value.usage == Usage(input_tokens=10, output_tokens=5)


@pytest.mark.parametrize("way", WAYS)
async def test_a_model_that_declines_is_refused_in_its_own_words(stage: Stage, way: dict[str, Any]) -> None:
    stage.put(Answer("", refusal="I cannot help"))
    with pytest.raises(ModelRefused, match="I cannot help"):
        await ask(stage.url, **way)


@pytest.mark.parametrize("way", WAYS)
async def test_a_missing_usage_is_marked_as_estimated(stage: Stage, way: dict[str, Any]) -> None:
    stage.put(Answer("hello", usage=None))
    assert (await ask(stage.url, **way)).usage.estimated


@pytest.mark.parametrize("way", WAYS)
async def test_calls_with_broken_arguments_and_of_unknown_tools_come_as_they_are(
    stage: Stage, way: dict[str, Any]
) -> None:
    stage.put(Answer("", calls=(Called("no_such_tool", '{"x": '), Called("f", "", "b"))))
    answer = await ask(stage.url, request(tools=(ToolSpec(name="f"),)), **way)
    assert [(call.name, call.arguments) for call in answer.tool_calls] == [
        ("no_such_tool", '{"x": '),
        ("f", ""),
    ]


async def test_an_answer_of_the_wrong_shape_comes_as_it_is(stage: Stage) -> None:
    stage.put(Answer('{"other": 1}'))
    shape = OutputSchema(name="x", json_schema={"type": "object", "properties": {"x": {"type": "string"}}})
    assert (await ask(stage.url, request(output=shape))).text == '{"other": 1}'
