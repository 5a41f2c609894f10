from __future__ import annotations

import secrets
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, Field

import shoal
from shoal import LLMAgent, ScriptedModel
from shoal.actors.llm.books import settle_books
from shoal.errors import TaskUnknown
from shoal.experiments.replaying.replay import Options, Replayed, replay_task
from shoal.models.chat import ChatRequest, Role
from shoal.runtime.journal.reader import RunReader
from tests.runtime.durable.stores import HAS_POSTGRES, database

CALLS: list[str] = []
"""What was really asked, called or sent."""


class Ticket(BaseModel):
    text: str


@pytest.fixture(autouse=True)
def nothing_called() -> None:
    CALLS.clear()


def answers(request: ChatRequest) -> Any:
    CALLS.append("model")
    last = request.messages[-1]
    if last.role is Role.TOOL:
        return f"it is {last.text}"
    return shoal.wants("look_up", word=last.text)


@shoal.tool
async def look_up(word: str) -> str:
    """Look a word up."""
    CALLS.append("tool")
    return word.upper()


def expert(prompt: str = "Look it up.") -> LLMAgent:
    return LLMAgent(ScriptedModel(answers), prompt, tools=[look_up])


async def shorten(text: str) -> str:
    return text.split(maxsplit=1)[0]


async def lengthen(text: str) -> str:
    return f"{text} {text}"


def team(first: Any = shorten, prompt: str = "Look it up.") -> shoal.Topology:
    return shoal.pipeline(first=first, expert=expert(prompt))


async def recorded(folder: Path, made: Callable[[], shoal.Topology] = team, **options: Any) -> Path:
    options = {"run": "r", **options}
    async with shoal.start("local", runs_root=folder, journal="messages", **options) as system:
        built = await system.build(made(), name="team")
        await system.run.task(built, "spawn more", task="t-1")
        path = system.run.path
    assert CALLS == ["model", "tool", "model"]
    CALLS.clear()
    return path


async def replayed(path: Path, topology: shoal.Topology, **options: Any) -> Replayed:
    with RunReader(path) as reader:
        return await replay_task(reader, topology, "team", "t-1", Options(**options))


async def test_a_task_is_played_again_with_recorded_answers_and_nothing_is_asked(tmp_path: Path) -> None:
    path = await recorded(tmp_path)
    for _ in range(2):
        found = await replayed(path, team())
        assert found.same, found.divergences
        assert found.now.output == "it is SPAWN"
        assert (found.effects, found.messages) == (3, 3)
    assert CALLS == []


@pytest.mark.skipif(not HAS_POSTGRES, reason="no PostgreSQL here")
async def test_what_is_kept_in_postgresql_is_played_again_and_counted(tmp_path: Path) -> None:
    path = await recorded(
        tmp_path / secrets.token_hex(4), run=f"r-{secrets.token_hex(4)}", state_store=database()
    )
    found = await replayed(path, team(), state_store=database())
    assert found.same, found.divergences
    assert (found.effects, CALLS) == (3, [])
    books = settle_books(path, state_store=database())
    assert books.differences == ()
    assert (books.recorded.requests, books.lost.requests) == (2, 0)


async def test_a_changed_prompt_is_named_where_the_model_is_first_asked_for_something_else(
    tmp_path: Path,
) -> None:
    path = await recorded(tmp_path)
    found = await replayed(path, team(prompt="Guess."))
    assert not found.same
    first = found.divergences[0]
    assert (first.what, first.agent) == ("effect", "team/expert")
    assert "something else in step 1 with its model" in first.text
    assert found.divergences[-1].what == "result"
    assert CALLS == [], "nobody is asked for what is not recorded"


async def test_a_changed_agent_is_named_by_what_follows_from_it(tmp_path: Path) -> None:
    path = await recorded(tmp_path)
    found = await replayed(path, team(first=lengthen))
    assert found.divergences[0].agent == "team/expert"
    assert found.then.output == "it is SPAWN"
    assert found.now.output is None


async def test_a_step_more_is_told_as_messages_and_later_answers_are_still_found(tmp_path: Path) -> None:
    path = await recorded(tmp_path)
    found = await replayed(path, shoal.pipeline(first=shorten, same=shorten, expert=expert()))
    assert found.now.output == "it is SPAWN", "the expert was asked the same, under another id"
    assert "sends" in found.divergences[0].text
    assert "team/same" in found.divergences[0].text
    assert CALLS == []


