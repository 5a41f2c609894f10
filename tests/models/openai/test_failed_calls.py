"""A server that fails, or a connection that does, over real HTTP: which error it becomes, and what it carries."""

from __future__ import annotations

import traceback
from typing import Any

import pytest

from shoal.models.chat import Usage
from shoal.models.errors import (
    ContextTooLong,
    KeyMissing,
    ModelError,
    ModelRefused,
    ModelRejected,
    ModelUnavailable,
    RateLimited,
)
from tests.models.openai.asking import KEY, WAYS, ask, failed
from tests.models.openai.stage import (
    Cut,
    Reply,
    Stage,
    chunk,
    events,
    failure,
    gone,
    page,
)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, ModelRejected),
        (401, ModelRejected),
        (402, ModelRejected),
        (403, ModelRejected),
        (404, ModelRejected),
        (405, ModelRejected),
        (408, ModelUnavailable),
        (409, ModelUnavailable),
        (413, ContextTooLong),
        (418, ModelRejected),
        (422, ModelRejected),
        (429, RateLimited),
        (500, ModelUnavailable),
        (501, ModelRejected),
        (502, ModelUnavailable),
        (503, ModelUnavailable),
        (504, ModelUnavailable),
        (529, ModelUnavailable),
    ],
)
async def test_a_status_becomes_one_of_our_errors(
    stage: Stage, way: dict[str, Any], status: int, kind: type[ModelError]
) -> None:
    error = await failed(stage, failure(status, "because", headers={"x-request-id": "req-7"}), **way)
    assert type(error) is kind
    assert "because" in str(error)
    assert (error.details["status"], error.details["request_id"]) == (status, "req-7")
    assert error.retry_after_s is None


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "2"}, 2.0),
        ({"retry-after": "0.25"}, 0.25),
        ({"retry-after-ms": "1500", "retry-after": "2"}, 1.5),
        ({"retry-after": "Sun, 06 Nov 1994 08:49:47 GMT", "date": "Sun, 06 Nov 1994 08:49:37 GMT"}, 10.0),
        ({"retry-after": "Sun, 06 Nov 1994 08:49:37 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({}, None),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
async def test_what_the_server_says_of_when_to_come_again_is_kept(
    stage: Stage, status: int, headers: dict[str, str], seconds: float | None
) -> None:
    assert (await failed(stage, failure(status, headers=headers))).retry_after_s == seconds


async def test_a_used_up_account_is_no_rate_limit(stage: Stage) -> None:
    reply = failure(
        429, "You exceeded your current quota", code="insufficient_quota", headers={"retry-after": "1"}
    )
    error = await failed(stage, reply)
    assert type(error) is ModelRejected
    assert "waiting does not help" in str(error)


async def test_one_request_that_is_over_the_rate_by_itself_is_too_long(stage: Stage) -> None:
    text = "Request too large for gpt-4o on tokens per min (TPM): Limit 30000, Requested 40000."
    assert type(await failed(stage, failure(429, text, code="rate_limit_exceeded"))) is ContextTooLong


@pytest.mark.parametrize(
    "reply",
    [
        failure(400, "This model's maximum context length is 8192 tokens.", code="context_length_exceeded"),
        page(  # vLLM
            '{"object": "error", "message": "This model\'s maximum context length is 4096 tokens. However, you '
            'requested 5000 tokens in the messages.", "type": "BadRequestError", "code": 400}',
            status=400,
        ),
        page(  # SGLang
            '{"object": "error", "message": "The input (85050 tokens) is longer than the model\'s context length '
            '(32768 tokens).", "type": "BadRequest", "param": null, "code": 400}',
            status=400,
        ),
        failure(400, "Requested token count exceeds the model's maximum context length of 2048 tokens."),
        failure(400, "input length exceeds maximum context length", type="invalid_request_error"),  # Ollama
        page(  # llama.cpp
            '{"error": {"code": 400, "message": "request (9412 tokens) exceeds the available context size '
            '(8192 tokens)", "type": "exceed_context_size_error", "n_prompt_tokens": 9412, "n_ctx": 8192}}',
            status=400,
        ),
        page(
            '{"error": {"code": 500, "message": "Context size has been exceeded.", "type": "server_error"}}',
            status=500,
        ),
    ],
    ids=["OpenAI", "vLLM", "SGLang", "SGLang requested", "Ollama", "llama.cpp", "llama.cpp generating"],
)
async def test_a_conversation_that_does_not_fit_is_recognised_of_each_server(
    stage: Stage, reply: Reply
) -> None:
    assert type(await failed(stage, reply)) is ContextTooLong


@pytest.mark.parametrize(
    "reply",
    [
        failure(
            400, "The response was filtered due to Azure's content management policy.", code="content_filter"
        ),
        failure(400, "Your request was rejected by our safety system", code="content_policy_violation"),
        failure(
            400,
            "Invalid prompt: it was flagged as potentially violating our usage policy",
            code="invalid_prompt",
        ),
        failure(403, "Your input was flagged"),
    ],
)
async def test_a_prompt_that_a_filter_stops_is_refused(stage: Stage, reply: Reply) -> None:
    error = await failed(stage, reply)
    assert type(error) is ModelRefused
    assert not error.retryable


@pytest.mark.parametrize(
    ("reply", "advice"),
    [
        (failure(401, "Incorrect API key provided"), "the key in OPENAI_API_KEY was not accepted"),
        (failure(404, "The model `m` does not exist"), "is the name of the model right"),
        (page("", status=301, headers={"location": "https://there/v1?key=x"}), "set base_url to where it is"),
        (failure(400, "response_format json_schema is not supported"), 'structured="json"'),
    ],
)
async def test_a_rejected_call_says_what_to_change(stage: Stage, reply: Reply, advice: str) -> None:
    error = await failed(stage, reply)
    assert type(error) is ModelRejected
    assert advice in str(error)
    assert "key=x" not in str(error)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("<html><body>502 Bad Gateway</body></html>", "an HTML page"),
        ("", "502"),
        ("upstream\n  connect error", "upstream connect error"),
        ('{"error": "model is loading"}', "model is loading"),
        ('{"detail": "Not Found"}', "Not Found"),
        ('{"error": {"code": 7}}', "it does not say why"),
        ("[1, 2]", "[1, 2]"),
    ],
)
async def test_the_body_of_a_failure_may_be_anything(stage: Stage, body: str, says: str) -> None:
    error = await failed(stage, page(body, status=502, content_type="text/html"))
    assert type(error) is ModelUnavailable
    assert says in str(error)
    assert "<html>" not in str(error)


