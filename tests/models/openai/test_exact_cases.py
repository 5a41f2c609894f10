"""The wire to the byte: what the server must be sent, or it does not answer."""

from __future__ import annotations

from pytest_httpserver import HTTPServer

from shoal.models.chat import Usage
from shoal.models.errors import RateLimited
from tests.models.openai.asking import ask, request
from tests.models.openai.stage import DONE, chunk, event

EVENTS = {"content-type": "text/event-stream"}


async def test_a_streamed_call_is_exactly_this_request_and_its_chunks_are_read(
    httpserver: HTTPServer,
) -> None:
    body = {
        "model": "m",
        "messages": [{"role": "user", "content": "hi"}],
        "max_tokens": 5,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    headers = {"authorization": "Bearer no-key-needed", "content-type": "application/json"}
    told = [
        event(chunk("Hel")),
        event(chunk("lo", finish="stop")),
        event(chunk(choices=False, usage=(3, 2))),
        DONE,
    ]
    httpserver.expect_oneshot_request(
        "/v1/chat/completions", "POST", json=body, headers=headers
    ).respond_with_data(b"".join(told), headers=EVENTS)
    answer = await ask(httpserver.url_for("/v1"), request(max_output_tokens=5))
    httpserver.check()
    assert (answer.text, answer.usage) == ("Hello", Usage(input_tokens=3, output_tokens=2))


async def test_line_ends_comments_and_names_of_events_are_read_as_the_standard_says(
    httpserver: HTTPServer,
) -> None:
    lines = b": hello\r\n\r\nevent: message\r\nid: 1\r\n" + event(chunk("a")).replace(b"\n", b"\r\n")
    lines += b"retry: 10\ndata:" + event(chunk("b", finish="stop")).removeprefix(b"data: ") + DONE
    httpserver.expect_oneshot_request("/v1/chat/completions").respond_with_data(lines, headers=EVENTS)
    assert (await ask(httpserver.url_for("/v1"))).text == "ab"


async def test_a_rate_limit_is_read_from_status_headers_and_body(httpserver: HTTPServer) -> None:
    error = {"error": {"message": "Rate limit reached", "type": "requests", "code": "rate_limit_exceeded"}}
    httpserver.expect_oneshot_request("/v1/chat/completions").respond_with_json(
        error, status=429, headers={"Retry-After": "3", "X-Request-Id": "req-1"}
    )
    try:
        await ask(httpserver.url_for("/v1"))
    except RateLimited as caught:
        details = caught.details
    assert (details["status"], details["request_id"], details["retry_after_s"]) == (429, "req-1", 3.0)
    assert details["code"] == "rate_limit_exceeded"
