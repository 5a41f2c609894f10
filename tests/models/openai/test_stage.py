"""The server that other tests stand on does what it is told, and counts right."""

from __future__ import annotations

import asyncio
import json

import httpx2
import pytest

from tests.models.openai.stage import Answer, Cut, Gate, Reply, Stage, event, events, failure, gone


async def asked(stage: Stage, **body: object) -> httpx2.Response:
    async with httpx2.AsyncClient() as client:
        return await client.post(f"{stage.url}/chat/completions", json=body)


async def test_behaviours_are_taken_one_after_the_other_and_then_there_is_another(stage: Stage) -> None:
    stage.put(failure(429, headers={"retry-after": "2"}), Answer("hello"))
    assert (await asked(stage)).headers["retry-after"] == "2"
    assert (await asked(stage)).json()["choices"][0]["message"]["content"] == "hello"
    assert (await asked(stage, one=1)).json()["choices"][0]["message"]["content"] == "ok"
    assert stage.requests[2].body == {"one": 1}
    assert (stage.answered, stage.failed, stage.in_flight) == (2, 1, 0)


async def test_a_function_of_the_request_answers_it(stage: Stage) -> None:
    stage.otherwise = lambda asked: Answer(asked.body["say"])
    assert (await asked(stage, say="this")).json()["choices"][0]["message"]["content"] == "this"


async def test_a_client_that_leaves_is_counted_as_cancelled(stage: Stage) -> None:
    stage.put(Answer("one two", amid=Gate()))
    async with httpx2.AsyncClient() as client:
        async with client.stream("POST", f"{stage.url}/chat/completions", json={"stream": True}) as response:
            assert "one" in await anext(response.aiter_text())
            assert stage.in_flight == 1
        await stage.until(lambda stage: stage.cancelled == 1)
    assert stage.in_flight == 0


@pytest.mark.parametrize("reply", [gone(), gone(Cut.RESET), events("x", Cut.CLOSE), events("x", Cut.RESET)])
async def test_a_connection_that_is_cut_is_an_error_of_the_client(stage: Stage, reply: Reply) -> None:
    stage.put(reply)
    with pytest.raises(httpx2.TransportError):
        await asked(stage)
    await stage.until(lambda stage: stage.failed == 1)


async def test_256_requests_at_once_are_answered(stage: Stage) -> None:
    gate = Gate()
    stage.otherwise = Answer(before=gate)
    async with httpx2.AsyncClient(limits=httpx2.Limits(max_connections=256)) as client:
        asking = [
            asyncio.ensure_future(client.post(f"{stage.url}/responses", json={}, timeout=30))
            for _ in range(256)
        ]
        await stage.until(lambda stage: stage.in_flight == 256)
        gate.open()
        assert {answer.status_code for answer in await asyncio.gather(*asking)} == {200}
        counts = (await client.get(stage.url.removesuffix("/v1") + "/stage")).json()
    assert (counts["answered"], counts["most_in_flight"]) == (256, 256)


def test_an_event_is_written_as_the_standard_says() -> None:
    assert event({"a": 1}) == b'data: {"a": 1}\n\n'
    assert json.loads(event({"a": 1}).removeprefix(b"data: ")) == {"a": 1}