async def test_live_asks_what_is_not_recorded(tmp_path: Path) -> None:
    path = await recorded(tmp_path)
    found = await replayed(path, team(prompt="Guess."), live=True)
    assert CALLS == ["model", "model"], "the tool is called with what it was called with, which is recorded"
    assert found.now.output == "it is SPAWN"
    assert "something else" in found.divergences[0].text


async def test_a_failed_task_fails_again_in_the_same_way(tmp_path: Path) -> None:
    async def fails(text: str) -> str:
        raise ValueError(text)

    async with shoal.start("local", run="r", runs_root=tmp_path, journal="messages") as system:
        built = await system.build(shoal.single(fails), name="team")
        with pytest.raises(shoal.errors.HandlerError):
            await system.run.task(built, "no", task="t-1")
        path = system.run.path
    found = await replayed(path, shoal.single(fails))
    assert found.same
    assert found.now.error == "HandlerError"


async def test_without_journaled_messages_effects_and_results_are_compared_all_the_same(
    tmp_path: Path,
) -> None:
    async with shoal.start("local", run="r", runs_root=tmp_path) as system:
        built = await system.build(team(), name="team")
        await system.run.task(built, "spawn more", task="t-1")
        path = system.run.path
    CALLS.clear()
    assert (await replayed(path, team())).same
    assert not (await replayed(path, team(prompt="Guess."))).same
    assert CALLS == []


async def test_typed_messages_come_again_as_they_were_sent(tmp_path: Path) -> None:
    async def reads(ticket: Ticket) -> str:
        return ticket.text.upper()

    async with shoal.start("local", run="r", runs_root=tmp_path, journal="messages") as system:
        built = await system.build(shoal.single(reads), name="team")
        await system.run.task(built, Ticket(text="hello"), task="t-1")
        path = system.run.path
    found = await replayed(path, shoal.single(reads))
    assert found.same
    assert found.now.output == "HELLO"


async def test_code_that_connects_somewhere_is_refused_and_told_what_to_do(tmp_path: Path) -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    place = listening.getsockname()

    async def connects(text: str) -> str:
        socket.create_connection(place, timeout=5).close()
        return text

    async with shoal.start("local", run="r", runs_root=tmp_path, journal="messages") as system:
        built = await system.build(shoal.single(connects), name="team")
        assert await system.run.task(built, "hello", task="t-1") == "hello"
        path = system.run.path
    found = await replayed(path, shoal.single(connects))
    assert not found.same
    assert "a replay has no network" in found.now.error_text
    socket.create_connection(place, timeout=5).close()  # only the replay is kept off it
    listening.close()


async def test_a_task_that_the_run_does_not_have_is_named(tmp_path: Path) -> None:
    path = await recorded(tmp_path)
    with RunReader(path) as reader, pytest.raises(TaskUnknown, match="t-2"):
        await replay_task(reader, team(), "team", "t-2")


