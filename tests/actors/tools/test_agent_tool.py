from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from pydantic import BaseModel

import shoal
from shoal.actors.tools.agent_tool import AgentTool, agent_tool
from shoal.actors.tools.calling import ToolCaller
from shoal.actors.tools.errors import BadArguments
from shoal.actors.tools.grants import Grant
from shoal.actors.tools.outcome import ToolAnswer
from shoal.actors.tools.toolbox import toolbox
from shoal.errors import ConfigError
from tests.actors.tools.calls import call, travelled


class Question(BaseModel):
    text: str
    depth: int = 1


class Answer(BaseModel):
    text: str


async def expert(question: Question) -> Answer:
    if question.text == "fail":
        raise ValueError("the key is sk-12345")
    return Answer(text=f"{question.text} at {question.depth}")


async def parrot(text: str) -> str:
    return f"{text}!"


def caller(made: AgentTool, **settings: Any) -> ToolCaller:
    tools = toolbox([made])
    return ToolCaller(tools, Grant.of(*tools), **settings)


async def use(system: shoal.System, made: AgentTool, arguments: str, **settings: Any) -> ToolAnswer:
    said: list[ToolAnswer] = []

    async def asker(message: int, ctx: shoal.Context) -> None:
        said.extend(await caller(made, **settings).call_all([call(made.spec.name, arguments)], ctx, "s"))

    await (await system.spawn(asker)).ask(1)
    return said[0]


async def test_a_models_arguments_become_the_agents_typed_message_and_its_answer_the_result() -> None:
    async with shoal.start("local") as system:
        ref = await system.spawn(expert, name="teams/expert")
        made = agent_tool(ref, "Ask about anything.", input=Question)
        assert made.spec.name == "teams_expert"
        assert made.spec.parameters["required"] == ["text"]
        assert made.ref == ref
        said = await use(system, made, '{"text": "fees"}')
        assert json.loads(said.message.text) == {"text": "fees at 1"}


async def test_an_agent_that_takes_text_has_one_argument() -> None:
    async with shoal.start("local") as system:
        made = agent_tool(await system.spawn(parrot), "Say it.", input=str, name="say")
        assert list(made.spec.parameters["properties"]) == ["message"]
        assert (await use(system, made, '{"message": "hi"}')).message.text == "hi!"


async def test_a_team_says_itself_what_it_takes() -> None:
    async with shoal.start("local") as system:
        team = await system.build(shoal.single(expert))
        made = agent_tool(team, "Ask the team.", name="team")
        come = travelled(made)
        assert come.spec == made.spec
        assert json.loads((await use(system, come, '{"text": "a", "depth": 2}')).message.text) == {
            "text": "a at 2"
        }


async def test_wrong_arguments_are_named_and_nobody_is_asked() -> None:
    made = agent_tool(shoal.Ref("nobody"), "Ask.", input=Question)
    with pytest.raises(BadArguments, match="text: is missing"):
        made.check({"depth": 2})


async def test_what_the_asked_agent_raises_is_told_redacted_without_its_traceback() -> None:
    async with shoal.start("local") as system:
        made = agent_tool(await system.spawn(expert), "Ask.", input=Question, name="expert")
        said = await use(
            system, made, '{"text": "fail"}', redact=lambda text: text.replace("sk-12345", "[secret]")
        )
        assert said.account.error.endswith("ValueError")
        assert "[secret]" in said.message.text
        assert "sk-12345" not in said.message.text
        assert "Traceback" not in said.message.text


async def test_an_agent_that_does_not_answer_in_time_is_given_up() -> None:
    cancelled = asyncio.Event()

    async def slow(question: Question) -> Answer:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
        return Answer(text="")

    async with shoal.start("local") as system:
        made = agent_tool(await system.spawn(slow), "Ask.", input=Question, name="slow", timeout_s=0.05)
        said = await use(system, made, '{"text": "a"}')
        assert said.account.error in ("TimeoutError", "AskTimeout")
        await asyncio.wait_for(cancelled.wait(), 10)


async def test_asking_in_a_circle_fails_at_once() -> None:
    said: list[ToolAnswer] = []

    async def first(question: Question, ctx: shoal.Context) -> str:
        second = agent_tool(shoal.Ref("second"), "Ask.", input=Question)
        said.extend(await caller(second).call_all([call("second", '{"text": "a"}')], ctx, "s"))
        return said[-1].message.text

    async def other(question: Question, ctx: shoal.Context) -> str:
        back = agent_tool(shoal.Ref("first"), "Ask.", input=Question)
        said.extend(await caller(back).call_all([call("first", '{"text": "a"}')], ctx, "s"))
        return said[-1].message.text

    async with shoal.start("local") as system:
        ref = await system.spawn(first, name="first")
        await system.spawn(other, name="second")
        await ref.ask(Question(text="a"), timeout_s=10)
    assert said[0].account.error == "CircularAsk"


async def test_a_question_has_the_same_id_when_the_message_is_handled_again_whatever_was_asked_before_it() -> (
    None
):
    """After a death the calls that were recorded are not made again, so the count of sends is another one: under the
    id that the count gives, the second question would get the answer to the first."""
    asked: list[bytes] = []
    told: list[list[str]] = []

    async def echo(question: Question, ctx: shoal.Context) -> str:
        assert ctx.message is not None
        asked.append(ctx.message.id)
        return question.text

    async def asker(message: int, ctx: shoal.Context) -> None:
        made = caller(agent_tool(shoal.Ref("echo"), "Ask.", input=Question, once=False))
        for steps in (("one", "two"), ("two",)):
            handling = type(ctx)(
                ctx._cell, ctx._delivery
            )  # as when the process died after its first question
            told.append([])
            for step in steps:
                arguments = json.dumps({"text": step})
                said = await made.call_all([call("echo", arguments)], handling, f"step-{step}")
                told[-1].append(said[0].message.text)

    async with shoal.start("local") as system:
        await system.spawn(echo, name="echo")
        await (await system.spawn(asker)).ask(1)
    assert told == [["one", "two"], ["two"]]
    one, two, again = asked
    assert one != two
    assert again == two


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("nobody", "Ask."), "is no ref"),
        ((shoal.Ref("a"), " "), "say what it can be asked"),
        ((shoal.Ref("a"), "Ask."), "say which message it takes"),
    ],
)
def test_an_agent_tool_that_cannot_work_is_refused(arguments: tuple[Any, ...], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        agent_tool(*arguments)


@pytest.mark.parametrize("wrong", [int, dict, "Question"])
def test_an_input_that_is_no_model_is_refused(wrong: Any) -> None:
    with pytest.raises(ConfigError, match="must be a Pydantic model or str"):
        agent_tool(shoal.Ref("a"), "Ask.", input=wrong)
