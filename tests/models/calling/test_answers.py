from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from shoal.models.calling import AnswerCache, Candidate, MemoryAnswers, SqliteAnswers
from shoal.models.chat import ChatResponse, ToolCall, Usage
from shoal.models.errors import ModelTimeout, ModelUnavailable
from shoal.models.scripted import Latency, Reply, ScriptedModel
from shoal.models.spec import Retry, Timeouts
from shoal.runtime.durable.errors import StoreBroken, StoreError
from shoal.runtime.stats import HostStats
from tests.models.calling.counting import PRICE, REQUEST, Stage, scripted, spec
from tests.models.calling.virtual_time import EPOCH, run

ANSWER = ChatResponse(
    text="fine",
    tool_calls=(ToolCall(id="1", name="add", arguments="{}"),),
    usage=Usage(input_tokens=5),
    usd=0.5,
)


def test_an_identical_request_is_answered_from_the_cache_at_no_cost() -> None:
    async def main() -> None:
        stats = HostStats()
        one = scripted(["first", "second"])
        stage = Stage(one, cache=AnswerCache(MemoryAnswers()), stats=stats)
        paid = await stage.caller.call(REQUEST, steps=1)
        free = await stage.caller.call(REQUEST, steps=1)
        assert free.text == paid.text == "first"
        assert (free.usage, free.usd, free.attempts) == (Usage(), 0.0, 1)
        assert len(stage.permits.settled) == 1
        assert [account.cached for account in stage.accounts] == [False, True]
        assert stage.accounts[1].attempts == 0
        assert stats.model("m").cache_hits == 1
        other = REQUEST.model_copy(update={"temperature": 0.5})
        assert (await stage.caller.call(other)).text == "second"

    run(main())


def test_models_that_differ_in_what_shapes_an_answer_do_not_share_answers() -> None:
    async def main() -> None:
        cache = AnswerCache(MemoryAnswers())
        others: list[dict[str, Any]] = [{}, {"temperature": 0.5}, {"seed": 1}, {"max_output_tokens": 7}]
        for number, fields in enumerate(others):
            one = scripted([f"answer {number}"], **fields)
            assert (await Stage(one, cache=cache).caller.call(REQUEST)).text == f"answer {number}"

    run(main())


def test_who_asks_what_is_being_asked_waits_for_that_answer() -> None:
    async def main() -> None:
        one = scripted(["only once"], latency=5.0)
        stage = Stage(one, cache=AnswerCache(MemoryAnswers()))
        answers = await asyncio.gather(*(stage.caller.call(REQUEST) for _ in range(64)))
        assert {answer.text for answer in answers} == {"only once"}
        assert len(stage.permits.settled) == 1
        assert stage.at == 5
        assert sum(account.cached for account in stage.accounts) == 63

    run(main())


def test_when_the_one_who_asks_fails_or_is_cancelled_the_others_ask_for_themselves_at_once() -> None:
    async def main() -> None:
        replies = [
            Reply(error=ModelUnavailable("down"), latency=Latency(5)),
            *[Reply("fine", latency=Latency(5))] * 9,
        ]
        stage = Stage(scripted(replies, retry=Retry(attempts=1)), cache=AnswerCache(MemoryAnswers()))
        calls = [asyncio.ensure_future(stage.caller.call(REQUEST)) for _ in range(3)]
        done = await asyncio.gather(*calls, return_exceptions=True)
        assert isinstance(done[0], ModelUnavailable)
        assert [one.text for one in done[1:] if isinstance(one, ChatResponse)] == ["fine", "fine"]
        assert stage.at == 10

        stage = Stage(scripted(replies[1:]), cache=AnswerCache(MemoryAnswers()))
        first, second = (asyncio.ensure_future(stage.caller.call(REQUEST)) for _ in range(2))
        await asyncio.sleep(1)
        first.cancel()
        assert (await second).text == "fine"

    run(main())


def test_who_waits_for_another_s_answer_keeps_to_his_own_deadline() -> None:
    async def main() -> None:
        stage = Stage(scripted(["slow"], latency=50.0), cache=AnswerCache(MemoryAnswers()))
        first = asyncio.ensure_future(stage.caller.call(REQUEST))
        await asyncio.sleep(1)
        with pytest.raises(ModelTimeout, match="deadline"):
            await stage.caller.call(REQUEST, deadline=EPOCH + 10)
        assert stage.at == 10
        assert (await first).text == "slow"

    run(main())


def test_a_partial_answer_is_not_kept() -> None:
    async def main() -> None:
        replies = [Reply("a b c d e f", latency=Latency(1, tokens_per_s=0.1)), Reply("whole")]
        model = ScriptedModel(replies, name="m", piece=2)
        short = spec(timeouts=Timeouts(whole_s=10))
        stage = Stage(Candidate(short, model, PRICE), cache=AnswerCache(MemoryAnswers()))
        assert (await stage.caller.call(REQUEST, partial=True)).partial
        assert (await stage.caller.call(REQUEST, partial=True)).text == "whole"

    run(main())


async def test_memory_keeps_those_that_were_used_last() -> None:
    store = MemoryAnswers(most=2)
    for key in "ab":
        await store.put(key, ANSWER)
    await store.get("a")
    await store.put("c", ANSWER)
    assert [await store.get(key) is not None for key in "abc"] == [True, False, True]


async def test_a_file_keeps_answers_for_later_runs_and_other_processes(tmp_path: Path) -> None:
    path = tmp_path / "answers.sqlite"
    one, other = SqliteAnswers(path), SqliteAnswers(path)
    assert await one.get("k") is None
    await one.put("k", ANSWER)
    await one.put("k", ANSWER)
    assert await other.get("k") == ANSWER
    one.close()
    other.close()
    again = SqliteAnswers(path)
    assert await again.get("k") == ANSWER
    again.close()


async def test_a_file_keeps_no_more_answers_than_it_is_told_to(tmp_path: Path) -> None:
    store = SqliteAnswers(tmp_path / "answers.sqlite", most=10)
    for number in range(257):
        await store.put(f"k{number}", ANSWER)
    assert await store.get("k0") is None
    assert await store.get("k256") == ANSWER
    store.close()


async def test_a_row_that_was_changed_is_asked_for_again(tmp_path: Path) -> None:
    store = SqliteAnswers(tmp_path / "answers.sqlite")
    await store.put("k", ANSWER)
    with store._file.write() as connection:
        connection.execute("UPDATE answers SET answer = replace(answer, 'fine', 'evil')")
    assert await store.get("k") is None
    store.close()


def test_another_file_is_refused_when_it_is_opened(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no database" * 100)
    with pytest.raises(StoreBroken, match="cache of answers"):
        SqliteAnswers(tmp_path / "notes.txt")


def test_a_store_that_fails_does_not_keep_the_model_from_being_asked(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Failing:
        async def get(self, key: str) -> ChatResponse | None:
            raise StoreError("disk gone")

        async def put(self, key: str, answer: ChatResponse) -> None:
            raise StoreError("disk gone")

    async def main() -> None:
        stage = Stage(scripted(["fine"]), cache=AnswerCache(Failing()))
        assert (await stage.caller.call(REQUEST)).text == "fine"

    run(main())
    assert caplog.text.count("disk gone") == 2