async def test_a_debugger_is_called_where_it_diverges_and_where_a_handler_raises(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped: list[str] = []
    monkeypatch.setattr("sys.breakpointhook", lambda: stopped.append("diverged"))
    monkeypatch.setattr("pdb.post_mortem", lambda trace: stopped.append("raised"))
    path = await recorded(tmp_path)
    await replayed(path, team(prompt="Guess."), debug=True)
    assert stopped[:2] == ["diverged", "raised"]


async def test_the_run_that_is_replayed_is_not_changed(tmp_path: Path) -> None:
    path = await recorded(tmp_path)
    before = {one.name: one.read_bytes() for one in path.rglob("*.db")}
    await replayed(path, team())
    assert {one.name: one.read_bytes() for one in path.rglob("*.db")} == before


class Echo(shoal.Agent):
    async def on_text(self, text: str) -> str:
        return text


class Sender(shoal.Agent):
    """Tells or asks one of two agents of its own, or raises."""

    def __init__(self, to: str = "b", text: str = "hello", error: Exception | None = None) -> None:
        self.to = to
        self.text = text
        self.error = error
        self.refs: dict[str, shoal.Ref] = {}

    async def on_start(self, ctx: shoal.Context) -> None:
        self.refs = {name: await ctx.spawn(Echo(), name=name) for name in "bc"}

    async def on_text(self, text: str) -> str:
        if self.error is not None:
            raise self.error
        await self.refs[self.to].ask(self.text)
        return "ok"


async def sent(folder: Path, agent: shoal.Agent, **settings: Any) -> Path:
    async with shoal.start("local", run="r", runs_root=folder, journal="messages", **settings) as system:
        built = await system.build(shoal.single(agent), name="team")
        async for _ in system.run.tasks(built, {"t-1": "go"}):
            pass
        return system.run.path


async def test_a_message_that_goes_to_another_agent_under_the_same_id_is_told(tmp_path: Path) -> None:
    path = await sent(tmp_path, Sender())
    assert (await replayed(path, shoal.single(Sender()))).same
    found = await replayed(path, shoal.single(Sender(to="c")))
    assert [one.text for one in found.divergences] == ["team sends str to c, and sent str to b then"]


async def test_a_message_of_another_size_is_told_where_sizes_were_recorded(tmp_path: Path) -> None:
    path = await sent(tmp_path / "sized", Sender(), isolate=True)
    assert (await replayed(path, shoal.single(Sender()))).same
    found = await replayed(path, shoal.single(Sender(text="bye bye")))
    assert [one.text for one in found.divergences] == [
        "team sends str of 8 bytes to b, and one of 6 bytes then"
    ]
    assert "sizes" in found.compared
    path = await sent(tmp_path / "plain", Sender())
    found = await replayed(path, shoal.single(Sender(text="bye bye")))
    assert (found.same, found.compared) == (True, ("messages", "effects", "result"))


@pytest.mark.parametrize("error", [KeyError("a"), ValueError("b")])
async def test_another_error_under_the_same_class_of_ours_is_told(tmp_path: Path, error: Exception) -> None:
    path = await sent(tmp_path, Sender(error=ValueError("a")))
    assert (await replayed(path, shoal.single(Sender(error=ValueError("a"))))).same
    found = await replayed(path, shoal.single(Sender(error=error)))
    assert [one.what for one in found.divergences] == ["result"]
    assert "ValueError" in found.divergences[0].text


class Caller(shoal.Agent):
    """Reaches out as it starts, and takes a no for an answer."""

    async def on_start(self, ctx: shoal.Context) -> None:
        socket.getaddrinfo("localhost", 80)

    async def on_text(self, text: str) -> str:
        return text


class Offline(Caller):
    async def on_start(self, ctx: shoal.Context) -> None:
        try:
            await super().on_start(ctx)
        except OSError:
            CALLS.append("refused")


async def test_a_team_that_reaches_out_as_it_is_built_is_refused_unless_live(tmp_path: Path) -> None:
    path = await sent(tmp_path, Caller())
    with pytest.raises(shoal.errors.AgentStartFailed, match="a replay has no network"):
        await replayed(path, shoal.single(Caller()))
    assert (await replayed(path, shoal.single(Caller()), live=True)).same
    found = await replayed(path, shoal.single(Offline()))
    assert (found.same, CALLS) == (True, ["refused"])
    assert found.refused == ["asks for the address of localhost"], "told also where the code went on without"


class Lead(shoal.Agent):
    """Has a model asked in an effect, and asks somebody else by itself."""

    def __init__(self, asks: bool = True) -> None:
        self.asks = asks
        self.refs: list[shoal.Ref] = []

    async def on_start(self, ctx: shoal.Context) -> None:
        self.refs = [await ctx.spawn(expert(), name="expert"), await ctx.spawn(Echo(), name="echo")]

    async def on_text(self, text: str, ctx: shoal.Context) -> str:
        answer: str = await ctx.once("work", lambda: self.refs[0].ask(text))
        return await self.refs[1].ask(answer) if self.asks else answer


async def test_what_a_recorded_effect_did_is_not_done_again_and_no_difference(tmp_path: Path) -> None:
    path = await sent(tmp_path, Lead())
    CALLS.clear()
    found = await replayed(path, shoal.single(Lead()))
    assert found.same, found.divergences
    assert (found.messages, found.messages_then, CALLS) == (2, 3, [])
    found = await replayed(path, shoal.single(Lead(asks=False)))
    assert [one.text for one in found.divergences] == ["team sent str to echo, and does not do so now"]


class Found(shoal.Published):
    findings: list[str] = Field(default_factory=list)


async def find(ticket: Ticket) -> Found:
    return Found(findings=[ticket.text])


async def test_a_swarm_is_replayed_as_it_was(tmp_path: Path) -> None:
    async with shoal.start("local", run="r", runs_root=tmp_path, journal="messages") as system:
        built = await system.build(shoal.swarm(find, count=2), name="team")
        await system.run.task(built, Ticket(text="charged"), task="t-1")
        path = system.run.path
    found = await replayed(path, shoal.swarm(find, count=2))
    assert found.same, found.divergences
    assert found.now.output["findings"] == ["charged"]