# -- connections ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("how", [Cut.CLOSE, Cut.RESET])
async def test_a_connection_that_ends_before_the_answer_is_unavailable(
    stage: Stage, way: dict[str, Any], how: Cut
) -> None:
    error = await failed(stage, gone(how), **way)
    assert type(error) is ModelUnavailable
    assert error.counts_against


@pytest.mark.parametrize("how", [Cut.CLOSE, Cut.RESET])
async def test_a_connection_that_ends_amid_the_answer_is_unavailable(stage: Stage, how: Cut) -> None:
    reply = events(chunk("half", usage=(10, 1)), how, headers={"x-request-id": "req-8"})
    error = await failed(stage, reply)
    assert type(error) is ModelUnavailable
    if how is Cut.CLOSE:  # a reset may overtake what was sent before it
        assert error.details["request_id"] == "req-8"
        assert error.usage == Usage(input_tokens=10, output_tokens=1)


async def test_an_endpoint_where_nobody_listens_is_unavailable(stage: Stage) -> None:
    url = stage.url
    stage.stop()
    with pytest.raises(ModelUnavailable, match="cannot be connected to"):
        await ask(url)


async def test_an_endpoint_that_speaks_no_http_is_unavailable(stage: Stage) -> None:
    with pytest.raises(ModelUnavailable):
        await ask(stage.url.replace("http:", "https:"))


# -- keys -------------------------------------------------------------------------------------------------


async def test_a_key_that_a_server_repeats_is_in_no_error(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    for reply in (failure(401, f"no such key: {KEY}"), events(f'{{"error": {{"message": "bad {KEY}"}}}}')):
        stage.put(reply)
        with pytest.raises(ModelError) as caught:
            await ask(stage.url)
        told = "".join(traceback.format_exception(caught.value)) + repr(caught.value.details)
        assert KEY not in told
        assert "[key]" in told


@pytest.mark.parametrize("key", ["sk-with\nnewline", "schlüssel", "a\tb"])
async def test_a_key_that_no_header_can_carry_is_not_sent(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", key)
    with pytest.raises(KeyMissing, match="OPENAI_API_KEY") as caught:
        await ask(stage.url)
    assert key not in "".join(traceback.format_exception(caught.value))
    assert not stage.requests
